"""A few sentences made from the rows; every claim cites its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import (
    MEASURES,
    compares_within,
    in_settings,
    label,
    lower_is_better,
    value_of,
)
from diffusionlab.registry.record.comparable import basis_column, basis_name, by_basis
from diffusionlab.search.answer.compare import compares_groups
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.group_keys import keys_of
from diffusionlab.search.answer.result import (
    CITED,
    Result,
    Row,
    agree,
    cite,
    foremost,
    lacking,
    listed,
    named,
    recorded,
    runs,
    sentence,
    there_are,
    value,
)
from diffusionlab.search.answer.said_of_comparisons import group_sentences, run_sentences
from diffusionlab.search.answer.said_of_facts import facts, pictures
from diffusionlab.search.answer.said_of_groups import figure_sentences
from diffusionlab.search.query.query import Check, Comparison, Facts, Figure, Having, Order, Pictures, label_of
from diffusionlab.search.query.where_text import format_where

FEW = 5  # runs whose best is seen at a glance


def answer(result: Result, engine: Engine, table: bool = False) -> str:
    """The answer to the question of `result`, in sentences; with `table`, what a table of the rows does not show."""
    said = _said(result, engine, table)
    said += _shown(result) if result.rows and not table else []
    lead = [] if table else [verdict_of(result)]
    return " ".join(filter(None, [*lead, *said, *_offered(result), *_left_out(result)]))


def _said(result: Result, engine: Engine, table: bool = False) -> list[str]:
    query, rows = result.query, result.rows
    counted = query.figure is not None and query.figure.part is not None  # of the runs that an order takes
    if (query.intent == "aggregate" and result.total) or (counted and result.groups is not None and result.groups.rows):
        return [*figure_sentences(result, table), *_taken(result)]
    if not rows:
        return _nothing(result, engine)
    if query.intent == "compare" and len(rows) > 1:
        told = group_sentences(result, table) if compares_groups(result) else run_sentences(result, engine)
        return [*told, *([] if len({row.get("dataset") for row in rows}) > 1 else _across(result))]
    if isinstance(query.ask, Check) and query.ask.condition is not None and query.order is None:
        return []  # the verdict says it
    if isinstance(query.ask, Facts):
        return [*facts(rows, query.ask.columns, engine.now), *_across(result)]
    if isinstance(query.ask, Pictures):
        return [*pictures(result), *_across(result)]
    ordered = query.order is not None and not query.order.rest
    if result.parts:
        several = [part.query.order is not None and bool(part.query.order.per) for part in result.parts]
        briefly = table and any(several)
        said = [_about_order(part) if briefly else _said(part, engine) for part in result.parts]
        return list(dict.fromkeys(sentence for part in said for sentence in part))
    if table:
        return [*_counted(result), *(_about_order(result) if ordered else [*_extremes(rows), *_excepted(result)])]
    if query.intent == "count":
        return [f"{runs(result.total)}: {cite(rows)}."]
    if query.like is not None:
        return _alike(result)
    return [*_ordered(result), *_about_order(result)] if ordered else [*_listed(result), *_excepted(result)]


def _counted(result: Result) -> list[str]:
    query, part = result.query, f"{len(result.rows)} of " if len(result.rows) < result.total else ""
    return [] if query.like or (query.order and query.order.per) else [f"{part}{runs(result.total)}."]


def verdict_of(result: Result) -> str:
    """Yes or no, and why, which comes first; empty if that was not asked."""
    ask = result.query.ask
    match ask:
        case Check() | Figure(by=(), having=Having()) | Figure(beside=str()) | Comparison(better=bool()):
            pass
        case Figure(whether=bool()):
            pass
        case _:
            return ""
    said = {True: "Yes", False: "No", None: "That is not known"}[result.verdict]
    return f"{said}: {result.because}." if result.because else f"{said}."


def _left_out(result: Result) -> list[str]:
    """Runs of which the conditions are neither true nor false."""
    if not result.unknown or not result.total:
        return []
    return [f"Left out: {_undecided(result)}."]


def _undecided(result: Result) -> str:
    """ "3 runs with no recorded FID", "3 runs (2 with no recorded FID, 1 with no recorded duration)"."""
    found = dict.fromkeys((lacking(column), count) for column, count in result.unrecorded)
    if found and all(count == result.unknown for _, count in found):
        return f"{runs(result.unknown)} with {listed([what for what, _ in found])}"
    parts = [f"{count} with {what}" for what, count in found]
    return (
        f"{runs(result.unknown)} ({', '.join(parts)})" if parts else f"{runs(result.unknown)} of which it is not known"
    )


def _listed(result: Result) -> list[str]:
    rows = result.rows
    if len(rows) == 1:
        row = rows[0]
        facts = [f"{label(c)} {value(row, c)}" for c in MEASURES if row.get(c) is not None]
        facts = [printable(row[c]) for c in ("status",) if row.get(c)] + facts
        return [f"One run: {', '.join([named(row), printable(row.get('dataset') or 'data set unknown'), *facts])}."]
    head = f"{runs(result.total)}" + (f", {len(rows)} shown" if len(rows) < result.total else "")
    return [f"{head}: {cite(rows)}.", *_extremes(rows)]


def _extremes(rows: Sequence[Row]) -> list[str]:
    """The best of several runs, if their figures compare."""
    column = next((c for c in MEASURES if sum(row.get(c) is not None for row in rows) > 1), None)
    if column is None or len(rows) < FEW:
        return []
    known = sorted((row for row in rows if row.get(column) is not None), key=lambda row: row[column])
    best, worst = (known[0], known[-1]) if lower_is_better(column) else (known[-1], known[0])
    if len({row.get("dataset") for row in known}) > 1 or len(by_basis(known, column)) > 1:
        return []
    lead = ("Lowest", "highest") if lower_is_better(column) else ("Highest", "lowest")
    return [f"{lead[0]} {label(column)}: {value(best, column)}, {named(best)}; {lead[1]}: {value(worst, column)}."]


def _ordered(result: Result) -> list[str]:
    order, rows = result.query.order, result.rows
    assert order is not None
    column = order.column
    most = foremost(order) or f"{'highest' if order.descending else 'lowest'} {label(column)}"
    if len(rows) == 1 or (order.ties and len(rows) > 1 and not order.per):
        which = f"{order.place.capitalize()} by {most}" if order.skip else most[0].upper() + most[1:]
        said = [f"{which}: {value(rows[0], column)}, {' and '.join(named(row) for row in rows[:CITED])}."]
    else:
        listed = "; ".join(
            f"{_group_of(row, order)}{printable(row['run_id'])} {_or_status(row, column)}" for row in rows[:CITED]
        )
        each = f" of each {label_of(order.per)}" if order.per else ""
        more = f" and {len(rows) - CITED} more" if len(rows) > CITED else ""
        which = order.place.capitalize() + " by" if order.skip and order.count else "By"
        said = [f"{which} {most}{each}: {listed}{more}."]
    sides = by_basis([row for row in rows if value_of(row, column) is not None], column)
    if len(sides) > 1:
        said = [f"By {most}, each {label(basis_column(column))} by itself: {_of_each_basis(sides, column)}."]
    return said


def _group_of(row: Row, order: Order) -> str:
    """ "CIFAR-10: " of the first run of a data set; nothing of one that is in several groups."""
    groups = keys_of(row, order.per) if order.per else []
    return f"{printable(' / '.join(groups[0]))}: " if len(groups) == 1 else ""


def _taken(result: Result) -> list[str]:
    """The runs that a figure is of, where an order takes them."""
    mixed = result.groups is not None and result.groups.mixed == "dataset"  # which has been said
    taken = replace(result, rows=result.taken, across=result.across and not mixed)
    return [*_ordered(taken), *_about_order(taken)] if result.taken else []


def _about_order(result: Result) -> list[str]:
    """What the order leaves out, and what in it does not compare."""
    order = result.query.order
    assert order is not None
    column, said = order.column, []
    if result.runner_up is not None and not order.per:
        said.append(f"Next: {named(result.runner_up)} with {value(result.runner_up, column)}.")
    if result.tied:
        said.append(f"As good as the last one shown: {cite(result.tied)}.")
    return [*said, *_skipped(result), *_across(result)]


def _skipped(result: Result) -> list[str]:
    """The runs that have no place in the order."""
    order = result.query.order
    return [f"Skipped (no {label(order.column)}): {cite(result.lacking)}."] if order and result.lacking else []


def _across(result: Result) -> list[str]:
    """That runs of several data sets were ranked by what does not compare between them."""
    order = result.query.order
    if order is None or not result.across or len(by_basis(result.rows, order.column)) > 1:
        return []
    within = set(compares_within(order.column)) - {key.column for key in order.per}
    return [sentence(f"{label(order.column)} is not comparable between data sets")] if "dataset" in within else []


def _excepted(result: Result) -> list[str]:
    """What the order of "all but the best" leaves out, and what in it does not compare."""
    order = result.query.order
    return [*_skipped(result), *_across(result)] if order is not None and order.rest else []


def _of_each_basis(sides: Mapping[str | None, Sequence[Row]], column: str) -> str:
    return "; ".join(
        f"{printable(basis_name(basis, column))}: "
        + ", ".join(f"{printable(row['run_id'])} {value(row, column)}" for row in side[:CITED])
        + (f" and {len(side) - CITED} more" if len(side) > CITED else "")
        for basis, side in sides.items()
    )


def _or_status(row: Row, column: str) -> str:
    """The value, or why there is none: "failed"."""
    shown = value(row, column)
    return shown if shown != "-" else f"none ({printable(row.get('status') or 'status unknown')})"


def _alike(result: Result) -> list[str]:
    listed = ", ".join(
        f"{named(row)} {score:.2f}" for row, score in list(zip(result.rows, result.scores, strict=True))[:5]
    )
    return [f"Most like {printable(result.query.like)} (1 = the same facets, settings and words): {listed}."]


def _shown(result: Result) -> list[str]:
    """The values of the fields that were asked for, each with the runs that have it; a comparison has most of them."""
    said: list[str] = []
    for column in result.query.show[:4]:
        if (
            (result.query.order and column == result.query.order.column)
            or isinstance(result.query.ask, Facts)
            or column == "run_id"
            or (result.query.intent == "compare" and not in_settings(column))
        ):
            continue
        by_value: dict[str, list[Row]] = {}
        for row in result.rows:
            by_value.setdefault(value(row, column), []).append(row)
        parts = [
            f"{text if text != '-' else 'unknown'} ({cite(rows) if len(by_value) < 6 else cite(rows[:3]) + (' ...' if len(rows) > 3 else '')})"  # noqa: E501
            for text, rows in list(by_value.items())[:CITED]
        ]
        name = label(column)
        said.append(f"{name[0].upper() + name[1:]}: {', '.join(parts)}{' ...' if len(by_value) > CITED else ''}.")
    return said


def _offered(result: Result) -> list[str]:
    order = result.query.order
    if order is not None and order.count is not None:
        return []
    return [
        f"Apart from these, {runs(len(rows))} on {subset}, which is a subset and was not asked for: {cite(rows)}."
        for subset, rows in result.offered.items()
    ]


def _nothing(result: Result, engine: Engine) -> list[str]:
    query = result.query
    said = ["None."] if result.verdict is None else []
    if result.unknown and result.unknown == result.everything and len(result.unrecorded) == 1:
        said = [f"None: no run has {recorded(result.unrecorded[0][0])}."]
    elif result.unknown:
        said = [f"None of {runs(result.everything)}; left out: {_undecided(result)}."]
    if query.order and query.order.per and result.total:
        return [f"None: no run of these has {recorded(query.order.per[0].column)}."]
    if query.order and result.total:
        return [
            f"None: the order has {agree(result.total, 'only one run', f'only {result.total} runs')}.",
            *_skipped(result),
        ]
    if result.lacking and query.order:
        return [f"None: no run of these has {recorded(query.order.column)}: {cite(result.lacking)}."]
    if query.like is not None:
        return [f"None: there is no run {printable(query.like)} to be like, or no other run meets the rest."]
    nowhere = [column for column, count in result.unrecorded if count == result.everything]
    for (unknown, column), (_, near) in zip(query.unknown, result.nearest, strict=True):
        if column in nowhere:  # that no run has it recorded says it
            continue
        what = (
            f"No run has {label(column)} {printable(unknown)}" if column else f'No run mentions "{printable(unknown)}"'
        )
        offered = f"; nearest known: {', '.join(map(printable, near))}" if near else ""
        said.append(f"{what}{offered}.")
    helpful = [(text, count) for text, count in result.dropped if count]
    if helpful:
        said.append(sentence("; ".join(f"without `{printable(text)}` {there_are(count)}" for text, count in helpful)))
    elif len(query.conditions) == 1 and result.everything and not result.unknown:
        where = printable(format_where(query.condition, engine.known))
        said.append(f"Without `{where}` {there_are(result.everything)}.")
    return said


_PLANNED = ("batch_size", "lr", "epochs", "seed", "image_size")
"""Columns of which the settings hold the number as well."""


def disagreements(rows: Sequence[Row]) -> list[str]:
    """Facts that a person or an import gives otherwise than the recorded configuration, one note a fact.

    What was measured may differ from what was planned: a run that stopped early had fewer epochs.
    """
    found: dict[tuple[str, str], list[tuple[Row, float]]] = {}
    for row in rows:
        planned: dict[str, set[float]] = {column: set() for column in _PLANNED}
        _add_planned(row.get("config") or {}, planned)
        sources = row.get("sources") or {}
        for column, numbers in planned.items():
            source = sources.get(column, "the record")
            if len(numbers) == 1 and source != "measured" and row.get(column) is not None:
                (number,) = numbers
                if float(number) != float(row[column]):
                    found.setdefault((column, source), []).append((row, number))
    return [_disagreement(column, source, among) for (column, source), among in found.items()]


def _add_planned(config: Mapping[str, Any], planned: dict[str, set[float]]) -> None:
    """The numbers of the settings called as the columns are, at any depth."""
    for key, setting in config.items():
        name = key.rpartition(".")[2]
        if isinstance(setting, dict):
            _add_planned(setting, planned)
        elif name in planned and type(setting) in (int, float):
            planned[name].add(setting)


def _disagreement(column: str, source: str, among: Sequence[tuple[Row, float]]) -> str:
    (row, number), *others = among
    run, here = printable(row["run_id"]), value(row, column)
    first = f"{run}: {label(column)} is {here} by {source} and {number} by its config"
    return first + (f"; so for {runs(len(others))} more: {cite([row for row, _ in others])}" if others else "")
