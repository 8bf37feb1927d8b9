"""Shares: the part of some runs that meets a condition.

what share of runs failed                      failed, of all runs
what percentage of CIFAR-10 runs used AdamW    AdamW, of those on CIFAR-10
percentage of failed runs on MNIST             failed, of those on MNIST
share of runs per data set                     those of each data set, of all runs
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.registry.filters.conditions import In
from diffusionlab.registry.filters.filter import And
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.combine import join
from diffusionlab.search.ask.grouping import each
from diffusionlab.search.ask.scope import Operand
from diffusionlab.search.query.query import SHARES, Figure, How
from diffusionlab.search.query.where_text import condition_side
from diffusionlab.search.read.items import Condition

_WHEN = ("created_at", "modified_at")
_WHERE = ("dataset", "hardware_kind", "hardware", "framework", "sweep")
"""Conditions that tell when or where, so that a share is taken among the runs that meet them, if another tells more."""


def share(a: Asked) -> bool:
    """SHARE of runs, and the statuses that a "failure rate" is of."""
    for i, item in enumerate(a.items):
        percent = a.kind(i) == "count" and _in_percent(a)
        if a.kind(i) not in ("share", "rate") and not percent:
            continue
        if percent:
            item = a.items[i] = replace(item, kind="share", payload="percent")
        if item.kind == "rate":
            statuses = Condition("status", In("status", item.payload), True, item.words)
            a.items[i] = replace(item, kind="condition", payload=statuses)
        else:
            a.used.add(i)
        key = each(a)
        how: How = "share" if item.kind == "rate" else item.payload
        a.figure = Figure(how, None, key.column if key else None, key.unit if key else None)
        a.used |= key.places if key else set()
        a.used |= {k for k in range(len(a.items)) if a.kind(k) in ("count", "percent") or a.words(k) == "total"}
        return True
    return False


def _in_percent(a: Asked) -> bool:
    """Whether "in percent" stands somewhere, which is no "10 percent"."""
    return any(a.kind(k) == "percent" and a.kind(k - 1) != "number" for k in range(len(a.items)))


def shared(a: Asked, found: list[Operand]) -> list[Operand]:
    """The conditions of the runs among which the share is taken; what it is of goes into the figure."""
    if a.figure is None or a.figure.how not in SHARES:
        return found
    part = _part(a, found)
    if not part:
        if a.figure.by is None:
            a.figure = None
            a.used -= {i for i, item in enumerate(a.items) if item.kind == "share"}
        return found
    a.figure = replace(a.figure, part=condition_side(And(*join(part)), a.known))
    return [operand for operand in found if operand not in part]


def _part(a: Asked, found: Sequence[Operand]) -> list[Operand]:
    """The conditions that the share is of."""
    rates = [operand for operand in found if operand.condition.words in _rates(a)]
    if rates:
        return rates
    return told_of(a, found, next(item.start for item in a.items if item.kind == "share"))


def told_of(a: Asked, found: Sequence[Operand], start: int, verb: bool = False) -> list[Operand]:
    """The conditions after place `start` that are told of the runs which the others name: "AdamW" in "do all MNIST runs
    use AdamW?". `verb`: one is sure to stand between them."""
    asked = [operand for operand in found if operand.start > start]
    if len(asked) < 2:
        return asked
    noun = next((item.start for item in a.items if item.kind == "noun" and item.start > start), asked[0].start + 1)
    before = [operand for operand in asked if operand.start < noun]
    after = [operand for operand in asked if operand.start > noun]
    if not after:
        return before
    most = max(map(_tells, after))
    if before and most < _tells(None) and not verb and not _is_said(a, noun, after[0].start):
        return before
    return [operand for operand in after if _tells(operand) == most]


def _tells(operand: Operand | None) -> int:
    """How much a condition tells of a run: when, where, or what it is."""
    category = operand.category if operand else ""
    return 0 if category in _WHEN else 1 if category in _WHERE else 2


def _rates(a: Asked) -> list[str]:
    return [
        item.words
        for item in a.items
        if item.kind == "condition"
        and isinstance(item.payload, Condition)
        and item.payload.category == "status"
        and "rate" in item.words.lower()  # "rate of failure", "crash rates"
    ]


def _is_said(a: Asked, start: int, stop: int) -> bool:
    """Whether a verb stands between the two places: "of the U-Nets (were trained on) MNIST"."""
    between = [item.words.lower() for item in a.items if start < item.start < stop]
    return any(
        word
        in (
            "that",
            "which",
            "are",
            "were",
            "was",
            "is",
            "used",
            "use",
            "trained",
            "ran",
            "run",
            "have",
            "trained on",
            "that use",
            "which are",
            "that are",
        )
        for word in between
    )
