"""The `runs` table: upserts that never double a run, reads that always see the newest rows."""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.errors import RegistryError, reason
from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import Filter
from diffusionlab.registry.record.columns import COLUMNS
from diffusionlab.registry.record.rows import ordered, to_rows
from diffusionlab.registry.record.run_record import RunRecord, utc_now
from diffusionlab.registry.record.schema import to_record, to_table
from diffusionlab.registry.storage.journal import Journal
from diffusionlab.registry.storage.lock import can_lock, locked
from diffusionlab.registry.storage.pending import Pending
from diffusionlab.registry.storage.reader import Reader
from diffusionlab.registry.storage.snapshot import Snapshot
from diffusionlab.registry.storage.store import Store, is_busy
from diffusionlab.registry.storage.upkeep import KEEP_VERSIONS, optimize

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "runs"
WRITES_BETWEEN_OPTIMIZE = 100
SECONDS_AT_REST = 1.0
SECONDS_FORGOTTEN = 60.0  # what has waited for longer waits for nobody
PATIENCE = 30.0  # seconds to wait for another writer
BATCH = 5000  # rows of one commit

NOT_OLDER = "target.revision IS NULL OR target.revision <= source.revision"
NEWER = "target.revision IS NULL OR target.revision < source.revision"
"""Which rows a record may replace, in LanceDB's words."""


def default_uri() -> str:
    """Environment DIFFUSIONLAB_REGISTRY, else ./registry."""
    return os.environ.get("DIFFUSIONLAB_REGISTRY") or "./registry"


