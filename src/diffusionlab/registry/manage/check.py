"""What is wrong with a registry, in which file, and the mending of it."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path

from diffusionlab.atomic import leftovers
from diffusionlab.registry.errors import typed
from diffusionlab.registry.manage.edits import run_folder
from diffusionlab.registry.manage.rebuild import DEFAULT_FOLDERS, journaled, rebuild, records_in, run_folders
from diffusionlab.registry.record.liveness import actual_status, why_it_ended
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record, write_record
from diffusionlab.registry.storage.lock import locked
from diffusionlab.registry.storage.table import Registry

Folders = Iterable[Path | str]


def check(registry: Registry, folders: Folders = DEFAULT_FOLDERS) -> list[str]:
    """What is wrong, one line each; nothing for a sound registry. Raises as any read does."""
    folders = list(folders)
    registry.remove_snapshot()  # it is the table that is checked
    kept, unreadable = journaled(registry)
    found, more_unreadable = records_in(folders)
    problems = unreadable + more_unreadable
    rows = registry.records(deleted=None)
    counts = Counter(row.run_id for row in rows)
    problems += [f"run {run_id} has {count} rows" for run_id, count in counts.items() if count > 1]
    by_id = {row.run_id: row for row in rows}
    for run_id, record in {**kept, **found}.items():
        if by_id.get(run_id) != _as_shown(record) and (problem := _difference(registry, record, run_id in found)):
            problems.append(problem)
    for row in rows:
        known = row.run_id in kept or row.run_id in found or row.deleted_at is not None
        if not known and registry.folder is not None and not run_folder(row.path, row.run_id):
            problems.append(
                f"run {row.run_id} is in the table alone: its run folder {row.path} is missing; if it is gone for "
                f"good, type `{typed('registry.py', 'delete', row.run_id)}`"
            )
    return problems


def fix(registry: Registry, folders: Folders = DEFAULT_FOLDERS) -> list[str]:
    """Mend what can be mended without losing anything; returns what was done, one line each."""
    folders = list(folders)
    done = []
    for folder in run_folders(folders):
        if (line := _write_anew(registry, folder)) is not None:
            done.append(line)
    with registry.holding():
        registry.flush()
        aside = registry.journal.set_aside_unreadable() if registry.journal is not None else None
    if aside is not None:
        done.append(f"set aside lines of the journal that cannot be read: {aside}")
    ids = Counter(row["run_id"] for row in registry.rows(columns=["run_id"], deleted=None))
    if doubled := [run_id for run_id, count in ids.items() if count > 1]:
        records = [record for run_id in doubled if (record := registry.get(run_id)) is not None]
        registry.replace_rows(records)
        done.append(f"made one row of several for {', '.join(doubled)}")
    rebuild(registry, folders)
    for file in all_leftovers(registry, folders):
        file.unlink(missing_ok=True)
        done.append(f"removed {file}")
    return done


def _write_anew(registry: Registry, folder: Path) -> str | None:
    """Set a run.json aside that cannot be read, and write in its place what the table knows; None if it can be read."""
    file = folder / RECORD_FILE
    try:
        read_record(folder)
        return None
    except OSError:
        return None  # it may well be sound
    except ValueError:
        pass
    known = [record for record in registry.records(deleted=None) if record.path == str(folder.absolute())]
    with locked(folder):
        aside = _free_name(folder)
        file.rename(aside)
        if len(known) != 1:
            return f"set aside {aside}; nothing else is known of this run"
        write_record(known[0], folder)
    return f"set aside {aside}; {file} is written anew, as the table has it"


def _free_name(folder: Path) -> Path:
    names = (f"{RECORD_FILE}.unreadable" + (f"-{number}" if number else "") for number in range(10_000))
    return next(folder / name for name in names if not os.path.lexists(folder / name))


def all_leftovers(registry: Registry, folders: Folders = DEFAULT_FOLDERS) -> list[Path]:
    """Temporary files of killed processes: they are in nobody's way, and go when their run starts again."""
    inside = [Path(place) for folder in run_folders(folders) for place, _, _ in os.walk(folder)]
    places = [*([registry.folder, registry.folder.absolute().parent] if registry.folder is not None else []), *inside]
    return [file for place in dict.fromkeys(places) for file in leftovers(place)]


def _difference(registry: Registry, record: RunRecord, in_folder: bool) -> str | None:
    """What the table says otherwise than the truth, both read once more: a training may just have written them."""
    path = record.path
    if in_folder:
        try:
            record = replace(read_record(path or ""), path=path)
        except (OSError, ValueError) as error:
            return str(error)
    row, record = registry.get(record.run_id), _as_shown(record)
    if row is None:
        return f"run {record.run_id} ({path or 'the journal'}) is not in the table"
    columns = [f.name for f in fields(RunRecord) if getattr(row, f.name) != getattr(record, f.name)]
    if not columns or ((row.revision or 0) > (record.revision or 0) and not in_folder):
        return None
    return f"run {record.run_id} differs in the table from {path or 'the journal'}: {', '.join(columns)}"


def _as_shown(record: RunRecord) -> RunRecord:
    """The record as a read of the table gives it."""
    if record.status != "running":
        return record
    return replace(record, status=actual_status(vars(record)), reason=why_it_ended(vars(record)))
