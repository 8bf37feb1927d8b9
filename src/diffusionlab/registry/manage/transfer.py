"""Runs in and out of the registry: JSON Lines both ways, CSV and Parquet out.

The format is one run a line with the record's fields, of which an import may call three by shorter names: `prediction`,
`params` and `size`. Unknown keys are kept, and come out as they went in.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from diffusionlab.registry.errors import MissingRegistry, RegistryError
from diffusionlab.registry.record.columns import ALIASES, KINDS
from diffusionlab.registry.record.derived import SOURCE, derive_facets
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.record.schema import to_json_text, to_table
from diffusionlab.registry.storage.table import BATCH, Registry

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
FORMATS = ("jsonl", "csv", "parquet")
_NOT_FACTS = {"run_id", "revision", "extra", "sources", "schema_version"}


def read_jsonl(file: Path, refused: Callable[[str], None] | None = None) -> list[RunRecord]:
    """The runs of a file of JSON Lines, or of one JSON array. One that is wrong is named to `refused` and skipped, or
    raises RegistryError.

    Each fact is marked as imported, unless the line brings its own `sources`, as an export does. Facets that a line
    does not bring are derived from its texts.
    """
    records = []
    for place, data in _entries(file.read_text(encoding="utf-8-sig", errors="replace")):
        try:
            if isinstance(data, Exception):
                raise data
            if not isinstance(data, dict):
                raise ValueError("not a JSON object")
            record = RunRecord.from_json({key: _meant(key, value) for key, value in data.items()})
        except (ValueError, RecursionError) as error:
            if refused is None:
                raise RegistryError(f"{file}, {place}: {error}") from None
            refused(f"{file}, {place}: {error}")
            continue
        if "sources" not in data:
            given = {ALIASES.get(key, key) for key, value in data.items() if value is not None}
            record.sources = {column: "import" for column in KINDS if column in given - _NOT_FACTS}
            _derive(record)
        records.append(record)
    return records


def _entries(text: str) -> Iterator[tuple[str, Any]]:
    """(where it stands, what it holds) of each run of a file; the error of what is no JSON."""
    if text.lstrip().startswith("[") and isinstance(array := _read(text), list) and array:
        yield from ((f"item {number}", item) for number, item in enumerate(array, 1))
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"line {number}", _read(line)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return error


def _derive(record: RunRecord) -> None:
    if not record.arch_tags and (facets := derive_facets(record.architecture, record.name, record.description)):
        record.arch_tags = facets
        record.sources["arch_tags"] = SOURCE


def _meant(key: str, value: Any) -> Any:
    """What people write for a value: "4.4KB" is a number of bytes, "None" and "missing" are nothing."""
    column = ALIASES.get(key, key)
    if not isinstance(value, str) or column not in KINDS or column in ("run_id", "name", "description", "notes"):
        return value
    if value.strip() in _NOTHING or (value.strip().lower() in _NOTHING and value.strip() != "none"):
        return None
    m = _SIZED.fullmatch(value.strip().replace(",", "")) if KINDS[column] in ("int", "float") else None
    return round(float(m[1]) * _SIZES[m[2].lower()], 6) if m else value


_NOTHING = ("None", "missing", "null", "n/a", "na", "nan", "unknown", "not available", "not specified", "-", "?", "")
_SIZES = {
    **{"k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12},
    **{"bytes": 1.0, "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30},
}
_SIZED = re.compile(rf"([\d.]+)\s*({'|'.join(sorted(_SIZES, key=len, reverse=True))})", re.IGNORECASE)


def import_fields() -> str:
    """The fields of an import line with what each holds, for the command's help."""
    names = [column for column in KINDS if column not in _OF_THE_LAB]
    width = max(map(len, names))
    also = {column: f" (or {key})" for key, column in ALIASES.items()}
    rows = [f"  {name:<{width}}  {_HOLDS[KINDS[name]]}{also.get(name, '')}" for name in names]
    return "\n".join(
        [
            "fields (all but run_id may be missing; further keys are kept):",
            *rows,
            "",
            "Sizes such as 4.4KB or 5M are numbers; None, missing and n/a are no value. Without arch_tags, facets are",
            "derived from architecture, name and description. A line that cannot be read is named and skipped.",
        ]
    )


_OF_THE_LAB = {"extra", "sources", "schema_version", "pid", "process_token", "heartbeat_at", "deleted_at"}
_HOLDS = {
    "text": "text",
    "time": "time, 2025-03-14T10:05:00Z or 2025-03-14",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "list": "list of texts",
    "json": "object",
}


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


def keep_user_edits(registry: Registry, records: list[RunRecord]) -> None:
    """Put into records that are imported again what a person has said here of their runs since."""
    try:
        known = {record.run_id: record for record in registry.records(deleted=None)}
    except MissingRegistry:
        return
    for record in records:
        if before := known.get(record.run_id):
            keep_edits(before, record)


def keep_edits(before: RunRecord, record: RunRecord) -> None:
    """Put into `record` what a person said of the run in `before`, and whether it was deleted."""
    record.deleted_at = before.deleted_at
    for column, source in before.sources.items():
        if source == "person":
            setattr(record, column, getattr(before, column))
            record.sources[column] = "person"


def _rows(registry: Registry) -> list[dict[str, Any]]:
    try:
        return registry.rows(columns=["run_id", "revision"], deleted=None)
    except MissingRegistry:
        return []


def export_runs(records: Iterable[RunRecord], out: IO[bytes], form: str) -> None:
    """Write runs as "jsonl", "csv" (metrics one column each, lists joined by `;`) or "parquet" (the table's types)."""
    if form == "jsonl":
        for record in records:
            out.write((to_json_text(to_export(record)) + "\n").encode())
    elif form == "csv":
        _write_csv([to_export(record) for record in records], out)
    else:
        import pyarrow.parquet

        table = to_table(records).drop_columns(["search_text"])
        pyarrow.parquet.write_table(table, out)


def to_export(record: RunRecord) -> dict[str, Any]:
    """A record under the names of its columns, unknown facts left out."""
    known = {key: value for key, value in record.to_json().items() if key not in record.extra}
    return {key: value for key, value in known.items() if value is not None and value not in ([], {})} | record.extra


def _write_csv(rows: list[dict[str, Any]], out: IO[bytes]) -> None:
    flat = [{guarded(key): guarded(value) for key, value in _flatten(row).items()} for row in rows]
    columns = list(dict.fromkeys(key for row in flat for key in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(flat)
    out.write(text.getvalue().encode("utf-8", "backslashreplace"))


def guarded(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula, with an apostrophe before it, which makes it a text again."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


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
