"""A question while it is cut into items: its tokens, what is known, and the items read so far."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from diffusionlab.search.read.items import Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.tokens import Token, tokenize


class Scan:
    """A rule gets it with a place among the tokens and returns the place after what it has read, or 0."""

    def __init__(self, raw: str, known: Known, now: datetime) -> None:
        self.raw, self.known, self.now = raw, known, now
        self.text = raw.lower()  # as long as `raw`
        self.tokens: list[Token] = tokenize(raw, known.is_run)
        self.items: list[Item] = []
        self.notes: list[str] = []

    def word(self, i: int) -> str:
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def words(self, first: int, after: int) -> str:
        """What was typed from token `first` up to `after`."""
        return self.raw[self.tokens[first].start : self.tokens[after - 1].end]

    def add(self, kind: str, payload: Any, first: int, after: int) -> int:
        start, end = self.tokens[first].start, self.tokens[after - 1].end
        self.items.append(Item(kind, payload, self.raw[start:end], start, end))
        return after

    def is_last(self, *kinds: str) -> bool:
        return bool(self.items) and self.items[-1].kind in kinds

    def after_comparison(self) -> bool:
        """Whether a number is due: after "below", "between" or a field."""
        for item in reversed(self.items):
            if item.kind in ("comparator", "between") or (
                item.kind == "field" and item.payload not in ("created_at", "modified_at")
            ):
                return True
            if item.kind not in ("filler", "carrier"):
                return False
        return False
