"""What a question is read as between words and conditions: items, and the filters that values become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diffusionlab.registry.filters.conditions import Compare, In, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.registry.record.columns import METRIC_COLUMNS
from diffusionlab.search.read.known import Known


@dataclass(frozen=True)
class Number:
    value: float
    column: str | None = None  # told by the unit
    step: float = 0.0  # weight of the last digit written, where a suffix rounds: 2.2M -> 0.1M
    typed: str = ""
    dim: bool = False  # 32x32

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", min(max(self.value, -1e300), 1e300))  # "1e400 billion" stays a number


@dataclass(frozen=True)
class Condition:
    """One condition. Values of a `single` category exclude each other, so that "and" between them means or."""

    category: str
    filter: Filter
    single: bool = False
    words: str = ""


@dataclass(frozen=True)
class Item:
    kind: str
    payload: Any
    words: str
    start: int  # place in the text
    end: int


def value_filter(column: str, values: tuple[str, ...], known: Known) -> Filter:
    """The column has one of the values; `gpu` is every GPU; a schedule "none" is also one that is not known."""
    if column == "hardware_kind" and values == ("gpu",):
        return any_gpu(known)
    if len(values) == 1:
        return Compare(column, "=", values[0])
    return In(column, values)


def missing_filter(column: str, known: Known) -> Filter:
    """The run lacks the column: null, or "none" where that is a value."""
    if column == "metrics":
        return And(*(IsNull(metric) for metric in METRIC_COLUMNS))
    if "none" in known.values.get(column, ()):
        return Or(IsNull(column), Compare(column, "=", "none"))
    return IsNull(column)


def any_gpu(known: Known) -> Filter:
    """Hardware that is known and is a GPU."""
    return Not(In("hardware_kind", known.not_gpus))
