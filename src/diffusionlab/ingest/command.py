"""`python registry.py ingest`: read training scripts and notebooks, and register what their code shows."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from diffusionlab.ingest.describe import describe
from diffusionlab.ingest.record import Script
from diffusionlab.ingest.source import find_files
from diffusionlab.invocation import as_typed
from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.manage.cli import AddCommand

if TYPE_CHECKING:
    from diffusionlab.ingest.code import Hit
    from diffusionlab.registry.record.run_record import RunRecord

EXAMPLES = """\
Scripts (.py) and notebooks (.ipynb) are read as text: nothing in them is imported or run. Each becomes a record of kind
`script` beside the trained runs, with the lines that show each fact. Reading a file again updates its record. Pictures
that a script writes, or that lie beside it, are linked to its record and stay where they are.

examples:
  python registry.py ingest old_scripts/
  python registry.py ingest v3/train.py notebook.ipynb --dry-run
  python registry.py ingest old_scripts/ --dry-run --json > facts.jsonl
  python registry.py ingest generated/ --images-of latest
  python registry.py ingest v3/train.py --recipe        an experiment of this lab with its settings
"""
CODE_EXAMPLES = """\
Words match the parts of names, comments and docstrings in one line: `gradient clipping` finds clip_grad_norm_.

examples:
  python registry.py code gradient clipping
  python registry.py code where is the cosine schedule implemented
  python registry.py code which scripts call torch.compile --json
