"""What a question prints on a terminal: the reading, the flags, a table, and what the table does not show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diffusionlab.registry.filters.filter import And
from diffusionlab.registry.manage.display import printable, show_comparison
from diffusionlab.registry.record.columns import label
from diffusionlab.search.answer.answer import answer, verdict_of
from diffusionlab.search.answer.compare import compared_runs, compares_groups, group_table
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.result import Groups, Result, figure_of
from diffusionlab.search.query.query import SHARES, Check, Facts, Pictures, Term
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.show.flags import flag_line, reading
from diffusionlab.search.show.output import evidence
from diffusionlab.search.show.render import WIDE, blocks, fits, heading, pick_columns, shortened, table, texts

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

LONGEST_READING = 600
MOST_CHECKED = 12  # runs shown below a verdict on all of them
MOST_FACTS = 3  # runs whose facts are told in sentences; those of more are a table


def print_page(
    result: Result,
    engine: Engine,
    warnings: Sequence[str],
    columns: Sequence[str] | None = None,
    wide: bool = False,
    explain: bool = False,
) -> None:
    """Print everything on stdout; it is colored only on a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, emoji=False)
    _print_reading(console, result, engine, explain)
    console.print()
    if decided := verdict_of(result):
        console.print(Text(printable(decided)))
        console.print()
    if wide and result.rows:
        roomy = Console(highlight=False, emoji=False, width=max(console.width, 400))
        roomy.print(table(result, list(WIDE.values()), roomy.width, list(WIDE)), crop=False, soft_wrap=True)
        console.print()
    shown = [] if wide else _body(result, engine, columns, console.width)
    for part in shown:
        console.print(part)
        console.print()
    if said := answer(result, engine, table=bool(shown or wide or decided)):
        console.print(Text(printable(said)))
    for warning in dict.fromkeys(warnings):
        console.print(Text.assemble(("Note: ", "yellow"), printable(warning)))
    if isinstance(result.query.ask, Pictures):
        from diffusionlab.search.show.output import print_pictures

        print_pictures(console, result)
    if explain:
        console.print()
        for row, proof in zip(result.rows, evidence(result), strict=True):
            told = "; ".join(f"{name} {_told(found)}" for name, found in proof.items())
            console.print(Text(f"{printable(row['run_id'])}: {printable(told)}", style="dim"), soft_wrap=True)


def _print_reading(console: Console, result: Result, engine: Engine, explain: bool) -> None:
    from rich.text import Text

    known = engine.known
    read = printable(reading(result.query, known))
    read = read if len(read) <= LONGEST_READING else read[:LONGEST_READING] + " ..."  # the flags have it all
    console.print(Text.assemble(("Reading  ", "dim"), read), soft_wrap=True)
    console.print(Text.assemble(("Flags    ", "dim"), printable(flag_line(result, known))), soft_wrap=True)
    for condition in result.query.conditions if explain else ():
        count = len(engine.rows(And(condition), ("run_id",)))
        line = f"         {printable(format_where(condition, known))}: {count} runs"
        console.print(Text(line, style="dim"), soft_wrap=True)


def _body(result: Result, engine: Engine, columns: Sequence[str] | None, width: int) -> list[RenderableType]:
    """The table of groups, of a comparison, or of the runs; none where a sentence says it all."""
    query, rows = result.query, result.rows
    if query.intent == "aggregate":
        return [groups_table(result.groups, width)] if result.groups and has_table(result.groups) else []
    if query.intent == "compare" and len(rows) > 1:
        few = None if compares_groups(result) else compared_runs(result, engine)
        return [show_comparison(few) if few else group_table(result)]
    told = isinstance(query.ask, Pictures) or (isinstance(query.ask, Facts) and len(rows) <= MOST_FACTS)
    told |= isinstance(query.ask, Check) and query.ask.condition is not None and len(rows) > MOST_CHECKED
    if not rows or (told and not columns):
        return []
    chosen = list(columns or pick_columns(result, width))
    if fits(result, chosen, width):
        return [table(result, chosen, width)]
    return [blocks([heading(column) for column in chosen], [texts(result, column) for column in chosen])]


def _told(found: dict[str, object]) -> str:
    return printable(found["value"]) + (f" ({found['source']})" if "source" in found else "")


# -- figures of groups, with a bar for each

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
    named = figure.by or figure.sides  # not so the one group of all runs
    heads += [figure.made_by] if named else []
    keys = [[printable(name) for name, _ in rows]] if groups.mixed else []
    keys += [[printable(row.key) for _, row in rows]] if named else []
    values = [figure_of(figure.terms[0], row.value) for _, row in rows]
    others = [[figure_of(term, row.also[i]) for _, row in rows] for i, term in enumerate(figure.also)]
    counts = [str(row.count) for _, row in rows] if (figure.how != "count" or figure.of) and not figure.also else []
    keys = [shortened(column, "name", max(12, width // 3)) for column in keys]
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for head in heads:
        made.add_column(head, style="cyan", no_wrap=True)
    titles = [_heading(term) for term in figure.terms]
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


def _heading(term: Term) -> str:
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
