"""Noun phrases that "and" joins to a union: "failed runs and runs on STL-10", "MNIST runs plus DiTs on CelebA".

A phrase has a head, a word for runs or a kind of network in the plural, and conditions of its own. What follows two
heads alone holds for both ("U-Nets and transformers on CelebA"), as does a value of a field that both name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diffusionlab.search.read.items import Item

_OTHERWISE = ("compare", "how", "share", "frequent", "like", "per", "by", "either way", "not both", "figure")
_ENDS = ("connector", "break", "not")
_STANDS_FOR_RUNS = ("those", "these", "ones", "all", "everything", "anything")


@dataclass(frozen=True)
class _Phrase:
    noun: bool  # a word for runs, rather than a kind of network in the plural
    facet: bool
    own: int  # conditions beside the kind of network
    categories: tuple[str, ...]
    ends_with_noun: bool


def united(items: list[Item], i: int) -> Item | None:
    """The "and" at i as one of a union, and "those" after it as a word for runs."""
    item = items[i]
    if item.kind == "those" and i and united(items, i - 1):
        return replace(item, kind="noun")
    if item.kind != "connector" or item.payload != "and" or item.words.lower() in ("both", "including"):
        return None
    if any(other.kind in _OTHERWISE for other in items):
        return None
    before = _before(items, i)
    if len(before) < i and items[i - len(before) - 1].payload == "except":
        return None
    left, right = _phrase(before), _phrase(_after(items, i))
    if left is None or right is None or not (left.noun or right.noun or (left.own and right.own)):
        return None
    alone = left.facet and not left.noun and not left.own
    if alone and not (right.noun and right.ends_with_noun):  # "U-Nets and transformers on CelebA"
        return None
    alike = set(left.categories) == {right.categories[0]}
    if alike and (right.categories[0] != "facet" or not (left.noun and right.noun)):
        return None
    return replace(item, payload="union")


def _before(items: Sequence[Item], i: int) -> Sequence[Item]:
    start = next((k + 1 for k in range(i - 1, -1, -1) if items[k].kind in _ENDS), 0)
    return items[start:i]


def _after(items: Sequence[Item], i: int) -> Sequence[Item]:
    stop = next((k for k in range(i + 1, len(items)) if items[k].kind in _ENDS), len(items))
    return items[i + 1 : stop]


def _phrase(items: Sequence[Item]) -> _Phrase | None:
    """What stands between two joints, if it is a noun phrase with a condition; None if it has none."""
    conditions = [item for item in items if item.kind in ("condition", "when")]
    heads = [item for item in conditions if is_plural_facet(item)]
    noun = any(item.kind == "noun" or item.words.lower() in _STANDS_FOR_RUNS for item in items)
    if not conditions or not (noun or heads) or any(item.kind in ("superlative", "field", "number") for item in items):
        return None
    said = [item for item in items if item.kind not in ("filler", "break")]
    categories = tuple(item.payload.category if item.kind == "condition" else "created_at" for item in conditions)
    return _Phrase(noun, bool(heads), len(conditions) - len(heads[:1]), categories, said[-1].kind == "noun")


def is_plural_facet(item: Item) -> bool:
    facet = item.kind == "condition" and item.payload.category == "facet"
    return facet and item.words.lower().rstrip("?.!").endswith("s")
