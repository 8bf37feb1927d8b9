"""The whole registry as one page of cards, to be filtered and sorted in the browser."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from diffusionlab.registry.display import printable
from diffusionlab.registry.record import RECORD_FILE
from diffusionlab.registry.table import Registry
from diffusionlab.report.images import inside, thumbnail
from diffusionlab.report.page import write_page
from diffusionlab.report.run_page import REPORT_FILE, metric_names

COLUMNS = (
    "run_id", "name", "created_at", "status", "dataset", "architecture", "arch_tags", "tags", "notes", "metrics",
    "path", "thumbnail", "sweep",
)  # fmt: skip
WORDS = ("run_id", "name", "status", "dataset", "architecture", "arch_tags", "tags", "notes", "sweep")
"""Columns whose words the filter box looks in."""
PIXELS = 40_000_000
"""Of all thumbnails together: a page of 2,000 runs stays below about ten megabytes."""
LARGEST, SMALLEST = 320 * 160, 160 * 80


def write_gallery(registry: Registry, target: Path) -> tuple[Path, int]:
    """Write the page of all runs, newest first, to `target`; returns its path and how many runs it shows."""
    rows = [_filled(row) for row in registry.rows(columns=COLUMNS, order_by="created_at", descending=True)]
    num_pixels = max(SMALLEST, min(LARGEST, PIXELS // max(1, len(rows))))
    cards = [_card(row, target.absolute().parent, num_pixels) for row in rows]
    metrics = metric_names({name: None for row in rows for name in row["metrics"]})
    path = write_page(
        target,
        "gallery.html.jinja",
        "gallery.js",
        cards=cards,
        metrics=metrics,
        facts=[_facts(row, metrics) for row in rows],
        uri=registry.uri,
    )
    return path, len(rows)


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "arch_tags": row["arch_tags"] or [], "tags": row["tags"] or [], "metrics": row["metrics"] or {}}


def _card(row: Mapping[str, Any], beside: Path, num_pixels: int) -> dict[str, Any]:
    folder = Path(row["path"]) if row["path"] and (Path(row["path"]) / RECORD_FILE).is_file() else None
    grid = inside(folder, row["thumbnail"]) if folder else None
    named = [name for name in metric_names(row["metrics"]) if row["metrics"][name] is not None]
    return {
        "row": row,
        "picture": thumbnail(grid, num_pixels=num_pixels) if grid else None,
        "href": _link(folder / REPORT_FILE, beside) if folder and (folder / REPORT_FILE).is_file() else None,
        "figures": [(name.replace("_", " "), f"{row['metrics'][name]:.4g}") for name in named[:3]],
    }


def _link(file: Path, beside: Path) -> str:
    """A relative address that is a path whatever the folders are called: no part of it reads as a scheme."""
    return quote(Path(os.path.relpath(file, beside)).as_posix())


def _facts(row: Mapping[str, Any], metrics: Sequence[str]) -> dict[str, Any]:
    """What the page filters and sorts by."""
    words = " ".join(printable(row[column]) for column in WORDS if row[column]).lower()
    created = row["created_at"]
    measured = {name: row["metrics"].get(name) for name in metrics if row["metrics"].get(name) is not None}
    return {
        "words": words,
        "created": created.timestamp() if created else None,
        "name": row["name"].lower(),
        "metrics": measured,
    }
