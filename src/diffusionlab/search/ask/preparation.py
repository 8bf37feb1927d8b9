"""The items of a question before they are joined: words that mean one thing or another by what stands beside them.

pixel U-Nets, v or epsilon, weights above 1M, unet -attention, 019 minus 020
"""

from __future__ import annotations

import re
from dataclasses import replace

from diffusionlab.registry.filters.conditions import Contains
from diffusionlab.registry.filters.days import Recurring
from diffusionlab.registry.filters.filter import Not
from diffusionlab.search.ask.comparing import (
    how_much,
    less_another,
    more_than,
    of_two_runs,
    ratio,
    sharing,
    than_the_best,
)
from diffusionlab.search.ask.durations import days_between, hours, hours_of, spans_runs
from diffusionlab.search.ask.joining.opposites import opposite
from diffusionlab.search.ask.joining.repeated import two_figures
from diffusionlab.search.ask.joining.unions import united
from diffusionlab.search.ask.orders.directions import first_last
from diffusionlab.search.ask.orders.pages import paged
from diffusionlab.search.ask.plain_words import passed_over, without_frame
from diffusionlab.search.ask.purposes import with_purposes
from diffusionlab.search.ask.rules.part_names import run_by_part
from diffusionlab.search.read.items import Condition, Item, value_filter
from diffusionlab.search.read.known import Known
from diffusionlab.search.words.asking_words import FILES, IMAGES, NOT_SO
from diffusionlab.search.words.calendar_words import WEEKDAY, weekday_number

_LEAVE = ("leave", "leaving", "left", "take", "taking", "filter", "filtering", "cut", "put", "putting", "set", "throw")
_OUT = ("out", "aside", "away")
_LINKS = ("connector", "break", "filler", "compare", "carrier", "noun", "comparator", "than", "to", "between", "count")


def settle(items: list[Item], known: Known) -> list[Item]:
    """The items, with those that their neighbours decide as what they mean there."""
    rules = (
        *(passed_over, _pixel, _weekday, _weights, _unequal, _no, _nothing, _not_so, _but_the, _between_runs),
        _leave_out,
        *(days_between, how_much, hours, hours_of, than_the_best, more_than, two_figures),
        *(united, sharing, _minus, _file_size),
        *(of_two_runs, less_another, ratio, first_last, opposite),
    )
    items = _phrases(paged(with_purposes(without_frame(items, known), known)), known)
    items = [run_by_part(items, i, known) or item for i, item in enumerate(items)]
    return [
        _letter_v(items, i, known) or next((found for rule in rules if (found := rule(items, i))), item)
        for i, item in enumerate(items)
    ]


def _letter_v(items: list[Item], i: int, known: Known) -> Item | None:
    """A bare "v": the parameterization ("v or epsilon", "v runs", "with v"), or "versus" between two like things."""
    item = items[i]
    if item.kind != "text" or item.words.lower() != "v":
        return None
    before = items[i - 1] if i else None
    after = items[i + 1] if i + 1 < len(items) else None
    if not any(_is_parameterization(other) for other in _around(items, i)):
        if before and after and _like(before, after):
            return replace(item, kind="connector", payload="vs")
        if not (after and after.kind == "noun") and not (before and before.kind == "carrier"):
            return None
    v = value_filter("parameterization", ("v",), known)
    return replace(item, kind="condition", payload=Condition("parameterization", v, True, item.words))


def _linked(items: list[Item], i: int, step: int) -> Item | None:
    """The next item in one direction that is more than a linking word."""
    i += step
    while 0 <= i < len(items) and items[i].kind in _LINKS:
        i += step
    return items[i] if 0 <= i < len(items) else None


def _is_parameterization(item: Item | None) -> bool:
    if item is None:
        return False
    return (item.kind == "condition" and item.payload.category == "parameterization") or (
        item.kind == "field" and item.payload == "parameterization"
    )


