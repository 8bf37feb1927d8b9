"""A text field and its value: "optimizer Foo", "tag baseline", "dataset: ImageNet-21k", "the Foo dataset"."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.conditions import Compare, Contains
from diffusionlab.registry.filters.filter import Filter, Not
from diffusionlab.search.ask.reading import Reading
from diffusionlab.search.read.items import value_filter
from diffusionlab.search.read.settings import PREFIX, IsOn, SettingIs
from diffusionlab.search.read.text import Matches, Mentions

TEXT_FIELDS = ("run_id", "name", "description", "notes", "reason", "path", "command")
_CONTAINS = {
    **dict.fromkeys(("contain", "contains", "containing", "contained", "including", "includes", "include"), "{}"),
    **dict.fromkeys(("starts", "starting", "start", "begins", "beginning", "begin"), "^{}"),
    **dict.fromkeys(("ends", "ending", "end"), "{}$"),
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
    """FIELD CONTAINS WORDS, WORDS in the FIELD: "name contains LSTM", "oom in the notes", "names ending in v2"."""
    column = "run_id" if r.words(i) in ("id", "ids") else r.items[i].payload if r.kind(i) == "field" else None
    if column in TEXT_FIELDS:
        j = r.skip(i + 1, 3, ("filler", "carrier", "text"))
        said = next((pattern for k in range(i + 1, j) if (pattern := _CONTAINS.get(r.words(k)))), None)
        k = next((k for k in range(i + 1, j + 1) if r.words(k) in _CONTAINS), i) + 1
        k = r.skip(k, 2, ("filler", "carrier"))
        if said and r.kind(k) in ("condition", "text", "run", "field"):
            after = r.emit(i, k + 1, "text", _in_field(r, k, column, said))
            r.passed = [item for item in r.passed if item.words.lower() not in _CONTAINS]
            return after
    if r.kind(i) in ("condition", "text") and r.words(i + 1) == "in":
        j = r.skip(i + 2, 2, ("filler",))
        if r.kind(j) == "field" and r.items[j].payload in TEXT_FIELDS:
            return r.emit(i, j + 1, "text", _in_field(r, i, r.items[j].payload, "{}"))
    return 0


def _in_field(r: Reading, i: int, column: str, pattern: str) -> Filter:
    words = r.items[i].words.strip("\"'“”`«»")
    return Matches(pattern.format(re.escape(words)), column)


def _setting(r: Reading, i: int) -> int:
    """SETTING [=] VALUE that is no number: "zero_terminal_snr = true", "attention: softmax"."""
    j = r.skip(i + 1, 2, ("filler",))
    if r.kind(j) == "comparator" and r.items[j].payload == "=":
        j += 1
    said = r.words(j).strip("\"'")
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
