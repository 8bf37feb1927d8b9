"""Files that are never seen half written."""

import os
import re
import secrets
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_LEFT_OVER = 3600.0
"""After so long a temporary file of another machine belongs to nobody."""

_TEMPORARY = re.compile(r"\..+\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)\.[0-9a-f]{8}", re.DOTALL)


@contextmanager
def replaced(target: Path, *, sync: bool = True) -> Iterator[Path]:
    """A path beside `target` to write to, which takes its place at the end; its folder is made if missing.

    A reader, or a power cut, sees the old file or the new one and nothing between. Where the body raises, the old
    file stays. `sync=False`, for many files that can be made again, does not wait for the disk: a power cut may lose
    them.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(target)
    try:
        yield temporary
        if sync:
            _sync(temporary, os.O_RDWR)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    if sync and os.name == "posix":  # the rename itself; Windows cannot open a folder, and does not need to
        _sync(target.parent, os.O_RDONLY)


def temporary_beside(target: Path) -> Path:
    """A new name in the same folder, which says whose it is (`leftovers`)."""
    return target.with_name(f".{target.name}.{_host()}-{os.getpid()}.{secrets.token_hex(4)}")


def leftovers(folder: Path) -> list[Path]:
    """Temporary files right inside a folder whose writers were killed before the rename."""
    try:
        names = [name for name in os.listdir(folder) if _TEMPORARY.fullmatch(name)]
    except OSError:
        return []
    return [folder / name for name in sorted(names) if _is_left_over(folder / name)]


def _is_left_over(file: Path) -> bool:
    match = _TEMPORARY.fullmatch(file.name)
    try:
        age = time.time() - file.lstat().st_mtime
    except OSError:  # just renamed
        return False
    if match is None or file.is_symlink():
        return False
    if match["host"] != _host():
        return age > SECONDS_LEFT_OVER
    return not _is_alive(int(match["pid"]))


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # alive, and another user's
        return True
    return True


def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _sync(path: Path, mode: int) -> None:
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
