"""What groups are made by: "per data set", "of each month", "which optimizer", and figures of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from diffusionlab.registry.filters.filter import Filter
from diffusionlab.registry.record.columns import COLUMNS, METRIC_COLUMNS, kind_of
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.query.query import Figure, GroupKey, Unit
from diffusionlab.search.read.items import any_gpu
from diffusionlab.search.words.asking_words import UNITS, How
from diffusionlab.search.words.lexicon import listed

_CARDS = ("gpu", "gpus", "graphics card", "graphics cards")
UNIT_OF: dict[str, Unit] = {word: unit for unit, words in UNITS.items() for word in listed(words)}


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
    if a.kind(j) == "condition" and a.words(j) in _CARDS:
        return Key("hardware_kind", None, frozenset({j}))
    if a.kind(j) == "moment" and a.words(j) in ("date", "creation date", "start date"):
        return Key("created_at", "day", frozenset({j}))
    return None


def _period_at(a: Asked, i: int) -> Key | None:
    """The period of time that is named at i, or the folder: "month", "day of the week"."""
    for last in range(min(i + 3, len(a.items) - 1), i - 1, -1):
        words = " ".join(a.words(k) for k in range(i, last + 1))
        if words in UNIT_OF and a.kind(i) != "when":
            modified = any(item.kind == "moment" and item.payload == "modified_at" for item in a.items)
            places = frozenset(range(i, last + 1))
            if UNIT_OF[words] == "folder":
                return Key("path", "folder", places)
            return Key("modified_at" if modified else "created_at", UNIT_OF[words], places)
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
    directed = numeric and any(item.kind in ("superlative", "order") for item in a.items)
    kinds = [item.kind for item in a.items]  # "all runs by date, ascending", but not "count runs by month, most first"
    return sorted_by or directed or (kind_of(key.column) == "time" and "order" in kinds and "count" not in kinds)


def which(a: Asked) -> Key | None:
    """What "which data set", "the optimizer with" or "in what month" asks for."""
    for i in range(-1, len(a.items)):
        asked = i < 0 or a.words(i) in ("which", "what", "the", "whichever")
        first = i + 1 + a.counts(i + 1)  # "the (3) architectures with the most runs"
        if asked and (key := key_at(a, first, 3)) and not is_measure(key.column):
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


def of_cards(a: Asked, conditions: Sequence[Filter]) -> list[Filter]:
    """ "Which GPU has the most runs": a CPU is none, unless the question names hardware itself."""
    named = any({"hardware", "hardware_kind"} & condition.columns() for condition in conditions)
    return [any_gpu(a.known)] if a.cards and not named else []


def _are_cards(a: Asked, key: Key) -> bool:
    """Whether groups are of graphics cards; "runs per GPU" are those of all hardware."""
    said = {a.kind(k) for k in key.places} & {"per", "by"}
    words = " ".join(a.words(k) for k in sorted(key.places))
    return key.column in ("hardware", "hardware_kind") and not said and words.endswith(_CARDS)


def ask_figure(a: Asked, used: Iterable[int], key: Key | None, how: How, of: str | None = None, **more: Any) -> bool:
    """Ask for a figure, of each value of the key if there is one; the items that say so are used up."""
    keys = with_others(a, key) if key else []
    if "descending" in more and key is not None and (inner := _inner(a, key, of)):
        more["per"], keys = tuple(GroupKey(one.column, one.unit) for one in keys), [*keys, inner]
        more.setdefault("count", 1)
    a.figure = Figure(how, of, tuple(GroupKey(one.column, one.unit) for one in keys), **more)
    a.cards = any(_are_cards(a, one) for one in keys)
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
            break
        found.append(other._replace(places=other.places | set(range(joint, i))))
    return found if len(found) > 1 else [*found, *_each_elsewhere(a, key)]


def _each_elsewhere(a: Asked, key: Key) -> list[Key]:
    """ "Runs of EACH optimizer on EACH data set": what a second "each" names, after that of the key."""
    if not any(a.kind(i) == "per" for i in key.places):
        return []
    for i in range(max(key.places) + 1, len(a.items)):
        other = key_at(a, i + 1, 1) if a.kind(i) == "per" else None
        if other is not None and other.column != key.column and not is_measure(other.column):
            return [other._replace(places=other.places | {i})]
    return []
