"""Scripts as records of the registry.

A script is the record of its path: reading it again updates this record. A file that is gone while another with the
same content has come is the same script, moved. What a person said of it (tags, notes, a name) stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusionlab.ingest.describe import describe
from diffusionlab.ingest.history import Dates
from diffusionlab.ingest.record import Script
from diffusionlab.registry.manage.transfer import import_runs, keep_edits
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.record.script import SCRIPT, lines_text
from diffusionlab.registry.storage.table import Registry

KIND = SCRIPT
COLUMNS = (
    "framework", "dataset", "batch_size", "lr", "optimizer", "epochs", "image_size", "schedule", "parameterization",
    "precision", "seed",
)  # fmt: skip


@dataclass(frozen=True)
class Stored:
    record: RunRecord
    state: str  # new, updated, moved, unchanged


def to_record(script: Script, run_id: str, path: Path, dates: Dates) -> RunRecord:
    """The record of a script: columns for what takes effect, all facts with their lines under `extra["script"]`."""
    values: dict[str, Any] = {name: script.first(name) for name in COLUMNS}
    names = dict.fromkeys(str(fact.value) for fact in script.facts.get("architecture", []))
    values["architecture"] = ", ".join(names) or None
    values["arch_tags"] = [fact.value for fact in script.facets]
    devices = script.first("hardware")
    values["hardware"] = ", ".join(devices) if isinstance(devices, list) else devices
    values["description"] = describe(script) or None
    details = script.as_dict() | {"path": str(path), "dates": dates.source, "date_flag": dates.flag}
    details |= {"sketch": script.sketch, "layer_lines": [line for _, line in script.layers]}
    record = RunRecord(
        run_id=run_id,
        name=_name(path),
        kind=KIND,
        created_at=dates.created,
        modified_at=dates.modified,
        git_commit=dates.commit,
        path=str(path),
        layers=[text for text, _ in script.layers],
        extra={SCRIPT: details},
        **values,
    )
    record.sources = {name: _source(script, name) for name, value in values.items() if value not in (None, [])}
    record.sources["description"] = "generated"
    return record


def _source(script: Script, column: str) -> str:
    """The lines that show a column's value: "script line 12"."""
    facts = script.facets if column == "arch_tags" else script.facts.get(column, [])[:1]
    return f"script {lines_text([line for fact in facts[:1] for line in fact.lines])}" if facts else "script"


def _name(path: Path) -> str:
    """The file with its folder, which tells v1/script.py from v2/script.py."""
    return "/".join(path.parts[-2:])


class Scripts:
    """The scripts that a registry knows, by path and by content."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        known = [record for record in _records(registry) if record.kind == KIND]
        self.by_path = {record.path: record for record in known}
        self.by_content: dict[str, list[RunRecord]] = {}
        for record in known:
            self.by_content.setdefault(content_of(record), []).append(record)
        self.ids = {record.run_id for record in known}

    def record(self, script: Script, path: Path, dates: Dates) -> Stored:
        """The record that a script becomes, and what it was before."""
        before = self.by_path.get(str(path))
        state = "new"
        if before is not None:
            state = "unchanged" if content_of(before) == script.sha256 else "updated"
        else:
            gone = (one for one in self.by_content.get(script.sha256, []) if one.path and not Path(one.path).exists())
            before = next(gone, None)
            state = "moved" if before is not None else "new"
        record = to_record(script, before.run_id if before else self._new_id(path), path, dates)
        if before is not None:
            keep_edits(before, record)
            record.linked_pictures = before.linked_pictures
        self.by_path[str(path)] = record
        self.ids.add(record.run_id)
        if state == "moved" and before is not None:
            self.by_content[script.sha256].remove(before)
            self.by_path.pop(before.path, None)
        return Stored(record, state)

    def _new_id(self, path: Path) -> str:
        digest = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()
        length = 10
        while (run_id := f"script-{digest[:length]}") in self.ids and length < len(digest):
            length += 1
        return run_id

    def save(self, stored: Iterable[Stored]) -> None:
        import_runs(self.registry, [one.record for one in stored])


def content_of(record: RunRecord) -> str:
    details = record.extra.get(SCRIPT)
    return str(details.get("sha256", "")) if isinstance(details, dict) else ""


def script_of(record: RunRecord) -> Script | None:
    """The facts with their lines that a record keeps, None if it is no script's."""
    details = record.extra.get(SCRIPT)
    return Script.from_dict(details) if isinstance(details, dict) else None


def _records(registry: Registry) -> list[RunRecord]:
    from diffusionlab.registry.errors import MissingRegistry

    try:
        return list(registry.records(deleted=None))
    except MissingRegistry:
        return []
