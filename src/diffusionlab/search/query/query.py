"""What a question was read as: conditions, an order, an intent. Plain data, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from diffusionlab.registry.filters.filter import And, Filter
from diffusionlab.search.read.text import Mentions

LOWER_IS_BETTER = (
    "fid",
    "kid",
    "val_loss",
    "train_loss",
    "seconds",
    "loss",
    "lpips",
    "mse",
    "mae",
    "nll",
    "bpd",
    "error",
)


def lower_is_better(column: str) -> bool:
    """Whether a smaller value of a metric is the better one (FID, losses, times)."""
    name = column.removeprefix("metrics.").lower()
    return name in LOWER_IS_BETTER or name.endswith(("loss", "fid", "kid", "error", "distance", "_time"))


@dataclass(frozen=True)
class Order:
    """Sorting. `count` runs are kept (None: all) after `skip`; with `ties`, equals of the last one too."""

    column: str
    descending: bool
    count: int | None = None
    skip: int = 0
    ties: bool = False
    keep: bool = False  # runs without the value come last, rather than not at all
    per: str | None = None  # the first `count` of each value of this column


@dataclass(frozen=True)
class Group:
    """One side of a comparison."""

    label: str
    condition: Filter


@dataclass(frozen=True)
class ParsedQuery:
    question: str
    conditions: tuple[Filter, ...] = ()  # all hold
    order: Order | None = None
    limit: int | None = None  # a number in the question that is no part of an order
    intent: str = "list"  # list | count | compare | like | average
    groups: tuple[Group, ...] = ()
    like: str | None = None  # run id
    show: tuple[str, ...] = ()  # columns that were asked for
    average: str | None = None  # mean | median | sum, of the first of `show`
    words: tuple[Mentions, ...] = ()  # the words that are left: conditions too, and what ranks
    notes: tuple[str, ...] = ()  # spellings repaired, things read with doubt
    loose: bool = False  # where no run mentions all the words, those that some run does are enough
    unknown: tuple[tuple[str, str | None], ...] = field(default=())  # (value, column) that no run has

    @property
    def condition(self) -> Filter:
        return And(*self.conditions)
