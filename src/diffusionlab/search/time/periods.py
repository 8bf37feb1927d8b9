"""Spans of calendar time, and those that the words for a period stand for: half-open, in UTC, weeks from Monday.

A builder of a span gets the match of the words, now, and the year that is meant where none is said. ValueError where
there is no such day. Conventions: "last week" is the calendar week before this one while "the last week", "past week"
and "last 7 days" are counted back from now; seasons are meteorological; a month without a year is the latest one that
has begun.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from diffusionlab.search.words.calendar_words import (
    EASTER,
    FEASTS,
    ORDINALS,
    SEASONS,
    TIME_OF_DAY,
    month_number,
    number,
    weekday_number,
)

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


def span_of(start: datetime, unit: str, count: int = 1) -> Span:
    return start, shift(start, unit, count)


def part_of(span: Span, part: str | None) -> Span:
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


# -- what words for a period mean

Match = Any  # a re.Match, or its groups with some of them given


def year_of(m: re.Match[str]) -> int | None:
    found = m.groupdict()
    if found.get("year"):
        return int(found["year"])
    return 2000 + int(found["short"]) if found.get("short") else None


def latest(build: Callable[[int], Span], now: datetime, year: int | None) -> Span:
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


def day(m: Match, now: datetime, year: int | None) -> Span:
    month = month_number(m["month"])
    return latest(lambda y: span_of(datetime(y, month, int(m["day"]), tzinfo=UTC), "day"), now, year_of(m) or year)


def month(m: Match, now: datetime, year: int | None) -> Span:
    return part_of(_whole_month(m, now, year), m.groupdict().get("part"))


def _whole_month(m: Match, now: datetime, year: int | None) -> Span:
    number_of = month_number(m["month"])
    return latest(lambda y: span_of(datetime(y, number_of, 1, tzinfo=UTC), "month"), now, year_of(m) or year)


def week_of_month(m: Match, now: datetime, year: int | None) -> Span:
    """ "Second week of April" is days 8 to 14, "last week" the last seven days."""
    start, stop = _whole_month(m, now, year)
    if m["order"] in ("last", "final"):
        return shift(stop, "day", -7), stop
    return span_of(shift(start, "day", 7 * (ORDINALS[m["order"]] - 1)), "day", 7)


def edge_of_month(m: Match, now: datetime, year: int | None) -> Span:
    """The first two weeks of April, the last day of May."""
    return _edge(m, _whole_month(m, now, year))


def edge_of_year(m: Match, now: datetime, year: int | None) -> Span:
    """The last quarter of 2024, the first three months of 2025."""
    return _edge(m, span_of(datetime(int(m["year"]), 1, 1, tzinfo=UTC), "year"))


def _edge(m: Match, whole: Span) -> Span:
    count, (start, stop) = number(m["count"]) if m["count"] else 1, whole
    if m["order"] == "first":
        return start, min(stop, shift(start, m["unit"], count))
    return max(start, shift(stop, m["unit"], -count)), stop


def half_a_year_ago(m: Match, now: datetime, year: int | None) -> Span:
    return span_of(floor(shift(now, "month", -6), "month"), "month")


def last_half_year(m: Match, now: datetime, year: int | None) -> Span:
    return shift(now, "month", -6), now + timedelta(seconds=1)


def iso(m: Match, now: datetime, year: int | None) -> Span:
    parts = [int(n) for n in re.findall(r"\d+", m["iso"])]
    if len(parts) == 1:  # 20250409
        parts = [parts[0] // 10_000, parts[0] // 100 % 100, parts[0] % 100]
    if len(parts) == 2:
        return span_of(datetime(parts[0], parts[1], 1, tzinfo=UTC), "month")
    if len(parts) == 3:
        return span_of(datetime(parts[0], parts[1], parts[2], tzinfo=UTC), "day")
    moment = datetime.fromisoformat(re.sub(r"\s+", "T", m["iso"].upper().replace("/", "-")))
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return span_of(moment, "minute")


def numeric_month(m: Match, now: datetime, year: int | None) -> Span:
    return span_of(datetime(int(m["year"]), int(m["month_of"]), 1, tzinfo=UTC), "month")


def numeric_day(m: Match, now: datetime, year: int | None) -> Span:
    first, second, year = int(m["a"]), int(m["b"]), int(m["year"])
    month_first = m["mark"] == "/" and first <= 12  # 4/9/2025 as in the US, 9.4.2025 as in Europe
    month, day = (first, second) if month_first else (second, first)
    found = span_of(datetime(year, month, day, tzinfo=UTC), "day")
    if month_first and found[0] > now and day <= 12:  # no run is from the future
        other = span_of(datetime(year, day, month, tzinfo=UTC), "day")
        return other if other[0] <= now else found
    return found


def relative_day(m: Match, now: datetime, year: int | None) -> Span:
    days = {"today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1, "this": 0, "last": -1}
    word = re.sub(r"\s+", " ", m["word"])
    start = shift(floor(now, "day"), "day", -2 if word.startswith("day before") else days[word])
    hours = m.groupdict().get("time") or ("night" if word == "tonight" else None)
    if not hours:
        return span_of(start, "day")
    first, last = TIME_OF_DAY[hours]
    return shift(start, "hour", first), shift(start, "hour", last)


def calendar(m: Match, now: datetime, year: int | None) -> Span:
    """This, last, next week ...; "the week before last"."""
    steps = {"this": 0, "current": 0, "the": 0, "next": 1, "before last": -2}.get(m["word"], -1)
    start = shift(floor(now, m["unit"]), m["unit"], steps)
    return part_of(span_of(start, m["unit"]), m.groupdict().get("part"))


def rolling(m: Match, now: datetime, year: int | None) -> Span:
    count = number(m["count"]) if m.groupdict().get("count") else 1
    return shift(now, m["unit"], -count), now + timedelta(seconds=1)


def ago(m: Match, now: datetime, year: int | None) -> Span:
    start = floor(shift(now, m["unit"], -number(m["count"])), m["unit"])
    return span_of(start, m["unit"])


def weekday(m: Match, now: datetime, year: int | None) -> Span:
    day = weekday_number(m["weekday"])
    back = (now.weekday() - day) % 7
    word = m.groupdict().get("word") or ""
    if word == "this":
        return span_of(shift(floor(now, "week"), "day", day), "day")
    if word == "next":
        return span_of(shift(floor(now, "week"), "day", day + 7), "day")
    if word in ("last", "previous", "past") and back == 0:
        back = 7
    return span_of(shift(floor(now, "day"), "day", -back), "day")


def feast(m: Match, now: datetime, year: int | None) -> Span:
    """Christmas Eve, Easter Monday: one day."""
    name = re.sub(r"\s+", " ", m["feast"])
    build = _easter_day(EASTER[name]) if name in EASTER else _same_day(name)
    return latest(build, now, year_of(m) or year)


def easter_weekend(m: Match, now: datetime, year: int | None) -> Span:
    """From Good Friday to Easter Monday."""
    return latest(lambda y: span_of(shift(easter(y), "day", -2), "day", 4), now, year_of(m) or year)


def _same_day(name: str) -> Callable[[int], Span]:
    month, day = next(date for feast, date in FEASTS.items() if feast.replace("'", "") == name.replace("'", ""))
    return lambda y: span_of(datetime(y, month, day, tzinfo=UTC), "day")


def _easter_day(after: int) -> Callable[[int], Span]:
    return lambda y: span_of(shift(easter(y), "day", after), "day")


def easter(year: int) -> datetime:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    days = epact + weekday - 7 * ((golden + 11 * epact + 22 * weekday) // 451) + 114
    return datetime(year, days // 31, days % 31 + 1, tzinfo=UTC)


def weekend(m: Match, now: datetime, year: int | None) -> Span:
    saturday = shift(floor(now, "week"), "day", 5)
    past = m.groupdict().get("word") in ("last", "previous", "past", "the", None) and now < saturday
    past = past or (m.groupdict().get("word") in ("last", "previous", "past"))
    return span_of(shift(saturday, "day", -7 if past else 0), "day", 2)


def quarter(m: Match, now: datetime, year: int | None) -> Span:
    quarter = int(m["q"]) if m.groupdict().get("q") else ORDINALS[m["order"]]
    build = lambda y: span_of(datetime(y, 3 * quarter - 2, 1, tzinfo=UTC), "quarter")  # noqa: E731
    return part_of(latest(build, now, year_of(m) or year), m.groupdict().get("part"))


def half(m: Match, now: datetime, year: int | None) -> Span:
    month = 1 if (m.groupdict().get("h") or m.groupdict().get("order")) in ("1", "first", "1st") else 7
    return latest(lambda y: span_of(datetime(y, month, 1, tzinfo=UTC), "month", 6), now, year_of(m) or year)


def season(m: Match, now: datetime, year: int | None) -> Span:
    """Winter 2024 starts in December 2024. "Last spring" is the latest that is over."""
    first = SEASONS[m["season"]]
    build = lambda y: span_of(datetime(y, first, 1, tzinfo=UTC), "month", 3)  # noqa: E731
    start, stop = latest(build, now, year_of(m) or year)
    if m.groupdict().get("word") in ("last", "previous") and stop > now:
        start, stop = shift(start, "year", -1), shift(stop, "year", -1)
    return part_of((start, stop), m.groupdict().get("part"))


def week_number(m: Match, now: datetime, year: int | None) -> Span:
    week = int(m["week"])
    return latest(
        lambda y: span_of(datetime.fromisocalendar(y, week, 1).replace(tzinfo=UTC), "week"), now, year_of(m) or year
    )


def year(m: Match, now: datetime, year: int | None) -> Span:
    return part_of(span_of(datetime(int(m["year"]), 1, 1, tzinfo=UTC), "year"), m.groupdict().get("part"))


def day_of_month(m: Match, now: datetime, year: int | None) -> Span:
    start = floor(now, "month")
    for back in range(13):
        month = shift(start, "month", -back)
        try:
            day = month.replace(day=int(m["day"]))
        except ValueError:
            continue
        if day <= now:
            return span_of(day, "day")
    raise ValueError(m.group())
