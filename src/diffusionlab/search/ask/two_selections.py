"""Two selections of one run each: a run and the first by a column, the first by one column and by another.

compare run-012 with the best run on MNIST     the run, and the best
is the largest model also the best?            the largest, and the best: are they one
"""

from __future__ import annotations

from collections.abc import Sequence

from diffusionlab.search.read.items import Item


def is_one_the_other(items: Sequence[Item]) -> bool:
    """ "Is the largest model also the best?": two superlatives of one run, with nothing that joins them."""
    places = [i for i, item in enumerate(items) if item.kind == "superlative"]
    if len(places) != 2 or items[0].words.lower() not in ("is", "was", "are", "were"):
        return False
    between = [item for item in items[places[0] + 1 : places[1]] if item.words.lower() != "also"]
    apart = any(item.kind in ("connector", "break", "comparator", "than") for item in between)
    return not apart and any(item.kind != "filler" for item in between) and items[places[1] - 1].words.lower() == "the"


def one_is_other(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """The question of each of the two superlatives of which it is asked whether they are one run."""
    if not is_one_the_other(items):
        return []
    end = next((item.start for item in items[: places[1]] if item.words.lower() == "also"), items[places[1] - 1].start)
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
