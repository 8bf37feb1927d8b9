"""What a path holds, by what is inside, and the records of it."""

from collections.abc import Iterator
from pathlib import Path

from diffusionlab.registry.errors import RegistryError, typed
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.trackers import mlflow, neptune, sqlite, tensorboard, trackio, wandb
from diffusionlab.registry.trackers.mapping import LABELS, to_record
from diffusionlab.registry.trackers.run import Refused, TrackedRun, files_below, in_a_line

TRACKERS = tuple(LABELS)
HELP = """\
Taken in, too, are the runs of other trackers; what PATH holds is told by what is inside, or by --from:
  mlflow       mlruns/ or mlflow.db (deleted runs are omitted)
  wandb        wandb/ or one of its run folders, synced or offline
  tensorboard  a folder of event files: scalars, hyperparameters, texts; one run a folder
  trackio      a project's database, or the folder of them
  neptune      the folder of Parquet files that neptune-exporter wrote
Settings and the last value of each metric are kept. Those with well-known names (optimizer.lr, val/loss, eval/FID) are
the lr, val_loss and fid of this registry, too. A run that is imported again is updated; tags, notes and names that were
given here stay."""


def find_store(path: Path, tracker: str | None, refused: Refused) -> dict[str, list[Path]]:
    """Tracker -> its files at or below `path`; only those of `tracker`, if one is named.

    Empty for a file of no tracker. A file that cannot be read is named to `refused`. Raises RegistryError if a folder
    holds nothing, or nothing of the tracker.
    """
    if not path.exists():
        raise RegistryError(f"{path} does not exist")
    found: dict[str, list[Path]] = {}
    for file in files_below(path) if path.is_dir() else [path]:
        try:
            kind = kind_of(file)
        except Exception as error:  # a damaged file raises what its decoder happens to raise
            if file == path:
                raise RegistryError(f"{file} cannot be read: {in_a_line(error)}") from None
            refused(f"{file}: {in_a_line(error)}")
            continue
        if kind is not None and tracker in (None, kind):
            found.setdefault(kind, []).append(file)
    if not found and (tracker or path.is_dir() or _is_binary(path)):
        raise RegistryError(f"{path} holds no runs of {LABELS[tracker] if tracker else 'a tracker that is known here'}")
    if "wandb" in found:  # it keeps copies of event files beside its own log
        found["tensorboard"] = [file for file in found.pop("tensorboard", []) if not _of_wandb(file, found["wandb"])]
        found = {kind: files for kind, files in found.items() if files}
    return found


def _is_binary(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(4) in (sqlite.MAGIC[:4], b"PAR1")


def _of_wandb(file: Path, others: list[Path]) -> bool:
    folders = {wandb.run_folder(other) for other in others}
    return any(parent in folders for parent in file.parents)


def the_tracker(path: Path, found: dict[str, list[Path]]) -> str:
    """The one that `find_store` found; RegistryError that names all, if there are several."""
    if len(found) > 1:
        names = " and ".join(LABELS[kind] for kind in found)
        hint = typed("registry.py", "import", str(path), "--from", next(iter(found)))
        raise RegistryError(f"{path} holds runs of {names}: import one after the other, `{hint}`")
    return next(iter(found))


def kind_of(file: Path) -> str | None:
    """The tracker that wrote a file, by its content; None for any other file."""
    if tensorboard.is_events(file):
        return "tensorboard"
    if wandb.run_folder(file):
        return "wandb"
    if mlflow.is_meta(file):
        return "mlflow"
    with file.open("rb") as stream:
        start = stream.read(len(sqlite.MAGIC))
    if start == sqlite.MAGIC:
        with sqlite.opened(file) as connection:
            if mlflow.is_database(connection):
                return "mlflow"
            return "trackio" if trackio.is_database(connection) else None
    return "neptune" if start[:4] == b"PAR1" and neptune.is_export(file) else None


def read_store(path: Path, tracker: str, files: list[Path], refused: Refused) -> Iterator[RunRecord]:
    """The records of the runs in a store, each run id once. What cannot be read is named to `refused`."""
    records: dict[str, RunRecord] = {}
    for run in _read(path, tracker, files, refused):
        try:
            record = to_record(run)
        except (ValueError, RecursionError) as error:
            refused(f"{path}, run {run.run_id}: {error}")
            continue
        records[record.run_id] = record
    yield from records.values()


def _read(path: Path, tracker: str, files: list[Path], refused: Refused) -> Iterator[TrackedRun]:
    match tracker:
        case "mlflow":
            metas = [file for file in files if file.name == "meta.yaml"]
            yield from mlflow.read_files(metas, refused)
            for file in files:
                if file not in metas:
                    yield from _guarded(file, mlflow.read_database(file, refused), refused)
        case "wandb":
            folders = dict.fromkeys(folder for file in files if (folder := wandb.run_folder(file)))
            in_time = sorted(folders, key=lambda folder: folder.name.removeprefix("offline-"))
            yield from wandb.read_folders(in_time, refused)
        case "tensorboard":
            yield from tensorboard.read_folders(path if path.is_dir() else path.parent, files, refused)
        case "trackio":
            for file in files:
                yield from _guarded(file, trackio.read_database(file, refused), refused)
        case "neptune":
            yield from neptune.read_export(files, refused)


def _guarded(file: Path, runs: Iterator[TrackedRun], refused: Refused) -> Iterator[TrackedRun]:
    """The runs of a database up to where it is damaged."""
    try:
        yield from runs
    except Exception as error:
        refused(f"{file}: {in_a_line(error)}")
