"""Settings of runs that have no column of their own: `config.KEY`, and the words that name them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from diffusionlab.registry.filters.filter import Leaf
from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.registry.record.columns import value_of
from diffusionlab.search.read.text import stem, words_of

PREFIX = "config."
_NOISE = {"val", "value", "num", "number", "lr", "is", "use", "enable", "scale"}
_OFF = ("", "none", "null", "false", "off", "no", "0")


@dataclass(frozen=True)
class SettingIs(Leaf):
    """A setting has this value, compared as letters: "softmax", "true", "[64, 128]"; unknown if they lack it."""

    column: str
    value: str

    def _condition(self) -> str:
        raise ValueError(f"{self.column} is read from the run's settings: it has no predicate")

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        cell = value_of(row, self.column)
        if cell is None and not _is_recorded(row, self.column):
            return None
        class_name = str(cell).rpartition(".")[2] or str(cell)
        return squeeze(self.value) in (squeeze(class_name), squeeze(str(cell)))


@dataclass(frozen=True)
class IsOn(Leaf):
    """A setting is neither null nor zero nor false; unknown if the run's settings lack it."""

    column: str

    def _condition(self) -> str:
        raise ValueError(f"{self.column} is read from the run's settings: it has no predicate")

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        if not _is_recorded(row, self.column):
            return None
        cell = value_of(row, self.column)
        return cell is not None and str(cell).lower() not in _OFF and cell != 0


def _is_recorded(row: Mapping[str, Any], column: str) -> bool:
    """Whether the run's settings name it; null is a value too."""
    return column.removeprefix(PREFIX) in dict(_flat(row.get("config") or {}))


def _flat(config: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        yield f"{before}{key}", value
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")


def setting_names(configs: Iterable[str]) -> dict[tuple[str, ...], str]:
    """The stems of a setting's last names -> its column, of settings as JSON texts; the shortest path of several."""
    paths = {path for text in configs for path, value in _flat(json.loads(text)) if not isinstance(value, Mapping)}
    found: dict[tuple[str, ...], str] = {}
    for path in sorted(paths, key=lambda path: (path.count("."), path)):
        parts = path.split(".")
        if not parts[-1].startswith("_"):
            for names in (parts[-1:], parts[-2:]):
                found.setdefault(stems_of(" ".join(names)), PREFIX + path)
    return found


def stems_of(words: str) -> tuple[str, ...]:
    """The stems of words in order, without those that add nothing: "gradient_clip_val" -> gradient, clip."""
    stems = [re.sub(r"([b-df-hj-np-tv-z])\1$", r"\1", stem(word)) for word in words_of(words.replace("_", " "))]
    return tuple(s for s in stems if s not in _NOISE) or tuple(stems)
