"""What is asked of the runs, while it is read: the state, and the readers of its simpler parts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.filters.days import Recurring
from diffusionlab.registry.filters.filter import And, Filter, Or
from diffusionlab.registry.record.columns import MEASURES, kind_of
from diffusionlab.search.ask.rules.comparisons import END, ENDED
from diffusionlab.search.ask.rules.reading import Items, Reading
from diffusionlab.search.query.query import Figure, Order
from diffusionlab.search.read.items import Condition, Item
from diffusionlab.search.read.tokens import Number
from diffusionlab.search.time.dates import in_year
from diffusionlab.search.time.period_words import Range
from diffusionlab.search.words.asking_words import INDIRECT, NOT_SO, POLITE, YES_NO
from diffusionlab.search.words.lexicon import listed

if TYPE_CHECKING:
    from diffusionlab.search.ask.figures.whether import Subject
    from diffusionlab.search.ask.keys import Key

MOST_RUNS = 100_000  # a larger number counts no runs


_INDIRECT = "|".join(r"\s+".join(phrase.split()) for phrase in listed(INDIRECT))
_WHETHER = re.compile(rf"\s*(?:please\s+)?(?:{_INDIRECT})\s+(?:whether|if)\b")
_QUESTION = re.compile(rf"\s*(?:{_INDIRECT})\s+(?:how|when|where|which|what|who|why|whose)\b")


def beginning(phrases: Iterable[str]) -> re.Pattern[str]:
    """One of the phrases where a question begins."""
    longest_first = sorted(phrases, key=len, reverse=True)
    return begins_with("|".join(map(re.escape, longest_first)))


def begins_with(pattern: str) -> re.Pattern[str]:
    """The pattern where a question begins."""
    return re.compile(rf"\s*(?:{_INDIRECT}|and|so|ok|please|hey|,|\s)*\s*(?:{pattern})\b")


_YES_NO = beginning([*YES_NO, *NOT_SO])


def counts_runs(item: Item) -> bool:
    """Whether an item is a number that may count runs: whole, and with no unit."""
    if item.kind != "number":
        return False
    number: Number = item.payload
    whole = number.value == int(number.value) and "." not in number.typed
    return number.column is None and whole and 1 <= number.value <= MOST_RUNS


class Asked(Items):
    """The items, which of them are used up, and what was read of them."""

    def __init__(self, text: str, reading: Reading, misspelt: list[str]) -> None:
        super().__init__(reading.out, reading.known, [*misspelt, *reading.notes])
        self.text = text.lower()
        self.passed = reading.passed  # words that conditions have stepped over
        self.order = None if reading.neighbour is None else Order("created_at", not reading.neighbour, 1, ties=True)
        self.limit: int | None = None
        self.like: str | None = None
        self.compare = False
        self.better = reading.better
        self.beside = reading.beside
        self.facts: tuple[str, ...] = ()
        self.pictures = False
        self.most = False  # "are most", rather than "are all"
        self.figure: Figure | None = None
        self.cards = False  # whether the groups of a figure are graphics cards
        self.subject: Subject | None = None  # what a yes/no question about groups is about
        self.taken_of: Key | None = None  # the groups of each of which a figure is of the first: "of the best of each"
        self.show: list[str] = []

    def counts(self, i: int) -> bool:
        """Whether the item at i is a number that may count runs."""
        return self.kind(i) == "number" and counts_runs(self.items[i])

    def count(self, i: int) -> int:
        """The number at i, which is used up by that."""
        self.used.add(i)
        return int(self.items[i].payload.value)

    @cached_property
    def whether(self) -> int:
        """Where a question begins, after its verb, that yes or no answers ("is", "do I have"); 0 for any other."""
        if indirect := _WHETHER.match(self.text):  # "can you tell me whether run-019 finished"
            return indirect.end()
        m = None if _QUESTION.match(self.text) else _YES_NO.match(self.text)
        polite = m and m.group().split()[-1] in POLITE and re.match(r"\s+(?:you|we|i|u)\b", self.text[m.end() :])
        return m.end() if m and not polite else 0

    @property
    def primary(self) -> str:
        """The measure that "best" means where none is named."""
        return next((measure for measure in MEASURES if self.known.has(measure)), MEASURES[0])


# -- two sides, likeness, a number of runs, fields to show


def intent(a: Asked) -> None:
    """Whether two sides are compared."""
    if a.figure is not None and any(item.kind == "compare" for k, item in enumerate(a.items) if k in a.used):
        return
    for i, item in enumerate(a.items):
        if _is_which_better(a, i):
            a.compare = True
            a.used.add(i)
        fields = a.kind(i - 1) == a.kind(i + 1) == "field"  # "fid vs parameters": two to show
        if item.kind == "compare" and a.words(i) in _SIZES:  # "how much larger is A than B"
            a.show.append("num_parameters")
        if item.kind == "compare" or (item.kind == "connector" and item.payload == "vs" and not fields):
            a.compare = True
            a.used |= {i} if item.kind == "compare" else set()
    if a.compare:  # "compare Adam and SGD by fid"
        a.used |= {i for i, item in enumerate(a.items) if item.kind in ("by", "per") and a.kind(i + 1) == "field"}


_SIZES = ("larger", "bigger", "smaller", "heavier", "lighter")


def _is_which_better(a: Asked, i: int) -> bool:
    """The "better" of "does v or epsilon do better", "what works better, Adam or AdamW"; the "lower" of "which has the
    lower FID, Adam or AdamW"."""
    measured = a.kind(i + 1) == "field" and a.items[i + 1].payload in MEASURES
    if a.kind(i) != "comparative" or a.words(i) not in ("better", "worse", *("lower", "higher") * measured):
        return False
    joints = [a.items[k].payload for k in range(len(a.items)) if a.kind(k) == "connector"]
    joined = "or" in joints or "vs" in joints
    asked = not measured or any(item.words.lower() in ("which", "what") for item in a.items)
    asked = asked or (bool(a.whether) and "or" in joints[:1])  # "did Adam or AdamW get the lower FID"
    follows = a.kind(i + 2) if measured else a.kind(i + 1)
    return joined and asked and follows not in ("than", "field", "number")


