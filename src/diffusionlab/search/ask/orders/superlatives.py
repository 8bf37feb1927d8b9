"""Best, lowest, newest: the runs that come first by a column."""

from __future__ import annotations

from dataclasses import replace

from diffusionlab.registry.record.columns import COLUMNS, kind_of, lower_is_better
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.orders.how_many import LATELY, WITH, how_many, place_of_number
from diffusionlab.search.ask.orders.sorting import after_by, speed
from diffusionlab.search.ask.rules.reading import is_numeric, is_setting
from diffusionlab.search.query.query import Figure, Order

_POSITIONAL = ("last", "first", "final")  # superlatives only before "run", "3 runs" and the like
_VAGUE = ("most", "least", "top", "recent", "last", "first")  # a second one of these is no second order
_AMONG = ("of", "among", "amongst", "in", "within")
_WHICH = ("which", "what", "any", "some", "one", "ones")
_OF_WHICH = ("any of", "none of", "which of", "some of")


def superlative(a: Asked) -> None:
    """Read the first superlative of the question as its order."""
    places = [i for i in range(len(a.items)) if a.kind(i) == "superlative" and _stands(a, i)]
    if a.figure is not None:
        places = [i for i in places if i not in a.used and (a.taken_of or _is_counted(a, i))]
        if not places:
            return
    newest = [i for i in range(len(a.items)) if a.kind(i) == "moment" and _is_latest(a, i)]
    if not places and not newest:
        _ordinal_run(a)
        return
    i = _leading(a, places) if places else newest[0]
    modified = (
        newest and places and abs(newest[0] - places[0]) in (1, 2) and a.items[places[0]].payload[1] == "created_at"
    )
    if modified or a.kind(i) == "moment":
        a.used |= {newest[0]}
        column, direction, word = "modified_at", "high", "latest"
    else:
        direction, default, word = a.items[i].payload
        chosen = _column(a, i, direction, default)
        if chosen is None:
            a.used.add(i)
            return
        column = chosen
    a.used.add(i)
    descending = direction == "high" or word == "top"
    named_after = any(item.kind == "field" and item.payload == column for item in a.items[i + 1 :])
    by_setting = word in ("top", "bottom") and is_numeric(column) and is_setting(column) and _own_field(a, i) is None
    by_setting = by_setting and named_after  # but "lr of the top 5"
    if direction in ("best", "worst") and not by_setting:  # but "top 5 runs by batch size"
        if not is_numeric(column) or is_setting(column):
            a.show.append(column)
            column = a.primary
        descending = lower_is_better(column) == (direction == "worst")
    taken = how_many(a, i, word)
    rest = (taken.count or taken.percent) is not None and _is_excepted(a, i)
    ties = taken.ties and not rest
    order = Order(column, descending, taken.count, taken.skip, ties, percent=taken.percent, rest=rest)
    _place_order(a, i, order, direction)
    _other_superlatives(a, i, places)
    if a.figure is None and not a.compare and _asks_among(a, i):
        a.figure = Figure("count")  # and those that are counted are named


def _asks_among(a: Asked, i: int) -> bool:
    """Whether the runs that the superlative at i takes are what others are looked for among: "which of the top 5 are
    U-Nets", "failed runs among the ten latest"."""
    if a.order is None or (a.order.count, a.order.percent) == (None, None) or a.order.ties or a.order.rest:
        return False
    if any(a.words(k) in _OF_WHICH for k in range(i)):
        return True
    j = a.skip(i - 1, 3, ("filler", "number", "percent"), -1)
    preposition = next((k for k in range(max(j, 0), i) if a.words(k) in _AMONG), None)
    if preposition is None:
        return False
    asked = a.words(preposition - 1) in _WHICH
    asked = asked or any(a.words(k) in ("which", "what") and a.kind(k - 1) == "break" for k in range(i, len(a.items)))
    among = a.words(preposition) != "of" and any(item.kind == "condition" for item in a.items[:preposition])
    return asked or among


def _leading(a: Asked, places: list[int]) -> int:
    """The superlative that tells the order: in "top 3 smallest" the second."""
    if len(places) > 1 and a.items[places[0]].payload[2] in ("top", "most"):
        between = a.items[places[0] + 1 : places[1]]
        if all(item.kind in ("number", "filler") for item in between):
            a.used.add(places[0])
            return places[1]
    return places[0]


