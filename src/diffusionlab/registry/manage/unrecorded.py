"""Runs whose registry could not be written: marked in their folder, and entered by the next training beside them.

A full disk or a read-only share must not stop a training, nor hide it for ever. The mark names the registry, so that
no run ends up in another one.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from diffusionlab.registry.storage.table import Registry

MARK = ".unrecorded"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def mark(folder: Path, registry: Registry) -> None:
    """Note that the row of the run in `folder` is older than its run.json."""
    with suppress(OSError):  # then there is no room for the note either: `rebuild` finds the run
        (folder / MARK).write_text(_name(registry), encoding="utf-8", errors="surrogateescape")


def unmark(folder: Path) -> None:
    with suppress(OSError):
        (folder / MARK).unlink(missing_ok=True)


def enter_neighbours(registry: Registry, folder: Path) -> None:
    """Enter the marked runs beside `folder`, and those of other days; raises RegistryError as any write does."""
    for file in _marks(folder):
        with suppress(OSError):
            if file.read_text(encoding="utf-8", errors="surrogateescape") != _name(registry):
                continue
            registry.announce(file.parent)
            file.unlink(missing_ok=True)


def _marks(folder: Path) -> Iterator[Path]:
    yield from folder.parent.glob(f"*/{MARK}")
    if _DAY.fullmatch(folder.parent.name):
        yield from folder.parent.parent.glob(f"[0-9]*-[0-9]*-[0-9]*/*/{MARK}")


def _name(registry: Registry) -> str:
    return registry.uri if registry.folder is None else str(registry.folder.absolute())
