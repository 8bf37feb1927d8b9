"""Days and hours that come again: "on Mondays", "at weekends", "in the evening", "between 9 and 11 am", "at 10:00"."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.days import WEEKDAYS, Recurring
from diffusionlab.search.words.calendar_words import CLAUSE, ONE_DAY, PLURALS, TIME_OF_DAY, weekday_number

_DAY = r"(?P<day>mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|r|ur)?(?:day)?"
_ANY = r"(?:an?|any|every|each|some)\s+"
_WORKDAYS = (
    r"(?:weekday|workday|work\s+day|working\s+day|business\s+day)s?|mon(?:day)?s?\s*(?:to|through|-|–)\s*fri(?:day)?s?"  # noqa: RUF001
)
_NAMED = re.compile(rf"(?:{_ANY}{_DAY}|(?P<days>{'|'.join(WEEKDAYS)})s)\b(?!\s+(?:ago|before|after))")
_DAY_NAME = _DAY.replace("?P<day>", "?:")
_OF_RUNS = re.compile(
    rf"(?:(?:of|from|for)\s+)?(?:the\s+)?(?P<days>{_DAY_NAME}(?:\s*(?:,|and|or|&|/)\s*{_DAY_NAME})*|weekend)"
    rf"(?=(?:\s+(?!(?:{'|'.join(CLAUSE.split())})\b)[a-z][\w-]*){{0,2}}\s+{PLURALS})"
)
_ONE_DAY = re.compile(rf"\b(?:{'|'.join(ONE_DAY.split())})\s+(?:the\s+)?$")
_WEEKEND = re.compile(rf"(?:{_ANY}weekend|(?:the\s+)?weekends)\b")
_WORKDAY = re.compile(rf"(?!each)(?:{_ANY})?(?:{_WORKDAYS})\b(?<!each weekday)")
_HOURS = re.compile(
    r"(?:(?:in|during|at|over)\s+(?:the\s+)?)?(?P<time>morning|afternoon|evening|night)s?\b|(?P<over>overnight)\b"
)
_CLOCK = re.compile(
    r"(?P<side>before|after)\s+(?:noon|midday|(?P<hour>1[0-2]|[1-9])(?::00)?\s?(?P<half>[ap])\.?m\b\.?)(?!\w)"
)
_AT = re.compile(
    r"(?:at|around)\s+(?:(?P<noon>noon|midday)|(?P<midnight>midnight)|"
    r"(?P<hour>1[0-2]|[1-9])(?::00)?\s?(?P<half>[ap])\.?m\b\.?|(?P<full>[01]?\d|2[0-3]):00)(?![\w:])"
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
        return _weekdays(weekday_number(m["days"] or m["day"])), m.end()
    if (m := _OF_RUNS.match(text, position)) and not _ONE_DAY.search(text[:position]):
        days = {weekday_number(word) for word in re.findall(rf"\b{_DAY_NAME}\b", m["days"])}
        return _weekdays(*(sorted(days) or (5, 6))), m.end()  # "the Monday runs", "weekend runs"
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
    if m := _AT.match(text, position):  # "at 10 am", "at 22:00": in that hour
        hour = 12 if m["noon"] else 0 if m["midnight"] else int(m["full"]) if m["full"] else _hour(m["hour"], m["half"])
        return Recurring("created_at", "hour", (hour,)), m.end()
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
