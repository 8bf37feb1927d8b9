"""In which order runs are asked for: "sorted by fid", "newest first", "the first of each data set"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.registry.record.columns import compares_within, kind_of, lower_is_better
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.joining.scope import Operand
from diffusionlab.search.ask.keys import Key, is_measure, key_at, with_others
from diffusionlab.search.ask.orders.directions import column_of, highest_first, is_valued
from diffusionlab.search.ask.rules.reading import is_numeric, is_setting
from diffusionlab.search.query.query import GroupKey, Order
from diffusionlab.search.read.items import Item
from diffusionlab.search.words.asking_words import EXACTLY

_UNRANKED = ("list", "json")  # kinds of columns that have no order


def sorting(a: Asked) -> None:
    """Read the order that the question names, if any."""
    if a.figure is not None:
        return
    for i, item in enumerate(a.items):
        if _is_order_verb(a, i):
            item = a.items[i] = replace(item, kind="sorted")
        if item.kind == "chronological":
            named = after_by(a, 0, ("time",))  # "by last modified, newest first"
            a.order = Order("created_at" if named is None else str(a.items[named].payload), item.payload)
            a.used |= {i} if named is None else {i, named}
        elif item.kind == "order" and a.order is None:
            _first_to_last(a, i)
        elif (item.kind == "sorted" and i not in a.used) or _runs_by_measure(a, i):
            _sorted_by(a, i)
    if a.order is not None:
        a.used |= {i for i, item in enumerate(a.items) if item.kind == "order"}


def _runs_by_measure(a: Asked, i: int) -> bool:
    """ "CIFAR-10 (runs) by val loss", where no superlative or other order takes the "by"."""
    j = a.skip(i + 1, 2, ("filler",))
    measured = a.kind(i) == "by" and a.kind(j) == "field" and is_measure(a.items[j].payload)
    ordered = any(item.kind in ("superlative", "sorted", "order", "chronological", "like") for item in a.items)
    runs = a.kind(i - 1) == "condition" or any(item.kind in ("noun", "page") for item in a.items[:i])
    return measured and not ordered and runs


def _is_order_verb(a: Asked, i: int) -> bool:
    """ "Order (the runs) by size": a verb at the beginning."""
    if a.items[i].kind != "text" or a.words(i) not in ("order", "arrange"):
        return False
    return all(item.kind == "filler" for item in a.items[:i]) and any(item.kind == "by" for item in a.items)


def _first_to_last(a: Asked, i: int) -> None:
    """ "Highest first", "from best to worst", "by decreasing size", "by epochs, descending"."""
    words = a.words(i)
    ranked = [k for k, item in enumerate(a.items) if item.kind == "sorted"]
    if ranked and (ranked[0] > i or " by" in a.text):  # but "rank the MNIST runs, best first"
        return
    fields = [k for k in range(len(a.items)) if a.kind(k) == "field" and is_numeric(a.items[k].payload)]
    beside = a.skip(i + 1, 2, ("filler", "how"))
    named = beside if words.endswith("first") and beside in fields else after_by(a, 0)
    told = words.endswith("first") or " to " in words or a.words(i - 1) == "by" or named is not None
    if not told:
        return
    told_by_words = column_of(a.items[i])
    if named is None and fields and told_by_words in (None, "num_parameters"):
        named = fields[0]
    if named is not None:
        column = str(a.items[named].payload)
        a.used.add(named)
    else:
        column = speed(a, told_by_words) if told_by_words else a.primary
    a.order = Order(column, highest_first(a.items[i], column))
    a.used |= {*ranked, *((i - 1,) if a.kind(i - 1) == "by" else ())}


def descends(superlative: Item, column: str) -> bool:
    """Whether the superlative asks for the highest value of the column."""
    direction = superlative.payload[0]
    return {"low": False, "high": True}.get(direction, lower_is_better(column) == (direction == "worst"))


def _sorted_by(a: Asked, i: int) -> None:
    j = a.skip(i + 1, 4, ("filler", "by", "noun", "order", "between"))
    field = j if a.kind(j) in ("field", "moment") else after_by(a, i)
    if a.kind(j) == "superlative" or field is None:
        return
    column = a.items[field].payload
    if kind_of(column) in _UNRANKED:
        return
    directions = [item for item in a.items if item.kind == "order"]
    valued = [item for item in directions if is_valued(item)]
    if directions:
        descending = highest_first((valued or directions)[0], column)
    else:
        better = is_numeric(column) and not lower_is_better(column) and not is_setting(column)
        descending = better or column in ("created_at", "modified_at")
    a.order = Order(column, descending)
    a.used |= {i, field, *(k for k in range(i, field) if a.kind(k) == "by")}


def speed(a: Asked, column: str) -> str:
    """The column that "fast" and "large" are measured by; any other as it is."""
    if column == "num_parameters":
        return size_of_runs(a)
    if column != "speed":
        return column
    return "images_per_second" if a.known.has("images_per_second") else "seconds"


def size_of_runs(a: Asked) -> str:
    """What "large" is measured by: parameters, or files where only these are recorded."""
    if a.known.has("num_parameters") or not a.known.has("size_bytes"):
        return "num_parameters"
    a.notes.append("size is read as that of the file, as no run has a recorded number of parameters")
    return "size_bytes"


def sizes_compared(a: Asked) -> None:
    """What "larger" compares by: "is A larger than B", "how much larger is A than B"."""
    by = a.better[1] if a.better else None
    if not a.compare or "num_parameters" not in (by, *a.show):
        return
    column = size_of_runs(a)
    a.show = [column if shown == "num_parameters" else shown for shown in a.show]
    if a.better and by == "num_parameters":
        a.better = (a.better[0], column)


def after_by(a: Asked, i: int, kinds: tuple[str, ...] = ("int", "float", "time", "text", "bool")) -> int | None:
    """The place of the field, of these kinds, that a "by" after place i names; the words up to it are used up."""
    for j in range(i, len(a.items)):
        if a.kind(j) == "by" or (j > i and a.kind(j) == "carrier" and a.words(j) == "by"):
            k = a.skip(j + 1, 3, ("filler", "superlative", "order"))
            if a.kind(k) in ("field", "moment") and kind_of(a.items[k].payload) in kinds:
                a.used |= {place for place in range(j, k) if a.kind(place) != "filler"}
                return k
    return None


def best_of_several(a: Asked, found: Sequence[Operand]) -> None:
    """Best FID on MNIST and on CIFAR-10: the best of each, as the measure does not compare between them."""
    order = a.order
    if order is None or order.per or order.rest or order.count != 1 or "dataset" not in compares_within(order.column):
        return
    sets = [operand for operand in found if operand.category == "dataset" and not operand.negated]
    if len(sets) > 1 and all(operand.joined in ("and", ",") for operand in sets[1:]) and sets[-1].joined == "and":
        a.order = replace(order, per=(GroupKey("dataset"),))


def per(a: Asked) -> None:
    """Best of each FIELD, latest run per architecture, best run of each month: the first runs of each of its values.

    The newest, where nothing says which: "two runs of each data set".
    """
    if a.figure is None and a.order is None:
        a.order = _sample(a)
    if a.order is not None and a.taken_of is not None:
        of = GroupKey(a.taken_of.column, a.taken_of.unit)
        a.order = replace(a.order, per=(of,), count=a.order.count or 1)
        a.used |= a.taken_of.places
    if a.order is None or a.figure is not None:
        return
    for i in range(len(a.items)):
        if a.kind(i) not in ("per", "by", "per unit"):
            continue
        key = Key("created_at", a.items[i].payload, frozenset({i})) if a.kind(i) == "per unit" else key_at(a, i + 1)
        if (
            key is None
            or (a.kind(i) == "by" and is_numeric(key.column))
            or (key.column, key.unit) == (a.order.column, None)
        ):
            continue
        if a.kind(i) == "by" and _is_directed(a):  # "all runs by month, newest first"
            a.used |= {i, *key.places} if kind_of(key.column) == "time" else set()
            continue
        keys = with_others(a, key)
        groups = tuple(GroupKey(one.column, one.unit) for one in keys)
        if a.order.count is None:  # "the runs with the highest batch size of each optimizer"
            a.order = replace(a.order, count=1, ties=True)
        a.order = replace(a.order, per=groups)
        a.used |= {i, *(place for one in keys for place in one.places)}
        return


def _is_directed(a: Asked) -> bool:
    """Whether the order is that of all runs, in a direction that is named, and no superlative takes some of them."""
    kinds = [item.kind for item in a.items]
    return "superlative" not in kinds and ("chronological" in kinds or "order" in kinds)


def _sample(a: Asked) -> Order | None:
    """N runs, or one, before what they are taken of each of."""
    for i in range(1, len(a.items) - 1):
        if a.kind(i) == "noun" and a.kind(i + 1) == "per" and key_at(a, i + 2):
            if a.counts(i - 1):
                return Order("created_at", True, a.count(i - 1))
            if a.words(i - 1) == "one":
                a.used |= {k for k in (i - 1, i - 2) if k >= 0 and a.words(k) in ("one", *EXACTLY)}
                return Order("created_at", True, 1)
    return None
