"""Runs in and out of the registry: JSON Lines both ways, CSV and Parquet out.

The import and export format is one run a line with the record's fields, of which three go by shorter names
there: `prediction`, `params` and `size`. Unknown keys are kept, and come out as they went in.
"""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from diffusionlab.registry.errors import MissingRegistry, RegistryError
from diffusionlab.registry.record.columns import ALIASES, KINDS
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.record.schema import to_table
from diffusionlab.registry.storage.table import BATCH, Registry

FORMATS = ("jsonl", "csv", "parquet")
_SHORT_NAMES = {column: key for key, column in ALIASES.items()}
_NOT_FACTS = {"run_id", "revision", "extra", "sources", "schema_version"}


def read_jsonl(file: Path) -> list[RunRecord]:
    """The runs of a JSON Lines file; RegistryError names the line that is wrong.

    Each fact is marked as imported, unless the line brings its own `sources`, as an export does.
    """
    records = []
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                data = json.loads(line)
                if not isinstance(data, dict):
                    raise ValueError("not a JSON object")
                record = RunRecord.from_json(data)
            except (ValueError, RecursionError) as error:
                raise RegistryError(f"{file}, line {number}: {error}") from None
            if "sources" not in data:
                given = {ALIASES.get(key, key) for key, value in data.items() if value is not None}
                record.sources = {column: "import" for column in KINDS if column in given - _NOT_FACTS}
            records.append(record)
    return records


def import_runs(registry: Registry, records: list[RunRecord]) -> None:
    """Put runs into the registry; a run id that it knows is replaced. All are kept in the journal first."""
    with registry.holding():
        known = {row["run_id"]: row["revision"] for row in _rows(registry)}
        for record in records:
            if record.run_id in known:
                record.revision = max(record.revision or 0, (known[record.run_id] or 0) + 1)
        registry.keep(records)
    if len(records) > BATCH:
        registry.optimize()


def _rows(registry: Registry) -> list[dict[str, Any]]:
    try:
        return registry.rows(columns=["run_id", "revision"], deleted=None)
    except MissingRegistry:
        return []


def export_runs(records: Iterable[RunRecord], out: IO[bytes], form: str) -> None:
    """Write runs as "jsonl", "csv" (metrics one column each, lists joined by `;`) or "parquet" (the table's types)."""
    if form == "jsonl":
        for record in records:
            out.write((json.dumps(to_export(record), ensure_ascii=False) + "\n").encode())
    elif form == "csv":
        _write_csv([to_export(record) for record in records], out)
    else:
        import pyarrow.parquet

        table = to_table(records).drop_columns(["search_text"])
        table = table.rename_columns([_SHORT_NAMES.get(name, name) for name in table.column_names])
        pyarrow.parquet.write_table(table, out)


def to_export(record: RunRecord) -> dict[str, Any]:
    """A record under the keys of the import format, unknown facts left out."""
    known = {_SHORT_NAMES.get(key, key): value for key, value in record.to_json().items() if key not in record.extra}
    return {key: value for key, value in known.items() if value is not None and value not in ([], {})} | record.extra


def _write_csv(rows: list[dict[str, Any]], out: IO[bytes]) -> None:
    flat = [_flatten(row) for row in rows]
    columns = list(dict.fromkeys(key for row in flat for key in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(flat)
    out.write(text.getvalue().encode())


def _flatten(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if key == "metrics":
            flat |= {f"metrics.{name}": number for name, number in value.items()}
        elif isinstance(value, list):
            flat[key] = ";".join(map(str, value))
        elif isinstance(value, dict):
            flat[key] = json.dumps(value, ensure_ascii=False)
        else:
            flat[key] = value
    return flat
