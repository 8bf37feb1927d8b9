"""Figures of runs and of groups of them.

how many runs per optimizer          count of each optimizer
average FID by data set              mean fid of each dataset
which data set has the most runs     count of each dataset, highest first, 1
the optimizer with the lowest mean FID
how many different optimizers did I use, total training time, runs per month, most common schedule
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from diffusionlab.registry.record.columns import kind_of, lower_is_better
from diffusionlab.search.ask.asked import Asked, several
from diffusionlab.search.ask.durations import SPANS
from diffusionlab.search.ask.keys import Key, ask_figure, each, is_measure, key_at, which
from diffusionlab.search.ask.orders.directions import highest_first, is_valued
from diffusionlab.search.ask.orders.sorting import descends
from diffusionlab.search.ask.rules.reading import is_numeric
from diffusionlab.search.query.query import How
from diffusionlab.search.words.asking_words import FEW, MANY
from diffusionlab.search.words.grammar_words import FOLDERS

_OF_EACH = re.compile(r"\bhow many [\w ]+? (?:did|do|does|has|have|had)\b")
_SOFT = ("filler", "carrier", "known")
_RANK = ("rank", "sort", "order")
_TOTAL = ("total", "altogether", "overall", "together", "combined")


def _distribution(a: Asked) -> bool:
    """DISTRIBUTION of KEY, BREAKDOWN of runs by KEY: how many runs each value has."""
    i = next((k for k in range(len(a.items)) if a.kind(k) == "distribution"), None)
    key = None if i is None else (each(a) or key_at(a, i + 1, 3))
    if i is None or key is None:
        return False
    return ask_figure(a, {i}, key, "count")


def _by_figure(a: Asked) -> bool:
    """KEYS by number of runs, top 3 KEYS by run count, KEYS sorted by HOW FIELD, worst KEY by HOW FIELD."""
    for i, item in enumerate(a.items):
        j = a.skip(i + 1, 2, ("filler",))
        k = j if a.kind(j) == "count" else a.skip(j + 1, 3, _SOFT)
        measured = a.kind(j) == "how" and a.kind(k) == "field" and is_numeric(a.items[k].payload)
        if item.kind not in ("by", "sorted") or not (a.kind(j) == "count" or measured):
            continue
        key = next((found for p in range(i) if a.kind(p) == "field" and (found := key_at(a, p))), None)
        key = key or next((found for p in range(i) if (found := key_at(a, p, 0))), None)
        if key is None:
            return False
        first = min(key.places)
        ranked = [p for p in range(first) if a.kind(p) in ("superlative", "sorted") or a.words(p) in _RANK]
        count = next((a.count(p) for p in range(first) if a.counts(p)), None)
        places = {i, j, k, *ranked}
        if not measured:
            return ask_figure(a, places, key, "count", descending=True, count=count)
        of, how = a.items[k].payload, a.items[j].payload
        said = next((a.items[p] for p in ranked if a.kind(p) == "superlative"), None)
        if said is not None and count is None and not a.words(max(key.places)).endswith("s"):
            count = 1  # "the worst data set by mean fid"
        descending = descends(said, of) if said is not None else not lower_is_better(of)
        ordered = said is None and any(other.kind == "order" for other in a.items)  # "best first", which sorts them
        return ask_figure(a, places, key, how, of, descending=None if ordered else descending, count=count)
    return False


def _best_of_best(a: Asked) -> bool:
    """KEY with the LOWEST BEST FIELD: "which data set has the lowest best FID"."""
    for i, item in enumerate(a.items[:-2]):
        inner, j = a.items[i + 1], a.skip(i + 2, 2, ("filler",))
        if item.kind != "superlative" or inner.kind != "superlative" or a.kind(j) != "field":
            continue
        of, key = a.items[j].payload, each(a) or which(a)
        if key is None or not is_numeric(of) or key.column == of:
            continue
        how: How = "max" if descends(inner, of) else "min"
        return ask_figure(a, {i, i + 1, j}, key, how, of, descending=descends(item, of), count=1)
    return False


def sort_groups(a: Asked) -> None:
    """Groups in the order that is asked for: "average fid per data set, best first"."""
    figure = a.figure
    for i, item in enumerate(a.items):
        if item.kind == "order" and figure is not None and figure.by and figure.descending is None:
            a.figure = replace(figure, descending=highest_first(item, figure.of or "runs"))
            a.used.add(i)


def _most_frequent(a: Asked) -> bool:
    """MOST COMMON KEY: "the most common optimizer", "which data set did I use most often"."""
    place = next((i for i in range(len(a.items)) if a.kind(i) == "frequent"), None)
    if place is None:
        place = _most_at_the_end(a)
    if place is None:
        return False
    key = key_at(a, place + 1) or which(a)
    if key is None:
        return False
    item = a.items[place]
    descending = item.payload if item.kind == "frequent" else item.payload[2] in MANY
    return ask_figure(a, {place}, key, "count", descending=descending, **_groups_asked(a, place, key))


def _most_at_the_end(a: Asked) -> int | None:
    """The "most" of "which optimizer did I use (the) most?"."""
    for i in range(len(a.items)):
        if a.kind(i) != "superlative" or a.items[i].payload[2] not in ("most", "least"):
            continue
        rest = range(i + 1, len(a.items))
        if all(a.kind(k) in ("filler", "condition", "carrier", "when", "break", "noun") for k in rest) and i > 1:
            following = a.kind(a.skip(i + 1, 4, ("filler",)))
            if following not in ("noun", "field", "condition") and a.words(0) in ("which", "what", "in"):
                return i
    return None


def _groups_asked(a: Asked, place: int, key: Key) -> dict[str, Any]:
    """Which groups: a number of them or one at a place ("the second most common") beside the superlative, all for a
    plural, else one."""
    for k in (place - 1, place + 1, min(key.places) - 1):
        if a.counts(k):
            return {"count": a.count(k)}
        if a.kind(k) == "ordinal" and k < place:
            a.used.add(k)
            return {"count": 1, "skip": a.items[k].payload - 1}
    last = a.words(max(key.places))
    plural = last.endswith("s") and not last.endswith("ss") and last not in ("days of the week",)
    return {} if plural else {"count": 1}


def _figure_of_field(a: Asked) -> bool:
    """HOW FIELD [BY KEY], [SUPERLATIVE HOW FIELD] of KEY: "average FID by data set", "the optimizer with the lowest
    mean FID"."""
    for i, item in enumerate(a.items):
        if item.kind != "how":
            continue
        j = _field_of(a, i)
        if j is None:
            continue
        of = a.items[j].payload
        a.used |= {k for k in range(j, len(a.items)) if item.payload == "sum" and _is_total(a, k)}
        before = a.skip(min(i, j) - 1, 3, ("filler", "number"), -1)
        if a.kind(before) == "superlative" and (key := each(a) or which(a)) and key.column != of:
            taken = _groups_asked(a, before, key)
            if any(a.kind(k) in ("per", "by") for k in key.places) and taken == {"count": 1}:
                taken = {}
            descending = descends(a.items[before], of)
            return ask_figure(a, {i, j, before}, key, item.payload, of, descending=descending, **taken)
        if (number := _taken_of_each(a, j)) is not None:
            a.taken_of = each(a)
            return ask_figure(a, {i, j}, a.taken_of if number > 1 else None, item.payload, of)
        return ask_figure(a, {i, j}, each(a), item.payload, of)
    return False


