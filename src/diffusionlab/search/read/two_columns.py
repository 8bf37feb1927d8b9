"""A comparison of two columns of one run: "validation loss below training loss", "modified before created"."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diffusionlab.registry.filters.filter import Leaf
from diffusionlab.registry.record.columns import held_in, kind_of, value_of

_MEANS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_KINDS = {"int": "number", "float": "number", "time": "moment"}


def comparable_kind(column: str) -> str | None:
    """ "number" or "moment": columns of one kind compare with each other; None for all others."""
    return _KINDS.get(kind_of(column))


@dataclass(frozen=True)
class CompareColumns(Leaf):
    """`left op right`, both of the same run; unknown if it lacks one of them."""

    left: str
    op: str
    right: str

    @property
    def column(self) -> str:  # type: ignore[override]
        return f"{self.left} or {self.right}"  # no column of the table, so that the registry leaves it to Python

    def _condition(self) -> str:
        raise ValueError(f"{self.left} and {self.right} are compared in Python: there is no predicate")

    def reads(self) -> set[str]:
        return {held_in(self.left), held_in(self.right)}

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        left, right = value_of(row, self.left), value_of(row, self.right)
        if any(value is None or isinstance(value, bool | str | list | dict) for value in (left, right)):
            return None
        return bool(_MEANS[self.op](left, right))