class Registry:
    """The table of runs at `uri`: a folder, or what LanceDB takes (`s3://bucket/path`, `gs://...`).

    Nothing is opened or made before it is needed. Reading raises MissingRegistry or BrokenRegistry (both
    ValueErrors of one line).
    """

    def __init__(self, uri: str | os.PathLike[str] | None = None, table: str = TABLE) -> None:
        self.uri = str(uri) if uri is not None else default_uri()
        self._store = Store(self.uri, table)
        self.folder = self._store.folder
        self.journal = Journal(self.folder) if self.folder is not None else None
        self._pending, snapshot = None, None
        if self.folder is not None and self.journal is not None and can_lock():
            self._pending, snapshot = Pending(self.folder, self.journal), Snapshot(self.folder / f"{table}.arrow")
        self._reader = Reader(self._store, self._pending, snapshot)
        self._thread, self._held = threading.RLock(), 0

    # -- reading

    def rows(
        self,
        where: Filter | None = None,
        *,
        columns: Sequence[str] | None = None,
        order_by: str | None = None,
        descending: bool = False,
        limit: int | None = None,
        deleted: bool | None = False,
        now: datetime | None = None,
    ) -> list[dict[str, Any]]:
        """The rows that meet `where`, as dicts of decoded values, with the status as it is at `now`.

        `deleted`: False leaves deleted runs out, True gives only them, None gives both. `order_by` puts rows
        that lack the value last; rows that tie, and all rows without it, come in the order of their run ids.
        """
        wanted = list(columns) if columns is not None else list(COLUMNS)
        order = (order_by, descending, limit) if order_by else None
        found = self._reader.find(where, wanted, order, deleted, now or utc_now())
        return to_rows(ordered(found, order_by, descending)[:limit].select(wanted))

    def arrow(self, columns: Sequence[str], where: Filter | None = None, now: datetime | None = None) -> "pa.Table":
        """As `rows` without deleted ones, as an Arrow table in no order, JSON columns as text: quick for very many."""
        return self._reader.find(where, columns, None, False, now or utc_now()).select(columns)

    def get(self, run_id: str) -> RunRecord | None:
        """The record of exactly this id, deleted or not; None if missing."""
        rows = self.rows(Compare("run_id", "=", run_id), deleted=None)
        return to_record(rows[0]) if rows else None

    def records(self, where: Filter | None = None, *, deleted: bool | None = False) -> list[RunRecord]:
        return [to_record(row) for row in self.rows(where, deleted=deleted)]

    def count(self, where: Filter | None = None) -> int:
        """How many runs, deleted ones aside, meet `where`."""
        return self._reader.find(where, ["run_id"], None, False, utc_now()).num_rows

    def exists(self) -> bool:
        """Whether there is a table, readable or not, or a run that will soon be in one."""
        return self._store.exists() or bool(self._pending and self._pending.records())

    # -- writing

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Be the one writer; a writer that holds it already may take it again.

        A run folder's lock is taken before this one, never after. In an object store nothing is held: LanceDB sees to
        it, with more retries.
        """
        if self._pending is None or self.folder is None:
            yield
            return
        with self._thread, ExitStack() as stack:
            if not self._held:
                try:
                    self.folder.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(locked(self.folder, PATIENCE))
                except OSError as error:
                    raise self._unwritable(error) from error
            self._held += 1
            try:
                yield
            except OSError as error:
                raise self._unwritable(error) from error
            finally:
                self._held -= 1

    def announce(self, folder: Path) -> None:
        """Say that the `run.json` in a run folder, whose lock the caller holds, is about to be written.

        From here on every reader looks into it, and takes it for the row, until a writer has merged it.
        """
        if self._pending is not None:
            with self.holding():
                self._pending.announce({"folder": str(folder.absolute())})

    def settle(self, record: RunRecord, *, may_wait: bool = False) -> None:
        """After `announce`, the written `run.json` and the release of its lock: bring the row into the table, soon.

        The table takes about one such row a second by itself; what comes faster is merged by one commit. A row that
        may wait is left to whoever merges next, so that its writer need not import LanceDB.
        """
        if self._pending is None:
            self.upsert(record)
        elif self._pending.is_full() or not (may_wait or self._store.seconds_since_commit() <= SECONDS_AT_REST):
            self.flush()

    def flush(self) -> None:
        """Merge into the table what waits beside it."""
        self._store.prepare()
        with self.holding():
            _, version = self._merge([])
        self._optimize_now_and_then(version)

    def upsert(self, records: RunRecord | Iterable[RunRecord], where: str | None = NOT_OLDER) -> int:
        """Insert new runs and replace known ones; the table is made, or brought to this schema, where needed.

        `where` says which rows may be replaced; by default those that are not of a newer revision. Returns how many
        records were taken.
        """
        self._store.prepare()
        with self.holding():
            taken, version = self._merge(list(records) if not isinstance(records, RunRecord) else [records], where)
        self._optimize_now_and_then(version)
        return taken

    def keep(self, records: list[RunRecord]) -> None:
        """Insert or replace runs that have no run folder: the journal keeps them, whatever happens to the table."""
        with self.holding():
            if self.journal is None:
                self.upsert(records)
                return
            if self._pending is not None:
                self._pending.announce({"journal": self.journal.size()})
            self.journal.add(records)
            self.upsert([] if self._pending is not None else records)

    def remove(self, run_ids: Iterable[str]) -> None:
        """Take rows out for good (edits.delete only marks them), and out of the journal."""
        run_ids = tuple(run_ids)
        with self.holding():
            self._merge([])
            if self.journal is not None:
                self.journal.forget(run_ids)
            self._delete(run_ids)

    def replace_rows(self, records: list[RunRecord]) -> None:
        """Make these the only rows of their run ids, should there be several of one."""
        with self.holding():
            self._delete(record.run_id for record in records)
            self._merge_rows(records, None)

    def optimize(self, keep: timedelta = KEEP_VERSIONS) -> None:
        """Join the small files of many writes, and drop versions older than `keep`."""
        self.flush()
        self._store.retry(lambda: optimize(self._store.latest(), keep))  # not holding: writers need not wait for it
        self._reader.leave_snapshot()

    def statistics(self) -> dict[str, int]:
        """{"rows", "version", "fragments", "bytes", "columns"} of the table."""
        table = self._store.latest()
        stats = table.stats()
        return {
            "rows": table.count_rows(),
            "version": table.version,
            "fragments": stats["fragment_stats"]["num_fragments"],
            "bytes": stats["total_bytes"],
            "columns": len(table.schema.names),
        }

    # -- the file for quick readers, see snapshot.py

    def leave_snapshot(self) -> None:
        """Leave the rows of the table for readers to come, where it is ours to write to.

        What a writer that was killed left waiting is merged first.
        """
        since = self._pending.since() if self._pending is not None else None
        if since is not None and time.time() - since > SECONDS_FORGOTTEN:
            with suppress(RegistryError):  # then it goes on waiting, in view of all readers
                self.flush()
        self._reader.leave_snapshot()

    def remove_snapshot(self) -> None:
        """From here on the table itself is read, until its rows are left again."""
        self._reader.remove_snapshot()

    # -- how

    def _unwritable(self, error: OSError) -> RegistryError:
        return RegistryError(f"the registry at {self.uri} cannot be written: {reason(error)}")

    def _merge(self, records: list[RunRecord], where: str | None = NOT_OLDER) -> tuple[int, int]:
        """Bring what waits, and then these, into the table.

        Returns how many of `records` were taken, and the table's new version, 0 where there is nothing to do.
        """
        waiting, busy = self._pending.mergeable() if self._pending is not None else ([], [])
        _, version = self._merge_rows(waiting, NOT_OLDER)
        if self._pending is not None:
            self._pending.keep(busy)
        taken, newer = self._merge_rows(records, where)
        return taken, newer or version

    def _merge_rows(self, records: list[RunRecord], where: str | None) -> tuple[int, int]:
        taken = version = 0
        for start in range(0, len(records), BATCH):
            rows = to_table(records[start : start + BATCH])

            def merge(rows: "pa.Table" = rows) -> Any:
                # Through an index on the key LanceDB 0.40 no longer sees that another writer inserts the same new key.
                merging = self._store.for_writing().merge_insert("run_id").use_index(False)
                merging = merging.when_matched_update_all(where=where).when_not_matched_insert_all()
                return merging.execute(rows, timeout=timedelta(seconds=60))

            before = self._store.version()
            done = self._store.retry(merge)
            changed = done.num_inserted_rows + done.num_updated_rows
            if changed == rows.num_rows:
                self._reader.follow(before, done.version, rows)
            taken, version = taken + changed, done.version
        return taken, version

    def _delete(self, run_ids: Iterable[str]) -> None:
        condition = In("run_id", tuple(run_ids)).render()
        self._store.retry(lambda: self._store.latest().delete(condition))
        self.remove_snapshot()

    def _optimize_now_and_then(self, version: int) -> None:
        if version == 0 or version % WRITES_BETWEEN_OPTIMIZE:
            return
        left = self._reader.has_snapshot()
        try:
            optimize(self._store.latest())
        except (RuntimeError, OSError) as error:
            if not is_busy(error):
                raise
        if left:  # the rows are the same in another version
            self._reader.leave_snapshot()
