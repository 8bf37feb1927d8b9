"""The flags of `search.py`, and what they ask for beside, or in place of, the words."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

from diffusionlab.invocation import as_typed
from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.filters.filter import EVERYTHING, And, Filter, Or
from diffusionlab.registry.record.columns import kind_of
from diffusionlab.registry.record.facets import FACETS, canonical_facet
from diffusionlab.search.answer.engine import override, restrict
from diffusionlab.search.ask.parse import parse, text_query
from diffusionlab.search.query.query import (
    HOWS,
    SHARES,
    Check,
    Comparison,
    Facts,
    Figure,
    Likeness,
    Order,
    Pictures,
    Query,
    Term,
)
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.query.where_text import column_of, compare_period, condition_side, group_of, side_of
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.special_filters import has_facet
from diffusionlab.search.read.text import Mentions, nearest
from diffusionlab.search.time.period_words import read_period
from diffusionlab.search.time.periods import Period

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


_ASKING = ("where", "like", "sort", "limit", "figure", "compare", "check", "show", "pictures")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (type `python search.py --help`)")


def parser() -> _Parser:
    made = _Parser(
        prog=as_typed("search.py"),
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
    add("--sort", metavar="FIELD[:desc]", help="order by a field, lowest first; runs without it come last")
    add("--per", metavar="FIELD", help="with --sort: the first --limit (1) of each value of FIELD")
    add(
        "--figure",
        action="append",
        metavar="'HOW FIELD'",
        help=f"a figure of the runs, as in 'mean fid', or 'share CONDITION'; may be repeated; HOW: {', '.join(HOWS)}",
    )
    add("--by", metavar="FIELD", help="with --figure: for each value of FIELD, or each month, week, weekday, ...")
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
    flags = ("dataset", "arch", "since", "until", "image", "json", "csv", *_ASKING)
    return not options.query and options.sql is None and not any(getattr(options, name) for name in flags)


def query_of(
    options: argparse.Namespace,
    question: str,
    known: Known,
    now: datetime,
    pictured: bool,
    among: Filter | None = None,
) -> Query:
    """The words, and over them the flags: a flag takes the place of what the words say about its field.

    `among`: the runs that "those" means.
    """
    added, replaced = _conditions(options, known, now)
    if question:
        query = text_query(question, known) if options.no_parse else parse(question, known, now, among)
    elif added or pictured or any(getattr(options, name) for name in _ASKING):
        query = Query(
            " ".join(
                f"--{name} {given}"
                for name in ("dataset", "arch", "since", "until", *_ASKING)
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
    if options.skip < 0:
        raise ValueError("--skip takes a number from 0 on")
    if options.like:
        ids = known.find(options.like)
        if not ids:
            raise ValueError(
                f"there is no run {options.like[:60]!r}; nearest: {', '.join(nearest(options.like, known.ids)) or 'none'}"  # noqa: E501
            )
        query = replace(query, ask=Likeness(ids[0]), order=None)
    query = _with_ask(query, options, known, now)
    if query.figure is not None:
        return query
    if options.sort:
        name, descending = _sort(options.sort)
        query = replace(
            query,
            order=Order(
                _sortable(name, known),
                descending,
                keep=True,
                per=_per(options.per, known) if options.per else None,
            ),
        )
    taken = options.all_but or options.limit
    if isinstance(taken, float) and (query.order is None or query.order.per):
        raise ValueError("--limit and --all-but with % need --sort, and no --per")
    if options.all_but is not None and query.order is None:
        raise ValueError("--all-but needs --sort FIELD")
    if taken is not None or options.per:
        if query.order is not None:
            part = {"percent": taken, "count": None} if isinstance(taken, float) else {"count": taken or 1}
            skip, rest = query.order.skip or options.skip, options.all_but is not None
            query = replace(query, order=replace(query.order, ties=False, skip=skip, rest=rest, **part))
        else:
            query = replace(query, limit=options.limit + options.skip)
    return query


def _quantity(text: str) -> int | float:
    """A number of runs, or as a float a percentage of them."""
    try:
        number = float(text.removesuffix("%")) if text.endswith("%") else int(text)
    except ValueError:
        number = 0
    if not 0 < number <= (100 if text.endswith("%") else 2**53):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a number of runs: type 5 or 10%")
    return number


def _per(text: str, known: Known) -> str:
    column, unit = group_of(text, known)
    return f"{column.removesuffix('_at')}_{unit}" if unit else column


def _sort(text: str) -> tuple[str, bool]:
    """(field, whether the highest comes first)."""
    name, _, direction = text.partition(":")
    if direction not in ("", "asc", "desc"):
        raise ValueError(f"--sort {name}:desc or {name}:asc, not {direction[:20]!r}")
    return name, direction == "desc"


def _with_ask(query: Query, options: argparse.Namespace, known: Known, now: datetime) -> Query:
    """The query with what --figure, --compare, --check, --show or --pictures asks of the runs."""
    asks = [name for name in ("figure", "compare", "check", "show", "pictures") if getattr(options, name)]
    asks = asks[1:] if asks[:2] == ["figure", "compare"] else asks  # a figure of each side
    if len(asks) > 1:
        raise ValueError(f"--{asks[0]} and --{asks[1]} ask two different things: give one of them")
    if (options.better or options.worse) and len(options.compare or ()) != 2:
        raise ValueError("--better and --worse need two sides: --compare CONDITION --compare CONDITION")
    if options.figure:
        figure = _figure(options, known, now)
        if options.compare:
            query = _compared(query, options, known, now)
            figure = replace(figure, sides=query.sides)
        return replace(query, ask=figure, order=None, limit=None)
    if options.by:
        raise ValueError("--by groups a figure: add --figure count, or --figure 'mean fid'")
    if options.compare:
        return _compared(query, options, known, now)
    if options.check:
        condition = parse_where(options.check, known, now)
        return replace(query, ask=Check(None if condition == EVERYTHING else condition, options.most))
    if options.show:
        return replace(query, ask=Facts(tuple(column_of(name.strip(), known) for name in options.show.split(","))))
    return replace(query, ask=Pictures()) if options.pictures else query


def _figure(options: argparse.Namespace, known: Known, now: datetime) -> Figure:
    part = None
    texts = [text.strip() for text in options.figure]
    first, _, condition = texts[0].partition(" ")
    if first in SHARES and len(texts) == 1:
        if not (condition or options.by):
            raise ValueError(f"--figure {first} needs a condition or --by, as in --figure '{first} status = failed'")
        part = condition_side(parse_where(condition, known, now), known) if condition else None
        terms: list[Term] = [(first, None)]
    else:
        terms = [_term(text, known) for text in texts]
    by, unit = (None, None) if not options.by else group_of(options.by, known)
    descending = None
    if options.sort:
        name, descending = _sort(options.sort)
        if name != "figure":
            raise ValueError("groups are sorted by their figure: --sort figure or --sort figure:desc")
    if isinstance(options.limit, float):
        raise ValueError("--limit of groups is a number, not a percentage")
    return Figure(*terms[0], by, unit, descending, options.limit, also=tuple(terms[1:]), part=part)


def _term(text: str, known: Known) -> Term:
    how, _, field = text.partition(" ")
    if how not in HOWS or how in SHARES:
        known_hows = ", ".join(h for h in HOWS if h not in SHARES)
        hint = f"use one of {known_hows}, as in --figure 'mean fid'; a share stands alone"
        raise ValueError(f"--figure {how[:20]!r}: {hint}")
    of = column_of(field.strip(), known) if field else None
    if of is None and how != "count":
        raise ValueError(f"--figure {how} needs a field, as in --figure '{how} fid'")
    if of and how not in ("count", "distinct") and kind_of(of) not in ("int", "float"):
        raise ValueError(f"--figure {how}: {field} is no number")
    return how, of


def _compared(query: Query, options: argparse.Namespace, known: Known, now: datetime) -> Query:
    if len(options.compare) < 2:
        raise ValueError("one side cannot be compared: give --compare once for each side")
    conditions = [parse_where(text, known, now) for text in options.compare]
    sides = tuple(side_of(condition, known) for condition in conditions)
    better = True if options.better else False if options.worse else None
    named = options.better or options.worse
    by = _sortable(named, known) if named and named != "any" else None
    either = Or(*conditions)
    kept = query.conditions if either in query.conditions else (*query.conditions, either)
    return replace(query, conditions=kept, ask=Comparison(sides, better, by))


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
        added.append(has_facet(facet))
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
