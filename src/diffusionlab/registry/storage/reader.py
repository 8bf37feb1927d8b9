"""Finding rows: what waits laid over the table, the table by way of its snapshot or of LanceDB, the status as it is."""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.filters.conditions import Compare, In, IsNull
from diffusionlab.registry.filters.filter import EVERYTHING, And, Filter, Leaf, Not, Or, split
from diffusionlab.registry.record.columns import COLUMNS, held_in
from diffusionlab.registry.record.liveness import COLUMNS_NEEDED
from diffusionlab.registry.record.rows import complete, to_rows, with_actual_status
from diffusionlab.registry.record.schema import to_table
from diffusionlab.registry.storage.pending import Pending
from diffusionlab.registry.storage.snapshot import Left, Snapshot, laid_over
from diffusionlab.registry.storage.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

Order = tuple[str, bool, int | None]
"""(column, descending, limit)"""

READS_WORTH_SNAPSHOT = 8
"""So often one process asks LanceDB for one version, and then leaves a snapshot of it by itself."""


class Reader:
    """Reads a table that may be written to meanwhile; without `pending` and `snapshot` where it is in no folder."""

    def __init__(self, store: Store, pending: Pending | None, snapshot: Snapshot | None) -> None:
        self._store, self._pending, self._snapshot = store, pending, snapshot
        self._asked = ("", 0)  # the version that LanceDB was asked for last, and how often

    def find(
        self, where: Filter | None, columns: Sequence[str], order: Order | None, deleted: bool | None, now: datetime
    ) -> "pa.Table":
        """Rows in no order with at least `columns`; where LanceDB can sort and cut, few more than `order` asks for.

        `deleted` as for Registry.rows.
        """
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
        if found["deleted_at"].null_count == found.num_rows:
            return found  # filtering copies all that stays
        return found.filter(found["deleted_at"].is_null())  # quicker than by LanceDB, where nearly all rows stay

    def leave_snapshot(self) -> None:
        """Leave the rows of the table for readers to come, where the folder is ours to write to."""
        version = self._store.version()  # before the rows: if they are newer, nobody will ask for this version
        if self._snapshot is None or version is None or self.has_snapshot():
            return
        if os.access(self._snapshot.folder, os.W_OK):
            with suppress(OSError, RegistryError):  # that costs the next reader a second, and nobody an answer
                self._snapshot.write(version, self._store.readable(self._store.latest().to_arrow))

    def has_snapshot(self) -> bool:
        """Whether the rows of the newest version are left."""
        version = self._store.version()
        return self._snapshot is not None and version is not None and self._snapshot.rows(version) is not None

    def follow(self, before: str | None, number: int, rows: "pa.Table") -> None:
        """After a commit of nothing but `rows`, which made version `number` of `before`: have the snapshot follow."""
        after = self._store.version()
        if self._snapshot is None or before is None or after is None:
            return
        if self._store.number(after) == number and self._store.number(before) == number - 1:
            with suppress(OSError):  # then it is passed over
                self._snapshot.advance(before, after, rows)

    def remove_snapshot(self) -> None:
        """From here on the table itself is read, until its rows are left again."""
        if self._snapshot is not None:
            self._snapshot.remove()

    def _read(self, condition: Filter, columns: Sequence[str], order: Order | None, now: datetime) -> "pa.Table":
        import pyarrow as pa

        waiting = self._waiting()  # before the table: see pending.py
        left = self._left()
        if left is not None and left.changed is not None:
            waiting = left.changed if waiting is None else laid_over(left.changed, waiting)
        needed = {"run_id", *columns, *condition.reads(), *((order[0],) if order else ())}
        if shows_status := not needed.isdisjoint({"status", "reason"}):
            needed |= {*COLUMNS_NEEDED}
        stored = sorted({held_in(column) for column in needed} & {*COLUMNS})
        merged = And(condition, Not(In("run_id", tuple(waiting["run_id"].to_pylist())))) if waiting else condition
        rows = left.rows if left is not None else None
        if rows is None and waiting and not self._store.exists():  # the first runs of all
            rows = waiting.slice(0, 0)
        if rows is None:
            found, rest = self._query(merged, stored, order)
        else:
            found, rest = rows.select([column for column in stored if column in rows.column_names]), merged
        found = _matching(complete(found, needed), rest)
        if waiting:
            present = [column for column in stored if column in waiting.column_names]
            over = _matching(complete(waiting.select(present), needed), condition)
            found = pa.concat_tables([found, over.select(found.column_names)], promote_options="permissive")
        return with_actual_status(found, now) if shows_status else found

    def _query(self, condition: Filter, columns: Sequence[str], order: Order | None) -> "tuple[pa.Table, Filter]":
        """Rows by LanceDB, and what of the condition it could not decide."""
        table = self._store.latest()
        present = set(table.schema.names)  # an older table lacks some: they read as null
        native, rest = split(condition, present)
        query = table.search().select([column for column in columns if column in present])
        query = query if native == EVERYTHING else query.where(native.render())
        if order and order[2] is not None and order[0] in present - {"status"} and rest == EVERYTHING:
            query = query.order_by(_ordering(order[0], order[1])).limit(order[2])
        return self._store.readable(query.to_arrow), rest

    def _left(self) -> Left | None:
        """The rows of the newest version, where somebody left them."""
        version = self._store.version() if self._snapshot is not None else None
        if self._snapshot is None or version is None:
            return None
        rows = self._snapshot.rows(version)
        if rows is None:
            last, times = self._asked
            self._asked = (version, times + 1 if version == last else 1)
            if self._asked[1] == READS_WORTH_SNAPSHOT:
                self.leave_snapshot()
        return rows

    def _waiting(self) -> "pa.Table | None":
        records = self._pending.records() if self._pending is not None else []
        return to_table(records) if records else None


def _matching(table: "pa.Table", condition: Filter) -> "pa.Table":
    import pyarrow.compute as pc

    if condition == EVERYTHING:
        return table
    mask = condition.mask(table)
    return table if pc.sum(mask).as_py() == table.num_rows else table.filter(mask)


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
