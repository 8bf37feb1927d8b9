"""What the answer to a query is made of, and how runs, values and columns are named in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import about, is_recorded, kind_of, label, value_of
from diffusionlab.registry.record.comparable import basis_column, basis_name, by_basis
from diffusionlab.search.query.query import SHARES, Figure, Order, Query, Term
from diffusionlab.search.query.where_text import format_number, format_where
from diffusionlab.search.read.known import Known

Row = Mapping[str, Any]


@dataclass(frozen=True)
class GroupRow:
    """One group: a value of each key ("CIFAR-10", "2025-04"; "all" if nothing is grouped by) and its figure."""

    keys: tuple[str, ...]
    value: float | None  # None: no run of the group has one, and another figure of it is known
    count: int  # runs that the figure is of
    runs: tuple[str, ...]  # ids of the first MOST_IDS of them, or of those that a share is of
    also: tuple[float | None, ...] = ()  # the further figures

    @property
    def key(self) -> str:
        """As it is shown: "AdamW / CIFAR-10"."""
        return " / ".join(self.keys)


@dataclass(frozen=True)
class Groups:
    """The figures that were asked for, one row a group, in their order."""

    figure: Figure
    rows: tuple[GroupRow, ...]
    without_key: int = 0  # runs that have no value to group by
    without_value: int = 0  # runs that have none to take the figure of
    without_figure: int = 0  # groups that have none, where it is asked if every group meets a bound
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
    taken: list[Row] = field(default_factory=list)  # of a figure: the runs that the order takes, if there is an order
    parts: list[Result] = field(default_factory=list)  # of each part of the query, if it has parts
    verdict: bool | None = None  # of a yes/no question; None: no such question, or not recorded
    because: str = ""  # of the verdict, or why there is none
    pictures: dict[str, tuple[str, ...]] = field(default_factory=dict)  # run id -> files of the run, if asked for
    lacking: list[Row] = field(default_factory=list)  # matches without the value that orders them
    across: bool = False  # whether the runs that were ranked lie on several data sets
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


# -- in a sentence

CITED = 12  # ids named one by one before "and N more"


def agree(count: int, one: str, many: str) -> str:
    """The word that agrees with a number of things."""
    return one if count == 1 else many


def runs(count: int) -> str:
    return f"{count} {agree(count, 'run', 'runs')}"


def there_are(count: int) -> str:
    """ "There is 1 run", "there are 3 runs"."""
    return f"there {agree(count, 'is', 'are')} {runs(count)}"


_STATED = {  # of what is no column: that it is recorded, and that it is not
    "text": ("a text", "no text"),
    "config text": ("recorded settings", "no recorded settings"),
    "extra text": ("further recorded keys", "no further recorded keys"),
    "diffusion": ("a record of whether it is a diffusion model", "no record of whether they are diffusion models"),
    "checkpoint": ("a folder on this machine", "no folder on this machine"),
    "pictures": ("a folder on this machine", "no folder on this machine"),
    "config.teacher": ("a recorded teacher", "no recorded teacher"),
    "config.init_from": ("a record of the weights it started from", "no record of the weights they started from"),
    "config.ema": ("a record of post-hoc EMA", "no record of whether they keep averages for post-hoc EMA"),
    "arch_tags": ("recorded facets", "no recorded facets"),
}


def recorded(column: str) -> str:
    """ "A recorded FID"."""
    return _STATED[column][0] if column in _STATED else f"a recorded {label(column.removesuffix(' text'))}"


def lacking(column: str) -> str:
    """ "No recorded FID"."""
    return _STATED[column][1] if column in _STATED else f"no recorded {label(column.removesuffix(' text'))}"


def lack(count: int, column: str) -> str:
    """ "1 run has no recorded FID"."""
    return f"{runs(count)} {agree(count, 'has', 'have')} {lacking(column)}"


BASES_NAMED = 3  # the most frequent, by name


def not_comparable(rows: Sequence[Row], column: str, ranked: bool, known: Known) -> str | None:
    """What to say where the figures, which all `rows` have, are of more than one protocol or objective, else None."""
    sides = sorted(by_basis(rows, column).items(), key=lambda side: (side[0] is None, -len(side[1])))
    if len(sides) < 2:
        return None
    named = [f"{runs(len(side))} by {basis_name(basis, column)}" for basis, side in sides[:BASES_NAMED]]
    more = [f"{len(sides) - BASES_NAMED} more"] if len(sides) > BASES_NAMED else []
    usual = str(sides[0][0])  # an unrecorded basis comes last
    choice = format_where(Compare(basis_column(column), "=", usual), known)
    return (
        f"{column.removeprefix('metrics.')} of different {label(basis_column(column))}s does not compare "
        f"({', '.join(named + more)}): "
        f"{'each is ranked by itself; ' if ranked else ''}choose one with --where '{choice}'"
    )


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return f"{text[0].upper()}{text[1:]}."


def listed(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def significant(number: float, digits: int = 6) -> float:
    """A number without the last digits, in which 5.8 - 3.2 is not 2.6."""
    return float(f"{number:.{digits}g}")


def difference(a: Row, b: Row, column: str) -> str:
    """By how much the cells of two rows differ, moments by their distance; empty if they do not."""
    apart = abs(value_of(a, column) - value_of(b, column))
    if isinstance(apart, timedelta):
        return duration(apart.total_seconds()) if apart else ""
    return value({column: significant(apart)}, column) if apart else ""


def ratio(a: Row, b: Row, column: str) -> str:
    """How many times the lower of the cells of two rows the higher is; empty of what has no ratio."""
    low, high = sorted((value_of(a, column), value_of(b, column)))
    return f"{significant(high / low, 4):.15g}" if isinstance(low, int | float) and low > 0 else ""


def figure_of(term: Term, number: float | None) -> str:
    """A figure in the unit of its column; "-" for none."""
    how, of = term
    if number is None:
        return "-"
    if how in SHARES:
        return f"{number * (1 if how == 'percent' else 100):.3g}%"
    if how in ("count", "distinct") or of is None:
        return str(int(number))
    if about(of).unit:
        return value({of: number if isinstance(number, int) else float(f"{number:.6g}")}, of)
    whole = float(number).is_integer() and kind_of(of) == "int"
    return printable(int(number) if whole else float(number))


def foremost(order: Order) -> str | None:
    """What comes first in an order by a moment: "newest"; None for any other order."""
    words = {("created_at", True): "newest", ("created_at", False): "oldest", ("modified_at", True): "last modified"}
    return words.get((order.column, order.descending))


def cite(rows: Sequence[Row]) -> str:
    """Run ids, the first dozen by name."""
    ids = ", ".join(printable(row["run_id"]) for row in rows[:CITED])
    return ids + (f" and {len(rows) - CITED} more" if len(rows) > CITED else "")


def named(row: Row) -> str:
    """A run by id and name."""
    same = row.get("name") in (None, row["run_id"])
    return printable(row["run_id"]) if same else f"{printable(row['run_id'])} ({printable(row['name'])})"


def value(row: Row, column: str) -> str:
    """A cell as a person writes it."""
    cell = value_of(row, column)
    if cell is None:
        return "off" if is_recorded(row, column) else printable(cell)
    if unit := about(column).unit:
        return _in_unit(cell, unit)
    return printable(cell)


def _in_unit(number: float, unit: str) -> str:
    match unit:
        case "step":
            return format_number(number) if number >= 1e-3 else f"{number:.3g}".replace("e-0", "e-")
        case "count":
            return f"{number / 1e6:.4g}M" if number >= 1e5 else printable(number)
        case "B":
            return f"{number / 1e6:.1f} MB" if number >= 1e5 else f"{number / 1e3:.3g} KB"
        case "s":
            return duration(number)
    raise ValueError(unit)


def duration(seconds: float) -> str:
    """ "45 s", "12 min", "3 h 20 min", "2 d 5 h"."""
    minutes = round(seconds / 60)
    if seconds < 120:
        return f"{seconds:.3g} s"
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
