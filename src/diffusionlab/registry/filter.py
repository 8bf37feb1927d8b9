"""Typed filter expressions: the only way to a predicate.

An expression renders to a Lance predicate, evaluates in Python on a row, and is a mask on an Arrow table, with one
meaning: that of SQL's three values. A row that lacks a value meets neither a comparison with it nor the comparison's
negation (`fid < 20` and `not fid < 20` both leave out a run without a FID); only `IsNull` asks for the lack itself.

Columns come from a whitelist, values are typed by their column, quotes are doubled: no text of a user's
reaches the predicate as anything but a literal.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias

from diffusionlab.registry.columns import METRIC_COLUMNS, kind_of, to_time
from diffusionlab.registry.rows import to_rows

if TYPE_CHECKING:
    import pyarrow as pa

Value: TypeAlias = str | int | float | bool | datetime
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")


MAX_DEPTH = 100
NATIVE_DEPTH = 12
"""LanceDB's parser takes time exponential in nested parentheses, so deeper expressions are evaluated in Python."""


class Filter(ABC):
    """A condition on a row; combine with `&`, `|` and `~`. ValueError where they are nested past MAX_DEPTH."""

    depth: int = 0

    def render(self) -> str:
        """The Lance predicate, true for just the rows that `matches` is true for.

        Negations are moved down to the leaves, and leaves within an `or` ask for a value first: LanceDB's planner
        takes `a and not a` for false and `a or not a` for true, which of null neither is.
        ValueError for `metrics.NAME`, which is held in JSON (`split` sets it apart).
        """
        return self._predicate(negated=False, guarded=False)

    @abstractmethod
    def _predicate(self, negated: bool, guarded: bool) -> str: ...

    @abstractmethod
    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        """True, False or None (unknown) for a row as `Registry.rows` gives it."""

    @abstractmethod
    def mask(self, table: "pa.Table") -> "pa.Array":
        """True, false or null for each row of a table of the registry, as `evaluate` has it; needs what it `reads`."""

    @abstractmethod
    def leaves(self) -> Iterator["Leaf"]:
        """Its conditions on single columns."""

    @abstractmethod
    def replace(self, change: Callable[["Leaf"], "Filter"]) -> "Filter":
        """The same expression with every leaf put through `change`."""

    def matches(self, row: Mapping[str, Any]) -> bool:
        return self.evaluate(row) is True

    def columns(self) -> set[str]:
        return {leaf.column for leaf in self.leaves()}

    def reads(self) -> set[str]:
        """The columns that `evaluate` looks at."""
        return {column for leaf in self.leaves() for column in leaf.reads()}

    def __and__(self, other: "Filter") -> "Filter":
        return And(self, other)

    def __or__(self, other: "Filter") -> "Filter":
        return Or(self, other)

    def __invert__(self) -> "Filter":
        return Not(self)


