"""The whole registry as one page of cards, to be filtered and sorted in the browser."""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from diffusionlab.bars import tracked
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import METRIC_COLUMNS, about, head, label
from diffusionlab.registry.record.comparable import basis_column
from diffusionlab.registry.record.convert import local_path
from diffusionlab.registry.record.pictures import linked
from diffusionlab.registry.record.run_record import RECORD_FILE
from diffusionlab.registry.record.script import SCRIPT
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.images import thumbnail
from diffusionlab.report.page import quoted, write_page
from diffusionlab.report.run_page import IN_UNIT, REPORT_FILE, metric_names
from diffusionlab.report.script_page import page_of
from diffusionlab.untrusted import inside

SHOWN_OF_SCRIPTS = ("optimizer", "lr", "batch_size", "epochs")
MAY_DIFFER = (
    "lr", "optimizer", "batch_size", "schedule", "parameterization", "image_size", "num_parameters", "epochs", "steps",
    "seconds", "seed",
)  # fmt: skip
"""What a card of a run says if the runs of the page are not all alike in it."""
COLUMNS = (
    "run_id", "name", "created_at", "status", "dataset", "architecture", "arch_tags", "tags", "notes", "reason",
    "metrics", "protocol", "objective", "evaluations", "path", "thumbnail", "sweep", "kind", "modified_at",
    "linked_pictures", *dict.fromkeys((*SHOWN_OF_SCRIPTS, *MAY_DIFFER)),
)  # fmt: skip
WORDS = ("run_id", "name", "kind", "status", "dataset", "architecture", "arch_tags", "tags", "notes", "reason", "sweep")
"""Columns whose words the filter box looks in."""
PIXELS = 30_000_000
"""Of all thumbnails together: a page of 2,000 runs stays below about fifteen megabytes."""
LARGEST, SMALLEST = 320 * 160, 160 * 80


def write_gallery(registry: Registry, target: Path) -> tuple[Path, int]:
    """Write the page of all runs and scripts, newest first, to `target`; returns its path and how many it shows."""
    rows = [_filled(row) for row in registry.rows(columns=COLUMNS, order_by="created_at", descending=True)]
    num_pixels = max(SMALLEST, min(LARGEST, PIXELS // max(1, len(rows))))
    shown = tracked(rows, "reading") if len(rows) >= 200 else rows
    runs, protocols = [row for row in rows if row["kind"] != SCRIPT], short_protocols(rows)
    differing = [name for name in MAY_DIFFER if len({row[name] for row in runs}) > 1]
    cards = [_card(row, target.absolute().parent, num_pixels, differing, protocols) for row in shown]
    path = write_page(
        target,
        "gallery.html.jinja",
        "copy.js",
        "gallery.js",
        cards=cards,
        metrics=sorted({name for row in rows for name in _sortable(row, protocols)}),
        facts=[_facts(row, protocols) for row in rows],
        num_scripts=sum(row["kind"] == SCRIPT for row in rows),
        uri=registry.uri,
    )
    return path, len(rows)


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"arch_tags": [], "tags": [], "metrics": {}, "evaluations": {}}
    return {**row, **{column: row[column] or value for column, value in empty.items()}}


def short_protocols(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Protocol -> a short name for it, where no other protocol of the page has the same."""
    short = {name: _short(name) for row in rows for name in (*row["evaluations"], row["protocol"]) if name}
    times = Counter(short.values())
    return {name: text if times[text] == 1 else name for name, text in short.items()}


def _short(protocol: str) -> str:
    """Without hashes, the split, and what is usual: "classifier, 2000 samples, DDIM 50 steps, guidance 2"."""
    text = re.sub(r"-\d+-[0-9a-f]{8}\b", "", protocol)
    text = re.sub(r" against .*? \([0-9a-f]{8}\)", "", text)
    return text.replace("DDIM eta=0", "DDIM")


def _card(
    row: Mapping[str, Any], beside: Path, num_pixels: int, differing: Sequence[str], protocols: Mapping[str, str]
) -> dict[str, Any]:
    place = Path(local_path(row["path"] or ""))
    folder = place if row["path"] and os.path.isfile(place / RECORD_FILE) else None
    file = (inside(folder, row["thumbnail"]) if folder else None) or _last_linked(row)
    page = page_of(row["run_id"]) if row["kind"] == SCRIPT else folder / REPORT_FILE if folder else None
    return {
        "row": row,
        "picture": thumbnail(file, num_pixels=num_pixels) if file else None,
        "href": _link(page, beside) if page and page.is_file() else None,
        "figures": _measured(row),
        "settings": _settings(row, SHOWN_OF_SCRIPTS if row["kind"] == SCRIPT else differing),
        "protocol": protocols.get(row["protocol"]),
    }


def _last_linked(row: Mapping[str, Any]) -> Path | None:
    """Of the pictures linked to a record, the one of the last epoch."""
    return next((file for one in reversed(linked(row["linked_pictures"])) if (file := one.file())), None)


def _measured(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = [name for name in metric_names(row["metrics"]) if row["metrics"][name] is not None]
    return [(label(name), f"{row['metrics'][name]:.4g}") for name in named[:3]]


def _settings(row: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (head(name), IN_UNIT.get(about(name).unit, printable)(row[name])) for name in names if row[name] is not None
    ]


def _link(file: Path, beside: Path) -> str:
    """A relative address that is a path whatever the folders are called: no part of it reads as a scheme."""
    return quote(Path(os.path.relpath(file, beside)).as_posix())


def _facts(row: Mapping[str, Any], protocols: Mapping[str, str]) -> dict[str, Any]:
    """What the page filters and sorts by, and the run as it is typed."""
    words = " ".join(printable(row[column]) for column in WORDS if row[column]).lower()
    created = row["created_at"].timestamp() if row["created_at"] else None
    return {
        "words": words,
        "created": created,
        "name": row["name"].lower(),
        "metrics": _sortable(row, protocols),
        "typed": quoted(row["run_id"]),
    }


def _sortable(row: Mapping[str, Any], protocols: Mapping[str, str]) -> dict[str, float]:
    """Metrics to sort by; what was measured under a protocol has it in its name, so that no order mixes two."""
    under = row["evaluations"].get(row["protocol"]) or {}
    usual = [name for name in metric_names(row["metrics"]) if name not in under or name in METRIC_COLUMNS]
    names = {name: f"{name}, {protocols[row['protocol']]}" if name in under else name for name in usual}
    if row["objective"]:
        names |= {name: f"{name}, {row['objective']}" for name in usual if basis_column(name) == "objective"}
    return {printable(names[name]): row["metrics"][name] for name in usual if row["metrics"][name] is not None}
