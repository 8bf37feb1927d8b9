"""How runs, values and columns are named in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diffusionlab.registry.manage.display import printable
from diffusionlab.search.answer.result import Row
from diffusionlab.search.query.query import Figure
from diffusionlab.search.query.where_text import format_number

_UNITS = ("num_parameters", "flops", "size_bytes", "seconds")
CITED = 12  # ids named one by one before "and N more"


def runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def figure_of(figure: Figure, number: float) -> str:
    """A figure in the unit of its column."""
    if figure.how in ("count", "distinct") or figure.of is None:
        return str(int(number))
    return value({figure.of: number}, figure.of) if figure.of in _UNITS else f"{number:.6g}"


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
    cell = cell_of(row, column)
    if column in ("lr",) and isinstance(cell, float):
        return format_number(cell) if cell >= 1e-3 else f"{cell:.3g}".replace("e-0", "e-")
    if column in ("num_parameters", "flops") and cell is not None:
        return f"{cell / 1e6:.4g}M" if cell >= 1e5 else str(cell)
    if column == "size_bytes" and cell is not None:
        return f"{cell / 1e6:.1f} MB"
    if column == "seconds" and cell is not None:
        return duration(cell)
    if column in ("created_at", "modified_at") and cell is not None:
        return f"{cell:%Y-%m-%d %H:%M}"
    return printable(cell)


def duration(seconds: float) -> str:
    """ "45 s", "12 min", "3 h 20 min", "2 d 5 h"."""
    minutes = round(seconds / 60)
    if seconds < 120:
        return f"{seconds:.3g} s"
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def label(column: str) -> str:
    return {
        "val_loss": "validation loss",
        "train_loss": "training loss",
        "num_parameters": "parameters",
        "batch_size": "batch size",
        "created_at": "created",
        "modified_at": "modified",
        "hardware_kind": "hardware",
        "arch_tags": "facets",
        "fid": "FID",
        "lr": "learning rate",
        "kid": "KID",
        "images_per_second": "images per second",
        "dataset": "data set",
        "seconds": "duration",
        "size_bytes": "file size",
        "git_commit": "commit",
        "image_size": "image size",
    }.get(column, column.removeprefix("metrics.").replace("_", " "))


def cell_of(row: Row, column: str) -> Any:
    """The value of a column, or of `metrics.NAME`."""
    return (row.get("metrics") or {}).get(column[8:]) if column.startswith("metrics.") else row.get(column)
