"""Words for a direction: which end of an order comes first, and by which column if they tell one.

largest first, most epochs first, best FID first, most common first, from best to worst, newest runs first
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.registry.record.columns import lower_is_better
from diffusionlab.search.read.items import Item
from diffusionlab.search.words.asking_words import OF_TWO
from diffusionlab.search.words.lexicon import phrases

_FIRST = "first"
_PLACES = ("first", "last", "final", "very first", "very last")
_ENDS = (".", "?", "!", "please")
_VERBS = ("is", "was", "are", "were", "came", "ran", "did")
_BETWEEN = ("filler", "field", "how", "noun")


def first_last(items: Sequence[Item], i: int) -> Item | None:
    """The "best" of "best FID first" as a direction; the "first", which says no more, as a word to pass over."""
    if items[i].words.lower() == _FIRST:
        begins = next((k for k in range(max(0, i - 4), i) if _first_after(items, k) == i), None)
        return None if begins is None else replace(items[i], kind="filler", words="so")
    if _first_after(items, i) is None:
        return None
    said = f"{items[i].words} {_FIRST}"
    if items[i].kind == "frequent":
        return replace(items[i], kind="order", words=said)
    direction, column = _meaning(items[i].words) or ("", None)
    if column == "created_at":
        return replace(items[i], kind="chronological", payload=direction == "high", words=said)
    return replace(items[i], kind="order", payload=direction == "high", words=said)


def _first_after(items: Sequence[Item], i: int) -> int | None:
    """The place of the "first" that ends what the superlative at i begins; None if there is none."""
    words = items[i].words.lower()
    if items[i].kind != "frequent" and (_meaning(words) is None or words in _PLACES):
        return None
    for k in range(i + 1, min(i + 5, len(items))):
        ends = k + 1 == len(items) or items[k + 1].kind == "break" or items[k + 1].words.lower() in _ENDS
        if items[k].words.lower() == _FIRST and items[k].kind == "superlative":
            return k if ends else None
        if items[k].words.lower() in _VERBS:  # "which of the best runs was first"
            return None
        if items[k].kind not in _BETWEEN or (items[k].kind == "noun" and not str(items[k].payload).endswith("s")):
            return None
    return None


def _meaning(words: str) -> tuple[str, str | None] | None:
    """(direction, column) of a superlative, or of the comparative in place of it: "larger"."""
    words = words.lower()
    kind, payload = phrases().get(squeeze(OF_TWO.get(words, words)), ("", None))
    return payload[:2] if kind == "superlative" and payload is not None else None


def _said_first(order: Item) -> tuple[str, str | None]:
    """The meaning of the end that comes first: of "largest" in "from largest to smallest"."""
    words = order.words.lower().removesuffix(f" {_FIRST}").removeprefix("from ").partition(" to ")[0]
    return _meaning(words) or ("", None)


def column_of(order: Item) -> str | None:
    """The column that the words for a direction tell by themselves: parameters, of "largest first"."""
    return _said_first(order)[1]


def is_valued(order: Item) -> bool:
    """Whether the words tell what is better, rather than higher: "best first"."""
    return _said_first(order)[0] in ("best", "worst")


def highest_first(order: Item, column: str) -> bool:
    """Whether the words for a direction put the highest value of the column first."""
    return lower_is_better(column) == (_said_first(order)[0] == "worst") if is_valued(order) else bool(order.payload)
