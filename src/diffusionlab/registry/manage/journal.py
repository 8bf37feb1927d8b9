"""`journal.jsonl` beside the table: the truth for runs that have no run folder, such as imported ones.

One record a line, the last line of a run id counts; a line with `"purged": true` takes the run out.
"""

from collections.abc import Iterable
from typing import Any

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.lines import append_lines, read_lines
from diffusionlab.registry.storage.lock import locked
from diffusionlab.registry.storage.table import Registry

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
    for number, data in read_lines(registry.folder / JOURNAL):
        try:
            if isinstance(data, ValueError):
                raise data
            record = RunRecord.from_json(data)
        except ValueError as error:
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
    registry.folder.mkdir(parents=True, exist_ok=True)
    with locked(registry.folder):
        append_lines(registry.folder / JOURNAL, entries, durable=True)
