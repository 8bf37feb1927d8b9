"""Which part of an order is asked for. Each wording becomes one item, which the order takes up.

skip    "skip 2", "skip the first two", "offset 2", "three best after the top two"
take    "take 3", "limit 3", "the next three"; behind an order ", 3" or ", first 3"
last    behind an order ", last 3"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from diffusionlab.search.ask.asked import Asked, counts_runs
from diffusionlab.search.ask.keys import is_measure
from diffusionlab.search.query.query import Order
from diffusionlab.search.read.items import Item

_SKIP = ("skip", "skipping", "offset", "omit", "omitting", "ignore", "ignoring", "drop", "dropping")
_BEYOND = ("after", "behind", "beyond")
_TAKE = ("take", "taking", "limit", "limited")
_SHOW = ("show", "list", "give", "display", "return")
_NEXT = ("next", "following")
_RELATIVE = ("that", "which", "who")  # "runs that take 3"
_SOFT = ("the", "me", "to", "only", "just")
_PART = {"": "take", "first": "take", "top": "take", "last": "last"}
_RUNS = ("runs", "models", "ones", "results", "of them", "only")
_OF = ("on", "for", "from", "of")
_ORDERS = ("sorted", "order", "chronological", "superlative")


def paged(items: Sequence[Item]) -> list[Item]:
    """The items, with those that tell a part of the order as one item each."""
    found: list[Item] = []
    i = 0
    while i < len(items):
        page = _page_at(items, i, found)
        if page is None:
            found.append(items[i])
            i += 1
            continue
        part, counted = page
        last = items[counted.after - 1]
        words = " ".join(item.words for item in items[i : counted.after])
        found.append(Item("page", (part, counted.number), words, items[i].start, last.end))
        i = counted.after
    if not _skips(found):
        return found
    return [replace(item, words="so") if _is_next(item) else item for item in found]


class _Counted(NamedTuple):
    """A number of runs, the place in the order that is named before it, and the index after it."""

    number: int
    place: str
    follows: bool  # "the next three"
    after: int


def _counted(items: Sequence[Item], i: int) -> _Counted | None:
    """[the] [next] [first] NUMBER [runs] from place i on."""
    place, follows = "", False
    while i < len(items) and not counts_runs(items[i]):
        word = items[i].words.lower()
        if items[i].kind == "superlative" and word in _PART and not place:
            place = word
        elif not (items[i].kind == "filler" and word in (*_SOFT, *_NEXT)) and not _is_at_most(items, i):
            return None
        follows |= word in _NEXT
        i += 1
    if i == len(items):
        return None
    after = i + 1 + (i + 1 < len(items) and items[i + 1].words.lower() in _RUNS)
    return _Counted(int(items[i].payload.value), place, follows, after)


def _is_at_most(items: Sequence[Item], i: int) -> bool:
    """The "at most" of "at most 3 runs", of which "at most 3" by itself is a bound of what the order is by."""
    counted = i + 2 < len(items) and items[i + 2].words.lower() in _RUNS
    return counted and items[i].kind == "comparator" and items[i].payload == "<="


def _page_at(items: Sequence[Item], i: int, before: Sequence[Item]) -> tuple[str, _Counted] | None:
    """The part of the order that is told from place i on, and its number."""
    verb, negated = items[i].words.lower(), items[i].kind == "not"
    counted = _counted(items, i + (negated or verb in (*_SKIP, *_BEYOND, *_TAKE, *_SHOW)))
    if counted is None or (counted.follows and not _skips(before)):
        return None
    part, ordered = _PART[counted.place], _is_ordered([*before, *items[counted.after :]])
    ranked = counted.after < len(items) and items[counted.after].kind == "superlative"  # "the next three best"
    if not _ends(items, counted.after):
        return ("take", counted) if counted.follows and not ranked else None
    if part == "take" and _is_skip(items[i], counted, ordered):
        return "skip", counted
    takes = (verb in _TAKE and ordered and part == "take") or (verb in (*_TAKE, *_SHOW) and not counted.place)
    takes = takes and not (before and before[-1].words.lower() in _RELATIVE)
    return (part, counted) if takes or (_is_behind_order(before) and not negated) else None


def _is_skip(verb: Item, counted: _Counted, ordered: bool) -> bool:
    """ "Skip 2"; in an order "except the first 2", which are the oldest elsewhere, and "after the top 2"."""
    word = verb.words.lower()
    if not counted.place:
        return word in _SKIP
    skips = word in _SKIP or (verb.kind == "not" and verb.payload in ("except", "without"))
    return ordered and (skips or (word in _BEYOND and counted.place == "top"))


def _ends(items: Sequence[Item], i: int) -> bool:
    """Whether nothing that the number before i could count or measure stands there."""
    if i == len(items):
        return True
    parts = items[i].kind in ("break", "connector") and not (i + 1 < len(items) and items[i + 1].kind == "number")
    again = items[i].words.lower() in (*_SKIP, *_TAKE, *_SHOW, *_OF, "then", ".", "?", "!")
    return parts or again or items[i].kind in ("by", "sorted", "order")


def _is_ordered(items: Sequence[Item]) -> bool:
    return any(item.kind in _ORDERS or _by_measure(items, i) for i, item in enumerate(items))


def _is_behind_order(before: Sequence[Item]) -> bool:
    """Whether what stands before is an order and a comma."""
    if len(before) < 2 or before[-1].kind != "break":
        return False
    if before[-2].kind != "field" or len(before) < 3:
        return before[-2].kind in ("order", "chronological")
    return before[-3].kind == "sorted" or _by_measure(before, len(before) - 3)


def _by_measure(items: Sequence[Item], i: int) -> bool:
    following = items[i + 1] if items[i].kind == "by" and i + 1 < len(items) else None
    return following is not None and following.kind == "field" and is_measure(following.payload)


def _skips(items: Sequence[Item]) -> bool:
    return any(item.kind == "page" and item.payload[0] == "skip" for item in items)


def _is_next(item: Item) -> bool:
    return item.kind == "filler" and item.words.lower() in _NEXT


def part_of_order(a: Asked) -> None:
    """The part of the order, or the number of runs where there is no order; what does not fit stays unread."""
    places = [i for i in range(len(a.items)) if a.kind(i) == "page"]
    parts: dict[str, int] = dict(a.items[i].payload for i in places)
    if not places or len(parts) < len(places) or a.figure is not None or a.compare:
        return
    if a.order is not None and (cut := _cut(a.order, parts)) is not None:
        a.order = cut
    elif a.order is None and a.limit is None and parts.keys() == {"take"}:
        a.limit = parts["take"]
    else:
        return
    a.used |= set(places)


def _cut(order: Order, parts: dict[str, int]) -> Order | None:
    """The order with what is skipped and taken of it; None if it is cut already in another way."""
    several = order.count is None or order.ties  # no number was said before
    if order.rest or order.percent is not None or ("take" in parts and not several):
        return None
    if "last" in parts:
        whole = parts.keys() == {"last"} and order.count is None
        return replace(order, descending=not order.descending, count=parts["last"]) if whole else None
    count, skip = parts.get("take", order.count), parts.get("skip", 0)
    if count is None:  # all that follow
        return replace(order, count=skip, rest=True)
    return replace(order, count=count, skip=order.skip + skip, ties=False)
