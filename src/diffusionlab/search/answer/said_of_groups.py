"""Figures in sentences: of all runs with the runs that have the lowest and the highest, or of each group."""

from __future__ import annotations

from collections.abc import Sequence

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import label, value_of
from diffusionlab.search.answer.group_keys import ALL
from diffusionlab.search.answer.result import (
    GroupRow,
    Groups,
    Result,
    Row,
    agree,
    cite,
    figure_of,
    lack,
    listed,
    runs,
    sentence,
    significant,
    value,
)
from diffusionlab.search.query.query import SHARES, Having, Term, label_of

MOST = 12  # groups told in a sentence
_HOW = {
    "distinct": "different values of",
    "sum": "total",
    "std": "standard deviation of",
    "min": "lowest",
    "max": "highest",
}


def figure_sentences(result: Result, table: bool = False) -> list[str]:
    """The figures, and what has to be said about them; with `table`, of several figures only the latter."""
    groups = result.groups
    assert groups is not None
    if not groups.rows:
        return [_nothing(result, groups)]
    several = len(groups.within) > 1 or len(groups.rows) > 1
    said = _figures(result, groups)
    if table and several:
        first = groups.figure.descending is not None and not groups.apart and not groups.figure.per
        said = said[:1] if first else []
    said += _apart(groups)
    if groups.apart and not table:
        parts = "; ".join(f"on {printable(name)} {_list(groups, rows)}" for name, rows in groups.within)
        said.append(sentence(f"{groups.apart}, so these figures mix what differs by itself. Apart: {parts}"))
    elif groups.apart:
        said.append(sentence(f"{groups.apart}, so there is a figure for each"))
    if groups.without_key:
        said.append(sentence(_lack_a_key(groups)))
    if groups.figure.part and groups.without_value:
        said.append(f"Left out: {runs(groups.without_value)}, for which this is not recorded.")
    elif groups.without_value:
        said.append(sentence(lack(groups.without_value, groups.figure.of or "")))
    return said


def _lack_a_key(groups: Groups) -> str:
    count, (key, *others) = groups.without_key, groups.figure.by
    if not others:
        return lack(count, key.column)
    named = " or ".join(label(key.column) for key in groups.figure.by)
    return f"{runs(count)} {agree(count, 'has', 'have')} no recorded {named}"


def _nothing(result: Result, groups: Groups) -> str:
    if groups.figure.having is not None and groups.figure.by and result.total:
        return f"{_that_have(result, groups)}."
    if groups.figure.runs is not None and result.total:
        return f"None: there is no {groups.figure.made_by}{_of_size(groups)} and with such a figure."
    if groups.figure.part is not None and not groups.figure.by:
        return f"None: for {runs(result.total)} this is not recorded."
    keys = [key.column for key in groups.figure.by]
    column = groups.figure.of or (keys[0] if keys else "status")
    if keys and groups.without_key == result.total:
        column = keys[0]
    if result.total == 1:
        return f"None: {lack(1, column)}."
    return f"None: none of these {result.total} runs has a recorded {label(column)}."


def _figures(result: Result, groups: Groups) -> list[str]:
    figure, what = groups.figure, what_of(groups)
    if not figure.by and not figure.sides:
        return [_of_all(result, groups, what)]
    if figure.having is not None:
        return [f"{_that_have(result, groups)}: {_list(groups, groups.rows)}."]
    if figure.descending is None:
        return [sentence(f"{what} of each {figure.made_by}{_of_size(groups)}: {_list(groups, groups.rows)}")]
    best = groups.rows[0].value
    first = [row for row in groups.rows if row.value == best]
    others = groups.rows[len(first) :]
    most, fewest = ("most", "fewest") if figure.how in ("count", "distinct") else ("highest", "lowest")
    keys = listed([printable(row.key) for row in first])
    if figure.per:
        which = most if figure.descending else fewest
        return [sentence(f"{which} {what} of each {label_of(figure.per)}: {_list(groups, groups.rows)}")]
    if figure.skip:
        said = f"{figure.place} by {most if figure.descending else fewest} {what}: {_list(groups, groups.rows)}"
        return [sentence(said)]
    most = most if figure.descending else fewest
    if figure.how == "count" and figure.of is None and result.query.conditions and not figure.also:
        what = "of these runs"
    if figure.how == "count" and not figure.descending and not figure.sides:
        what += " of those that have any"  # groups without one are not in the table
    what += f" of those{_of_size(groups)}" if figure.runs else ""
    said = f"{keys} {agree(len(first), 'has', 'have')} the {most} {what}: {_row(groups, first[0])}."
    return [said, *([f"Then {_list(groups, others)}."] if others else [])]


def _apart(groups: Groups) -> list[str]:
    """How far the figures of two sides are apart; of numbers of runs also how many times the second the first is."""
    first, other = [row.value for row in groups.rows] if len(groups.rows) == 2 else (None, None)
    if (
        not groups.figure.sides
        or groups.figure.by
        or groups.figure.also
        or first is None
        or other is None
        or first == other
    ):
        return []
    term = groups.figure.terms[0]
    among = f", over all {label(groups.mixed)}s" if groups.mixed else ""
    ratio = f"; their ratio is {significant(first / other, 4):.15g}" if not groups.mixed and other else ""
    return [f"The two sides differ by {figure_of(term, significant(abs(first - other)))}{among}{ratio}."]


