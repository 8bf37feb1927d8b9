"""Words that mean one thing or another by what stands beside them: "v", "pixel"."""

from __future__ import annotations

from dataclasses import replace

from diffusionlab.registry.filter import Contains, Not
from diffusionlab.search.items import Condition, Item, value_filter
from diffusionlab.search.known import Known

_LINKS = ("connector", "break", "filler", "compare", "carrier", "noun", "comparator", "than", "to", "between", "count")


def settle(items: list[Item], known: Known) -> list[Item]:
    """The items, with those that their neighbours decide as what they mean there."""
    return [_letter_v(items, i, known) or _pixel(items, i) or item for i, item in enumerate(items)]


def _letter_v(items: list[Item], i: int, known: Known) -> Item | None:
    """A bare "v": the parameterization ("v or epsilon", "v runs", "with v"), or "versus" between two like things."""
    item = items[i]
    if item.kind != "text" or item.words.lower() != "v":
        return None
    before, after = _linked(items, i, -1), _linked(items, i, 1)
    if not any(_is_parameterization(other) for other in (before, after)):
        beside = [items[k] for k in (i - 1, i + 1) if 0 <= k < len(items)]
        if len(beside) == 2 and _like(*beside):
            return replace(item, kind="connector", payload="vs")
        named = any(other.kind == "noun" for other in beside[-1:]) or beside[0].kind == "carrier"
        if not named:
            return None
    v = value_filter("parameterization", ("v",), known)
    return replace(item, kind="condition", payload=Condition("parameterization", v, True, item.words))


def _linked(items: list[Item], i: int, step: int) -> Item | None:
    """The next item in one direction that is more than a linking word."""
    i += step
    while 0 <= i < len(items) and items[i].kind in _LINKS:
        i += step
    return items[i] if 0 <= i < len(items) else None


def _is_parameterization(item: Item | None) -> bool:
    if item is None:
        return False
    return (item.kind == "condition" and item.payload.category == "parameterization") or (
        item.kind == "field" and item.payload == "parameterization"
    )


def _like(a: Item, b: Item) -> bool:
    """Whether two items are of one kind, so that they compare."""
    if a.kind == b.kind == "condition":
        return bool(a.payload.category == b.payload.category)
    return a.kind == b.kind == "run"


def _pixel(items: list[Item], i: int) -> Item | None:
    """ "Pixel unets", "pixel models" are those that are not latent; "32 pixel images" have a size."""
    item = items[i]
    if item.kind != "field" or item.words.lower() != "pixel" or i + 1 == len(items):
        return None
    following = items[i + 1]
    facet = following.kind == "condition" and following.payload.category == "facet"
    space = following.kind == "filler" and following.words.lower() in ("diffusion", "based", "space")
    if not (facet or space or following.kind == "noun") or (i and items[i - 1].kind in ("number", "comparator")):
        return None
    not_latent = Condition("facet", Not(Contains("arch_tags", "latent")), words=item.words)
    return replace(item, kind="condition", payload=not_latent)
