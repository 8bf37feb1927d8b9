"""The `runs` table in LanceDB: upserts that never double a run, reads that always see the newest rows."""

import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from diffusionlab.registry.columns import COLUMNS
from diffusionlab.registry.errors import BrokenRegistry, MissingRegistry, RegistryError, reason
from diffusionlab.registry.filter import EVERYTHING, And, Compare, Filter, In, IsNull, Leaf, Not, Or, split
from diffusionlab.registry.liveness import COLUMNS_NEEDED, actual_status
from diffusionlab.registry.record import RunRecord, utc_now
from diffusionlab.registry.schema import decode, runs_schema, to_record, to_table
from diffusionlab.registry.upkeep import KEEP_VERSIONS, optimize

T = TypeVar("T")

TABLE = "runs"
WRITES_BETWEEN_OPTIMIZE = 100

_ATTEMPTS = 12  # with the pauses of _retry: about a minute
_BUSY = ("conflict", "too many concurrent", "retryable", "timed out", "timeout")


def default_uri() -> str:
    """Environment DIFFUSIONLAB_REGISTRY, else ./registry."""
    return os.environ.get("DIFFUSIONLAB_REGISTRY") or "./registry"


def local_folder(uri: str) -> Path | None:
    """The registry's folder, None where it lies in an object store (`s3://...`)."""
    uri = uri.removeprefix("file://")
    return None if "://" in uri else Path(uri).expanduser()


