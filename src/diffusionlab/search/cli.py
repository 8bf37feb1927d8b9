"""`python search.py QUERY`: a plain question about the runs, an exact answer."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from diffusionlab.registry.columns import kind_of
from diffusionlab.registry.conditions import Compare, Contains
from diffusionlab.registry.facets import FACETS, canonical_facet
from diffusionlab.registry.filter import And, Filter, Or
from diffusionlab.registry.table import Registry, default_uri
from diffusionlab.search.engine import Engine, Result, override, restrict
from diffusionlab.search.flags import flag_line, reading
from diffusionlab.search.known import Known
from diffusionlab.search.parse import parse, text_query
from diffusionlab.search.period_words import read_period
from diffusionlab.search.periods import Period
from diffusionlab.search.query import Order, ParsedQuery
from diffusionlab.search.text import Mentions
from diffusionlab.search.typos import nearest
from diffusionlab.search.where import parse_where
from diffusionlab.search.where_text import format_where
from diffusionlab.search.where_values import column_of, compare_period

EXAMPLES = """\
examples:
  python search.py "unets without attention on MNIST, lr below 1e-3"
  python search.py "top 3 FID on CIFAR-10 since March"
  python search.py "compare run-019 and run-020"         python search.py "how many runs failed last week?"
  python search.py "like run-020 but with v-prediction"  python search.py "which optimizers were used on CelebA?"
  python search.py --where 'fid < 20 and (dataset = mnist or dataset = cifar-10)' --sort fid
  python search.py --where 'sweep = lr-search' --sort val_loss
