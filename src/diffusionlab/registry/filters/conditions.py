"""Conditions on one column: compare, one of, contains, is unknown."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.filter import And, Filter, Leaf, Or
from diffusionlab.registry.filters.literals import Value, column_name, is_int64, literal, literal_value
from diffusionlab.registry.record.columns import METRIC_COLUMNS, held_in, in_settings, is_recorded, kind_of, value_of

if TYPE_CHECKING:
    import pyarrow as pa

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class Compare(Leaf):
    """`column op value`; text compares exactly, numbers as numbers, times as moments (a naive one is UTC)."""

    column: str
    op: str
    value: Value

    def __post_init__(self) -> None:
        if self.op not in OPERATORS:
            raise ValueError(f"there is no comparison {self.op!r}: use one of {' '.join(OPERATORS)}")
        _settle(self, "text", "int", "float", "bool", "time")
        object.__setattr__(self, "value", literal_value(self.column, self.value))

    def _condition(self) -> str:
        if kind_of(self.column) == "int" and not is_int64(self.value):
            return self._render_beyond_integers()
        return f"({column_name(self.column)} {'<>' if self.op == '!=' else self.op} {literal(self.value)})"

    def _render_beyond_integers(self) -> str:
        """Against 128.5 or 1e30 every integer compares in one way; LanceDB would round, or fail."""
        value, name = self.value, column_name(self.column)
        assert isinstance(value, int | float)
        if isinstance(value, float) and abs(value) < 2**53 and self.op not in ("=", "!="):
            return f"({name} <= {math.floor(value)})" if self.op in ("<", "<=") else f"({name} >= {math.ceil(value)})"
        holds = self.op == "!=" or ((self.op in ("<", "<=")) == (value > 0) and self.op != "=")
        return f"({name} = {name})" if holds else f"({name} <> {name})"  # of null neither is true nor false

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        cell = value_of(row, self.column)
        if in_settings(self.column) and (isinstance(cell, bool) or not isinstance(cell, int | float)):
            # settings are of any type: one that is off, or a word, is no number, and that is known
            return (self.op == "!=") if is_recorded(row, self.column) else None
        return None if cell is None else COMPARE[self.op](cell, self.value)

    def mask(self, table: "pa.Table") -> "pa.Array":
        import pyarrow as pa
        import pyarrow.compute as pc

        if held_in(self.column) != self.column or (kind_of(self.column) == "int" and not is_int64(self.value)):
            return super().mask(table)
        cells = _cells(table, self.column)
        return getattr(pc, _ARROW[self.op])(cells, pa.scalar(self.value, cells.type))


@dataclass(frozen=True)
class In(Leaf):
    """`column` is one of `values`; false of all rows if there are no values."""

    column: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        _settle(self, "text", "int", "float", "bool", "time")
        object.__setattr__(self, "values", tuple(literal_value(self.column, value) for value in self.values))

    def _as_or(self) -> Filter:
        return Or(*(Compare(self.column, "=", value) for value in self.values))

    def _condition(self) -> str:
        return f"({column_name(self.column)} IN ({', '.join(map(literal, self.values))}))"

    def _predicate(self, negated: bool, guarded: bool) -> str:
        if self.values and all(isinstance(value, str) for value in self.values):
            return super()._predicate(negated, guarded)
        return self._as_or()._predicate(negated, guarded)

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        return self._as_or().evaluate(row)

    def mask(self, table: "pa.Table") -> "pa.Array":
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self.values or not all(isinstance(value, str) for value in self.values):
            return self._as_or().mask(table)
        cells = _cells(table, self.column)
        found = pc.is_in(cells, value_set=pa.array(self.values, cells.type))
        return pc.if_else(pc.is_valid(cells), found, None)


@dataclass(frozen=True)
class Contains(Leaf):
    """The list column (`arch_tags`, `tags`, `layers`) has this element."""

    column: str
    value: str

    def __post_init__(self) -> None:
        _settle(self, "list")
        object.__setattr__(self, "value", literal_value("name", self.value))

    def _condition(self) -> str:
        return f"array_has({column_name(self.column)}, {literal(self.value)})"

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        cell = value_of(row, self.column)
        return None if cell is None else self.value in cell

    def mask(self, table: "pa.Table") -> "pa.Array":
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = _cells(table, self.column)
        found = np.zeros(len(cells), bool)
        at = pc.list_parent_indices(cells).filter(pc.equal(pc.list_flatten(cells), self.value))
        found[at.to_numpy()] = True
        bits = pa.py_buffer(np.packbits(found, bitorder="little"))  # pa.array of it would import numpy.ma: 0.1 s
        return pc.if_else(pc.is_valid(cells), pa.Array.from_buffers(pa.bool_(), len(cells), [None, bits]), None)


@dataclass(frozen=True)
class IsNull(Leaf):
    """The row lacks a value for the column; a setting that is null is off, and no value that it lacks."""

    column: str

    def __post_init__(self) -> None:
        _settle(self, "text", "int", "float", "bool", "time", "list", "json")

    def _condition(self) -> str:
        return f"({column_name(self.column)} IS NULL)"

    def _predicate(self, negated: bool, guarded: bool) -> str:
        return super()._predicate(negated, guarded=False)

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        return not is_recorded(row, self.column)

    def mask(self, table: "pa.Table") -> "pa.Array":
        import pyarrow.compute as pc

        return super().mask(table) if held_in(self.column) != self.column else pc.is_null(_cells(table, self.column))


def between(column: str, start: Value, end: Value) -> Filter:
    """The half-open range `start <= column < end`, as dates need it."""
    return And(Compare(column, ">=", start), Compare(column, "<", end))


COMPARE = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip

_ARROW = {
    "=": "equal", "!=": "not_equal", "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal",
}  # fmt: skip


def _cells(table: "pa.Table", column: str) -> "pa.Array":
    return table[column].combine_chunks()


def _settle(leaf: Leaf, *kinds: str) -> None:
    """Check the column, and give `metrics.fid` the name of its own column."""
    metric = leaf.column.removeprefix("metrics.")
    if metric != leaf.column and metric in METRIC_COLUMNS:
        object.__setattr__(leaf, "column", metric)
    if (kind := kind_of(leaf.column)) not in kinds:
        raise ValueError(f"{leaf.column} holds {kind} values: {type(leaf).__name__} asks for {', '.join(kinds)}")
