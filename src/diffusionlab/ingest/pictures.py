"""Which pictures belong to which script, by rules that look at places and names alone.

A picture belongs to the one script whose code writes it, or its folder:
    os.makedirs("samples") in v5/train.py             v5/samples/grid_000.png
    save_image(x, "out/last.png") in v5/train.py      v5/out/last.png
or that lies beside it, alone or with its name or version in the picture's (or its folder's) name:
    v5/train.py                                       v5/epoch_10.png, v5/results/epoch_10.png
    cifar_v4.py, cifar_v5.py                          cifar_v5_grid.png, v5_ep3.jpg, cifar_v5/10.png
Where several scripts could have made it, or none is near, nothing is linked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from diffusionlab.ingest.record import Script
from diffusionlab.ingest.source import SKIPPED_FOLDERS
from diffusionlab.registry.record.pictures import BESIDE, PERSON, WRITTEN, LinkedPicture, content_digest
from diffusionlab.untrusted import IMAGE_FORMATS, ImageError, opened_image

MOST = 400
"""Pictures linked to one record; of more, these many evenly."""
RESULT_FOLDERS = {
    "samples", "sample", "results", "result", "outputs", "output", "generated", "pictures", "figures", "plots",
}  # fmt: skip
"""Names of folders for what a script made. `images` is none: as often it holds what a script reads."""

_EPOCH = (
    re.compile(r"(?<![a-z])(?:epochs?|ep)[ _=-]?(\d{1,7})(?!\d)", re.I),
    re.compile(r"(?<![a-z0-9])(\d{1,7})[ _-]?epochs?(?![a-z])", re.I),
)
_STEP = (
    re.compile(r"(?<![a-z])(?:global[ _-]?)?(?:steps?|iter(?:ation)?s?)[ _=-]?(\d{1,9})(?!\d)", re.I),
    re.compile(r"(?<![a-z])samples?[ _-](\d{6,9})(?!\d)", re.I),
)
_VERSION = re.compile(r"(?<![a-z0-9])v(?:er(?:sion)?)?[ _-]?(\d{1,3}(?:\.\d{1,3})*)(?![\d])", re.I)


def counted(name: str) -> tuple[int | None, int | None]:
    """(epoch, step) that a file's name says.

    epoch_10.png, v5_ep3.jpg, epoch=3-step=1200.png, 50_epochs.png      -> epoch 10, 3, 3, 50
    epoch=3-step=1200.png, iter_2000.png, sample-000200.png             -> step 1200, 2000, 200
    sample-10.png (a number of its own), grid_0003.png, v5.png          -> neither
    """
    stem = Path(name).stem
    epoch, step = (
        next((int(found[1]) for pattern in patterns if (found := pattern.search(stem))), None)
        for patterns in (_EPOCH, _STEP)
    )
    return epoch, step


def moment(name: str) -> str:
    """What a file's name says of training in words, "1,200 steps" or "3 epochs"; nothing where it says neither."""
    epoch, step = counted(name)
    number, unit = (epoch, "epoch") if step is None else (step, "step")
    return "" if number is None else f"{number:,} {unit}{'s' * (number != 1)}"


def find_pictures(folder: Path) -> Iterator[Path]:
    """Image files below a folder, in order; links that lead out of it are not followed, hidden folders not entered."""
    inside = folder.resolve()
    for parent, folders, files in os.walk(inside):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS and not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            if path.suffix.lower() in IMAGE_FORMATS and path.resolve().is_relative_to(inside):
                yield path


def picture(path: Path, by: str) -> LinkedPicture | None:
    """A link to an image in one of the formats that are opened, None if it is none or too large."""
    try:
        with opened_image(path):
            pass
    except ImageError:
        return None
    content = content_digest(path)
    return LinkedPicture(str(path), content, by, *counted(path.name)) if content else None


def in_folder(folder: Path) -> list[LinkedPicture]:
    """All pictures of a folder that a person names, at most `MOST`, evenly."""
    found = (picture(path, PERSON) for path in evenly(list(find_pictures(folder))))
    return [one for one in found if one is not None]


