"""When a run was created and last modified: dates, recurring days and "on the same day" as conditions."""

from __future__ import annotations

from diffusionlab.registry.filters.days import SamePeriod
from diffusionlab.registry.filters.filter import Not
from diffusionlab.search.ask.reading import SOFT, Reading

ENDED = ("finished", "ended", "completed", "concluded")
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
    if r.kind(i) == "condition" or r.kind(j) == "condition":
        r.notes.append("the end of a run is read as the date of its last change")
    same = SamePeriod(_UNITS[r.words(places[-1])])
    return r.emit(i, end, "same period", Not(same) if differ else same)


def moment_of(r: Reading, i: int) -> str | None:
    """The column of the moment that the item at i names."""
    if r.kind(i) == "moment":
        return str(r.items[i].payload)
    ended = r.kind(i) == "condition" and r.items[i].payload.category == "status" and r.words(i) in ENDED
    return "modified_at" if ended else None
