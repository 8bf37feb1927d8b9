"""The values of a column as texts that are shown under each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import about, head, kind_of, value_of
from diffusionlab.search.answer.result import Result, Row
from diffusionlab.search.answer.wording import value

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
