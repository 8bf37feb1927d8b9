"""What a question is read as: which runs, in which order, and what is asked of them. Plain immutable data, no I/O.

    Query = conditions (all hold), an Order, an Ask, and what is said about the reading itself
    Ask   = Listing | Figure | Comparison | Likeness | Facts | Check | Pictures

With an order, a figure or a check is of the runs that the order takes: "mean fid of the top 5".

`show/flags.py` prints a query as command-line flags, `show/options.py` reads them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from diffusionlab.registry.filters.conditions import COMPARE
from diffusionlab.registry.filters.filter import And, Filter, Or
from diffusionlab.registry.record.columns import kind_of, label, short
from diffusionlab.search.read.text import Mentions
from diffusionlab.search.words.asking_words import How, TimeUnit, Unit

# -- what groups are made by


class GroupKey(NamedTuple):
    """A column, the `unit` of time in which a moment lies, or the folder in which a path does."""

    column: str
    unit: Unit | None = None

    @property
    def flag(self) -> str:
        """As orders and flags name it: "dataset", "created_month"."""
        if self.unit == "folder":
            return self.unit
        return f"{self.column.removesuffix('_at')}_{self.unit}" if self.unit else short(self.column)

    @property
    def label(self) -> str:
        """ "Data set", "month"."""
        name = label(self.column)
        return self.unit or (name.removesuffix("s") if kind_of(self.column) == "list" else name)


GroupKeys = tuple[GroupKey, ...]
"""A group has one value of each."""


def label_of(keys: GroupKeys, sides: bool = False) -> str:
    """ "Data set and month"; with `sides`, or of groups that conditions alone make, "side" beside them."""
    *others, last = [*(key.label for key in keys), *(["side"] if sides or not keys else [])]
    return f"{', '.join(others)} and {last}" if others else last


def flag_of(keys: GroupKeys) -> str:
    """ "dataset,created_month"."""
    return ",".join(key.flag for key in keys)


# -- the order of the runs, and how many of them


@dataclass(frozen=True)
class Order:
    """Runs sorted by a column; those without the value are left out, unless `keep` puts them last.

    Of the sorted runs, `skip` are passed over and then `count` (or `percent` of all, rounded up) are taken; None
    takes the rest. With `ties`, equals of the last one are taken too. With `rest`, those are left out and all others
    taken: "all but the best three". With `per`, all this is done for each group of these keys.
    """

    column: str
    descending: bool
    count: int | None = None
    skip: int = 0
    ties: bool = False
    keep: bool = False
    per: GroupKeys = ()
    percent: float | None = None
    rest: bool = False

    @property
    def place(self) -> str:
        return _place(self.skip, self.count)


def _place(skip: int, count: int | None) -> str:
    """ "Number 3", "numbers 3 to 6": where those that are taken stand."""
    return f"numbers {skip + 1} to {skip + count}" if count is not None and count > 1 else f"number {skip + 1}"


# -- what is asked of the runs

HOWS: tuple[How, ...] = get_args(How)
UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)


@dataclass(frozen=True)
class Listing:
    """The runs themselves."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison, or a group that a condition makes."""

    label: str
    condition: Filter


Term = tuple[How, str | None]
"""How a figure is taken, and of which column."""


def name_of(term: Term) -> str:
    """ "mean fid", "count": as the flags have it."""
    how, of = term
    return f"{how} {short(of)}" if of else how


SHARES: tuple[How, ...] = ("share", "percent")


_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "=": "!=", "!=": "="}


class Having(NamedTuple):
    """What the figure of a group must be: `< 5`."""

    op: str
    value: float

    def __str__(self) -> str:
        return f"{self.op} {self.value:.15g}"

    @property
    def opposite(self) -> Having:
        """What every value meets that does not meet this."""
        return self._replace(op=_OPPOSITE[self.op])

    def meets(self, value: float | None) -> bool | None:
        """None of no value."""
        return None if value is None else bool(COMPARE[self.op](value, self.value))