def likeness(a: Asked) -> None:
    """Like run-020, the 5 runs most like run-020."""
    for i, item in enumerate(a.items):
        j = a.skip(i + 1, 4, ("filler", "noun", "carrier", "to", "than"))
        if item.kind != "like" or a.kind(j) != "run":
            continue
        a.like = a.items[j].payload[0]
        a.used |= {i, j, *(k for k in range(max(0, i - 3), i) if a.kind(k) == "superlative")}
        if (number := next((k for k in range(i) if a.counts(k)), None)) is not None:
            a.limit = a.count(number)
        return


def limit(a: Asked) -> None:
    """A number of runs: "3 unets", "show 10 runs"."""
    _numbers_of_exceptions(a)
    if a.figure is not None:
        return
    for i in range(len(a.items)):
        if not a.counts(i):
            continue
        noun = a.kind(a.skip(i + 1, 4, ("condition", "filler", "superlative"))) == "noun"
        if a.compare:
            a.used |= {i} if noun else set()
        elif (noun or several(a, i + 1)) and a.kind(i - 1) not in ("field", "comparator"):
            count = a.count(i)
            if a.limit is not None or (a.order is not None and a.order.count is not None and not a.order.ties):
                continue
            if a.order is not None:
                a.order = replace(a.order, count=count, ties=False)
            else:
                a.limit = count


_POINTING = ("the", "those", "these", "my", "our", "both", "all")


def _numbers_of_exceptions(a: Asked) -> None:
    """ "Except the TWO failed runs": how many there are, which limits nothing; of "all but TWO unets" it is unread."""
    for i in range(len(a.items)):
        before = a.skip(i - 1, 3, ("filler", "those"), -1)
        beside = a.kind(a.skip(i + 1, 2, ("filler",))) in ("condition", "noun", "when", "carrier")
        if not a.counts(i) or a.kind(before) != "not" or not beside:
            continue
        pointed = {a.words(i - 1), a.words(before).split()[-1]} & {*_POINTING}
        a.passed += [] if pointed else [a.items[i]]
        a.used |= {i, *(k for k in range(before + 1, i) if a.kind(k) == "those")}


def several(a: Asked, i: int) -> bool:
    """Whether a plural facet or fate stands at i for the runs themselves: "3 DiTs", "the most failures"."""
    facet = a.kind(i) == "condition" and a.items[i].payload.category == "facet" and a.words(i)[-1:] == "s"
    return facet or (a.kind(i) == "condition" and a.words(i) in ("failures", "crashes"))


def fields(a: Asked) -> None:
    """The fields that nothing was said of are those to show; groups show none."""
    if a.figure is not None and a.figure.by:
        return
    for i, item in enumerate(a.items):
        if item.words.lower() == "why" and i > 1 and not a.show:  # "which runs failed and why"
            a.show += [column for column in ("reason", "description") if a.known.has(column)][:1]
        if item.kind == "field" and i not in a.used and kind_of(item.payload) != "json":
            a.show.append(item.payload)
        elif a.kind(i) == "noun" and a.words(i) in ("architecture", "architectures") and not a.compare:
            a.show.append("architecture")  # a word for a run, and for what it is


