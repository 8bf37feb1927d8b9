"""Where a run lives on disk: a new folder for a new run, the old one for a run that goes on.

outputs/2026-11-20/20261120-191530-a1b2c3/
    run.json             what is known of the run (registry/record.py)
    weights.safetensors  the averaged weights, with the settings that they were trained under
    averages/            averages of some widths along the training, of ema=post_hoc
    checkpoints/last.ckpt, previous.ckpt  to go on from (resume.py chooses)
    samples/  logs/  .hydra/
"""

import logging
import re
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from diffusionlab.errors import UsageError
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, new_run_id, read_record
from diffusionlab.runs.identity import safe_name

log = logging.getLogger(__name__)

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
NOTES = {".hydra", "train.log", ".run.lock", ".owner.json"}
"""What a job leaves in its folder before it becomes a run."""

LAST = Path("checkpoints/last.ckpt")
CHECKPOINTS = "checkpoints/*.ckpt"
WEIGHTS = "weights.safetensors"


def folder_of(record: RunRecord, option: str = "run") -> Path:
    """Where the weights of the run lie that `option` names.

    Raises UsageError for a script, an import, and a run that is no longer there.
    """
    if record.kind == "script":
        raise UsageError(f"{record.run_id} is a script that was ingested, not a run: it has no weights")
    if record.path is None:
        raise UsageError(f"run {record.run_id} was imported without a folder: its weights are not here")
    if not Path(record.path, RECORD_FILE).is_file():
        raise UsageError(
            f"run {record.run_id} is no longer at {record.path}: type {option}=FOLDER where it is now, or "
            "`python registry.py rebuild FOLDER` with the folder around it, after which its id finds it again"
        )
    return Path(record.path)


@cache  # Hydra resolves its folder more than once, and it must be one folder
def run_folder(runs_dir: str, ckpt_path: str | None, name: str, resume: str | None, trial: str) -> str:
    """The folder for Hydra to run in. `ckpt_path`: None, `last`, or a checkpoint file.

    With `resume` the same settings, whose hash is `trial`, always meet in the same folder.
    """
    if resume is not None:
        return str(Path(runs_dir, "auto", f"{safe_name(name)}-{trial}").absolute())
    if ckpt_path is None:
        return str(new_run_folder(runs_dir, new_run_id()))
    return str(folder_to_resume(runs_dir, ckpt_path, name).absolute())


def new_run_folder(runs_dir: str, run_id: str) -> Path:
    """<runs_dir>/<day>/<run id>."""
    return Path(runs_dir, f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}", run_id)


def new_id_for(folder: Path, runs_dir: str) -> str:
    """The id of a new run in `folder`: the one that the folder was made for, else a new one.

    Any other folder name is no id: `a/seed0` and `b/seed0` are two runs.
    """
    is_of_id = _RUN_ID.fullmatch(folder.name) and folder == new_run_folder(runs_dir, folder.name).absolute()
    return folder.name if is_of_id else new_run_id()


def hydra_notes(output_dir: str, ckpt_path: str | None) -> str | None:
    """Where Hydra notes the settings of a job: .hydra, or nowhere if the folder already has a run that keeps its own.

    Hydra writes them before the job can refuse the folder.
    """
    return None if ckpt_path is None and Path(output_dir, RECORD_FILE).exists() else ".hydra"


def newest_first(runs_dir: str) -> list[RunRecord]:
    """The records of all runs in <runs_dir>/*/*/, each with the path where it is now; unreadable ones are named."""
    records = []
    for file in Path(runs_dir).glob(f"*/*/{RECORD_FILE}"):
        try:
            record = read_record(file.parent)
        except (ValueError, OSError) as error:
            log.warning("%s; skipped", error)
            continue
        record.path = str(file.parent.absolute())
        records.append(record)
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(records, key=lambda record: (record.created_at or oldest, record.run_id), reverse=True)


def folder_to_resume(runs_dir: str, ckpt_path: str, name: str) -> Path:
    """The run folder that `ckpt_path` lies in; `last` means the newest run called `name`.

    A finished run without a checkpoint (trainer.enable_checkpointing=false) is passed over; one that ended early
    without any starts again. Raises UsageError if there is none.
    """
    if ckpt_path != "last":
        path = Path(ckpt_path).expanduser().absolute()
        if not path.is_file():
            raise UsageError(
                f"ckpt_path={ckpt_path}: there is no such file; ckpt_path=last finds the newest of this run"
            )
        if not (path.parent.parent / RECORD_FILE).is_file():
            raise UsageError(
                f"ckpt_path={ckpt_path} does not lie in the checkpoints/ of a run folder with a {RECORD_FILE}"
            )
        return path.parent.parent
    for record in newest_first(runs_dir):
        folder = Path(record.path or "")
        if record.name == name and (record.status != "finished" or any(folder.glob(CHECKPOINTS))):
            return folder
    raise UsageError(f"ckpt_path=last: there is no run called {name} below {runs_dir}/; omit ckpt_path to start one")


def discard_unless_recorded(folder: Path) -> None:
    """Remove the folder that Hydra made for a job which never became a run, and the day's folder if now empty.

    A folder that holds anything but NOTES is left alone: `paths.output_dir` may name any folder.
    """
    if not folder.is_dir() or not {path.name for path in folder.iterdir()} <= NOTES:
        return
    shutil.rmtree(folder)
    if not any(folder.parent.iterdir()):
        folder.parent.rmdir()
