"""The `runs` table: upserts that never double a run, reads that always see the newest rows."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.columns import COLUMNS
from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.filter import EVERYTHING, And, Compare, Filter, In, IsNull, Leaf, Not, Or, split
from diffusionlab.registry.liveness import COLUMNS_NEEDED
from diffusionlab.registry.pending import Pending
from diffusionlab.registry.record import RunRecord, can_lock, locked, utc_now
from diffusionlab.registry.rows import complete, matching, ordered, to_rows, with_actual_status
from diffusionlab.registry.schema import to_record, to_table
from diffusionlab.registry.store import Store, is_busy
from diffusionlab.registry.upkeep import KEEP_VERSIONS, optimize

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
        found = self._find(where, wanted, order, deleted, now or utc_now())
        return to_rows(ordered(found, order_by, descending)[:limit].select(wanted))

    def arrow(self, columns: Sequence[str], where: Filter | None = None, now: datetime | None = None) -> "pa.Table":
        """As `rows` without deleted ones, as an Arrow table in no order, JSON columns as text: quick for very many."""
        return self._find(where, columns, None, False, now or utc_now()).select(columns)

    def get(self, run_id: str) -> RunRecord | None:
        """The record of exactly this id, deleted or not; None where there is none."""
        rows = self.rows(Compare("run_id", "=", run_id), deleted=None)
        return to_record(rows[0]) if rows else None

    def records(self, where: Filter | None = None, *, deleted: bool | None = False) -> list[RunRecord]:
        return [to_record(row) for row in self.rows(where, deleted=deleted)]

    def count(self, where: Filter | None = None) -> int:
        """How many runs, deleted ones aside, meet `where`."""
        return self._find(where, ["run_id"], None, False, utc_now()).num_rows

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

    # -- how

    def _find(
        self,
        where: Filter | None,
        columns: Sequence[str],
        order: tuple[str, bool, int | None] | None,
        deleted: bool | None,
        now: datetime,
    ) -> "pa.Table":
        """Rows in no order with at least `columns`; where LanceDB can sort and cut, few more than `order` asks for."""
        condition = And() if where is None else And(where)
        if "status" in condition.columns():
            running = self._read(Compare("status", "=", "running"), COLUMNS_NEEDED, None, now)
            crashed = [row["run_id"] for row in to_rows(running) if row["status"] == "crashed"]
            condition = And(_with_actual_status(condition, tuple(crashed)))
        if deleted is None:
            return self._read(condition, columns, order, now)
        if deleted or order is not None:
            here = Not(IsNull("deleted_at")) if deleted else IsNull("deleted_at")
            return self._read(And(condition, here), columns, order, now)
        found = self._read(condition, [*columns, "deleted_at"], None, now)
        return found.filter(found["deleted_at"].is_null())  # quicker than by LanceDB, where nearly all rows stay

    def _read(
        self, condition: Filter, columns: Sequence[str], order: tuple[str, bool, int | None] | None, now: datetime
    ) -> "pa.Table":
        import pyarrow as pa

        waiting = self._waiting()  # before the table: see pending.py
        table = self._store.latest()
        present = set(table.schema.names)  # an older table lacks some: they read as null
        needed = {"run_id", *columns, *condition.reads(), *((order[0],) if order else ())}
        if "status" in needed:
            needed |= {*COLUMNS_NEEDED}
        stored = sorted({"metrics" if column.startswith("metrics.") else column for column in needed} & {*COLUMNS})
        merged = And(condition, Not(In("run_id", tuple(waiting["run_id"].to_pylist())))) if waiting else condition
        native, rest = split(merged, present)
        query = table.search().select([column for column in stored if column in present])
        query = query if native == EVERYTHING else query.where(native.render())
        if order and order[2] is not None and order[0] in present - {"status"} and rest == EVERYTHING:
            query = query.order_by(_ordering(order[0], order[1])).limit(order[2])
        found = matching(complete(self._store.readable(query.to_arrow), needed), rest)
        if waiting:
            over = matching(complete(waiting.select(stored), needed), condition)
            found = pa.concat_tables([found, over.select(found.column_names)], promote_options="permissive")
        return with_actual_status(found, now) if "status" in needed else found

    def _waiting(self) -> "pa.Table | None":
        records = self._pending.records() if self._pending is not None else []
        return to_table(records) if records else None

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


def _with_actual_status(condition: Filter, crashed: tuple[str, ...]) -> Filter:
    """Conditions on the stored status, such that the `crashed` ids count as crashed."""
    if not crashed:
        return condition
    among = In("run_id", crashed)

    def change(leaf: Leaf) -> Filter:
        if leaf.column != "status":
            return leaf
        met = leaf.matches({"status": "crashed"})
        return Or(leaf, among) if met else And(leaf, Not(among))

    return condition.replace(change)


def _ordering(column: str, descending: bool) -> list[Any]:
    from lancedb.query import ColumnOrdering

    by_id = ColumnOrdering(column_name="run_id")
    return [ColumnOrdering(column_name=column, ascending=not descending, nulls_first=False), by_id]
