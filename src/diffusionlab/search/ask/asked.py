"""A question whose conditions are joined, while it is read what is asked of the runs, and in which order."""

from __future__ import annotations

from diffusionlab.registry.record.columns import MEASURES
from diffusionlab.search.query.query import Figure, Order
from diffusionlab.search.read.items import Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.tokens import Number

MOST_RUNS = 100_000  # a larger number counts no runs


class Asked:
    """The items, which of them are used up, and what was read of them."""

    def __init__(self, text: str, items: list[Item], known: Known, notes: list[str]) -> None:
        self.text = text.lower()
        self.items, self.known, self.notes = items, known, notes
        self.used: set[int] = set()
        self.passed: list[Item] = []  # words that conditions have stepped over
        self.order: Order | None = None
        self.limit: int | None = None
        self.like: str | None = None
        self.compare = False
        self.better: tuple[bool, str | None] | None = None  # (the first is better?, by which column)
        self.facts: tuple[str, ...] = ()
        self.pictures = False
        self.most = False  # "are most", rather than "are all"
        self.figure: Figure | None = None
        self.show: list[str] = []

    def kind(self, i: int) -> str:
        return self.items[i].kind if 0 <= i < len(self.items) and i not in self.used else ""

    def skip(self, i: int, kinds: tuple[str, ...], most: int = 4, step: int = 1) -> int:
        """The index after at most `most` items of these kinds from i, used ones too."""
        end = i
        while 0 <= end < len(self.items) and abs(end - i) < most and self.items[end].kind in kinds:
            end += step
        return end

    def words(self, i: int) -> str:
        return self.items[i].words.lower() if 0 <= i < len(self.items) else ""

    def counts(self, i: int) -> bool:
        """Whether the item at i is a number that may count runs."""
        if self.kind(i) != "number":
            return False
        number: Number = self.items[i].payload
        whole = number.value == int(number.value) and "." not in number.typed
        return number.column is None and whole and 1 <= number.value <= MOST_RUNS

    def count(self, i: int) -> int:
        """The number at i, which is used up by that."""
        self.used.add(i)
        return int(self.items[i].payload.value)

    @property
    def primary(self) -> str:
        """The measure that "best" means where none is named."""
        return next((measure for measure in MEASURES if self.known.has(measure)), MEASURES[0])
