"""Days and hours that come again: "on Mondays", "every Friday", "at weekends", "at night", "before noon"."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.days import WEEKDAYS, Recurring
from diffusionlab.search.words.calendar_words import TIME_OF_DAY

_DAY = r"(?P<day>mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|r|ur)?(?:day)?"
_ANY = r"(?:an?|any|every|each|some)\s+"
_WORKDAYS = (
    r"(?:weekday|workday|work\s+day|working\s+day|business\s+day)s?|mon(?:day)?s?\s*(?:to|through|-|–)\s*fri(?:day)?s?"  # noqa: RUF001
)
_NAMED = re.compile(rf"(?:{_ANY}{_DAY}|(?P<days>{'|'.join(WEEKDAYS)})s)\b(?!\s+(?:ago|before|after))")
_WEEKEND = re.compile(rf"(?:{_ANY}weekend|(?:the\s+)?weekends)\b")
_WORKDAY = re.compile(rf"(?:{_ANY})?(?:{_WORKDAYS})\b")
_HOURS = re.compile(
    r"(?:(?:in|during|at|over)\s+(?:the\s+)?)?(?P<time>morning|afternoon|evening|night)s?\b|(?P<over>overnight)\b"
)
_CLOCK = re.compile(
    r"(?P<side>before|after)\s+(?:noon|midday|(?P<hour>1[0-2]|[1-9])(?::00)?\s?(?P<half>[ap])\.?m\b\.?)(?!\w)"
)
_HALF = r"(?P<{0}>[ap])\.?m\b\.?|in\s+the\s+(?P<{1}>morning|afternoon|evening)\b"
_BETWEEN = re.compile(
    r"(?:between|from)\s+(?P<first>1?\d)(?::00)?\s?(?:(?P<begin>[ap])\.?m\b\.?)?\s+(?:and|to|until)\s+"
    rf"(?P<last>1?\d)(?::00)?\s?(?:{_HALF.format('end', 'part')})"
)
_NIGHT = (22, 23, 0, 1, 2, 3, 4, 5)


def read_recurring(text: str, position: int) -> tuple[Recurring, int] | None:
    """The recurring days or hours whose words start at `position` of the lower-case `text`, and where they end."""
    if m := _NAMED.match(text, position):
        name = m["days"] or m["day"]
        return _weekdays(next(i for i, day in enumerate(WEEKDAYS) if day.startswith(name))), m.end()
    if m := _WEEKEND.match(text, position):
        return _weekdays(5, 6), m.end()
    if m := _WORKDAY.match(text, position):
        return _weekdays(0, 1, 2, 3, 4), m.end()
    if m := _HOURS.match(text, position):
        hours = _NIGHT if m["over"] or m["time"] == "night" else tuple(range(*TIME_OF_DAY[m["time"]]))
        return Recurring("created_at", "hour", hours), m.end()
    if m := _CLOCK.match(text, position):
        hour = int(m["hour"]) % 12 + (12 if m["half"] == "p" else 0) if m["hour"] else 12
        return Recurring(
            "created_at", "hour", tuple(range(hour) if m["side"] == "before" else range(hour, 24))
        ), m.end()
    if m := _BETWEEN.match(text, position):
        last = _hour(m["last"], m["end"] or ("a" if m["part"] == "morning" else "p"))
        afternoon = _hour(m["first"], "p")
        first = _hour(m["first"], m["begin"] or ("p" if afternoon < last else "a"))
        return Recurring("created_at", "hour", tuple(range(first, last))), m.end()
    return None


def _hour(text: str, half: str) -> int:
    return int(text) % 12 + (12 if half == "p" else 0)


def _weekdays(*days: int) -> Recurring:
    return Recurring("created_at", "weekday", days)
