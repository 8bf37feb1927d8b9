"""Yes or no, and why; neither if it is not recorded or the figures do not compare."""

from __future__ import annotations

from collections.abc import Sequence

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.filters.filter import And, Filter
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import (
    MEASURES,
    compares_within,
    is_recorded,
    label,
    lower_is_better,
    value_of,
)
from diffusionlab.registry.record.comparable import basis_of
from diffusionlab.search.answer.result import Result, Row, agree, cite, difference, lack, listed, runs, value
from diffusionlab.search.query.query import Check, Comparison, Figure, Having

_BOUNDS = ("<", "<=", ">", ">=")
Verdict = tuple[bool | None, str]


def verdict(result: Result) -> Verdict:
    """The answer to a yes/no question, and its reason."""
    match result.query.ask:
        case Check(condition=None):
            return _whether_any(result)
        case Check():
            return _whether_all(result)
        case Comparison(better=bool()) if len(result.query.sides) == 2:
            return _whether_better(result)
        case Figure(by=(), having=Having() as having):
            figure = result.groups.rows[0].value if result.groups and result.groups.rows else None
            return having.meets(result.total if result.query.intent == "count" else figure), ""
        case Figure(whether=bool() as whether):
            return _whether_any_group(result, whether)
        case Figure(beside=str() as op):
            return _whether_higher(result, op)
    return None, ""


def _whether_any_group(result: Result, whether: bool) -> Verdict:
    """Whether there is a group that meets the bound, or, if not `whether`, none."""
    groups = result.groups
    if groups is None or not result.total:
        return None, "there is no such run"
    if groups.rows:
        return whether, ""
    if groups.without_figure:
        return None, lack(groups.without_value, groups.figure.of or "")
    return not whether, ""


def _whether_higher(result: Result, op: str) -> Verdict:
    """Whether the figure of the first side is higher (or lower) than that of the second, wherever both compare."""
    groups = result.groups
    if groups is None:
        return None, ""
    pairs = [rows for _, rows in groups.within] if groups.within else [groups.rows]
    both = [(rows[0].value, rows[1].value) for rows in pairs if len(rows) == 2]
    decided = {Having(op, other).meets(first) for first, other in both if first is not None and other is not None}
    if len(decided) > 1:
        return None, f"it depends on the {label(groups.mixed or '')}"
    return (decided.pop(), "") if decided else (None, "they have no figure in common")


def _whether_any(result: Result) -> Verdict:
    if result.rows:
        return True, ""
    if result.unknown:
        return None, f"it is not recorded for {runs(result.unknown)}"
    return False, ""


def _whether_all(result: Result) -> Verdict:
    ask = result.query.ask
    assert isinstance(ask, Check) and ask.condition is not None
    met = [(ask.condition.evaluate(row), row) for row in result.rows]
    if not met and result.unknown:
        return None, f"it is not recorded for {runs(result.unknown)} whether they are among those asked about"
    if not met:
        return None, "there is no such run"
    columns = ask.condition.columns()
    if result.query.order is not None and "run_id" in columns:  # whether this is the first of them, which a sentence
        return any(answer for answer, _ in met), ""  # about the first one tells
    if len(met) == 1 and met[0][0] is not None:
        (decided, row), *_ = met
        bound = {column: _bound(ask.condition, column, result.query.question) for column in columns}
        known = [column for column in sorted(columns) if _has(row, column)]
        has = [f"{label(column)} {value(row, column)}{bound[column]}" for column in known]
        return decided, f"{printable(row['run_id'])} has {listed(has)}" if has else ""
    if ask.most:
        return _whether_most([answer for answer, _ in met])
    if against := [row for answer, row in met if answer is False]:
        told = f"{len(against)} of {runs(len(met))} {agree(len(against), 'is', 'are')} not so, {cite(against)}"
        return False, told if len(met) > 1 else ""
    if undecided := [row for answer, row in met if answer is None]:
        return None, f"it is not recorded for {cite(undecided)}"
    return True, f"all {len(met)} of them" if len(met) > 1 else ""


