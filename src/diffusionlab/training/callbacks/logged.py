"""What loggers are handed beside the metrics: the settings, and the pictures as they are drawn."""

from collections.abc import Mapping
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


def close_loggers(trainer: pl.Trainer) -> None:
    """W&B has one run a process unless it is told that a run has ended: the trials of a sweep would share it."""
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger) and trainer.is_global_zero:
            logger.experiment.finish()
