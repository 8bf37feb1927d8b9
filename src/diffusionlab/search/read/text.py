"""Words compared as people mean them: by stem in the texts of runs (`Mentions`), by edits where they are misspelt.

Repair is by Damerau-Levenshtein distance, same first letter, at least four letters. Its limits are measured ones: one
edit below eight letters and two from there on repair nearly all slips and spoil few correct words; two edits for short
words spoil most of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import takewhile
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


class _OfText(Leaf):
    """A condition on all texts of a run, or on one text column."""

    where: str

    def reads(self) -> set[str]:
        return {*TEXT_COLUMNS} if self.where == "text" else {self.where}


@dataclass(frozen=True)
class Mentions(_OfText):
    """Some of the `phrases` stands in the text of a run (its name, description, notes, tags, spellings).

    Words are compared by stem, and the last word of a phrase may go on from five letters of a stem. LanceDB
    has no such test, so it is evaluated here; `where` may name one text column instead of all.
    """

    phrases: tuple[str, ...]
    where: str = "text"

    @property
    def column(self) -> str:  # type: ignore[override]
        return "text" if self.where == "text" else f"{self.where} text"  # no column of the table: it is left to Python

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
        cells = [text for column in columns if (text := said_in(row, column))]
        if not cells:
            return None
        return any(mentioned(cell, phrase) for cell in cells for phrase in self.phrases)


@dataclass(frozen=True)
class Matches(_OfText):
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
            said = f"/{self.pattern[:40]}/ is no regular expression: {said.splitlines()[0]}"
            raise ValueError(f"--where: {said}") from None

    @property
    def column(self) -> str:  # type: ignore[override]
        return "text" if self.where == "text" else f"{self.where} text"  # no column of the table

    def mask(self, table: pa.Table) -> pa.Array:
        import pyarrow.compute as pc

        texts = [joined(table[column]) if column == self.where else text_of(table, column) for column in self.reads()]
        found = [pc.match_substring_regex(text, self.pattern, ignore_case=True) for text in texts]
        return reduce(lambda a, b: pc.coalesce(pc.or_kleene(a, b), a, b), found)

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.where == "path":  # all of it, where the path is what is asked about
            cells = [str(row["path"])] if row.get("path") else []
        else:
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


def said_in(row: Mapping[str, Any], column: str) -> str:
    """The text in which words are looked for: of settings their values, as all runs have their names."""
    cell = row.get(column)
    if column in _VALUES_ONLY and isinstance(cell, Mapping):
        return " ".join(_values_of(cell)) or "none"
    return cell_text(row, column)


_VALUES_ONLY = ("config", "extra")


def _values_of(cell: Any) -> Iterator[str]:
    """All values of nested mappings and lists, as texts."""
    if isinstance(cell, Mapping | list):
        for value in cell.values() if isinstance(cell, Mapping) else cell:
            yield from _values_of(value)
    else:
        yield str(cell)


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


# -- repair


def distance(a: str, b: str, limit: int = 2) -> int:
    """Optimal string alignment distance (insert, delete, replace, swap neighbours); `limit + 1` if above."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def repair(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely was meant to be, or None. Of equally near ones, that with most letters in place."""  # noqa: E501
    if len(word) < 4 or not word.isalpha():
        return None
    limit = 2 if len(word) >= 8 else 1
    best, nearest = (limit + 1, 0), None
    for candidate in known:
        if len(candidate) < 4 or candidate[0] != word[0] or abs(len(candidate) - len(word)) > limit:
            continue
        found = (distance(word, candidate, limit), -_shared(word, candidate))
        if found[0] <= limit and found < best:
            best, nearest = found, candidate
    return nearest


def near(word: str, known: Iterable[str]) -> bool:
    """Whether one slip parts `word` from a known word of seven letters or more."""
    return len(word) >= 7 and any(
        abs(len(k) - len(word)) <= 1 and distance(word, k, 1) <= 1 for k in known if k[0] == word[0]
    )


def _shared(a: str, b: str) -> int:
    """Letters that two words share at their beginning and at their end."""
    return sum(
        sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(x, y, strict=False)))
        for x, y in ((a, b), (a[::-1], b[::-1]))
    )


def nearest(word: str, known: Iterable[str], count: int = 3, like_only: bool = False) -> list[str]:
    """Known values to offer for an unknown one: the nearest by edits per letter, then by shared pieces.

    With `like_only`, those alone that a slip or two part from the word, or that begin as it does."""

    def alike(value: str) -> bool:
        a, b = word.lower(), value.lower()
        return distance(a, b) <= max(1, min(len(a), len(b)) // 4) or (len(a) >= 3 and (b.startswith(a) or a in b))

    def unlikeness(value: str) -> tuple[float, str]:
        a, b = word.lower(), value.lower()
        edits = distance(a, b, limit=max(len(a), len(b))) / max(len(a), len(b), 1)
        grams = {a[i : i + 2] for i in range(len(a) - 1)} & {b[i : i + 2] for i in range(len(b) - 1)}
        return edits - 0.5 * len(grams) / max(len(a) - 1, len(b) - 1, 1), value

    return sorted({v for v in known if alike(v)} if like_only else set(known), key=unlikeness)[:count]
