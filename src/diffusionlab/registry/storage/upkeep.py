"""Keeping the table quick: small files joined, old versions dropped, indexes where there are rows enough."""

from datetime import timedelta
from typing import Any

from diffusionlab.registry.record.columns import TABLE

KEEP_VERSIONS = timedelta(hours=1)
"""Older versions are cleaned up. Every read of Registry first moves to the newest version and takes seconds at most."""

ROWS_WORTH_INDEXES = 10_000
"""Below it a scan takes a few milliseconds."""

INDEXES = {column.name: column.index for column in TABLE if column.index}
"""Column -> kind of index: what questions ask for most. None on `run_id`: see Registry.upsert."""


def optimize(table: Any, keep: timedelta = KEEP_VERSIONS) -> None:
    """Bring an open LanceDB table in order; safe beside readers and writers, who may make it raise a conflict."""
    if table.count_rows() >= ROWS_WORTH_INDEXES:
        _index(table)
    table.optimize(cleanup_older_than=keep)  # takes new rows into the indexes, too


def _index(table: Any) -> None:
    import lancedb.index

    there = {column for index in table.list_indices() for column in index.columns}
    for column, kind in INDEXES.items():
        if column in table.schema.names and column not in there:
            table.create_index(column, config=getattr(lancedb.index, kind)())
