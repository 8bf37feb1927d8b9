"""SQLite databases of others, opened to be read."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from diffusionlab.registry.trackers.run import MOST_BYTES

MAGIC = b"SQLite format 3\0"


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes nothing, runs no function that the schema names, and holds no value over MOST_BYTES.

    Without a write-ahead log beside it the file is taken as it is, so that a folder that cannot be written is readable.
    """
    log = file.with_name(f"{file.name}-wal")
    options = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"file:{quote(str(file.resolve()))}?{options}", uri=True)
    try:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
        connection.execute("pragma trusted_schema = off")
        connection.execute("pragma query_only = on")
        yield connection
    finally:
        connection.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    """The names of tables; views are none, as one may compute without end."""
    return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {name for (name,) in connection.execute("select name from pragma_table_info(?)", (table,))}
