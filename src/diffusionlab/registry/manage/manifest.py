"""Which files of a run folder this project writes: what `purge --folders` may remove, and nothing else."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from diffusionlab.registry.record.run_record import RECORD_FILE

FIGURES = (
    "forward", "schedules", "embeddings", "loss_by_time", "panels", "denoising", "gif", "guidance", "tsne",
    "interpolate", "same_noise", "epochs", "curves", "prompts",
)  # fmt: skip
"""How the names of files in pictures/ begin; the catalogue of figures has the same names."""

_TEMPORARY = r"\.{}\.(?:[0-9a-f]{{8}}-)?\d+(?:\.[0-9a-f]{{8}})?"  # atomic.py
_FILES = (
    r"run\.json(\.unreadable(-\d+)?)?", r"\.run\.lock", r"\.owner\.json", r"\.unrecorded",
    r"weights\.safetensors", r"report\.html", r"uncommitted\.diff", r"train\.log",
    r"\.hydra/(config|hydra|overrides)\.yaml",
    r"checkpoints/[^/]+\.ckpt",
    r"samples/(panels/)?(latest|(epoch|step)_\d+)\.png",
    r"samples/sampled_\d+/(grid|\d+|best_and_worst|difficulty)\.png",
    r"samples/sampled_\d+/(difficulty\.svg|(scores|settings)\.json)",
    rf"pictures/({'|'.join(FIGURES)})(_[^/]*)?\.(png|svg|gif)",
    r"evaluations/[^/]+\.(json|png)",
    r"logs/loss_by_time\.csv", r"logs/version_\d+/(metrics\.csv|hparams\.yaml)",
    r"tensorboard/version_\d+/(events\.out\.tfevents\.[^/]+|hparams\.yaml)",
    r"wandb/.+",
)  # fmt: skip
_OURS = re.compile("|".join(f"(?:{pattern})" for pattern in _FILES), re.DOTALL)
_LEFT = re.compile(rf"(?:.*/)?{_TEMPORARY.format('[^/]+')}", re.DOTALL)


def is_ours(path: str) -> bool:
    """Whether a file, by its path relative to the run folder with `/`, is one that this project writes."""
    return bool(_OURS.fullmatch(path) or _LEFT.fullmatch(path))


def sorted_out(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files that this project wrote, `run.json` last, and all else in the folder; a link out of it is foreign."""
    ours: list[Path] = []
    foreign: list[Path] = []
    inside = os.path.realpath(folder)
    for file in _files(folder):
        stays = not file.is_symlink() or Path(os.path.realpath(file)).is_relative_to(inside)
        (ours if stays and is_ours(file.relative_to(folder).as_posix()) else foreign).append(file)
    return sorted(ours, key=lambda file: (file == folder / RECORD_FILE, file)), foreign


def _files(folder: Path) -> Iterator[Path]:
    """All files, and all links; no link is followed."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in sorted(files))
        yield from (Path(place, name) for name in sorted(folders) if Path(place, name).is_symlink())
