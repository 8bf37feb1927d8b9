"""Names of periods (a day, a month, a week, a season ...) as half-open ranges of UTC time.

`read_period` reads exactly one period at a place in the text. Ranges, lists and "since ..." are made of
periods in `dates.py`. Rules are tried in order; the first that matches wins, so longer forms come first.
Conventions: weeks start on Monday; "last week" is the calendar week before this one while "the last week",
"past week" and "last 7 days" are counted back from now; seasons are meteorological; a month without a year is
the latest one that has begun.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from diffusionlab.registry.days import WEEKDAYS

MONTH_NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}  # first month
NUMBER_WORDS = {
    word: n
    for n, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
}
NUMBER_WORDS |= {
    "a": 1,
    "an": 1,
    "couple of": 2,
    "a couple of": 2,
    "a couple": 2,
    "few": 3,
    "a few": 3,
    "several": 5,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
    "hundred": 100,
    "a hundred": 100,
    "a dozen": 12,
    "dozen": 12,
}
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}

YEAR = r"(?P<year>(?:19[7-9]|20\d)\d)(?![\d.,]?\d)"
MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"  # noqa: E501
DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:%]|[.,]\d)"
WEEKDAY = r"(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)\b\.?"  # noqa: E501
UNIT = r"(?P<unit>minute|min|hour|hr|day|week|fortnight|month|quarter|year)s?\b"
COUNT = r"(?P<count>\d{1,6}|" + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True)) + ")"
PART = r"(?P<part>early|mid|middle|late|beginning|start|end|first half|second half)(?:\s+of\s+|\s+in\s+|\s*-\s*|\s+)(?:the\s+)?"  # noqa: E501
SEASON = r"(?P<season>spring|summer|autumn|fall|winter)\b"
TIME_OF_DAY = {"morning": (5, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 24)}
AMBIGUOUS = {"may", "march", "mar", "sun", "sat", "mon", "wed", "fri", "fall", "dec", "spring"}


Match = Any  # a re.Match, or its groups with some of them given (_Words)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Period:
    """`start` <= t < `stop`; `end` is where its words end in the text; `yearless`: the year was not said."""

    start: datetime
    stop: datetime
    end: int
    yearless: bool = False
    open_start: bool = False  # counted back from now: "last 3 days"


def shift(moment: datetime, unit: str, count: int) -> datetime:
    """`moment` moved by `count` units (negative: back), clamped to the years 1..9999."""
    try:
        if unit in ("month", "quarter", "year"):
            months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
            year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
            last = (datetime(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
            return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
        key = {"min": "minutes", "hr": "hours"}.get(unit, f"{unit}s")
        return moment + (timedelta(weeks=2 * count) if unit == "fortnight" else timedelta(**{key: count}))
    except (OverflowError, ValueError):
        return datetime(1, 1, 1, tzinfo=UTC) if count < 0 else datetime(9999, 12, 31, tzinfo=UTC)


def floor(moment: datetime, unit: str) -> datetime:
    """Start of the calendar unit that holds `moment`."""
    if unit in ("minute", "min"):
        return moment.replace(second=0, microsecond=0)
    if unit in ("hour", "hr"):
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit in ("week", "fortnight"):
        return shift(day, "day", -day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def number(word: str) -> int:
    """A count as digits or as a word."""
    word = re.sub(r"\s+", " ", word)
    return int(word) if word.isdigit() else NUMBER_WORDS[word]


def month_number(word: str) -> int:
    return next(i for i, name in enumerate(MONTH_NAMES, 1) if name.startswith(word[:3]))


def _span(start: datetime, unit: str, count: int = 1) -> tuple[datetime, datetime]:
    return start, shift(start, unit, count)


def _part(span: tuple[datetime, datetime], part: str | None) -> tuple[datetime, datetime]:
    """Early, middle or late third (halves: half) of a period, cut at whole days; a month as 10, 10, rest."""
    start, stop = span
    if not part:
        return span
    days = (stop - start).days
    if 360 <= days <= 366:
        cuts = [shift(start, "month", n) for n in (4, 8, 6)]
    elif days <= 31:
        cuts = [shift(start, "day", n) for n in ((10, 20, 15) if days >= 28 else (days // 3, 2 * days // 3, days // 2))]
    else:
        cuts = [shift(start, "day", n) for n in (days // 3, 2 * days // 3, days // 2)]
    third, two_thirds, half = cuts
    return {
        "early": (start, third),
        "beginning": (start, third),
        "start": (start, third),
        "mid": (third, two_thirds),
        "middle": (third, two_thirds),
        "late": (two_thirds, stop),
        "end": (two_thirds, stop),
        "first half": (start, half),
        "second half": (half, stop),
    }[part]


def _year_of(m: re.Match[str]) -> int | None:
    found = m.groupdict()
    if found.get("year"):
        return int(found["year"])
    return 2000 + int(found["short"]) if found.get("short") else None


def _latest(build: Callable[[int], tuple[datetime, datetime]], now: datetime, year: int | None) -> Span:
    """The period of `year`, or without a year the latest one that has begun."""
    if year is not None:
        return build(year)
    for candidate in range(now.year, now.year - 9, -1):  # nine years back: the 29th of February
        try:
            if (span := build(candidate))[0] <= now:
                return span
        except ValueError:
            continue
    return build(now.year)


def _day(m: Match, now: datetime, year: int | None) -> Span:
    month = month_number(m["month"])
    return _latest(lambda y: _span(datetime(y, month, int(m["day"]), tzinfo=UTC), "day"), now, _year_of(m) or year)


def _month(m: Match, now: datetime, year: int | None) -> Span:
    month = month_number(m["month"])
    span = _latest(lambda y: _span(datetime(y, month, 1, tzinfo=UTC), "month"), now, _year_of(m) or year)
    part, order = m.groupdict().get("part"), m.groupdict().get("order")
    if order:  # "second week of April": days 8 to 14; "last week": the last seven days
        if order in ("last", "final"):
            return shift(span[1], "day", -7), span[1]
        return _span(shift(span[0], "day", 7 * (ORDINALS[order] - 1)), "day", 7)
    return _part(span, part)


def _iso(m: Match, now: datetime, year: int | None) -> Span:
    parts = [int(n) for n in re.findall(r"\d+", m["iso"])]
    if len(parts) == 2:
        return _span(datetime(parts[0], parts[1], 1, tzinfo=UTC), "month")
    if len(parts) == 3:
        return _span(datetime(parts[0], parts[1], parts[2], tzinfo=UTC), "day")
    moment = datetime.fromisoformat(re.sub(r"\s+", "T", m["iso"].upper().replace("/", "-")))
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _span(moment, "minute")


def _numeric_month(m: Match, now: datetime, year: int | None) -> Span:
    return _span(datetime(int(m["year"]), int(m["month_of"]), 1, tzinfo=UTC), "month")


def _numeric_day(m: Match, now: datetime, year: int | None) -> Span:
    first, second, year = int(m["a"]), int(m["b"]), int(m["year"])
    month_first = m["mark"] == "/" and first <= 12  # 4/9/2025 as in the US, 9.4.2025 as in Europe
    month, day = (first, second) if month_first else (second, first)
    found = _span(datetime(year, month, day, tzinfo=UTC), "day")
    if month_first and found[0] > now and day <= 12:  # no run is from the future
        other = _span(datetime(year, day, month, tzinfo=UTC), "day")
        return other if other[0] <= now else found
    return found


def _relative_day(m: Match, now: datetime, year: int | None) -> Span:
    days = {"today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1, "this": 0, "last": -1}
    word = re.sub(r"\s+", " ", m["word"])
    start = shift(floor(now, "day"), "day", -2 if word.startswith("day before") else days[word])
    hours = m.groupdict().get("time") or ("night" if word == "tonight" else None)
    if not hours:
        return _span(start, "day")
    first, last = TIME_OF_DAY[hours]
    return shift(start, "hour", first), shift(start, "hour", last)


def _calendar(m: Match, now: datetime, year: int | None) -> Span:
    """This, last, next week ...; "the week before last"."""
    steps = {"this": 0, "current": 0, "the": 0, "next": 1, "before last": -2}.get(m["word"], -1)
    start = shift(floor(now, m["unit"]), m["unit"], steps)
    return _part(_span(start, m["unit"]), m.groupdict().get("part"))


def _rolling(m: Match, now: datetime, year: int | None) -> Span:
    count = number(m["count"]) if m.groupdict().get("count") else 1
    return shift(now, m["unit"], -count), now + timedelta(seconds=1)


def _ago(m: Match, now: datetime, year: int | None) -> Span:
    start = floor(shift(now, m["unit"], -number(m["count"])), m["unit"])
    return _span(start, m["unit"])


def _weekday(m: Match, now: datetime, year: int | None) -> Span:
    day = next(i for i, name in enumerate(WEEKDAYS) if name.startswith(m["weekday"][:3]))
    back = (now.weekday() - day) % 7
    word = m.groupdict().get("word") or ""
    if word == "this":
        return _span(shift(floor(now, "week"), "day", day), "day")
    if word == "next":
        return _span(shift(floor(now, "week"), "day", day + 7), "day")
    if word in ("last", "previous", "past") and back == 0:
        back = 7
    return _span(shift(floor(now, "day"), "day", -back), "day")


def _feast(m: Match, now: datetime, year: int | None) -> Span:
    month, day = (12, 25) if m["feast"].startswith("christmas") else (12, 31) if m["feast"].endswith("eve") else (1, 1)
    return _latest(lambda y: _span(datetime(y, month, day, tzinfo=UTC), "day"), now, _year_of(m) or year)


def _weekend(m: Match, now: datetime, year: int | None) -> Span:
    saturday = shift(floor(now, "week"), "day", 5)
    past = m.groupdict().get("word") in ("last", "previous", "past", "the", None) and now < saturday
    past = past or (m.groupdict().get("word") in ("last", "previous", "past"))
    return _span(shift(saturday, "day", -7 if past else 0), "day", 2)


def _quarter(m: Match, now: datetime, year: int | None) -> Span:
    quarter = int(m["q"]) if m.groupdict().get("q") else ORDINALS[m["order"]]
    build = lambda y: _span(datetime(y, 3 * quarter - 2, 1, tzinfo=UTC), "quarter")  # noqa: E731
    return _part(_latest(build, now, _year_of(m) or year), m.groupdict().get("part"))


def _half(m: Match, now: datetime, year: int | None) -> Span:
    month = 1 if (m.groupdict().get("h") or m.groupdict().get("order")) in ("1", "first", "1st") else 7
    return _latest(lambda y: _span(datetime(y, month, 1, tzinfo=UTC), "month", 6), now, _year_of(m) or year)


def _season(m: Match, now: datetime, year: int | None) -> Span:
    """Winter 2024 starts in December 2024. "Last spring" is the latest that is over."""
    first = SEASONS[m["season"]]
    build = lambda y: _span(datetime(y, first, 1, tzinfo=UTC), "month", 3)  # noqa: E731
    start, stop = _latest(build, now, _year_of(m) or year)
    if m.groupdict().get("word") in ("last", "previous") and stop > now:
        start, stop = shift(start, "year", -1), shift(stop, "year", -1)
    return _part((start, stop), m.groupdict().get("part"))


def _week_number(m: Match, now: datetime, year: int | None) -> Span:
    week = int(m["week"])
    return _latest(
        lambda y: _span(datetime.fromisocalendar(y, week, 1).replace(tzinfo=UTC), "week"), now, _year_of(m) or year
    )


def _year(m: Match, now: datetime, year: int | None) -> Span:
    return _part(_span(datetime(int(m["year"]), 1, 1, tzinfo=UTC), "year"), m.groupdict().get("part"))


def _day_of_month(m: Match, now: datetime, year: int | None) -> Span:
    start = floor(now, "month")
    for back in range(13):
        month = shift(start, "month", -back)
        try:
            day = month.replace(day=int(m["day"]))
        except ValueError:
            continue
        if day <= now:
            return _span(day, "day")
    raise ValueError(m.group())


_AFTER_YEAR = r"(?!\s*(?:x\b|px|pixel|epoch|step|param|image|sample|batch|mb\b|gb\b|second|hour|-\d))"
_YEAR_TAIL = rf"(?:,?\s+(?:of\s+)?{YEAR}|\s*'(?P<short>\d\d)\b)?"
_ON = rf"(?:{WEEKDAY},?\s+)?"  # "Friday, 9 May"
_RULES: list[tuple[str, Callable, bool]] = [  # pattern, builder, whether it is yearless when no year was said
    (r"(?P<iso>\d{4}-\d{1,2}-\d{1,2}[t ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?)", _iso, False),
    (rf"{_ON}(?P<iso>\d{{4}}(?P<mark>[-/])\d{{1,2}}(?P=mark)\d{{1,2}})(?![\d-])", _iso, False),
    (rf"{YEAR.replace('(?![', '(?:-|/)?q(?P<q>[1-4])(?![')}", _quarter, False),
    (r"(?P<iso>(?:19|20)\d\d[-/][01]?\d)(?![\w-])", _iso, False),
    (r"(?P<year>20\d\d)[-\s]?w(?P<week>[0-5]\d)(?![\w-])", _week_number, False),
    (r"(?P<month_of>0?[1-9]|1[0-2])/(?P<year>20\d\d)(?![\w/-])", _numeric_month, False),
    (r"(?P<a>\d{1,2})(?P<mark>[./])(?P<b>\d{1,2})[./](?P<year>\d{4})\b", _numeric_day, False),
    (rf"{_ON}(?:the\s+)?{DAY}\s*(?:of\s+)?{MONTH}{_YEAR_TAIL}", _day, True),
    (
        rf"(?:the\s+)?(?P<order>first|second|third|fourth|last|final)\s+week\s+(?:of|in)\s+{MONTH}{_YEAR_TAIL}",
        _month,
        True,
    ),
    (rf"(?:the\s+)?(?:{PART})?{MONTH}\s+(?:of\s+)?{YEAR}", _month, False),
    (rf"{_ON}{MONTH}\s+(?:the\s+)?{DAY}{_YEAR_TAIL}", _day, True),
    (rf"(?:the\s+)?(?:{PART})?{MONTH}{_YEAR_TAIL}", _month, True),
    (
        r"(?:the\s+)?(?P<word>today|tonight|tomorrow|yesterday|day\s+before\s+yesterday|this|last)(?:\s+(?P<time>morning|afternoon|evening|night))\b",
        _relative_day,
        False,
    ),
    (r"(?:the\s+)?(?P<word>today|tonight|tomorrow|yesterday|day\s+before\s+yesterday)\b", _relative_day, False),
    (
        rf"(?:the\s+)?{UNIT.replace(')s?', ')')}\s+(?P<word>before\s+last)\b",
        lambda m, n, y: _calendar(_Words(m, word="before last"), n, y),
        False,
    ),
    (r"the\s+last\s+(?P<unit>hour|day|week|month|year)\b(?!\s+of\b)", _rolling, False),
    (
        rf"(?:the\s+)?(?:{PART})?(?P<word>this|current|last|previous|prior|next)\s+(?!second)(?P<unit>hour|day|week|fortnight|month|quarter|year)\b",
        _calendar,
        False,
    ),
    (rf"(?:the\s+)?(?:last|past|previous|preceding)\s+{COUNT}\s+{UNIT}", _rolling, False),
    (rf"(?:the\s+)?past\s+{UNIT}", _rolling, False),
    (rf"(?:over\s+|about\s+)?{COUNT}\s+{UNIT}\s+(?:ago|back|earlier)\b", _ago, False),
    (
        rf"{PART}(?P<word>the\s+)?(?P<unit>week|month|quarter|year)\b",
        lambda m, n, y: _calendar(_Words(m, word="this"), n, y),
        False,
    ),
    (rf"(?:(?P<word>last|this|past|previous|next)\s+)?{WEEKDAY}(?!\s*-)", _weekday, False),
    (
        rf"(?:the\s+)?(?P<feast>christmas(?:\s+day)?|new\s+year(?:'?s)?(?:\s+(?:day|eve))?)(?:\s+(?:of\s+)?{YEAR})?",
        _feast,
        True,
    ),
    (r"(?:(?P<word>last|this|past|previous|the)\s+)?weekend\b", _weekend, False),
    (rf"(?:the\s+)?(?:{PART})?q(?P<q>[1-4])\b(?:\s*(?:of\s+|/|-)?\s*{YEAR}|\s*'(?P<short>\d\d)\b)?", _quarter, True),
    (
        rf"(?:the\s+)?(?P<order>first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter\b(?:\s+(?:of\s+)?{YEAR})?",
        _quarter,
        True,
    ),
    (rf"(?:the\s+)?h(?P<h>[12])\b(?:\s*(?:of\s+|/|-)?\s*{YEAR})?", _half, True),
    (rf"(?:the\s+)?(?P<order>first|second|1st|2nd)\s+half\s+(?:of\s+)?(?:the\s+year\s+)?{YEAR}", _half, False),
    (
        rf"(?:the\s+)?(?:{PART})?(?:(?P<word>last|this|previous)\s+)?{SEASON}(?:\s+(?:of\s+)?{YEAR}(?:/\d\d)?)?",
        _season,
        True,
    ),
    (
        rf"(?:the\s+)?(?:calendar\s+week|iso\s+week|week|cw|kw)\s+(?P<week>[0-5]?\d)\b(?:\s+(?:of\s+)?{YEAR})?",
        _week_number,
        True,
    ),
    (rf"(?:the\s+)?(?:year\s+)?(?:{PART})?{YEAR}{_AFTER_YEAR}", _year, False),
    (
        r"the\s+(?P<day>[0-3]?\d)(?:st|nd|rd|th)\b(?!\s+(?:best|worst|run|model|lowest|highest|largest|smallest))",
        _day_of_month,
        False,
    ),
]
_COMPILED = [(re.compile(pattern), build, yearless) for pattern, build, yearless in _RULES]


class _Words(dict):
    """A match whose groups are partly given; only what the builders ask for."""

    def __init__(self, m: re.Match[str], **given: str):
        super().__init__(m.groupdict() | given)

    def groupdict(self) -> dict[str, Any]:
        return self


def read_period(text: str, position: int, now: datetime, year: int | None = None) -> Period | None:
    """The period that starts exactly at `position` of the lower-case `text`, or None.

    `year` is used where the text says none ("March" in "between March and May 2025").
    """
    week_of = re.compile(r"(?:the\s+)?week\s+(?:of|starting|beginning|from)\s+(?:on\s+)?").match(text, position)
    if week_of and (inner := read_period(text, week_of.end(), now, year)) and (inner.stop - inner.start).days == 1:
        return Period(*_span(floor(inner.start, "week"), "week"), end=inner.end, yearless=inner.yearless)
    for pattern, build, yearless in _COMPILED:
        m = pattern.match(text, position)
        if not m:
            continue
        try:
            start, stop = build(m, now, year)
        except (ValueError, OverflowError):  # 31 February: not a date, so its words stay words
            continue
        end = m.start() + len(m.group().rstrip(" ."))
        return Period(start, stop, end, yearless and _year_of(m) is None, build is _rolling)
    return None
