"""Runs beside an average: "better than average", "above the median val loss", "larger than the average DiT".

A figure is compared with the average of the runs with which it compares: a FID with those on the same data set. Where
the runs are named that the average is of ("the mean FID on MNIST"), it is of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from diffusionlab.registry.filters.conditions import Compare, IsNull
from diffusionlab.registry.filters.filter import NOTHING, And, Filter, Or
from diffusionlab.registry.record.columns import MEASURES, compares_within, label
from diffusionlab.search.ask.rules.fields import COMPARATIVES
from diffusionlab.search.ask.rules.reading import Reading, directed, is_numeric
from diffusionlab.search.ask.rules.relative import meant
from diffusionlab.search.query.where_text import format_where

_AVERAGES = ("mean", "median")
_BEFORE = ("filler", "than", "noun")
_OF = ("of", "on", "for", "among", "in", "all", "the", "with", "using")
_ITSELF = ("all", "overall", "a", "an")
_LITERAL = {">": "best", ">=": "best=", "<": "worst", "<=": "worst="}
"""Of no figure that is named: "above average" is better than it."""


@dataclass
class _Average:
    """What is said: the operator on which column, the average, of which runs, and the index after all of it."""

    operator: str
    column: str | None = None
    place: int = 0
    scope: list[Filter] = field(default_factory=list)
    after: int = 0


def against_average(r: Reading, i: int) -> int:
    """COMPARATOR [FIELD] [CONDITION] AVERAGE [FIELD] [of CONDITION], LOWER FIELD than AVERAGE."""
    found = _compared(r, i)
    if found is None or any(item.kind == "how" for item in r.out):  # "a mean FID above the mean" is of groups
        return 0
    _of_which_runs(r, found)
    if found.column is None and r.field is None and (column := meant(r, i)) == MEASURES[0]:
        found.operator, found.column = _LITERAL.get(found.operator, found.operator), column
    column, how = found.column or r.field or meant(r, i), str(r.items[found.place].payload)
    if not is_numeric(column):
        return 0
    condition = bounded(r, Compare(column, directed(found.operator, column), 0.0), how, found.scope)
    if condition is NOTHING:
        r.notes.append(f"no run has a recorded {label(column)} to take the {how} of")
    alike = " and ".join(map(label, compared_within(r, column)))
    among = "of all runs"
    if found.scope:
        among = f"of the runs with {format_where(And(*found.scope), r.known)}" + (
            f" and the same {alike}" if alike else ""
        )
    elif alike:
        among = f"of the runs with the same {alike}"
    r.notes.append(f'"{r.words(found.place)}" is read as the {how} {label(column)} {among}')
    return r.looked_at(i, r.emit(i, found.after, column, condition))


def _compared(r: Reading, i: int) -> _Average | None:
    """What stands up to the word for the average."""
    operator, j = "", i + 1
    if r.words(i) in ("beat", "beats", "beating"):
        operator = "best"
    elif r.kind(i) == "comparator" and r.items[i].payload in ("<", "<=", ">", ">=", "best", "worst", "best=", "worst="):
        operator = str(r.items[i].payload)
    elif r.kind(i) in ("filler", "comparative") and r.kind(r.skip(i + 1)) == "field":
        operator = COMPARATIVES.get(r.words(i), "")
    found = _Average(operator)
    while operator and j - i < 8 and r.kind(j) in (*_BEFORE, "field", "condition"):
        if r.kind(j) == "condition":
            found.scope.append(r.items[j].payload.filter)
        elif r.kind(j) == "field":
            found.column = str(r.items[j].payload)
        j += 1
    found.place, found.after = j, j + 1
    average = r.kind(j) == "how" and r.items[j].payload in _AVERAGES
    return found if operator and average else None


def _of_which_runs(r: Reading, found: _Average) -> None:
    """ "(Above the average) FID", "(than the median) DiT", "(below the mean) of all MNIST runs"."""
    k = r.skip(found.after, 2, ("filler",)) if r.words(found.after) != "of" else found.after
    if r.kind(k) == "field" and found.column in (None, r.items[k].payload):
        found.column, found.after = str(r.items[k].payload), k + 1
    # "above-average batch size on MNIST", "larger than average U-Nets": those runs are asked for, too
    j, both = found.after, r.kind(found.after) == "carrier" or r.words(found.place - 1) not in ("the", *_ITSELF)
    while r.words(j) in _OF or r.kind(j) in ("noun", "condition"):
        if r.kind(j) == "condition":
            found.scope.append(r.items[j].payload.filter)
        if r.kind(j) in ("noun", "condition") and not both:
            found.after = j + 1
        j += 1


def compared_within(r: Reading, column: str) -> list[str]:
    return [name for name in compares_within(column) if r.known.values[name]]


def bounded(r: Reading, compared: Compare, how: str, scope: Sequence[Filter]) -> Filter:
    """What is compared with the figure of each group of runs that compare: `how` is "mean", "median", "min", "max"."""
    within, parts = compared_within(r, compared.column), list[Filter]()
    for *keys, value in r.known.averages(compared.column, how, within, scope):
        among = [_equal(name, key) for name, key in zip(within, keys, strict=True)]
        bound = Compare(compared.column, compared.op, float(f"{value:.6g}"))
        parts.append(And(*among, bound) if among else bound)
    return Or(*parts) if len(parts) > 1 else parts[0] if parts else NOTHING


def _equal(column: str, value: Any) -> Filter:
    return IsNull(column) if value is None else Compare(column, "=", value)
