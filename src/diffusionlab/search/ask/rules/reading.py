"""The items of a question while they are joined to conditions: what a rule may look at and what it gives out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diffusionlab.registry.filters.filter import Filter
from diffusionlab.registry.record.columns import MEASURES, kind_of, lower_is_better
from diffusionlab.search.read.items import Condition, Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.special_filters import PREFIXES
from diffusionlab.search.words.asking_words import YES_NO
from diffusionlab.search.words.english import is_harmless

_SETTINGS = ("lr", "batch_size", "epochs", "num_parameters", "image_size", "seed")
NUMERIC = ("int", "float")
_LOOKED_AT = {
    *("another", "other", "than", "as", "without", "small", "tiny", "large", "big"),
    *("day", "days", "week", "month", "year", "true", "false", "yes", "no", "on", "off"),
}
"""Weighty words by which some rule tells its case."""
SOFT = ("filler", "carrier", "noun")  # items that a phrase may step over


def is_numeric(column: str) -> bool:
    return kind_of(column) in NUMERIC


def is_setting(column: str) -> bool:
    """Whether a number is set before a run: more of it is not better, and "the best lr" is that of the best run."""
    return column.startswith(PREFIXES) or column in _SETTINGS


def directed(operator: str, column: str) -> str:
    """The operator on the column that "better than" (`best`) and "or worse" (`worst=`) mean; others as they are."""
    word = operator.removesuffix("=")
    if word not in ("best", "worst"):
        return operator
    return ("<" if lower_is_better(column) == (word == "best") else ">") + operator.removeprefix(word)


def _is_passed(item: Item) -> bool:
    words = item.words.lower()
    if item.kind != "filler" or words in _LOOKED_AT or not any(c.isalnum() or c == "%" for c in words):
        return False
    return not is_harmless(words)


class Items:
    """The items of a question, and the places of those that are used up."""

    def __init__(self, items: list[Item], known: Known, notes: list[str]) -> None:
        self.items, self.known, self.notes = items, known, notes
        self.used: set[int] = set()

    def kind(self, i: int) -> str:
        return self.items[i].kind if 0 <= i < len(self.items) and i not in self.used else ""

    def words(self, i: int) -> str:
        return self.items[i].words.lower() if 0 <= i < len(self.items) else ""

    def skip(self, i: int, most: int = 3, kinds: tuple[str, ...] = SOFT, step: int = 1) -> int:
        """The index after at most `most` items of these kinds from i, used ones too."""
        end = i
        while 0 <= end < len(self.items) and abs(end - i) < most and self.items[end].kind in kinds:
            end += step
        return end


class Reading(Items):
    """The items that are read and those that were made of them. A rule gets it with a place among the items and
    returns the place after what it has read, or 0."""

    def __init__(self, items: list[Item], known: Known) -> None:
        super().__init__(items, known, [])
        self.out: list[Item] = []
        self.field: str | None = None  # the number column that was last spoken of
        self.passed: list[Item] = []  # words inside of a condition that no rule looks at, and that are not harmless
        self.better: tuple[bool, str | None] | None = None  # "is A better than B", by which column
        self.beside: tuple[str, str | None] | None = None  # "do A have fewer epochs than B": (operator, column)
        self.against: Mapping[str, Any] | None = None  # what is known of the run that was last compared with
        self.neighbour: bool | None = None  # the run just after (True) or before (False) one that is named

    def whether(self, i: int) -> bool:
        """Whether the question up to i begins with a verb, or does so after a comma: "on MNIST, is Adam better"."""
        begins = (k for k in range(i) if k == 0 or self.kind(k - 1) == "break")
        return any(self.words(k).split(" ")[0] in YES_NO for k in begins)

    def facts(self, run: int) -> dict[str, Any] | None:
        """What is known of the run at an item; None, and a note, where there is no such run."""
        run_id = self.items[run].payload[0]
        row = self.known.facts(run_id)
        if not row:
            self.notes.append(f"there is no run {run_id} to compare with")
        return row or None

    def chunk(self, i: int) -> tuple[str, int]:
        """The words from item i on that no blank parts, and the index after them."""
        end = i + 1
        while end < len(self.items) and self.items[end].start == self.items[end - 1].end:
            end += 1
        return "".join(item.words for item in self.items[i:end]), end

    def looked_at(self, first: int, after: int) -> int:
        """Take back what was passed among the items from `first` up to `after`: the rule has read all of them."""
        inside = range(self.items[first].start, self.items[after - 1].end)
        self.passed = [item for item in self.passed if item.start not in inside]
        return after

    def emit(self, first: int, after: int, category: str, condition: Filter, single: bool = False) -> int:
        """Give out one condition for the items from `first` up to `after`."""
        words = " ".join(item.words for item in self.items[first:after])
        self.passed += [item for item in self.items[first:after] if _is_passed(item)]
        item = self.items[first]
        made = Condition(category, condition, single, words)
        self.out.append(Item("condition", made, words, item.start, self.items[after - 1].end))
        return after

    def versus(self, i: int, operator: str = "", column: str | None = None) -> int:
        """Give out the item at i as a comparing word, `operator` being what it asks of the first side."""
        if operator:
            lower = lower_is_better(column or MEASURES[0])
            better = {"best": True, "worst": False, "<": lower, ">": not lower}.get(operator.removesuffix("="), True)
            self.better = better, column
        item = self.items[i]
        self.out.append(Item("connector", "vs", item.words, item.start, item.end))
        return i + 1
