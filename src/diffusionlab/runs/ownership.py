"""One training at a time in a run folder: who trains there, and whether they still do."""

import getpass
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from diffusionlab.atomic import leftovers, replaced
from diffusionlab.errors import StorageError, UsageError
from diffusionlab.registry.record.liveness import SILENCE, lives, process_token
from diffusionlab.registry.storage.lock import locked

OWNER_FILE = ".owner.json"
PLACES_WRITTEN = (".", "checkpoints", "samples", "samples/panels", "logs")
"""Where a training that was killed may have left temporary files, which its next start removes."""

SECONDS_BETWEEN_BEATS = 60.0


class Ownership:
    """A claim on a run folder, as the file OWNER_FILE in it: host and process, its date of change the heartbeat.

    A claim whose process is gone, or on another machine silent for ten minutes, is void. Use it as a context manager.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / OWNER_FILE
        self._folder = str(folder)  # looked at after every step
        self._beaten_at = time.monotonic()
        self._identity: tuple[int, int] | None = None

    def __enter__(self) -> "Ownership":
        """Raises UsageError if another process trains in the folder, StorageError if it cannot be written."""
        folder = self.file.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder):  # the look and the claim are one: of two at once the second sees the first
                if (owner := _owner(self.file)) is not None:
                    raise UsageError(
                        f"run {folder.name} is still training: process {owner.get('pid')} of {owner.get('user')} on "
                        f"{owner.get('host')}{_until(self.file, owner)}; stop it first, or omit ckpt_path to start a "
                        "new run"
                    )
                with replaced(self.file) as temporary:
                    temporary.write_text(json.dumps(_self()))
            self._identity = _identity(self._folder)
            for place in PLACES_WRITTEN:
                for file in leftovers(folder / place):
                    file.unlink(missing_ok=True)
        except (OSError, TimeoutError) as error:
            raise StorageError.of(error, self.file) from error
        return self

    def __exit__(self, *_: Any) -> None:
        if _read(self.file).get("process_token") == process_token():
            self.file.unlink(missing_ok=True)

    def beat(self) -> None:
        """Say that the process is alive; call it as often as you like, it writes once a minute.

        Raises StorageError if the folder was moved, removed or replaced, before a new one is made at its path.
        """
        if _identity(self._folder) != self._identity:
            raise StorageError.moved(self.file.parent)
        if time.monotonic() - self._beaten_at < SECONDS_BETWEEN_BEATS:
            return
        self._beaten_at = time.monotonic()
        if self.file.exists():
            os.utime(self.file)


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(folder)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _self() -> dict[str, Any]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        user = str(os.getuid())
    return {"host": socket.gethostname(), "user": user, "pid": os.getpid(), "process_token": process_token()}


def _owner(file: Path) -> dict[str, Any] | None:
    """Who holds the folder now; None if nobody does."""
    owner = _read(file)
    if not owner:
        return None
    if (known := lives(owner)) is not None:
        return owner if known else None
    return owner if time.time() < _void_at(file) else None


def _until(file: Path, owner: dict[str, Any]) -> str:
    """Of an owner that cannot be seen from here: when the claim is void without another sign of life."""
    if lives(owner):
        return ""
    return f" (if it was killed: free at {time.strftime('%H:%M', time.localtime(_void_at(file) + 60))})"


def _void_at(file: Path) -> float:
    return file.stat().st_mtime + SILENCE.total_seconds()


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