"""
FILES_IN_ONE_PROCESS = 24
MOST_CHARACTERS = 160  # of a line of code that is shown


def add_ingest(add: AddCommand) -> None:
    """Add the command to those of `registry.py`."""
    sub = add("ingest", _ingest, "read training scripts and notebooks, and register what their code shows")
    sub.epilog, sub.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    sub.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a script, a notebook, or a folder of them")
    sub.add_argument("--dry-run", action="store_true", help="print what the code shows and store nothing")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a file")
    form.add_argument(
        "--recipe",
        nargs="?",
        const="",
        metavar="NAME",
        help="of one script: write conf/experiment/NAME.yaml, which trains the nearest model of this lab with its "
        "settings, and register nothing; with --dry-run the file is printed",
    )
    form.add_argument(
        "--images-of",
        metavar="RUN",
        help="link the pictures in PATH to a run or script: an id, the beginning of one, a name or `latest`",
    )


def add_code(add: AddCommand) -> None:
    """Add the search in code to those of `registry.py`."""
    sub = add("code", _code, "find functions and lines in the scripts that were ingested")
    sub.epilog, sub.formatter_class = CODE_EXAMPLES, argparse.RawDescriptionHelpFormatter
    sub.add_argument("words", nargs="+", metavar="WORDS", help="what to look for, or a question such as those below")
    sub.add_argument("--limit", type=int, default=20, metavar="N", help="places printed at most; default: 20")
    sub.add_argument("--json", action="store_true", help="one JSON object with all places: looked_for, code, left_out")


def _code(arguments: argparse.Namespace) -> None:
    from diffusionlab.ingest.code import find, wanted
    from diffusionlab.ingest.store import KIND, content_of
    from diffusionlab.registry.filters.conditions import Compare
    from diffusionlab.registry.storage.table import Registry

    if arguments.limit < 1:
        raise RegistryError(f"--limit {arguments.limit} shows nothing: type a number from 1")
    question = " ".join(arguments.words)
    records = sorted(Registry(arguments.registry).records(Compare("kind", "=", KIND)), key=lambda one: one.name)
    if not records:
        raise RegistryError("no script was ingested yet: type `registry.py ingest PATH`")
    try:
        looked_for = [" ".join(words) for words in wanted(question)]
        hits, left_out = find(((one.name, one.path or "", content_of(one)) for one in records), question)
    except ValueError as error:
        raise RegistryError(str(error)) from error
    if arguments.json:
        print(
            json.dumps(
                {"looked_for": looked_for, "code": [hit.as_dict() for hit in hits], "left_out": left_out},
                ensure_ascii=False,
            )
        )
        return
    for hit in hits[: arguments.limit]:
        _print_hit(hit)
    if hits:
        more = f", {arguments.limit} shown" if len(hits) > arguments.limit else ""
        having = len({hit.path for hit in hits})
        _say(f"{_number(len(hits), 'place')} in {having} of {_number(len(records), 'script')}{more}")
    _say(f"{'looked for' if hits else 'no line says'} {' | '.join(looked_for)}")
    if left_out:
        named = ", ".join(left_out[:5]) + (f" and {len(left_out) - 5} more" if len(left_out) > 5 else "")
        _say(f"not searched, as changed or gone since they were ingested: {named}")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _print_hit(hit: Hit) -> None:
    where = (
        f"{hit.script}:{hit.first}-{hit.last}  {hit.function}" if hit.function else f"{hit.script}  outside functions"
    )
    more = len(hit.lines) - 1
    _say(f"{where}  ({hit.matched}{f'; {more} more here' if more else ''})")
    for place, text, matches in hit.shown:
        _say(f"{'>' if matches else ' '} {place!s:>6}  {text}"[:MOST_CHARACTERS])
    _say("")


def _ingest(arguments: argparse.Namespace) -> None:
    for path in arguments.paths:
        if not path.exists():
            raise RegistryError(f"{path} does not exist")
    if arguments.images_of is not None:
        _link_images(arguments)
        return
    files = list(find_files(arguments.paths))
    if not files:
        raise RegistryError("there is no .py or .ipynb file in what was given")
    if arguments.recipe is not None:
        _recipe(arguments, files)
        return
    scripts = _with_progress(read_all(files), len(files))
    if arguments.dry_run:
        for script in scripts:
            _print_script(script, arguments.json)
    else:
        _store(arguments, scripts)


def _recipe(arguments: argparse.Namespace, files: list[Path]) -> None:
    from diffusionlab.ingest.recipe.write import named_text, write

    if len(files) > 1:
        raise RegistryError(f"--recipe takes one script or notebook, not {len(files)}: name the file")
    script = read_one(files[0])
    if arguments.dry_run:
        print(named_text(script, arguments.recipe)[1], end="")
        return
    for line in write(script, arguments.recipe):
        _say(as_typed(line))


def _store(arguments: argparse.Namespace, scripts: Iterator[Script]) -> None:
    from collections import Counter

    from diffusionlab.ingest.history import History
    from diffusionlab.ingest.store import Scripts
    from diffusionlab.registry.storage.table import Registry

    known, history, stored = Scripts(Registry(arguments.registry)), History(), []
    states: Counter[str] = Counter()
    for script in scripts:
        path = Path(script.path).resolve()
        if script.facts or script.facets:
            one = known.record(script, path, history.dates(path))
            stored.append(one)
            states[one.state] += 1
        else:
            states["without facts"] += 1
        if arguments.json:
            print(script.as_json())
        elif script.error:
            _say(f"{script.path}: {script.error}")
    said = _link_pictures(arguments.paths, [one.record for one in stored])
    known.save(stored)
    if not arguments.json:
        told = ", ".join(f"{number} {state}" for state, number in states.items())
        _say(f"{_number(sum(states.values()), 'file')}: {told}; registry {known.registry.uri}")
        for line in said:
            _say(as_typed(line))


def _link_pictures(paths: list[Path], records: list[RunRecord]) -> list[str]:
    """Link pictures around the scripts to their records; returns what is to be said of it."""
    from diffusionlab.ingest.pictures import Pile, relink
    from diffusionlab.ingest.store import script_of
    from diffusionlab.registry.record.pictures import as_entries, linked

    scripts = {Path(record.path): script for record in records if record.path and (script := script_of(record))}
    found, without = Pile(paths, scripts).linked()
    said = []
    for record in records:
        links, gone = relink(linked(record.linked_pictures), found.get(Path(record.path or ""), []))
        record.linked_pictures = as_entries(links)
        said += [f"{record.name}: {path} is gone" for path in gone]
    if number := sum(map(len, found.values())):
        said.append(f"{_number(number, 'picture')} linked to {_number(sum(map(bool, found.values())), 'script')}")
    if without:
        said.append(
            f"{_number(without, 'picture')} without a script: "
            "link them by `registry.py ingest FOLDER --images-of SCRIPT`"
        )
    return said


def _link_images(arguments: argparse.Namespace) -> None:
    from diffusionlab.ingest.pictures import add_folder, in_folder
    from diffusionlab.registry.manage.edits import known_run, link_pictures
    from diffusionlab.registry.manage.lookup import find_run_id
    from diffusionlab.registry.record.pictures import as_entries, linked
    from diffusionlab.registry.storage.table import Registry

    registry = Registry(arguments.registry)
    record = known_run(registry, find_run_id(registry, arguments.images_of))
    links, before = linked(record.linked_pictures), {one.path for one in linked(record.linked_pictures)}
    for folder in arguments.paths:
        if not folder.is_dir():
            raise RegistryError(f"{folder} is no folder: name the folder that the pictures are in")
        found = in_folder(folder)
        links, gone = add_folder(links, folder, found)
        new = sum(one.path not in before for one in found)
        _say(f"{folder}: {_number(len(found), 'picture')} of {record.name} ({record.run_id}), {new} of them new")
        for path in gone:
            _say(f"{record.name}: {path} is gone")
    if not arguments.dry_run:
        link_pictures(registry, record.run_id, as_entries(links))


def read_one(path: Path) -> Script:
    """The facts of a file; whatever goes wrong with it is its `error`, and no other file's."""
    from diffusionlab.ingest.read import read_script

    try:
        return read_script(path)
    except Exception as error:
        return Script(str(path), "", f"not understood: {type(error).__name__}: {' '.join(str(error).split())[:200]}")


