"""Words for one period: a day, a month, a week, a season ...

`read_period` reads exactly one period at a place in the text, `period_at` one that is surely meant as a date. Ranges,
lists and "since ..." are made of periods in `dates.py`. Rules are tried in order; the first that matches wins, so
longer forms come first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from diffusionlab.search.time import periods as means
from diffusionlab.search.time.periods import Period, floor, span_of
from diffusionlab.search.words.calendar_words import (
    AMBIGUOUS,
    BEFORE_DATES,
    COUNT,
    DAY,
    FEAST,
    MONTH,
    MONTH_NAMES,
    PART,
    SEASON,
    UNIT,
    WEEKDAY,
    YEAR,
)

_AFTER_YEAR = r"(?!\s*(?:x\b|px|pixel|epoch|step|param|image|sample|batch|mb\b|gb\b|second|hour|-\d(?!\d{3}\b)))"
_YEAR_TAIL = rf"(?:,?\s+(?:of\s+)?{YEAR}|\s*'(?P<short>\d\d)\b)?"
_ON = rf"(?:{WEEKDAY},?\s+)?"  # "Friday, 9 May"
_EDGE = rf"(?P<order>first|last|final)\s+(?:{COUNT}\s+)?{UNIT}"


def _weeks(m: re.Match, now: datetime, year: int | None) -> means.Span:
    """From one calendar week to another of the same year: "weeks 10 to 12"."""
    if int(m["last"]) < int(m["week"]):
        raise ValueError(m.group())
    first = means.week_number(m, now, year)
    weeks = int(m["last"]) - int(m["week"])
    return first[0], means.shift(first[1], "week", weeks)


_RULES: list[tuple[str, Callable, bool]] = [  # pattern, builder, whether it is yearless when no year was said
    (r"(?P<iso>\d{4}-\d{1,2}-\d{1,2}[t ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?)", means.iso, False),
    (rf"{_ON}(?P<iso>\d{{4}}(?P<mark>[-/])\d{{1,2}}(?P=mark)\d{{1,2}})(?![\d-])", means.iso, False),
    (rf"{YEAR.replace('(?![', '(?:-|/)?q(?P<q>[1-4])(?![')}", means.quarter, False),
    (r"(?P<iso>(?:19|20)\d\d[-/][01]?\d)(?![\w-])", means.iso, False),
    (r"(?P<iso>(?<![\w.-])20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?![\w-]|\.\w)", means.iso, False),
    (
        r"(?:(?:the\s+)?(?:iso\s+)?(?:calendar\s+)?week\s+)?(?P<year>20\d\d)[-\s]?w(?P<week>[0-5]\d)(?![\w-])",
        means.week_number,
        False,
    ),
    (r"(?P<month_of>0?[1-9]|1[0-2])/(?P<year>20\d\d)(?![\w/-])", means.numeric_month, False),
    (r"(?P<a>\d{1,2})(?P<mark>[./])(?P<b>\d{1,2})[./](?P<year>\d{4})\b", means.numeric_day, False),
    (rf"{_ON}(?:the\s+)?{DAY}\s*(?:of\s+)?{MONTH}{_YEAR_TAIL}", means.day, True),
    (
        rf"(?:the\s+)?(?P<order>first|second|third|fourth|last|final)\s+week\s+(?:of|in)\s+{MONTH}{_YEAR_TAIL}",
        means.week_of_month,
        True,
    ),
    (
        rf"(?:the\s+)?{_EDGE}\s+(?:of|in)\s+{MONTH}{_YEAR_TAIL}",
        means.edge_of_month,
        True,
    ),
    (rf"(?:the\s+)?{_EDGE}\s+(?:of|in)\s+{YEAR}", means.edge_of_year, False),
    (rf"{YEAR}(?:'s)?\s+{_EDGE}(?!\s+(?:of|in)\b)", means.edge_of_year, False),  # "2025 last quarter"
    (rf"{YEAR}(?:'s)?\s+(?P<order>first|second|1st|2nd)\s+half\b(?!\s+(?:of|in)\b)", means.half, False),
    (r"half\s+a\s+year\s+(?:ago|back)\b", means.half_a_year_ago, False),
    (r"(?:the\s+)?(?:last|past|previous)\s+half(?:\s+a)?\s+year\b", means.last_half_year, False),
    (rf"(?:the\s+)?(?:{PART})?{MONTH}\s+(?:of\s+)?{YEAR}", means.month, False),
    (rf"{_ON}{MONTH}\s+(?:the\s+)?{DAY}{_YEAR_TAIL}", means.day, True),
    (rf"(?:the\s+)?(?:{PART})?{MONTH}{_YEAR_TAIL}", means.month, True),
    (
        r"(?:the\s+)?(?P<word>today|tonight|tomorrow|yesterday|day\s+before\s+yesterday|this|last)(?:\s+(?P<time>morning|afternoon|evening|night))\b",
        means.relative_day,
        False,
    ),
    (
        r"(?:the\s+|earlier\s+(?=today))?(?P<word>today|tonight|tomorrow|yesterday|day\s+before\s+yesterday)\b",
        means.relative_day,
        False,
    ),
    (
        rf"(?:the\s+)?{UNIT.replace(')s?', ')')}\s+(?P<word>before\s+last)\b",
        lambda m, n, y: means.calendar(_Words(m, word="before last"), n, y),
        False,
    ),
    (r"the\s+last\s+(?P<unit>hour|day|week|fortnight|month|year)\b(?!\s+of\b)", means.rolling, False),
    (
        rf"(?:the\s+)?(?:earlier\s+(?=this\b)|{PART})?(?P<word>this|current|last|previous|prior|next)\s+(?!second)(?P<unit>hour|day|week|fortnight|month|quarter|year)\b",
        means.calendar,
        False,
    ),
    (rf"(?:the\s+)?(?:last|past|previous|preceding)\s+{COUNT}\s+{UNIT}", means.rolling, False),
    (rf"(?:the\s+)?past\s+{UNIT}", means.rolling, False),
    (rf"(?:over\s+|about\s+)?{COUNT}\s+{UNIT}\s+(?:ago|back|earlier)\b", means.ago, False),
    (
        rf"{PART}(?P<word>the\s+)?(?P<unit>week|month|quarter|year)\b",
        lambda m, n, y: means.calendar(_Words(m, word="this"), n, y),
        False,
    ),
    (rf"(?:(?P<word>last|this|past|previous|next)\s+)?{WEEKDAY}(?!\s*-)", means.weekday, False),
    (
        rf"(?:the\s+)?easter\s+weekend\b(?:\s+(?:of\s+)?{YEAR})?",
        means.easter_weekend,
        True,
    ),
    (
        rf"(?:the\s+)?{FEAST}(?:\s+(?:of\s+)?{YEAR})?",
        means.feast,
        True,
    ),
    (r"(?:(?P<word>last|this|past|previous|the)\s+)?weekend\b", means.weekend, False),
    (
        rf"(?:the\s+)?(?:{PART})?q(?P<q>[1-4])\b(?:\s*(?:of\s+|/|-)?\s*{YEAR}|\s*'(?P<short>\d\d)\b)?",
        means.quarter,
        True,
    ),
    (
        rf"(?:the\s+)?(?P<order>first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter\b(?:\s+(?:of\s+)?{YEAR})?",
        means.quarter,
        True,
    ),
    (rf"(?:the\s+)?h(?P<h>[12])\b(?:\s*(?:of\s+|/|-)?\s*{YEAR})?", means.half, True),
    (rf"(?:the\s+)?(?P<order>first|second|1st|2nd)\s+half\s+(?:of\s+)?(?:the\s+year\s+)?{YEAR}", means.half, False),
    (
        rf"(?:the\s+)?(?:{PART})?(?:(?P<word>last|this|previous)\s+)?{SEASON}(?:\s+(?:of\s+)?{YEAR}(?:/\d\d)?)?",
        means.season,
        True,
    ),
    (
        rf"(?:the\s+)?(?:calendar\s+|iso\s+)?weeks\s+(?P<week>[0-5]?\d)\s*(?:to|through|until|-|–)\s*(?P<last>[0-5]?\d)\b"  # noqa: RUF001
        rf"(?:\s+(?:of\s+|in\s+)?{YEAR})?",
        _weeks,
        True,
    ),
    (
        rf"(?:the\s+)?(?:calendar\s+week|iso\s+week|week|cw|kw)\s+(?P<week>[0-5]?\d)\b(?:\s+(?:of\s+)?{YEAR})?",
        means.week_number,
        True,
    ),
    (rf"(?:the\s+)?(?:year\s+)?(?:{PART})?{YEAR}{_AFTER_YEAR}", means.year, False),
    (
        r"the\s+(?P<day>[0-3]?\d)(?:st|nd|rd|th)\b(?!\s+(?:best|worst|run|model|lowest|highest|largest|smallest))",
        means.day_of_month,
        False,
    ),
    (  # "on the 9th", where nothing follows of which it could be the ninth
        r"(?<=\bthe\s)(?P<day>[0-3]?\d)(?:st|nd|rd|th)\b(?=\s*(?:[?.!,;]|$)|\s+(?:with|using|that|which|did|have|in\s+the)\b)",
        means.day_of_month,
        False,
    ),
]
YEAR_FIRST = re.compile(rf"{YEAR}(?:'s)?,?\s+(?!and\b|or\b)")  # "2025 May", "2025's first quarter"
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
        return Period(*span_of(floor(inner.start, "week"), "week"), end=inner.end, yearless=inner.yearless)
    led = YEAR_FIRST.match(text, position)
    if led and (inner := read_period(text, led.end(), now, int(led["year"]))) and inner.yearless:
        return Period(inner.start, inner.stop, inner.end)
    for pattern, build, yearless in _COMPILED:
        m = pattern.match(text, position)
        if not m:
            continue
        try:
            start, stop = build(m, now, year)
        except (ValueError, OverflowError):  # 31 February: not a date, so its words stay words
            continue
        end = m.start() + len(m.group().rstrip(" ."))
        return Period(start, stop, end, yearless and means.year_of(m) is None, build is means.rolling)
    return None


# -- periods that are meant

Range = tuple[datetime | None, datetime | None]  # start <= t < stop; None: open
LEAD = re.compile(
    r"(?:(?:in|on|at|during|from|of|for|within|over|around|dated|throughout)\s+)*(?:the\s+(?=(?:week|month|year|day|weekend|beginning|end|start|middle|first|second|third|fourth|\d))|year\s+)?"
)
_FIRST = re.compile(
    r"(?:may|march|mar|spring|fall)\s+(?:runs?|models?|experiments?|trainings?|results?|u-?nets?|dits?|cnns?|mlps?"
    r"|transformers?|\d|'\d)"
)


@dataclass(frozen=True)
class When:
    """What a date expression says: the union of `ranges`; `end` is where its words end in the text."""

    ranges: tuple[Range, ...]
    end: int


def period_at(
    text: str, position: int, now: datetime, raw: str, year: int | None = None, nested: bool = False
) -> Period | None:
    found = read_period(text, position, now, year)
    if found is None:
        return None
    words = text[position : found.end]
    if words in AMBIGUOUS and not nested and not _meant_as_date(text, position, raw):
        return None
    plain_year = re.fullmatch(r"\d{4}", words)
    if plain_year and not 2000 <= int(words) <= now.year + 1:
        return None
    return found


_MONTHS = "|".join(MONTH_NAMES)
_BEFORE_MONTH = re.compile(rf"(?:may|march)\s*(?:,|and|or|&|to|-|\s)\s*(?:{_MONTHS})\b")
_BEHIND_MONTH = re.compile(rf"\b(?:{_MONTHS})\s*(?:,|and|or|&)\s*$")
_BEGGING = re.compile(r"(?:may|march)\s+(?:i|we|you|one|they|be|not|the|of)\b")


def _beside_month(text: str, position: int) -> bool:
    """ "May and June", "may, june"; "April and may", "april or may"."""
    return bool(_BEFORE_MONTH.match(text, position) or _BEHIND_MONTH.search(text[:position]))


def _meant_as_date(text: str, position: int, raw: str) -> bool:
    """Whether an ambiguous word ("may", "march", "sun", "fall") stands for a date here."""
    before = re.findall(r"[\w']+", text[:position])[-1:]
    if before and (before[0] in BEFORE_DATES.split() or re.fullmatch(YEAR, before[0])):
        return True
    if _FIRST.match(text, position) or _beside_month(text, position):
        return True
    if not text[:position].strip() and not _BEGGING.match(text, position):  # "may runs", but "may I see the runs"
        return text.startswith(("may ", "march "), position)
    capital = raw[position : position + 1].isupper() and not raw.isupper()
    return capital and bool(before)
