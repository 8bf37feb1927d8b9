"""Groups that meet a condition of their own.

which data sets have fewer than five runs      count of each dataset, < 5
optimizers used only once                      count of each optimizer, = 1
architectures with a mean FID below 20         mean fid of each architecture, < 20
"""

from __future__ import annotations

from dataclasses import replace

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.reading import is_numeric
from diffusionlab.search.ask.sorting import Key, ask_figure, each, key_at
from diffusionlab.search.query.query import Having
from diffusionlab.search.read.items import Condition
from diffusionlab.search.words.asking_words import EXACTLY, ONE_RUN, TIMES

_FILLER = ("filler",)
_RUNS = ("run", "runs", "model", "models", "training", "trainings", "experiment", "experiments")
_USED = ("used", "tried", "trained", "occur", "occurring", "appearing", "appear", "run", "chosen", "picked")


def having(a: Asked) -> bool:
    """KEYS with FEWER THAN N runs, KEYS used ONCE, KEYS with a MEAN FIELD below N."""
    return _of_runs(a) or _of_a_figure(a)


def _of_runs(a: Asked) -> bool:
    """A number of runs, or of times that a value was used, after what groups are made by."""
    for i in range(len(a.items)):
        key = _key_before(a, i)  # first: a number that is read is used up
        found = (_number_of_runs(a, i) or _number_of_times(a, i)) if key else None
        if not found:
            continue
        condition, places = found
        counts = {k for k in range(i) if a.kind(k) == "count"}  # "how many data sets have more than 5 runs"
        ask_figure(a, places | counts, key, "count")
        assert a.figure is not None
        a.figure = replace(a.figure, having=condition)
        return True
    return False


def _number_of_runs(a: Asked, i: int) -> tuple[Having, set[int]] | None:
    """FEWER THAN five runs, EXACTLY 2 runs, a SINGLE run."""
    if a.kind(a.skip(i - 1, 2, _FILLER, -1)) != "carrier":
        return None
    compared, exactly = a.kind(i) == "comparator", a.words(i) in EXACTLY
    number = a.skip(i + 1, 2, _FILLER) if compared or exactly else i
    op = str(a.items[i].payload) if compared else "="
    after = a.skip(number + 1, 2, (*_FILLER, "condition"))  # "more than 3 failed runs"
    if a.kind(after) != "noun" or a.words(after) not in _RUNS:
        return None
    if a.counts(number):
        return Having(op, float(a.count(number))), {i, number}
    return (Having(op, 1.0), {i, number}) if a.words(number) in ONE_RUN else None


def _number_of_times(a: Asked, i: int) -> tuple[Having, set[int]] | None:
    """Used ONCE, used MORE THAN TWICE, tried AT LEAST 3 TIMES."""
    before = a.skip(i - 1, 3, _FILLER, -1)
    if a.words(before) not in _USED:
        return None
    compared = a.kind(i) == "comparator"
    op, j = (str(a.items[i].payload), a.skip(i + 1, 2, _FILLER)) if compared else ("=", i)
    if a.words(j) in TIMES and a.kind(j):
        return Having(op, TIMES[a.words(j)]), {i, j}
    if a.counts(j) and a.words(j + 1) == "times":
        return Having(op, float(a.count(j))), {i, j, j + 1}
    return None


def _of_a_figure(a: Asked) -> bool:
    """KEYS with a MEAN FID below 20: the condition is of the figure, not of the runs."""
    for i in range(len(a.items)):
        j = a.skip(i + 1, 2, _FILLER)
        if a.kind(i) != "how" or a.kind(j) != "condition" or not isinstance(a.items[j].payload, Condition):
            continue
        condition, key = a.items[j].payload.filter, each(a) or _key_before(a, i)
        if key is None or not isinstance(condition, Compare) or not is_numeric(condition.column):
            continue
        ask_figure(a, {i, j}, key, a.items[i].payload, condition.column)
        assert a.figure is not None and isinstance(condition.value, int | float)
        a.figure = replace(a.figure, having=Having(condition.op, float(condition.value)))
        return True
    return False


def _key_before(a: Asked, i: int) -> Key | None:
    """What groups are made by, as it is named before place i."""
    return next((key for k in range(i) if (key := key_at(a, k, 0)) and max(key.places) < i), None)
