"""Filters on what no column of the registry holds as it is asked: settings, files, diffusion, two columns at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.conditions import COMPARE, Contains
from diffusionlab.registry.filters.filter import Filter, Leaf
from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.registry.record.columns import held_in, is_recorded, kind_of, value_of
from diffusionlab.registry.record.pictures import linked
from diffusionlab.search.read.text import stem, words_of

if TYPE_CHECKING:
    import pyarrow as pa


# -- settings: `config.KEY`, and `extra.KEY` of what an import has beside them

PREFIX = "config."
EXTRA = "extra."
PREFIXES = (PREFIX, EXTRA)
_NOISE = {"val", "value", "num", "number", "lr", "is", "use", "enable", "scale"}
_UNITS = {"step", "epoch", "iter", "rate", "prob", "ratio", "fraction"}  # "lr_warmup_steps" is the warmup
_OFF = ("", "none", "null", "false", "off", "no", "0")
_ONE_IS_OFF = ("accumulate_grad_batches", "gradient_accumulation_steps", "accumulation_steps", "grad_accum_steps")


@dataclass(frozen=True)
class SettingIs(Leaf):
    """A setting has this value, compared as letters: "softmax", "true", "[64, 128]"; unknown if they lack it."""

    column: str
    value: str

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        cell = value_of(row, self.column)
        if cell is None and not is_recorded(row, self.column):
            return None
        class_name = str(cell).rpartition(".")[2] or str(cell)
        return squeeze(self.value) in (squeeze(class_name), squeeze(str(cell)))


@dataclass(frozen=True)
class IsOn(Leaf):
    """A setting is neither null nor zero nor false; unknown if the run's settings lack it."""

    column: str

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        if not is_recorded(row, self.column):
            return None
        return is_on(self.column, value_of(row, self.column))


def is_on(column: str, cell: Any) -> bool:
    """Whether a setting of this value is on."""
    off = 1 if column.rpartition(".")[2] in _ONE_IS_OFF else 0
    return cell is not None and str(cell).lower() not in _OFF and cell not in (0, off)


def _flat(config: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        yield f"{before}{key}", value
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")


def setting_names(configs: Iterable[str], prefix: str = PREFIX) -> dict[tuple[str, ...], str]:
    """The stems of a setting's last names -> its column, of settings as JSON texts; the shortest path of several."""
    paths = {path for text in configs for path, value in _flat(json.loads(text)) if not isinstance(value, Mapping)}
    found: dict[tuple[str, ...], str] = {}
    for path in sorted(paths, key=lambda path: (path.count("."), path)):
        parts = f"{prefix}{path}".split(".")
        if not parts[-1].startswith("_"):
            for names in (parts[-1:], parts[-2:]):
                found.setdefault(stems_of(" ".join(names)), prefix + path)
    for stems, column in list(found.items()):
        found.setdefault(tuple(stem for stem in stems if stem not in _UNITS) or stems, column)
    return found


def stems_of(words: str) -> tuple[str, ...]:
    """The stems of words in order, without those that add nothing: "gradient_clip_val" -> gradient, clip."""
    stems = [re.sub(r"([b-df-hj-np-tv-z])\1$", r"\1", stem(word)) for word in words_of(words.replace("_", " "))]
    return tuple(s for s in stems if s not in _NOISE) or tuple(stems)


# -- files

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


# -- diffusion

FACET = "diffusion"


@dataclass(frozen=True)
class IsDiffusion(Leaf):
    """True with the facet `diffusion` or a parameterization, None if neither is recorded.

    A run of which facets are recorded, and neither of the two, is no diffusion model: an autoencoder, a classifier.
    """

    @property
    def column(self) -> str:  # type: ignore[override]
        return FACET  # no column of the table, so that the registry leaves it to Arrow

    def reads(self) -> set[str]:
        return {"arch_tags", "parameterization"}

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        tags, target = row.get("arch_tags"), row.get("parameterization")
        if (target is not None and target != "none") or FACET in (tags or ()):
            return True
        return None if target is None and not tags else False

    def mask(self, table: pa.Table) -> pa.Array:
        import pyarrow.compute as pc

        target, tags = table["parameterization"].combine_chunks(), table["arch_tags"].combine_chunks()
        by_target = pc.and_(pc.is_valid(target), pc.fill_null(pc.not_equal(target, "none"), False))
        tagged = pc.fill_null(Contains("arch_tags", FACET).mask(table), False)
        known = pc.or_(pc.is_valid(target), pc.fill_null(pc.greater(pc.list_value_length(tags), 0), False))
        return pc.if_else(pc.or_(by_target, tagged), True, pc.if_else(known, False, None))


def has_facet(facet: str) -> Filter:
    """The run has the facet."""
    return IsDiffusion() if facet == FACET else Contains("arch_tags", facet)


# -- two columns

_KINDS = {"int": "number", "float": "number", "time": "moment"}


def comparable_kind(column: str) -> str | None:
    """ "number" or "moment": columns of one kind compare with each other; None for all others."""
    return _KINDS.get(kind_of(column))


@dataclass(frozen=True)
class CompareColumns(Leaf):
    """`left op right`, both of the same run; unknown if it lacks one of them."""

    left: str
    op: str
    right: str

    @property
    def column(self) -> str:  # type: ignore[override]
        return f"{self.left} or {self.right}"  # no column of the table, so that the registry leaves it to Python

    def reads(self) -> set[str]:
        return {held_in(self.left), held_in(self.right)}

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        left, right = value_of(row, self.left), value_of(row, self.right)
        if any(value is None or isinstance(value, bool | str | list | dict) for value in (left, right)):
            return None
        return bool(COMPARE[self.op](left, right))
