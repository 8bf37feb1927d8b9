"""Taking deleted runs out for good; of their folders goes what this project wrote, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from diffusionlab.registry.errors import RegistryError, typed
from diffusionlab.registry.manage.edits import known_run
from diffusionlab.registry.manage.manifest import sorted_out
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record
from diffusionlab.registry.storage.table import Registry


@dataclass
class Purged:
    """One run: the files to remove, `run.json` last, those that stay, and why the folder stays as it is."""

    run_id: str
    folder: Path | None = None
    files: list[Path] = field(default_factory=list)
    foreign: list[Path] = field(default_factory=list)
    kept: str | None = None


def purge(
    registry: Registry, run_ids: Iterable[str], *, remove_folders: bool = False, dry_run: bool = False
) -> list[Purged]:
    """Take deleted runs out of the registry for good, with their files if `remove_folders`; `dry_run` only lists.

    Removed is what `manifest.py` names, in a folder whose own `run.json` is this run's, that is no link and has no
    other run inside. Raises RegistryError, changing nothing, for a run that is not deleted or still trains. A run
    folder that is kept brings its run back, still marked as deleted, at the next `rebuild`.
    """
    records = [known_run(registry, run_id) for run_id in run_ids]
    for record in records:
        if record.deleted_at is None:
            command = typed("registry.py", "delete", record.run_id)
            raise RegistryError(f"run {record.run_id} is not deleted: type `{command}` first")
    plans = [_plan(record) if remove_folders else Purged(record.run_id) for record in records]
    if not plans or dry_run:
        return plans
    for plan in plans:
        _remove(plan)
    registry.remove([plan.run_id for plan in plans])  # last: whatever stops this before, the same command ends it
    return plans


def _plan(record: RunRecord) -> Purged:
    plan = Purged(record.run_id, kept=_why_not(record))
    if plan.kept is None and record.path:
        plan.folder = Path(record.path)
        plan.files, plan.foreign = sorted_out(plan.folder)
    return plan


def _why_not(record: RunRecord) -> str | None:
    """Why the folder that a record names is not the run's own to remove; None if it is."""
    if not record.path:
        return "it has no folder"
    folder = Path(record.path)
    if not folder.is_absolute():
        return f"{record.path} is a relative path"
    if folder.is_symlink():
        return f"{folder} is a link"
    try:
        on_disk = read_record(folder)
    except (OSError, ValueError):
        return f"{folder} has no {RECORD_FILE} that can be read"
    if on_disk.run_id != record.run_id:
        return f"{folder} is the folder of run {on_disk.run_id}"
    if actual_status(vars(on_disk)) == "running":
        raise RegistryError(f"run {record.run_id} is still training (process {on_disk.pid}): stop it first")
    inside = next((file for file in folder.rglob(RECORD_FILE) if file.parent != folder), None)
    return f"{folder} has the run folder {inside.parent} inside" if inside is not None else None


def _remove(plan: Purged) -> None:
    """The files one by one, and with the last of a folder the folder; one that was empty before stays."""
    for file in plan.files:
        file.unlink(missing_ok=True)
        place = file.parent
        while place.is_relative_to(plan.folder or file) and not any(place.iterdir()):
            place.rmdir()
            place = place.parent
