"""A run beside another: with a multiple of what that has, or made from it.

"lr twice that of run-020", "20% fewer parameters than run-020", "distilled from run-020", "students of run-020"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.filters.filter import NOTHING, And, Filter, Or
from diffusionlab.registry.record.columns import label
from diffusionlab.search.ask.rules.fields import COMPARATIVES
from diffusionlab.search.ask.rules.reading import Reading, directed, is_numeric
from diffusionlab.search.ask.rules.relative import comparable
from diffusionlab.search.read.special_filters import IsOn, SettingIs
from diffusionlab.search.read.text import Mentions

# -- multiples

_FACTORS = {"twice": 2.0, "double": 2.0, "triple": 3.0, "thrice": 3.0, "quadruple": 4.0, "half": 0.5}
_PARTS = {"third": 1 / 3, "quarter": 0.25}
_TIMES = ("times", "x", "fold")
_BOUNDS = ("<", "<=", ">", ">=", "~", "=")
_BETWEEN = ("filler", "carrier", "than", "same", "comparative", "those")
_LONGEST = 12  # items from the factor to the run
_MEANT = {
    "num_parameters": ("large", "larger", "big", "bigger", "small", "smaller", "size", "heavy", "light"),
    "seconds": ("long", "longer", "short", "shorter"),
    "images_per_second": ("fast", "faster", "slow", "slower"),
}
_LESS = ("small", "smaller", "short", "shorter", "slow", "slower", "light", "fewer", "less", "lower")
_COUNTED = ("epochs", "batch_size", "image_size", "seed", "lr")  # compared exactly; what is measured, by a tenth
_NOISE = (
    "that",
    "as",
    "the",
    "of",
    "its",
    "-",
    "x",
    "times",
    "fold",
    "is",
    "was",
    "long",
    "large",
    "big",
    "fast",
    "high",
)


@dataclass
class _Ratio:
    """What is said before the run: how many times which column, and whether more or less than that."""

    factor: float | None = None
    percent: bool = False
    bound: str = "="
    column: str | None = None
    words: list[str] = field(default_factory=list)


def ratio(r: Reading, i: int) -> int:
    """[with] [FIELD] [COMPARATOR] FACTOR [FIELD] of RUN."""
    if r.kind(i) == "carrier" and (after := ratio(r, i + 1)):
        return after
    if r.kind(i) not in ("field", "comparator", "number", "ordinal", "text", "filler"):
        return 0
    if (said := _read(r, i)) is None:
        return 0
    found, run = said
    column = found.column or next((c for c, words in _MEANT.items() if {*words} & {*found.words}), None)
    if column == "seconds" and not r.known.has("seconds"):
        r.notes.append("how long is read as a number of epochs, as no run has a recorded duration")
        column = "epochs"
    if column is None or not is_numeric(column) or found.factor is None:
        return 0
    after = run + 1 + (r.words(run + 1) in ("has", "had"))  # "twice the parameters that run-020 has"
    facts = r.facts(run)
    value = facts.get(column) if facts else None
    if facts and value is None:
        r.notes.append(f"{facts['run_id']} has no recorded {label(column)} to compare with")
    condition = NOTHING if not facts or value is None else _condition(r, found, column, facts)
    return r.looked_at(i, r.emit(i, after, column, condition))


def _read(r: Reading, i: int) -> tuple[_Ratio, int] | None:
    """What the items from i up to a run say, if all of them belong to it."""
    found, j = _Ratio(), i
    while j < min(i + _LONGEST, len(r.items)) and r.kind(j) != "run":
        if found.factor is None and (factor := _factor(r, j)):
            found.factor, found.percent, j = factor
            continue
        words, payload = r.words(j), r.items[j].payload
        if r.kind(j) == "field" and found.column is None:
            found.column = payload
        elif r.kind(j) in ("comparator", "comparative") and found.factor is not None:
            found.words += words.split()
            if found.percent:
                found.bound = payload if r.kind(j) == "comparator" else COMPARATIVES.get(words, "=")
        elif r.kind(j) == "comparator" and payload in _BOUNDS:
            found.bound = payload
        elif r.kind(j) in _BETWEEN or words in _NOISE or (found.factor is not None and _tells(words)):
            found.words += words.split()
        else:
            return None
        if found.factor is None and j - i > 4:
            return None
        j += 1
    starts = r.kind(i) in ("field", "comparator") or _factor(r, i) is not None
    return (found, j) if r.kind(j) == "run" and found.factor is not None and starts else None


def _tells(words: str) -> bool:
    return any(words in told for told in _MEANT.values())


def _factor(r: Reading, i: int) -> tuple[float, bool, int] | None:
    """(Factor, whether it is a percentage, the index after it): "twice", "three times", "a third", "20%"."""
    if r.words(i) in _FACTORS:
        return _FACTORS[r.words(i)], False, i + 1
    if r.words(i) in _PARTS and r.words(i + 1) == "of":
        return _PARTS[r.words(i)], False, i + 1
    if r.kind(i) == "number" and r.kind(i + 1) == "percent":
        return r.items[i].payload.value / 100, True, i + 2
    number = r.items[i].words if 0 <= i < len(r.items) else ""
    if r.words(i + 1) not in _TIMES:
        return None
    if r.kind(i) == "number":
        return r.items[i].payload.value, False, i + 2
    try:
        return float(number), False, i + 2
    except ValueError:
        return None


def _condition(r: Reading, found: _Ratio, column: str, facts: Mapping[str, Any]) -> Filter:
    """The condition, for figures among the runs whose figure was taken as that of the run with `facts` was."""
    return And(*(comparable(r, bound, facts) for bound in _bounds(found, column, float(facts[column]))))


def _bounds(found: _Ratio, column: str, value: float) -> list[Compare]:
    assert found.factor is not None
    if found.percent:
        operator = directed(found.bound, column)
        less = operator.startswith("<")
        bound = value * (1 - found.factor if less else 1 + found.factor)
        if operator == "=":
            return _about(column, value * found.factor)
        return [Compare(column, "<=" if less else ">=", _rounded(bound))]
    fewer = found.factor > 1 and bool({*found.words} & {*_LESS})
    wanted = value / found.factor if fewer else value * found.factor
    if found.bound in ("<", "<=", ">", ">="):
        return [Compare(column, found.bound, _rounded(wanted))]
    return _about(column, wanted)


def _about(column: str, wanted: float) -> list[Compare]:
    if column in _COUNTED:
        return [Compare(column, "=", _rounded(wanted))]
    low, high = sorted((wanted * 0.9, wanted * 1.1))
    return [Compare(column, ">=", _rounded(low)), Compare(column, "<=", _rounded(high))]


def _rounded(value: float) -> float:
    """Without the last digits, in which 3 * 1e-4 is not 3e-4."""
    return float(f"{value:.12g}")


# -- which run another was made from

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
        return r.looked_at(first, r.emit(first, j + 1, column, _made_from(r, column, j)))
    if r.known.setting(column.removeprefix("config.")) is None:
        return 0  # the texts alone may say so
    said = Or(IsOn(column), Mentions((" ".join(r.items[k].words for k in range(first, i + 1)),)))
    return r.looked_at(first, r.emit(first, i + 1, column, said))


def _made_from(r: Reading, column: str, run: int) -> Filter:
    facts = r.facts(run)
    if facts is None:
        return NOTHING
    names = dict.fromkeys(str(facts[key]) for key in ("run_id", "path") if facts.get(key))
    return Or(*(SettingIs(column, name) for name in names))
