"""Folders that one writer holds at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = ".run.lock"


def can_lock() -> bool:
    """Whether this system has file locks (Windows has none of this kind)."""
    return fcntl is not None


@contextmanager
def locked(folder: Path | str, patience: float = 60.0) -> Iterator[None]:
    """Hold the folder for one read-change-write, so that a training and a person do not undo each other.

    Raises TimeoutError where another holds it for `patience` seconds. Without file locks nothing is held: the
    atomic rename still keeps the file whole.
    """
    if fcntl is None:
        yield
        return
    with (Path(folder) / LOCK_FILE).open("w") as lock:
        give_up = time.monotonic() + patience
        while not _try_lock(lock):
            if time.monotonic() > give_up:
                raise TimeoutError(f"another process has held {folder} for {patience:.0f} seconds")
            time.sleep(0.002)
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
