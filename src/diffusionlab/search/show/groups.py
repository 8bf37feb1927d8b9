"""Figures of groups as a table with a bar for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import label
from diffusionlab.search.answer.result import Groups
from diffusionlab.search.answer.wording import figure_of
from diffusionlab.search.query.query import SHARES, Term
from diffusionlab.search.show.cells import shortened

if TYPE_CHECKING:
    from rich.table import Table

LONGEST_BAR = 40


def groups_table(groups: Groups, width: int) -> Table:
    """A row a group, no wider than `width`; where figures of one group do not compare, a row for each part of it."""
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    figure = groups.figure
    parts = groups.within or (("", groups.rows),)
    rows = [(name, row) for name, rows in parts for row in rows]
    heads = [label(groups.mixed)] if groups.mixed else []
    heads += [figure.unit or label(figure.by)] if figure.by else []
    keys = [[printable(name) for name, _ in rows]] if groups.mixed else []
    keys += [[printable(row.key) for _, row in rows]] if figure.by else []
    values = [figure_of(figure.terms[0], row.value) for _, row in rows]
    others = [[figure_of(term, row.also[i]) for _, row in rows] for i, term in enumerate(figure.also)]
    counts = [str(row.count) for _, row in rows] if (figure.how != "count" or figure.of) and not figure.also else []
    keys = [shortened(column, "name", max(12, width // 3)) for column in keys]
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in heads:
        made.add_column(heading, style="cyan", no_wrap=True)
    titles = [_heading(term, groups) for term in figure.terms]
    for title in titles:
        made.add_column(title, justify="right", no_wrap=True)
    if counts:
        made.add_column("runs", justify="right", no_wrap=True)
    made.add_column("", no_wrap=True)
    told = [[*column, title] for column, title in zip([values, *others], titles, strict=True)]
    taken = sum(map(_widest, [*keys, *told, counts])) + 2 * (len(keys) + len(told) + 1 + bool(counts))
    longest = max(0, min(LONGEST_BAR, width - taken - sum(map(len, heads))))
    longest_of = {name: max(row.value or 0 for row in part) for name, part in parts}  # bars of one part compare
    for place, (name, row) in enumerate(rows):
        most = longest_of[name]
        cells = [column[place] for column in (*keys, values, *others, counts) if column]
        bar = Bar(most, 0, max(0.0, row.value or 0), width=longest, color="blue") if most > 0 and longest > 5 else ""
        made.add_row(*map(Text, cells), bar)
    return made


def _heading(term: Term, groups: Groups) -> str:
    how, of = term
    if of is None:
        return "share" if how in SHARES else "runs"
    return f"{how} {label(of)}"


def _widest(cells: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, cells), default=0)


def has_table(groups: Groups) -> bool:
    """Whether there are several figures to put under each other."""
    return len(groups.within) > 1 or len(groups.rows) > 1
