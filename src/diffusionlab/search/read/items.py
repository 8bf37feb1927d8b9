"""A question while it is cut into items: what a span of it means, and the filters that values become."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from diffusionlab.registry.filters.conditions import Compare, In, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.registry.record.columns import METRIC_COLUMNS
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.tokens import Token, tokenize


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


class Scan:
    """A rule gets it with a place among the tokens and returns the place after what it has read, or 0."""

    def __init__(self, raw: str, known: Known, now: datetime) -> None:
        self.raw, self.known, self.now = raw, known, now
        self.text = raw.lower()  # as long as `raw`
        self.tokens: list[Token] = tokenize(raw, known.is_run)
        self.items: list[Item] = []
        self.notes: list[str] = []

    def word(self, i: int) -> str:
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def words(self, first: int, after: int) -> str:
        """What was typed from token `first` up to `after`."""
        return self.raw[self.tokens[first].start : self.tokens[after - 1].end]

    def token_at(self, place: int) -> int:
        """The first token that starts at the place in the text, or after it."""
        return next((i for i, token in enumerate(self.tokens) if token.start >= place), len(self.tokens))

    def add(self, kind: str, payload: Any, first: int, after: int) -> int:
        start, end = self.tokens[first].start, self.tokens[after - 1].end
        self.items.append(Item(kind, payload, self.raw[start:end], start, end))
        return after

    def is_last(self, *kinds: str) -> bool:
        return bool(self.items) and self.items[-1].kind in kinds

    def after_comparison(self) -> bool:
        """Whether a number is due: after "below", "between" or a field."""
        for item in reversed(self.items):
            if item.kind in ("comparator", "between") or (
                item.kind == "field" and item.payload not in ("created_at", "modified_at")
            ):
                return True
            if item.kind not in ("filler", "carrier"):
                return False
        return False
