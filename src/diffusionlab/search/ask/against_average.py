"""Runs beside the average of all: "better than average", "above the median val loss", "larger than the average model".

A figure is compared with the average of the runs with which it compares: a FID with those on the same data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diffusionlab.registry.filters.conditions import Compare, IsNull
from diffusionlab.registry.filters.filter import NOTHING, And, Filter, Or
from diffusionlab.registry.record.columns import MEASURES, compares_within, label
from diffusionlab.search.ask.reading import Reading, directed, is_numeric
from diffusionlab.search.ask.relative import Relation, comparative, comparator, meant

_AVERAGES = ("mean", "median")
_LITERAL = {">": "best", ">=": "best=", "<": "worst", "<=": "worst="}
"""Of no figure that is named: "above average" is better than it."""


def against_average(r: Reading, i: int) -> int:
    """COMPARATOR [FIELD] AVERAGE [FIELD], LOWER FIELD than AVERAGE."""
    found = comparator(r, i, "how") or comparative(r, i, "how")
    if found is None or r.items[found[2]].payload not in _AVERAGES:
        return 0
    operator, column, after = _said(r, i, found)
    if not is_numeric(column):
        return 0
    how, within = r.items[found[2]].payload, [name for name in compares_within(column) if r.known.values[name]]
    condition = _condition(r, Compare(column, directed(operator, column), 0.0), how, within)
    if condition is NOTHING:
        r.notes.append(f"no run has a recorded {label(column)} to take the {how} of")
    among = f" of the runs with the same {' and '.join(map(label, within))}" if within else ""
    r.notes.append(f'"{r.words(found[2])}" is read as the {how} {label(column)}{among}')
    return r.looked_at(i, r.emit(i, after, column, condition))


def _said(r: Reading, i: int, found: Relation) -> tuple[str, str, int]:
    """(operator, column, index after all of it)."""
    operator, column, _, after = found
    k = r.skip(after, 2, ("filler",))
    if column is None and r.kind(k) == "field":  # "above the average FID"
        return operator, str(r.items[k].payload), k + 1
    after += r.kind(after) == "noun"  # "the average run"
    if column is None and r.field is None and (column := meant(r, i)) == MEASURES[0]:
        operator = _LITERAL.get(operator, operator)
    return operator, str(column or r.field), after


def _condition(r: Reading, compared: Compare, how: str, within: Sequence[str]) -> Filter:
    """What is compared with the average of each group of runs that compare."""
    parts: list[Filter] = []
    for *keys, value in r.known.averages(compared.column, how, within):
        among = [_equal(name, key) for name, key in zip(within, keys, strict=True)]
        bound = Compare(compared.column, compared.op, float(f"{value:.6g}"))
        parts.append(And(*among, bound) if among else bound)
    return Or(*parts) if len(parts) > 1 else parts[0] if parts else NOTHING


def _equal(column: str, value: Any) -> Filter:
    return IsNull(column) if value is None else Compare(column, "=", value)
