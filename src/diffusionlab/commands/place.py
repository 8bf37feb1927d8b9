"""Where a command writes what it makes of a run."""

import os
from pathlib import Path

from diffusionlab.errors import StorageError, UsageError


def output_folder(requested: Path | str | None, run_folder: Path, name: str) -> Path:
    """The folder that was asked for, or the one called `name` in the run folder; made if missing.

    Raises ValueError if a link leads out of the run folder, UsageError for a folder that cannot be made, and
    StorageError where the run folder cannot be written, as that of somebody else's run.
    """
    if requested is not None:
        try:
            Path(requested).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"output_dir={requested} cannot be made: {error.strerror}") from error
        return Path(requested)
    path = run_folder / name
    if not path.resolve().is_relative_to(run_folder.resolve()):
        raise ValueError(f"{path} leads out of {run_folder}: remove the link, or type output_dir=FOLDER")
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise StorageError(f"{StorageError.of(error, path)}; type output_dir=FOLDER") from error
    return path
