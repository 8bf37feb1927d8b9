"""Dates and recurring days as conditions on when a run was created, or modified where the words say so."""

from __future__ import annotations

from dataclasses import replace

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.filters.days import Recurring
from diffusionlab.registry.filters.filter import And, Filter, Or
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.moments import ENDED
from diffusionlab.search.read.items import Condition, Item
from diffusionlab.search.time.period_words import Range

_EVENT_DATE = (
    "in ",
    "on ",
    "during",
    "before",
    "after",
    "since",
    "yesterday",
    "today",
    "last ",
    "this ",
    "between",
    "by ",
    "until",
    "within",
)


def dated(a: Asked) -> None:
    """Put a condition in the place of every date."""
    column, made = None, None
    for i, item in enumerate(a.items):
        if i in a.used:
            continue
        if item.kind == "moment":
            if made is not None and column is None and i - made <= 2 and _is_for_earlier(a, i):
                a.items[made] = _condition(a.items[made], "modified_at", _ranges_of(a.items[made].payload))
                a.used.add(i)
            else:
                column = item.payload
        elif item.kind == "recurring":
            a.used |= {k for k in range(i) if a.kind(k) == "moment"}
            again: Recurring = replace(item.payload, moment=column or "created_at")
            a.items[i] = replace(item, kind="condition", payload=Condition(again.column, again, True, item.words))
        elif item.kind == "when":
            target = column or _ended(a, i) or "created_at"
            a.used |= {k for k in range(i) if a.kind(k) == "moment"}
            a.items[i] = _condition(item, target, item.payload)
            column, made = None, i


def _is_for_earlier(a: Asked, i: int) -> bool:
    """Whether "modified" at i belongs to the date before it: "in May modified"."""
    return a.items[i].payload == "modified_at" and not any(item.kind == "when" for item in a.items[i + 1 :])


def _ended(a: Asked, i: int) -> str | None:
    """The end of a run, where a word for it stands before the date at i: "finished in May"."""
    before = i - 1 if a.kind(i - 1) == "condition" else a.skip(i - 1, ("filler",), 1, -1)
    words = a.words(before)
    if words.split(" ")[-1] not in ENDED or not a.words(i).startswith(_EVENT_DATE):
        return None
    a.notes.append(f'"{words} {a.items[i].words}" is read as the date of the last change')
    return "modified_at"


def _condition(item: Item, column: str, ranges: tuple[Range, ...]) -> Item:
    parts = [_within(column, span) for span in ranges]
    closed = all(start and stop for start, stop in ranges)
    condition = Condition(column, parts[0] if len(parts) == 1 else Or(*parts), closed, item.words)
    return replace(item, kind="condition", payload=condition)


def _within(column: str, span: Range) -> Filter:
    parts = [Compare(column, op, value) for op, value in zip((">=", "<"), span, strict=True) if value is not None]
    return parts[0] if len(parts) == 1 else And(*parts)


def _ranges_of(condition: Condition) -> tuple[Range, ...]:
    parts = condition.filter.parts if isinstance(condition.filter, Or) else (condition.filter,)
    found: list[Range] = []
    for part in parts:
        leaves = {leaf.op: leaf.value for leaf in part.leaves() if isinstance(leaf, Compare)}
        found.append((leaves.get(">="), leaves.get("<")))  # type: ignore[arg-type]
    return tuple(found)
