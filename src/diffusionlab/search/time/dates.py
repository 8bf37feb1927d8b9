"""When: periods, ranges, lists and "since ..." as half-open ranges of UTC time.

No date library reads "since March", "Q2 2025" or "last 3 days" reliably, and all of them find dates in
"CIFAR-10" and "2e-4"; this grammar finds a date only where words for one stand.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from diffusionlab.search.time.ages import read_age, read_span
from diffusionlab.search.time.day_ranges import read_day_range
from diffusionlab.search.time.period_words import read_period
from diffusionlab.search.time.periods import Period
from diffusionlab.search.time.when import LEAD, When, period_at
from diffusionlab.search.words.calendar_words import AMBIGUOUS

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
    for rule in (read_age, read_span, _read_between, _read_bounds, read_day_range, _read_list):
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