def _place_order(a: Asked, i: int, order: Order, direction: str) -> None:
    """The order of the superlative at i, or what it adds to one that was named: "top 3 sorted by val loss"."""
    ties, count = order.ties, order.count
    if ties and (top := _top_later(a, i)) is not None:
        count, ties = top, False
    column, descending = order.column, order.descending
    if any(item.kind == "sorted" for item in a.items):
        if ties:
            count, ties = None, False
        if a.order is not None and (direction in ("best", "worst") or a.items[i].payload[2] == "first"):
            column, descending = a.order.column, a.order.descending  # "the first 3 runs sorted by fid"
        elif a.order is not None and a.order.column != column:
            _say_left_out(a, "sorted")
    elif a.order is not None and direction in ("best", "worst") and is_setting(a.order.column):
        column, descending = a.order.column, a.order.descending  # "top 5 runs by batch size, largest first"
    elif a.order is not None and (a.order.column, a.order.descending) != (column, descending):
        _say_left_out(a, "order", "chronological")
    a.order = replace(order, column=column, descending=descending, count=count, ties=ties)


def _say_left_out(a: Asked, *kinds: str) -> None:
    left = [item.words for item in a.items if item.kind in kinds]
    a.notes += [f'"{words}" is left out: one order at a time' for words in left[:1]]


def _other_superlatives(a: Asked, i: int, places: list[int]) -> None:
    for p in places:
        if p <= i + 1 or p in a.used:
            continue
        a.used.add(p)
        again = a.items[p].payload == a.items[i].payload
        joined = a.kind(a.skip(p - 1, 3, ("filler",), -1)) == "connector" and a.kind(p + 1) == "condition"
        if again and joined and not (a.compare or a.figure or a.like):
            a.compare = True  # "the best conditional and the best unconditional model"
        if a.order is not None and a.order.rest:
            a.passed.append(a.items[p])  # "all but the best and the worst": only one end is left out
        elif not again and a.items[p].payload[2] not in _VAGUE:
            a.notes.append(f'"{a.items[p].words}" is left out: one order at a time')


def _stands(a: Asked, i: int) -> bool:
    """Whether a superlative word is one here: "last" only before a run or a number of runs."""
    word = a.items[i].payload[2]
    if word in LATELY:
        return not any(item.kind == "when" for item in a.items)
    if word not in _POSITIONAL or (a.words(0) == "when" and a.kind(i + 1) in ("", "filler", "moment", "carrier")):
        return True
    for j in range(i + 1, min(i + 6, len(a.items))):
        kind = a.items[j].kind
        if kind == "noun" or (j == i + 1 and (a.counts(j) or kind == "moment")):
            return True
        if kind not in ("number", "condition", "filler", "superlative") and a.words(j) != "but":
            return False
    if a.words(0) in ("what", "which") and all(item.kind == "filler" for item in a.items[i + 1 :]):
        return True  # "what did I train last?"
    return any(item.kind == "condition" for item in a.items[i + 1 : i + 2])


def _is_latest(a: Asked, i: int) -> bool:
    """Whether the moment at i is "last modified" without a date."""
    if a.items[i].payload != "modified_at" or a.kind(a.skip(i + 1, 2, ("filler", "carrier"))) == "when":
        return False
    beside = any(a.kind(k) == "superlative" and a.items[k].payload[1] == "created_at" for k in (i - 1, i + 1))
    return beside or a.words(i).startswith(("last ", "most recently", "recently"))


