"""`journal.jsonl` beside the table: the truth for runs that have no run folder, such as imported ones.

One record a line; of a run id the last line counts; a line with `"purged": true` takes the run out.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.lines import append_lines, read_lines

JOURNAL = "journal.jsonl"


class Journal:
    """The file in a registry's folder. Whoever adds to it holds the registry's lock."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / JOURNAL

    def size(self) -> int:
        """Bytes so far."""
        return self.file.stat().st_size if self.file.exists() else 0

    def add(self, records: Iterable[RunRecord]) -> None:
        self._append(record.to_json() for record in records)

    def forget(self, run_ids: Iterable[str]) -> None:
        self._append({"run_id": run_id, "purged": True} for run_id in run_ids)

    def read(self, offset: int = 0) -> tuple[dict[str, RunRecord], list[str]]:
        """The records by run id, of the lines from byte `offset` on, and one line for each that cannot be read."""
        records: dict[str, RunRecord] = {}
        problems = []
        for number, data in read_lines(self.file, offset) if self.file.exists() else ():
            try:
                if isinstance(data, ValueError):
                    raise data
                record = RunRecord.from_json(data)
            except ValueError as error:
                problems.append(f"{self.file}, line {number}: {error}")
                continue
            if data.get("purged"):
                records.pop(record.run_id, None)
            else:
                records[record.run_id] = record
        return records, problems

    def _append(self, entries: Iterable[dict[str, Any]]) -> None:
        append_lines(self.file, entries, durable=True)
