"""Where a run lives on disk: a new folder for a new run, the old one for a run that goes on.

outputs/2026-11-20/20261120-191530-a1b2c3/
    run.json             what is known of the run (registry/record.py)
    weights.safetensors  the averaged weights, with the settings that they were trained under
    checkpoints/last.ckpt
    samples/  logs/  .hydra/
"""

import logging
import re
import shutil
from functools import cache
from pathlib import Path

from diffusionlab.errors import UsageError
from diffusionlab.registry.record.run_record import RECORD_FILE, new_run_id, read_record

log = logging.getLogger(__name__)

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
HYDRA_NOTES = {".hydra", "train.log"}
LAST = Path("checkpoints/last.ckpt")
WEIGHTS = "weights.safetensors"


@cache  # Hydra resolves its folder more than once, and it must be one folder
def run_folder(runs_dir: str, ckpt_path: str | None, name: str) -> str:
    """The folder for Hydra to run in. `ckpt_path`: None, `last`, or a checkpoint file."""
    if ckpt_path is None:
        return str(new_run_folder(runs_dir, new_run_id()))
    return str(checkpoint_file(runs_dir, ckpt_path, name).absolute().parent.parent)


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


def checkpoint_in(folder: Path, ckpt_path: str) -> str:
    """The checkpoint of the run in `folder` that `ckpt_path` names, `last` or a file.

    Raises UsageError if the folder holds no such checkpoint: a run continues in its own folder, or two would mix.
    """
    file = folder / LAST if ckpt_path == "last" else Path(ckpt_path).expanduser().absolute()
    if not file.is_file():
        raise UsageError(f"ckpt_path={ckpt_path}: there is no such file, {file}; omit ckpt_path to start a run")
    if file.resolve().parent.parent != folder.resolve():
        raise UsageError(f"ckpt_path={ckpt_path} is not of the run in {folder}: omit hydra.run.dir to continue it")
    return str(file)


def checkpoint_file(runs_dir: str, ckpt_path: str, name: str) -> Path:
    """The checkpoint that `ckpt_path` names; `last` is that of the newest run called `name`.

    Raises UsageError where there is none.
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
        return path
    candidates = [path for path in Path(runs_dir).glob(f"*/*/{LAST}") if (path.parents[1] / RECORD_FILE).is_file()]
    for path in sorted(candidates, key=lambda path: path.parents[1].name, reverse=True):
        try:
            if read_record(path.parents[1]).name == name:
                return path
        except ValueError as error:
            log.warning("%s; passed over", error)
    raise UsageError(
        f"ckpt_path=last: no run called {name} with a checkpoint below {runs_dir}/; "
        "leave ckpt_path away to start one, or give ckpt_path=FILE"
    )


def discard_unless_recorded(folder: Path) -> None:
    """Remove the folder that Hydra made for a job which never became a run, and the day's folder if now empty.

    A folder that holds anything but Hydra's own notes is left alone: `paths.output_dir` may name any folder.
    """
    if not folder.is_dir() or not {path.name for path in folder.iterdir()} <= HYDRA_NOTES:
        return
    shutil.rmtree(folder)
    if not any(folder.parent.iterdir()):
        folder.parent.rmdir()
