"""What the flags of `search.py` ask for beside, or in place of, the words."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from datetime import datetime

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
    Having,
    Likeness,
    Order,
    Pictures,
    Query,
    Term,
)
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.query.where_text import column_of, compare_period, condition_side, keys_named, side_of
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.special_filters import has_facet
from diffusionlab.search.read.text import Mentions, nearest
from diffusionlab.search.time.period_words import read_period
from diffusionlab.search.time.periods import Period

ASKING = ("where", "like", "sort", "limit", "figure", "compare", "check", "show", "pictures")


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
        query = text_query(question) if options.no_parse else parse(question, known, now, among)
    elif added or pictured or any(getattr(options, name) for name in ASKING):
        given = ((name, getattr(options, name)) for name in ("dataset", "arch", "since", "until", *ASKING))
        query = Query(" ".join(f"--{name} {value}" for name, value in given if value))
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
    return query if query.figure is not None and _of_groups(options) else _with_order(query, options, known)


def _of_groups(options: argparse.Namespace) -> bool:
    """Whether --sort and --limit are of the groups of a figure, and not of the runs that it is taken of."""
    return not options.sort or _sort(options.sort)[0] == "figure"


def _with_order(query: Query, options: argparse.Namespace, known: Known) -> Query:
    """The query with what --sort, --per, --limit, --all-but and --skip say of the order."""
    if options.sort:
        name, descending = _sort(options.sort)
        per = keys_named(options.per, known) if options.per else ()
        query = replace(query, order=Order(_sortable(name, known), descending, keep=True, per=per))
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
    elif options.skip and query.order is not None and query.order.count is None:  # all that follow, as "skip 2" says
        query = replace(query, order=replace(query.order, count=options.skip, rest=True))
    return query


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
    if options.having:
        raise ValueError("--having is a bound of a figure: add --figure count --by FIELD")
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
    if len(texts) == 1 and (first in SHARES or (first == "count" and condition and not _is_column(condition, known))):
        if not (condition or options.by):
            raise ValueError(f"--figure {first} needs a condition or --by, as in --figure '{first} status = failed'")
        part = condition_side(parse_where(condition, known, now), known) if condition else None
        terms: list[Term] = [(first, None)]
    else:
        terms = [_term(text, known) for text in texts]
    by = keys_named(options.by, known) if options.by else ()
    per = keys_named(options.per, known) if options.per and _of_groups(options) else ()
    taken = options.all_but or (not by and (options.per or options.skip))
    if _of_groups(options) and taken:
        raise ValueError("--all-but, --per and --skip choose the runs that --figure is of: add --sort FIELD")
    if not _of_groups(options) and not (taken or options.skip or options.limit):
        raise ValueError(
            "--sort FIELD chooses the runs that --figure is of: add --limit N; groups are sorted by --sort figure"
        )
    descending = _sort(options.sort)[1] if options.sort and _of_groups(options) else None
    limit = options.limit if _of_groups(options) else None
    if isinstance(limit, float):
        raise ValueError("--limit of groups is a number, not a percentage")
    beside = _BESIDE.get(" ".join((options.having or "").split()))
    if beside and len(options.compare or ()) != 2:
        raise ValueError(f"--having '{beside} other' needs two sides: --compare CONDITION --compare CONDITION")
    having, whether, runs = _bounds(options.having) if options.having and not beside else (None, None, None)
    if not by and (whether is not None or runs is not None):
        raise ValueError("--having with `any`, `none` or `runs` is of groups: add --by FIELD")
    skip = options.skip if _of_groups(options) else 0
    if skip and descending is None:
        raise ValueError("--skip passes over the first groups of an order: add --sort figure")
    if per and (per != by[: len(per)] or per == by or descending is None):
        raise ValueError("--per with --by names the first of its fields, and needs --sort figure")
    figure = Figure(*terms[0], by, descending, limit, skip, per, also=tuple(terms[1:]))
    return replace(figure, having=having, runs=runs, whether=whether, beside=beside, part=part)


def _is_column(name: str, known: Known) -> bool:
    try:
        return bool(column_of(name.strip(), known))
    except ValueError:
        return False


_BESIDE = {"< other": "<", "> other": ">"}


_WHETHER = {"any": True, "none": False}


def _bounds(text: str) -> tuple[Having | None, bool | None, Having | None]:
    """(the bound of the figure, whether it is asked if any group, or none, meets it; the bound of the runs)."""
    having: Having | None = None
    whether, runs = None, None
    for part in text.split(" and "):
        m = re.fullmatch(r"\s*(any|none|runs)?\s*(!=|[<>]=?|=)\s*(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*", part)
        if m is None or (having if m[1] != "runs" else runs) is not None:
            examples = "'>= 3', 'any >= 3' or '< 20 and runs >= 3'"
            raise ValueError(f"--having {text[:20]!r}: type a comparison with a number, as in {examples}")
        bound = Having(m[2], float(m[3]))
        if m[1] == "runs":
            runs = bound
        else:
            having, whether = bound, _WHETHER.get(m[1])
    return having, whether, runs


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