def evenly(paths: list[Path]) -> list[Path]:
    """At most `MOST`, the first and the last among them."""
    if len(paths) <= MOST:
        return paths
    return [paths[round(number * (len(paths) - 1) / (MOST - 1))] for number in range(MOST)]


def relink(known: list[LinkedPicture], found: list[LinkedPicture]) -> tuple[list[LinkedPicture], list[str]]:
    """What a record links after its script was read again, and the paths that it linked and that are gone.

    Links by rule are replaced by those found now; those by a person stay.
    """
    kept = [one for one in known if one.by == PERSON]
    theirs = {one.path for one in kept}
    return kept + [one for one in found if one.path not in theirs], _gone(known)


def add_folder(
    known: list[LinkedPicture], folder: Path, found: list[LinkedPicture]
) -> tuple[list[LinkedPicture], list[str]]:
    """What a record links after a person has named a folder for it, and the paths in this folder that are gone."""
    inside = folder.resolve()
    elsewhere = [one for one in known if not Path(one.path).is_relative_to(inside)]
    return elsewhere + found, _gone(one for one in known if one not in elsewhere)


def _gone(links: Iterable[LinkedPicture]) -> list[str]:
    return [one.path for one in links if not os.path.lexists(one.path)]


class Pile:
    """Scripts and the pictures around them, inside the folders that were given.

    `scripts` are those with facts, by their resolved path.
    """

    def __init__(self, paths: Iterable[Path], scripts: dict[Path, Script]) -> None:
        self.roots = list(dict.fromkeys((path if path.is_dir() else path.parent).resolve() for path in paths))
        self.beside: dict[Path, list[Path]] = {}
        self.writes: dict[Path, list[Path]] = {}
        for path, script in scripts.items():
            self.beside.setdefault(path.parent, []).append(path)
            for fact in script.facts.get("outputs", []):
                place = (path.parent / str(fact.value)).resolve() if "\0" not in str(fact.value) else path.parent
                if place != path.parent and path not in self.writes.setdefault(place, []):
                    self.writes[place].append(path)

    def linked(self) -> tuple[dict[Path, list[LinkedPicture]], int]:
        """Pictures of each script, and how many belong to none or to one of several."""
        owned: dict[Path, dict[Path, str]] = {}
        without = 0
        for root in self.roots:
            for path in find_pictures(root):
                script, by = self._owner(path, root)
                if script is not None:
                    owned.setdefault(script, {})[path] = by
                else:
                    without += 1
        found = {
            script: [picture(path, paths[path]) for path in evenly(list(paths))] for script, paths in owned.items()
        }
        return {script: [one for one in pictures if one] for script, pictures in found.items()}, without

    def _owner(self, path: Path, root: Path) -> tuple[Path | None, str]:
        above = [folder for folder in path.parents if folder.is_relative_to(root)]
        writers = next((self.writes[place] for place in (path, *above) if place in self.writes), [])
        if writers:
            return (writers[0] if len(writers) == 1 else _named(path, writers)), WRITTEN
        near = next((folder for folder in above if folder in self.beside), None)
        if near is None:
            return None, BESIDE
        scripts, first = self.beside[near], path.relative_to(near).parts[0]
        alone = scripts[0] if len(scripts) == 1 and (path.parent == near or first.lower() in RESULT_FOLDERS) else None
        return alone or _named(near / first, scripts), BESIDE


def _named(picture: Path, scripts: list[Path]) -> Path | None:
    """The one script whose name begins the picture's, or whose version alone is in it."""
    name = picture.stem.lower()
    begins = [one for one in scripts if re.match(rf"{re.escape(one.stem.lower())}(?![a-z0-9])", name)]
    if begins:
        longest = max(len(one.stem) for one in begins)
        begins = [one for one in begins if len(one.stem) == longest]
        return begins[0] if len(begins) == 1 else None
    version = _VERSION.search(name)
    same = [one for one in scripts if version and (own := _VERSION.search(one.stem)) and own[1] == version[1]]
    return same[0] if len(same) == 1 else None
