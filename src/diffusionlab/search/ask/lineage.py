"""Which run another was made from: "distilled from run-020", "students of run-020", "fine-tuned from run-020"."""

from __future__ import annotations

from diffusionlab.registry.filters.filter import NOTHING, Filter, Or
from diffusionlab.search.ask.reading import Reading
from diffusionlab.search.read.special_filters import IsOn, SettingIs
from diffusionlab.search.read.text import Mentions

_MADE_FROM = {
    "config.teacher": ("distilled", "distillation", "student", "students", "taught"),
    "config.init_from": (
        "tuned",
        "finetuned",
        "finetuning",
        "initialized",
        "initialised",
        "warm-started",
        "fine-tuned",
    ),
}
"""Setting that names the run -> the words that say so."""
_LINKS = ("from", "of", "by", "on", "with", "the", "weights")


def lineage(r: Reading, i: int) -> int:
    """MADE from RUN: the setting that names it. MADE alone: that setting is set, or the text says so."""
    first, i = i, i + (r.words(i) == "fine" and r.words(i + 1) == "tuned")
    column = next((c for c, words in _MADE_FROM.items() if r.words(i) in words), None)
    if column is None or r.kind(i) not in ("text", "filler"):
        return 0
    j = i + 1
    while j < len(r.items) and (r.words(j) in _LINKS or r.kind(j) == "noun") and j - i < 5:
        j += 1
    if j > i + 1 and r.kind(j) == "run":
        return _emit(r, first, j + 1, column, _made_from(r, column, j))
    if r.known.setting(column.removeprefix("config.")) is None:
        return 0  # the texts alone may say so
    said = Or(IsOn(column), Mentions((" ".join(r.items[k].words for k in range(first, i + 1)),)))
    return _emit(r, first, i + 1, column, said)


def _made_from(r: Reading, column: str, run: int) -> Filter:
    facts = r.facts(run)
    if facts is None:
        return NOTHING
    names = dict.fromkeys(str(facts[key]) for key in ("run_id", "path") if facts.get(key))
    return Or(*(SettingIs(column, name) for name in names))


def _emit(r: Reading, first: int, after: int, column: str, condition: Filter) -> int:
    emitted = r.emit(first, after, column, condition)
    inside = r.items[first].start, r.items[after - 1].end
    r.passed = [item for item in r.passed if not inside[0] <= item.start < inside[1]]
    return emitted
