"""The pictures of a record: the sample grids of its folder, and those outside that were linked to it.

A picture is linked that lies beside a script, was written by it, or was named by a person. A record may come from a
stranger, so a link alone shows nothing: it carries the content's SHA-256, and a file counts only while its content is
that. Who does not have a picture cannot make a record that shows it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusionlab.registry.record.convert import local_path, path_text
from diffusionlab.untrusted import IMAGE_FORMATS

LARGEST = 64 * 2**20  # bytes of a picture that is linked
BESIDE, WRITTEN, PERSON = "beside", "outputs", "person"
"""How a link was found: the picture lies beside the script, where its code writes, or a person said so."""


@dataclass(frozen=True)
class LinkedPicture:
    """`path` is absolute; `epoch` and `step` are what the file name says."""

    path: str
    sha256: str
    by: str
    epoch: int | None = None
    step: int | None = None

    @property
    def title(self) -> str:
        """ "epoch 3, step 1200"; the file's name if it says neither."""
        counted = [
            f"{unit} {number}" for unit, number in (("epoch", self.epoch), ("step", self.step)) if number is not None
        ]
        return ", ".join(counted) or Path(self.path).stem

    def file(self) -> Path | None:
        """The picture, None if it is gone or is no longer what was linked."""
        path = Path(self.path)
        return path if path.suffix.lower() in IMAGE_FORMATS and content_digest(path) == self.sha256 else None

    def as_entry(self) -> dict[str, Any]:
        found = {"sha256": self.sha256, "by": self.by, "epoch": self.epoch, "step": self.step}
        return {name: value for name, value in found.items() if value is not None}


def content_digest(path: Path) -> str | None:
    """The SHA-256 of a file of at most `LARGEST` bytes, None if there is none."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def linked(entries: Mapping[str, Any] | None) -> list[LinkedPicture]:
    """The pictures of the column `linked_pictures`, by epoch, step and name; what is no entry is skipped."""
    found = [_read(path, entry) for path, entry in (entries or {}).items() if isinstance(entry, Mapping)]
    return sorted(found, key=lambda one: (one.epoch or 0, one.step or 0, one.path))


def _read(path: str, entry: Mapping[str, Any]) -> LinkedPicture:
    epoch, step = (value if type(value := entry.get(name)) is int else None for name in ("epoch", "step"))
    return LinkedPicture(local_path(path), str(entry.get("sha256")), str(entry.get("by")), epoch, step)


def as_entries(pictures: Iterable[LinkedPicture]) -> dict[str, dict[str, Any]]:
    """The inverse of `linked`."""
    return {path_text(one.path): one.as_entry() for one in pictures}


# -- the pictures of a run

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
FOLDERS = ("samples", "images", "pictures", "figures")
MOST = 12  # pictures of the folders, and of the links


def thumbnail(row: Mapping[str, Any]) -> Path | None:
    """The run's newest sample grid, if it names one inside its own folder and the file exists."""
    if not row.get("thumbnail") or not row.get("path"):
        return None
    folder = Path(row["path"]).resolve()
    path = (folder / row["thumbnail"]).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def pictures_of(row: Mapping[str, Any], links: dict[str, Any] | None = None) -> tuple[str, ...]:
    """Paths of the pictures of a run or script: the sample grid that it names, the newest of its folders, then those
    of the column `linked_pictures`, the last epoch first."""
    first = thumbnail(row)
    files = [*([first] if first else []), *_in_folders(row), *_linked(links)]
    return tuple(dict.fromkeys(map(str, files)))


def _in_folders(row: Mapping[str, Any]) -> list[Path]:
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
