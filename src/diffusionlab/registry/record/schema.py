"""Between records and the Arrow rows of the `runs` table."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.record.columns import COLUMNS, METRIC_COLUMNS
from diffusionlab.registry.record.convert import local_path, path_text, plain
from diffusionlab.registry.record.describe import search_text
from diffusionlab.registry.record.run_record import RunRecord

if TYPE_CHECKING:
    import pyarrow as pa

# LanceDB reads the key from here; without it, two writers of one new key both insert it, in silence.
_PRIMARY_KEY = {b"lance-schema:unenforced-primary-key:position": b"1"}


@cache
def runs_schema() -> "pa.Schema":
    """The Arrow schema that this version writes: COLUMNS in order, `run_id` the primary key."""
    import pyarrow as pa

    types = {
        "text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "json": pa.string(),
        "time": pa.timestamp("us", "UTC"), "list": pa.list_(pa.string()),
    }  # fmt: skip
    return pa.schema(
        [
            pa.field(
                name,
                types[kind],
                nullable=name != "run_id",
                metadata=_PRIMARY_KEY if name == "run_id" else None,
            )
            for name, kind in COLUMNS.items()
        ]
    )


def to_table(records: Iterable[RunRecord]) -> "pa.Table":
    """Records as an Arrow table, a run id once: the last one given counts (LanceDB would keep both)."""
    import pyarrow as pa

    rows = {record.run_id: _to_row(record) for record in records}
    return pa.Table.from_pylist(list(rows.values()), schema=runs_schema())


def _to_row(record: RunRecord) -> dict[str, Any]:
    """One row. No facets means that none are known: null, so that "not conditional" does not claim it."""
    data = record.to_json()
    row: dict[str, Any] = {}
    for column, kind in COLUMNS.items():
        if column in METRIC_COLUMNS:
            row[column] = data["metrics"].get(column)
        elif column == "search_text":
            row[column] = _utf8(search_text(record))
        elif column == "path":
            row[column] = path_text(record.path) if record.path else record.path
        elif kind == "json":
            value = plain(record.extra) if column == "extra" else data[column]
            row[column] = to_json_text(value) if value else None
        elif kind == "time":
            row[column] = getattr(record, column)
        else:
            row[column] = _utf8(data[column])
    row["arch_tags"] = row["arch_tags"] or None
    return row


def to_json_text(value: Any) -> str:
    """JSON that UTF-8 can hold: a lone surrogate, such as a byte of a file name, stands in it as an escape."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _utf8(value: Any) -> Any:
    """A text, or the texts of a list, without what UTF-8 cannot hold."""
    if isinstance(value, list):
        return [_utf8(item) for item in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def to_record(row: Mapping[str, Any]) -> RunRecord:
    """The record of a decoded row; columns that an older table lacks stay unknown."""
    known = {f.name: row[f.name] for f in fields(RunRecord) if row.get(f.name) is not None}
    if "path" in known:
        known["path"] = local_path(known["path"])
    return RunRecord(**known)