def _is_total(a: Asked, i: int) -> bool:
    """Whether the "total" at i is of no field of its own: "how many hours did I train in total"."""
    return a.kind(i) == "how" and a.words(i) == "total" and a.kind(a.skip(i + 1, 3, (*_SOFT, "noun"))) != "field"


def _taken_of_each(a: Asked, i: int) -> int | None:
    """How many of each group the field at i is of: "(average FID) of THE BEST RUN of each data set", of whose best runs
    there is one figure, "(average FID) of THE TOP 3 of each data set"."""
    k = a.skip(i + 1, 4, ("filler", "number"))
    number = next((p for p in (k - 1, k + 1) if a.counts(p)), None)
    after = a.skip(k + 1, 4, ("filler", "number", "condition", "noun"))
    runs = number is not None or any(a.kind(p) == "noun" for p in range(k + 1, after))
    if a.words(i + 1) != "of" or a.kind(k) != "superlative" or a.kind(after) != "per" or not (runs and each(a)):
        return None
    return 1 if number is None else int(a.items[number].payload.value)


def _field_of(a: Asked, i: int) -> int | None:
    """The place of the number column that the figure at i is of: "average (validation loss)", "FID (on average)"."""
    j = a.skip(i + 1, 4, _SOFT)
    if a.kind(j) == "field" and is_numeric(a.items[j].payload):
        return j
    before = a.skip(i - 1, 2, ("filler",), -1)
    if a.kind(before) == "field" and is_numeric(a.items[before].payload) and a.kind(j) not in ("field", "noun"):
        return before
    return None


