"""Spans of calendar time: half-open, in UTC. Weeks start on Monday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
