"""A script or notebook as a page: what its code shows, beside the lines that show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusionlab.ingest.record import Fact, Script
from diffusionlab.ingest.source import Place, UnreadableFile, read_blocks
from diffusionlab.ingest.store import script_of
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import BY_NAME, label
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.record.script import SCRIPT
from diffusionlab.report.folder import linked_pictures
from diffusionlab.report.page import write_page
from diffusionlab.report.source import SourceBlock, anchor, source_blocks

PAGES = Path("outputs/scripts")
_AT_A_GLANCE = ("dataset", "image_size", "batch_size", "optimizer", "lr", "epochs", "steps", "seed")


@dataclass(frozen=True)
class ShownFact:
    """`lines` are (place, anchor) pairs; the anchor is "" where the page does not have the line."""

    value: str
    how: str
    lines: list[tuple[str, str]]


def page_of(run_id: str) -> Path:
    """Where the page of a script is written by default."""
    return PAGES / f"{re.sub(r'[^A-Za-z0-9_-]', '_', run_id)[:80]}.html"


def script_in(record: RunRecord) -> Script | None:
    """The facts that a record keeps, None for a run, and where an import brought something else in their place."""
    try:
        return script_of(record)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def write_script_page(record: RunRecord, script: Script, target: Path) -> Path:
    """Write the page of a script to `target`. The source is shown while the file is what was read."""
    blocks, left_out, missing = _source(record, script)
    anchors = {line.anchor for block in blocks for line in block.lines}
    pictures, gone = linked_pictures(record)
    details = record.extra[SCRIPT]
    return write_page(
        target,
        "script.html.jinja",
        "copy.js",
        "page.js",
        record=record,
        figures=[
            (_label(name), printable(value)) for name in _AT_A_GLANCE if (value := script.first(name)) is not None
        ],
        facts=[(_label(name), [_shown(fact, anchors) for fact in facts]) for name, facts in _fields(script)],
        conflicts=[(_label(one.field), [_shown(fact, anchors) for fact in one.values]) for one in script.conflicts],
        asked=[_label(name) for name in script.depends_on_input],
        blocks=blocks,
        left_out=left_out,
        missing=missing,
        error=script.error,
        pictures=pictures,
        gone=gone,
        system=[
            ("file", record.path or script.path),
            ("SHA-256", script.sha256),
            *((f"{what} ({details.get('dates') or 'unknown'})", when) for what, when in _dates(record)),
            *([("commit", record.git_commit)] if record.git_commit else []),
        ],
        flag=details.get("date_flag"),
    )


def _source(record: RunRecord, script: Script) -> tuple[list[SourceBlock], int, str | None]:
    """Blocks, how many lines they leave out, and why there are none."""
    try:
        if Path(record.path or "").suffix not in (".py", ".ipynb"):
            raise UnreadableFile("not on this machine")
        blocks = read_blocks(Path(record.path or ""), script.sha256)
    except UnreadableFile as error:
        return [], 0, str(error)
    return *source_blocks(blocks, _says(script)), None


def _says(script: Script) -> dict[str, list[str]]:
    """Anchor of a line -> what it shows."""
    says: dict[str, list[str]] = {}
    for name, facts in _fields(script):
        for fact in facts:
            shown = str(fact.value) if name == "facets" else name
            for place in fact.lines:
                names = says.setdefault(anchor(place), [])
                if shown not in names:
                    names.append(shown)
    return {line: [_label(name) for name in names] for line, names in says.items()}


def _fields(script: Script) -> Iterator[tuple[str, list[Fact]]]:
    yield from script.facts.items()
    if script.facets:
        yield "facets", script.facets


def _shown(fact: Fact, anchors: set[str]) -> ShownFact:
    how = "; ".join(str(word) for word in (fact.stage, fact.role, fact.via) if word)
    return ShownFact(printable(fact.value), how, [_link(place, anchors) for place in fact.lines])


def _link(place: Place, anchors: set[str]) -> tuple[str, str]:
    name = anchor(place)
    return str(place), name if name in anchors else ""


def _label(name: str) -> str:
    return label(name) if name in BY_NAME else name.replace("_", " ")


def _dates(record: RunRecord) -> Iterator[tuple[str, Any]]:
    for name, when in (("created", record.created_at), ("modified", record.modified_at)):
        if when is not None:
            yield name, when
