"""The pictures of a run: its sample grids, inside its own folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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


def pictures_of(row: Row) -> tuple[str, ...]:
    """Paths of the run's pictures, the sample grid that it names first, then the newest of its folders."""
    first = thumbnail(row)
    if not row.get("path"):
        return ()
    folder = Path(row["path"]).resolve()
    found = [
        file
        for name in FOLDERS
        for file in sorted((folder / name).glob("*"), reverse=True)
        if file.suffix.lower() in SUFFIXES and file.resolve().is_relative_to(folder) and file.is_file()
    ]
    return tuple(dict.fromkeys(str(file) for file in [*([first] if first else []), *found[:MOST]]))
