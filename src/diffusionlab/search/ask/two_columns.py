"""Two facts of one run: "val_loss lower than train_loss", "modified before created", "finished before X started"."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.filters.filter import NOTHING, And, Filter, Not
from diffusionlab.search.ask.fields import COMPARATIVES
from diffusionlab.search.ask.moments import moment_of
from diffusionlab.search.ask.reading import Reading, directed
from diffusionlab.search.read.items import Item
from diffusionlab.search.read.special_filters import CompareColumns, comparable_kind
from diffusionlab.search.read.tokens import WORDS

_SINGLE = ("<", "<=", ">", ">=", "=", "!=", "best", "worst")
_NO_COMPARISON = ("over", "under", "about", "maximum of", "max of", "minimum of", "min of")
"""Comparing words that between two fields mean something else: "the mean FID over batch size"."""
_BEFORE = {**dict.fromkeys(("before", "earlier", "prior"), "<"), **dict.fromkeys(("after", "later"), ">")}
_WITHIN = re.compile(r"(?:with)?in\s+(?:the\s+)?(?:first\s+)?(\w+)\s+(second|minute|hour|day|week)s?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
_START = ("start", "starting", "creation", "beginning", "launch", "begin", "being")


def two_columns(r: Reading, i: int) -> int:
    """FIELD COMPARATOR FIELD, COMPARATIVE FIELD than FIELD, MOMENT before MOMENT."""
    return _figures(r, i) or _comparative(r, i) or _moments(r, i) or _within_start(r, i)


def _figures(r: Reading, i: int) -> int:
    if r.kind(i) != "field":
        return 0
    j = r.skip(i + 1, 2, ("filler",))
    negated = r.kind(j) == "not"
    if negated:
        j = r.skip(j + 1, 1, ("filler",))
    k = r.skip(j + 1, 2, ("filler", "carrier"))
    if r.kind(j) != "comparator" or r.items[j].payload not in _SINGLE or r.words(j) in _NO_COMPARISON:
        return 0
    return _compared(r, i, i, r.items[j].payload, k, negated)


def _comparative(r: Reading, i: int) -> int:
    operator = COMPARATIVES.get(r.words(i))
    j = r.skip(i + 1, 1, ("filler",))
    if operator is None or r.kind(j) != "field" or r.kind(j + 1) != "than":
        return 0
    return _compared(r, i, j, operator, r.skip(j + 2, 2, ("filler", "carrier")))


def _compared(r: Reading, first: int, left: int, operator: str, right: int, negated: bool = False) -> int:
    """The comparison of the fields at `left` and `right`, of items from `first` on; 0 if they do not compare."""
    if r.kind(right) != "field" or r.kind(right + 1) in ("number", "comparator"):
        return 0
    columns = r.items[left].payload, r.items[right].payload
    kinds = {comparable_kind(column) for column in columns}
    if columns[0] == columns[1] or len(kinds) != 1 or None in kinds:
        return 0
    compared = CompareColumns(columns[0], directed(operator, columns[0]), columns[1])
    return r.emit(first, right + 1, compared.column, Not(compared) if negated else compared)


def _moments(r: Reading, i: int) -> int:
    """MOMENT before MOMENT, of one run, or of this one and another that is named."""
    first = moment_of(r, i)
    j = r.skip(i + 1, 2, ("filler",)) if r.words(i + 1) not in _BEFORE else i + 1
    operator = _BEFORE.get(r.words(j))
    if first is None or operator is None:
        return 0
    k = r.skip(j + 1, 4, ("filler", "than", "carrier"))
    if r.kind(k) == "run":
        return _beside_run(r, i, first, operator, k)
    second = moment_of(r, k)
    if second is None or second == first:
        return 0
    _note_end(r, i, k)
    return r.emit(i, k + 1, "moments", CompareColumns(first, operator, second))


def _beside_run(r: Reading, i: int, first: str, operator: str, run: int) -> int:
    """Finished before run-020 [started]: both by the same moment if the second is not said."""
    k = r.skip(run + 1, 2, ("filler",))
    second = moment_of(r, k)
    if second is None and r.kind(i) == "moment":
        return 0
    _note_end(r, i, k)
    facts = r.facts(run)
    moment = (facts or {}).get(second or first)
    if facts and moment is None:
        r.notes.append(f"{facts['run_id']} has no recorded {second or first} to compare with")
    after = run + 1 if second is None else k + 1
    ended: list[Filter] = [r.items[i].payload.filter] if r.kind(i) == "condition" else []
    beside = NOTHING if moment is None else Compare(first, operator, moment)
    return r.emit(i, after, first, And(*ended, beside))


def _note_end(r: Reading, *places: int) -> None:
    if any(r.kind(place) == "condition" for place in places):
        r.notes.append("the end of a run is read as the date of its last change")


def _within_start(r: Reading, i: int) -> int:
    """Finished within an hour of its start: the duration."""
    when = r.items[i + 1] if moment_of(r, i) == "modified_at" and r.kind(i + 1) == "when" else None
    length = _length(when) if when else None
    j = r.skip(i + 2, 4, ("filler", "carrier"))
    start = next((k for k in range(i + 2, j) if r.words(k) in _START), j if r.kind(j) == "moment" else None)
    if length is None or start is None or r.words(i + 2) not in ("of", "after", "from"):
        return 0
    ended: list[Filter] = [r.items[i].payload.filter] if r.kind(i) == "condition" else []
    after = r.emit(i, start + 1, "seconds", And(*ended, Compare("seconds", "<=", length)))
    r.passed = [item for item in r.passed if item.words.lower() not in _START]
    return after


def _length(when: Item) -> float | None:
    """The seconds of "within two hours"."""
    found = _WITHIN.fullmatch(when.words.lower())
    if not found:
        return None
    count = 1 if found[1] in ("a", "an") else int(found[1]) if found[1].isdecimal() else WORDS.get(found[1])
    return None if count is None else float(count * _SECONDS[found[2]])
