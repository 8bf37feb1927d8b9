"""Several figures side by side, and shares: the part of some runs that meets a condition.

mean fid and count per optimizer               min, max and mean fid
what share of runs failed                      failed, of all runs
what percentage of CIFAR-10 runs used AdamW    AdamW, of those on CIFAR-10
percentage of failed runs on MNIST             failed, of those on MNIST
share of runs per data set                     those of each data set, of all runs
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import And
from diffusionlab.registry.record.columns import label
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.extremes import extreme_told
from diffusionlab.search.ask.grouping import READERS, sort_groups
from diffusionlab.search.ask.having import having
from diffusionlab.search.ask.joining.combine import join
from diffusionlab.search.ask.joining.scope import Operand
from diffusionlab.search.ask.rules.reading import is_numeric
from diffusionlab.search.ask.sides import sided
from diffusionlab.search.ask.sorting import Key, ask_figure, each, is_measure, which
from diffusionlab.search.ask.superlatives import PARTS
from diffusionlab.search.query.query import SHARES, Having, How, Term
from diffusionlab.search.query.where_text import condition_side
from diffusionlab.search.read.items import Condition
from diffusionlab.search.words.asking_words import EXTREMES


def figure(a: Asked) -> None:
    """The figure that is asked for, if any: the first reader that reads something wins."""
    for read in (extreme_told, sided, having, share, several_figures, *READERS, figures_by_key, compared_by_key):
        if read(a):
            sort_groups(a)
            return


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


# -- shares

_WHEN = ("created_at", "modified_at")
_WHERE = ("dataset", "hardware_kind", "hardware", "framework", "sweep")
"""Conditions that tell when or where, so that a share is taken among the runs that meet them, if another tells more."""


def share(a: Asked) -> bool:
    """SHARE of runs, and the statuses that a "failure rate" is of; what bound it must meet, or whether it does."""
    bound = _bound(a)
    if bound is not None and a.whether and not any(item.kind in ("share", "rate") for item in a.items):
        i = max(bound[1])
        a.items[i] = replace(a.items[i], kind="share", payload="share")  # "are more than half of the runs finished"
    if not _share(a):
        return False
    if bound is not None and a.figure is not None and a.figure.how in SHARES:
        (op, part), places = bound
        a.figure = replace(a.figure, having=Having(op, part * (100 if a.figure.how == "percent" else 1)))
        a.used |= places
    return True


def _bound(a: Asked) -> tuple[Having, set[int]] | None:
    """MORE THAN 10 %, AT LEAST HALF, and the places that say so."""
    for i in range(len(a.items)):
        j = i + 1 + (a.words(i + 1) in ("a", "one"))
        if a.kind(i) != "comparator":
            continue
        if a.kind(j) == "number" and (a.kind(j + 1) == "percent" or a.words(j + 1).startswith("percent")):
            return Having(str(a.items[i].payload), a.items[j].payload.value / 100), {i, j, j + 1}
        if a.words(j) in PARTS:
            return Having(str(a.items[i].payload), PARTS[a.words(j)] / 100), {i, j}
    return None


def _share(a: Asked) -> bool:
    for i, item in enumerate(a.items):
        percent = a.kind(i) == "count" and _in_percent(a)
        if a.kind(i) not in ("share", "rate") and not percent:
            continue
        if _is_ratio(a, i):
            a.compare = True
            return ask_figure(a, {i}, None, "count")
        if percent:
            item = a.items[i] = replace(item, kind="share", payload="percent")
        if item.kind == "rate":
            statuses = Condition("status", In("status", item.payload), True, item.words)
            a.items[i] = replace(item, kind="condition", payload=statuses)
        else:
            a.used.add(i)
        how: How = "share" if item.kind == "rate" else item.payload
        ranked = a.skip(i - 1, 2, ("filler",), -1)
        key = which(a) if a.kind(ranked) == "superlative" and a.items[ranked].payload[0] in ("high", "low") else None
        if key is None and not a.whether and _bound(a) is not None:
            ask_figure(a, (), each(a) or which(a), how)
        elif key is not None:  # "which optimizer has the highest failure rate"
            one = None if a.words(max(key.places)).endswith("s") else 1
            ask_figure(a, {ranked}, key, how, descending=a.items[ranked].payload[0] == "high", count=one)
        else:
            ask_figure(a, (), each(a), how)
        a.used |= {k for k in range(len(a.items)) if a.kind(k) in ("count", "percent") or a.words(k) == "total"}
        return True
    return False


def _is_ratio(a: Asked, i: int) -> bool:
    """The RATIO of some runs TO others: how many each are."""
    ratio = a.kind(i) == "share" and a.words(i).startswith("ratio")
    return ratio and any(a.kind(k) == "to" and a.kind(k + 1) == "condition" for k in range(i, len(a.items)))


def _in_percent(a: Asked) -> bool:
    """Whether "in percent" stands somewhere, which is no "10 percent"."""
    return any(a.kind(k) == "percent" and a.kind(k - 1) != "number" for k in range(len(a.items)))


def shared(a: Asked, found: list[Operand]) -> list[Operand]:
    """The conditions of the runs among which the share is taken; what it is of goes into the figure."""
    found = _without_bound(a, found)
    if a.figure is not None and a.figure.how == "count" and a.order is not None:
        return _counted_of_taken(a, found)
    if a.figure is None or a.figure.how not in SHARES:
        return found
    part = _part(a, found)
    if not part:
        if not a.figure.by:
            a.figure = None
            a.used -= {i for i, item in enumerate(a.items) if item.kind == "share"}
        return found
    a.figure = replace(a.figure, part=condition_side(And(*join(part)), a.known))
    return [operand for operand in found if operand not in part]


def _without_bound(a: Asked, found: list[Operand]) -> list[Operand]:
    """ "Is the mean fid below 20?": a bound of the figure chooses no runs, but asks for a yes or no. A second bound, or
    one of groups, is named."""
    if a.figure is None or a.figure.of is None or not a.whether:
        return found
    bounds = [operand for operand in found if operand.category == a.figure.of]
    match [operand.condition.filter for operand in bounds]:
        case [Compare(op=op, value=int() | float() as value)] if not (
            a.figure.by or a.figure.having or bounds[0].negated
        ):
            a.figure = replace(a.figure, having=Having(op, float(value)))
        case _:
            a.passed += [item for item in a.items if item.start in {operand.start for operand in bounds}]
    return [operand for operand in found if operand not in bounds]


def _counted_of_taken(a: Asked, found: list[Operand]) -> list[Operand]:
    """ "How many of the top 10 use attention": the conditions of the runs that the order takes from."""
    first = next((item.start for item in a.items if item.kind == "superlative"), 0)
    part = [operand for operand in found if operand.start < first] + told_of_taken(a, found)
    if not part or a.figure is None or a.figure.of or a.figure.by:
        return found
    a.figure = replace(a.figure, part=condition_side(And(*join(part)), a.known))
    return [operand for operand in found if operand not in part]


def _part(a: Asked, found: Sequence[Operand]) -> list[Operand]:
    """The conditions that the share is of."""
    rates = [operand for operand in found if operand.condition.words in _rates(a)]
    if rates:
        return rates
    return told_of(a, found, next(item.start for item in a.items if item.kind == "share"))


def told_of(a: Asked, found: Sequence[Operand], start: int, verb: bool = False) -> list[Operand]:
    """The conditions after place `start` that are told of the runs which the others name: "AdamW" in "do all MNIST runs
    use AdamW?". `verb`: one is sure to stand between them."""
    asked = [operand for operand in found if operand.start > start]
    if len(asked) < 2:
        return asked
    among = next((item.start for item in a.items if item.words.lower() in ("among", "amongst", "out of")), None)
    if among is not None and asked[0].start < among < asked[-1].start:  # "of finished runs among the DiTs"
        return [operand for operand in asked if operand.start < among]
    noun = next((item.start for item in a.items if item.kind == "noun" and item.start > start), asked[0].start + 1)
    before = [operand for operand in asked if operand.start < noun]
    after = [operand for operand in asked if operand.start > noun]
    if not after:
        return before
    verbs = [k for k in range(1, len(after)) if not after[k].joined and is_said(a, after[k - 1].start, after[k].start)]
    if verbs:  # "of the runs with attention, are on MNIST"
        return after[verbs[-1] :]
    most = max(map(_tells, after))
    if before and most < _tells(None) and not verb and not is_said(a, noun, after[0].start):
        return before
    return [operand for operand in after if _tells(operand) == most]


