"""What loggers are handed beside the metrics: the settings, and the pictures as they are drawn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
from PIL import Image
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger, WandbLogger


def log_settings(trainer: pl.Trainer, settings: Mapping[str, Any]) -> None:
    """To all but the CSV logger: the run folder has them already."""
    for logger in trainer.loggers:
        if not isinstance(logger, CSVLogger):
            logger.log_hyperparams(dict(settings))


def log_picture(trainer: pl.Trainer, name: str, picture: Image.Image) -> None:
    """To those that show pictures, at the present step."""
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            pixels = np.asarray(picture.convert("RGB"))
            logger.experiment.add_image(name, pixels, trainer.global_step, dataformats="HWC")
        elif isinstance(logger, WandbLogger):
            logger.log_image(key=name, images=[picture], step=trainer.global_step)


def log_figures(loggers: Mapping[str, Any], folder: Path, figures: Mapping[str, float], step: int | None) -> None:
    """Figures of `evaluate.py`, as eval/NAME at the step of the weights, to what a run was trained with beside CSV.

    Of the run's settings of `loggers` only the kinds, and of W&B project and id, count: all is written in `folder`. W&B
    is written offline, to be sent with `wandb sync`, as a part of the same run.
    """
    named = {f"eval/{name}": value for name, value in figures.items()}
    if "tensorboard" in loggers:
        board = TensorBoardLogger(folder, name="tensorboard", version="evaluations")
        board.log_metrics(named, step)
        board.finalize("success")
    if "wandb" in loggers:
        project, run_id = (str(loggers["wandb"].get(name)) for name in ("project", "id"))
        sent = WandbLogger(save_dir=folder, project=project, id=run_id, resume="allow", offline=True)
        sent.log_metrics(named, step)
        sent.experiment.finish()


def close_loggers(trainer: pl.Trainer) -> None:
    """W&B has one run a process unless it is told that a run has ended: the trials of a sweep would share it."""
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger) and trainer.is_global_zero:
            logger.experiment.finish()
