"""Files of one JSON object a line, which are only ever added to: a write cut short can spoil none but its own line."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def append_lines(file: Path, entries: Iterable[dict[str, Any]], durable: bool) -> None:
    """Add entries in one write; the caller holds the lock of the folder. `durable`: they outlive a power cut."""
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    with file.open("a+b", buffering=0) as out:
        if out.tell() and _last_byte(file) != b"\n":  # a writer was cut short here
            text = "\n" + text
        out.write(text.encode("utf-8"))
        if durable:
            os.fsync(out.fileno())


def read_lines(file: Path) -> Iterator[tuple[int, dict[str, Any] | ValueError]]:
    """Number and object of each line that is not blank; the error of one that is no JSON object."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                data = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, ValueError(str(error))
                continue
            yield number, data if isinstance(data, dict) else ValueError("not a JSON object")


def _last_byte(file: Path) -> bytes:
    with file.open("rb") as start:
        start.seek(-1, os.SEEK_END)
        return start.read(1)