def told_of_taken(a: Asked, found: Sequence[Operand]) -> list[Operand]:
    """The conditions after a superlative that are told of the runs which it takes: "AdamW" in "do the five best MNIST
    runs use AdamW?"."""
    first = next((item.start for item in a.items if item.kind == "superlative"), 0)
    after = [operand for operand in found if operand.start > first]
    verbs = [k for k in range(1, len(after)) if is_said(a, after[k - 1].start, after[k].start)]
    if verbs:
        return after[verbs[-1] :]
    noun = next((item.start for item in a.items if item.kind == "noun" and item.start > first), None)
    if noun is not None and all(operand.start < noun for operand in after) and not is_said(a, first, noun):
        return []
    return told_of(a, after, first, verb=True)


def _tells(operand: Operand | None) -> int:
    """How much a condition tells of a run: when, where, or what it is."""
    category = operand.category if operand else ""
    return 0 if category in _WHEN else 1 if category in _WHERE else 2


def _rates(a: Asked) -> list[str]:
    return [
        item.words
        for item in a.items
        if item.kind == "condition"
        and isinstance(item.payload, Condition)
        and item.payload.category == "status"
        and "rate" in item.words.lower()  # "rate of failure", "crash rates"
    ]


def is_said(a: Asked, start: int, stop: int) -> bool:
    """Whether a verb stands between the two places: "of the U-Nets (were trained on) MNIST"."""
    between = [item.words.lower() for item in a.items if start < item.start < stop]
    return any(
        word
        in (
            "that",
            "which",
            "are",
            "were",
            "was",
            "is",
            "used",
            "use",
            "trained",
            "ran",
            "run",
            "have",
            "trained on",
            "that use",
            "which are",
            "that are",
        )
        for word in between
    )
