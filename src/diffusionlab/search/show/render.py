"""Rows as a table on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import COLUMNS, TABLE, head, kind_of
from diffusionlab.search.answer.result import Result, Row
from diffusionlab.search.answer.wording import value
from diffusionlab.search.query.protocols import by_protocol
from diffusionlab.search.show.output import asked_about

if TYPE_CHECKING:
    from rich.table import Table

USUAL = tuple(column.name for column in sorted(TABLE, key=lambda column: column.shown) if column.shown)
"""In order of worth: as many as fit are shown."""
WIDE = {
    "Rank": "rank",
    "Model ID": "run_id",
    "Similarity Score": "score",
    "Distance": "distance",
    "Size": "size_bytes",
    "Created": "created_at",
    "Modified": "modified_at",
    "Path": "path",
    "Description": "description",
    "Framework": "framework",
    "Arch": "arch_tags",
    "Dataset": "dataset",
    "Batch": "batch_size",
    "LR": "lr",
    "Optimizer": "optimizer",
    "Epochs": "epochs",
    "HW": "hardware",
}
_CAPS = {
    "name": 34,
    "arch_tags": 30,
    "description": 60,
    "path": 44,
    "notes": 40,
    "architecture": 26,
    "dataset": 18,
    "hardware": 24,
}
_FLOORS = {"name": 22, "arch_tags": 20, "description": 24, "path": 20, "notes": 16}
_IMPLIED = {
    "cnn": ("unet", "resnet"),
    "transformer": ("dit",),
    "attention": ("linear_attention",),
    "conditional": ("cfg",),
}


def cell(row: Row, column: str, rank: int = 0, score: float = 1.0) -> str:
    """One cell as text; facets that another one implies are left out."""
    if column == "rank":
        return str(rank)
    if column in ("score", "distance"):
        return f"{score if column == 'score' else 1 - score:.4f}"
    if column == "arch_tags":
        tags = row.get("arch_tags") or ()
        return printable(", ".join(t for t in tags if not any(i in tags for i in _IMPLIED.get(t, ()))) or "-")
    if column in ("created_at", "modified_at") and row.get(column):
        return f"{row[column]:%Y-%m-%d}"
    return value(row, column).replace("\n", " ")


def pick_columns(result: Result, width: int) -> list[str]:
    """The columns that fit into `width`: those the question is about first, constants of all rows last."""
    query, rows = result.query, result.rows
    asked = [query.order.column] if query.order else []
    asked += [
        *query.show,
        *(column for column in asked_about(query.condition) if column not in ("run_id", "hardware")),
    ]
    several = ["dataset"] if len({row.get("dataset") for row in rows}) > 1 else []
    asked += ["protocol"] if query.order and len(by_protocol(rows, query.order.column)) > 1 else []
    several += (
        ["status"] if query.order and query.order.keep and any(row.get("status") != "finished" for row in rows) else []
    )
    wanted = list(dict.fromkeys(["run_id", "name", *several, *asked, *USUAL]))
    wanted = [c for c in wanted if c in USUAL or c in asked]
    empty = [
        c for c in wanted if c not in ("run_id", "name", *asked) and all(row.get(c) in (None, [], "") for row in rows)
    ]
    order = query.order.column if query.order else ""
    same = [
        c
        for c in wanted[2:]
        if c not in (order, *query.show)
        and c
        in (
            "status",
            "dataset",
            "hardware_kind",
            "schedule",
            "parameterization",
            "optimizer",
            "image_size",
            "batch_size",
            "epochs",
        )
        and len(rows) > 1
        and len({row.get(c) for row in rows}) == 1
    ]
    wanted = [c for c in wanted if c not in empty and c not in same] + [c for c in same if c not in empty]
    chosen: list[str] = []
    used = 0
    for column in wanted:
        need = min(_natural(rows, column), _FLOORS.get(column, 999)) + 2
        if used + need <= width + 2 or len(chosen) < 2:
            chosen.append(column)
            used += need
    return [c for c in dict.fromkeys([*wanted[:2], *USUAL, *asked]) if c in chosen]


def _natural(rows: Sequence[Row], column: str) -> int:
    longest = max((len(cell(row, column)) for row in rows[:500]), default=0)
    return max(min(longest, _CAPS.get(column, 40)), len(head(column)))


def table(result: Result, columns: Sequence[str], width: int, heads: Sequence[str] | None = None) -> Table:
    """A Rich table no wider than the terminal: long texts are cut with an ellipsis, numbers never."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, header_style="bold")
    spare = width - sum(_natural(result.rows, c) + 2 for c in columns) + 2
    for number, column in enumerate(columns):
        natural = max(_natural(result.rows, column), len(heads[number]) if heads else 0)
        if spare < 0 and column in _FLOORS:
            given = max(_FLOORS[column], natural + spare)
            spare += natural - given
            natural = given
        numeric = (
            column in ("rank", "score", "distance")
            or column.startswith("metrics.")
            or (column in COLUMNS and kind_of(column) in ("int", "float"))
        )
        style = {"run_id": "cyan", "name": "bold"}.get(column, "")
        made.add_column(
            heads[number] if heads else head(column),
            justify="right" if numeric else "left",
            no_wrap=True,
            overflow="ellipsis",
            style=style,
            max_width=natural,
            min_width=min(natural, 8) if column in _FLOORS else natural,
        )
    for rank, (row, score) in enumerate(zip(result.rows, result.scores, strict=True), 1):
        made.add_row(*(Text(cell(row, c, rank, score)) for c in columns))
    return made