def _column(a: Asked, i: int, direction: str, default: str | None) -> str | None:
    """The column that the superlative at i orders by; None where it is none: "at least", "most of"."""
    own = _own_field(a, i)
    if own is not None:
        a.used.add(own)
        column: str = a.items[own].payload
        if is_numeric(column) or direction in ("best", "worst"):
            return column
        return speed(a, default) if default else a.primary
    k = a.skip(i + 1, 2, ("filler",))
    if a.kind(k) == "condition" and not default:
        category: str = a.items[k].payload.category
        if category in COLUMNS and is_numeric(category):
            return category  # "highest learning rate below 2e-3"
    place = after_by(a, i, ("int", "float", "time"))  # "latest run by optimizer" is one of each
    if place is not None:
        a.used.add(place)
        return str(a.items[place].payload)
    if default:
        pictures = a.words(i + 1) in ("image", "images", "pictures") and a.kind(i + 2) != "noun"
        return "image_size" if pictures and default == "num_parameters" else speed(a, default)
    return _field_elsewhere(a, i, direction)


def _own_field(a: Asked, i: int) -> int | None:
    """The place of the field right after the superlative, with no noun between: "lowest (validation loss)"."""
    j = a.skip(i + 1, 4, ("filler", "number", "carrier", "known"))
    if any(a.items[k].kind == "carrier" and a.words(k) != "in" for k in range(i + 1, min(j, len(a.items)))):
        j = i + 1
    if a.kind(j) != "field" or kind_of(a.items[j].payload) not in ("int", "float", "text"):
        return None
    return j


def _field_elsewhere(a: Asked, i: int, direction: str) -> str | None:
    """A field that stands apart from the superlative: "with fid the lowest", "the best model on MNIST in fid"."""
    fields = [k for k in range(len(a.items)) if a.kind(k) == "field" and is_numeric(a.items[k].payload)]
    before = a.skip(i - 1, 4, ("filler", "carrier"), -1)
    word = a.items[i].payload[2]
    if before in fields:
        chosen = [before]
    elif direction in ("low", "high"):
        chosen = fields if word not in ("most", "least", "fewest") else []
        if not chosen:
            return a.primary if word in ("lowest", "highest") else None
    else:
        measures = [k for k in fields if k > i and a.items[k].payload not in ("lr", "batch_size", "epochs", "seed")]
        chosen = [k for k in measures if a.words(k - 1) in ("in", "on", "for", "by", "at")]
    if not chosen:
        return a.primary
    a.used.add(chosen[0])
    return str(a.items[chosen[0]].payload)


def _is_counted(a: Asked, i: int) -> bool:
    """Whether a number stands beside the superlative at i, which no figure has used, and runs follow, or nothing that
    could be counted: "mean fid of the top 5", "how many of the three latest runs failed"."""
    before = a.skip(i - 1, 2, ("filler", "percent"), -1)
    beside = (k for k in (before, place_of_number(a, before), i + 1) if k not in a.used)
    places = [k for k in beside if a.counts(k) or (a.kind(k) == "number" and a.kind(k + 1) == "percent")]
    after = a.skip(max([i, *places]) + 1, 3, ("filler", "percent", "condition"))
    runs = a.kind(after) in ("noun", "by", "carrier", "break", "") or a.kind(after - 1) == "condition"
    return bool(places) and (runs or a.words(before) in WITH)


def _is_excepted(a: Asked, i: int) -> bool:
    """Whether the superlative at i names the runs that are not meant: "all but the best three"."""
    j = a.skip(i - 1, 4, ("filler", "number", "percent"), -1)
    if a.words(j) in WITH:  # "except the two runs with the highest FID"
        j = a.skip(j - 1, 4, ("filler", "number", "percent", "noun"), -1)
    excepted = (a.kind(j) == "not" and a.words(j) not in _OF_WHICH) or (
        a.kind(j) == "connector" and a.items[j].payload == "but"
    )
    if excepted:
        a.used.add(j)
    return excepted


def _top_later(a: Asked, i: int) -> int | None:
    """The number in "most parameters, top 3"."""
    for j in range(i + 1, len(a.items) - 1):
        if a.kind(j) == "superlative" and a.items[j].payload[2] == "top" and a.counts(j + 1):
            a.used.add(j)
            return a.count(j + 1)
    return None


def _ordinal_run(a: Asked) -> None:
    """ "The third run", "the third MNIST run": by age."""
    for i, item in enumerate(a.items):
        if item.kind == "ordinal" and a.kind(a.skip(i + 1, 3, ("condition",))) == "noun" and a.order is None:
            a.order = Order("created_at", False, 1, item.payload - 1)
            a.used.add(i)