def _like(a: Item, b: Item) -> bool:
    """Whether two items are of one kind, so that they compare."""
    if a.kind == b.kind == "condition":
        return bool(a.payload.category == b.payload.category)
    return a.kind == b.kind == "run"


def _pixel(items: list[Item], i: int) -> Item | None:
    """ "Pixel unets", "latent vs pixel": those that are not latent; "32 pixel images" have a size."""
    item = items[i]
    if item.kind != "field" or item.words.lower() != "pixel" or (i and items[i - 1].kind in ("number", "comparator")):
        return None
    following = items[i + 1] if i + 1 < len(items) else None
    described = following is not None and (
        _is_facet(following)
        or following.kind == "noun"
        or (following.kind == "filler" and following.words.lower() in ("diffusion", "based", "space"))
    )
    latent = any(_is_facet(other) and other.words.lower().startswith("latent") for other in _around(items, i) if other)
    if not described and not latent:
        return None
    not_latent = Condition("facet", Not(Contains("arch_tags", "latent")), words=item.words)
    return replace(item, kind="condition", payload=not_latent)


def _around(items: list[Item], i: int) -> tuple[Item | None, Item | None]:
    return _linked(items, i, -1), _linked(items, i, 1)


def _is_facet(item: Item) -> bool:
    return item.kind == "condition" and item.payload.category == "facet"


def _weekday(items: list[Item], i: int) -> Item | None:
    """ "Friday runs in April": beside another date, a bare weekday is each one of its name."""
    item = items[i]
    others = [other for other in items if other.kind == "when" and not _names_weekday(other)]
    if item.kind != "when" or not others or not (name := _names_weekday(item)):
        return None
    return replace(item, kind="recurring", payload=Recurring("created_at", "weekday", (weekday_number(name),)))


def _names_weekday(item: Item) -> str | None:
    found = re.fullmatch(rf"(?:on\s+)?(?:a\s+)?{WEEKDAY}", item.words.lower())
    return found["weekday"] if found else None


def _weights(items: list[Item], i: int) -> Item | None:
    """ "Weights above 1M" are parameters; "averaged weights" are words of a text."""
    counted = items[i].words.lower() in ("weights", "weight count") and items[i + 1 : i + 2]
    if not counted or items[i + 1].kind not in ("comparator", "between"):
        return None
    return replace(items[i], kind="field", payload="num_parameters")


def _unequal(items: list[Item], i: int) -> Item | None:
    """ "Optimizer != AdamW" is "not AdamW"."""
    unequal = items[i].kind == "comparator" and items[i].payload == "!="
    named = i + 1 < len(items) and items[i + 1].kind in ("condition", "text", "run")
    return replace(items[i], kind="not", payload="not") if unequal and named else None


def _not_so(items: list[Item], i: int) -> Item | None:
    """ "Isn't run-010 a unet?" asks whether it is one."""
    return replace(items[i], kind="filler") if i == 0 and items[i].words.lower() in NOT_SO else None


def _but_the(items: list[Item], i: int) -> Item | None:
    """ "CIFAR-10 runs but the conditional ones", "but those with attention", "but the one on CelebA": an exception."""
    if items[i].kind != "connector" or items[i].payload != "but" or i + 2 >= len(items):
        return None
    pointed = items[i + 1].words.lower()
    ones = items[i + 2].words.lower() in ("one", "ones")
    soft = ("filler", "carrier", "number")
    following = next((k for k in range(i + 2 + ones, len(items)) if items[k].kind not in soft), len(items))
    counted = ones or items[i + 2].kind == "number"  # "all runs but the three on CelebA"
    if pointed not in ("the", "those", "these") or following >= len(items) or items[following].kind != "condition":
        return None
    last = next((k for k in range(following, len(items)) if items[k].kind not in ("condition", "filler")), len(items))
    named = items[last].kind == "noun" if last < len(items) else items[last - 1].words.lower().endswith("s")
    return replace(items[i], kind="not", payload="except") if named or counted or pointed != "the" else None


