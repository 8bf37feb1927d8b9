"""How many runs a superlative takes: "three newest", "second best", "the worst but one", "top 10 %"."""

from __future__ import annotations

from dataclasses import dataclass

from diffusionlab.search.ask.asked import Asked

PARTS = {
    "half": 50.0,
    "third": 100 / 3,
    "quarter": 25.0,
    "fifth": 20.0,
    "tenth": 10.0,
    "decile": 10.0,
    "quartile": 25.0,
}
LATELY = ("recently", "lately")
WITH = ("with", "having", "that have", "which have")
_PLURAL_FIELDS = ("scores", "values", "losses", "fids")
_ENDS_NOUN = ("of", "among", "for", "that", "which", "amongst", "from")


@dataclass(frozen=True)
class Taken:
    """How many of the runs in order are meant."""

    count: int | None = None
    percent: float | None = None
    skip: int = 0
    ties: bool = False


def how_many(a: Asked, i: int, word: str) -> Taken:
    """How many the superlative at i takes: a number or a percentage, else one for a singular noun, else all."""
    before = a.skip(i - 1, 3, ("filler", "percent"), -1)
    owner = place_of_number(a, before)
    for place in (before, owner, i + 1, a.skip(i + 1, 3, ("filler", "field"))):
        if a.kind(place) == "number" and a.kind(place + 1) == "percent" and 0 < a.items[place].payload.value <= 100:
            a.used |= {place, place + 1}
            return Taken(percent=float(a.items[place].payload.value))
        if a.counts(place):
            return Taken(a.count(place))
    for place in (before, i + 1):
        counted = place == before and a.kind(place) == "ordinal"  # "third newest", but "best third"
        if not counted and (percent := PARTS.get(a.words(place))) and a.kind(place) in ("filler", "ordinal"):
            a.used.add(place)
            return Taken(percent=percent)
    if word in ("runnerup", "penultimate"):
        return Taken(1, skip=1)
    if (skipped := _but(a, i) or _to_last(a, before)) is not None:
        return Taken(1, skip=skipped)
    if a.kind(before) == "ordinal":
        first, last = _from_ordinal(a, before), a.items[before].payload
        a.used.add(before)
        return Taken(last - first + 1, skip=first - 1)
    if word in ("recent", *LATELY) or _plural(a, i):
        return Taken()
    return Taken(1, ties=True)


def _but(a: Asked, i: int) -> int | None:
    """How many come before the run that is meant: "the worst BUT ONE", "the last run BUT TWO"."""
    but = a.skip(i + 1, 2, ("filler", "noun", "field"))
    one = a.words(but + 1) == "one"
    if a.kind(but) != "connector" or a.items[but].payload != "but" or not (one or a.counts(but + 1)):
        return None
    a.used |= {but, but + 1}
    return 1 if one else a.count(but + 1)


def _to_last(a: Asked, to: int) -> int | None:
    """Likewise of "second TO last", "next TO last"."""
    if a.words(to) != "to" or not (a.kind(to - 1) == "ordinal" or a.words(to - 1) == "next"):
        return None
    skipped = int(a.items[to - 1].payload) - 1 if a.kind(to - 1) == "ordinal" else 1
    a.used |= {to, to - 1}
    return skipped


def place_of_number(a: Asked, before: int) -> int:
    """The place before "with" in "the two (runs) with the lowest", else `before`."""
    return a.skip(before - 1, 2, ("filler", "noun"), -1) if a.words(before) in WITH else before


def _from_ordinal(a: Asked, last: int) -> int:
    """The first of those that an ordinal at `last` ends: 3 in "the 3rd to 6th best", "the third, fourth and fifth"."""
    joint = a.skip(last - 1, 1, ("filler",), -1)
    first = a.skip(joint - 1, 1, ("filler",), -1)
    number = int(a.items[last].payload)
    before = int(a.items[first].payload) if a.kind(first) == "ordinal" else number
    ranged = a.kind(joint) == "to" and before < number
    listed = (a.words(joint) in ("and", "&") or a.kind(joint) == "break") and before == number - 1
    if not (ranged or listed):
        return number
    a.used |= {joint, first}
    return before if ranged else _from_ordinal(a, first)


def _plural(a: Asked, i: int) -> bool:
    """Whether the superlative at i speaks of several runs."""
    for j in range(i + 1, len(a.items)):
        item, words = a.items[j], a.words(j)
        if item.kind == "noun":
            return _is_plural(str(item.payload))
        facet = item.kind == "condition" and item.payload.category == "facet"
        if facet and words.rstrip("?.").endswith("s") and a.kind(j + 1) != "noun":
            return True
        if item.kind == "field" and words.split()[-1] in _PLURAL_FIELDS:
            return True
        if item.kind in ("carrier", "connector", "break", "by", "when", "not") or words in _ENDS_NOUN:
            break
    nouns = [k for k in range(i) if a.items[k].kind == "noun"]
    if not nouns:
        return False
    between = a.items[nouns[-1] + 1 : i]
    if any(item.words.lower() in ("has", "is", "was") for item in between):  # "which of the runs has the lowest fid"
        return False
    return _is_plural(str(a.items[nouns[-1]].payload)) and all(
        item.kind in ("filler", "carrier", "field") for item in between
    )


def _is_plural(noun: str) -> bool:
    """ "Entries" are several; no noun for a run ends in s otherwise."""
    return noun.endswith("s")