class Leaf(Filter):
    """A condition on one column."""

    column: str

    @abstractmethod
    def _condition(self) -> str:
        """The predicate of the leaf by itself."""

    def _predicate(self, negated: bool, guarded: bool) -> str:
        condition = f"(NOT {self._condition()})" if negated else self._condition()
        return f"({_name(self.column)} IS NOT NULL AND {condition})" if guarded else condition

    def reads(self) -> set[str]:
        return {"metrics" if self.column.startswith("metrics.") else self.column}

    def mask(self, table: "pa.Table") -> "pa.Array":
        import pyarrow as pa

        return pa.array([self.evaluate(row) for row in to_rows(table.select(sorted(self.reads())))], pa.bool_())

    def leaves(self) -> Iterator["Leaf"]:
        yield self

    def replace(self, change: Callable[["Leaf"], Filter]) -> Filter:
        return change(self)


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
        object.__setattr__(self, "value", _literal_value(self.column, self.value))

    def _condition(self) -> str:
        if kind_of(self.column) == "int" and not _is_int64(self.value):
            return self._render_beyond_integers()
        return f"({_name(self.column)} {'<>' if self.op == '!=' else self.op} {_literal(self.value)})"

    def _render_beyond_integers(self) -> str:
        """Against 128.5 or 1e30 every integer compares in one way; LanceDB would round, or fail."""
        value, name = self.value, _name(self.column)
        assert isinstance(value, int | float)
        if isinstance(value, float) and abs(value) < 2**53 and self.op not in ("=", "!="):
            return f"({name} <= {math.floor(value)})" if self.op in ("<", "<=") else f"({name} >= {math.ceil(value)})"
        holds = self.op == "!=" or ((self.op in ("<", "<=")) == (value > 0) and self.op != "=")
        return f"({name} = {name})" if holds else f"({name} <> {name})"  # of null neither is true nor false

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        cell = _cell(row, self.column)
        return None if cell is None else _COMPARE[self.op](cell, self.value)

    def mask(self, table: "pa.Table") -> "pa.Array":
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.column.startswith("metrics.") or (kind_of(self.column) == "int" and not _is_int64(self.value)):
            return super().mask(table)
        cells = _cells(table, self.column)
        return getattr(pc, _ARROW[self.op])(cells, pa.scalar(self.value, cells.type))


@dataclass(frozen=True)
class In(Leaf):
    """`column` is one of `values`; of none, where there are none."""

    column: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        _settle(self, "text", "int", "float", "bool", "time")
        object.__setattr__(self, "values", tuple(_literal_value(self.column, value) for value in self.values))

    def _as_or(self) -> Filter:
        return Or(*(Compare(self.column, "=", value) for value in self.values))

    def _condition(self) -> str:
        return f"({_name(self.column)} IN ({', '.join(map(_literal, self.values))}))"

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
        object.__setattr__(self, "value", _literal_value("name", self.value))

    def _condition(self) -> str:
        return f"array_has({_name(self.column)}, {_literal(self.value)})"

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        cell = _cell(row, self.column)
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
    """The row lacks a value for the column."""

    column: str

    def __post_init__(self) -> None:
        _settle(self, "text", "int", "float", "bool", "time", "list", "json")

    def _condition(self) -> str:
        return f"({_name(self.column)} IS NULL)"

    def _predicate(self, negated: bool, guarded: bool) -> str:
        return super()._predicate(negated, guarded=False)

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        return _cell(row, self.column) is None

    def mask(self, table: "pa.Table") -> "pa.Array":
        import pyarrow.compute as pc

        return super().mask(table) if self.column.startswith("metrics.") else pc.is_null(_cells(table, self.column))


def _depth_around(parts: tuple[Filter, ...]) -> int:
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise ValueError(f"the condition is nested more than {MAX_DEPTH} deep: write it with fewer parentheses")
    return depth


class _Many(Filter):
    parts: tuple[Filter, ...]

    def __init__(self, *parts: Filter) -> None:
        # `a and (b and c)` is `a and b and c`
        self.parts = tuple(inner for part in parts for inner in (part.parts if type(part) is type(self) else (part,)))
        self.depth = _depth_around(self.parts)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.parts == getattr(other, "parts", None)

    def __hash__(self) -> int:
        return hash((type(self), self.parts))

    def _joined(self, conjunction: bool, negated: bool, guarded: bool) -> str:
        if not self.parts:
            return "(true)" if conjunction else "(false)"
        parts = (part._predicate(negated, guarded or not conjunction) for part in self.parts)
        return f"({(' AND ' if conjunction else ' OR ').join(parts)})"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts))})"

    def _joined_mask(self, table: "pa.Table", conjunction: bool) -> "pa.Array":
        import pyarrow as pa
        import pyarrow.compute as pc

        masks = (part.mask(table) for part in self.parts)
        return reduce(pc.and_kleene if conjunction else pc.or_kleene, masks, pa.repeat(conjunction, table.num_rows))

    def leaves(self) -> Iterator[Leaf]:
        for part in self.parts:
            yield from part.leaves()

    def replace(self, change: Callable[[Leaf], Filter]) -> Filter:
        return type(self)(*(part.replace(change) for part in self.parts))


