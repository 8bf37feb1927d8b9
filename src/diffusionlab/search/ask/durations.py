"""Units of time that a figure is told in: how long runs took, and how far their starts lie apart.

total training hours per data set, GPU hours of the CelebA runs, training time in hours     the duration
how many days between run-019 and run-036                                                   when each was started
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.search.read.items import Item

_TAKEN = ("take", "took", "taken", "need", "needed", "spend", "spent", "cost", "train", "trained", "train for")
_TIMES = ("hours", "minutes", "seconds")
SPANS = (*_TIMES, "days", "weeks")


def hours(items: list[Item], i: int) -> Item | None:
    """ "HOW MANY HOURS did the CelebA runs take": the durations of all of them; of one run, its own."""
    asked = i if items[i].kind == "count" else i - 1
    said = [item.words.lower() for item in items[asked : asked + 2]] if asked >= 0 else []
    timed = said[:1] == ["how many"] and said[1:] and said[1] in _TIMES
    if not timed or not any(item.words.lower() in _TAKEN for item in items[i:]):
        return None
    if i > asked:
        return replace(items[i], kind="field", payload="seconds")
    return _summed(items, i)


def hours_of(items: list[Item], i: int) -> Item | None:
    """ "Total (training) HOURS", "GPU HOURS of the CelebA runs", "training time in HOURS": the duration. In "GPU hours"
    the condition changes places with it, so that a figure before both is one of the duration."""
    before = items[i - 1] if i else None
    if items[i].kind == "count" and (_is_time(items, i + 2) or (_is_time(items, i + 1) and _is_number_of(items[i]))):
        return _summed(items, i)
    if _is_card(items[i]) and _is_time(items, i + 1):
        return replace(items[i], kind="field", payload="seconds")
    if _is_lead(items[i]) and _is_time(items, i + 1):
        return replace(items[i], kind="filler", payload=None)
    if before is None or not _is_time(items, i):
        return None
    if _is_card(before):
        return replace(items[i], kind="condition", payload=before.payload)
    if i > 1 and before.words.lower() == "in" and items[i - 2].payload == "seconds":
        return replace(items[i], kind="filler", payload=None, words="so")
    counted = before.kind == "how" or _is_number_of(before) or _is_lead(before)
    return replace(items[i], kind="field", payload="seconds") if counted else None


def _summed(items: Sequence[Item], i: int) -> Item:
    """The words for a number before "hours" as a sum, or as nothing more where one run is asked about."""
    one = any(item.kind == "run" for item in items)
    return replace(items[i], kind="filler", words="how") if one else replace(items[i], kind="how", payload="sum")


def _is_time(items: Sequence[Item], i: int) -> bool:
    """Whether a unit of time is at i; behind a card or "training" where more stands between it and a number."""
    if not 0 < i < len(items) or items[i].kind not in ("text", "filler"):
        return False
    lead = _is_card(items[i - 1]) or _is_lead(items[i - 1])
    return items[i].words.lower() in (SPANS if lead else _TIMES)


def _is_card(item: Item) -> bool:
    return item.kind == "condition" and item.payload.category in ("hardware", "hardware_kind")


def _is_lead(item: Item) -> bool:
    return item.kind == "noun" and item.words.lower() == "training"


def _is_number_of(item: Item) -> bool:
    return item.kind == "count" and item.words.lower() != "how many"


def days_between(items: list[Item], i: int) -> Item | None:
    """ "HOW MANY days between run-019 and run-036": when each was started."""
    asked = items[i].kind == "count" and items[i + 1 : i + 2] and items[i + 1].words.lower() in SPANS
    return replace(items[i], kind="filler", words="how") if asked and spans_runs(items) else None


def spans_runs(items: Sequence[Item]) -> bool:
    """Whether a time between two runs is asked for, rather than the runs between them."""
    between = next((i for i, item in enumerate(items) if item.kind == "between"), 0)
    timed = any(item.words.lower() in (*SPANS, "long", "time") for item in items[:between])
    return timed and [item.kind for item in items[between + 1 : between + 4 : 2]] == ["run", "run"]
