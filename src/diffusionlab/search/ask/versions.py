"""Versions of a framework: "PyTorch older than 2.7", "torch >= 2.6", "PyTorch 2.7 or newer"."""

from __future__ import annotations

import operator
import re

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import Filter
from diffusionlab.search.ask.reading import Reading
from diffusionlab.search.read.numbered import CARD_NAMES, cards_where

_SAID = {
    **dict.fromkeys(("older", "before", "earlier", "below", "under", "prior"), "<"),
    **dict.fromkeys(("newer", "after", "later", "above", "over"), ">"),
    "since": ">=",
    "from": ">=",
    "until": "<=",
}
_OR_SO = {"newer": ">=", "later": ">=", "above": ">=", "up": ">=", "older": "<=", "earlier": "<=", "below": "<="}
_MEANS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def number_of_cards(r: Reading, i: int) -> int:
    """COMPARATOR NUMBER GPUs: "more than 2 GPUs", "at least four cards"."""
    if r.kind(i) == "number" and r.kind(i + 1) == "afterwards" and r.words(i + 2) in CARD_NAMES:  # "two or more GPUs"
        count, operator = r.items[i].payload.value, r.items[i + 1].payload
        at_least = cards_where(lambda n: _MEANS[operator](n, count), r.known)
        return r.emit(i, i + 3, "hardware", at_least, True)
    operator = r.items[i].payload if r.kind(i) == "comparator" else ""
    j = r.skip(i + 1, 1, ("filler",))
    cards = r.items[j + 1].words.lower() if r.kind(j + 1) in ("condition", "noun", "text", "filler") else ""
    if operator not in _MEANS or r.kind(j) != "number" or cards not in CARD_NAMES:
        return 0
    count = r.items[j].payload.value
    return r.emit(i, j + 2, "hardware", cards_where(lambda n: _MEANS[operator](n, count), r.known), True)


def framework_version(r: Reading, i: int) -> int:
    """FRAMEWORK COMPARATOR VERSION, COMPARATOR FRAMEWORK VERSION, and VERSION or newer."""
    if _is_framework(r, i):
        j = r.skip(i + 1, 3, ("filler",))
        said = [word for place in range(i + 1, j) if (word := r.words(place)) in _SAID]
        comparison = _SAID[said[0]] if said else None
        if r.kind(j) == "comparator" or r.words(j) in _SAID:
            comparison = r.items[j].payload if r.kind(j) == "comparator" else _SAID[r.words(j)]
            j = r.skip(j + 1, 2, ("filler", "than"))
        elif r.kind(j) == "than":
            j += 1
        if comparison in _MEANS and r.kind(j) == "number":
            return _emit(r, i, j + 1, comparison, r.items[j].payload.typed)
        return _or_newer(r, i) or _of_version(r, i)
    if r.kind(i) == "comparator" and _is_framework(r, i + 1) and (version := _version(r.words(i + 1))):
        return _emit(r, i, i + 2, r.items[i].payload, version) if r.items[i].payload in _MEANS else 0
    return 0


def _or_newer(r: Reading, i: int) -> int:
    version = _version(r.words(i))
    if not version:
        return 0
    if r.kind(i + 1) == "afterwards":
        return _emit(r, i, i + 2, r.items[i + 1].payload, version)
    if r.words(i + 1) in ("or", "and") and (comparison := _OR_SO.get(r.words(i + 2))):
        return _emit(r, i, i + 3, comparison, version)
    return 0


def _of_version(r: Reading, i: int) -> int:
    """FRAMEWORK ... version NUMBER [or newer]: "PyTorch models using version 2.0+"."""
    j = r.skip(i + 1, 5)
    said = "version" in (r.words(place) for place in range(i + 1, j))
    operator = r.items[j].payload if r.kind(j) == "comparator" else "="
    j += r.kind(j) == "comparator"
    if not said or r.kind(j) != "number" or operator not in _MEANS:
        return 0
    if r.kind(j + 1) == "afterwards":
        return _emit(r, i, j + 2, r.items[j + 1].payload, r.items[j].payload.typed)
    return _emit(r, i, j + 1, operator, r.items[j].payload.typed)


def _is_framework(r: Reading, i: int) -> bool:
    return r.kind(i) == "condition" and r.items[i].payload.category == "framework"


def _version(text: str) -> str | None:
    found = re.search(r"\d+(?:\.\d+)*", text)
    return found.group() if found else None


def _emit(r: Reading, first: int, after: int, comparison: str, version: str) -> int:
    wanted, found = _parts(version), []
    for value in r.known.values["framework"]:
        has = _parts(_version(value) or "")
        has += [0] * (len(wanted) - len(has))  # "PyTorch 2" is 2.0
        if any(has) and _MEANS[comparison](has[: len(wanted)], wanted):
            found.append(value)
    some: Filter = (
        In("framework", tuple(sorted(found))) if found else Compare("framework", "=", f"{comparison} {version}")
    )
    return r.emit(first, after, "framework", some, True)


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
