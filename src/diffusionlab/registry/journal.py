"""`journal.jsonl` beside the table: the truth for runs that have no run folder, such as imported ones.

One record a line, the last line of a run id counts; a line with `"purged": true` takes the run out. Lines are
only ever added, so a write cut short can spoil none but its own.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from diffusionlab.registry.record import RunRecord, locked
from diffusionlab.registry.table import Registry

JOURNAL = "journal.jsonl"


def add(registry: Registry, records: Iterable[RunRecord]) -> None:
    """Write records down before the table has them; nothing for an object store, whose table is all there is."""
    _append(registry, (record.to_json() for record in records))


def forget(registry: Registry, run_ids: Iterable[str]) -> None:
    _append(registry, ({"run_id": run_id, "purged": True} for run_id in run_ids))


def read(registry: Registry) -> tuple[dict[str, RunRecord], list[str]]:
    """The journal's records by run id, and one line for each entry that cannot be read."""
    if registry.folder is None or not (registry.folder / JOURNAL).exists():
        return {}, []
    records: dict[str, RunRecord] = {}
    problems = []
    with (registry.folder / JOURNAL).open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                data = json.loads(line)
                record = RunRecord.from_json(data)
            except (ValueError, AttributeError) as error:
                problems.append(f"{registry.folder / JOURNAL}, line {number}: {error}")
                continue
            if data.get("purged"):
                records.pop(record.run_id, None)
            else:
                records[record.run_id] = record
    return records, problems


def _append(registry: Registry, entries: Iterable[dict[str, Any]]) -> None:
    if registry.folder is None:
        return
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    registry.folder.mkdir(parents=True, exist_ok=True)
    with locked(registry.folder), (registry.folder / JOURNAL).open("a+b") as file:
        if file.tell() and _last_byte(registry.folder / JOURNAL) != b"\n":  # a writer was cut short here
            file.write(b"\n")
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
