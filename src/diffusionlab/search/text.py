"""Words in a run's text: a light stemmer, and `Mentions`, the condition that a text says something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from diffusionlab.registry.filter import Leaf

TEXT_COLUMNS = ("name", "architecture", "description", "notes", "tags", "search_text")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z]\w)|(?<=[A-Z])(?=[A-Z][a-z])")
_SUFFIXES = (
    "isations",
    "izations",
    "isation",
    "ization",
    "ations",
    "ation",
    "ences",
    "ence",
    "ions",
    "ion",
    "ing",
    "ies",
    "ers",
    "ed",
    "es",
    "er",
    "al",
    "ly",
    "s",
    "e",
    "y",
)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """`diverged`, `diverging` and `divergence` are one stem; short words stay as they are."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return word[: -len(suffix)]
    return word[:-1] if len(word) == 4 and word.endswith("s") and not word.endswith("ss") else word


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers of a text; camel case and underscores part words."""
    return _WORD.findall(_CAMEL.sub(" ", text).lower())


@lru_cache(maxsize=8192)
def stems(text: str) -> str:
    """All stems of a text in order, a blank around each."""
    return f" {' '.join(map(stem, words_of(text)))} "


@dataclass(frozen=True)
class Mentions(Leaf):
    """Some of the `phrases` stands in the text of a run (its name, description, notes, tags, spellings).

    Words are compared by stem, and the last word of a phrase may go on from five letters of a stem. LanceDB
    has no such test, so it is evaluated here; `where` may name one text column instead of all.
    """

    phrases: tuple[str, ...]
    where: str = "text"

    @property
    def column(self) -> str:  # type: ignore[override]
        return "text"  # no column of the table, so that the registry leaves it to Python

    def _condition(self) -> str:
        raise ValueError("text is matched in Python: it has no predicate")

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        columns = TEXT_COLUMNS if self.where == "text" else (self.where,)
        cells = [cell for column in columns if (cell := row.get(column))]
        if not cells:
            return None
        return any(mentioned(str(cell), phrase) for cell in cells for phrase in self.phrases)


def mentioned(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` stand in `text` one after another, by stem."""
    wanted = stems(phrase).strip()
    if not wanted:
        return False
    inside = stems(text)
    last = wanted.rsplit(" ", 1)[-1]
    return f" {wanted} " in inside or (len(last) >= 5 and last.isalpha() and f" {wanted}" in inside)
