"""What the answer to a query is made of: runs in order, figures of groups, and what has to be said about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diffusionlab.search.query.query import Figure, Query

Row = Mapping[str, Any]


@dataclass(frozen=True)
class GroupRow:
    """One group: its key ("CIFAR-10", "2025-04"; "all" if nothing is grouped by) and its figure."""

    key: str
    value: float | None  # None: no run of the group has one, and another figure of it is known
    count: int  # runs that the figure is of
    runs: tuple[str, ...]  # ids of the first MOST_IDS of them, or of those that a share is of
    also: tuple[float | None, ...] = ()  # the further figures


@dataclass(frozen=True)
class Groups:
    """The figures that were asked for, one row a group, in their order."""

    figure: Figure
    rows: tuple[GroupRow, ...]
    without_key: int = 0  # runs that have no value to group by
    without_value: int = 0  # runs that have none to take the figure of
    mixed: str | None = None  # the column between whose values the figures do not compare, if some row mixes them
    apart: str | None = None  # why figures of one row do not compare: "FID does not compare between data sets"
    within: tuple[tuple[str, tuple[GroupRow, ...]], ...] = ()  # then: the same figures for each data set or protocol


@dataclass
class Result:
    """Rows in order with all that the answer needs to say about them."""

    query: Query
    rows: list[Row]
    scores: list[float]
    total: int  # matches before a cut
    unknown: int = 0  # runs of which it is not recorded whether they meet the conditions; they are not among the rows
    unrecorded: tuple[tuple[str, int], ...] = ()  # (column, how many of the `unknown` lack it)
    groups: Groups | None = None
    parts: list[Result] = field(default_factory=list)  # of each part of the query, if it has parts
    verdict: bool | None = None  # of a yes/no question; None: no such question, or not recorded
    because: str = ""  # of the verdict, or why there is none
    pictures: dict[str, tuple[str, ...]] = field(default_factory=dict)  # run id -> files of the run, if asked for
    lacking: list[Row] = field(default_factory=list)  # matches without the value that orders them
    tied: list[Row] = field(default_factory=list)  # cut off, though equal to the last that is shown
    runner_up: Row | None = None
    offered: dict[str, list[Row]] = field(default_factory=dict)  # near, but not what was asked: "CIFAR-10 cat/dog"
    dropped: list[tuple[str, int]] = field(default_factory=list)  # (condition, matches without it)
    nearest: list[tuple[str, list[str]]] = field(default_factory=list)  # (unknown value, known ones)
    warnings: list[str] = field(default_factory=list)
    everything: int = 0

    @property
    def unread(self) -> tuple[str, ...]:
        """Words of the question that are not understood."""
        return self.query.unread