# -- dates as conditions on when a run was created, or modified where the words say so

_EVENT_DATE = (
    "in ",
    "on ",
    "at ",
    "over ",
    "during",
    "before",
    "after",
    "since",
    "yesterday",
    "today",
    "last ",
    "this ",
    "between",
    "by ",
    "until",
    "within",
)


def dated(a: Asked) -> None:
    """Put a condition in the place of every date."""
    _join_years(a)
    column, made = None, None
    for i, item in enumerate(a.items):
        if i in a.used:
            continue
        if item.kind == "moment":
            if made is not None and column is None and i - made <= 2 and _is_for_earlier(a, i):
                a.items[made] = _condition(a.items[made], "modified_at", _ranges_of(a.items[made].payload))
                a.used.add(i)
            else:
                column = item.payload
        elif item.kind == "recurring":
            a.used |= {k for k in range(i) if a.kind(k) == "moment"}
            again: Recurring = replace(item.payload, moment=column or _ended(a, i) or "created_at")
            a.items[i] = replace(item, kind="condition", payload=Condition(again.column, again, True, item.words))
        elif item.kind == "when":
            target = column or _ended(a, i) or "created_at"
            a.used |= {k for k in range(i) if a.kind(k) == "moment"}
            a.items[i] = _condition(item, target, item.payload)
            column, made = None, i


_YEAR = re.compile(r"(?:(?:in|of|from|during|for)\s+)*(20\d\d)")


def _join_years(a: Asked) -> None:
    """ "May runs of 2024", "in 2024 on MNIST in May": the year is that of the month, if nothing parts them."""
    for i, j in pairwise(k for k, item in enumerate(a.items) if item.kind == "when" and k not in a.used):
        if a.compare or any(item.kind in ("connector", "break", "moment") for item in a.items[i + 1 : j]):
            continue
        for place, other in ((i, j), (j, i)):
            year = _YEAR.fullmatch(a.words(place))
            if year and place not in a.used and (ranges := in_year(a.words(other), int(year[1]))):
                a.items[other] = replace(a.items[other], payload=ranges)
                a.used.add(place)
                break


def _is_for_earlier(a: Asked, i: int) -> bool:
    """Whether "modified" at i belongs to the date before it: "in May modified"."""
    return a.items[i].payload == "modified_at" and not any(item.kind == "when" for item in a.items[i + 1 :])


def _ended(a: Asked, i: int) -> str | None:
    """The end of a run, where a word for it stands before the date at i: "finished in May"."""
    preposition = a.kind(i - 1) == "carrier" and a.words(i - 1) in ("on", "in")  # "on a Sunday"
    last = i - 1 - preposition
    before = last if _tells_end(a, last) else a.skip(last, 1, ("filler",), -1)
    if not _tells_end(a, before) or not (preposition or a.words(i).startswith(_EVENT_DATE)):
        return None
    if a.kind(before) != "condition":  # "ended" tells no status, but that it is over
        over = Condition("status", Compare("status", "!=", "running"), True, a.items[before].words)
        a.items[before] = replace(a.items[before], kind="condition", payload=over)
    when = " ".join(other.words for other in a.items[last + 1 : i + 1])
    a.notes.append(f'"{a.items[before].words} {when}" is read as the date of the last change')
    return "modified_at"


def _tells_end(a: Asked, i: int) -> bool:
    return a.words(i).split(" ")[-1] in (*ENDED, *END)


def _condition(item: Item, column: str, ranges: tuple[Range, ...]) -> Item:
    parts = [_within(column, span) for span in ranges]
    closed = all(start and stop for start, stop in ranges)
    condition = Condition(column, parts[0] if len(parts) == 1 else Or(*parts), closed, item.words)
    return replace(item, kind="condition", payload=condition)


def _within(column: str, span: Range) -> Filter:
    parts = [Compare(column, op, value) for op, value in zip((">=", "<"), span, strict=True) if value is not None]
    return parts[0] if len(parts) == 1 else And(*parts)


def _ranges_of(condition: Condition) -> tuple[Range, ...]:
    parts = condition.filter.parts if isinstance(condition.filter, Or) else (condition.filter,)
    found: list[Range] = []
    for part in parts:
        leaves = {leaf.op: leaf.value for leaf in part.leaves() if isinstance(leaf, Compare)}
        found.append((leaves.get(">="), leaves.get("<")))  # type: ignore[arg-type]
    return tuple(found)
