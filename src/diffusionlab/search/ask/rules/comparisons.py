"""Comparisons of what is no number of one column: versions, numbers of cards, two columns, two moments.

"PyTorch older than 2.7", "more than 2 GPUs", "val_loss lower than train_loss", "modified on the day they were created",
"finished before run-020 started"
"""

from __future__ import annotations

import re

from diffusionlab.registry.filters.conditions import COMPARE, Compare, In
from diffusionlab.registry.filters.days import SamePeriod
from diffusionlab.registry.filters.filter import NOTHING, And, Filter, Not
from diffusionlab.search.ask.rules.fields import COMPARATIVES
from diffusionlab.search.ask.rules.reading import SOFT, Reading, directed
from diffusionlab.search.read.items import Item
from diffusionlab.search.read.numbered import CARD_NAMES, cards_where
from diffusionlab.search.read.special_filters import CompareColumns, comparable_kind
from diffusionlab.search.read.tokens import UNITS, WORDS

# -- moments

ENDED = ("finished", "ended", "completed", "concluded")
END = ("finish", "end", "complete")
_BETWEEN = (
    *SOFT,
    "connector",
    "same",
    "than",
    "comparator",
    "afterwards",
    "not",
    "superlative",
    "different",
    "comparative",
)
_UNITS = {"day": "day", "days": "day", "date": "day", "dates": "day", "week": "week", "weeks": "week"} | {
    "month": "month",
    "months": "month",
    "year": "year",
    "years": "year",
}
_SAME = ("same", "one", "single", "identical", "equal")
_DIFFERENT = ("different", "another", "other", "separate", "distinct", "later", "after", "more", "longer")


def same_period(r: Reading, i: int) -> int:
    """Created and modified on the same day; modified on the day they were created; started and finished on different
    days. What ends a run is its last modification."""
    first = moment_of(r, i)
    if first is None:
        return 0
    j = r.skip(i + 1, 10, _BETWEEN)
    second = moment_of(r, j)
    if second is None or second == first:
        return 0
    after = r.skip(j + 1, 6, _BETWEEN)
    places = [k for k in range(i + 1, after) if r.words(k) in _UNITS]
    if not places:
        return 0
    end = max(places[-1], j) + 1
    said = {r.words(k) for k in range(i + 1, end)}
    differ = bool(said & {*_DIFFERENT}) or any(r.kind(k) == "not" for k in range(i + 1, end))
    if not (differ or said & {*_SAME} or places[0] < j):
        return 0
    _note_end(r, i, j)
    same = SamePeriod(_UNITS[r.words(places[-1])])
    return r.emit(i, end, "same period", Not(same) if differ else same)


def moment_of(r: Reading, i: int) -> str | None:
    """The column of the moment that the item at i names."""
    if r.kind(i) == "moment":
        return str(r.items[i].payload)
    ended = r.kind(i) == "condition" and r.items[i].payload.category == "status" and r.words(i) in ENDED
    return "modified_at" if ended else None


# -- two facts of one run

_SINGLE = ("<", "<=", ">", ">=", "=", "!=", "best", "worst")
_NO_COMPARISON = ("over", "under", "about", "maximum of", "max of", "minimum of", "min of")
"""Comparing words that between two fields mean something else: "the mean FID over batch size"."""
_BEFORE = {**dict.fromkeys(("before", "earlier", "prior"), "<"), **dict.fromkeys(("after", "later"), ">")}
_WITHIN = re.compile(r"(?:with)?in\s+(?:the\s+)?(?:first\s+)?(\w+)\s+(second|minute|hour|day|week)s?")
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
    return None if count is None else count * UNITS[found[2]][1]


# -- versions and cards

_SAID = {
    **dict.fromkeys(("older", "before", "earlier", "below", "under", "prior"), "<"),
    **dict.fromkeys(("newer", "after", "later", "above", "over"), ">"),
    "since": ">=",
    "from": ">=",
    "until": "<=",
}
_OR_SO = {"newer": ">=", "later": ">=", "above": ">=", "up": ">=", "older": "<=", "earlier": "<=", "below": "<="}
_MAY_BE_CARDS = ("condition", "noun", "text", "filler")
_BOUNDS = ("=", "<", "<=", ">", ">=")