def _of_size(groups: Groups) -> str:
    """ " with at least 4 runs", of groups of so many."""
    if groups.figure.runs is None:
        return ""
    op, count = groups.figure.runs
    return f" with {_THAN[op]} {count:.15g} {'run' if count == 1 else 'runs'}"


_THAN = {"<": "fewer than", "<=": "at most", ">": "more than", ">=": "at least", "=": "exactly", "!=": "other than"}
_RUNS_WITH = {
    Having("=", 0.0): "no run",
    Having("=", 1.0): "only runs",
    Having("!=", 0.0): "a run",
    Having("!=", 1.0): "not only runs",
}
"""A share -> what of the runs it is."""


def _that_have(result: Result, groups: Groups) -> str:
    """ "2 data sets have fewer than 5 runs", "1 optimizer has a mean FID < 20"."""
    figure, number = groups.figure, len(groups.rows)
    assert figure.having is not None
    by = label_of(figure.by)
    by = f"kind of {by}" if by.endswith("ware") else by
    several = by.replace("kind of", "kinds of") if by.endswith("ware") else f"{by}s"
    who = f"{number or 'No'} {agree(number or 1, by, several)} {agree(number or 1, 'has', 'have')}"
    told = f" with {printable(figure.part.label)}" if figure.part is not None else ""
    share = figure.having if told and figure.how == "share" else None
    if not number and share in (Having("=", 0.0), Having("!=", 1.0)):
        return f"Every {by} has {_RUNS_WITH[share.opposite]}{told}"
    if share in _RUNS_WITH:
        return f"{who} {_RUNS_WITH[share]}{told}"
    if figure.how == "count":
        op, count = figure.having
        # of the runs that meet the conditions: a group without such a run is not in the table
        any_run = ", of those that have any" if result.query.conditions and op in ("<", "<=", "!=") else ""
        return f"{who} {_THAN[op]} {count:.15g} {'run' if count == 1 else 'runs'}{told or any_run}"
    if figure.how == "distinct":
        op, count = figure.having
        return f"{who} {_THAN[op]} {count:.15g} {label(figure.of or '')}{'' if count == 1 else 's'}"
    op, bound = figure.having
    who += f"{_of_size(groups).removeprefix(' with')} and" if figure.runs else ""
    return f"{who} a {what_of(groups)} {op} {figure_of(figure.terms[0], bound)}"


def what_of(groups: Groups) -> str:
    """ "Mean FID and runs"."""
    return listed([term_label(term, groups) for term in groups.figure.terms])


def term_label(term: Term, groups: Groups) -> str:
    how, of = term
    if how in SHARES:
        return f"share with {printable(groups.figure.part.label)}" if groups.figure.part else "share of the runs"
    return "runs" if of is None else f"{_HOW.get(how, how)} {label(of)}"


def _of_all(result: Result, groups: Groups, what: str) -> str:
    figure, row = groups.figure, groups.rows[0]
    if figure.part is not None:
        cited = f": {cite(result.rows)}" if result.rows else ""
        share = f"{figure_of((figure.how, None), row.value)}: " if figure.how in SHARES else ""
        return f"{share}{len(result.rows)} of {runs(row.count)}{cited}."
    if figure.also:
        told = zip(figure.terms, (row.value, *row.also), strict=True)
        each = [f"{term_label(term, groups)} {figure_of(term, number)}" for term, number in told]
        return f"Of {runs(result.total)}: {listed(each)}."
    if figure.how == "distinct" and figure.of:
        known = list(dict.fromkeys(value(r, figure.of) for r in result.rows if value_of(r, figure.of) is not None))
        shown = ", ".join(known[:MOST]) + (" ..." if len(known) > MOST else "")
        values = agree(int(row.value or 0), "value", "different values")
        return f"{row.value} {values} of {label(figure.of)}: {shown}."
    if row.count == 1:
        return sentence(f"{what} of 1 run: {figure_of(figure.terms[0], row.value)} ({cite(_having(result))})")
    low, high = (f"{value(end, figure.of or '')} ({end['run_id']})" for end in _ends(result.rows, figure.of or ""))
    return sentence(f"{what} of {runs(row.count)}: {figure_of(figure.terms[0], row.value)}, from {low} to {high}")


def _having(result: Result) -> list[Row]:
    of = result.groups.figure.of if result.groups else None
    return [row for row in result.rows if of is None or value_of(row, of) is not None]


def _ends(rows: Sequence[Row], column: str) -> tuple[Row, Row]:
    known = sorted((row for row in rows if value_of(row, column) is not None), key=lambda row: value_of(row, column))
    return known[0], known[-1]


def _list(groups: Groups, rows: Sequence[GroupRow]) -> str:
    more = f" and {len(rows) - MOST} more" if len(rows) > MOST else ""
    parts = (f"{'' if row.key == ALL else printable(row.key) + ' '}{_row(groups, row)}" for row in rows[:MOST])
    return ("; " if groups.figure.also else ", ").join(parts) + more


def _row(groups: Groups, row: GroupRow) -> str:
    figure = groups.figure
    told = [figure_of(term, number) for term, number in zip(figure.terms, (row.value, *row.also), strict=True)]
    if figure.also:
        return ", ".join(told)
    if figure.how in SHARES:
        whole = (row.value or 0) * row.count / (100 if figure.how == "percent" else 1)
        return f"{told[0]} ({round(whole)} of {row.count})" if figure.part else f"{told[0]} ({row.count})"
    return told[0] if figure.of is None else f"{told[0]} ({runs(row.count)})"
