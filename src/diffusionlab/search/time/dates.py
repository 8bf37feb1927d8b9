"""When: periods, ranges, ages and "since ..." as half-open ranges of UTC time, and days that come again.

No date library reads "since March", "Q2 2025" or "last 3 days" reliably, and all of them find dates in
"CIFAR-10" and "2e-4"; this grammar finds a date only where words for one stand.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from diffusionlab.search.time.period_words import LEAD, YEAR_FIRST, Range, When, period_at, read_period
from diffusionlab.search.time.periods import Period, floor, shift
from diffusionlab.search.words.calendar_words import (
    AMBIGUOUS,
    COUNT,
    UNIT,
    YEAR,
    number,
)

_SINCE = re.compile(
    r"(?:ever\s+)?(?:since|starting(?:\s+(?:from|in|on|with))?|as\s+of|not\s+(?:before|earlier\s+than|prior\s+to)|no\s+earlier\s+than|on\s+or\s+after|from(?=\s+.{3,40}?\s(?:on(?!\s+\w)|onwards?)\b))\s+"
)
_AFTER = re.compile(r"(?:after|later\s+than|newer\s+than|more\s+recent(?:ly)?\s+than|younger\s+than|following)\s+")
_BEFORE = re.compile(r"(?:before|prior\s+to|earlier\s+than|older\s+than)\s+")
_UNTIL = re.compile(
    r"(?:until|till|up\s+to\s+and\s+including|up\s+(?:to|until)|no\s+later\s+than|not\s+(?:after|later\s+than)|through|thru|by(?:\s+the\s+end\s+of)?|on\s+or\s+before|to)\s+(?:the\s+end\s+of\s+)?"
)
_TO = re.compile(
    r"\s*(?:,?\s+(?:to|until|till|through|thru|up\s+to|and\s+(?:until|before|ending))\s+|\s+[-–—]\s+|[–—]|\.\.+|\s?-\s?)(?:the\s+)?(?:end\s+of\s+(?=the|\w+\s+\d{4}|[a-z]+))?"  # noqa: RUF001
)
_LIST = re.compile(
    r"(?:\s*,\s*(?:and|or)?\s*|\s+(?:and|or|&)\s+|\s*[/&]\s*)(?:in\s+|on\s+|from\s+|during\s+)?(?:the\s+)?"
)
_OF_YEAR = re.compile(r"\s+(?:of\s+|in\s+)?(?P<word>this|last|previous)\s+year\b")
_NOW = re.compile(r"(?:right\s+)?(?:now|today|date|the\s+present|present)\b")
_OR_BEYOND = re.compile(
    r"\s+(?:or|and)\s+(?:(?P<later>later|newer|after(?:wards?)?|since(?:\s+then)?|onwards?|younger|more\s+recent)"
    r"|earlier|older|before)\b(?!\s+(?:than|the|run|\w*\d|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|on|in|last|this))"
)


def read_when(text: str, position: int, now: datetime, raw: str | None = None) -> When | None:
    """The date expression that starts at `position` of the lower-case `text`, or None.

    `raw` is the text with its capitals: they tell the month May from the verb.
    """
    for rule in (
        _read_year_first,
        _read_dotted,
        read_age,
        read_span,
        _read_between,
        _read_bounds,
        read_day_range,
        _read_list,
    ):
        found = rule(text, position, now, raw or text)
        if found:
            return _opened(found, text)
    return None


def _opened(found: When, text: str) -> When:
    """ "April 2025 or later", "half a year ago or older": a period that goes on."""
    m = _OR_BEYOND.match(text, found.end)
    if not m or len(found.ranges) != 1 or None in found.ranges[0]:
        return found
    start, stop = found.ranges[0]
    return When(((start, None) if m["later"] else (None, stop),), m.end())


def _read_year_first(text: str, position: int, now: datetime, raw: str) -> When | None:
    """ "2025 May", "in 2025 between March and May": the year counts for what follows, where no other is said."""
    lead = LEAD.match(text, position)
    m = YEAR_FIRST.match(text, lead.end() if lead else position)
    if not m or not 2000 <= (year := int(m["year"])) <= now.year + 1:
        return None
    first, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = read_when(text, m.end(), last - timedelta(seconds=1), raw)  # the latest May that has begun by then
    if not found or not _is_yearless(text[m.end() : found.end], now):
        return None
    return When(tuple((start or first, stop or last) for start, stop in found.ranges), found.end)


def in_year(words: str, year: int) -> tuple[Range, ...]:
    """The ranges of a date without a year ("in may") in a year that is said elsewhere; none of any other date."""
    text = f"{year} {words}"
    found = _read_year_first(text, 0, datetime(year, 12, 31, tzinfo=UTC), text)
    return found.ranges if found and found.end == len(text) else ()


def _is_yearless(words: str, now: datetime) -> bool:
    """Whether a period among the words could be of any year, and none says of which: "march or april"."""
    periods = [read_period(words, m.start(), now) for m in re.finditer(r"\b\w", words)]
    return any(p and p.yearless for p in periods) and not re.search(rf"\b{YEAR}|'\d\d\b", words)


def _read_between(text: str, position: int, now: datetime, raw: str) -> When | None:
    m = re.compile(r"between\s+(?:the\s+)?").match(text, position)
    if not m:
        return None
    if days := read_day_range(text, m.end(), now, raw):
        return days
    first = period_at(text, m.end(), now, raw, nested=True)
    if not first:
        return None
    mark = re.compile(r"\s+(?:and|to|-)\s+(?:the\s+)?").match(text, first.end)
    return _finish_range(text, m.end(), first, mark.end(), now, raw) if mark else None


def _finish_range(text: str, start: int, first: Period, position: int, now: datetime, raw: str) -> When | None:
    """From the start of one period to the end of another; a year said once counts for both."""
    if m := _NOW.match(text, position):
        return When(((first.start, now + timedelta(seconds=1)),), m.end())
    second = period_at(text, position, now, raw, nested=True)
    if not second:
        return None
    if second.yearless and not first.yearless:
        second = read_period(text, position, now, first.start.year) or second
        if second.start < first.start:
            second = read_period(text, position, now, first.start.year + 1) or second
    elif first.yearless:
        year = second.start.year
        first = read_period(text, start, now, year) or first
        if first.start >= second.stop:
            first = read_period(text, start, now, year - 1) or first
    return When(((first.start, second.stop),), second.end)


def _read_bounds(text: str, position: int, now: datetime, raw: str) -> When | None:
    """Since, after, before, until, by ...; a second bound may follow ("since March until May")."""
    for rule, pick in ((_SINCE, "since"), (_AFTER, "after"), (_BEFORE, "before"), (_UNTIL, "until")):
        m = rule.match(text, position)
        if not m or (pick == "until" and m.group().strip() in ("by", "to") and not _dated(text, m.end(), now)):
            continue
        lead = LEAD.match(text, m.end())
        begin = lead.end() if lead else m.end()
        if pick == "until" and (n := _NOW.match(text, begin)):
            return When(((None, now + timedelta(seconds=1)),), n.end())
        found = period_at(text, begin, now, raw, nested=True)
        if not found:
            continue
        if pick in ("since", "after"):
            end = found.end
            if tail := re.compile(r"\s+(?:on|onwards?)\b").match(text, end):
                end = tail.end()
            stop = _second_bound(text, end, now, raw)
            if stop and stop.ranges[0][1]:
                again = found
                if found.yearless:  # "since November until February": the November before that February
                    again = read_period(text, begin, stop.ranges[0][1] - timedelta(days=1)) or found
                return When(((again.start if pick == "since" else again.stop, stop.ranges[0][1]),), stop.end)
            return When(((found.start if pick == "since" or found.open_start else found.stop, None),), end)
        return When(((None, found.start if pick == "before" else found.stop),), found.end)
    return None


def _dated(text: str, position: int, now: datetime) -> bool:
    """ "By" and "to" bound a date only where an unmistakable one follows."""
    found = read_period(text, position, now)
    return found is not None and text[position : found.end] not in AMBIGUOUS - {"may", "march"}


def _second_bound(text: str, position: int, now: datetime, raw: str) -> When | None:
    m = re.compile(
        r"\s*,?\s+(?:(?:and|but)\s+)?(?=until|till|before|up\s+to|to\s|through|prior|no\s+later|earlier)"
    ).match(text, position)
    return _read_bounds(text, m.end(), now, raw) if m else None


def _read_list(text: str, position: int, now: datetime, raw: str) -> When | None:
    """One period, a range of two, or a list: March; from March to May; March, April and June 2025."""
    lead = LEAD.match(text, position)
    begin = lead.end() if lead else position
    first = period_at(text, begin, now, raw)
    if not first:
        return None
    if (mark := _TO.match(text, first.end)) and (found := _finish_range(text, begin, first, mark.end(), now, raw)):
        return found
    places, periods = [begin], [first]
    while (m := _LIST.match(text, periods[-1].end)) and (
        more := period_at(text, m.end(), now, raw, nested=text[m.end() : m.end() + 3] in ("may", "mar"))
    ):
        if more.yearless and (led := YEAR_FIRST.match(text, places[-1])):  # "2024 Q3, Q4 and 2025 Q1"
            more = read_period(text, m.end(), now, int(led["year"])) or more
            more = replace(more, yearless=False)
        places.append(m.end())
        periods.append(more)
    if periods[-1].yearless and (m := _OF_YEAR.match(text, periods[-1].end)):  # "February or June last year"
        year = now.year - (m["word"] != "this")
        periods = [
            (read_period(text, at, now, year) or p) if p.yearless else p for at, p in zip(places, periods, strict=True)
        ]
        return When(tuple((p.start, p.stop) for p in periods), m.end())
    if len(periods) > 1 and not periods[-1].yearless:  # "March and April 2024": the year counts for both
        year = periods[-1].start.year
        periods = [
            (read_period(text, at, now, year) or p) if p.yearless else p for at, p in zip(places, periods, strict=True)
        ]
    return When(tuple((p.start, p.stop) for p in periods), periods[-1].end)


# -- ages, and spans beside a date

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


# -- days of one month

_DOTTED = re.compile(
    r"(?:(?:from|between)\s+)?(?P<day>[0-3]?\d)\.(?P<month>[01]?\d)\.\s*(?:to|until|till|and|-|–)\s*"  # noqa: RUF001
    r"(?P<last_day>[0-3]?\d)\.(?P<last_month>[01]?\d)\.(?P<year>20\d\d)?(?![\w.])"
)
_DAYS = re.compile(
    r"(?P<a>[0-3]?\d)(?:st|nd|rd|th)?(?P<mark>\s*(?:-|–|to|through|until|and|,)\s*)(?=(?:the\s+)?[0-3]?\d(?:st|nd|rd|th)?\s*(?:of\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"  # noqa: RUF001
)
_MORE_DAYS = re.compile(
    r"(?P<mark>\s*(?:-|–|to|through|until)\s*|\s+and\s+|\s*,\s*(?:and\s+)?)(?:the\s+)?(?P<b>[0-3]?\d)(?:st|nd|rd|th)?(?![\w:.%]|\s*(?:epoch|px|pixel|best|x\b|k\b|m\b))(?:,?\s+(?P<year>20\d\d)\b)?"  # noqa: RUF001
)


def _read_dotted(text: str, position: int, now: datetime, raw: str) -> When | None:
    """28.4. to 6.5. as in Europe; a dot behind both numbers tells days from figures."""
    m = _DOTTED.match(text, position)
    if not m:
        return None
    year = int(m["year"] or now.year)
    try:
        first = datetime(year, int(m["month"]), int(m["day"]), tzinfo=UTC)
        last = datetime(year, int(m["last_month"]), int(m["last_day"]), tzinfo=UTC)
    except ValueError:
        return None
    if first > last:  # "28.12. to 6.1."
        first = shift(first, "year", -1)
    if first > now and not m["year"]:
        first, last = shift(first, "year", -1), shift(last, "year", -1)
    return When(((first, shift(last, "day", 1)),), m.end())


def read_day_range(text: str, position: int, now: datetime, raw: str) -> When | None:
    """3 to 10 April, 3-10 April 2025, April 9 and 12."""
    lead = LEAD.match(text, position)
    position = lead.end() if lead else position
    if m := _DAYS.match(text, position):
        second = period_at(text, re.compile(r"(?:the\s+)?").match(text, m.end()).end(), now, raw, nested=True)  # type: ignore[union-attr]
        if second and (second.stop - second.start).days == 1:
            try:
                first = second.start.replace(day=int(m["a"]))
            except ValueError:
                return None
            return _days(m["mark"], first, second.start, second.end, text[:position].rstrip().endswith("between"))
    found = period_at(text, position, now, raw, nested=True)
    if (
        not found
        or (found.stop - found.start).days != 1
        or not re.search(r"[a-z]{3}\.?\s+(?:the\s+)?\d", text[position : found.end])
    ):
        return None
    m = _MORE_DAYS.match(text, found.end)
    if not m:
        return None
    first = found.start.replace(year=int(m["year"])) if m["year"] else found.start
    try:
        second_day = first.replace(day=int(m["b"]))
    except ValueError:
        return None
    return _days(m["mark"], first, second_day, m.end(), text[:position].rstrip().endswith("between"))


def _days(mark: str, first: datetime, second: datetime, end: int, between: bool) -> When | None:
    if mark.strip().split(" ")[0].strip(",") in ("and", "") and not between:
        return When(((first, shift(first, "day", 1)), (second, shift(second, "day", 1))), end)
    return When(((first, shift(second, "day", 1)),), end) if first <= second else None
