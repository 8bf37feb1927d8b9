"""`pending.jsonl` beside the table: where the truth may be newer than the table.

Before a `run.json` is written its folder is named here, and before the journal grows its size is. So whatever happens
to the writer, every reader knows where to look: it reads the truth in those places and lays it over the table. A
writer that finds the file full, or the table at rest, merges what the places hold into the table and clears them.

Naming a place first also makes recording cheap: a commit to the table costs more than all else that recording does,
and the same for one row as for thirty. A training that starts only names its folder: LanceDB, which takes a second to
import, is left to its first minute's end.

Writers hold the registry's lock, within that of the run folder. Readers need none: they read this file first and
the table after it, so that a row merged meanwhile is found twice, never not at all.
"""

import logging
import os
from pathlib import Path
from typing import Any

from diffusionlab.atomic import replaced
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record
from diffusionlab.registry.storage.journal import Journal
from diffusionlab.registry.storage.lines import append_lines, read_lines, to_lines
from diffusionlab.registry.storage.lock import is_locked

log = logging.getLogger(__name__)

PENDING = "pending.jsonl"
MOST_LINES = 32

Place = dict[str, Any]
"""{"folder": run folder}, or {"journal": byte from which on its lines may not be in the table}."""


class Pending:
    """The file in a registry's folder."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._file, self._journal = folder / PENDING, journal
        self._known: tuple[object, list[RunRecord]] = (None, [])  # (state of all files, their records)

    def is_full(self) -> bool:
        return len(self.places()) >= MOST_LINES

    def since(self) -> float | None:
        """When a place was last named, in seconds since the epoch; None if there is none."""
        try:
            return self._file.stat().st_mtime
        except OSError:
            return None

    def announce(self, place: Place) -> None:
        """Name a place whose truth is about to change."""
        if place not in self.places():
            append_lines(self._file, [self._entry(place)], durable=False)

    def places(self) -> list[Place]:
        """What is named, in order; lines that were cut short or that another version wrote name nothing."""
        try:
            entries = [entry for _, entry in read_lines(self._file) if isinstance(entry, dict)]
        except FileNotFoundError:
            return []
        found: list[Place] = []
        for entry in entries:
            folder, offset = entry.get("folder", entry.get("path")), entry.get("journal")
            if isinstance(folder, str) and os.path.isabs(folder):
                found.append({"folder": self._where_it_is(folder, entry.get("from_here"))})
            elif type(offset) is int and offset >= 0:
                found.append({"journal": offset})
        return [place for number, place in enumerate(found) if place not in found[:number]]

    def records(self) -> list[RunRecord]:
        """What the places hold now, a run once; what cannot be read is left out, with a warning that names it."""
        places = self.places()
        state = [(place, *_state(self._file_of(place))) for place in places]
        if self._known[0] != state:
            self._known = (state, self._read(places))
        return self._known[1]

    def mergeable(self) -> tuple[list[RunRecord], list[Place]]:
        """Their records, for the table, and the places to keep: those that another process is just writing to."""
        places = self.places()
        kept = [place for place in places if "folder" in place and is_locked(Path(place["folder"]))]
        return self._read([place for place in places if place not in kept]), kept

    def keep(self, places: list[Place]) -> None:
        """Forget all other places."""
        if not places:
            self._file.unlink(missing_ok=True)
        elif places != self.places():
            with replaced(self._file) as temporary:
                temporary.write_bytes(to_lines(map(self._entry, places)))

    def _entry(self, place: Place) -> Place:
        """The line that names a place: of a folder also the way there, should both be moved."""
        here = self._file.parent.absolute()
        return place | {"from_here": os.path.relpath(place["folder"], here)} if "folder" in place else place

    def _where_it_is(self, folder: str, from_here: object) -> str:
        if os.path.isdir(folder) or not isinstance(from_here, str):
            return folder
        return os.path.normpath(self._file.parent.absolute() / from_here)

    def _file_of(self, place: Place) -> Path:
        return Path(place["folder"], RECORD_FILE) if "folder" in place else self._journal.file

    def _read(self, places: list[Place]) -> list[RunRecord]:
        found: dict[str, RunRecord] = {}
        for place in places:
            if "journal" in place:
                records, problems = self._journal.read(place["journal"])
                for problem in problems:
                    log.warning("%s", problem)
                found |= records
                continue
            try:
                record = read_record(place["folder"])
            except FileNotFoundError:  # its writer was killed before, or the folder is gone
                continue
            except (OSError, ValueError) as error:
                log.warning("%s", error)
                continue
            record.path = place["folder"]
            found[record.run_id] = record
        return list(found.values())


def _state(file: Path) -> tuple[int, ...]:
    try:
        stat = file.stat()
    except OSError:
        return ()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
