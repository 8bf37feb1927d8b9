"""Rows on a terminal, as CSV and as JSON."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.columns import COLUMNS, kind_of
from diffusionlab.registry.days import DayLeaf
from diffusionlab.registry.display import printable
from diffusionlab.registry.filter import Filter
from diffusionlab.search.engine import Result, Row
from diffusionlab.search.protocols import by_protocol
from diffusionlab.search.text import Mentions, mentioned
from diffusionlab.search.wording import value

if TYPE_CHECKING:
    from rich.table import Table

# in order of worth: as many as fit are shown
USUAL = (
    "run_id",
    "name",
    "dataset",
    "arch_tags",
    "fid",
    "val_loss",
    "status",
    "created_at",
    "num_parameters",
    "lr",
    "batch_size",
    "optimizer",
    "epochs",
    "hardware_kind",
    "schedule",
    "parameterization",
    "image_size",
    "modified_at",
    "description",
)
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
_HEADS = {
    "run_id": "run",
    "arch_tags": "facets",
    "num_parameters": "params",
    "batch_size": "batch",
    "created_at": "created",
    "modified_at": "modified",
    "hardware_kind": "hw",
    "parameterization": "predicts",
    "image_size": "px",
    "size_bytes": "size",
    "images_per_second": "img/s",
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
        *(column for column in _asked_about(query.condition) if column not in ("run_id", "hardware")),
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


def head(column: str) -> str:
    return _HEADS.get(column, column.removeprefix("metrics."))


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


def write_csv(result: Result, columns: Sequence[str], heads: Sequence[str] | None = None) -> None:
    """Rows as CSV on stdout, values unrounded; texts that a spreadsheet would run get an apostrophe."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(heads or columns)
    for rank, (row, score) in enumerate(zip(result.rows, result.scores, strict=True), 1):
        out.writerow([_plain(row, column, rank, score) for column in columns])


def _plain(row: Row, column: str, rank: int, score: float) -> Any:
    if column in ("rank", "score", "distance"):
        return {"rank": rank, "score": score, "distance": round(1 - score, 4)}[column]
    found = (row.get("metrics") or {}).get(column[8:]) if column.startswith("metrics.") else row.get(column)
    if isinstance(found, datetime):
        return found.isoformat()
    if isinstance(found, list):
        return ";".join(map(str, found))
    if isinstance(found, dict):
        return json.dumps(found)
    return "'" + found if isinstance(found, str) and found[:1] in ("=", "+", "-", "@") else found


def evidence(result: Result) -> list[dict[str, Any]]:
    """Of each row: column -> value (and where it came from) for what a condition or the order asked about."""
    query = result.query
    columns = _asked_about(query.condition)
    columns += [query.order.column] if query.order else []
    columns = list(dict.fromkeys([*columns, *query.show]))
    texts = [leaf for leaf in query.condition.leaves() if isinstance(leaf, Mentions)]
    return [_evidence(row, columns, texts) for row in result.rows]


def _asked_about(condition: Filter) -> list[str]:
    """The columns, and `metrics.NAME`, that a condition looks at, but for those that texts are looked for in."""
    leaves = [leaf for leaf in condition.leaves() if not isinstance(leaf, Mentions)]
    return [c for leaf in leaves for c in (sorted(leaf.reads()) if isinstance(leaf, DayLeaf) else [leaf.column])]


def _evidence(row: Row, columns: Sequence[str], texts: Sequence[Mentions]) -> dict[str, Any]:
    sources = row.get("sources") or {}
    found: dict[str, Any] = {}
    for column in columns:
        plain = _plain_json(row, column)
        found[column] = {"value": plain, "source": sources[column]} if column in sources else {"value": plain}
    for leaf in texts:
        if place := _mention(row, leaf):
            found.setdefault("text", {"value": []})["value"].append(place)
    return found


def _mention(row: Row, leaf: Mentions) -> str | None:
    for column in ("name", "description", "notes", "tags", "architecture", "search_text"):
        if row.get(column) and any(mentioned(str(row[column]), phrase) for phrase in leaf.phrases):
            return f"{column}: {str(row[column])[:160]}"
    return None


def _plain_json(row: Row, column: str) -> Any:
    found = (row.get("metrics") or {}).get(column[8:]) if column.startswith("metrics.") else row.get(column)
    return found.isoformat() if isinstance(found, datetime) else found


def as_json(result: Result, interpretation: dict[str, Any], answer: str, warnings: Sequence[str]) -> str:
    """The answer for programs: query, interpretation, intent, total, hits, answer, warnings."""
    shown = (
        "name",
        "status",
        "created_at",
        "modified_at",
        "framework",
        "architecture",
        "arch_tags",
        "dataset",
        "batch_size",
        "lr",
        "optimizer",
        "epochs",
        "hardware",
        "num_parameters",
        "image_size",
        "schedule",
        "parameterization",
        "metrics",
        "protocol",
        "description",
        "path",
        "size_bytes",
    )
    hits = [
        {"run_id": row["run_id"], "score": score, **{c: row.get(c) for c in shown}, "evidence": told}
        for row, score, told in zip(result.rows, result.scores, evidence(result), strict=True)
    ]
    return json.dumps(
        {
            "query": result.query.question,
            "interpretation": interpretation,
            "intent": result.query.intent,
            "total": result.total,
            "hits": hits,
            "answer": answer,
            "warnings": list(warnings),
        },
        ensure_ascii=False,
        default=datetime.isoformat,
    )
