"""Which figure is asked for, and several side by side: "mean fid and count per optimizer", "min, max and mean fid"."""

from __future__ import annotations

from dataclasses import dataclass, field

from diffusionlab.registry.record.columns import label
from diffusionlab.search.ask.asked import Asked, several
from diffusionlab.search.ask.figures.extremes import extreme_of_taken, extreme_told
from diffusionlab.search.ask.figures.grouping import READERS, sort_groups
from diffusionlab.search.ask.figures.having import having, of_so_many_runs
from diffusionlab.search.ask.figures.shares import share
from diffusionlab.search.ask.figures.sides import sided
from diffusionlab.search.ask.keys import Key, ask_figure, each, is_measure
from diffusionlab.search.ask.rules.reading import is_numeric
from diffusionlab.search.query.query import SHARES, How, Term
from diffusionlab.search.words.asking_words import EXTREMES


def figure(a: Asked) -> None:
    """The figure that is asked for, if any: the first reader that reads something wins."""
    readers = (extreme_told, extreme_of_taken, sided, having, share, figures_on_average, several_figures, _range)
    for read in (*readers, *READERS, figures_by_key, compared_by_key):
        if read(a):
            of_so_many_runs(a)
            sort_groups(a)
            _keep_apart(a)
            return


def _keep_apart(a: Asked) -> None:
    """ "How many FINISHED AND FAILED runs per month": of groups, the figure of each of the two values or kinds."""
    figure = a.figure
    if figure is None or not figure.by or figure.how in SHARES or figure.having or figure.descending is not None:
        return
    for i in range(len(a.items)):
        sides = a.skip(i - 1, 2, ("filler",), -1), a.skip(i + 1, 2, ("filler", "carrier"))
        joined = a.kind(i) == "connector" and a.items[i].payload == "and" and a.words(i) not in ("both", "including")
        if joined and all(a.kind(side) == "condition" for side in sides):
            first, other = (a.items[side].payload for side in sides)
            alike = first.category == other.category
            a.compare |= alike and ((first.single and other.single) or all(several(a, side) for side in sides))


# -- figures side by side

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


def figures_on_average(a: Asked) -> bool:
    """[HOW MANY] FIELD [and FIELD] ... ON AVERAGE: "how many epochs did the U-Nets run on average"."""
    how = next((k for k in range(len(a.items)) if a.kind(k) == "how"), -1)
    i = next((k for k in range(how) if a.kind(k) == "field"), -1)
    if i < 0 or a.words(how) not in _BEHIND or any(item.kind in _UNLIKE for item in a.items):
        return False
    fields, places, _ = _fields(a, i)
    counted = a.skip(i - 1, 2, ("filler",), -1)
    if len(fields) < 2 and not (fields and a.kind(counted) == "count"):
        return False
    places |= {how, *((counted,) if a.kind(counted) == "count" else ())}
    return _ask(a, _Terms([("mean", column) for column in fields], places), each(a))


_BEHIND = ("on average", "averaged")
_UNLIKE = ("superlative", "comparative", "compare", "frequent", "same")


def _range(a: Asked) -> bool:
    """RANGE of FIELD: the least and the greatest, of all runs or of each group."""
    for i in range(len(a.items)):
        j = a.skip(i + 1, 3, _SOFT)
        if a.words(i) in ("range", "ranges") and a.kind(j) == "field" and is_numeric(a.items[j].payload):
            of = a.items[j].payload
            return _ask(a, _Terms([("min", of), ("max", of)], {i, j}), each(a))
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
    if not fields or a.skip(after, 4, ("filler", "condition", "carrier")) < min(key.places):
        return False
    a.notes.append(f"read as the {' and the '.join(f'mean {label(column)}' for column in fields)} of each group")
    return _ask(a, _Terms([("mean", column) for column in fields], places, after), key)


def compared_by_key(a: Asked) -> bool:
    """COMPARE runs BY architecture or month, of which there are many: how many runs each has, and their mean."""
    key = each(a)
    compared = {k for k, item in enumerate(a.items) if item.kind == "compare"}
    sided = any(item.kind in ("run", "superlative") or item.payload == "vs" for item in a.items)
    conditions = sum(item.kind == "condition" for item in a.items)
    if key is None or not compared or sided or conditions > 1 or not (key.column == "architecture" or key.unit):
        return False
    a.notes.append(f"read as the number of runs and their mean {label(a.primary)}")
    return _ask(a, _Terms([("count", None), ("mean", a.primary)], compared), key)


def _ask(a: Asked, found: _Terms, key: Key | None) -> bool:
    (how, of), *also = dict.fromkeys(found.terms)
    return ask_figure(a, found.places, key, how, of, also=tuple(also))


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
            places, after = {place}, a.skip(place + 1, 2, ("filler", "noun"))
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
    k: int | None = a.skip(i, 1, ("filler",))
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
    k: int | None = a.skip(i, 3, _SOFT)
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
    return a.skip(j, 2, ("filler",)) if j > i else None


def _counted_field(a: Asked, i: int) -> bool:
    """Whether the count at i is of a field: "number of different optimizers"."""
    return a.kind(a.skip(i + 1, 4, ("filler", "different"))) == "field"
