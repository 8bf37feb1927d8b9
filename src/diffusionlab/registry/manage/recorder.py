"""What a training calls to be remembered: it writes `run.json`, then the registry's row, and never stops a training."""

import logging
import os
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from diffusionlab.atomic import leftovers
from diffusionlab.registry.errors import RegistryError, reason
from diffusionlab.registry.manage.unrecorded import enter_neighbours, mark, unmark
from diffusionlab.registry.manage.write import write_run
from diffusionlab.registry.record.columns import KINDS
from diffusionlab.registry.record.convert import convert
from diffusionlab.registry.record.describe import describe
from diffusionlab.registry.record.liveness import process_token
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record, utc_now
from diffusionlab.registry.storage.table import Registry

log = logging.getLogger(__name__)

SECONDS_BETWEEN_BEATS = 60.0
SECONDS_BEFORE_RETRY = 600.0  # after a failure, so that a registry that hangs costs a training little


class RunRecorder:
    """Keeps one run's record while it trains; for rank 0 only.

    Each call writes `run.json` in the run folder, then the row. Trouble with either is one warning for the whole run,
    never an exception: a registry that cannot be written is tried again every ten minutes, at the end of the run,
    and by the next training beside it.
    What a person has said of the run meanwhile (tags, notes, name, deletion) is kept.
    """

    def __init__(self, uri: str | None, folder: Path | str, record: RunRecord) -> None:
        self.folder = Path(folder).absolute()
        self.record = record
        self.registry = Registry(uri)
        self._warned = False
        self._last_beat = float("-inf")
        self._has_stepped = False
        self._is_entered = True  # the record as it is now, in the table or announced to it
        self._registry_again_at = float("-inf")

    def start(self) -> None:
        """Write the run as running, here and now.

        A run that is taken up again keeps its date of creation, and until the first `beat` its evaluations.
        """
        now = utc_now()
        record = self.record
        self._guarded(self._make_folder)  # here alone: a folder that vanishes is not made anew
        record.created_at = self._created_before() or record.created_at or now
        record.status, record.reason = "running", None
        record.modified_at = record.heartbeat_at = now
        record.host, record.pid, record.process_token = socket.gethostname(), os.getpid(), process_token()
        record.path = str(self.folder)
        self.update()
        for file in (file for place, _, _ in os.walk(self.folder) for file in leftovers(Path(place))):
            self._guarded(partial(file.unlink, missing_ok=True))
        self._guarded(lambda: enter_neighbours(self.registry, self.folder))

    def beat(self) -> None:
        """Say that the run has made a step; call it as often as you like, it writes once a minute.

        The first one drops the evaluations: they are of weights that are no more.
        """
        outdated = not self._has_stepped and bool(self.record.evaluations)
        self._has_stepped = True
        if outdated:
            self.record.forget_evaluations()
        if outdated or time.monotonic() - self._last_beat >= SECONDS_BETWEEN_BEATS:
            self.record.heartbeat_at = utc_now()
            self._write()

    def update(self, **facts: Any) -> None:
        """Set fields of the record and write it; `metrics` and `sources` are added to those known, others replaced.

        Raises TypeError for a name that no field has, ValueError for a value that its column cannot hold.
        """
        for column, value in facts.items():
            if column not in KINDS:
                raise TypeError(f"RunRecord has no field {column!r}")
            converted = convert(column, value)
            if column in ("metrics", "sources"):
                converted = getattr(self.record, column) | (converted or {})
            setattr(self.record, column, converted)
        self.record.normalise()
        if not self.record.description or self.record.sources.get("description") == "generated":
            self.record.description = describe(self.record)
            self.record.sources["description"] = "generated"
        self.record.modified_at = self.record.heartbeat_at = utc_now()
        self._write()

    def finish(self, status: str, **facts: Any) -> None:
        """Write the end of the run: "finished", "failed" or "interrupted"; the registry is tried once more."""
        self._registry_again_at = float("-inf")
        self.update(status=status, **facts)

    @property
    def is_written(self) -> bool:
        """Whether `run.json` has the run's present status; it lacks it where the disk is full."""
        written = self._on_disk()
        return written is not None and written.status == self.record.status

    def close(self) -> None:
        """Bring the row into the table, should it still wait beside it, and leave all rows for the question that
        comes next; the last thing a training calls. A registry that was too busy for the end of the run is asked again.
        """
        if not self._is_entered:
            self._registry_again_at = float("-inf")
            self._write()
        self._guarded(self.registry.flush)
        self._guarded(self.registry.leave_snapshot)

    def _write(self) -> None:
        self._last_beat = time.monotonic()
        self._guarded(self._write_both)

    def _write_both(self) -> None:
        registry = self.registry if time.monotonic() >= self._registry_again_at else None
        self._is_entered = False
        try:
            # until the first step nothing imports LanceDB: the row is merged a minute later, or at the end
            starting = self.record.status == "running" and not self._has_stepped
            write_run(registry, self.folder, self._next_revision, may_wait=starting)
        except RegistryError:
            mark(self.folder, self.registry)
            raise
        if registry is not None:
            self._is_entered = True
            unmark(self.folder)

    def _make_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def _guarded(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:  # whatever LanceDB, an object store or a full disk may raise: training goes on
            self._registry_again_at = time.monotonic() + SECONDS_BEFORE_RETRY
            if not self._warned:
                self._warned = True
                late = (
                    "will be entered in the registry later" if isinstance(error, RegistryError) else "is not recorded"
                )
                log.warning("training goes on, but run %s %s: %s", self.record.run_id, late, reason(error))

    def _on_disk(self) -> RunRecord | None:
        if not (self.folder / RECORD_FILE).exists():
            return None
        try:
            record = read_record(self.folder)
        except ValueError as error:
            log.warning("%s; it is written anew", error)
            return None
        return record if record.run_id == self.record.run_id else None

    def _created_before(self) -> Any:
        before = self._on_disk()
        return before.created_at if before else None

    def _next_revision(self) -> RunRecord:
        """The record as it is to be written, with what a person has said of the run in `run.json` meanwhile."""
        before = self._on_disk()
        for column, source in (before.sources if before else {}).items():
            if source == "person" and column in KINDS:
                setattr(self.record, column, getattr(before, column))
                self.record.sources[column] = "person"
        self.record.revision = max(self.record.revision or 0, (before.revision if before else 0) or 0) + 1
        return self.record
