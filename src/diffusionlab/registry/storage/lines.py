"""Files of one JSON object a line, which are only ever added to: a write cut short can spoil none but its own line."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

BYTE_ORDER_MARK = "\ufeff"


def append_lines(file: Path, entries: Iterable[dict[str, Any]], durable: bool) -> None:
    """Add entries in one write; the caller holds the lock of the folder. `durable`: they outlive a power cut."""
    with file.open("a+b", buffering=0) as out:
        cut_short = out.tell() and _last_byte(file) != b"\n"  # by a writer that was killed
        out.write(b"\n" * cut_short + to_lines(entries))
        if durable:
            os.fsync(out.fileno())


def to_lines(entries: Iterable[dict[str, Any]]) -> bytes:
    """One JSON object a line, in UTF-8; what no UTF-8 can hold, such as the bytes of a file name, as JSON escapes."""
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    return text.encode("utf-8", "backslashreplace")


def read_lines(file: Path, offset: int = 0) -> Iterator[tuple[int, dict[str, Any] | ValueError]]:
    """Number and object of each line that is not blank, from byte `offset` on; the error of one that is no object."""
    with file.open("rb") as lines:
        lines.seek(offset)
        for number, line in enumerate(lines, 1):
            try:
                entry = parse_line(line)
            except ValueError as error:
                yield number, error
                continue
            if entry is not None:
                yield number, entry


def parse_line(line: bytes) -> dict[str, Any] | None:
    """The object of a line, None if it is blank; ValueError in one line if it holds anything else."""
    text = line.decode("utf-8", "replace").removeprefix(BYTE_ORDER_MARK)
    if not text.strip():
        return None
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError(str(error)) from None
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return data


def _last_byte(file: Path) -> bytes:
    with file.open("rb") as start:
        start.seek(-1, os.SEEK_END)
        return start.read(1)
