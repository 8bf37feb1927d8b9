"""Folders that one writer holds at a time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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

    Raises TimeoutError where one other holds it for `patience` seconds; while others take turns, it waits for its own.
    Without file locks nothing is held: the atomic rename still keeps the file whole.
    """
    if fcntl is None:
        yield
        return
    # what a link in its place leads to is never opened, and nothing is ever emptied
    lock = os.open(Path(folder) / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        taken_at, give_up = _taken_at(lock), time.monotonic() + patience
        while not _try_lock(lock, fcntl.LOCK_EX):
            if _taken_at(lock) != taken_at:
                taken_at, give_up = _taken_at(lock), time.monotonic() + patience
            elif time.monotonic() > give_up:
                raise TimeoutError(f"another process has held {folder} for {patience:.0f} seconds")
            time.sleep(0.002)
        os.utime(lock)  # tells those who wait that there is a new owner
        yield
    finally:
        os.close(lock)


def is_locked(folder: Path) -> bool:
    """Whether a process, this one included, holds the folder now."""
    if fcntl is None:
        return False
    try:
        lock = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # never locked, or gone
        return False
    try:
        return not _try_lock(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def _taken_at(lock: int) -> int:
    return os.fstat(lock).st_mtime_ns


def _try_lock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
