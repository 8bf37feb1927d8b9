"""Rows out of Arrow tables: JSON read, the status as it is now, unknown values last."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.record.columns import COLUMNS, held_in, value_of
from diffusionlab.registry.record.liveness import COLUMNS_NEEDED, actual_status, why_it_ended
from diffusionlab.registry.record.schema import runs_schema

if TYPE_CHECKING:
    import pyarrow as pa


def to_rows(table: "pa.Table") -> list[dict[str, Any]]:
    """The rows as dicts of decoded values: times in UTC, JSON columns read."""
    names = table.column_names
    cells = [_cells(table[name], COLUMNS.get(name)) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


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
    return None if cell is None else str(cell)


def complete(table: "pa.Table", columns: Collection[str]) -> "pa.Table":
    """With those of `columns` that it lacks: `metrics.NAME` out of the JSON, null for what an older version lacks."""
    import pyarrow as pa

    for name in columns:
        if name in table.column_names:
            continue
        held = held_in(name)
        if held != name and held in table.column_names:
            cells = [value_of({held: each}, name) for each in _cells(table[held], "json")]
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