def number_of_cards(r: Reading, i: int) -> int:
    """COMPARATOR NUMBER GPUs: "more than 2 GPUs", "at least four cards"."""
    if r.kind(i) == "number" and r.kind(i + 1) == "afterwards" and r.words(i + 2) in CARD_NAMES:  # "two or more GPUs"
        operator, number, cards = r.items[i + 1].payload, i, i + 2
    else:
        operator = r.items[i].payload if r.kind(i) == "comparator" else ""
        number = r.skip(i + 1, 1, ("filler",))
        cards = number + 1
        if r.kind(number) != "number" or r.kind(cards) not in _MAY_BE_CARDS:
            return 0
    if operator not in _BOUNDS or r.words(cards) not in CARD_NAMES:
        return 0
    count = r.items[number].payload.value
    return r.emit(i, cards + 1, "hardware", cards_where(lambda n: COMPARE[operator](n, count), r.known), True)


def framework_version(r: Reading, i: int) -> int:
    """FRAMEWORK COMPARATOR VERSION, COMPARATOR FRAMEWORK VERSION, and VERSION or newer."""
    if _is_framework(r, i):
        j = r.skip(i + 1, 3, ("filler",))
        said = [word for place in range(i + 1, j) if (word := r.words(place)) in _SAID]
        comparison = _SAID[said[0]] if said else None
        if r.kind(j) == "comparator" or r.words(j) in _SAID:
            comparison = r.items[j].payload if r.kind(j) == "comparator" else _SAID[r.words(j)]
            j = r.skip(j + 1, 2, ("filler", "than"))
        elif r.kind(j) == "than":
            j += 1
        if comparison in _BOUNDS and r.kind(j) == "number":
            return _emit(r, i, j + 1, comparison, r.items[j].payload.typed)
        return _or_newer(r, i) or _of_version(r, i)
    if r.kind(i) == "comparator" and _is_framework(r, i + 1) and (version := _version(r.words(i + 1))):
        return _emit(r, i, i + 2, r.items[i].payload, version) if r.items[i].payload in _BOUNDS else 0
    return 0


def _or_newer(r: Reading, i: int) -> int:
    version = _version(r.words(i))
    if not version:
        return 0
    if r.kind(i + 1) == "afterwards":
        return _emit(r, i, i + 2, r.items[i + 1].payload, version)
    if r.words(i + 1) in ("or", "and") and (comparison := _OR_SO.get(r.words(i + 2))):
        return _emit(r, i, i + 3, comparison, version)
    return 0


def _of_version(r: Reading, i: int) -> int:
    """FRAMEWORK ... version NUMBER [or newer]: "PyTorch models using version 2.0+"."""
    j = r.skip(i + 1, 5)
    said = "version" in (r.words(place) for place in range(i + 1, j))
    operator = r.items[j].payload if r.kind(j) == "comparator" else "="
    j += r.kind(j) == "comparator"
    if not said or r.kind(j) != "number" or operator not in _BOUNDS:
        return 0
    if r.kind(j + 1) == "afterwards":
        return _emit(r, i, j + 2, r.items[j + 1].payload, r.items[j].payload.typed)
    return _emit(r, i, j + 1, operator, r.items[j].payload.typed)


def _is_framework(r: Reading, i: int) -> bool:
    return r.kind(i) == "condition" and r.items[i].payload.category == "framework"


def _version(text: str) -> str | None:
    found = re.search(r"\d+(?:\.\d+)*", text)
    return found.group() if found else None


def _emit(r: Reading, first: int, after: int, comparison: str, version: str) -> int:
    wanted, found = _parts(version), []
    for value in r.known.values["framework"]:
        has = _parts(_version(value) or "")
        has += [0] * (len(wanted) - len(has))  # "PyTorch 2" is 2.0
        if any(has) and COMPARE[comparison](has[: len(wanted)], wanted):
            found.append(value)
    some: Filter = (
        In("framework", tuple(sorted(found))) if found else Compare("framework", "=", f"{comparison} {version}")
    )
    return r.emit(first, after, "framework", some, True)


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
