"""What a question prints on a terminal: the reading, the flags, a table, and what the table does not show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diffusionlab.registry.filters.filter import And
from diffusionlab.registry.manage.display import printable, show_comparison
from diffusionlab.search.answer.answer import answer, verdict_of
from diffusionlab.search.answer.compare import compared_runs, compares_groups, group_table
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.result import Result
from diffusionlab.search.query.query import Check, Facts, Pictures
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.show.flags import flag_line, reading
from diffusionlab.search.show.groups import groups_table, has_table
from diffusionlab.search.show.output import evidence
from diffusionlab.search.show.render import WIDE, blocks, fits, pick_columns, table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

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
        from diffusionlab.search.show.pictures import print_pictures

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
    return [table(result, chosen, width) if fits(result, chosen, width) else blocks(result, chosen)]


def _told(found: dict[str, object]) -> str:
    return printable(found["value"]) + (f" ({found['source']})" if "source" in found else "")
