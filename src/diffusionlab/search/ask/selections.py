"""Several selections in one question, each of which is a question of its own.

the two best on CIFAR-10 and the best on MNIST     each has conditions of its own
best and worst FID per data set                    what follows holds for both
lowest FID and lowest validation loss on MNIST     each has a field of its own
lowest FID and validation loss                     two fields of one superlative
highest and lowest learning rate                   one field of both
the first DiT and the last                         one kind of runs
the best run on MNIST and all failed runs          the runs that an order takes, and others
latest run on MNIST and on CIFAR-10                the latest of each (repeated.py)
best U-Net and best DiT for each data set          the best of each kind there (repeated.py)
best run with and without attention                the best of each (opposites.py)
compare run-012 with the best run on MNIST         the run, and the best
is the largest model also the best?                the largest, and the best: are they one
does the largest model have the lowest FID?        likewise
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from diffusionlab.registry.record.columns import about
from diffusionlab.search.ask.joining.opposites import each_way
from diffusionlab.search.ask.joining.repeated import each_kind, each_place
from diffusionlab.search.query.query import Query
from diffusionlab.search.read.items import Item
from diffusionlab.search.words.asking_words import HAS
from diffusionlab.search.words.english import is_harmless

_SOFT = ("filler", "number", "percent", "ordinal")
_WHOLE = ("dataset", "hardware_kind", "created_at", "modified_at")  # what the last part says of these holds for all


def parts_of(text: str, items: Sequence[Item]) -> list[str]:
    """The question of each part, if there are several; `items` are those of `text`."""
    if any(item.kind in ("like", "sorted", "how", "frequent", "count", "share") for item in items):
        return []
    places = [i for i, item in enumerate(items) if item.kind == "superlative"]
    if any(is_excepted(items, place) for place in places):  # "all but the best and the worst"
        return []
    if any(item.kind == "compare" for item in items):  # "compare the best and the worst run"
        twins = _twins(text, items, places, ("with", "to")) if len(places) == 2 else []
        return twins or run_and_first(text, items, places)
    several = (_twins, _of_the_same, one_is_other, _apart, _and_all, each_place, each_way, each_kind)
    return next((found for read in several if (found := read(text, items, places))), [])


def is_excepted(items: Sequence[Item], place: int) -> bool:
    """Whether the superlative at `place` follows "except" or "all but", and so names runs that are not meant."""
    before = next((item for item in reversed(items[:place]) if item.kind not in _SOFT), None)
    return before is not None and (before.kind, before.payload) in (("not", "except"), ("connector", "but"))


def _twins(text: str, items: Sequence[Item], places: Sequence[int], joints: Sequence[str] = ()) -> list[str]:
    """Two superlatives, or two fields of one, of which all the rest of the question holds: a question without each.

    `joints`: words that join them beside "and".
    """
    pairs = [(_unit(items, a), _unit(items, b)) for a, b in pairwise(places)] if len(places) == 2 else []
    pairs += [found for place in places if len(places) == 1 and (found := _two_fields(items, place))]
    for (start, stop), (again, after) in pairs:
        between = [item for item in items[stop:again] if item.kind not in ("filler", "noun")]
        weighty = any(item.kind == "filler" and not is_harmless(item.words.lower()) for item in items[stop:again])
        joint = [item for item in between if not (_joins(item) or item.words.lower() in joints)]
        joined = not (joint or weighty) and any(item.words != "," for item in between)
        if joined and not _same(items[start:stop], items[again:after]):
            lacks_field = (
                items[stop - 1].kind != "field" and items[after - 1].kind == "field"
            )  # "highest and lowest lr"
            rest = items[after - 1].start if lacks_field else items[after - 1].end
            first = text[: items[stop].start] + text[rest:]
            return [first, text[: items[start].start] + text[items[again].start :]]
    return []


def _of_the_same(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """ "The first DiT and the last": the second superlative, which ends the question, is of the same runs."""
    if len(places) != 2 or any(item.kind in ("per", "per unit") for item in items):
        return []
    first, second = places
    joint = next((i for i in range(second - 1, first, -1) if _joins(items[i])), first)
    named = any(item.kind in ("condition", "noun") for item in items[first + 1 : joint])
    between = all(item.kind == "filler" and is_harmless(item.words.lower()) for item in items[joint + 1 : second])
    ends = all(item.words in (".", "?", "!") for item in items[second + 1 :])
    if joint == first or not (named and between and ends) or _same([items[first]], [items[second]]):
        return []
    behind = text[items[first].end : items[joint].start]
    return [text[: items[joint].start], text[: items[first].start] + items[second].words + behind]


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


def _and_all(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """ "The best run on CIFAR-10 and ALL failed runs": those that an order takes, and others beside them."""
    for i, item in enumerate(items[1:-1], 1):
        if len(places) != 1 or not _joins(item):
            continue
        left, right = items[:i], items[i + 1 :]
        other = right if places[0] < i else left
        others = other[0].words.lower() in ("all", "every", "any") and any(one.kind == "noun" for one in other)
        if others and all(any(one.kind in ("condition", "when") for one in side) for side in (left, right)):
            return [text[: item.start], text[item.end :]]
    return []


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
    if any(part.order is None for part in parts):  # "the best on MNIST and all failed runs"
        return list(parts)
    first, last = parts[0], parts[-1]
    said = {column for condition in first.conditions for column in condition.columns()}
    named = "run_id" in said  # the one that is compared, wherever it was trained
    common = [c for c in last.conditions if c.columns() & {*_WHOLE} and not c.columns() & said and not named]
    shared = [replace(part, conditions=(*part.conditions, *common)) for part in parts[:-1]]
    return [*shared, last]


# -- two of one run each


def is_one_the_other(items: Sequence[Item]) -> bool:
    """ "Is the largest model also the best?": two superlatives of one run, with nothing that joins them."""
    places = [i for i, item in enumerate(items) if item.kind == "superlative"]
    if len(places) != 2:
        return False
    between = [item for item in items[places[0] + 1 : places[1]] if item.words.lower() != "also"]
    has = items[0].words.lower() in ("does", "did") and any(item.words.lower() in HAS for item in between)
    if not has and items[0].words.lower() not in ("is", "was", "are", "were"):
        return False
    apart = any(item.kind in ("connector", "break", "comparator", "than") for item in between)
    return not apart and any(item.kind != "filler" for item in between) and items[places[1] - 1].words.lower() == "the"


def one_is_other(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """The question of each of the two superlatives of which it is asked whether they are one run."""
    if not is_one_the_other(items):
        return []
    said = (item.start for item in items[places[0] : places[1]] if item.words.lower() in ("also", *HAS))
    end = next(said, items[places[1] - 1].start)
    return [text[items[0].end : end], text[items[places[1]].start : items[-1].end]]


def run_and_first(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """ "Compare run-012 with the best run on MNIST": the run, and the one that comes first."""
    runs = [i for i, item in enumerate(items) if item.kind == "run"]
    if len(runs) != 1 or len(places) != 1:
        return []
    first, second = sorted((runs[0], places[0]))
    cut = next((i for i in range(second - 1, first, -1) if _parts_sides(items[i])), None)
    if cut is None:
        return []
    start = max((item.end for item in items[:first] if item.kind == "compare"), default=0)
    return [text[start : items[cut].start], text[items[cut].end : items[-1].end]]


def _parts_sides(item: Item) -> bool:
    """Whether an item stands between the two sides of a comparison."""
    joins = item.kind == "connector" and item.payload in ("and", "vs")
    return joins or item.kind in ("to", "than") or item.words.lower() in ("with", "from")
