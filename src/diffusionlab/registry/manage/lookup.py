"""What a person types for a run -> its record."""

import difflib
import os
from pathlib import Path

from diffusionlab.registry.errors import UnknownRun, readable, typed
from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record
from diffusionlab.registry.record.script import SCRIPT, is_called, sketch_of, with_versions
from diffusionlab.registry.storage.table import Registry


def find_run(uri: str | None, text: str, *, deleted: bool | None = False, drawing: bool = False) -> RunRecord:
    """The run meant by `latest` (which is no script), an id, a run folder, a name or the unique beginning of an id; a
    script also by what it is called for short.

    `deleted` as in Registry.rows. `drawing`: `latest` is the latest that draws images, no autoencoder and no CLIP, if
    there is one. Raises UnknownRun (a ValueError) that names what could have been meant, and
    MissingRegistry or BrokenRegistry as any read does; a run folder needs no registry.
    """
    text = text.strip()
    if not text:
        raise UnknownRun("no run is named: type an id, the beginning of one, a name or `latest`")
    if os.path.isfile(Path(text) / RECORD_FILE):
        record = read_record(text)
        record.path = str(Path(text).absolute())  # where it is now, wherever it was made
        return record
    registry = Registry(uri)
    with readable(registry.uri):
        return _record(registry, find_run_id(registry, text, deleted=deleted, drawing=drawing))


def find_run_id(registry: Registry, text: str, *, deleted: bool | None = False, drawing: bool = False) -> str:
    """As `find_run`, for a run of the registry alone, and only its id."""
    rows = registry.rows(columns=["run_id", "name", "kind", "created_at", "schedule"], deleted=deleted)
    if text == "latest" and rows:
        runs = [row for row in rows if row["kind"] != "script"] or rows
        runs = [row for row in runs if drawing and row["schedule"] is not None] or runs
        dated = [row for row in runs if row["created_at"] is not None] or runs
        return max(dated, key=lambda row: (row["created_at"] or 0, row["run_id"]))["run_id"]
    ids = [row["run_id"] for row in rows]
    if text in ids:
        return text
    named = [row["run_id"] for row in rows if row["name"] == text] or [
        row["run_id"] for row in rows if row["kind"] == SCRIPT and is_called(text, row["name"])
    ]
    meant = named or [run_id for run_id in ids if run_id.startswith(text)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        what = "is the name of" if named else "begins the ids of"
        names = {row["run_id"]: row["name"] for row in rows if row["kind"] == SCRIPT and row["name"] != text}
        shown = [names.get(run_id) or run_id for run_id in meant]
        raise UnknownRun(f"{text!r} {what} {len(meant)} runs: type one of {_some(shown)}")
    if deleted is False and registry.rows(Compare("run_id", "=", text), columns=["run_id"], deleted=True):
        command = typed("registry.py", "restore", text)
        raise UnknownRun(f"run {text} is deleted: type `{command}` to have it back")
    near = difflib.get_close_matches(text, [*ids, *(row["name"] for row in rows)], n=3, cutoff=0.5)
    known = f"did you mean {_some(near)}?" if near else f"there are {_some(ids)}" if ids else "it has no runs"
    raise UnknownRun(f"no {'deleted ' if deleted else ''}run {text[:80]!r} in {registry.uri}: {known}")


def other_versions(uri: str | None, record: RunRecord) -> list[str]:
    """Names of the scripts that are versions of this one; nothing for a run."""
    if record.kind != SCRIPT:
        return []
    rows = Registry(uri).rows(Compare("kind", "=", SCRIPT), columns=["run_id", "name", "extra"])
    scripts = {row["run_id"]: (row["name"], sketch_of(row["extra"] or {})) for row in rows}
    if record.run_id not in scripts:
        return []
    return [
        scripts[run_id][0] or run_id for run_id in with_versions(scripts, [record.run_id]) if run_id != record.run_id
    ]


def _record(registry: Registry, run_id: str) -> RunRecord:
    record = registry.get(run_id)
    if record is None:
        raise UnknownRun(f"run {run_id} has just been purged")
    return record


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
