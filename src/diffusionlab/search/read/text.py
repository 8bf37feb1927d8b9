"""Words in a run's text: a light stemmer, and `Mentions`, the condition that a text says something."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.filter import Leaf
from diffusionlab.registry.record.rows import to_rows

if TYPE_CHECKING:
    import pyarrow as pa

TEXT_COLUMNS = ("name", "architecture", "description", "notes", "tags", "search_text", "path")
_TAIL = r"^.*/([^/]*/[^/]*/[^/]*/[^/]*)$"  # of a path: the last four parts; where the project lies tells nothing
_PART = re.compile(r"[^\W_]{4,}")  # what is also looked for inside of words: "garm" in "garments"
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

    def reads(self) -> set[str]:
        return {*TEXT_COLUMNS} if self.where == "text" else {self.where}

    def mask(self, table: pa.Table) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = [text_of(table, column) for column in sorted(self.reads())]
        known = reduce(pc.or_, [pc.fill_null(pc.greater(pc.binary_length(text), 0), False) for text in texts])
        may = pc.and_(known, reduce(pc.or_, [may_say(text, self.phrases) for text in texts]))
        said = [self.evaluate(row) for row in to_rows(table.select(sorted(self.reads())).filter(may))]
        return pc.replace_with_mask(pc.if_else(known, False, None), may, pa.array(said, pa.bool_()))

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        columns = TEXT_COLUMNS if self.where == "text" else (self.where,)
        cells = [text for column in columns if (text := cell_text(row, column))]
        if not cells:
            return None
        return any(mentioned(cell, phrase) for cell in cells for phrase in self.phrases)


@dataclass(frozen=True)
class Matches(Leaf):
    """A regular expression (RE2, case ignored) matches in the text of a run, or in one text column of it."""

    pattern: str
    where: str = "text"

    def __post_init__(self) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            pc.match_substring_regex(pa.array([""]), self.pattern, ignore_case=True)
        except pa.ArrowInvalid as error:
            said = str(error).partition("regex: ")[2] or "it cannot be read"
            raise ValueError(
                f"--where: /{self.pattern[:40]}/ is no regular expression: {said.splitlines()[0]}"
            ) from None

    @property
    def column(self) -> str:  # type: ignore[override]
        return "text" if self.where == "text" else f"{self.where} text"  # no column of the table

    def _condition(self) -> str:
        raise ValueError("text is matched in Arrow: it has no predicate")

    def reads(self) -> set[str]:
        return {*TEXT_COLUMNS} if self.where == "text" else {self.where}

    def mask(self, table: pa.Table) -> pa.Array:
        import pyarrow.compute as pc

        texts = [text_of(table, column) for column in sorted(self.reads())]
        found = [pc.match_substring_regex(text, self.pattern, ignore_case=True) for text in texts]
        return reduce(lambda a, b: pc.coalesce(pc.or_kleene(a, b), a, b), found)

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = [text for column in self.reads() if (text := cell_text(row, column))]
        if not cells:
            return None
        return bool(pc.any(pc.match_substring_regex(pa.array(cells), self.pattern, ignore_case=True)).as_py())


def mentioned(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` stand in `text` one after another, by stem."""
    wanted = stems(phrase).strip()
    if not wanted:
        return False
    if _PART.fullmatch(phrase) and phrase.lower() in text.lower():
        return True
    inside = stems(text)
    last = wanted.rsplit(" ", 1)[-1]
    return f" {wanted} " in inside or (len(last) >= 5 and last.isalpha() and f" {wanted}" in inside)


def text_of(table: pa.Table, column: str) -> pa.Array:
    """The texts of a column: of a list its elements as one, of a path its end."""
    import pyarrow.compute as pc

    texts = joined(table[column])
    return pc.replace_substring_regex(texts, _TAIL, r"\1") if column == "path" else texts


def cell_text(row: Mapping[str, Any], column: str) -> str:
    """The same of one row; empty if there is none."""
    cell = row.get(column)
    if not cell:
        return ""
    if isinstance(cell, Mapping):
        return json.dumps(cell, ensure_ascii=False)
    if isinstance(cell, list):
        return " ".join(map(str, cell))
    return re.sub(_TAIL, r"\1", str(cell)) if column == "path" else str(cell)


def joined(cells: pa.ChunkedArray) -> pa.Array:
    """A text column as it is, a list column with the elements of each list as one text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = cells.combine_chunks()
    return pc.binary_join(column, " ") if pa.types.is_list(column.type) else column


def may_say(texts: pa.Array, phrases: Sequence[str]) -> pa.Array:
    """False for the texts that surely say none of the phrases; quick where `mentioned` would take seconds.

    A stem is the beginning of its word, so that a text which says the word has it, in small letters.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lower = pc.utf8_lower(texts)
    found = pa.array([False] * len(texts), pa.bool_())
    for phrase in phrases:
        parts = [pc.match_substring(lower, part) for part in stems(phrase).split()]
        if parts:
            found = pc.or_(found, pc.fill_null(reduce(pc.and_, parts), False))
    return found