class And(_Many):
    """Every part holds; with no part, everything does."""

    def _predicate(self, negated: bool, guarded: bool) -> str:
        return self._joined(not negated, negated, guarded)

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        values = [part.evaluate(row) for part in self.parts]
        return False if False in values else None if None in values else True

    def mask(self, table: "pa.Table") -> "pa.Array":
        return self._joined_mask(table, True)


class Or(_Many):
    """Some part holds; with no part, nothing does."""

    def _predicate(self, negated: bool, guarded: bool) -> str:
        return self._joined(negated, negated, guarded)

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        values = [part.evaluate(row) for part in self.parts]
        return True if True in values else None if None in values else False

    def mask(self, table: "pa.Table") -> "pa.Array":
        return self._joined_mask(table, False)


@dataclass(frozen=True)
class Not(Filter):
    """The part is false: not merely unknown."""

    part: Filter

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", _depth_around((self.part,)))

    def _predicate(self, negated: bool, guarded: bool) -> str:
        return self.part._predicate(not negated, guarded)

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        value = self.part.evaluate(row)
        return None if value is None else not value

    def mask(self, table: "pa.Table") -> "pa.Array":
        import pyarrow.compute as pc

        return pc.invert(self.part.mask(table))

    def leaves(self) -> Iterator[Leaf]:
        return self.part.leaves()

    def replace(self, change: Callable[[Leaf], Filter]) -> Filter:
        return Not(self.part.replace(change))


EVERYTHING = And()
NOTHING = Or()


def between(column: str, start: Value, end: Value) -> Filter:
    """The half-open range `start <= column < end`, as dates need it."""
    return And(Compare(column, ">=", start), Compare(column, "<", end))


def split(condition: Filter, columns: Collection[str]) -> tuple[Filter, Filter]:
    """`condition` as two that hold together: what LanceDB can decide, given `columns`, and the rest, for Python."""
    if condition.columns() <= set(columns) and condition.depth <= NATIVE_DEPTH:
        return condition, EVERYTHING
    if isinstance(condition, And):
        pairs = [split(part, columns) for part in condition.parts]
        return And(*(native for native, _ in pairs)), And(*(rest for _, rest in pairs))
    return EVERYTHING, condition


_COMPARE = {
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


def _cell(row: Mapping[str, Any], column: str) -> Any:
    if column.startswith("metrics."):
        return (row.get("metrics") or {}).get(column.removeprefix("metrics."))
    return row.get(column)


def _literal_value(column: str, value: Value) -> Value:
    """`value` as the column's kind compares it; ValueError where it cannot be compared."""
    kind = kind_of(column)
    try:
        if kind == "time":
            return to_time(value)
        if kind == "bool" and isinstance(value, bool):
            return value
        if kind == "text" and isinstance(value, str):
            return value.encode("utf-8").decode("utf-8")
        if kind in ("int", "float") and isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value)
            if kind == "int" and number.is_integer():
                return int(value)
            if math.isfinite(number):
                return number + 0.0  # Arrow holds -0.0 for less than 0.0
    except (ValueError, TypeError, OverflowError):
        pass
    raise ValueError(f"{column} cannot be compared with {str(value)[:60]!r}: it holds {kind} values")


def _is_int64(value: Value) -> bool:
    return isinstance(value, int) and abs(value) < 2**63


def _name(column: str) -> str:
    if column.startswith("metrics."):
        raise ValueError(f"{column} has no column of its own, so no predicate: evaluate it in Python")
    return column


def _literal(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return f"TIMESTAMP '{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z'"
        case float():
            return repr(value)
    return str(value)
