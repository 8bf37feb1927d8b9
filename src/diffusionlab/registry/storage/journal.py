"""`journal.jsonl` beside the table: the truth for runs that have no run folder, such as imported ones.

One record a line; of a run id the last line counts; a line with `"purged": true` takes the run out.
"""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from diffusionlab.atomic import replaced
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.lines import append_lines, parse_line, read_lines

JOURNAL = "journal.jsonl"


class Journal:
    """The file in a registry's folder, and a copy beside the folder. Whoever adds to it holds the registry's lock.

    The copy (`registry-journal.jsonl` beside `registry/`) is read if the folder was wiped.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / JOURNAL
        place = folder.absolute()
        self.copy = place.with_name(f"{place.name}-{JOURNAL}") if place.name else None

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
        file = self.file if self.file.exists() or self.copy is None else self.copy
        for number, data in read_lines(file, offset) if file.exists() else ():
            try:
                if isinstance(data, ValueError):
                    raise data
                record = RunRecord.from_json(data)
            except ValueError as error:
                problems.append(f"{file}, line {number}: {error}")
                continue
            if data.get("purged"):
                records.pop(record.run_id, None)
            else:
                records[record.run_id] = record
        return records, problems

    def set_aside_unreadable(self) -> Path | None:
        """Move the lines that cannot be read to a file of their own; returns it, None if there are none."""
        good: list[bytes] = []
        bad: list[bytes] = []
        for line in self.file.read_bytes().splitlines(keepends=True) if self.file.exists() else ():
            (good if _is_readable(line) else bad).append(line)
        if not bad:
            return None
        aside = self.file.with_name(f"{self.file.stem}-unreadable.jsonl")
        with aside.open("ab") as file:
            file.writelines(bad)
        with replaced(self.file) as temporary:
            temporary.write_bytes(b"".join(good))
        self._copy_whole()
        return aside

    def _append(self, entries: Iterable[dict[str, Any]]) -> None:
        if self.copy is not None and self.copy.exists() and not self.file.exists():
            shutil.copyfile(self.copy, self.file)  # the folder was wiped
        before, entries = self.size(), list(entries)
        append_lines(self.file, entries, durable=True)
        if self.copy is not None and self.copy.exists() and self.copy.stat().st_size == before:
            with suppress(OSError):  # the registry's own file has them; the next writer copies it anew
                append_lines(self.copy, entries, durable=True)
        else:
            self._copy_whole()

    def _copy_whole(self) -> None:
        if self.copy is not None:
            with suppress(OSError), replaced(self.copy) as temporary:  # a place beside the folder may be read-only
                shutil.copyfile(self.file, temporary)


def _is_readable(line: bytes) -> bool:
    try:
        entry = parse_line(line)
        return entry is None or bool(RunRecord.from_json(entry))
    except ValueError:
        return False
