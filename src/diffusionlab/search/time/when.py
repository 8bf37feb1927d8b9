"""What a date expression says, and the one period that stands at a place in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from diffusionlab.search.time.period_words import read_period
from diffusionlab.search.time.periods import Period
from diffusionlab.search.words.calendar_words import AMBIGUOUS

Range = tuple[datetime | None, datetime | None]  # start <= t < stop; None: open
LEAD = re.compile(
    r"(?:(?:in|on|at|during|from|of|for|within|over|around|dated|throughout)\s+)*(?:the\s+(?=(?:week|month|year|day|weekend|beginning|end|start|middle|first|second|third|fourth|\d))|year\s+)?"
)
_TEMPORAL = {
    "in",
    "since",
    "until",
    "till",
    "before",
    "after",
    "during",
    "of",
    "from",
    "through",
    "between",
    "by",
    "last",
    "this",
    "early",
    "mid",
    "late",
    "on",
    "starting",
    "modified",
    "updated",
    "created",
    "throughout",
}
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


def _meant_as_date(text: str, position: int, raw: str) -> bool:
    """Whether an ambiguous word ("may", "march", "sun", "fall") stands for a date here."""
    before = re.findall(r"[\w']+", text[:position])[-1:]
    if before and before[0] in _TEMPORAL:
        return True
    if _FIRST.match(text, position):
        return True
    capital = raw[position : position + 1].isupper() and not raw.isupper()
    return capital and bool(before)
