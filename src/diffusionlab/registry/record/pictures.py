"""Pictures outside a run folder that were linked to a record: beside a script, written by it, or named by a person.

A record may come from a stranger, so a link alone shows nothing: it carries the content's SHA-256, and a file counts
only while its content is that. Who does not have a picture cannot make a record that shows it.
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
