"""What a run folder holds that a page shows."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from diffusionlab.ingest.pictures import moment
from diffusionlab.registry.record.liveness import actual_status, why_it_ended
from diffusionlab.registry.record.pictures import linked
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record
from diffusionlab.report.curves import Series, read_curves
from diffusionlab.report.images import Picture, picture
from diffusionlab.report.measured import ClipScoring, Evaluation, clip_scorings, evaluations
from diffusionlab.untrusted import IMAGE_FORMATS, inside
from diffusionlab.visualization.catalogue import PICTURES

_CATALOGUE = {picture.name: picture.title for picture in PICTURES}
MOST_GRIDS = 12
"""Sample grids drawn during training that a page takes in: first, last, and evenly between."""


@dataclass(frozen=True)
class RunContent:
    """A run and what was found of it; `folder` is None for an import, and where the folder is gone."""

    record: RunRecord
    status: str | None
    reason: str | None  # why it did not finish
    folder: Path | None
    curves: dict[str, Series] = field(default_factory=dict)
    samples: list[Picture] = field(default_factory=list)
    """Grids drawn during training, oldest first."""
    drawn: list[Picture] = field(default_factory=list)
    """Grids that `sample.py` drew later."""
    panels: list[Picture] = field(default_factory=list)
    """Images noised, what the network made of them, and as they were; drawn during training, oldest first."""
    pictures: list[Picture] = field(default_factory=list)
    """What `visualize.py` made, then what was linked from outside the folder."""
    gone: list[str] = field(default_factory=list)
    """Linked pictures that are no longer what they were."""
    evaluations: list[Evaluation] = field(default_factory=list)
    clip: list[ClipScoring] = field(default_factory=list)


def folder_of(path: str | Path | None, run_id: str) -> Path | None:
    """`path` where it is the run folder of this very run: an import may name any path."""
    if path is None or not os.path.isfile(Path(path) / RECORD_FILE):  # False too for what can be no path
        return None
    try:
        return Path(path) if read_record(path).run_id == run_id else None
    except (ValueError, OSError):
        return None


def read_run(record: RunRecord, folder: Path | None) -> RunContent:
    """Take in all that a page of this run needs."""
    status, reason = actual_status(vars(record)), why_it_ended(vars(record))
    links, gone = linked_pictures(record)
    if folder is None:
        return RunContent(
            record, status, reason, None, pictures=links, gone=gone, evaluations=evaluations(record, None)
        )
    latest = inside(folder, record.thumbnail)
    return RunContent(
        record,
        status,
        reason,
        folder,
        curves=read_curves(folder),
        samples=_drawn(folder, "samples") or _taken_in(folder, [latest] if latest else [], lambda _: "latest samples"),
        drawn=_taken_in(folder, folder.glob("samples/sampled_*/grid.png"), lambda file: file.parent.name),
        panels=_drawn(folder, "samples/panels"),
        pictures=[*_pictures(folder), *links],
        gone=gone,
        evaluations=evaluations(record, folder),
        clip=clip_scorings(folder),
    )


def linked_pictures(record: RunRecord) -> tuple[list[Picture], list[str]]:
    """Linked pictures, at most MOST_GRIDS of them evenly, and the paths of those that are gone or have changed."""
    links = linked(record.linked_pictures)
    files = {one: one.file() for one in links}
    there = [(one, file) for one, file in files.items() if file is not None]
    chosen = [there[number] for number in _evenly(len(there))]
    found = (picture(file, file.parent, one.title) for one, file in chosen)
    return [one for one in found if one is not None], [one.path for one, file in files.items() if file is None]


def _evenly(number: int) -> list[int]:
    """At most MOST_GRIDS places of a list, the first and the last among them."""
    return sorted({round(place * (number - 1) / (MOST_GRIDS - 1)) for place in range(MOST_GRIDS)}) if number else []


def _drawn(folder: Path, place: str) -> list[Picture]:
    files = sorted(file for file in folder.glob(f"{place}/*.png") if moment(file.stem))
    return _taken_in(
        folder, [files[number] for number in _evenly(len(files))], lambda file: f"after {moment(file.stem)}"
    )


def _pictures(folder: Path) -> list[Picture]:
    """In the catalogue's order; of what it does not know, the file's name says what it is."""
    order = list(_CATALOGUE)

    def name(path: str | Path) -> str:
        return Path(path).stem.partition("_of_")[0]  # ..._of_2_runs, ..._of_samples

    found = _taken_in(
        folder, (folder / "pictures").rglob("*"), lambda file: _CATALOGUE.get(name(file)) or _title(file.stem)
    )
    found = [replace(one, titled=one.titled or name(one.path) == "gif") for one in found]  # it has its title in it too
    return sorted(found, key=lambda one: order.index(name(one.path)) if name(one.path) in order else len(order))


def _taken_in(folder: Path, files: Iterable[Path], title: Callable[[Path], str]) -> list[Picture]:
    """The pictures among `files` in the order of their names; links that lead out of the folder are none."""
    within = (file for file in files if file.suffix.lower() in IMAGE_FORMATS)
    names = sorted(str(file.relative_to(folder)) for file in within)
    found = (picture(folder / name, folder, title(folder / name)) for name in names if inside(folder, name))
    return [one for one in found if one is not None]


def _title(stem: str) -> str:
    words = re.sub(r"[_-]+", " ", stem).strip()
    return words[:1].upper() + words[1:]
