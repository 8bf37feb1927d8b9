"""A condition and its opposite beside each other, of which a figure or a superlative is asked twice.

the best run with and without attention       the best of each
best FID with attention and without           likewise; the second is "without attention"
mean FID with attention on MNIST vs without   "without attention", and not "without MNIST"
best conditional and unconditional run        the best of each
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from diffusionlab.registry.filters.filter import Not
from diffusionlab.search.read.items import Condition, Item

_HAVING = ("with", "using", "use", "uses", "have", "has", "having", "that have", "that use")


class _Pair(NamedTuple):
    """The items of a condition and of its opposite; `said` is the condition if the second lacks it."""

    first: range
    second: range
    said: Item | None


def opposite(items: Sequence[Item], i: int) -> Item | None:
    """The "without" that nothing follows, as the opposite of what runs are said to be "with"."""
    joint = _before(items, i)
    while joint > 0 and items[joint].kind in (
        "count",
        "how",
        "field",
    ):  # "how many with attention and how many without"
        joint = _before(items, joint)
    if items[i].words.lower() != "without" or joint < 0 or items[joint].kind != "connector" or not _ends(items, i):
        return None
    had = _had(items, joint)
    if had is None:
        return None
    said: Condition = items[had].payload
    made = Condition(said.category, Not(said.filter), words=f"without {items[had].words}")
    return replace(items[i], kind="condition", payload=made)


def are_opposites(items: Sequence[Item], joint: int) -> bool:
    """Whether a condition stands before the "and" there and its opposite after it."""
    return _pair(items, joint) is not None


def each_way(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """The question with a condition and with its opposite, where one superlative is asked of both."""
    if len(places) != 1:
        return []
    for i, item in enumerate(items):
        if item.kind == "either way" and not {"or", "either"} & {*item.words.lower().split()}:
            return [f"{text[: item.start]}{word}{text[item.end :]}" for word in ("with", "without")]
        if (pair := _pair(items, i)) is not None:
            (first, start), (second, after) = (_span(items, span) for span in (pair.first, pair.second))
            said = f" {pair.said.words}" if pair.said else ""
            return [
                text[: items[i].start] + text[after:],
                text[:first] + text[start : items[i].start] + text[second:after] + said + text[after:],
            ]
    return []


def _span(items: Sequence[Item], span: range) -> tuple[int, int]:
    return items[span[0]].start, items[span[-1]].end


def _pair(items: Sequence[Item], joint: int) -> _Pair | None:
    if items[joint].kind != "connector" or items[joint].payload != "and":
        return None
    after = _after(items, joint)
    if after < len(items) and items[after].words.lower() == "without" and _ends(items, after):
        had = _had(items, joint)
        return None if had is None else _Pair(_phrase(items, had), range(after, after + 1), items[had])
    had, negated = _before(items, joint), after < len(items) and items[after].kind == "not"
    other = _after(items, after) if negated else after
    if had < 0 or other >= len(items) or items[had].kind != "condition" or items[other].kind != "condition":
        return None
    filters = items[had].payload.filter, items[other].payload.filter
    same = filters[0] == filters[1] if negated else Not(filters[0]) == filters[1] or filters[0] == Not(filters[1])
    return _Pair(_phrase(items, had), range(after, other + 1), None) if same else None


def _phrase(items: Sequence[Item], had: int) -> range:
    """The condition with the "with" before it."""
    before = _before(items, had)
    return range(before if before >= 0 and items[before].words.lower() in _HAVING else had, had + 1)


def _had(items: Sequence[Item], stop: int) -> int | None:
    """The place of the condition that runs are said to have, of those before `stop`."""
    conditions = [i for i in range(stop) if items[i].kind == "condition"]
    having = [i for i in conditions if len(_phrase(items, i)) > 1]
    facets = [i for i in conditions if items[i].payload.category == "facet"]
    return next((places[-1] for places in (having, facets, conditions) if places), None)


def _ends(items: Sequence[Item], i: int) -> bool:
    """Whether nothing follows "without" that could be what runs are without."""
    after = _after(items, i)
    if after >= len(items) or items[after].kind in ("break", "per", "by") or items[after].words in "?.!":
        return True
    return items[after].kind == "carrier" and items[after].words.lower() not in _HAVING


def _before(items: Sequence[Item], i: int) -> int:
    i -= 1
    while i >= 0 and items[i].kind == "filler":
        i -= 1
    return i


def _after(items: Sequence[Item], i: int) -> int:
    i += 1
    while i < len(items) and items[i].kind == "filler" and items[i].words not in "?.!":
        i += 1
    return i
