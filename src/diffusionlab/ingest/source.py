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


@dataclass(frozen=True)
class Block:
    """Rows as they stand in a file: all of a script (`cell` is None), or one cell of a notebook."""

    kind: str  # code or markdown
    cell: int | None
    rows: list[str]

    def place(self, row: int) -> Place:
        return row if self.cell is None else f"{self.cell}:{row}"


def read_source(path: Path) -> Source:
    """Read a script or notebook.

    Raises:
        UnreadableFile: too large, binary, or not a notebook.
    """
    data = _read(path)
    sha256 = hashlib.sha256(data).hexdigest()
    if path.suffix == ".ipynb":
        return _notebook(path, sha256, data)
    text = _decoded(data)
    if len(text) > MAX_CODE:
        raise UnreadableFile(f"more than {MAX_CODE // 2**20} MiB of code")
    return Source(path, sha256, text)


def read_blocks(path: Path, sha256: str) -> list[Block]:
    """The rows of a script or notebook as a person wrote them.

    Raises:
        UnreadableFile: as `read_source`, or the content is not the one with this SHA-256.
    """
    data = _read(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UnreadableFile("changed since it was read")
    return _cells(data) if path.suffix == ".ipynb" else [Block("code", None, _decoded(data).split("\n"))]


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableFile(f"larger than {MAX_BYTES // 2**20} MiB")
        if not path.is_file():
            raise UnreadableFile("not a file")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UnreadableFile(getattr(error, "strerror", None) or str(error)) from error


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
    source = Source(path, sha256, "")
    lines: list[str] = []
    for block in _cells(data):
        if block.kind == "code":
            lines += without_magics(block.rows)
            source.places += [block.place(row) for row in range(1, len(block.rows) + 1)]
        else:
            source.notes += [(block.place(row), text) for row, text in enumerate(block.rows, 1)]
    source.text = "\n".join(lines)
    if len(source.text) > MAX_CODE:
        raise UnreadableFile(f"more than {MAX_CODE // 2**20} MiB of code")
    return source


def _cells(data: bytes) -> list[Block]:
    """The cells of code and markdown of a notebook, in order; UnreadableFile if it is none."""
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        cells = notebook.get("cells")
        if cells is None:  # nbformat 3
            cells = [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
        assert isinstance(cells, list)
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        raise UnreadableFile("not a notebook") from error
    blocks = []
    for index, cell in enumerate(cells):
        if isinstance(cell, dict) and cell.get("cell_type") in ("code", "markdown"):
            text = cell.get("source", cell.get("input", ""))
            text = "".join(map(str, text)) if isinstance(text, list) else str(text)
            blocks.append(Block(cell["cell_type"], index, text.replace("\r\n", "\n").split("\n")))
    return blocks


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
