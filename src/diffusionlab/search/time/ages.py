"""Ages and spans beside a date: "older than 3 weeks", "within two days", "the three months before April"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from diffusionlab.search.time.periods import floor, shift
from diffusionlab.search.time.when import When, period_at
from diffusionlab.search.words.calendar_words import COUNT, UNIT, number

_OLDER = re.compile(
    rf"(?:older\s+than|more\s+than|over|at\s+least)\s+(?:the\s+last\s+)?{COUNT}\s+{UNIT}(?P<ago>\s+(?:ago|old|back)\b)?"
)
_NEWER = re.compile(
    rf"(?:newer\s+than|younger\s+than|less\s+than|under|at\s+most|within(?:\s+the)?(?:\s+(?:last|past))?|since)\s+{COUNT}\s+{UNIT}(?P<ago>\s+(?:ago|old|back)\b)?"
)
_SPAN = re.compile(
    rf"(?:(?:in|during|within|for)\s+)?(?:the\s+)?(?:last\s+|final\s+|first\s+)?{COUNT}\s+{UNIT}\s+"
    r"(?P<side>before|prior\s+to|preceding|leading\s+up\s+to|after|following)\s+(?:the\s+)?"
)
_AGES = re.compile(rf"(?:between\s+|from\s+)?(?P<low>\d{{1,4}})\s*(?:to|-|and)\s*(?P<high>\d{{1,4}})\s+{UNIT}\s+ago\b")


def read_age(text: str, position: int, now: datetime, raw: str) -> When | None:
    """Older than 3 weeks, more than a month ago, within two days, less than an hour ago."""
    if m := _AGES.match(text, position):  # "3 to 7 days ago"
        young, old = sorted((int(m["low"]), int(m["high"])))
        first, last = (floor(shift(now, m["unit"], -age), m["unit"]) for age in (old, young))
        return When(((first, shift(last, m["unit"], 1)),), m.end())
    if (m := _OLDER.match(text, position)) and (m["ago"] or m.group().startswith("older")):
        return When(((None, shift(now, m["unit"], -number(m["count"]))),), m.end())
    if (m := _NEWER.match(text, position)) and (m["ago"] or not re.match(r"less|under|at\s", m.group())):
        return When(((shift(now, m["unit"], -number(m["count"])), now + timedelta(seconds=1)),), m.end())
    return None


def read_span(text: str, position: int, now: datetime, raw: str) -> When | None:
    """The three months before April, two weeks after May 1."""
    m = _SPAN.match(text, position)
    found = period_at(text, m.end(), now, raw, nested=True) if m else None
    if not m or not found:
        return None
    count, unit = number(m["count"]), m["unit"]
    if m["side"] in ("after", "following"):
        return When(((found.stop, shift(found.stop, unit, count)),), found.end)
    return When(((shift(found.start, unit, -count), found.start),), found.end)
