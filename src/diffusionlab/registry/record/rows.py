"""Rows out of Arrow tables: JSON read, the status as it is now, unknown values last."""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.record.columns import COLUMNS, held_in, value_of
from diffusionlab.registry.record.json_texts import cut_to
from diffusionlab.registry.record.liveness import COLUMNS_NEEDED, actual_status, why_it_ended
from diffusionlab.registry.record.schema import runs_schema

if TYPE_CHECKING:
    import pyarrow as pa


def to_rows(table: "pa.Table") -> list[dict[str, Any]]:
    """The rows as dicts of decoded values: times in UTC, JSON columns read."""
    names = table.column_names
    cells = [_cells(table[name], COLUMNS.get(name)) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


class LazyRow(Mapping[str, Any]):
    """A row of `to_rows` that decodes a cell when it is first asked for: of very many rows few are shown.

    Rows are equal if they are of one run.
    """

    __slots__ = ("_columns", "_decoded", "_place")

    def __init__(self, columns: "dict[str, pa.Array]", place: int) -> None:
        self._columns, self._place = columns, place
        self._decoded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._decoded:
            cell = self._columns[name][self._place].as_py()
            self._decoded[name] = _object(cell) if COLUMNS.get(name) == "json" else cell
        return self._decoded[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self._columns else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and bool(self["run_id"] == other.get("run_id"))

    def __hash__(self) -> int:
        return hash(self["run_id"])


def lazy_rows(table: "pa.Table") -> list[LazyRow]:
    """The rows in the order of their run ids."""
    import pyarrow.compute as pc

    columns = {name: table[name].combine_chunks() for name in table.column_names}
    return [LazyRow(columns, place) for place in pc.sort_indices(columns["run_id"]).to_pylist()]


def _cells(column: "pa.ChunkedArray", kind: str | None) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return [_object(value) for value in values] if kind == "json" else values


def _object(text: str | None) -> dict[str, Any]:
    """A JSON cell; empty if there is none, or none that this version can read."""
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(cell: Any) -> str | None:
    """As Arrow can hold it: JSON may spell half of a surrogate pair, UTF-8 has none."""
    return None if cell is None else str(cell).encode("utf-8", "replace").decode()


def complete(table: "pa.Table", columns: Collection[str]) -> "pa.Table":
    """With those of `columns` that it lacks: `metrics.NAME` out of the JSON, null for what an older version lacks."""
    import pyarrow as pa

    for name in columns:
        if name in table.column_names:
            continue
        held = held_in(name)
        if held != name and held in table.column_names:
            texts = cut_to(table[held].combine_chunks(), name)
            cells = [value_of({held: each}, name) for each in _cells(texts, "json")]
            numeric = all(cell is None or isinstance(cell, int | float) for cell in cells)
            values = pa.array(
                [float(c) if c is not None else None for c in cells] if numeric else list(map(_text, cells))
            )
            values = values.cast(pa.float64() if numeric else pa.string())
        else:
            kind = runs_schema().field(name).type if name in COLUMNS else pa.null()
            values = pa.nulls(table.num_rows, kind)
        table = table.append_column(name, values)
    return table


def with_actual_status(table: "pa.Table", now: datetime) -> "pa.Table":
    """The status as it is at `now` in place of the stored one, and the reason of crashed runs; needs COLUMNS_NEEDED."""
    import pyarrow as pa
    import pyarrow.compute as pc

    stored = table["status"].combine_chunks()
    running = pc.fill_null(pc.equal(stored, "running"), False)
    rows = to_rows(table.select(COLUMNS_NEEDED).filter(running))
    if not rows:
        return table
    for column, worked_out in (("status", actual_status), ("reason", why_it_ended)):
        if column in table.column_names:
            values = pa.array([worked_out(row, now) for row in rows], pa.string())
            replaced = pc.replace_with_mask(table[column].combine_chunks(), running, values)
            table = table.set_column(table.column_names.index(column), column, replaced)
    return table


def ordered(table: "pa.Table", column: str | None, descending: bool) -> "pa.Table":
    """Sorted by a column, unknown values last; equals, and all rows without a column, by run id."""
    by_id = ("run_id", "ascending")
    return table.sort_by([(column, "descending" if descending else "ascending"), by_id] if column else [by_id])
