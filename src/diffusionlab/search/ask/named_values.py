"""A text field and its value: "optimizer Foo", "tag baseline", "dataset: ImageNet-21k", "the Foo dataset"."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.conditions import Compare, Contains
from diffusionlab.registry.filters.filter import Filter, Not
from diffusionlab.search.ask.reading import Reading
from diffusionlab.search.read.items import value_filter
from diffusionlab.search.read.special_filters import PREFIX, IsOn, SettingIs
from diffusionlab.search.read.text import Matches, Mentions, words_of

TEXT_FIELDS = ("run_id", "name", "description", "notes", "reason", "path", "command")
_CONTAINS = {
    **dict.fromkeys(("contain", "contains", "containing", "contained", "including", "includes", "include"), "{}"),
    **dict.fromkeys(("starts", "starting", "start", "begins", "beginning", "begin"), "^{}"),
    **dict.fromkeys(("ends", "ending", "end"), "{}$"),
    **dict.fromkeys(("like", "matches", "matching", "match", "matched", "resembles", "resembling"), "{}"),
    **dict.fromkeys(("mention", "mentions", "mentioning", "has", "have", "having", "with", "says"), "{}"),
}
"""The word between a field and what its text holds -> where it stands in the text."""
_ASKING = ("which", "what", "each", "every", "different", "whose")
FREE_COLUMNS = (
    "tags",
    "sweep",
    "host",
    "name",
    "git_commit",
    "config_hash",
    "data_hash",
    "parent_run",
    "framework",
    "dataset",
    "optimizer",
    "lr_schedule",
    "schedule",
    "sampler",
    "architecture",
    "hardware_kind",
    "precision",
    "parameterization",
)
"""Columns whose value may follow or precede their name: "tag baseline", "the Foo dataset"."""


def free_value(r: Reading, i: int) -> int:
    """FIELD VALUE for text: "optimizer Foo", "tag baseline", "dataset: ImageNet-21k", "the Foo dataset"."""
    if r.kind(i) == "filler" and r.words(i) in ("tagged", "tag") and r.kind(i + 1) == "text":
        return r.emit(i, i + 2, "tags", _value(r, "tags", r.items[i + 1].words))
    if r.kind(i) == "field" and r.items[i].payload.startswith(PREFIX):
        return _setting(r, i)
    if r.kind(i) == "field" and r.items[i].payload in FREE_COLUMNS:
        return _value_after(r, i, r.items[i].payload)
    if r.kind(i) == "text" and unheard(r, i) and r.kind(i + 1) == "field":
        column = r.items[i + 1].payload
        if column in FREE_COLUMNS and column not in ("name", "tags"):
            return r.emit(i, i + 2, column, _value(r, column, r.items[i].words), True)
    return 0


def text_of_field(r: Reading, i: int) -> int:
    """FIELD CONTAINS WORDS, WORDS in the FIELD: "name contains LSTM", "oom in the notes", "named like *Flower*"."""
    column = "run_id" if r.words(i) in ("id", "ids") else r.items[i].payload if r.kind(i) == "field" else None
    if r.words(i) in ("named", "called") and r.words(i + 1) in _CONTAINS:
        column = "name"
    if column in TEXT_FIELDS and (found := _contained(r, i)):
        pattern, k = found
        chunk, end = r.chunk(k)
        text = chunk.strip("\"'“”`«»").rstrip(".?!,;")
        after = r.emit(i, end, "text", Matches(_pattern(text, pattern), column)) if words_of(text) else 0
        start, stop = r.items[i].start, r.items[end - 1].end
        r.passed = [item for item in r.passed if not start <= item.start < stop]
        return after
    if r.kind(i) in ("condition", "text") and r.words(i + 1) == "in":
        j = r.skip(i + 2, 2, ("filler",))
        if r.kind(j) == "field" and r.items[j].payload in TEXT_FIELDS:
            words = r.items[i].words.strip("\"'“”`«»")
            return r.emit(i, j + 1, "text", Matches(re.escape(words), r.items[j].payload))
    return 0


def _contained(r: Reading, i: int) -> tuple[str, int] | None:
    """After the field at i: (where in the text, the place of what it holds), if a word says that it holds something."""
    for k in range(i + 1, min(i + 4, len(r.items))):
        if pattern := _CONTAINS.get(r.words(k)):
            k += 1
            while r.words(k) in ("with", "the", "word", "words", "in", "a", "something"):
                k += 1
            return (pattern, k) if k < len(r.items) and r.items[k].words not in "?.!,;" else None
        if r.kind(k) not in ("filler", "carrier", "text"):
            return None
    return None


def _pattern(text: str, pattern: str) -> str:
    """A regular expression for a text in which "*" stands for anything; then it is all of the name."""
    if "*" not in text:
        return pattern.format(re.escape(text))
    whole = "^{}$" if pattern == "{}" else pattern
    return whole.format(".*".join(map(re.escape, text.split("*"))))


def _setting(r: Reading, i: int) -> int:
    """SETTING [=] VALUE that is no number: "zero_terminal_snr = true", "attention: softmax"."""
    j = r.skip(i + 1, 2, ("filler",))
    if r.kind(j) == "comparator" and r.items[j].payload == "=":
        j += 1
    said = r.words(j).strip("\"'")
    if r.kind(j) == "run":
        return r.emit(i, j + 1, r.items[i].payload, SettingIs(r.items[i].payload, r.items[j].payload[0]), True)
    if r.kind(j) != "text" and said not in ("true", "false", "yes", "no", "on", "off"):
        return 0
    column = r.items[i].payload
    if said in ("yes", "on", "true", "no", "off", "false"):
        on = said in ("yes", "on", "true")
        return r.emit(i, j + 1, column, IsOn(column) if on else Not(IsOn(column)))
    return r.emit(i, j + 1, column, SettingIs(column, said), True)


def _value_after(r: Reading, i: int, column: str) -> int:
    stated = r.words(i + 1) in ("is", "was", "=", "equals") and "whose" in (r.words(i - 1), r.words(i - 2))
    if not stated and any(r.words(k) in _ASKING for k in (i - 2, i - 1)):
        return 0
    j = r.skip(i + 1, 2, ("filler",))
    if r.kind(j) == "comparator" and r.items[j].payload == "=":
        j = r.skip(j + 1, 1, ("filler",))
    if r.kind(j) == "run" and column == "parent_run":
        return r.emit(i, j + 1, column, Compare(column, "=", r.items[j].payload[0]), True)
    if r.kind(j) != "text" or r.items[j].start - r.items[j - 1].end > 2:
        return 0
    if column not in ("tags", "sweep", "host", "name") and not unheard(r, j):
        return 0
    if column == "name":
        return r.emit(i, j + 1, "text", Mentions((r.items[j].words,), "name"))
    return r.emit(i, j + 1, column, _value(r, column, r.items[j].words), True)


def _value(r: Reading, column: str, words: str) -> Filter:
    text = words.strip("\"'“”`«»")
    if column == "tags":
        return Contains("tags", next((t for t in r.known.tags if t.lower() == text.lower()), text))
    return value_filter(column, (r.known.resolve(column, text),), r.known)


def unheard(r: Reading, i: int) -> bool:
    """Whether no run mentions the words of the text item at i."""
    return not r.known.anyone_says(r.items[i].payload[:-1])
