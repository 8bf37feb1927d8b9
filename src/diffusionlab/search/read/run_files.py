"""Whether a run has checkpoints or pictures: looked up when it is asked, as no record says what lies in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusionlab.registry.filters.filter import Leaf
from diffusionlab.registry.record.pictures import linked

FILES: dict[str, tuple[str, ...]] = {
    "checkpoint": ("checkpoints/*.ckpt", "weights.safetensors"),
    "pictures": ("samples/*.png", "samples/*.jpg"),
}
"""What a run may have -> patterns of its files, inside its folder."""


@dataclass(frozen=True)
class HasFiles(Leaf):
    """The run's folder holds files of this kind, or pictures are linked to it; unknown if the folder is not on this
    machine."""

    files: str  # of FILES

    @property
    def column(self) -> str:  # type: ignore[override]
        return self.files  # no column of the table, so that the registry leaves it to Python

    def _condition(self) -> str:
        raise ValueError(f"{self.column} is looked up in the run's folder: it has no predicate")

    def reads(self) -> set[str]:
        return {"path", "linked_pictures"} if self.files == "pictures" else {"path"}

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        if self.files == "pictures" and any(one.file() for one in linked(row.get("linked_pictures"))):
            return True
        folder = Path(row["path"]).resolve() if row.get("path") else None
        if folder is None or not folder.is_dir():
            return None
        found = (file for pattern in FILES[self.files] for file in folder.glob(pattern))
        return any(file.resolve().is_relative_to(folder) for file in found)  # no links out of the folder
