"""Comparisons: of two or a few runs fact by fact, of groups by counts, ranges and best results."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from diffusionlab.registry.filters.conditions import In
from diffusionlab.registry.manage.compare import Comparison, compare
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import MEASURES, label, lower_is_better
from diffusionlab.registry.record.comparable import basis_name, basis_of, by_basis
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.record.script import SCRIPT, version_of
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.result import Result, Row, value

if TYPE_CHECKING:
    from rich.table import Table

MOST_RUNS = 4  # compared fact by fact; more are compared as groups
Group = tuple[str, list[Row]]  # (its name, its runs)
_TRAINING = ("dataset", "optimizer", "schedule", "parameterization", "hardware_kind")
_RANGES = ("lr", "batch_size", "epochs")


def compares_groups(result: Result) -> bool:
    """Whether some side is more than one run."""
    return 1 < len(result.query.sides) < len(result.rows)


def compared_runs(result: Result, engine: Engine) -> Comparison | None:
    """The fact by fact comparison, where a few runs were found and no larger groups asked for."""
    if not 2 <= len(result.rows) <= MOST_RUNS:
        return None
    ids = tuple(row["run_id"] for row in result.rows)
    return compare(sorted(engine.registry.records(In("run_id", ids)), key=_before))


def _before(record: RunRecord) -> tuple[object, ...]:
    """Runs by id, scripts by version."""
    return (version_of(record.name), record.name) if record.kind == SCRIPT else ((), record.run_id)


def sides_of(result: Result) -> list[Group]:
    sides = result.query.sides
    if len(sides) > 1:
        return [(side.label, [row for row in result.rows if side.condition.matches(row)]) for side in sides]
    column = next(
        (
            c
            for c in result.query.show
            if c
            in (
                "dataset",
                "optimizer",
                "lr_schedule",
                "schedule",
                "parameterization",
                "hardware_kind",
                "status",
                "sampler",
                "framework",
                "precision",
            )
        ),
        None,
    )
    if column is None:
        return [("all", list(result.rows))]
    values = sorted({str(row.get(column)) for row in result.rows if row.get(column) is not None})
    return [(value, [row for row in result.rows if str(row.get(column)) == value]) for value in values]


def facts_of_groups(result: Result) -> list[tuple[str, str, list[str]]]:
    """(architecture | training | result, fact, one text a group), facts that are the same everywhere left out."""
    sides = sides_of(result)
    found: list[tuple[str, str, list[str]]] = [("", "runs", [str(len(rows)) for _, rows in sides])]
    tags = sorted({tag for _, rows in sides for row in rows for tag in row.get("arch_tags") or ()})
    for tag in tags:
        counts = [sum(tag in (row.get("arch_tags") or ()) for row in rows) for _, rows in sides]
        if any(count != len(rows) for count, (_, rows) in zip(counts, sides, strict=True)):
            found.append(
                (
                    "architecture",
                    tag,
                    [f"{count} of {len(rows)}" for count, (_, rows) in zip(counts, sides, strict=True)],
                )
            )
    found.append(("architecture", "parameters", [_range(rows, "num_parameters") for _, rows in sides]))
    for column in _TRAINING:
        found.append(("training", label(column), [_tally(rows, column) for _, rows in sides]))
    for column in _RANGES:
        found.append(("training", label(column), [_range(rows, column) for _, rows in sides]))
    found.append(("result", "status", [_tally(rows, "status") for _, rows in sides]))
    for column in MEASURES:
        for how, measured in _measured(sides, column):
            found.append(("result", f"best {label(column)}{how}", [_best(rows, column) for _, rows in measured]))
            found.append(("result", f"median {label(column)}{how}", [_median(rows, column) for _, rows in measured]))
    return [fact for fact in found if fact[1] == "runs" or len(set(fact[2])) > 1 or len(sides) == 1]


def ranked(rows: Iterable[Row], column: str) -> list[Row]:
    return sorted(rows, key=lambda row: (row[column] * (1 if lower_is_better(column) else -1), row["run_id"]))


def _measured(sides: list[Group], column: str) -> list[tuple[str, list[Group]]]:
    """The runs of each side that have a figure, once for each basis of comparison, which is named if several."""
    having = [(name, [row for row in rows if row.get(column) is not None]) for name, rows in sides]
    bases = list(by_basis([row for _, rows in having for row in rows], column))
    return [
        (
            f" by {printable(basis_name(basis, column))}" if len(bases) > 1 else "",
            [(name, [row for row in rows if basis_of(row, column) == basis]) for name, rows in having],
        )
        for basis in bases
    ]


def group_table(result: Result) -> Table:
    """The facts of the groups side by side."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for name, _ in sides_of(result):
        table.add_column(Text(printable(name)), overflow="fold")
    heading = ""
    for group, fact, texts in facts_of_groups(result):
        if group != heading:
            table.add_row(Text(group, style="bold"))
            heading = group
        table.add_row(Text(f"  {fact}" if group else fact, style="cyan"), *(Text(printable(text)) for text in texts))
    return table


def _best(rows: Sequence[Row], column: str) -> str:
    known = [row for row in rows if row.get(column) is not None]
    if not known:
        return "-"
    row = ranked(known, column)[0]
    return f"{row[column]:.4g} ({row['run_id']})"


def _median(rows: Sequence[Row], column: str) -> str:
    known = [row[column] for row in rows if row.get(column) is not None]
    return f"{statistics.median(known):.4g} of {len(known)}" if known else "-"


def _range(rows: Sequence[Row], column: str) -> str:

    known = sorted((row for row in rows if row.get(column) is not None), key=lambda row: row[column])
    if not known:
        return "-"
    low, high = value(known[0], column), value(known[-1], column)
    return low if low == high else f"{low} to {high}"


def _tally(rows: Sequence[Row], column: str) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        counts[str(row.get(column) or "unknown")] = counts.get(str(row.get(column) or "unknown"), 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name} {count}" if len(ordered) > 1 else name for name, count in ordered) or "-"
