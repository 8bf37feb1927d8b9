"""The table from the truth: run folders and the journal; and the check of one against the other."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from diffusionlab.registry.errors import BrokenRegistry, MissingRegistry, RegistryError
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record, utc_now
from diffusionlab.registry.storage.lock import locked
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

    A readable table is updated in place, so that readers and trainings go on; what they write meanwhile stays. One
    that cannot be read is set aside; what an earlier version of it holds of runs that are found nowhere else is taken
    over.
    """
    report = Rebuilt()
    kept, problems = journaled(registry)
    found, more_problems = records_in(folders)
    report.problems += problems + more_problems
    records = {**kept, **found}
    report.from_folders, report.from_journal = len(found), len(kept.keys() - found.keys())
    registry.remove_snapshot()
    with registry.holding():
        try:
            registry.records(deleted=None)  # every column: a lost data file shows only when it is read
        except MissingRegistry:
            pass
        except BrokenRegistry:
            report.set_aside = _set_aside(registry)
            for salvaged in _salvage(registry, report.set_aside):
                if salvaged.run_id not in records:
                    records[salvaged.run_id] = salvaged
                    report.from_old_table += 1
        registry.upsert(records.values())
    for row in registry.rows(columns=["run_id", "revision"], deleted=None) if records else []:
        record = records.get(row["run_id"])
        if record is not None and (row["revision"] or 0) > (record.revision or 0):
            _take_the_truth(registry, record, in_folder=row["run_id"] in found)
    return report


def _take_the_truth(registry: Registry, record: RunRecord, in_folder: bool) -> None:
    """Make the row what the truth says, even an older revision (a backup put back), while nobody can write to it."""
    with ExitStack() as held:
        if in_folder:
            folder = Path(record.path or "")
            if os.access(folder, os.W_OK):
                held.enter_context(locked(folder))
            record, path = read_record(folder), record.path
            record.path = path
        held.enter_context(registry.holding())
        if not in_folder:
            record = journaled(registry)[0].get(record.run_id, record)
        registry.upsert(record, where=None)


def journaled(registry: Registry) -> tuple[dict[str, RunRecord], list[str]]:
    """The runs that have no folder, and one line for each that cannot be read."""
    return registry.journal.read() if registry.journal is not None else ({}, [])


def records_in(folders: Iterable[Path | str]) -> tuple[dict[str, RunRecord], list[str]]:
    """The runs under some folders by id, and one line for each that cannot be read or is there twice.

    Of two folders with one run id (a copy) the one that was modified last counts.
    """
    records: dict[str, RunRecord] = {}
    problems = []
    for folder in run_folders(folders):
        try:
            record = read_record(folder)
        except (OSError, ValueError) as error:
            problems.append(str(error))
            continue
        record.path = str(folder.absolute())
        if (other := records.get(record.run_id)) is not None:
            problems.append(f"run {record.run_id} is in two folders, {other.path} and {record.path}: remove one")
            if _age(other) >= _age(record):
                continue
        records[record.run_id] = record
    return records, problems


def _age(record: RunRecord) -> tuple[int, float]:
    return record.revision or 0, record.modified_at.timestamp() if record.modified_at else float("-inf")


def run_folders(folders: Iterable[Path | str]) -> Iterator[Path]:
    """Every folder with a run.json, each once, in order.

    Links are followed, such as that of a day to another disk; none inside a run folder, which may be a stranger's.
    """
    seen: set[str] = set()
    pending = [(Path(top), False) for top in folders][::-1]
    while pending:
        place, in_run = pending.pop()
        if (real := os.path.realpath(place)) in seen or not place.is_dir():
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name, reverse=True)
        except OSError:  # one that may not be read
            continue
        if any(entry.name == RECORD_FILE for entry in entries):
            in_run = True
            yield place
        pending += [(Path(entry), in_run) for entry in entries if entry.is_dir(follow_symlinks=not in_run)]


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
