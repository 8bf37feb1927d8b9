"""Noun phrases that a negation takes as a whole: "all but the CIFAR-10 unets", "except those with attention on MNIST".

A phrase of several conditions ends with its head, a word for runs or a kind of network in the plural; without one a
negation takes the next condition alone ("unet not mnist adamw"). After "except", what stands behind a word for runs
belongs to it ("other than MNIST runs on CPU").
"""

from __future__ import annotations

from collections.abc import Sequence

from diffusionlab.registry.filters.filter import And, Filter
from diffusionlab.search.ask.joining.unions import is_plural_facet
from diffusionlab.search.read.items import Condition, Item

_BETWEEN = ("filler", "moment")
_BEHIND = ("filler", "moment", "carrier", "noun")
_POINTING = ("those", "the ones", "ones")


def whole_phrases(items: Sequence[Item]) -> list[Item]:
    """The items, with each phrase of several conditions that is negated as one condition."""
    found, i = list(items), 0
    while i < len(found):
        if found[i].kind == "not":
            excepted = found[i].payload == "except"
            start = i + 1
            while (end := _end_of_phrase(found, start, excepted)) is not None:
                found[start:end] = [_as_one(found[start:end])]
                start = (
                    start + 2 if excepted and found[start + 1 : start + 2] and _joins(found[start + 1]) else len(found)
                )
        i += 1
    return found


def _end_of_phrase(items: Sequence[Item], start: int, excepted: bool) -> int | None:
    """The index after a phrase of several conditions that begins at `start`."""
    pointed = any(word in items[start - 1].words.lower().split() for word in _POINTING)
    if (both := _both(items, start)) is not None:
        return both
    i, last = start, None
    while i < len(items) and items[i].kind in (*_BETWEEN, "condition"):
        last = i if items[i].kind == "condition" else last
        i += 1
    noun = i < len(items) and items[i].kind == "noun"
    if excepted and (pointed or (noun and last is not None)):
        while i < len(items) and items[i].kind in (*_BEHIND, "condition"):
            last = i if items[i].kind == "condition" else last
            i += 1
    elif last is None or not (noun or is_plural_facet(items[last])) or not (excepted or _is_told(items, start)):
        return None
    elif excepted:
        last = _behind_a_kind(items, last)
    several = last is not None and sum(item.kind == "condition" for item in items[start : last + 1]) > 1
    return last + 1 if several and last is not None else None


_COPULAS = ("is", "are", "was", "were", "be", "but", "that are", "which are", "that were", "that is")


def _is_told(items: Sequence[Item], start: int) -> bool:
    """ "Are not (MNIST U-Nets)", "but not the (MNIST U-Nets)": in "no failed MNIST runs" only "failed" is negated."""
    before = items[start - 2].words.lower() if start > 1 else ""
    return before in _COPULAS or items[start].words.lower() in ("the", "those")


_OF_A_KIND = ("with", "using", "that have", "which have", "on", "trained on")


def _behind_a_kind(items: Sequence[Item], last: int) -> int:
    """The last condition of "(except) U-Nets WITH ATTENTION", "(except) DiTs ON CIFAR-10"."""
    if items[last + 1 : last + 2] and items[last + 1].words.lower() in _OF_A_KIND:
        i = last + 2
        while i < len(items) and items[i].kind in (*_BETWEEN, "condition"):
            last = i if items[i].kind == "condition" else last
            i += 1
    return last


def _both(items: Sequence[Item], start: int) -> int | None:
    """The index after "both A and B"."""
    i = start
    while i < len(items) and items[i].kind in _BEHIND:
        i += 1
    kinds = [item.kind for item in items[i : i + 4]]
    if kinds != ["connector", "condition", "connector", "condition"] or items[i].words.lower() != "both":
        return None
    return i + 4 if items[i + 2].payload == "and" else None


def _joins(item: Item) -> bool:
    return item.words == "," or (item.kind == "connector" and item.payload in ("and", "or"))


def _as_one(items: Sequence[Item]) -> Item:
    filters: list[Filter] = [item.payload.filter for item in items if item.kind == "condition"]
    words = " ".join(item.words for item in items)
    return Item("condition", Condition("group", And(*filters), words=words), words, items[0].start, items[-1].end)
