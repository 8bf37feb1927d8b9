"""Spans of time beside a run: "within three days of run-020", "in the week before run-036", "at most 2 days after".

A span is as long as it says, from the moment at which the run was created; the run itself is not of them.
"""

from __future__ import annotations

import re
from datetime import datetime

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import NOTHING, And, Filter, Not
from diffusionlab.search.ask.rules.reading import Reading
from diffusionlab.search.time.periods import floor, shift
from diffusionlab.search.words.calendar_words import COUNT, UNIT, number

_MOST_ITEMS = 9  # from the first word to the run
_SPAN = re.compile(
    r"(?:(?P<beyond>(?:at\s+least|more\s+than|over|no\s+less\s+than|not\s+less\s+than|>=?)\s+)|"
    r"(?:within|at\s+most|no\s+more\s+than|not\s+more\s+than|less\s+than|no\s+later\s+than|up\s+to|under|during|in|<=?)"
    rf"\s+)?(?P<the>the\s+)?(?:(?:last|next|first|space\s+of|span\s+of)\s+)?(?:{COUNT}\s+)?{UNIT}\s+"
    r"(?P<side>of|from|around|before\s+(?:or|and)\s+after|after\s+(?:or|and)\s+before|either\s+side\s+of|"
    r"before|prior\s+to|preceding|leading\s+up\s+to|after|following|since)"
    r"(?:\s+the)?(?:\s+(?:date|start|creation)\s+of)?"
)
_BOUNDS = ("within", "at most", "no more than", "not more than", "less than", "up to", "under", "<")
_BEFORE = ("before", "prior to", "preceding", "leading up to")
_AFTER = ("after", "following", "since")


def around_run(r: Reading, i: int) -> int:
    """Created within a span of time of a run, before it, after it, or on both sides."""
    run = next((k for k in range(i + 1, min(i + _MOST_ITEMS, len(r.items))) if r.kind(k) == "run"), None)
    if run is None or (r.kind(i) == "filler" and not r.words(i).isalpha()):
        return 0
    m = _SPAN.fullmatch(" ".join(item.words.lower() for item in r.items[i:run]))
    if m is None or not (m["the"] or m["count"]):
        return 0
    one_sided = m["side"] in (*_BEFORE, *_AFTER)
    if not one_sided and not m.group().startswith(_BOUNDS) and not _is_calendar(m):
        return 0  # "the first 3 days of run-020" are none around it
    spoken = [item.payload for item in r.out if item.kind == "moment"]
    column = spoken[-1] if spoken else "created_at"
    row = r.facts(run)
    if row is None or not (moment := row.get(column)):
        return r.emit(i, run + 1, "run_id", NOTHING)
    r.out[:] = [item for item in r.out if item.kind != "moment"]
    beside = _within(column, moment, m, number(m["count"]) if m["count"] else 1)
    r.emit(i, run + 1, "around", And(beside, Not(In("run_id", r.items[run].payload))))
    return r.looked_at(i, run + 1)


def _is_calendar(m: re.Match[str]) -> bool:
    """ "In the week of run-020": the calendar week in which it was created."""
    return m["side"] == "of" and not m["count"] and m["unit"] in ("day", "week", "month", "quarter", "year")


def _within(column: str, moment: datetime, m: re.Match[str], count: int) -> Filter:
    side = " ".join(m["side"].split())
    if _is_calendar(m) and not m.group().startswith(_BOUNDS):
        start = floor(moment, m["unit"])
        return And(Compare(column, ">=", start), Compare(column, "<", shift(start, m["unit"], 1)))
    first, last = shift(moment, m["unit"], -count), shift(moment, m["unit"], count)
    if side in _BEFORE:
        return Compare(column, "<=", first) if m["beyond"] else _from_to(column, first, moment)
    if side in _AFTER:
        return Compare(column, ">=", last) if m["beyond"] else _from_to(column, moment, last)
    return _from_to(column, first, last)


def _from_to(column: str, first: datetime, last: datetime) -> Filter:
    return And(Compare(column, ">=", first), Compare(column, "<=", last))
