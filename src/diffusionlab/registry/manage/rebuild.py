"""The table from the truth: run folders and the journal; and the check of one against the other."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from diffusionlab.registry.errors import BrokenRegistry, MissingRegistry, RegistryError
from diffusionlab.registry.manage import journal
from diffusionlab.registry.manage.edits import run_folder
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record, utc_now
from diffusionlab.registry.storage.table import TABLE, Registry

DEFAULT_FOLDERS = ("outputs", "multirun")


@dataclass
class Rebuilt:
    """What a rebuild found. `set_aside` is where a table that could not be read now lies, whole."""

    from_folders: int = 0
    from_journal: int = 0
    from_old_table: int = 0
    set_aside: Path | None = None
    problems: list[str] = field(default_factory=list)


def rebuild(registry: Registry, folders: Iterable[Path | str] = DEFAULT_FOLDERS) -> Rebuilt:
    """Bring every run that can be found back into the table, as its `run.json` has it.

    A readable table is updated in place, so that readers and trainings go on. One that cannot be read is set
    aside; what an earlier version of it holds of runs that are found nowhere else is taken over.
    """
    report = Rebuilt()
    kept, problems = journal.read(registry)
    found, more_problems = records_in(folders)
    report.problems += problems + more_problems
    records = {**kept, **found}
    report.from_folders, report.from_journal = len(found), len(kept.keys() - found.keys())
    registry.remove_snapshot()
    try:
        registry.records(deleted=None)  # every column: a lost data file shows only when it is read
    except MissingRegistry:
        pass
    except BrokenRegistry:
        report.set_aside = _set_aside(registry)
        for record in _salvage(registry, report.set_aside):
            if record.run_id not in records:
                records[record.run_id] = record
                report.from_old_table += 1
    registry.upsert(records.values())
    return report


def records_in(folders: Iterable[Path | str]) -> tuple[dict[str, RunRecord], list[str]]:
    """The runs under some folders by id, and one line for each that cannot be read or is there twice.

    Of two folders with one run id (a copy) the one that was modified last counts.
    """
    records: dict[str, RunRecord] = {}
    problems = []
    for folder in _run_folders(folders):
        try:
            record = read_record(folder)
        except (OSError, ValueError) as error:
            problems.append(str(error))
            continue
        record.path = str(folder.absolute())
        if (other := records.get(record.run_id)) is not None:
            problems.append(f"run {record.run_id} is in two folders: {other.path} and {record.path}")
            if _age(other) >= _age(record):
                continue
        records[record.run_id] = record
    return records, problems


def check(registry: Registry, folders: Iterable[Path | str] = DEFAULT_FOLDERS) -> list[str]:
    """What is wrong, one line each; nothing for a sound registry. Raises as any read does."""
    registry.remove_snapshot()  # it is the table that is checked
    rows = registry.rows(columns=["run_id", "path", "status", "deleted_at", "modified_at"], deleted=None)
    counts = Counter(row["run_id"] for row in rows)
    problems = [f"run {run_id} has {count} rows" for run_id, count in counts.items() if count > 1]
    kept, unreadable = journal.read(registry)
    found, more_unreadable = records_in(folders)
    problems += unreadable + more_unreadable
    by_id = {row["run_id"]: row for row in rows}
    for record in {**kept, **found}.values():
        row = by_id.get(record.run_id)
        if row is None:
            problems.append(f"run {record.run_id} ({record.path or 'journal'}) is not in the table")
        elif record.modified_at and row["modified_at"] and record.modified_at > row["modified_at"]:
            problems.append(f"run {record.run_id} is older in the table than in {record.path or 'the journal'}")
    for row in rows:
        known = row["run_id"] in kept or row["run_id"] in found
        if not known and registry.folder is not None and not run_folder(row["path"], row["run_id"]):
            problems.append(f"run {row['run_id']} is in the table alone: its run folder {row['path']} is not there")
    return problems


def _age(record: RunRecord) -> float:
    return record.modified_at.timestamp() if record.modified_at else float("-inf")


def _run_folders(folders: Iterable[Path | str]) -> Iterator[Path]:
    for top in folders:
        for place, inside, files in os.walk(top):
            inside.sort()
            if RECORD_FILE in files:
                yield Path(place)


def _set_aside(registry: Registry) -> Path:
    if registry.folder is None:
        raise RegistryError(
            f"the table at {registry.uri} lies in an object store: move {TABLE}.lance there yourself, "
            "then rebuild once more"
        )
    aside = registry.folder / f"{TABLE}-broken-{utc_now():%Y%m%d-%H%M%S-%f}.lance"
    (registry.folder / f"{TABLE}.lance").rename(aside)
    return aside


def _salvage(registry: Registry, aside: Path) -> list[RunRecord]:
    """The records of the newest version that can still be read, unreadable manifests being moved out of the way."""
    bad = aside / "unreadable_versions"
    manifests = sorted((aside / "_versions").glob("*.manifest"))  # Lance counts names down: the newest comes first
    for manifest in manifests:
        try:
            return Registry(registry.uri, aside.stem).records(deleted=None)
        except BrokenRegistry:
            bad.mkdir(exist_ok=True)
            manifest.rename(bad / manifest.name)
    return []
