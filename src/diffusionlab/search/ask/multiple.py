"""Several selections in one question: "the two best on CIFAR-10 and the best on MNIST"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from diffusionlab.search.query.query import Query
from diffusionlab.search.read.items import Item

_SOFT = ("filler", "number", "percent", "ordinal")
_WHOLE = ("dataset", "hardware_kind", "created_at", "modified_at")  # what the last part says of these holds for all


def parts_of(items: Sequence[Item]) -> list[tuple[int, int]]:
    """Places in the question, one a part, if there are several superlatives with conditions of their own; else none."""
    if any(item.kind in ("compare", "like", "sorted", "how", "per", "frequent") for item in items):
        return []
    places = [i for i, item in enumerate(items) if item.kind == "superlative"]
    cuts = [cut for a, b in pairwise(places) if (cut := _cut(items, a, b)) is not None]
    if not cuts:
        return []
    starts = [0, *(items[cut].end for cut in cuts)]
    stops = [*(items[cut].start for cut in cuts), items[-1].end]
    return list(zip(starts, stops, strict=True))


def _cut(items: Sequence[Item], first: int, second: int) -> int | None:
    """The place of the "and" that parts the superlative at `second` from the one at `first`, each with a condition."""
    i = second - 1
    while i > first and items[i].kind in _SOFT:
        i -= 1
    joins = (items[i].kind == "connector" and items[i].payload == "and") or items[i].words == ","
    own = any(item.kind in ("condition", "when") for item in items[first:i])
    other = any(item.kind in ("condition", "when") for item in items[second:])
    return i if i > first and joins and own and other and not _is_compared(items, first, second, i) else None


def _is_compared(items: Sequence[Item], first: int, second: int, joint: int) -> bool:
    """ "The best conditional and the best unconditional model": two sides, of which the best is asked alike."""
    counted = any(item.kind == "number" for item in (*items[max(0, first - 2) : first + 2], *items[joint : second + 2]))
    beside = items[second + 1 : second + 2] and items[second + 1].kind == "condition"
    return bool(beside) and items[first].payload == items[second].payload and not counted


def shared_parts(parts: Sequence[Query]) -> list[Query]:
    """The parts, with the measure of the first for those that name none, and what the last one says of all."""
    first, last = parts[0], parts[-1]
    said = {column for condition in first.conditions for column in condition.columns()}
    common = [c for c in last.conditions if c.columns() & {*_WHOLE} and not c.columns() & said]
    shared = [replace(part, conditions=(*part.conditions, *common)) for part in parts[:-1]]
    return [*shared, last]
