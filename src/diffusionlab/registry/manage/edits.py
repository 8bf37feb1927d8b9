"""What a person says of a run: tags, notes, a name, that it is to be gone. It outlives `rebuild` and the training."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.manage.write import write_run
from diffusionlab.registry.record.run_record import RunRecord, read_record, utc_now
from diffusionlab.registry.storage.table import NEWER, Registry

LONGEST_NOTE = 20_000
ATTEMPTS = 50  # to change a row that others change, too


def tag(registry: Registry, run_id: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> RunRecord:
    """Add tags, then take some off; a tag is a text without surrounding blanks."""
    added, removed = [text.strip() for text in add], {text.strip() for text in remove}

    def edit(record: RunRecord) -> None:
        tags = dict.fromkeys([*record.tags, *filter(None, added)])
        record.tags = [text for text in tags if text not in removed]

    return _edit(registry, run_id, "tags", edit)


def note(registry: Registry, run_id: str, text: str, replace: bool = False) -> RunRecord:
    """Add a line to the notes, or put it in their place; an empty text in their place clears them."""
    if len(text) > LONGEST_NOTE:
        raise RegistryError(f"a note has at most {LONGEST_NOTE:,} characters, not {len(text):,}: keep it in a file")

    def edit(record: RunRecord) -> None:
        before = "" if replace else record.notes or ""
        record.notes = "\n".join(filter(None, [before, text.strip()])) or None

    return _edit(registry, run_id, "notes", edit)


def rename(registry: Registry, run_id: str, name: str) -> RunRecord:
    """Give a run another name; its id and its folder stay."""
    if not (name := name.strip()):
        raise RegistryError("the new name is empty: type `registry.py rename RUN NAME`")
    return _edit(registry, run_id, "name", lambda record: setattr(record, "name", name))


def link_pictures(registry: Registry, run_id: str, pictures: dict[str, Any]) -> RunRecord:
    """Set the pictures outside its folder that belong to a run or script: path -> entry, as `record/pictures.py` has
    them."""
    return _edit(registry, run_id, "linked_pictures", lambda record: setattr(record, "linked_pictures", pictures))


def delete(registry: Registry, run_id: str) -> RunRecord:
    """Mark a run as deleted: it is in no answer any more, and nothing is lost."""
    return _edit(registry, run_id, "deleted_at", lambda record: setattr(record, "deleted_at", utc_now()))


def restore(registry: Registry, run_id: str) -> RunRecord:
    return _edit(registry, run_id, "deleted_at", lambda record: setattr(record, "deleted_at", None))


def run_folder(path: str | None, run_id: str) -> Path | None:
    """The folder at `path`, if the run.json in it is this run's; an import may name any path at all."""
    if not path:
        return None
    folder = Path(path)
    try:
        return folder if read_record(folder).run_id == run_id else None
    except (OSError, ValueError):
        return None


def known_run(registry: Registry, run_id: str) -> RunRecord:
    """The record of exactly this id; RegistryError if there is none."""
    record = registry.get(run_id)
    if record is None:
        raise RegistryError(f"there is no run {run_id!r} in {registry.uri}")
    return record


def _edit(registry: Registry, run_id: str, column: str, edit: Callable[[RunRecord], None]) -> RunRecord:
    """Change the truth first (run.json, or the journal for a run without a folder), then the row."""

    def changed(record: RunRecord) -> RunRecord:
        edit(record)
        record.sources[column] = "person"
        record.modified_at, record.revision = utc_now(), (record.revision or 0) + 1
        return record

    record = known_run(registry, run_id)
    folder = run_folder(record.path, run_id)
    if folder is not None:
        return write_run(registry, folder, lambda: changed(read_record(folder)))
    if registry.folder is None:
        return _compare_and_set(registry, run_id, changed)
    with registry.holding():
        record = changed(known_run(registry, run_id))
        registry.keep([record])
    return record


def _compare_and_set(registry: Registry, run_id: str, changed: Callable[[RunRecord], RunRecord]) -> RunRecord:
    """Edit a row that no lock holds: of two who change one revision, the second reads anew."""
    for _ in range(ATTEMPTS):
        record = changed(known_run(registry, run_id))
        if registry.upsert(record, NEWER):
            return record
    raise RegistryError(f"run {run_id} is changed by others all the time: try again")
