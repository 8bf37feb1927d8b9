"""`pending.jsonl` beside the table: rows that are written down and will soon be merged into the table.

A commit to the table costs more than all else that recording a run does, and the same for one row as for thirty.
So where commits follow each other closely a row is only added to this file; every reader lays it over the table,
and a writer that finds it full, or the table at rest, merges it. Writers hold the registry's lock. Readers need
none: they read this file first and the table after it, so that a row merged meanwhile is found twice, never not at all.
"""

from pathlib import Path

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.lines import append_lines, read_lines

PENDING = "pending.jsonl"
MOST_LINES = 32


class Pending:
    """The file in a registry's folder; of a run that is in it twice, the last line counts."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / PENDING
        self._known: tuple[object, list[RunRecord]] = (None, [])  # (state of the file, its records)

    def is_full(self) -> bool:
        return self._file.exists() and self._file.read_bytes().count(b"\n") >= MOST_LINES

    def add(self, record: RunRecord) -> None:
        append_lines(self._file, [record.to_json()], durable=False)

    def records(self) -> list[RunRecord]:
        """What waits, a run once. A line that was cut short is left out: its writer did not live to record the run."""
        try:
            stat = self._file.stat()
            state = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if self._known[0] != state:
                entries = [entry for _, entry in read_lines(self._file) if isinstance(entry, dict)]
                found = (RunRecord.from_json(entry) for entry in entries)
                self._known = (state, list({record.run_id: record for record in found}.values()))
        except FileNotFoundError:
            return []
        return self._known[1]

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)
