"""Shares: the part of some runs that meets a condition.

what share of runs failed                      failed, of all runs
what percentage of CIFAR-10 runs used AdamW    AdamW, of those on CIFAR-10
percentage of failed runs on MNIST             failed, of those on MNIST
share of runs per data set                     those of each data set, of all runs
are more than half of the runs finished        whether the share is more than that
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.registry.filters.conditions import COMPARE, Compare, In
from diffusionlab.registry.filters.filter import And
from diffusionlab.search.ask.asked import Asked, several
from diffusionlab.search.ask.joining.combine import join
from diffusionlab.search.ask.joining.scope import Operand
from diffusionlab.search.ask.keys import ask_figure, each, which
from diffusionlab.search.ask.orders.how_many import PARTS
from diffusionlab.search.query.query import SHARES, Having, How
from diffusionlab.search.query.where_text import condition_side
from diffusionlab.search.read.items import Condition

_WHEN = ("created_at", "modified_at")
_WHERE = ("dataset", "hardware_kind", "hardware", "framework", "sweep")
"""Conditions that tell when or where, so that a share is taken among the runs that meet them, if another tells more."""


def share(a: Asked) -> bool:
    """SHARE of runs, and the statuses that a "failure rate" is of; what bound it must meet, or whether it does."""
    bound = _bound(a)
    if bound is not None and a.whether and not any(item.kind in ("share", "rate") for item in a.items):
        i = max(bound[1])
        a.items[i] = replace(a.items[i], kind="share", payload="share")  # "are more than half of the runs finished"
    if not _share(a):
        return False
    if bound is not None and a.figure is not None and a.figure.how in SHARES:
        (op, part), places = bound
        a.figure = replace(a.figure, having=Having(op, part * (100 if a.figure.how == "percent" else 1)))
        a.used |= places
    return True


def _bound(a: Asked) -> tuple[Having, set[int]] | None:
    """MORE THAN 10 %, AT LEAST HALF, and the places that say so."""
    for i in range(len(a.items)):
        j = i + 1 + (a.words(i + 1) in ("a", "one"))
        if a.kind(i) != "comparator" or a.items[i].payload not in COMPARE:
            continue
        if a.kind(j) == "number" and (a.kind(j + 1) == "percent" or a.words(j + 1).startswith("percent")):
            return Having(str(a.items[i].payload), a.items[j].payload.value / 100), {i, j, j + 1}
        if a.words(j) in PARTS:
            return Having(str(a.items[i].payload), PARTS[a.words(j)] / 100), {i, j}
    return None


def _share(a: Asked) -> bool:
    for i, item in enumerate(a.items):
        percent = a.kind(i) == "count" and _in_percent(a)
        if a.kind(i) not in ("share", "rate") and not percent:
            continue
        if _is_ratio(a, i):
            a.compare = True
            return ask_figure(a, {i}, None, "count")
        if percent:
            item = a.items[i] = replace(item, kind="share", payload="percent")
        if item.kind == "rate":
            statuses = Condition("status", In("status", item.payload), True, item.words)
            a.items[i] = replace(item, kind="condition", payload=statuses)
        else:
            a.used.add(i)
        how: How = "share" if item.kind == "rate" else item.payload
        ranked = a.skip(i - 1, 2, ("filler",), -1)
        key = which(a) if a.kind(ranked) == "superlative" and a.items[ranked].payload[0] in ("high", "low") else None
        if key is None and not a.whether and _bound(a) is not None:
            ask_figure(a, (), each(a) or which(a), how)
        elif key is not None:  # "which optimizer has the highest failure rate"
            one = None if a.words(max(key.places)).endswith("s") else 1
            ask_figure(a, {ranked}, key, how, descending=a.items[ranked].payload[0] == "high", count=one)
        else:
            ask_figure(a, (), each(a) or (a.subject.key if a.subject else None), how)
        a.used |= {k for k in range(len(a.items)) if a.kind(k) in ("count", "percent") or a.words(k) == "total"}
        return True
    return False


def _is_ratio(a: Asked, i: int) -> bool:
    """The RATIO of some runs TO others, of U-Nets AND transformers: how many each are."""
    ratio = a.kind(i) == "share" and a.words(i).startswith("ratio")
    to = (k for k in range(i, len(a.items)) if a.kind(k) == "to" or a.words(k) == "and")
    return ratio and any(a.kind(k + 1) == "condition" and (a.kind(k) == "to" or several(a, k + 1)) for k in to)


def _in_percent(a: Asked) -> bool:
    """Whether "in percent" stands somewhere, which is no "10 percent"."""
    return any(a.kind(k) == "percent" and a.kind(k - 1) != "number" for k in range(len(a.items)))


def shared(a: Asked, found: list[Operand]) -> list[Operand]:
    """The conditions of the runs among which the share is taken; what it is of goes into the figure."""
    found = _without_bound(a, found)
    if a.figure is not None and a.figure.how == "count" and a.order is not None:
        return _counted_of_taken(a, found)
    if a.figure is None or a.figure.how not in SHARES:
        return found
    part = _part(a, found)
    if not part:
        if not a.figure.by:
            a.figure = None
            a.used -= {i for i, item in enumerate(a.items) if item.kind == "share"}
        return found
    a.figure = replace(a.figure, part=condition_side(And(*join(part)), a.known))
    return [operand for operand in found if operand not in part]


def _without_bound(a: Asked, found: list[Operand]) -> list[Operand]:
    """ "Is the mean fid below 20?": a bound of the figure chooses no runs, but asks for a yes or no. A second bound, or
    one of groups, is named."""
    if a.figure is None or a.figure.of is None or not a.whether:
        return found
    bounds = [operand for operand in found if operand.category == a.figure.of]
    match [operand.condition.filter for operand in bounds]:
        case [Compare(op=op, value=int() | float() as value)] if not (
            a.figure.by or a.figure.having or bounds[0].negated
        ):
            a.figure = replace(a.figure, having=Having(op, float(value)))
        case _:
            a.passed += [item for item in a.items if item.start in {operand.start for operand in bounds}]
    return [operand for operand in found if operand not in bounds]


def _counted_of_taken(a: Asked, found: list[Operand]) -> list[Operand]:
    """ "How many of the top 10 use attention": the conditions of the runs that the order takes from."""
    first = next((item.start for item in a.items if item.kind == "superlative"), 0)
    part = [operand for operand in found if operand.start < first] + told_of_taken(a, found)
    if not part or a.figure is None or a.figure.of or a.figure.by:
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
    listed = all(
        operand.joined in ("and", "or", ",") and operand.category == asked[0].category for operand in asked[1:]
    )
    if listed and not verb and not is_said(a, start, asked[-1].start):  # "share of U-Nets and DiTs"
        return asked
    among = next((item.start for item in a.items if item.words.lower() in ("among", "amongst", "out of")), None)
    if among is not None and asked[0].start < among < asked[-1].start:  # "of finished runs among the DiTs"
        return [operand for operand in asked if operand.start < among]
    nouns = (item for item in a.items if item.kind == "noun" or item.words.lower() == "everything")
    noun = next((item.start for item in nouns if item.start > start), asked[0].start + 1)
    before = [operand for operand in asked if operand.start < noun]
    after = [operand for operand in asked if operand.start > noun]
    if not after:
        return before
    verbs = [k for k in range(1, len(after)) if not after[k].joined and is_said(a, after[k - 1].start, after[k].start)]
    if verbs:  # "of the runs with attention, are on MNIST"
        return after[verbs[-1] :]
    most = max(map(_tells, after))
    if before and most < _tells(None) and not verb and not is_said(a, noun, after[0].start):
        return before
    return [operand for operand in after if _tells(operand) == most]


def told_of_taken(a: Asked, found: Sequence[Operand]) -> list[Operand]:
    """The conditions after a superlative that are told of the runs which it takes: "AdamW" in "do the five best MNIST
    runs use AdamW?"."""
    first = next((item.start for item in a.items if item.kind == "superlative"), 0)
    after = [operand for operand in found if operand.start > first]
    verbs = [k for k in range(1, len(after)) if is_said(a, after[k - 1].start, after[k].start)]
    if verbs:
        return after[verbs[-1] :]
    noun = next((item.start for item in a.items if item.kind == "noun" and item.start > first), None)
    if noun is not None and all(operand.start < noun for operand in after) and not is_said(a, first, noun):
        return []
    return told_of(a, after, first, verb=True)


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


def is_said(a: Asked, start: int, stop: int) -> bool:
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
