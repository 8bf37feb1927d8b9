"""`python registry.py`: look after the registry of runs."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol

from diffusionlab.invocation import as_typed
from diffusionlab.registry.errors import RegistryError, typed
from diffusionlab.registry.manage.rebuild import DEFAULT_FOLDERS
from diffusionlab.registry.manage.transfer import FORMATS, import_fields
from diffusionlab.registry.record.columns import COLUMNS
from diffusionlab.registry.storage.table import Registry
from diffusionlab.registry.trackers.stores import HELP, TRACKERS

RUN = "an id, the beginning of one, `latest` or a name"
NAMED = 20  # lines of an import that are named one by one as skipped

EXAMPLES = """\
RUN is an id, the beginning of one, `latest` or a name.

examples:
  python registry.py list
  python registry.py show latest
  python registry.py compare run-019 run-020
  python registry.py tag latest baseline paper      python registry.py tag latest --remove paper
  python registry.py note latest "loss falls, samples do not improve"
  python registry.py import old_runs.jsonl          python registry.py export runs.csv
  python registry.py import mlruns                  or wandb/, TensorBoard logs, a Trackio database, Neptune's export
  python registry.py delete 20250314-1005           python registry.py restore 20250314-1005
  python registry.py rebuild                        the table again, from outputs/ and multirun/
