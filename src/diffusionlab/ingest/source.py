"""Files as text: scripts and notebooks, their encodings, their limits, and the place that each line has in the file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_BYTES = 16 * 2**20
MAX_CODE = 2 * 2**20
SUFFIXES = (".py", ".ipynb")
SKIPPED_FOLDERS = {"__pycache__", ".git", ".hg", ".svn", ".venv", "venv", "node_modules", ".ipynb_checkpoints", ".tox"}

Place = int | str


class UnreadableFile(Exception):
    """A file that cannot be read as a script; the message is one line."""


@dataclass
class Source:
    """The code of a file. `places[i]` is where line i + 1 of `text` stands in the file: a line, or "cell:line"."""

    path: Path
    sha256: str
    text: str
    places: list[Place] = field(default_factory=list)
    notes: list[tuple[Place, str]] = field(default_factory=list)  # lines of markdown

    def place(self, line: int) -> Place:
        return self.places[line - 1] if self.places and 0 < line <= len(self.places) else line


def read_source(path: Path) -> Source:
    """Read a script or notebook.

    Raises:
        UnreadableFile: too large, binary, or not a notebook.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UnreadableFile(f"larger than {MAX_BYTES // 2**20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(error.strerror or str(error)) from error
    sha256 = hashlib.sha256(data).hexdigest()
    if path.suffix == ".ipynb":
        return _notebook(path, sha256, data)
    text = _decoded(data)
    if len(text) > MAX_CODE:
        raise UnreadableFile(f"more than {MAX_CODE // 2**20} MiB of code")
    return Source(path, sha256, text)


def digest(path: Path) -> str | None:
    """The SHA-256 of a file, None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _decoded(data: bytes) -> str:
    if b"\0" in data[:8192] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile("a binary file")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        text = data.decode("latin-1")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _notebook(path: Path, sha256: str, data: bytes) -> Source:
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        cells = notebook.get("cells")
        if cells is None:  # nbformat 3
            cells = [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
        assert isinstance(cells, list)
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        raise UnreadableFile("not a notebook") from error
    source = Source(path, sha256, "")
    lines: list[str] = []
    for index, cell in enumerate(cells):
        if not isinstance(cell, dict):
            continue
        kind, text = cell.get("cell_type"), cell.get("source", cell.get("input", ""))
        text = "".join(map(str, text)) if isinstance(text, list) else str(text)
        rows = text.replace("\r\n", "\n").split("\n")
        if kind == "code":
            lines += without_magics(rows)
            source.places += [f"{index}:{row}" for row in range(1, len(rows) + 1)]
        elif kind == "markdown":
            source.notes += [(f"{index}:{row}", text) for row, text in enumerate(rows, 1)]
    source.text = "\n".join(lines)
    if len(source.text) > MAX_CODE:
        raise UnreadableFile(f"more than {MAX_CODE // 2**20} MiB of code")
    return source


def without_magics(rows: list[str]) -> list[str]:
    """The rows of a cell as Python: magics, shell commands and help questions become `pass`."""
    first = next((row.strip() for row in rows if row.strip()), "")
    if first.startswith("%%") and not first.startswith(("%%time", "%%capture", "%%prun", "%%timeit")):
        return ["" for _ in rows]
    kept: list[str] = []
    continued = False
    for row in rows:
        stripped = row.lstrip()
        magic = (
            continued or stripped.startswith(("%", "!", "?")) or (stripped.rstrip().endswith("?") and "#" not in row)
        )
        if magic and not continued and stripped.startswith("%") and kept and _open_bracket(kept):
            magic = False  # a modulo at the start of a continued line
        kept.append("" if continued else row[: len(row) - len(stripped)] + "pass" if magic else row)
        continued = magic and row.rstrip().endswith("\\")
    return kept


def _open_bracket(rows: list[str]) -> bool:
    text = "\n".join(rows)
    return any(text.count(left) > text.count(right) for left, right in ("()", "[]", "{}"))


def find_files(paths: list[Path]) -> Iterator[Path]:
    """Scripts and notebooks under the paths, in order and each once, also where links lead round in a circle."""
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if path.is_dir():
            yield from _walk(path, seen)
        else:
            yield path


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    for entry in entries:
        try:
            if entry.is_dir():
                if entry.name not in SKIPPED_FOLDERS:
                    yield from _walk(Path(entry.path), seen)
            elif entry.is_file() and entry.name.endswith(SUFFIXES):
                status = entry.stat()
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    yield Path(entry.path)
        except OSError:
            continue
