"""Rows as a table on a terminal: which columns, how wide, each row on one line, each value as a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import COLUMNS, TABLE, about, head, kind_of, value_of
from diffusionlab.registry.record.comparable import basis_column, by_basis
from diffusionlab.search.answer.result import Result, Row, value
from diffusionlab.search.show.output import asked_about

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


# -- tables

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
LOOKED_AT = 500  # rows by which columns are chosen
GAP = 2
_CAPS = {"name": 48, "arch_tags": 36, "description": 60, "path": 44, "notes": 40, "reason": 60, "hardware": 24}
_FLOORS = {
    "arch_tags": 20,
    "description": 24,
    "path": 20,
    "notes": 16,
    "reason": 24,
    "architecture": 16,
    "hardware": 16,
    "protocol": 24,
    "objective": 24,
}


def pick_columns(result: Result, width: int) -> list[str]:
    """The columns that fit into `width`: what the question is about, then what differs between the rows."""
    few = replace(result, rows=result.rows[:LOOKED_AT], scores=result.scores[:LOOKED_AT])
    rows = few.rows
    chosen = ["run_id"] if all(row.get("name") in (None, row["run_id"]) for row in rows) else ["run_id", "name"]
    asked = [column for column in _asked(few) if column not in ("run_id", "name")]
    usual = [column for column in USUAL if column not in ("run_id", "name") and column not in asked]
    usual = [column for column in usual if any(value_of(row, column) not in (None, [], "") for row in rows)]
    differs = differing(few, [*asked, *usual]) if len(rows) > 1 else [*asked, *usual]
    must = [column for column in asked if column in differs or column in few.query.show]
    wanted = [*must, *(column for column in usual if column in differs)]
    wanted += [column for column in (*asked, *usual) if column not in wanted]
    used = sum(_least(few, column, width) + GAP for column in chosen) - GAP
    for column in wanted:
        need = _least(few, column, width) + GAP
        if used + need <= width:
            chosen.append(column)
            used += need
    return chosen


def _asked(result: Result) -> list[str]:
    """What the question orders by, asks for, or tells the runs by."""
    query, rows = result.query, result.rows
    asked = ["score"] if query.like else [query.order.column] if query.order else []
    asked += [key.column for key in query.order.per] if query.order else []
    asked += [basis_column(query.order.column)] if query.order and len(by_basis(rows, query.order.column)) > 1 else []
    return list(dict.fromkeys([*asked, *query.show, *asked_about(query.condition)]))


def _least(result: Result, column: str, width: int) -> int:
    """The width below which a column is not shown on a terminal of `width`."""
    return min(_natural(texts(result, column), column), _floor(column, width))


def _floor(column: str, width: int) -> int:
    return max(22, width // 4) if column == "name" else _FLOORS.get(column, 999)


def _natural(cells: Sequence[str], column: str, given: str = "") -> int:
    from rich.cells import cell_len

    longest = max(map(cell_len, cells), default=0)
    return max(min(longest, _CAPS.get(column, 40) if column != "run_id" else longest), len(given or heading(column)))


def table(result: Result, columns: Sequence[str], width: int, heads: Sequence[str] | None = None) -> Table:
    """A Rich table no wider than `width`: long texts are cut, run ids and numbers are not."""
    from rich.table import Table
    from rich.text import Text

    cells = {column: texts(result, column) for column in columns}
    headings = dict(zip(columns, heads or map(heading, columns), strict=True))
    widths = {column: _natural(cells[column], column, headings[column]) for column in columns}
    spare = width - sum(widths.values()) - GAP * (len(columns) - 1)
    for column in reversed(columns):
        if spare < 0:
            given = min(widths[column], max(_floor(column, width), widths[column] + spare))
            spare += widths[column] - given
            widths[column] = given
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for column in columns:
        made.add_column(
            headings[column],
            justify="right" if _is_number(column) else "left",
            no_wrap=column != "run_id",
            overflow="fold" if column == "run_id" else "ellipsis",
            style={"run_id": "cyan", "name": "bold"}.get(column, ""),
            width=widths[column],
        )
        cells[column] = cells[column] if column == "run_id" else shortened(cells[column], column, widths[column])
    for row in zip(*(cells[column] for column in columns), strict=True):
        made.add_row(*map(Text, row))
    return made


def blocks(heads: Sequence[str], columns: Sequence[Sequence[str]]) -> Text:
    """Each row under the other, a column on a line of its own: for more columns than a line has room for."""
    from rich.text import Text

    shown, longest = Text(), max(map(len, heads))
    for row in zip(*columns, strict=True):
        for title, cell in zip(heads, row, strict=True):
            shown.append(f"{title:<{longest}}  ", "dim").append(f"{cell}\n")
        shown.append("\n")
    return shown


def fits(result: Result, columns: Sequence[str], width: int) -> bool:
    """Whether a table of these columns has room."""
    return sum(_least(result, column, width) + GAP for column in columns) - GAP <= width


def _is_number(column: str) -> bool:
    return column in RANKED or ((column in COLUMNS or "." in column) and kind_of(column) in ("int", "float"))


# -- the values of a column as texts that are shown under each other

RANKED = ("rank", "score", "distance")  # columns of the answer, not of the runs
_PROSE = ("description", "notes", "reason")
_IMPLIED = {
    "cnn": ("unet", "resnet"),
    "transformer": ("dit",),
    "attention": ("linear_attention",),
    "conditional": ("cfg",),
}


def texts(result: Result, column: str) -> list[str]:
    """One line of text for each row: numbers to equal places, times as exact as they differ."""
    if column in RANKED:
        scores = enumerate(result.scores, 1)
        return [
            str(rank) if column == "rank" else f"{score if column == 'score' else 1 - score:.4f}"
            for rank, score in scores
        ]
    rows = result.rows
    if column == "arch_tags":
        return [_facets(row) for row in rows]
    kind = kind_of(column)
    if kind == "time":
        return _times(rows, column)
    if kind == "float" and not about(column).unit:
        return _floats(rows, column)
    return [" ".join(value(row, column).split()) or "-" for row in rows]


def heading(column: str) -> str:
    return "alike" if column == "score" else head(column)


def _facets(row: Row) -> str:
    """Without those that another one implies."""
    tags = row.get("arch_tags") or ()
    return printable(", ".join(tag for tag in tags if not any(other in tags for other in _IMPLIED.get(tag, ())))) or "-"


def _times(rows: Sequence[Row], column: str) -> list[str]:
    """The day; if runs share one, the time of day as well, to the second if they share the minute."""
    moments = [row.get(column) for row in rows]
    known = {moment for moment in moments if moment is not None}
    shown = "%Y-%m-%d"
    for finer in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"):
        if len({f"{moment:{shown}}" for moment in known}) < len({f"{moment:{finer}}" for moment in known}):
            shown = finer
    return ["-" if moment is None else f"{moment:{shown}}" for moment in moments]


def _floats(rows: Sequence[Row], column: str) -> list[str]:
    """Four places each, and as many decimals as the most exact of them, unless that makes some of them long."""
    plain = [printable(value_of(row, column)) for row in rows]
    known = [text for text in plain if text != "-"]
    if not known or any("e" in text for text in known):
        return plain
    decimals = max(len(text.partition(".")[2]) for text in known)
    if max(len(text.partition(".")[0]) for text in known) + decimals > 6:
        return plain
    return [text if text == "-" else f"{float(text):.{decimals}f}" for text in plain]


def shortened(cells: Sequence[str], column: str, width: int) -> list[str]:
    """Cells cut to `width`: prose at its end, a list after some of its items, anything else in the middle."""
    from rich.cells import cell_len, set_cell_size

    if all(cell_len(cell) <= width for cell in cells):
        return list(cells)
    if column in _PROSE:
        return [cell if cell_len(cell) <= width else set_cell_size(cell, width - 1).rstrip() + "…" for cell in cells]
    if kind_of(column) == "list":
        return [_cut_list(cell, width) for cell in cells]
    distinct = set(cells)
    cuts = ({cell: _cut(cell, width, share) for cell in distinct} for share in (0.5, 0.35, 0.65, 0.2, 0.8))
    best = max(cuts, key=lambda cut: len(set(cut.values())))  # which leaves the most of them distinct
    return [best[cell] for cell in cells]


def _cut_list(cell: str, width: int) -> str:
    """ "unet, attention, latent" -> "unet, attention +1"."""
    from rich.cells import cell_len

    items = cell.split(", ")
    for kept in range(len(items), 0, -1):
        left = len(items) - kept
        shown = ", ".join(items[:kept]) + (f" +{left}" if left else "")
        if cell_len(shown) <= width:
            return shown
    return _cut(cell, width, 0.8)


def _cut(name: str, width: int, share: float) -> str:
    """`name` in at most `width` cells, of which its beginning takes about `share`."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(name) <= width:
        return name
    head = set_cell_size(name, round((width - 1) * share)).rstrip()
    tail, room = "", width - 1 - cell_len(head)
    for character in reversed(name):
        if cell_len(character + tail) > room:
            break
        tail = character + tail
    return f"{head}…{tail.lstrip()}"


def differing(result: Result, columns: Sequence[str]) -> list[str]:
    """Those of the columns that do not show the same for all rows."""
    return [column for column in columns if len(Counter(texts(result, column))) > 1]