def read_all(files: list[Path]) -> Iterator[Script]:
    """The facts of files, in order; many files by several processes."""
    workers = min(os.cpu_count() or 1, 8)
    if len(files) < FILES_IN_ONE_PROCESS or workers == 1:
        yield from map(read_one, files)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(read_one, files, chunksize=4)


def _with_progress(scripts: Iterator[Script], total: int) -> Iterator[Script]:
    if total < FILES_IN_ONE_PROCESS or not sys.stderr.isatty():
        yield from scripts
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(scripts, "reading", total=total, console=Console(stderr=True))


def _print_script(script: Script, as_json: bool) -> None:
    if as_json:
        print(script.as_json())
        return
    if script.error:
        _say(f"{script.path}: {script.error}")
    if not script.facts and not script.facets:
        return
    _say(f"{script.path}: {describe(script)}")
    for name, facts in [*([("facets", script.facets)] if script.facets else []), *script.facts.items()]:
        _say(f"  {name:18s}" + ", ".join(_shown(fact.value, fact.lines, fact.stage, fact.role) for fact in facts))
    for conflict in script.conflicts:
        said = " or ".join(_shown(fact.value, fact.lines, fact.stage, fact.role) for fact in conflict.values)
        _say(f"  conflict: {conflict.field} is {said}")
    if script.depends_on_input:
        _say(f"  depends on input: {', '.join(script.depends_on_input)}")


def _shown(value: object, lines: tuple[int | str, ...], stage: str | None, role: str | None) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    more = "; ".join(word for word in (stage, role) if word)
    where = ", ".join(map(str, lines[:3]))
    return f"{text} ({more + ': ' if more else ''}line {where})"


def _say(text: str) -> None:
    from diffusionlab.registry.manage.display import printable

    print(printable(text))
