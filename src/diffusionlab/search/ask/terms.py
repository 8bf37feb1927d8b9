"""Figures side by side: "mean fid and count per optimizer", "min, max and mean fid", "fid and val loss by data set"."""

from __future__ import annotations

from dataclasses import dataclass, field

from diffusionlab.registry.record.columns import label
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.grouping import Key, each, is_measure
from diffusionlab.search.ask.reading import is_numeric
from diffusionlab.search.query.query import Figure, How, Term
from diffusionlab.search.words.asking_words import EXTREMES

_SOFT = ("filler", "carrier", "known")
_ORDERED = ("superlative", "sorted", "order", "chronological", "like", "compare", "how", "count", "frequent", "share")


@dataclass
class _Terms:
    """The terms read so far, the items that say them, and the index after them."""

    terms: list[Term] = field(default_factory=list)
    places: set[int] = field(default_factory=set)
    after: int = 0


def several_figures(a: Asked) -> bool:
    """Two figures or more, joined by "and" or commas, of all runs or of each group."""
    for i in range(len(a.items)):
        found = _terms(a, i)
        if len(found.terms) > 1:
            return _ask(a, found, each(a))
    return False


def figures_by_key(a: Asked) -> bool:
    """FIELD [and FIELD] BY KEY, where nothing says which figure of it: the mean, and a note."""
    if any(item.kind in _ORDERED for item in a.items):
        return False
    key = each(a)
    if key is None or (is_numeric(key.column) and is_measure(key.column)):
        return False
    i = next((k for k in range(min(key.places)) if a.kind(k) == "field"), None)
    if i is None or any(a.kind(k) == "noun" for k in range(i)):
        return False
    fields, places, after = _fields(a, i)
    if not fields or a.skip(after, ("filler", "condition", "carrier"), 4) < min(key.places):
        return False
    a.notes.append(f"read as the {' and the '.join(f'mean {label(column)}' for column in fields)} of each group")
    return _ask(a, _Terms([("mean", column) for column in fields], places, after), key)


def _ask(a: Asked, found: _Terms, key: Key | None) -> bool:
    (how, of), *also = dict.fromkeys(found.terms)
    a.figure = Figure(how, of, key.column if key else None, key.unit if key else None, also=tuple(also))
    a.used |= found.places | (key.places if key else set())
    return True


def _terms(a: Asked, i: int) -> _Terms:
    """The terms from i on: HOW [and HOW] FIELD [and FIELD], COUNT [of runs]; a `how` at least, or a count."""
    found = _Terms(after=i)
    place: int | None = i
    while place is not None:
        hows, places, after = _hows(a, place)
        fields: list[str] = []
        if hows:
            fields, more, after = _fields(a, after)
            places |= more
        if fields:
            found.terms += [(how, column) for column in fields for how in hows]
        elif a.kind(place) == "count" and not _counted_field(a, place):
            places, after = {place}, a.skip(place + 1, ("filler", "noun"), 2)
            found.terms.append(("count", None))
        else:
            break
        found.places |= places
        found.after = after
        place = _joint(a, after)
    said = {a.items[k].kind for k in found.places}
    return found if said & {"how", "count"} else _Terms()


def _hows(a: Asked, i: int) -> tuple[list[How], set[int], int]:
    """ "Min, max and mean": (how, the places, the index after them)."""
    hows: list[How] = []
    places: set[int] = set()
    k: int | None = a.skip(i, ("filler",), 1)
    while k is not None and (how := _how(a, k)):
        hows.append(how)
        places.add(k)
        i, k = k + 1, _joint(a, k + 1)
    return hows, places, i


def _how(a: Asked, i: int) -> How | None:
    if a.kind(i) == "how":
        how: How = a.items[i].payload
        return how
    return EXTREMES.get(a.items[i].payload[2]) if a.kind(i) == "superlative" else None


def _fields(a: Asked, i: int) -> tuple[list[str], set[int], int]:
    """ "(Mean) FID and validation loss": (column, the places, the index after them)."""
    fields: list[str] = []
    places: set[int] = set()
    k: int | None = a.skip(i, _SOFT, 3)
    while k is not None and a.kind(k) == "field" and is_numeric(a.items[k].payload):
        fields.append(a.items[k].payload)
        places.add(k)
        i, k = k + 1, _joint(a, k + 1)
    return fields, places, i


def _joint(a: Asked, i: int) -> int | None:
    """The index after the "and" or comma at i, None if nothing joins."""
    j = i
    while (a.kind(j) == "connector" and a.items[j].payload == "and") or (a.kind(j) == "break" and a.words(j) in ",&/"):
        j += 1
    return a.skip(j, ("filler",), 2) if j > i else None


def _counted_field(a: Asked, i: int) -> bool:
    """Whether the count at i is of a field: "number of different optimizers"."""
    return a.kind(a.skip(i + 1, ("filler", "different"), 4)) == "field"
