"""Faults that a test injects into a real training in a process of its own."""

import os
import signal
from typing import Any

import pytorch_lightning as pl
from hydra.experimental.callback import Callback
from omegaconf import DictConfig


class KillAtStep(pl.Callback):
    """SIGKILL before the batch that follows `step` optimizer steps."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.global_step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


class KillAfterJob(Callback):
    """SIGKILL after a sweep's job `number` has ended."""

    def __init__(self, number: int) -> None:
        self.number = number

    def on_job_end(self, config: DictConfig, **kwargs: Any) -> None:
        if config.hydra.job.num == self.number:
            os.kill(os.getpid(), signal.SIGKILL)
