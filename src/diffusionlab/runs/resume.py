"""Going on with a run: which checkpoint, whether it can be read, and whether this command may go on with it."""

import json
import shlex
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from diffusionlab.errors import UsageError, first_line
from diffusionlab.registry.record.run_record import RECORD_FILE, read_record
from diffusionlab.runs.checkpoint import FORMAT
from diffusionlab.runs.folder import CHECKPOINTS, LAST
from diffusionlab.runs.settings import Settings

FREE_TO_CHANGE = {
    *("ckpt_path", "resume", "allow_changed_data", "check", "name", "tags", "notes", "paths", "registry"),
    *("trainer", "hardware", "callbacks", "logger", "sampler"),
    *("experiment", "debug", "sweep", "trusted_modules"),
}
"""Settings and groups that may differ when a run goes on; the others make what it is."""

PLACES = {"data.data_dir", "data.folder", "data.download", "clip.registry_uri"}
"""Where data and CLIP lie may change too; that the data are the same is seen by their hash."""


@dataclass(frozen=True)
class Checkpoint:
    """A file that loads, and what is known of the run at that point."""

    path: Path
    step: int
    epochs: int
    """Epochs that are finished."""
    shapes: dict[str, tuple[int, ...]]
    """Of the tensors of the module's state."""
    settings: Settings
    data_hash: str | None


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what decides about going on; raises UsageError in one line if the file is missing, broken or foreign."""
    if not path.is_file():
        raise UsageError(f"ckpt_path={path}: there is no such file; ckpt_path=last finds the newest of this run")
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise ValueError(f"{damaged} in it is damaged")
        content = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    except Exception as error:  # a broken file may make zipfile and torch raise anything
        raise UsageError(
            f"{path} is not a readable checkpoint (cut off, or not PyTorch's): {first_line(error)}"
        ) from error
    if not isinstance(content, dict) or FORMAT not in content:
        raise UsageError(f"{path} is a checkpoint of another program: it does not say {FORMAT}")
    try:
        metadata = content[FORMAT]
        checkpoint = Checkpoint(
            path=path,
            step=int(content["global_step"]),
            epochs=int(content["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"]),
            shapes={name: tuple(tensor.shape) for name, tensor in content["state_dict"].items()},
            settings=Settings.from_metadata(metadata),
            data_hash=metadata.get("data_hash"),
        )
        _mapping(content["optimizer_states"][0]), _mapping(content["lr_schedulers"][0])
        _mapping(content["callbacks"]["RandomState"])["cpu"].shape  # noqa: B018 (raises if it is no tensor)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"{path} is not a whole checkpoint: {type(error).__name__} {first_line(error)}") from error
    return checkpoint


def choose_checkpoint(ckpt_path: str, folder: Path) -> Checkpoint | None:
    """The checkpoint to go on from: the file named; `last` is the one in the run's `folder` with most steps that loads.

    None if the run was ended before its first checkpoint. Raises UsageError if none can be read.
    """
    if ckpt_path != "last":
        path = Path(ckpt_path).expanduser().absolute()
        if path.is_file() and path.resolve().parent.parent != folder.resolve():
            raise UsageError(f"ckpt_path={ckpt_path} is not of the run in {folder}: omit hydra.run.dir to continue it")
        return read_checkpoint(path)
    if not (folder / RECORD_FILE).is_file():
        raise UsageError(f"ckpt_path=last: {folder} is not the folder of a run; omit ckpt_path to start a run")
    readable, problems = [], []
    for path in sorted(folder.glob(CHECKPOINTS)):
        try:
            readable.append(read_checkpoint(path))
        except UsageError as error:
            problems.append(str(error))
    if problems and not readable:
        raise UsageError(f"no checkpoint to go on from: {'; '.join(problems)}")
    return max(readable, key=lambda one: (one.step, one.path.name == LAST.name), default=None)


def check_resumable(checkpoint: Checkpoint | None, folder: Path, settings: Settings) -> None:
    """Raises UsageError if the run has other settings than this command; without a checkpoint its record tells them."""
    before = checkpoint.settings if checkpoint else Settings.of(read_record(folder).config, settings.choices)
    differences = chain(_differences(before.choices, settings.choices), _differences(before.config, settings.config))
    for option, old, new in differences:
        if option.partition(".")[0] not in FREE_TO_CHANGE and option not in PLACES:
            typed = shlex.quote(f"{option}={json.dumps(old, separators=(',', ':')) if type(old) is not str else old}")
            raise UsageError(
                f"the run to go on with has {option}={old}, this command {new}: "
                f"type {typed}, or omit ckpt_path to start a new run"
            )


def check_fits(checkpoint: Checkpoint, module: torch.nn.Module) -> None:
    """Raises UsageError if the checkpoint's tensors are not those of the module."""
    state = {name: value for name, value in module.state_dict().items() if isinstance(value, torch.Tensor)}
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    if wrong := sorted(dict(checkpoint.shapes.items() ^ shapes.items())):
        raise UsageError(f"{checkpoint.path} does not fit the model: {', '.join(wrong[:3])} differ")


def check_same_data(checkpoint: Checkpoint | None, folder: Path, data_hash: str, *, allow_changed: bool) -> None:
    """Raises UsageError if the images are not those that the run was trained on, unless that is allowed."""
    before = checkpoint.data_hash if checkpoint is not None else None
    if before is None and (folder / RECORD_FILE).is_file():
        before = read_record(folder).data_hash
    if before not in (None, data_hash) and not allow_changed:
        raise UsageError(
            f"the data have changed since the run was trained on them (hash {before[:12]}, now {data_hash[:12]}): "
            "put them back, type allow_changed_data=true to go on with the data as they are now, "
            "or omit ckpt_path to start a new run"
        )


def _differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Dotted key, old and new value; plain settings before groups, which often only follow them."""
    for key in sorted(old.keys() | new.keys(), key=lambda key: (isinstance(old.get(key), dict), key)):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield from _differences(old[key], new[key], f"{prefix}{key}.")
        elif old.get(key) != new.get(key):
            yield f"{prefix}{key}", old.get(key), new.get(key)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} where a mapping is expected")
    return value