"""
_SETTING = re.compile(r"(search\.(?:embedder|clip_model|clip_weights)|registry\.uri)=(.*)")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (type `python search.py --help`)")


def _parser() -> _Parser:
    parser = _Parser(
        prog="search.py",
        description="Ask the registry of runs.",
        epilog=EXAMPLES,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "query",
        nargs="*",
        metavar="QUERY",
        help="a question in plain words; search.embedder=open_clip may stand among them",
    )
    add("--json", action="store_true", help="one JSON object on stdout and nothing else")
    add("--csv", action="store_true", help="rows as CSV on stdout")
    add("--limit", type=int, metavar="N", help="show at most N runs")
    add("--skip", type=int, default=0, metavar="N", help="leave out the first N")
    add("--sort", metavar="FIELD[:desc]", help="order by a field, lowest first; runs without it come last")
    add("--per", metavar="FIELD", help="with --sort: the first --limit (1) of each value of FIELD")
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
    add("--where", metavar="CONDITION", help="'fid < 20 and (dataset = mnist or not unet)'")
    add("--like", metavar="RUN", help="the runs most like this one first")
    add("--image", metavar="FILE", help="the runs whose samples are most like this picture (search.embedder=open_clip)")
    add("--no-parse", action="store_true", help="read the query as words only: all must be mentioned")
    add("--now", metavar="TIME", help="the time from which 'yesterday' is counted")
    add("--registry", metavar="URI", help="default: DIFFUSIONLAB_REGISTRY, else ./registry")
    add("--explain", action="store_true", help="also show each condition with its runs, and the evidence of each hit")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Answer one question; 0 when answered (also with "none"), 2 with one line for what cannot be read."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = _parser().parse_intermixed_args(arguments)
        registry = _run(options)
        sys.stdout.flush()
        registry.leave_snapshot()  # the next question need not wake LanceDB
        return 0
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        line = " ".join(str(error).split())
        print(f"error: {line}", file=sys.stderr)
        if "--json" in arguments:
            words = " ".join(a for a in arguments if not a.startswith("--"))
            print(
                json.dumps(
                    {
                        "query": words,
                        "interpretation": None,
                        "intent": "error",
                        "total": 0,
                        "hits": [],
                        "answer": line,
                        "warnings": [line],
                    }
                )
            )
        return 2


def _run(options: argparse.Namespace) -> Registry:
    settings: dict[str, str] = {m[1]: m[2] for word in options.query if (m := _SETTING.fullmatch(word))}
    question = " ".join(word for word in options.query if not _SETTING.fullmatch(word)).strip()
    now = _moment(options.now) if options.now else datetime.now(UTC)
    engine = Engine(Registry(options.registry or settings.get("registry.uri") or default_uri()), now)
    picture, question = _picture(options, settings, question)
    query = _query(options, question, engine.known, now, picture is not None)
    result = engine.answer(query)
    if picture is not None:
        _by_picture(result, picture, settings, options)
    if options.skip and not (result.query.order and result.query.order.skip):
        result.rows, result.scores = result.rows[options.skip :], result.scores[options.skip :]
    _print(result, engine, options)
    return engine.registry


def _query(options: argparse.Namespace, question: str, known: Known, now: datetime, pictured: bool) -> ParsedQuery:
    """The words, and over them the flags: a flag takes the place of what the words say about its field."""
    added, replaced = _conditions(options, known, now)
    if question:
        query = text_query(question, known) if options.no_parse else parse(question, known, now)
    elif added or options.where or options.like or options.sort or options.limit or pictured:
        query = ParsedQuery(
            " ".join(
                f"--{name} {given}"
                for name in ("dataset", "arch", "since", "until", "where", "like", "sort")
                if (given := getattr(options, name))
            )
        )
    else:
        raise ValueError(
            'ask something, such as "unets on MNIST with fid below 10", or give --where, --dataset, --since'
        )
    query = restrict(override(query, replaced), *added) if added else query
    words = tuple(c for c in query.conditions if isinstance(c, Mentions))
    query = replace(query, words=words)
    if (options.limit is not None and options.limit < 1) or options.skip < 0:
        raise ValueError("--limit takes a number from 1 on, --skip one from 0 on")
    if options.like:
        ids = known.find(options.like)
        if not ids:
            raise ValueError(
                f"there is no run {options.like[:60]!r}; nearest: {', '.join(nearest(options.like, known.ids)) or 'none'}"  # noqa: E501
            )
        query = replace(query, like=ids[0], intent="like", order=None)
    if options.sort:
        name, _, direction = options.sort.partition(":")
        if direction not in ("", "asc", "desc"):
            raise ValueError(f"--sort {name}:desc or {name}:asc, not {direction[:20]!r}")
        query = replace(
            query,
            order=Order(
                _sortable(name, known),
                direction == "desc",
                keep=True,
                per=_sortable(options.per, known) if options.per else None,
            ),
        )
    if options.limit is not None or options.per:
        if query.order is not None:
            count = options.limit if options.limit is not None else 1
            query = replace(
                query, order=replace(query.order, count=count, ties=False, skip=query.order.skip or options.skip)
            )
        else:
            query = replace(query, limit=options.limit + options.skip)
    return query


def _conditions(options: argparse.Namespace, known: Known, now: datetime) -> tuple[list[Filter], list[str]]:
    """(conditions of the flags, columns on which the words are no longer heard)."""
    added: list[Filter] = []
    replaced: list[str] = []
    if options.dataset:
        names = [known.resolve("dataset", name.strip()) for name in options.dataset.split(",") if name.strip()]
        parts = [Compare("dataset", "=", name) for name in names]
        added.append(parts[0] if len(parts) == 1 else Or(*parts))
        replaced.append("dataset")
    for name in options.arch or ():
        facet = canonical_facet(name)
        if facet not in FACETS and facet not in known.facets:
            raise ValueError(
                f"--arch: there is no facet {name[:40]!r}; nearest: {', '.join(nearest(name, {*FACETS, *known.facets}))}"  # noqa: E501
            )
        added.append(Contains("arch_tags", facet))
        replaced.append("arch_tags")
    for flag, operator in (("since", ">="), ("until", "<=")):
        if text := getattr(options, flag):
            period = _period(text, now, f"--{flag}")
            added.append(compare_period("created_at", operator, period.start, period.stop))
            replaced.append("created_at")
    if options.where:
        condition = parse_where(options.where, known, now)
        added += condition.parts if isinstance(condition, And) else [condition]
        replaced += [leaf.column for leaf in condition.leaves()]
    return _paired(added), replaced


def _paired(conditions: list[Filter]) -> list[Filter]:
    """--since and --until as one range."""
    ends = [c for c in conditions if isinstance(c, Compare) and c.column == "created_at"]
    return [c for c in conditions if c not in ends] + ([And(*ends)] if len(ends) == 2 else list(ends))


def _sortable(name: str, known: Known) -> str:
    column = column_of(name, known)
    if kind_of(column) in ("list", "json"):
        raise ValueError(f"--sort: {name} has no order; try fid, val_loss, created or params")
    return column


def _period(text: str, now: datetime, flag: str) -> Period:
    words = " ".join(text.lower().split())
    period = read_period(words, 0, now)
    if period is None or period.end < len(words):
        raise ValueError(f"{flag}: {text[:40]!r} is no date; type 2025-04-01, 2025-04, yesterday or 'last week'")
    return period


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"--now: {text[:40]!r} is no time; type 2025-06-18 or 2025-06-18T12:00+00:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


# -- pictures


def _picture(options: argparse.Namespace, settings: dict[str, str], question: str) -> tuple[str | Path | None, str]:
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
        from diffusionlab.search.embed import picture_words

        question, words = picture_words(question)
        return words, question
    return None, question


def _by_picture(result: Result, picture: str | Path, settings: dict[str, str], options: argparse.Namespace) -> None:
    from diffusionlab.search.embed import MODEL, OpenClip, by_pictures

    embedder = OpenClip(settings.get("search.clip_model", MODEL), settings.get("search.clip_weights"))
    wanted = embedder.text(picture) if isinstance(picture, str) else embedder.image(picture)
    ranked = by_pictures(result.rows, wanted, embedder)
    if missing := len(result.rows) - len(ranked):
        result.warnings.append(f"{missing} of {len(result.rows)} runs have no sample grid at hand and are left out")
    ranked = ranked[: options.limit]
    result.scores, result.rows = [round(score, 4) for score, _ in ranked], [row for _, row in ranked]
    result.total = len(ranked)


# -- output


def _print(result: Result, engine: Engine, options: argparse.Namespace) -> None:
    from diffusionlab.search.answer import answer, disagreements
    from diffusionlab.search.render import WIDE, as_json, write_csv

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
            "groups": [group.label for group in query.groups],
        }
        print(as_json(result, interpretation, answer(result, engine), warnings))
    elif options.csv:
        from diffusionlab.search.render import USUAL

        chosen = list(WIDE.values()) if options.wide else columns or list(USUAL)
        write_csv(result, chosen, list(WIDE) if options.wide else None)
    else:
        from diffusionlab.search.page import print_page

        print_page(result, engine, answer(result, engine), warnings, columns, options.wide, options.explain)