@dataclass(frozen=True)
class Figure:
    """One figure of all runs, or of each group of them.

    `how` of the values of column `of` (`count` without `of`: of the runs), for each combination of values of the keys
    `by` (of a list such as `arch_tags` each element is a value). Groups come by key, or by their figure if
    `descending` is given, and then only `count` of them after the first `skip`: "which data set has the most runs".
    """

    how: How
    of: str | None = None
    by: GroupKeys = ()
    descending: bool | None = None
    count: int | None = None
    skip: int = 0
    per: GroupKeys = ()  # the first of the keys: so many groups for each of their values
    sides: tuple[Side, ...] = ()  # the groups are these; with `by`, those of each combination of its values
    also: tuple[Term, ...] = ()  # further figures of the same groups
    having: Having | None = None  # only groups of which the first figure meets this; without groups, whether it does
    runs: Having | None = None  # only groups of so many runs
    whether: bool | None = None  # of groups, yes or no: whether any meets `having` (True), or none does (False)
    beside: str | None = None  # of two sides: whether the figure of the first is < or > that of the second
    part: Side | None = None  # of a share or a count: the runs that it is of; None: those of the group, among all

    @property
    def place(self) -> str:
        return _place(self.skip, self.count)

    @property
    def heads(self) -> list[str]:
        """What the keys of a group are called in a table: "dataset", "side"; "group" of those without keys."""
        return [*(key.flag for key in self.by), *(["side"] * bool(self.by and self.sides))] or ["group"]

    @property
    def made_by(self) -> str:
        """ "Data set and month", "side", "data set and side"."""
        return label_of(self.by, bool(self.sides))

    @property
    def terms(self) -> tuple[Term, ...]:
        """All figures that are asked for, the first of them first."""
        return ((self.how, self.of), *self.also)


@dataclass(frozen=True)
class Comparison:
    """Two or more sides. With `better`, whether the first side is better by column `by` (the usual measure if None)."""

    sides: tuple[Side, ...] = ()
    better: bool | None = None  # True: "is A better than B?", False: "is A worse than B?", None: no such question
    by: str | None = None


@dataclass(frozen=True)
class Likeness:
    """The runs most like this one."""

    run_id: str


@dataclass(frozen=True)
class Facts:
    """What is known of the runs that are named: their `columns` ("when did I train run-020?")."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """Yes or no: whether the runs that meet the conditions, or most of them, meet this one too; None: whether there are
    any."""

    condition: Filter | None = None
    most: bool = False


@dataclass(frozen=True)
class Pictures:
    """The sample grids of the runs."""


Ask = Listing | Figure | Comparison | Likeness | Facts | Check | Pictures
LISTING = Listing()

# -- the query


@dataclass(frozen=True)
class Query:
    """A question as it was read. Every word of it is in the reading, or changes nothing, or is among the `unread`."""

    question: str
    conditions: tuple[Filter, ...] = ()  # all hold
    order: Order | None = None
    limit: int | None = None  # a number of runs that is no part of an order
    ask: Ask = LISTING
    show: tuple[str, ...] = ()  # columns that were asked for
    parts: tuple[Query, ...] = ()  # the runs of each of these in turn: "the best on MNIST and the two best on CIFAR-10"
    words: tuple[Mentions, ...] = ()  # the words that are left: conditions too, and what ranks
    loose: bool = False  # if no run mentions all the words, those that some run mentions are enough
    notes: tuple[str, ...] = ()  # spellings repaired, things read with doubt
    unread: tuple[str, ...] = ()  # words that are not understood and change nothing
    unknown: tuple[tuple[str, str | None], ...] = field(default=())  # (value, column) that no run has

    @property
    def condition(self) -> Filter:
        return And(*self.conditions)

    @staticmethod
    def any_of(parts: Sequence[Query]) -> Filter:
        """That a run is of one of the parts; a condition that they share is said once."""
        conditions = list(dict.fromkeys(part.condition for part in parts))
        return conditions[0] if len(conditions) == 1 else Or(*conditions)

    @property
    def intent(self) -> str:
        """The kind of answer in one word: list, count, aggregate, compare, like, facts, check or pictures."""
        match self.ask:
            case Figure(how="count", of=None, by=(), sides=()):
                return "count"
            case Figure():
                return "aggregate"
            case Comparison():
                return "compare"
            case Likeness():
                return "like"
            case Facts():
                return "facts"
            case Check():
                return "check"
            case Pictures():
                return "pictures"
        return "list"

    @property
    def figure(self) -> Figure | None:
        return self.ask if isinstance(self.ask, Figure) else None

    @property
    def sides(self) -> tuple[Side, ...]:
        return self.ask.sides if isinstance(self.ask, Comparison | Figure) else ()

    @property
    def like(self) -> str | None:
        return self.ask.run_id if isinstance(self.ask, Likeness) else None
