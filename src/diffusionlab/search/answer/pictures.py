"""The pictures of a run: its sample grids, inside its own folder, and what was linked to it or to a script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.record.pictures import linked

if TYPE_CHECKING:
    from diffusionlab.search.answer.result import Row

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
FOLDERS = ("samples", "images", "pictures", "figures")
MOST = 12


def thumbnail(row: Row) -> Path | None:
    """The run's newest sample grid, if it names one inside its own folder and the file exists."""
    if not row.get("thumbnail") or not row.get("path"):
        return None
    folder = Path(row["path"]).resolve()
    path = (folder / row["thumbnail"]).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def pictures_of(row: Row, links: dict[str, Any] | None = None) -> tuple[str, ...]:
    """Paths of the pictures of a run or script: the sample grid that it names, the newest of its folders, then those
    of the column `linked_pictures`, the last epoch first."""
    first = thumbnail(row)
    files = [*([first] if first else []), *_in_folders(row), *_linked(links)]
    return tuple(dict.fromkeys(map(str, files)))


def _in_folders(row: Row) -> list[Path]:
    if not row.get("path"):
        return []
    folder = Path(row["path"]).resolve()
    found = [
        file
        for name in FOLDERS
        for file in sorted((folder / name).glob("*"), reverse=True)
        if file.suffix.lower() in SUFFIXES and file.resolve().is_relative_to(folder) and file.is_file()
    ]
    return found[:MOST]


def _linked(links: dict[str, Any] | None) -> list[Path]:
    found: list[Path] = []
    for one in reversed(linked(links)):
        if len(found) < MOST and (file := one.file()):
            found.append(file)
    return found
