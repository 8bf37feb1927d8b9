"""A figure of two sides: how many of each, the mean of each, and which has more of it."""

from __future__ import annotations

from collections.abc import Sequence

from diffusionlab.registry.record.columns import MEASURES, label
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.keys import UNIT_OF, ask_figure
from diffusionlab.search.ask.rules.fields import COMPARATIVES
from diffusionlab.search.ask.rules.reading import SOFT, directed, is_numeric
from diffusionlab.search.query.query import Figure, How, Side


def sided(a: Asked) -> bool:
    """A figure of two sides, and which of them has more of it."""
    return _whether_lower(a) or _whether_more(a) or _when_more(a) or _which_has_more(a) or _which_is_lower(a)


def _whether_lower(a: Asked) -> bool:
    if a.beside is None:
        return False
    operator, column = a.beside
    if column is None:
        counts = {i for i, item in enumerate(a.items) if item.kind == "count"}
        return ask_figure(a, counts, None, "count", beside=operator)
    said = {i for i, item in enumerate(a.items) if item.kind == "how" or (item.kind, item.payload) == ("field", column)}
    how: How = next((a.items[i].payload for i in said if a.kind(i) == "how"), "mean")
    return ask_figure(a, said, None, how, column, beside=operator)


def _whether_more(a: Asked) -> bool:
    """ "Are there MORE U-Nets THAN transformers": the "than" is "versus" by now."""
    count = next((i for i in range(len(a.items)) if a.kind(i) == "count" and a.words(i) in COMPARATIVES), None)
    than = any(item.kind == "connector" and item.words.lower() == "than" for item in a.items)
    if count is None or not than or not a.whether:
        return False
    return ask_figure(a, {count}, None, "count", beside=COMPARATIVES[a.words(count)])


def _when_more(a: Asked) -> bool:
    """ "Did I train MORE in April or in May", "which month has FEWER runs, April or May"."""
    more = next((i for i in range(len(a.items)) if a.kind(i) == "comparative" and a.words(i) in COMPARATIVES), None)
    periods = [item for item in a.items if item.kind == "when" and len(item.payload) > 1]
    if more is None or len(periods) != 1 or " or " not in f" {periods[0].words.lower()} " or not _is_asked(a):
        return False
    if a.kind(a.skip(more + 1, 1, ("filler",))) in ("than", "field", "how", "number"):
        return False
    a.compare = True
    units = {i for i in range(len(a.items)) if a.words(i) in UNIT_OF}
    return ask_figure(a, {more, *units}, None, "count", descending=COMPARATIVES[a.words(more)] == ">")


def _which_has_more(a: Asked) -> bool:
    """ "MORE runs on MNIST or on CIFAR-10", "which is used MORE"."""
    for i, item in enumerate(a.items):
        operator = item.payload if a.kind(i) == "comparative" else ""
        following = a.kind(a.skip(i + 1, 1, ("filler",)))
        if operator not in ("<", ">") or following in ("than", "field", "how", "number") or not _offers_sides(a):
            continue
        a.compare = True
        kinds = {other.payload.category for other in a.items if other.kind == "condition"}
        named = {k for k, other in enumerate(a.items) if other.kind == "field" and other.payload in kinds}
        return ask_figure(a, {i, *named}, None, "count", descending=operator == ">")  # "which optimizer has more runs"
    return False


def _which_is_lower(a: Asked) -> bool:
    """ "Which has the LOWER MEAN FID, Adam or AdamW", "which have FEWER epochs"."""
    for i, item in enumerate(a.items):
        how = a.skip(i + 1, 1, ("filler",))
        of = a.skip(how + 1, 2, ("filler",)) if a.kind(how) == "how" else how
        if a.kind(i) not in ("comparative", "superlative") or a.kind(of) != "field" or not _offers_sides(a):
            continue
        column = a.items[of].payload
        direction = item.payload if item.kind == "comparative" else {"low": "<", "high": ">"}.get(item.payload[0])
        if not direction or not is_numeric(column) or (of == how and column in MEASURES):
            continue
        if of == how and item.kind == "superlative":  # "the largest U-Net or transformer" is one run
            continue
        taken: How = a.items[how].payload if of != how else "mean"
        if of == how:
            a.notes.append(f"read as the mean {label(column)} of each side")
        a.compare = True
        return ask_figure(a, {i, how, of}, None, taken, column, descending=directed(direction, column) == ">")
    return False


def _offers_sides(a: Asked) -> bool:
    """Whether "or" or "versus" stands between conditions of one kind, and one of them is asked for."""
    joints = (i for i in range(len(a.items)) if a.kind(i) == "connector" and a.items[i].payload in ("or", "vs"))
    return _is_asked(a) and any(_joins_sides(a, i) for i in joints)


def _is_asked(a: Asked) -> bool:
    return bool(a.whether) or any({"which", "what", "who", "when"} & {*item.words.lower().split()} for item in a.items)


def _joins_sides(a: Asked, i: int) -> bool:
    sides = a.skip(i - 1, 3, SOFT, -1), a.skip(i + 1, 3, SOFT)
    if any(a.kind(side) != "condition" for side in sides):
        return False
    first, other = (a.items[side].payload.category for side in sides)
    return bool(first == other)


def are_keys(figure: Figure, sides: Sequence[Side]) -> bool:
    """Whether the groups already tell the sides apart: "mean FID per data set of MNIST and CIFAR-10"."""
    said = {column for side in sides for column in side.condition.columns()}
    return bool(figure.by) and said <= {key.column for key in figure.by}