"""


Action = Callable[[argparse.Namespace], int | None]


class AddCommand(Protocol):
    """Adds a command that has `--registry` already; returns its parser, for its own arguments."""

    def __call__(self, name: str, action: Action, text: str, /, *aliases: str) -> argparse.ArgumentParser: ...


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RegistryError(f"{message} (type `{self.prog} --help`)")


def main(argv: Sequence[str] | None = None, *, more: Sequence[Callable[[AddCommand], None]] = ()) -> int:
    """Run one command; 0 when done, 1 where `check` finds something, 2 with one line for what cannot be done.

    `more` adds commands from layers above the registry.
    """
    try:
        arguments = parser(more).parse_args(argv)
        code = arguments.command(arguments) or 0
        sys.stdout.flush()
        _registry(arguments).leave_snapshot()
        return code
    except BrokenPipeError:  # the reader of a pipe has seen enough; nothing more may be flushed to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        print(f"error: {as_typed(' '.join(_printable(error).split()))}", file=sys.stderr)
        return 2


def parser(more: Sequence[Callable[[AddCommand], None]]) -> _Parser:
    parser = _Parser(
        prog=as_typed("python registry.py"),
        description="Look after the registry of runs.",
        epilog=as_typed(EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action: Action, text: str, /, *aliases: str) -> argparse.ArgumentParser:
        # abbreviations off: `--rem` must not one day mean something else
        sub = commands.add_parser(
            name, aliases=aliases, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False
        )
        sub.add_argument("--registry", metavar="URI", help="default: $DIFFUSIONLAB_REGISTRY, else ./registry")
        sub.set_defaults(command=action)
        return sub

    sub = command("list", _list, "list the latest runs, newest first", "ls")
    sub.add_argument("--limit", type=int, default=20, metavar="N", help="how many at most; default: 20")
    sub = command("show", _show, "show everything known of a run, and where each fact is from")
    sub.add_argument("run", metavar="RUN", help=RUN)
    sub.add_argument("--layers", action="store_true", help="every layer of the model too")
    sub = command("compare", _compare, "show what differs between runs: architecture, training, result, layers")
    sub.add_argument("runs", nargs="+", metavar="RUN", help=f"two or more, each {RUN}")
    sub = command("import", _import, "take in runs from JSON Lines or another tracker; a known run id is replaced")
    sub.add_argument("path", type=Path, metavar="PATH", help="one run a line, as a JSON object, or a tracker's files")
    sub.add_argument("--from", dest="tracker", choices=TRACKERS, help="what PATH holds; default: by what is inside")
    sub.epilog = f"{HELP}\n\n{import_fields()}"
    sub.formatter_class = argparse.RawDescriptionHelpFormatter
    sub = command("export", _export, "write runs as JSON Lines, CSV or Parquet")
    sub.add_argument(
        "file", help="where to, the ending says the format: runs.jsonl, runs.csv, runs.parquet; - is stdout"
    )
    sub.add_argument("--format", choices=FORMATS, help="default: by the file's ending; jsonl for -")
    sub.add_argument("--deleted", action="store_true", help="deleted runs too")
    sub = command("tag", _tag, "add tags to a run, or take some off")
    sub.add_argument("run", metavar="RUN", help=RUN)
    sub.add_argument("tags", nargs="*", metavar="TAG", help="a word to find the run by")
    sub.add_argument("--remove", nargs="+", default=[], metavar="TAG", help="tags to take off")
    sub = command("note", _note, "add a line to a run's notes")
    sub.add_argument("run", metavar="RUN", help=RUN)
    sub.add_argument("text", help='the line, or with --replace all the notes ("" clears them)')
    sub.add_argument("--replace", action="store_true", help="in place of the notes so far")
    sub = command("rename", _rename, "give a run another name; its id and folder stay")
    sub.add_argument("run", metavar="RUN", help=RUN)
    sub.add_argument("name", metavar="NAME", help="the new name")
    sub = command("delete", _delete, "take runs out of all answers; `restore` brings them back")
    sub.add_argument("runs", nargs="+", metavar="RUN", help=RUN)
    sub = command("restore", _restore, "bring deleted runs back")
    sub.add_argument(
        "runs", nargs="+", metavar="RUN", help="of a deleted run the id, the beginning of one, or the name"
    )
    sub = command("purge", _purge, "take deleted runs out for good; all deleted ones where none is named")
    sub.add_argument(
        "runs", nargs="*", metavar="RUN", help="of a deleted run the id, the beginning of one, or the name"
    )
    sub.add_argument("--folders", action="store_true", help="remove the files that this project wrote for them, too")
    sub.add_argument("--dry-run", action="store_true", help="only list what would be removed")
    sub = command("rebuild", _rebuild, "make the table again from the run folders and what was imported")
    sub.add_argument("folders", nargs="*", type=Path, help=f"where to look; default: {' and '.join(DEFAULT_FOLDERS)}")
    sub = command("check", _check, "compare the table with the run folders and say what is wrong")
    sub.add_argument("--fix", action="store_true", help="mend it; what cannot be read is set aside, nothing is lost")
    sub.add_argument("folders", nargs="*", type=Path, help=f"where to look; default: {' and '.join(DEFAULT_FOLDERS)}")
    command("optimize", _optimize, "join small files and drop old versions (this also happens by itself)")
    for add in more:
        add(command)
    return parser


def _registry(arguments: argparse.Namespace) -> Registry:
    return Registry(arguments.registry)


def _printable(text: object) -> str:
    from diffusionlab.registry.manage.display import printable

    if isinstance(text, OSError) and text.filename and text.strerror:
        text = f"{text.filename}: {text.strerror}"
    return printable(str(text))


def _say(text: str) -> None:
    print(_printable(text))


def _print(content: object) -> None:
    from rich.console import Console

    Console(highlight=False).print(content)


def _list(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage.display import LIST_COLUMNS, show_list

    if arguments.limit < 1:
        raise RegistryError(f"--limit {arguments.limit} lists nothing: type a number from 1")
    registry = _registry(arguments)
    rows = registry.rows(columns=LIST_COLUMNS, order_by="created_at", descending=True, limit=arguments.limit)
    _print(show_list(rows))
    if (known := registry.count()) > len(rows):
        _say(f"{len(rows)} of {known:,} runs; all of them: {typed('registry.py', 'list', '--limit', str(known))}")


def _show(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage.display import show_run
    from diffusionlab.registry.manage.lookup import find_run, other_versions
    from diffusionlab.registry.record.liveness import actual_status

    record = find_run(arguments.registry, arguments.run, deleted=None)
    versions = other_versions(arguments.registry, record)
    _print(show_run(record, actual_status(vars(record)), layers=arguments.layers, versions=versions))


def _compare(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage.compare import compare
    from diffusionlab.registry.manage.display import show_comparison
    from diffusionlab.registry.manage.lookup import find_run

    if len(arguments.runs) < 2:
        raise RegistryError("one run cannot be compared: type `registry.py compare A B`")
    _print(show_comparison(compare([find_run(arguments.registry, text) for text in arguments.runs])))


def _import(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage.transfer import import_runs, keep_user_edits, read_jsonl
    from diffusionlab.registry.trackers.mapping import LABELS
    from diffusionlab.registry.trackers.stores import find_store, read_store, the_tracker

    registry, path = _registry(arguments), arguments.path
    refused: list[str] = []
    if found := find_store(path, arguments.tracker, refused.append):
        tracker = the_tracker(path, found)
        _say(f"{path} holds runs of {LABELS[tracker]}")
        records = list(read_store(path, tracker, found[tracker], refused.append))
        keep_user_edits(registry, records)
    else:
        records = read_jsonl(path, refused.append)
    for line in refused[:NAMED]:
        print(f"skipped: {_printable(line)}", file=sys.stderr)
    if len(refused) > NAMED:
        print(f"skipped: {len(refused) - NAMED} more", file=sys.stderr)
    if refused and not records:
        raise RegistryError(f"nothing of {path} could be imported")
    import_runs(registry, records)
    skipped = f", {len(refused)} {'problems named' if found else 'lines skipped'}" if refused else ""
    _say(f"imported {len({record.run_id for record in records})} runs into {registry.uri}{skipped}")


def _export(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage.transfer import export_runs

    ending = Path(arguments.file).suffix.removeprefix(".")
    form = arguments.format or ("jsonl" if arguments.file == "-" else ending)
    if form not in FORMATS:
        formats = ", ".join(f"runs.{known}" for known in FORMATS)
        raise ValueError(f"{arguments.file}: the ending says the format, as in {formats}; or type --format")
    records = _registry(arguments).records(deleted=None if arguments.deleted else False)
    if arguments.file == "-":
        export_runs(records, sys.stdout.buffer, form)
        return
    with open(arguments.file, "wb") as out:
        export_runs(records, out, form)
    _say(f"wrote {len(records)} runs to {arguments.file}")


def _id(registry: Registry, text: str, deleted: bool | None = False) -> str:
    from diffusionlab.registry.manage.lookup import find_run_id

    return find_run_id(registry, text, deleted=deleted)


def _ids(registry: Registry, texts: list[str], deleted: bool | None = False) -> list[str]:
    return [_id(registry, text, deleted) for text in texts]


def _tag(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage import edits

    registry = _registry(arguments)
    if not arguments.tags and not arguments.remove:
        raise RegistryError("no tag is given: type `registry.py tag RUN TAG` or `registry.py tag RUN --remove TAG`")
    record = edits.tag(registry, _id(registry, arguments.run), arguments.tags, arguments.remove)
    _say(f"{record.run_id}: {', '.join(record.tags) or 'no tags'}")


def _note(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage import edits

    registry = _registry(arguments)
    record = edits.note(registry, _id(registry, arguments.run), arguments.text, arguments.replace)
    _say(f"{record.run_id}: {record.notes or 'no notes'}")


def _rename(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage import edits

    registry = _registry(arguments)
    record = edits.rename(registry, _id(registry, arguments.run), arguments.name)
    _say(f"{record.run_id} is now {record.name}")


def _delete(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage import edits

    registry = _registry(arguments)
    for run_id in _ids(registry, arguments.runs):
        edits.delete(registry, run_id)
        _say(f"deleted {run_id}; `{typed('registry.py', 'restore', run_id)}` brings it back")


def _restore(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage import edits

    registry = _registry(arguments)
    for run_id in _ids(registry, arguments.runs, deleted=True):
        edits.restore(registry, run_id)
        _say(f"restored {run_id}")


def _purge(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage.purge import purge

    registry = _registry(arguments)
    all_deleted = [row["run_id"] for row in registry.rows(columns=["run_id"], deleted=True)]
    run_ids = _ids(registry, arguments.runs, deleted=None) if arguments.runs else all_deleted
    plans = purge(registry, run_ids, remove_folders=arguments.folders, dry_run=arguments.dry_run)
    for plan in plans if arguments.folders else ():
        if arguments.dry_run:
            for file in plan.files:
                _say(f"would remove {file}")
        elif plan.folder is not None:
            _say(f"removed {len(plan.files)} files of {plan.folder}")
        if plan.kept is not None:
            _say(f"kept: {plan.kept}")
        for file in plan.foreign:
            _say(f"kept: {file}, which no run wrote")
    _say(f"{'would purge' if arguments.dry_run else 'purged'} {len(plans)} runs")


def _rebuild(arguments: argparse.Namespace) -> None:
    from diffusionlab.registry.manage.rebuild import rebuild

    registry = _registry(arguments)
    report = rebuild(registry, arguments.folders or DEFAULT_FOLDERS)
    for problem in report.problems:
        print(f"warning: {_printable(problem)}", file=sys.stderr)
    if report.set_aside:
        _say(f"the old table could not be read; it lies whole in {report.set_aside}")
    _say(
        f"{report.from_folders} runs from run folders, {report.from_journal} imported ones, "
        f"{report.from_old_table} from the old table: {registry.uri}"
    )


def _check(arguments: argparse.Namespace) -> int:
    from diffusionlab.registry.manage.check import all_leftovers, check, fix

    registry = _registry(arguments)
    folders = arguments.folders or DEFAULT_FOLDERS
    for line in fix(registry, folders) if arguments.fix else ():
        _say(line)
    problems = check(registry, folders)
    for problem in problems:
        _say(problem)
    if left := all_leftovers(registry, folders):
        _say(f"killed processes left {len(left)} temporary files, such as {left[0]}: check --fix removes them")
    with suppress(RegistryError):  # where it is read-only, the rows go on waiting
        registry.flush()
    facts = registry.statistics()
    missing = len(COLUMNS) - facts.pop("columns")
    _say(", ".join(f"{name} {value:,}" for name, value in facts.items()))
    if missing:
        _say(f"written by an older version: {missing} columns are null until the next write")
    if problems:
        _say("this needs your hand" if arguments.fix else "type `registry.py check --fix` to mend what can be mended")
    else:
        _say("all is well")
    return 1 if problems else 0


def _optimize(arguments: argparse.Namespace) -> None:
    registry = _registry(arguments)
    if registry.exists():
        registry.flush()  # a first training that is in its first minute has made no table yet
    before = registry.statistics()["fragments"]
    registry.optimize()
    _say(f"{before} fragments before, {registry.statistics()['fragments']} now: {registry.uri}")