class Registry:
    """The table of runs at `uri`: a folder, or what LanceDB takes (`s3://bucket/path`, `gs://...`).

    Nothing is opened or made before it is needed. Reading raises MissingRegistry or BrokenRegistry (both
    ValueErrors of one line).
    """

    def __init__(self, uri: str | os.PathLike[str] | None = None, table: str = TABLE) -> None:
        self.uri = str(uri) if uri is not None else default_uri()
        self.folder = local_folder(self.uri)
        self.table = table
        self._opened: Any = None

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
        now = now or utc_now()
        wanted = list(columns) if columns is not None else list(COLUMNS)
        condition = self._condition(where, deleted, now)
        rows = self._read(condition, wanted, (order_by, descending, limit) if order_by else None, now)
        if order_by is None:
            rows.sort(key=lambda row: row["run_id"])
        else:
            _sort(rows, order_by, descending)
        rows = rows[:limit] if limit is not None else rows
        return [{column: row[column] for column in wanted} for row in rows]

    def get(self, run_id: str) -> RunRecord | None:
        """The record of exactly this id, deleted or not; None where there is none."""
        rows = self.rows(Compare("run_id", "=", run_id), deleted=None)
        return to_record(rows[0]) if rows else None

    def records(self, where: Filter | None = None, *, deleted: bool | None = False) -> list[RunRecord]:
        return [to_record(row) for row in self.rows(where, deleted=deleted)]

    def count(self, where: Filter | None = None) -> int:
        """How many runs, deleted ones aside, meet `where`."""
        condition = self._condition(where, False, utc_now())
        table = self._latest()
        native, rest = split(condition, table.schema.names)
        if rest != EVERYTHING:
            return len(self.rows(where, columns=["run_id"]))
        return self._readable(lambda: table.count_rows(native.render()))

    def exists(self) -> bool:
        """Whether there is a table, readable or not; one that is just being made, or never was finished, is none."""
        if self.folder is not None:
            return any((self.folder / f"{self.table}.lance" / "_versions").glob("*.manifest"))
        return self.table in self._connect().list_tables().tables

    # -- writing

    def upsert(self, records: RunRecord | Iterable[RunRecord]) -> None:
        """Insert new runs and replace known ones; the table is made, or brought to this schema, where needed."""
        rows = to_table([records] if isinstance(records, RunRecord) else records)
        if not rows.num_rows:
            return

        def merge() -> int:
            table = self._for_writing()
            # Through an index on the key LanceDB 0.40 no longer sees that another writer inserts the same new key.
            merging = table.merge_insert("run_id").use_index(False)
            merging = merging.when_matched_update_all().when_not_matched_insert_all()
            return merging.execute(rows, timeout=timedelta(seconds=60)).version

        if self._retry(merge) % WRITES_BETWEEN_OPTIMIZE == 0:
            self._optimize_unless_busy()

    def remove(self, run_ids: Iterable[str]) -> None:
        """Take rows out for good (edits.delete only marks them)."""
        condition = In("run_id", tuple(run_ids)).render()
        self._retry(lambda: self._latest().delete(condition))

    def optimize(self, keep: timedelta = KEEP_VERSIONS) -> None:
        """Join the small files of many writes, and drop versions older than `keep`."""
        self._retry(lambda: optimize(self._latest(), keep))

    def statistics(self) -> dict[str, int]:
        """{"rows", "version", "fragments", "bytes", "columns"} of the table."""
        table = self._latest()
        stats = table.stats()
        return {
            "rows": table.count_rows(),
            "version": table.version,
            "fragments": stats["fragment_stats"]["num_fragments"],
            "bytes": stats["total_bytes"],
            "columns": len(table.schema.names),
        }

    # -- the table itself

    def _condition(self, where: Filter | None, deleted: bool | None, now: datetime) -> Filter:
        parts = [] if where is None else [where]
        if deleted is not None:
            parts.append(Not(IsNull("deleted_at")) if deleted else IsNull("deleted_at"))
        condition = And(*parts)
        return _with_actual_status(condition, self._crashed(now)) if "status" in condition.columns() else condition

    def _read(
        self, condition: Filter, columns: Sequence[str], order: tuple[str, bool, int | None] | None, now: datetime
    ) -> list[dict[str, Any]]:
        """Decoded rows in no order, but where LanceDB can sort and cut, no more than `order` lets through."""
        table = self._latest()
        present = set(table.schema.names)  # an older table lacks some: they read as null
        native, rest = split(condition, present)
        needed = {"run_id", *columns, *rest.columns(), *((order[0],) if order else ())}
        if "status" in needed:
            needed |= {*COLUMNS_NEEDED}
        stored = {"metrics" if column.startswith("metrics.") else column for column in needed} & present
        query = table.search().where(native.render()).select(sorted(stored))
        if order and order[2] is not None and order[0] in present - {"status"} and rest == EVERYTHING:
            query = query.order_by(_ordering(order[0], order[1])).limit(order[2])
        rows = [self._row(row, needed) for row in self._readable(query.to_arrow).to_pylist()]
        rows = [row for row in rows if rest.matches(row)]
        if "status" in needed:
            for row in rows:
                row["status"] = actual_status(row, now)
        return rows

    def _readable(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (RuntimeError, OSError, ValueError) as error:
            raise BrokenRegistry(self.uri, error) from error

    @staticmethod
    def _row(stored: dict[str, Any], needed: set[str]) -> dict[str, Any]:
        row = decode(stored)
        metrics = row.get("metrics") or {}
        for column in needed - row.keys():
            row[column] = metrics.get(column.removeprefix("metrics.")) if column.startswith("metrics.") else None
        return row

    def _crashed(self, now: datetime) -> tuple[str, ...]:
        running = self._read(Compare("status", "=", "running"), COLUMNS_NEEDED, None, now)
        return tuple(row["run_id"] for row in running if row["status"] == "crashed")

    def _connect(self) -> Any:
        os.environ.setdefault("LANCE_LOG", "error")  # Lance warns on stderr of what is retried here
        import lancedb

        return lancedb.connect(str(self.folder or self.uri))

    def _latest(self) -> Any:
        if self.folder is not None and not self.exists():
            self._opened = None
            raise MissingRegistry(self.uri)
        try:
            if self._opened is None:
                self._opened = self._connect().open_table(self.table)
            else:
                self._opened.checkout_latest()
        except (RuntimeError, OSError, ValueError) as error:
            self._opened = None
            if "was not found" in str(error) and not self.exists():
                raise MissingRegistry(self.uri) from None
            raise BrokenRegistry(self.uri, error) from error
        return self._opened

    def _for_writing(self) -> Any:
        try:
            table = self._latest()
        except MissingRegistry:
            try:
                self._opened = table = self._connect().create_table(self.table, schema=runs_schema())
            except ValueError as error:
                if "already exists" not in str(error):
                    raise
                table = self._latest()
        present = set(table.schema.names)
        missing = [field for field in runs_schema() if field.name not in present]
        if missing:
            table.add_columns(missing)
        return table

    def _optimize_unless_busy(self) -> None:
        try:
            optimize(self._latest())
        except (RuntimeError, OSError) as error:
            if not _is_busy(error):
                raise

    def _retry(self, action: Callable[[], T]) -> T:
        for attempt in range(_ATTEMPTS):
            try:
                return action()
            except (RuntimeError, OSError) as error:
                if not _is_busy(error):
                    raise RegistryError(f"the registry at {self.uri} cannot be written: {reason(error)}") from error
                time.sleep(random.uniform(0.5, 1.0) * min(0.02 * 2**attempt, 10.0))
        raise RegistryError(f"the registry at {self.uri} is too busy: other writers hold it, try again")


def _is_busy(error: Exception) -> bool:
    return any(word in str(error).lower() for word in _BUSY)


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


def _sort(rows: list[dict[str, Any]], column: str, descending: bool) -> None:
    rows.sort(key=lambda row: row["run_id"])
    known = [row for row in rows if row[column] is not None]
    known.sort(key=lambda row: row[column], reverse=descending)
    rows[:] = known + [row for row in rows if row[column] is None]
