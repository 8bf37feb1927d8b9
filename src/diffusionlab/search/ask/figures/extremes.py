"""Whether a number is the largest or the best: "is 1024 the largest batch size?", "is the best FID on MNIST 9.7?"."""

from __future__ import annotations

import re
from dataclasses import replace

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.keys import ask_figure
from diffusionlab.search.ask.orders.sorting import descends
from diffusionlab.search.ask.rules.reading import is_numeric, is_setting
from diffusionlab.search.query.query import Having, How
from diffusionlab.search.read.items import Condition
from diffusionlab.search.read.tokens import Number


def extreme_told(a: Asked) -> bool:
    """ "Is 1024 the largest batch size?", "is the best FID on MNIST 9.7?": whether the figure is that number."""
    superlative = next((i for i in range(len(a.items)) if a.kind(i) == "superlative"), None)
    if not a.whether or superlative is None:
        return False
    of, number = a.skip(superlative + 1, 2, ("filler",)), _number_told(a, superlative)
    told = a.items[of].payload if a.kind(of) == "condition" else None
    direction, by_itself, _ = a.items[superlative].payload
    if number is not None and a.kind(of) == "field" and is_numeric(a.items[of].payload):
        column = a.items[of].payload
    elif told is not None and isinstance(told.filter, Compare) and by_itself not in (None, told.category):
        column, number = told.category, of  # "is the largest (batch size 1024)", which asks for no number of parameters
    else:
        return False
    if direction in ("best", "worst") and is_setting(column):
        return _of_the_best(a, of, number)
    if not is_numeric(column):
        return False
    how: How = "max" if descends(a.items[superlative], column) else "min"
    ask_figure(a, {superlative, of, number}, None, how, column)
    assert a.figure is not None
    match a.items[number].payload:
        case Number(value=value, step=0.0) | Condition(filter=Compare(op="=", value=int() | float() as value)):
            a.figure = replace(a.figure, having=Having("=", float(value)))
        case _:
            a.passed.append(a.items[number])  # "457M" is rounded, so that it is no figure by itself
    return True


def extreme_of_taken(a: Asked) -> bool:
    """ "Highest FID among the five newest runs": of the runs that another superlative takes."""
    for i in range(len(a.items)):
        of = a.skip(i + 1, 1, ("filler",))
        if a.kind(i) != "superlative" or a.kind(of) != "field" or not is_numeric(a.items[of].payload):
            continue
        column, direction = a.items[of].payload, a.items[i].payload[0]
        other = a.skip(of + 2, 3, ("filler", "number"))
        counted = a.counts(other - 1) or a.counts(other + 1)
        if a.words(of + 1) not in _AMONG or a.kind(other) != "superlative" or not counted or a.whether:
            continue
        if direction in ("best", "worst") and is_setting(column):
            continue
        return ask_figure(a, {i, of}, None, "max" if descends(a.items[i], column) else "min", column)
    return False


_AMONG = ("of", "among", "amongst", "in", "within")


def _of_the_best(a: Asked, of: int, number: int) -> bool:
    """ "Is 512 the best batch size?": whether the best run has it, which is no figure."""
    said = a.items[number].payload
    if isinstance(said, Number):
        column = a.items[of].payload
        same = Condition(column, Compare(column, "=", said.value), True, a.items[of].words)
        a.items[of] = replace(a.items[of], kind="condition", payload=same)
        a.used.add(number)
    return False


def _number_told(a: Asked, superlative: int) -> int | None:
    """The number that the superlative is asked to be: before it, or the last word of all."""
    first, last = a.skip(0, 3, ("filler",)), a.skip(len(a.items) - 1, 3, ("filler",), -1)
    before = a.kind(first) in ("number", "condition") and a.skip(first + 1, 2, ("filler",)) == superlative
    after = a.kind(last) == "number" and first == superlative and a.kind(last - 1) != "superlative"
    starts = re.fullmatch(r"[^a-z]*\d.*", a.words(first))  # "is 457M the largest", but not "is MNIST the largest"
    return first if before and starts else last if after else None
