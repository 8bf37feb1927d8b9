"""What runs are grouped and sorted by: "per data set", "of each month", "sorted by fid", "newest first"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from diffusionlab.registry.record.columns import COLUMNS, METRIC_COLUMNS, compares_within, kind_of, lower_is_better
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.joining.scope import Operand
from diffusionlab.search.ask.rules.reading import is_numeric, is_setting
from diffusionlab.search.query.query import Figure, GroupKey, Order, Unit
from diffusionlab.search.read.items import Item
from diffusionlab.search.words.asking_words import EXACTLY, UNITS, How
from diffusionlab.search.words.lexicon import listed

# -- groups

_UNIT_OF: dict[str, Unit] = {word: unit for unit, words in UNITS.items() for word in listed(words)}


class Key(NamedTuple):
    """What groups are made by, and the items that say so."""

    column: str
    unit: Unit | None
    places: frozenset[int]


def key_at(a: Asked, i: int, most: int = 2) -> Key | None:
    """The column or the period that is named from place i on: "optimizer", "kind of network", "month"."""
    for start in range(i, a.skip(i, most, ("filler", "carrier")) + 1):
        if found := _period_at(a, start):
            return found
    j = a.skip(i, most, ("filler", "carrier"))
    if a.kind(j) == "field" and _is_key(a.items[j].payload):
        column = a.items[j].payload
        return Key(column, "month" if kind_of(column) == "time" else None, frozenset({j}))
    per_model = a.words(j) in ("model", "models") and a.words(j - 1) in ("per", "for each", "grouped by", "by")
    if a.kind(j) == "noun" and (a.words(j) in ("architecture", "architectures") or per_model):
        return Key("architecture", None, frozenset({j}))
    if a.kind(j) == "condition" and a.words(j) in ("gpu", "gpus", "graphics card", "graphics cards"):
        return Key("hardware_kind", None, frozenset({j}))
    if a.kind(j) == "moment" and a.words(j) in ("date", "creation date", "start date"):
        return Key("created_at", "day", frozenset({j}))
    return None


def _period_at(a: Asked, i: int) -> Key | None:
    """The period of time that is named at i: "month", "day of the week"."""
    for last in range(min(i + 3, len(a.items) - 1), i - 1, -1):
        words = " ".join(a.words(k) for k in range(i, last + 1))
        if words in _UNIT_OF and a.kind(i) != "when":
            modified = any(item.kind == "moment" and item.payload == "modified_at" for item in a.items)
            places = frozenset(range(i, last + 1))
            return Key("modified_at" if modified else "created_at", _UNIT_OF[words], places)
    return None


def _is_key(column: str) -> bool:
    return kind_of(column) in ("text", "list", "int", "float", "bool", "time") and column not in METRIC_COLUMNS


def each(a: Asked, plain_by: bool = True) -> Key | None:
    """What "per", "for each" or "by" names."""
    for i, item in enumerate(a.items):
        if item.kind == "per unit":
            return Key("created_at", item.payload, frozenset({i}))
        if item.kind not in (("per", "by") if plain_by else ("per",)) or i in a.used:
            continue
        if (key := key_at(a, i + 1)) and not (item.kind == "by" and _orders(a, i, key)):
            return key._replace(places=key.places | {i})
    return None


def _orders(a: Asked, i: int, key: Key) -> bool:
    """Whether the "by" at i belongs to an order: "sorted by epochs", "top 3 by size"."""
    numeric = kind_of(key.column) in ("int", "float")
    sorted_by = any(a.kind(k) in ("sorted", "order") for k in range(max(0, i - 3), i))
    return sorted_by or (numeric and any(item.kind == "superlative" for item in a.items))


def which(a: Asked) -> Key | None:
    """What "which data set", "the optimizer with" or "in what month" asks for."""
    for i in range(-1, len(a.items)):
        asked = i < 0 or a.words(i) in ("which", "what", "the", "whichever")
        if asked and (key := key_at(a, i + 1, 3)) and not is_measure(key.column):
            return key
    if listed_values := _values_named(a):
        return listed_values
    fields = [i for i in range(len(a.items)) if a.kind(i) == "field" and not is_measure(a.items[i].payload)]
    return key_at(a, fields[0]) if fields and _is_key(a.items[fields[0]].payload) else None


def _values_named(a: Asked) -> Key | None:
    """ "WHICH OF Adam, SGD and Lion": the field of the values that are named."""
    for i in range(len(a.items) - 2):
        after = a.skip(i + 1, 2, ("filler",))
        if a.words(i) != "which" or a.words(i + 1) not in ("of", "among") or a.kind(after) != "condition":
            continue
        categories = [item.payload.category for item in a.items[after:] if item.kind == "condition"]
        column = categories[0]
        if categories.count(column) > 1 and column in COLUMNS and _is_key(column):
            return Key(column, None, frozenset({i}))
    return None


def is_measure(column: str) -> bool:
    """Whether a column is a number that runs are measured by, rather than a value that they have in common."""
    return kind_of(column) in ("int", "float") and column not in ("batch_size", "lr", "image_size", "seed", "epochs")


def ask_figure(a: Asked, used: Iterable[int], key: Key | None, how: How, of: str | None = None, **more: Any) -> bool:
    """Ask for a figure, of each value of the key if there is one; the items that say so are used up."""
    keys = with_others(a, key) if key else []
    if "descending" in more and key is not None and (inner := _inner(a, key, of)):
        more["per"], keys = tuple(GroupKey(one.column, one.unit) for one in keys), [*keys, inner]
        more.setdefault("count", 1)
    a.figure = Figure(how, of, tuple(GroupKey(one.column, one.unit) for one in keys), **more)
    a.used |= {*used, *(place for one in keys for place in one.places)}
    return True


def _inner(a: Asked, outer: Key, of: str | None) -> Key | None:
    """ "FOR EACH data set, THE OPTIMIZER with the most runs": the values that are ranked for each of the key."""
    if not any(a.kind(k) == "per" for k in outer.places):
        return None
    for i in range(len(a.items)):
        key = key_at(a, i + 1, 0) if a.words(i) in ("which", "what", "the") and i + 1 not in outer.places else None
        if key is not None and key.column not in (outer.column, of) and not is_measure(key.column):
            return key._replace(places=key.places | {i})
    return None


def with_others(a: Asked, key: Key) -> list[Key]:
    """The key and those that are joined to it: "per data set AND OPTIMIZER", "by month BY architecture"."""
    found = [key]
    while True:
        joint = i = max(found[-1].places) + 1
        while a.kind(i) in ("per", "by") or (a.kind(i) in ("connector", "break") and a.words(i) in ("and", ",", "&")):
            i += 1
        other = key_at(a, i, 0) if i > joint else None
        if other is None or is_measure(other.column) or other.column in [one.column for one in found]:
            return found
        found.append(other._replace(places=other.places | set(range(joint, i))))


# -- orders

_UNRANKED = ("list", "json")  # kinds of columns that have no order


def sorting(a: Asked) -> None:
    """Read the order that the question names, if any."""
    if a.figure is not None:
        return
    for i, item in enumerate(a.items):
        if _is_order_verb(a, i):
            item = a.items[i] = replace(item, kind="sorted")
        if item.kind == "chronological":
            a.order = Order("created_at", item.payload)
            a.used.add(i)
        elif item.kind == "order" and a.order is None:
            _first_to_last(a, i)
        elif (item.kind == "sorted" and i not in a.used) or _runs_by_measure(a, i):
            _sorted_by(a, i)
    if a.order is not None:
        a.used |= {i for i, item in enumerate(a.items) if item.kind == "order"}


def _runs_by_measure(a: Asked, i: int) -> bool:
    """ "CIFAR-10 runs by val loss", where no superlative or other order takes the "by"."""
    j = a.skip(i + 1, 2, ("filler",))
    measured = a.kind(i) == "by" and a.kind(j) == "field" and is_measure(a.items[j].payload)
    ordered = any(item.kind in ("superlative", "sorted", "order", "chronological", "like") for item in a.items)
    return measured and not ordered and any(item.kind == "noun" for item in a.items[:i])


def _is_order_verb(a: Asked, i: int) -> bool:
    """ "Order (the runs) by size": a verb at the beginning."""
    if a.items[i].kind != "text" or a.words(i) not in ("order", "arrange"):
        return False
    return all(item.kind == "filler" for item in a.items[:i]) and any(item.kind == "by" for item in a.items)


def _first_to_last(a: Asked, i: int) -> None:
    """ "Highest first", "from best to worst", "by decreasing size"."""
    words = a.words(i)
    told = words.endswith("first") or " to " in words or a.words(i - 1) == "by"
    if not told or any(item.kind == "sorted" for item in a.items):
        return
    column = a.primary
    fields = [k for k in range(len(a.items)) if a.kind(k) == "field" and is_numeric(a.items[k].payload)]
    if fields:
        column = a.items[fields[0]].payload
        a.used.add(fields[0])
    a.order = Order(column, highest_first(a.items[i], column))
    a.used |= {i - 1} if a.kind(i - 1) == "by" else set()


def descends(superlative: Item, column: str) -> bool:
    """Whether the superlative asks for the highest value of the column."""
    direction = superlative.payload[0]
    return {"low": False, "high": True}.get(direction, lower_is_better(column) == (direction == "worst"))


def highest_first(order: Item, column: str) -> bool:
    """Whether the words for a direction put the highest value of the column first."""
    words = order.words.lower()
    if words.startswith(("best", "worst")):
        return lower_is_better(column) == words.startswith("worst")
    return bool(order.payload)


def _sorted_by(a: Asked, i: int) -> None:
    j = a.skip(i + 1, 4, ("filler", "by", "noun", "order", "between"))
    field = j if a.kind(j) in ("field", "moment") else after_by(a, i)
    if a.kind(j) == "superlative" or field is None:
        return
    column = a.items[field].payload
    if kind_of(column) in _UNRANKED:
        return
    directions = [item for item in a.items if item.kind == "order"]
    valued = [item for item in directions if item.words.lower().startswith(("worst", "best"))]
    if directions:
        descending = highest_first((valued or directions)[0], column)
    else:
        better = is_numeric(column) and not lower_is_better(column) and not is_setting(column)
        descending = better or column in ("created_at", "modified_at")
    a.order = Order(column, descending)
    a.used |= {i, field}


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
        count = a.order.count if a.order.count is not None else 1
        keys = with_others(a, key)
        a.order = replace(a.order, count=count, per=tuple(GroupKey(one.column, one.unit) for one in keys))
        a.used |= {i, *(place for one in keys for place in one.places)}
        return


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
