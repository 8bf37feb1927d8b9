"""The `runs` table: upserts that never double a run, reads that always see the newest rows."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import Filter
from diffusionlab.registry.record.columns import COLUMNS
from diffusionlab.registry.record.rows import ordered, to_rows
from diffusionlab.registry.record.run_record import RunRecord, utc_now
from diffusionlab.registry.record.schema import to_record, to_table
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
PATIENCE = 30.0  # seconds to wait for another writer


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
        self._pending = Pending(self.folder) if self.folder is not None and can_lock() else None
        snapshot = Snapshot(self.folder / f"{table}.arrow") if self.folder is not None and can_lock() else None
        self._reader = Reader(self._store, self._pending, snapshot)

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
        """The record of exactly this id, deleted or not; None where there is none."""
        rows = self.rows(Compare("run_id", "=", run_id), deleted=None)
        return to_record(rows[0]) if rows else None

    def records(self, where: Filter | None = None, *, deleted: bool | None = False) -> list[RunRecord]:
        return [to_record(row) for row in self.rows(where, deleted=deleted)]

    def count(self, where: Filter | None = None) -> int:
        """How many runs, deleted ones aside, meet `where`."""
        return self._reader.find(where, ["run_id"], None, False, utc_now()).num_rows

    def exists(self) -> bool:
        """Whether there is a table, readable or not; one that is just being made, or never was finished, is none."""
        return self._store.exists()

    # -- writing

    def upsert(self, records: RunRecord | Iterable[RunRecord]) -> None:
        """Insert new runs and replace known ones; the table is made, or brought to this schema, where needed."""
        with self._writing():
            version = self._merge([records] if isinstance(records, RunRecord) else list(records))
        self._optimize_now_and_then(version)

    def upsert_soon(self, record: RunRecord) -> None:
        """As `upsert` to every reader of Registry; the table itself follows, as it takes one such row a second.

        For a run whose `run.json` is written: what waits may be lost in a power cut, and `rebuild` brings it back.
        """
        version = 0
        with self._writing():
            if self._pending is None or self._store.seconds_since_commit() > SECONDS_AT_REST or self._pending.is_full():
                version = self._merge([record])
            else:
                self._pending.add(record)
        self._optimize_now_and_then(version)

    def flush(self) -> None:
        """Merge into the table what waits beside it."""
        with self._writing():
            self._merge([])

    def remove(self, run_ids: Iterable[str]) -> None:
        """Take rows out for good (edits.delete only marks them)."""
        condition = In("run_id", tuple(run_ids)).render()
        with self._writing():
            self._merge([])
            self._store.retry(lambda: self._store.latest().delete(condition))
            self.remove_snapshot()

    def optimize(self, keep: timedelta = KEEP_VERSIONS) -> None:
        """Join the small files of many writes, and drop versions older than `keep`."""
        self.flush()
        self._store.retry(lambda: optimize(self._store.latest(), keep))

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
        """Leave the rows of the table for readers to come, where it is ours to write to."""
        self._reader.leave_snapshot()

    def remove_snapshot(self) -> None:
        """From here on the table itself is read, until its rows are left again."""
        self._reader.remove_snapshot()

    # -- how

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time; in an object store LanceDB sees to it, with more retries."""
        if self._pending is None or self.folder is None:
            yield
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder, PATIENCE):
                yield
        except OSError as error:
            raise RegistryError(f"the registry at {self.uri} cannot be written: {error}") from error

    def _merge(self, records: list[RunRecord]) -> int:
        """Bring what waits, and these, into the table; the version that this makes, 0 where there is nothing to do."""
        waiting = self._pending.records() if self._pending is not None else []
        rows = to_table([*waiting, *records])
        if not rows.num_rows:
            return 0

        def merge() -> int:
            table = self._store.for_writing()
            # Through an index on the key LanceDB 0.40 no longer sees that another writer inserts the same new key.
            merging = table.merge_insert("run_id").use_index(False)
            merging = merging.when_matched_update_all().when_not_matched_insert_all()
            return merging.execute(rows, timeout=timedelta(seconds=60)).version

        version = self._store.retry(merge)
        if self._pending is not None:
            self._pending.clear()
        return version

    def _optimize_now_and_then(self, version: int) -> None:
        if version == 0 or version % WRITES_BETWEEN_OPTIMIZE:
            return
        try:
            optimize(self._store.latest())
        except (RuntimeError, OSError) as error:
            if not is_busy(error):
                raise
