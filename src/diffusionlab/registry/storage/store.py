"""The LanceDB table at a URI: opened when it is needed, always at its newest version, written with retries."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from diffusionlab.registry.errors import BrokenRegistry, MissingRegistry, RegistryError, reason
from diffusionlab.registry.record.schema import runs_schema

T = TypeVar("T")

_ATTEMPTS = 12  # with the pauses of `retry`: about a minute
_BUSY = ("conflict", "too many concurrent", "retryable", "timed out", "timeout")


def local_folder(uri: str) -> Path | None:
    """The registry's folder, None where it lies in an object store (`s3://...`)."""
    uri = uri.removeprefix("file://")
    return None if "://" in uri else Path(uri).expanduser()


class Store:
    """One table of the database at `uri`. Nothing is opened or made before it is needed."""

    def __init__(self, uri: str, table: str) -> None:
        self.uri, self.table = uri, table
        self.folder = local_folder(uri)
        self._opened: Any = None

    def exists(self) -> bool:
        """Whether there is a table, readable or not; one that is just being made, or never was finished, is none."""
        if self.folder is not None:
            return any(self._versions.glob("*.manifest"))
        return self.table in self._connect().list_tables().tables

    def version(self) -> str | None:
        """A unique id of the current version of a local table, or None."""
        if self.folder is None:
            return None
        try:
            newest = min(self._versions.glob("*.manifest"), default=None)  # Lance counts names down
            stat = newest.stat() if newest is not None else None
        except FileNotFoundError:  # just cleaned up: a newer one is there
            return self.version()
        return f"{newest.name} {stat.st_ino} {stat.st_size} {stat.st_mtime_ns}" if newest and stat else None

    @staticmethod
    def number(version: str) -> int:
        """LanceDB's number of a version, 0 if its name does not tell: it names the newest of all in the least way."""
        name = version.partition(".")[0]
        return 2**64 - 1 - int(name) if name.isdecimal() and len(name) == 20 else 0

    def seconds_since_commit(self) -> float:
        """How long ago a local table was written to; infinite if there is none."""
        if not self.exists():
            return float("inf")
        return time.time() - self._versions.stat().st_mtime

    def latest(self) -> Any:
        """The table at its newest version; MissingRegistry or BrokenRegistry."""
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

    def for_writing(self) -> Any:
        """The newest table, made or brought to this version's schema where needed."""
        try:
            table = self.latest()
        except MissingRegistry:
            try:
                self._opened = table = self._connect().create_table(self.table, schema=runs_schema())
            except ValueError as error:
                if "already exists" not in str(error):
                    raise
                table = self.latest()
        present = set(table.schema.names)
        missing = [field for field in runs_schema() if field.name not in present]
        if missing:
            table.add_columns(missing)
        return table

    def readable(self, read: Callable[[], T]) -> T:
        """The result of a read; BrokenRegistry where LanceDB cannot."""
        try:
            return read()
        except (RuntimeError, OSError, ValueError) as error:
            raise BrokenRegistry(self.uri, error) from error

    def retry(self, action: Callable[[], T]) -> T:
        """The result of a write, tried again while others are in its way; RegistryError in the end."""
        for attempt in range(_ATTEMPTS):
            try:
                return action()
            except (RuntimeError, OSError) as error:
                if not is_busy(error):
                    raise RegistryError(f"the registry at {self.uri} cannot be written: {reason(error)}") from error
                time.sleep(random.uniform(0.5, 1.0) * min(0.02 * 2**attempt, 10.0))
        raise RegistryError(f"the registry at {self.uri} is too busy: other writers hold it, try again")

    @property
    def _versions(self) -> Path:
        assert self.folder is not None
        return self.folder / f"{self.table}.lance" / "_versions"

    def prepare(self) -> None:
        """Import LanceDB before a lock is taken: on a busy machine that takes longer than others wait for it."""
        os.environ.setdefault("LANCE_LOG", "error")  # Lance warns on stderr of what is retried here
        import lancedb  # noqa: F401

    def _connect(self) -> Any:
        self.prepare()
        import lancedb

        return lancedb.connect(str(self.folder or self.uri))


def is_busy(error: Exception) -> bool:
    """Whether a write failed for no reason but that another one came first."""
    return any(word in str(error).lower() for word in _BUSY)
