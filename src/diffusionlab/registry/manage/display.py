"""Runs on a terminal: every text that a person or a file brought is shown as it is, and commands nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.manage.compare import GROUPS, Comparison
from diffusionlab.registry.record.columns import KINDS, grouped, label
from diffusionlab.registry.record.liveness import why_it_ended
from diffusionlab.registry.record.pictures import linked
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.record.script import SCRIPT, code_facts
from diffusionlab.untrusted import plain_text

if TYPE_CHECKING:
    from rich.console import RenderableType


def printable(value: object) -> str:
    """A value as text without control characters (which could drive the terminal) or direction marks."""
    return plain_text(_text(value))


def _text(value: object) -> str:
    match value:
        case None:
            return "-"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case list() | tuple():
            return ", ".join(map(str, value)) or "-"
        case int():
            return f"{value:,}" if abs(value) >= 100_000 else str(value)
    return str(value)


LISTED = ("run_id", "name", "status", "dataset", "created_at")


LIST_COLUMNS = (*LISTED, "reason")


def show_list(rows: Iterable[Mapping[str, Any]]) -> "RenderableType":
    """One line a run, within 80 columns: long names are cut, ids are whole, for the next command.

    Below them a line for each that did not finish says why.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in LISTED:
        table.add_column("run" if column == "run_id" else label(column), no_wrap=column != "name")  # it alone shrinks
    reasons = []
    for row in rows:
        name, day = Text(printable(row["name"]), no_wrap=True, overflow="ellipsis"), row["created_at"]
        others = (Text(printable(row[column])) for column in ("status", "dataset"))
        table.add_row(Text(printable(row["run_id"])), name, *others, printable(day)[:10])
        if row["reason"] and row["status"] != "finished":
            line = f"{printable(row['run_id'])}: {printable(row['reason'])}"
            reasons.append(Text(line, style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(table, *([Text(""), *reasons] if reasons else []))


def show_run(
    record: RunRecord, status: str | None, *, layers: bool = False, versions: Sequence[str] = ()
) -> "RenderableType":
    """All known facts of a run in groups, each with its source; its layers are counted, or listed for `layers`.

    `versions`: names of the other versions of a script. What its code shows stands once, with the lines.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    table.add_column("fact", style="cyan", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", style="dim")
    code = list(code_facts(record.extra))
    for group, facts in facts_by_group(record, status):
        if code and group in ("architecture", "training"):
            continue
        if facts:
            table.add_row(Text(group, style="bold"))
        for column, value in facts:
            source = record.sources.get(column.partition(".")[0], "")
            table.add_row(Text(f"  {printable(column)}"), Text(printable(value)), Text(printable(source)))
    if code:
        table.add_row(Text("in the code", style="bold"))
    for name, value, lines in code:
        table.add_row(Text(f"  {printable(name)}"), Text(printable(value)), Text(printable(lines)))
    if versions:
        table.add_row(Text("versions", style="cyan"), Text(printable(", ".join(versions))))
    pictures = linked(record.linked_pictures)
    if pictures:
        table.add_row(Text("pictures", style="bold"))
    for one in pictures:
        there = "" if one.file() else "gone or changed since it was linked"
        table.add_row(Text(f"  {printable(one.title)}"), Text(printable(one.path)), Text(there))
    head = Text.assemble((printable(record.name), "bold"), "  ", (printable(record.run_id), "dim"))
    return Group(head, table, _layers(record, every=layers))


def _layers(record: RunRecord, *, every: bool) -> "RenderableType":
    from rich.text import Text

    if not record.layers:
        return Text("")
    if every:
        return Text("\n".join(["layers", *(f"  {printable(line)}" for line in record.layers)]))
    return Text(f"layers: {len(record.layers)}; --layers lists them", style="dim")


def facts_by_group(record: RunRecord, status: str | None) -> Iterable[tuple[str, list[tuple[str, Any]]]]:
    """(group, [(fact, value)]): all known facts of a run but its settings, packages and layers; figures first."""
    values = {column: getattr(record, column) for column in KINDS}
    values |= {"status": status, "reason": why_it_ended(vars(record))}
    shown = {column: value for column, value in values.items() if value not in (None, [], {})}

    def facts(group: str) -> list[tuple[str, Any]]:
        return [(column, shown[column]) for column in grouped(group) if column in shown]

    metrics = [(f"metrics.{name}", value) for name, value in record.metrics.items()]
    ended = [fact for fact in facts("result") if fact[0] in ("status", "reason")]
    yield "result", [*ended, *metrics, *(fact for fact in facts("result") if fact not in ended)]
    yield "about", facts("about")
    for group in (group for group in GROUPS if group != "result"):
        yield group, facts(group)
    yield "evaluations", [(f"evaluations.{n}", _figures(*one)) for n, one in enumerate(record.evaluations.items(), 1)]
    yield "where from", facts("where from")
    yield "other", [(name, value) for name, value in record.extra.items() if name != SCRIPT]


def _figures(protocol: str, metrics: Mapping[str, float | None]) -> str:
    """One line for an evaluation; figures of single classes (`fid/Bag`) stay in its file."""
    return f"{protocol}: " + ", ".join(f"{name} {_text(value)}" for name, value in metrics.items() if "/" not in name)


def _called(fact: str) -> str:
    return label(fact) if "." not in fact else fact


def show_comparison(comparison: Comparison) -> "RenderableType":
    """One row a fact that differs, grouped, then the layers that do."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for run_id in comparison.run_ids:
        table.add_column(Text(printable(run_id)), overflow="fold")
    for group, differences in comparison.groups.items():
        if differences:
            table.add_row(Text(group, style="bold"))
        for difference in differences:
            cells = (Text(printable(value)) for value in difference.values)
            table.add_row(Text(f"  {printable(_called(difference.fact))}", style="cyan"), *cells)
    parts: list[RenderableType] = [table] if table.row_count else [Text("no fact of theirs differs")]
    if comparison.layers:
        colours = {"+": "green", "-": "red", "@": "dim"}
        lines = [Text(printable(line), style=colours.get(line[:1], "")) for line in comparison.layers]
        parts += [Text("\nlayers", style="bold"), *lines]
    if comparison.same:
        facts = [printable(_called(fact)) for fact in comparison.same if not fact.startswith(("config.", "packages."))]
        for prefix, kind in (("config.", "settings"), ("packages.", "package versions")):
            if number := sum(fact.startswith(prefix) for fact in comparison.same):
                facts.append(f"{number} {kind}")
        parts.append(Text(f"\nthe same: {', '.join(facts)}", style="dim"))
    return Group(*parts)
