"""Days of one month: "3 to 10 April", "April 9 and 12"."""

from __future__ import annotations

import re
from datetime import datetime

from diffusionlab.search.time.periods import shift
from diffusionlab.search.time.when import LEAD, When, period_at

_DAYS = re.compile(
    r"(?P<a>[0-3]?\d)(?:st|nd|rd|th)?(?P<mark>\s*(?:-|–|to|through|until|and|,)\s*)(?=(?:the\s+)?[0-3]?\d(?:st|nd|rd|th)?\s*(?:of\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"  # noqa: RUF001
)
_MORE_DAYS = re.compile(
    r"(?P<mark>\s*(?:-|–|to|through|until)\s*|\s+and\s+|\s*,\s*(?:and\s+)?)(?:the\s+)?(?P<b>[0-3]?\d)(?:st|nd|rd|th)?(?![\w:.%]|\s*(?:epoch|px|pixel|best|x\b|k\b|m\b))(?:,?\s+(?P<year>20\d\d)\b)?"  # noqa: RUF001
)


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
