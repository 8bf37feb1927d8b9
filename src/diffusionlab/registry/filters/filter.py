"""Typed filter expressions: the only way to a predicate.

An expression renders to a Lance predicate, evaluates in Python on a row, and is a mask on an Arrow table, with one
meaning: that of SQL's three values. A row that lacks a value meets neither a comparison with it nor the comparison's
negation (`fid < 20` and `not fid < 20` both leave out a run without a FID); only `IsNull` asks for the lack itself.

All three stay, by measurement on 100,000 rows (processor time, three conditions): the mask takes 2 ms, and a pyarrow
expression is no faster (1.5 against 1.2 ms for what it can say: no element of a list, no JSON, no word of a text).
The predicate takes 9 ms where reading the columns for a mask takes 46 ms, as after a change, when there is no snapshot.
`evaluate` is for single rows, and takes 160 ms after 450 ms for making them.

Columns come from a whitelist, values are typed by their column, quotes are doubled: no text of a user's
reaches the predicate as anything but a literal.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.literals import column_name
from diffusionlab.registry.record.columns import held_in
from diffusionlab.registry.record.json_texts import cut_to
from diffusionlab.registry.record.rows import to_rows

if TYPE_CHECKING:
    import pyarrow as pa

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

    def _condition(self) -> str:
        """The predicate of the leaf by itself; ValueError if Python or Arrow alone can decide it."""
        raise ValueError(f"{self.column} is worked out in Python: it has no predicate")

    def _predicate(self, negated: bool, guarded: bool) -> str:
        condition = f"(NOT {self._condition()})" if negated else self._condition()
        return f"({column_name(self.column)} IS NOT NULL AND {condition})" if guarded else condition

    def reads(self) -> set[str]:
        return {held_in(self.column)}

    def mask(self, table: "pa.Table") -> "pa.Array":
        import pyarrow as pa
        import pyarrow.compute as pc

        read = table.select(sorted(self.reads()))
        if read.num_columns != 1 or not pa.types.is_string(read.schema[0].type):
            return pa.array([self.evaluate(row) for row in to_rows(read)], pa.bool_())
        name = read.column_names[0]
        texts = read[name].combine_chunks()
        texts = cut_to(texts, self.column) if held_in(self.column) != self.column else texts
        encoded = texts.dictionary_encode()  # equal texts, JSON above all, are read once
        told = pa.array([self.evaluate(row) for row in to_rows(pa.table({name: encoded.dictionary}))], pa.bool_())
        lacking = pa.scalar(self.evaluate({name: None}), pa.bool_())
        return pc.if_else(pc.is_null(encoded.indices), lacking, told.take(encoded.indices))

    def leaves(self) -> Iterator["Leaf"]:
        yield self

    def replace(self, change: Callable[["Leaf"], Filter]) -> Filter:
        return change(self)


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


def split(condition: Filter, columns: Collection[str]) -> tuple[Filter, Filter]:
    """`condition` as two that hold together: what LanceDB can decide, given `columns`, and the rest, for Python."""
    if condition.columns() <= set(columns) and condition.depth <= NATIVE_DEPTH:
        return condition, EVERYTHING
    if isinstance(condition, And):
        pairs = [split(part, columns) for part in condition.parts]
        return And(*(native for native, _ in pairs)), And(*(rest for _, rest in pairs))
    return EVERYTHING, condition
