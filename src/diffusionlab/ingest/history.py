"""When a file was made and last changed: by git where it is in a repository, else by the file system."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

# nothing that a repository configures may run: no hooks, no monitor, no signature check, no pager
GIT = [
    "git",
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "log.showSignature=false",
]
SECONDS = 120


@dataclass(frozen=True)
class Dates:
    created: datetime
    modified: datetime
    source: str  # git or file system
    commit: str | None = None  # the last one that touched the file

    @property
    def flag(self) -> str | None:
        return "created later than modified" if self.created > self.modified else None


class History:
    """Dates of files; each repository is read once, renames followed."""

    def __init__(self) -> None:
        self._roots: dict[Path, Path | None] = {}
        self._logs: dict[Path, dict[str, Dates]] = {}

    def dates(self, path: Path) -> Dates:
        """Dates of a file.

        Raises:
            OSError: the file is gone.
        """
        path = path.resolve()
        root = self._root(path.parent)
        if root is not None:
            if root not in self._logs:
                self._logs[root] = _read_log(root)
            found = self._logs[root].get(path.relative_to(root).as_posix())
            if found is not None:
                return found
        status = path.stat()
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        born = getattr(status, "st_birthtime", None)
        return Dates(datetime.fromtimestamp(born, UTC) if born else modified, modified, "file system")

    def _root(self, folder: Path) -> Path | None:
        """The work tree around a folder, without asking git: a parent that holds `.git`."""
        if folder not in self._roots:
            parent = folder.parent
            found = folder if (folder / ".git").exists() else None
            self._roots[folder] = found or (self._root(parent) if parent != folder else None)
        return self._roots[folder]


def _read_log(root: Path) -> dict[str, Dates]:
    """First and last commit of every file of a work tree, in one pass over its history."""
    command = [
        *GIT,
        "log",
        "--format=%x01%H %cI",
        "--name-status",
        "-M",
        "-z",
        "--no-ext-diff",
        "--no-textconv",
        "--",
        "*.py",
        "*.ipynb",
    ]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=environment,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return _parse_log(done.stdout.decode("utf-8", "surrogateescape"))


def _parse_log(text: str) -> dict[str, Dates]:
    """Newest commit first; a rename makes what is older of the old name belong to the new one."""
    found: dict[str, Dates] = {}
    names: dict[str, str] = {}  # an older name -> the name that the file has now
    for entry in text.split("\x01")[1:]:
        head, *fields = entry.split("\0")
        commit, _, date = head.strip().partition(" ")
        when = datetime.fromisoformat(date)
        words = [field.lstrip("\n") for field in fields]
        position = 0
        while position < len(words) - 1:
            status = words[position]
            renamed = status[:1] in ("R", "C")
            name = words[position + (2 if renamed else 1)] if position + (2 if renamed else 1) < len(words) else ""
            now = names.get(name, name)
            known = found.get(now)
            found[now] = Dates(when, known.modified if known else when, "git", known.commit if known else commit)
            if status[:1] == "R":
                names[words[position + 1]] = now
            position += 3 if renamed else 2
    return found