def _most_runs(a: Asked) -> bool:
    """KEY with MOST RUNS: "which data set has the most runs", "the month with the highest number of runs"."""
    for i, item in enumerate(a.items):
        if item.kind != "superlative" or item.payload[2] not in (*MANY, *FEW):
            continue
        j = a.skip(i + 1, 3, ("filler", "count"))
        if a.kind(j) == "condition" and a.kind(j + 1) == "noun":  # "the most failed runs"
            j += 1
        runs = a.kind(j) == "noun" and a.words(j).endswith("s") and a.words(j) != "architectures"
        if not (runs or several(a, j)):  # "the most unets"
            continue
        if item.payload[1] and not any(a.kind(k) == "count" for k in range(i, j)):
            continue  # "the 3 smallest models of each data set"
        key = each(a) or which(a)
        if key is None:
            return False
        counts = (k for k in range(i, j) if a.kind(k) == "count")
        return ask_figure(a, {i, *counts}, key, "count", descending=item.payload[2] in MANY, **_groups_asked(a, i, key))
    return False


def _most_in_total(a: Asked) -> bool:
    """KEY with MOST of a field IN TOTAL: "which data set took the most epochs altogether", "the most GPU hours"."""
    said = (*_TOTAL, "spend", "spent", "total number of")
    total = {k for k in range(len(a.items)) if a.words(k) in said or a.kind(k) == "how" or _in_hours(a, k)}
    for i, item in enumerate(a.items):
        most = item.kind == "superlative" and item.payload[2] in (*MANY, *FEW)
        if not total or not (most or item.words.lower() in ("used the most", "used the least")):
            continue
        j = a.skip(i + 1, 3, ("filler", "count", "how"))
        key = each(a) or which(a)
        if a.kind(j) != "field" or not is_numeric(a.items[j].payload) or key is None:
            continue
        many, of = item.payload is True or (most and item.payload[2] in MANY), a.items[j].payload
        if key.column == of or any(a.items[k].payload != "sum" for k in total if a.kind(k) == "how"):
            continue
        used = {*(k for k in total if a.kind(k) != "condition"), *range(i, j + 1)}  # "gpu hours" are those on a GPU
        return ask_figure(a, used, key, "sum", of, descending=many, **_groups_asked(a, i, key))
    return False


def _in_hours(a: Asked, i: int) -> bool:
    """Whether the item at i is the "hours" of "training hours", "GPU hours"."""
    return a.kind(i) in ("field", "condition") and a.words(i) in SPANS


def _most_values(a: Asked) -> bool:
    """KEY with MOST VALUES of another field: "which optimizer was used on the most data sets"."""
    for i, item in enumerate(a.items):
        if item.kind != "superlative" or item.payload[2] not in (*MANY, *FEW):
            continue
        j = a.skip(i + 1, 3, ("filler", "count", "different"))
        of = "architecture" if a.words(j) == "architectures" else a.items[j].payload if a.kind(j) == "field" else None
        key = each(a) or which(a)
        if of is None or key is None or key.column == of or kind_of(of) != "text" or not a.words(j).endswith("s"):
            continue
        said = {k for k in range(i, j) if a.kind(k) in ("count", "different")}
        said |= {k for k in (a.skip(i - 1, 2, ("filler",), -1),) if a.kind(k) == "by"}  # "by the most architectures"
        many = item.payload[2] in MANY
        return ask_figure(a, {i, j, *said}, key, "distinct", of, descending=many, **_groups_asked(a, i, key))
    return False


def _count(a: Asked) -> bool:
    """HOW MANY RUNS [BY KEY], HOW MANY [DIFFERENT] VALUES OF A FIELD."""
    i = next((k for k in range(len(a.items)) if a.kind(k) == "count"), None)
    if i is None:
        return _different(a)
    if _kinds_counted(a, i):
        a.compare = True
        return ask_figure(a, {i}, each(a), "count")
    a.used |= {k for k in range(len(a.items)) if a.kind(k) == "how" and a.words(k) == "total"}  # "in total"
    j = a.skip(i + 1, 4, ("filler", "different"))
    different = [k for k in range(i + 1, j) if a.kind(k) == "different"]
    if a.kind(j) == "condition" and a.words(j) in ("gpus", "graphics cards") and a.kind(j + 1) != "noun":
        if any(item.kind == "run" for item in a.items):
            a.used |= {i, j}
            a.show.append("hardware")
            return False
        return ask_figure(a, {i, *different}, each(a), "distinct", "hardware_kind")
    if a.words(j) in FOLDERS and (key := key_at(a, j, 0)):
        return ask_figure(a, {i, *different}, key, "count")
    architectures = a.kind(j) == "noun" and a.words(j) == "architectures"
    if a.kind(j) == "field" or architectures:
        of = "architecture" if architectures else a.items[j].payload
        key = each(a)
        total = a.words(i).startswith("total") or any(item.words.lower() in _TOTAL for item in a.items)
        total = total or (of == "size_bytes" and not any(item.kind == "run" for item in a.items))
        if not different and is_numeric(of) and (key or total):  # "total number of epochs", "how many epochs in total"
            return ask_figure(a, {i, j}, key, "sum", of)
        if not different and (is_numeric(of) or kind_of(of) == "json"):
            told = any(item.kind == "run" for item in a.items) or _OF_EACH.search(a.text)
            # "how many epochs did run-020 run", "how many epochs has the last run done"
            a.used |= {i} if told else set()
            return False
        a.used |= {i, j, *different}
        return ask_figure(a, (), each(a), "distinct", of)
    return ask_figure(a, {i}, each(a), "count")