def _no(items: list[Item], i: int) -> Item | None:
    """ "Attention: no, conditional: yes": a "no" after its condition."""
    if items[i].kind != "not" or items[i].words.lower() not in ("no", "not") or i == 0:
        return None
    before = items[i - 2] if items[i - 1].words in (":", "=", "-") and i > 1 else items[i - 1]
    ends = i + 1 == len(items) or items[i + 1].kind == "break" or items[i + 1].words in (".", "?", "!")
    return replace(items[i], kind="excluded") if before.kind == "condition" and ends else None


_ASKED_OF = ("where", "which", "when", "whether", "did", "has", "have")


def _nothing(items: list[Item], i: int) -> Item | None:
    """ "(Data sets) where NOTHING failed", "did NOTHING crash": no run."""
    if items[i].kind != "text" or items[i].words.lower() != "nothing" or not i:
        return None
    ended = next((item for item in items[i + 1 : i + 3] if item.kind not in ("filler", "carrier")), None)
    told = ended is not None and ended.kind == "condition" and ended.payload.category == "status"
    asked = items[i - 1].words.lower() in _ASKED_OF
    return replace(items[i], kind="not", payload="without") if told and asked else None


def _leave_out(items: list[Item], i: int) -> Item | None:
    """The "leave" of "leave the failed runs out", and the "out", after which nothing more is left out."""
    if items[i].words.lower() in _OUT and any(item.words.lower() in _LEAVE for item in items[max(0, i - 6) : i]):
        return replace(items[i], kind="carrier")
    leaves = items[i].words.lower() in _LEAVE and any(item.words.lower() in _OUT for item in items[i + 2 : i + 7])
    return replace(items[i], kind="not", payload="except") if leaves else None


def _minus(items: list[Item], i: int) -> Item | None:
    """ "Unet -attention", "!mnist": not this. A blank stands before the sign, none after it."""
    item, after = items[i], items[i + 1 : i + 2]
    if item.words not in ("-", "!") or not after or after[0].start != item.end:
        return None
    apart = i == 0 or items[i - 1].end < item.start
    return replace(item, kind="not", payload="not") if apart and after[0].kind in ("condition", "text") else None


def _phrases(items: list[Item], known: Known) -> list[Item]:
    """The items with "centre LOSS" and "mixed PRECISION", where the texts say it so, as words and no column."""
    found: list[Item] = []
    for i, item in enumerate(items):
        bounded = i + 1 < len(items) and items[i + 1].kind in ("comparator", "number")
        together = f"{found[-1].words} {item.words}" if found and found[-1].kind == "text" else ""
        if item.kind == "field" and together and not bounded and known.anyone_says((together,)):
            found[-1] = replace(found[-1], words=together, payload=(together, together), end=item.end)
        else:
            found.append(item)
    return found


def _file_size(items: list[Item], i: int) -> Item | None:
    """The "size" of files is that on the disk, of pictures their pixels, of networks their parameters."""
    item = items[i]
    if item.kind != "field" or item.words.lower() not in ("size", "sizes") or item.payload != "num_parameters":
        return None
    near = [other.words.lower() for other in items[max(0, i - 2) : i + 8]]
    if any(words in FILES for words in near):
        return replace(item, payload="size_bytes")
    following = [other.words.lower() for other in items[i + 1 : i + 5]]
    return replace(item, payload="image_size") if any(words in IMAGES for words in following) else None


def _between_runs(items: list[Item], i: int) -> Item | None:
    """The "and" of "between run-010 and run-013", where nothing compares them."""
    around = [item.kind for item in items[max(0, i - 2) : i + 2]]
    if around != ["between", "run", "connector", "run"] or items[i].payload != "and":
        return None
    compared = any(item.kind == "compare" for item in items) or spans_runs(items)
    return None if compared else replace(items[i], kind="to", payload=None)
