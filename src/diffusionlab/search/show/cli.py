"""`python search.py QUERY`: a plain question about the runs, an exact answer.

A session answers one question after the other: "those" are the runs of the answer before.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from diffusionlab.invocation import as_typed
from diffusionlab.registry.filters.conditions import In, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Not
from diffusionlab.registry.storage.table import Registry, default_uri
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.result import Result
from diffusionlab.search.query.query import HOWS
from diffusionlab.search.query.where_text import column_of, format_where
from diffusionlab.search.show.flags import flag_line, reading
from diffusionlab.search.show.options import ASKING, query_of

# -- the command


EXAMPLES = """\
examples:
  python search.py "unets without attention on MNIST, lr below 1e-3"
  python search.py "top 3 FID on CIFAR-10 since March"
  python search.py "compare run-019 and run-020"         python search.py "how many runs failed last week?"
  python search.py "like run-020 but with v-prediction"  python search.py "which optimizers were used on CelebA?"
  python search.py --where 'fid < 20 and (dataset = mnist or dataset = cifar-10)' --sort fid
  python search.py --where 'sweep = lr-search' --sort val_loss
  python search.py --figure 'mean fid' --by dataset      python search.py --sql "describe runs"
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (type `python search.py --help`)")


def parser() -> _Parser:
    made = _Parser(
        prog=as_typed("python search.py"),
        description="Ask the registry of runs. Without a question, on a terminal, it reads one after the other.",
        epilog=as_typed(EXAMPLES),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add(
        "query",
        nargs="*",
        metavar="QUERY",
        help="a question in plain words; search.embedder=open_clip may stand among them",
    )
    add("--json", action="store_true", help="one JSON object on stdout and nothing else")
    add("--csv", action="store_true", help="rows as CSV on stdout")
    add("--limit", type=_quantity, metavar="N", help="show at most N runs, or with --sort N%% of them")
    add("--all-but", type=_quantity, metavar="N", help="with --sort: leave out the first N (or N%%), show the others")
    add("--skip", type=int, default=0, metavar="N", help="leave out the first N")
    add(
        "--sort",
        metavar="FIELD[:desc]",
        help="order by a field, lowest first; runs without it come last; with --figure: `figure` for its groups",
    )
    add("--per", metavar="FIELD,..", help="with --sort: the first --limit (1) of each value of FIELD, or of several")
    add(
        "--figure",
        action="append",
        metavar="'HOW FIELD'",
        help=f"a figure of the runs, as in 'mean fid', or 'share CONDITION'; may be repeated; HOW: {', '.join(HOWS)}",
    )
    add(
        "--having",
        metavar="'< N'",
        help="with --by: only groups whose figure meets this, as in '>= 3'; yes or no: 'any >= 3', 'none < 3'; "
        "of so many runs: 'runs >= 3', also with `and`; without --by: whether the figure meets it",
    )
    add("--by", metavar="FIELD,..", help="with --figure: for each value of FIELD, or of several; month, week, weekday")
    add(
        "--compare",
        action="append",
        metavar="CONDITION",
        help="one side of a comparison; give it once for each side, as in --compare unet --compare dit",
    )
    add("--better", metavar="FIELD", help="with two sides: is the first better by FIELD (`any`: the usual measure)")
    add("--worse", metavar="FIELD", help="with two sides: is the first worse by FIELD")
    add("--check", metavar="CONDITION", help="yes or no: do the runs found meet CONDITION (`anything`: are there any)")
    add("--most", action="store_true", help="with --check: do most of them")
    add("--show", metavar="A,B", help="what is known of the runs found: these fields")
    add("--pictures", action="store_true", help="the pictures of the runs found")
    add("--columns", metavar="A,B", help="the fields to show")
    add("--wide", action="store_true", help="rank, similarity, distance, size, dates, path and settings")
    add("--since", metavar="DATE", help="created on DATE or later: 2025-04-01, 2025-04, yesterday, 'last week'")
    add("--until", metavar="DATE", help="created on DATE or earlier")
    add("--dataset", metavar="NAME", help="trained on this data set; several with commas")
    add(
        "--arch",
        action="append",
        metavar="FACET",
        help="has this facet (unet, attention, conditional, ...); may be repeated",
    )
    add("--where", metavar="CONDITION", help="'fid < 20 and (dataset = mnist or not unet)', 'created_weekday = monday'")
    add("--sql", metavar="SELECT", help="one SELECT over `runs`: 'select dataset, avg(fid) from runs group by 1'")
    add("--like", metavar="RUN", help="the runs most like this one first")
    add("--image", metavar="FILE", help="the runs whose samples are most like this picture (search.embedder=open_clip)")
    add("--no-parse", action="store_true", help="read the query as words only: all must be mentioned")
    add("--now", metavar="TIME", help="the time from which 'yesterday' is counted")
    add("--registry", metavar="URI", help="default: DIFFUSIONLAB_REGISTRY, else ./registry")
    add("--explain", action="store_true", help="also show each condition with its runs, and the evidence of each hit")
    return made


def asks_nothing(options: argparse.Namespace) -> bool:
    """Whether there is neither a question nor a flag that asks something."""
    flags = ("dataset", "arch", "since", "until", "image", "json", "csv", *ASKING)
    return not options.query and options.sql is None and not any(getattr(options, name) for name in flags)


def _quantity(text: str) -> int | float:
    """A number of runs, or as a float a percentage of them."""
    try:
        number = float(text.removesuffix("%")) if text.endswith("%") else int(text)
    except ValueError:
        number = 0
    if not 0 < number <= (100 if text.endswith("%") else 2**53):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a number of runs: type 5 or 10%")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Answer one question, or without one and on a terminal all that are typed.

    Returns 0 when answered (also with "none"), 2 with one line on stderr for what cannot be read.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = parser().parse_intermixed_args(arguments)
        session = Session(options)
        if asks_nothing(options) and sys.stdin.isatty() and sys.stdout.isatty():
            from diffusionlab.search.show.prompt import run_prompt

            run_prompt(session, options)
        else:
            session.answer(options)
        sys.stdout.flush()
        session.registry.leave_snapshot()  # the next question need not wake LanceDB
        return 0
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        line = error_line(error)
        print(f"error: {line}", file=sys.stderr)
        if "--json" in arguments:
            words = " ".join(word for word in arguments if not word.startswith("--"))
            said = {"answer": line, "warnings": [line], "total": 0, "hits": []}
            print(json.dumps({"query": words, "interpretation": None, "intent": "error", **said}))
        return 2


def error_line(error: Exception) -> str:
    """An error as one line that cannot drive the terminal."""
    from diffusionlab.registry.manage.display import printable

    return as_typed(" ".join(printable(error).split()))


# -- questions to one registry

_SETTING = re.compile(r"(search\.(?:embedder|clip_model|clip_weights)|registry\.uri)=(.*)")


class Session:
    """Answers parsed command lines on stdout. The registry is that of the first of them."""

    def __init__(self, options: argparse.Namespace) -> None:
        found = filter(None, map(_SETTING.fullmatch, options.query))
        self._settings: dict[str, str] = {m[1]: m[2] for m in found}
        self.registry = Registry(options.registry or self._settings.get("registry.uri") or default_uri())
        self._among: Filter | None = None  # the runs of the last answer that had any

    def engine(self, options: argparse.Namespace) -> Engine:
        """One that sees the registry as it is now."""
        return Engine(self.registry, _moment(options.now) if options.now else datetime.now(UTC))

    def answer(self, options: argparse.Namespace) -> None:
        """Print the answer; ValueError in one line if the question cannot be read."""
        question = " ".join(word for word in options.query if not _SETTING.fullmatch(word)).strip()
        if options.sql is not None:
            self._sql(options, question)
            return
        engine = self.engine(options)
        picture, question = wanted_picture(options, self._settings, question)
        query = query_of(options, question, engine.known, engine.now, picture is not None, self._among)
        result = engine.answer(query)
        if picture is not None:
            rank_by_picture(result, picture, self._settings, options)
        if options.skip and not (result.query.order and (result.query.order.skip or result.query.order.rest)):
            result.rows, result.scores = result.rows[options.skip :], result.scores[options.skip :]
        _print(result, engine, options)
        self._among = _found(result) or self._among

    def _sql(self, options: argparse.Namespace, question: str) -> None:
        from diffusionlab.search.show.sql import answer_sql, print_sql, sql_csv, sql_json

        if question:
            raise ValueError(f"--sql stands alone: omit the question {question[:40]!r}")
        table = answer_sql(self.registry, options.sql)
        if options.json:
            print(sql_json(options.sql, table))
        else:
            (sql_csv if options.csv else print_sql)(table)


def _found(result: Result) -> Filter | None:
    """The runs of an answer, None if there are none: by its conditions if these alone say which, else by their ids."""
    query = result.query
    if query.figure is not None and query.order is not None and (named := result.rows or result.taken):
        return In("run_id", tuple(row["run_id"] for row in named))
    if query.figure is not None and result.total:
        return query.condition
    if not result.rows:
        return None
    whole = len(result.rows) == result.total and not query.like and not query.parts
    if whole and query.order is not None and result.lacking:
        return And(query.condition, Not(IsNull(query.order.column)))
    return query.condition if whole else In("run_id", tuple(row["run_id"] for row in result.rows))


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"--now: {text[:40]!r} is no time; type 2025-06-18 or 2025-06-18T12:00+00:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _print(result: Result, engine: Engine, options: argparse.Namespace) -> None:
    from diffusionlab.search.answer.answer import answer, disagreements
    from diffusionlab.search.show.output import as_json, write_csv, write_groups_csv
    from diffusionlab.search.show.render import WIDE

    known = engine.known
    columns = [column_of(name.strip(), known) for name in options.columns.split(",")] if options.columns else None
    warnings = [*result.warnings, *disagreements(result.rows)]
    if options.json:
        query = result.query
        interpretation: dict[str, Any] = {
            "reading": reading(query, known),
            "flags": flag_line(result, known),
            "where": format_where(query.condition, known),
            "conditions": [format_where(c, known) for c in query.conditions],
            "sort": query.order.column if query.order else None,
            "limit": query.order.count if query.order else query.limit,
            "groups": [side.label for side in query.sides],
        }
        print(as_json(result, interpretation, answer(result, engine), warnings))
    elif options.csv:
        from diffusionlab.search.show.render import USUAL

        chosen = list(WIDE.values()) if options.wide else columns or list(USUAL)
        if result.groups is not None and result.query.intent == "aggregate":
            write_groups_csv(result.groups)
        else:
            write_csv(result, chosen, list(WIDE) if options.wide else None)
    else:
        from diffusionlab.search.show.page import print_page

        print_page(result, engine, warnings, columns, options.wide, options.explain)


# -- samples that look like words or a picture: `search.embedder=open_clip`


def wanted_picture(
    options: argparse.Namespace, settings: dict[str, str], question: str
) -> tuple[str | Path | None, str]:
    """What the samples shall look like (words or a file), and the question without it."""
    embedder = settings.get("search.embedder", "default")
    if embedder not in ("default", "open_clip"):
        raise ValueError(f"search.embedder={embedder[:40]} is none of: default, open_clip")
    if options.image:
        if embedder != "open_clip":
            raise ValueError("--image needs search.embedder=open_clip, which compares pictures")
        if not Path(options.image).is_file():
            raise ValueError(f"there is no picture at {options.image}")
        return Path(options.image), question
    if embedder == "open_clip":
        from diffusionlab.search.answer.embed import picture_words

        question, words = picture_words(question)
        return words, question
    return None, question


def rank_by_picture(result: Result, picture: str | Path, settings: dict[str, str], options: argparse.Namespace) -> None:
    from diffusionlab.search.answer.embed import MODEL, OpenClip, by_pictures

    embedder = OpenClip(settings.get("search.clip_model", MODEL), settings.get("search.clip_weights"))
    wanted = embedder.text(picture) if isinstance(picture, str) else embedder.image(picture)
    ranked = by_pictures(result.rows, wanted, embedder)
    if missing := len(result.rows) - len(ranked):
        result.warnings.append(f"{missing} of {len(result.rows)} runs have no sample grid at hand and are left out")
    ranked = ranked[: options.limit]
    result.scores, result.rows = [round(score, 4) for score, _ in ranked], [row for _, row in ranked]
    result.total = len(ranked)
