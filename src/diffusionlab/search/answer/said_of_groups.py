"""Figures in sentences: of all runs with the runs that have the lowest and the highest, or of each group."""

from __future__ import annotations

from collections.abc import Sequence

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import label, value_of
from diffusionlab.search.answer.figures import ALL
from diffusionlab.search.answer.result import GroupRow, Groups, Result, Row
from diffusionlab.search.answer.wording import figure_of, runs, value

MOST = 12  # groups told in a sentence
_HOW = {
    "distinct": "Different values of",
    "sum": "Total",
    "std": "Standard deviation of",
    "min": "Lowest",
    "max": "Highest",
}


def figure_sentences(result: Result, table: bool = False) -> list[str]:
    """The figures, and what has to be said about them; with `table`, of several figures only the latter."""
    groups = result.groups
    assert groups is not None
    if not groups.rows:
        what = label(groups.figure.of or groups.figure.by or "")
        return [f"None: no run of these {result.total} has {what} recorded."]
    several = len(groups.within) > 1 or len(groups.rows) > 1
    said = _figures(result, groups)
    if table and several:
        said = said[:1] if groups.figure.descending is not None and not groups.apart else []
    if groups.apart and not table:
        parts = "; ".join(f"on {printable(name)} {_list(groups, rows)}" for name, rows in groups.within)
        said.append(f"{groups.apart}, so these figures mix what differs by itself. Apart: {parts}.")
    elif groups.apart:
        said.append(f"{groups.apart}, so there is a figure for each.")
    if groups.without_key:
        said.append(f"No {label(groups.figure.by or '')} is recorded for {runs(groups.without_key)}.")
    if groups.without_value:
        said.append(f"No {label(groups.figure.of or '')} is recorded for {runs(groups.without_value)}.")
    return said


def _figures(result: Result, groups: Groups) -> list[str]:
    figure, what = groups.figure, _what(groups)
    if figure.by is None and not figure.sides:
        return [_of_all(result, groups, what)]
    if figure.descending is None:
        return [f"{what} of each {figure.unit or label(figure.by or 'side')}: {_list(groups, groups.rows)}."]
    best = groups.rows[0].value
    first = [row for row in groups.rows if row.value == best]
    others = groups.rows[len(first) :]
    most, fewest = ("most", "fewest") if figure.how == "count" else ("highest", "lowest")
    keys = " and ".join(printable(row.key) for row in first)
    what = f"the {most if figure.descending else fewest} {what[0].lower()}{what[1:]}"
    said = f"{keys} {'has' if len(first) == 1 else 'have'} {what}: {_row(groups, first[0])}."
    return [said, *([f"Then {_list(groups, others)}."] if others else [])]


def _what(groups: Groups) -> str:
    figure = groups.figure
    if figure.of is None:
        return "Runs"
    return f"{_HOW.get(figure.how, figure.how.capitalize())} {label(figure.of)}"


def _of_all(result: Result, groups: Groups, what: str) -> str:
    figure, row = groups.figure, groups.rows[0]
    if figure.how == "distinct" and figure.of:
        known = list(dict.fromkeys(value(r, figure.of) for r in result.rows if value_of(r, figure.of) is not None))
        shown = ", ".join(known[:MOST]) + (" ..." if len(known) > MOST else "")
        return f"{row.value} different values of {label(figure.of)}: {shown}."
    low, high = (f"{value(end, figure.of or '')} ({end['run_id']})" for end in _ends(result.rows, figure.of or ""))
    return f"{what} of {runs(row.count)}: {figure_of(figure, row.value)}, from {low} to {high}."


def _ends(rows: Sequence[Row], column: str) -> tuple[Row, Row]:
    known = sorted((row for row in rows if value_of(row, column) is not None), key=lambda row: value_of(row, column))
    return known[0], known[-1]


def _list(groups: Groups, rows: Sequence[GroupRow]) -> str:
    more = f" and {len(rows) - MOST} more" if len(rows) > MOST else ""
    parts = (f"{'' if row.key == ALL else printable(row.key) + ' '}{_row(groups, row)}" for row in rows[:MOST])
    return ", ".join(parts) + more


def _row(groups: Groups, row: GroupRow) -> str:
    if groups.figure.of is None:
        return f"{row.count}"
    return f"{figure_of(groups.figure, row.value)} ({runs(row.count)})"