def _card_hours(a: Asked) -> bool:
    """GPU HOURS of runs or of groups, where nothing says which figure of them: their sum."""
    for i in range(len(a.items) - 1):
        hours = a.kind(i + 1) == "condition" and _in_hours(a, i + 1)
        if a.kind(i) == "field" and hours and not any(item.kind in _OTHERWISE for item in a.items):
            return ask_figure(a, {i}, each(a), "sum", a.items[i].payload)
    return False


_OTHERWISE = ("run", "superlative", "sorted", "order", "compare", "comparator")


def _how_much(a: Asked) -> bool:
    """HOW MUCH disk space the runs take."""
    i = next((k for k in range(1, len(a.items)) if (a.words(k - 1), a.words(k)) == ("how", "much")), 0)
    if not i or a.kind(i + 1) != "field" or a.items[i + 1].payload not in ("size_bytes", "seconds"):
        return False
    return ask_figure(a, {i, i + 1}, each(a), "sum", a.items[i + 1].payload)


def _different(a: Asked) -> bool:
    """DISTINCT OPTIMIZERS, where nothing else is asked."""
    i = a.skip(0, 3, ("filler",))
    j = i + 1
    if a.kind(i) != "different" or a.kind(j) != "field" or is_numeric(a.items[j].payload):
        return False
    return ask_figure(a, {i, j}, None, "distinct", a.items[j].payload)


def _kinds_counted(a: Asked, i: int) -> bool:
    """HOW MANY U-Nets, transformers AND MLPs: each is counted."""
    kinds = [k for k in range(i + 1, len(a.items)) if several(a, k)]
    joints = [k for k in range(i + 1, kinds[-1] if kinds else 0) if k not in kinds and a.kind(k) != "filler"]
    joined = all(a.kind(k) == "break" or a.words(k) in ("and", "&") for k in joints)
    return len(kinds) > 1 and len(joints) >= len(kinds) - 1 and joined


def _runs_by(a: Asked) -> bool:
    """RUNS PER KEY, U-NETS PER KEY, where nothing says what of: how many."""
    if any(item.kind in ("superlative", "sorted", "chronological", "like", "compare", "how") for item in a.items):
        return False
    ordered = [item for item in a.items if item.kind == "order"]
    if ordered and (is_valued(ordered[0]) or any(_is_number(a, k) for k in range(len(a.items)))):
        return False  # of runs, but not "runs per architecture, most common first"
    key = each(a)
    if key is None or is_measure(key.column):
        return False
    if ordered and any(a.kind(k) == "by" for k in key.places) and not ordered[0].words.lower().endswith("first"):
        return False  # "runs by data set, ascending"
    nouns = [k for k in range(min(key.places)) if a.items[k].kind == "noun" or several(a, k) or _is_end(a, k)]
    if not nouns or a.counts(nouns[-1] - 1) or a.words(nouns[0]) == "one":  # "2 runs of each data set"
        return False
    return ask_figure(a, (), key, "count")


def _is_number(a: Asked, i: int) -> bool:
    return a.kind(i) == "field" and is_numeric(a.items[i].payload)


def _is_end(a: Asked, i: int) -> bool:
    """ "FAILURES per month": a plural that stands for the runs that ended so."""
    return a.kind(i) == "condition" and a.words(i) in ("failures", "crashes", "errors", "successes")


READERS = (
    *(_distribution, _by_figure, _most_in_total, _most_frequent, _figure_of_field, _best_of_best),
    *(_most_runs, _most_values, _card_hours, _how_much, _count, _runs_by),
)
"""In the order in which they are tried."""
