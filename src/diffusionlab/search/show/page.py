"""What a question prints on a terminal: the reading, the flags, the table, the answer."""

from __future__ import annotations

from collections.abc import Sequence

from diffusionlab.registry.filters.filter import And
from diffusionlab.registry.manage.display import printable, show_comparison
from diffusionlab.search.answer.compare import compared_runs, group_table
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.result import Result
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.show.flags import flag_line, reading
from diffusionlab.search.show.output import evidence
from diffusionlab.search.show.render import WIDE, pick_columns, table


def print_page(
    result: Result,
    engine: Engine,
    answer: str,
    warnings: Sequence[str],
    columns: Sequence[str] | None,
    wide: bool,
    explain: bool,
) -> None:
    """Print everything on stdout; only tables are coloured, and only on a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, emoji=False)
    known = engine.known
    console.print(Text.assemble(("Reading  ", "dim"), printable(reading(result.query, known))), soft_wrap=True)
    console.print(Text.assemble(("Flags    ", "dim"), printable(flag_line(result, known))), soft_wrap=True)
    if explain:
        for condition in result.query.conditions:
            count = len(engine.rows(And(condition), ("run_id",)))
            console.print(
                Text(f"         {printable(format_where(condition, known))}: {count} runs", style="dim"), soft_wrap=True
            )
    console.print()
    if result.rows:
        if wide:
            roomy = Console(highlight=False, emoji=False, width=max(console.width, 400))
            roomy.print(table(result, list(WIDE.values()), roomy.width, list(WIDE)), crop=False, soft_wrap=True)
        else:
            console.print(table(result, columns or pick_columns(result, console.width), console.width))
        console.print()
    if result.query.intent == "compare" and len(result.rows) > 1:
        few = compared_runs(result, engine) if len(result.query.sides) < 2 or len(result.rows) == 2 else None
        console.print(show_comparison(few) if few else group_table(result))
        console.print()
    console.print(Text(printable(answer)))
    for warning in warnings:
        console.print(Text.assemble(("Note: ", "yellow"), printable(warning)))
    if explain:
        console.print()
        for row, proof in zip(result.rows, evidence(result), strict=True):
            told = "; ".join(f"{name} {_told(found)}" for name, found in proof.items())
            console.print(Text(f"{printable(row['run_id'])}: {printable(told)}", style="dim"), soft_wrap=True)


def _told(found: dict[str, object]) -> str:
    return printable(found["value"]) + (f" ({found['source']})" if "source" in found else "")
