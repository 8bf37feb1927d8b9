"""Several selections in one question.

the two best on CIFAR-10 and the best on MNIST     each has conditions of its own
best and worst FID per data set                    what follows holds for both
lowest FID and lowest validation loss on MNIST     each has a field of its own
lowest FID and validation loss                     two fields of one superlative
highest and lowest learning rate                   one field of both
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from diffusionlab.registry.record.columns import about
from diffusionlab.search.query.query import Query
from diffusionlab.search.read.items import Item

_SOFT = ("filler", "number", "percent", "ordinal")
_WHOLE = ("dataset", "hardware_kind", "created_at", "modified_at")  # what the last part says of these holds for all


def parts_of(text: str, items: Sequence[Item]) -> list[str]:
    """The question of each part, if there are several; `items` are those of `text`."""
    if any(item.kind in ("like", "sorted", "how", "frequent", "count", "share") for item in items):
        return []
    places = [i for i, item in enumerate(items) if item.kind == "superlative"]
    if any(item.kind == "compare" for item in items):  # "compare the best and the worst run"
        return _twins(text, items, places) if len(places) == 2 else []
    return _twins(text, items, places) or _apart(text, items, places)


def _twins(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """Two superlatives, or two fields of one, of which all the rest of the question holds: a question without each."""
    pairs = [(_unit(items, a), _unit(items, b)) for a, b in pairwise(places)] if len(places) == 2 else []
    pairs += [found for place in places if len(places) == 1 and (found := _two_fields(items, place))]
    for (start, stop), (again, after) in pairs:
        joint = [item for item in items[stop:again] if item.kind != "filler"]
        joined = all(_joins(item) for item in joint) and any(item.kind == "connector" for item in joint)
        if joined and not _same(items[start:stop], items[again:after]):
            lacks_field = (
                items[stop - 1].kind != "field" and items[after - 1].kind == "field"
            )  # "highest and lowest lr"
            rest = items[after - 1].start if lacks_field else items[after - 1].end
            first = text[: items[stop].start] + text[rest:]
            return [first, text[: items[start].start] + text[items[again].start :]]
    return []


def _unit(items: Sequence[Item], i: int) -> tuple[int, int]:
    """The superlative at i with its number and its field: "two best", "lowest (validation) loss", "top 3"."""
    start = i - 1 if i and items[i - 1].kind in ("number", "ordinal") else i
    after = i + 1
    while after < len(items) and items[after].kind == "number":
        after += 1
    fields = after
    while fields < len(items) and items[fields].kind == "filler":
        fields += 1
    return (start, fields + 1) if fields < len(items) and items[fields].kind == "field" else (start, after)


def _two_fields(items: Sequence[Item], i: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """ "(Lowest) FID and validation loss": the places of both."""
    _, after = _unit(items, i)
    if items[after - 1].kind != "field":
        return None
    again = after
    while again < len(items) and (_joins(items[again]) or items[again].kind == "filler"):
        again += 1
    both = again < len(items) and items[again].kind == "field" and about(items[again].payload).better
    counted = again + 1 < len(items) and items[again + 1].kind in ("number", "comparator", "between")
    rated = about(items[after - 1].payload).better
    return ((after - 1, after), (again, again + 1)) if both and rated and not counted else None


def _joins(item: Item) -> bool:
    return (item.kind == "connector" and item.payload == "and") or item.words == ","


def _same(first: Sequence[Item], second: Sequence[Item]) -> bool:
    """Whether both ask for the same: "the best conditional and the best unconditional model" are compared."""
    return [item.payload for item in first if item.kind != "filler"] == [
        item.payload for item in second if item.kind != "filler"
    ]


def _apart(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """Superlatives with conditions of their own."""
    if any(item.kind == "per" for item in items):
        return []
    cuts = [cut for a, b in pairwise(places) if (cut := _cut(items, a, b)) is not None]
    starts = [0, *(items[cut].end for cut in cuts)]
    stops = [*(items[cut].start for cut in cuts), items[-1].end]
    return [text[start:stop] for start, stop in zip(starts, stops, strict=True)] if cuts else []


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