def _bound(condition: Filter, column: str, question: str) -> str:
    """What the value had to be, if the question does not spell it: "twice the parameters of run-022"."""
    parts = condition.parts if isinstance(condition, And) else (condition,)
    bounds = [part for part in parts if isinstance(part, Compare) and part.column == column and part.op in _BOUNDS]
    told = [f"{part.op} {value({column: part.value}, column)}" for part in bounds]
    spelt = any(f"{part.value:g}" in question for part in bounds if isinstance(part.value, int | float))
    return f" (asked: {' and '.join(told)})" if told and not spelt else ""


def _has(row: Row, column: str) -> bool:
    """Whether there is something to say of a column: a setting that is 0 or off is."""
    return is_recorded(row, column) and value_of(row, column) not in ("", [])


def _whether_most(answers: Sequence[bool | None]) -> Verdict:
    yes, no = answers.count(True), answers.count(False)
    told = f"{yes} of {runs(yes + no)} {agree(yes, 'is', 'are')}"
    unknown = answers.count(None)
    told += f", and for {runs(unknown)} it is not recorded" if unknown else ""
    decided = yes > no + unknown or no >= yes + unknown
    return (yes > no, told) if decided else (None, told)


def _whether_better(result: Result) -> Verdict:
    """By the best run of each side, on the data sets and under the protocols that both have."""
    ask = result.query.ask
    assert isinstance(ask, Comparison)
    first, second = ([row for row in result.rows if side.condition.matches(row)] for side in ask.sides)
    names = [side.label for side in ask.sides]
    for column in [ask.by] if ask.by else MEASURES:
        pairs = _comparable(first, second, column)
        if pairs:
            return _decide(pairs, column, names, ask.better is True)
    if any(value_of(row, MEASURES[0]) is not None for row in first) and second:
        return None, "their figures are of different data sets or protocols, or one side has none"
    return None, "they have no figure in common"


def _comparable(first: Sequence[Row], second: Sequence[Row], column: str) -> list[tuple[str, Row, Row]]:
    """(data set, best of the first, best of the second) for each data set and protocol that both have figures of; of a
    setting, which compares anywhere, the best of all."""
    apart = "dataset" in compares_within(column)

    def best(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
        known = [row for row in rows if value_of(row, column) is not None]
        known.sort(key=lambda row: value_of(row, column), reverse=lower_is_better(column))
        places = [(str(row.get("dataset")) if apart else "", str(basis_of(row, column))) for row in known]
        return dict(zip(places, known, strict=True))  # the best comes last

    left, right = best(first), best(second)
    return [(key[0], left[key], right[key]) for key in sorted(left.keys() & right.keys())]


def _ids(a: Row, b: Row) -> tuple[str, str]:
    return a["run_id"], b["run_id"]


def _decide(pairs: list[tuple[str, Row, Row]], column: str, names: list[str], better: bool) -> Verdict:
    said, wins = [], set()
    for dataset, a, b in pairs:
        x, y = value_of(a, column), value_of(b, column)
        wins.add(None if x == y else (x < y) == lower_is_better(column))
        where = f" on {printable(dataset)}" if "dataset" in compares_within(column) and names != [*_ids(a, b)] else ""
        figures = [
            f"{value(row, column)} ({printable(name if name == run_id else f'{name}, {run_id}')})"
            for row, name, run_id in zip((a, b), names, _ids(a, b), strict=True)
        ]
        apart = f", a difference of {apart}" if (apart := difference(a, b, column)) else ""
        said.append(f"{label(column)} {figures[0]} against {figures[1]}{where}{apart}")
    because = "; ".join(said)
    if len(wins) > 1:
        return None, f"{because}: it depends on the data set"
    won = wins.pop()
    return (False, f"{because}: no difference") if won is None else (won == better, because)
