"""What stops a training before it does harm: a loss or weights that are not finite, a run folder that is gone."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from diffusionlab.errors import StorageError, TrainingDiverged


class LossGuard(pl.Callback):
    """Stops a run whose loss is NaN or infinite.

    It looks at the loss of the step before: that one is computed already, so that a GPU need not wait for the look.
    """

    def __init__(self) -> None:
        self._pending: tuple[int, Tensor] | None = None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the loss before, keep this one."""
        self._look(trainer)
        self._pending = (trainer.global_step, outputs["loss"].detach())

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The last loss of the epoch has no step after it."""
        self._look(trainer)

    def _look(self, trainer: pl.Trainer) -> None:
        if self._pending is None:
            return
        step, loss = self._pending
        # one process that stops alone would leave the others waiting for it
        if trainer.strategy.reduce_boolean_decision(not bool(loss.isfinite()), all=False):
            raise diverged(trainer, f"the loss became {loss.item()}", step)


def check_finite(trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
    """Raises TrainingDiverged if a parameter is NaN or infinite, or a buffer NaN: such weights are never saved."""
    finite = [parameter.isfinite().all() for parameter in pl_module.parameters()]
    finite += [~buffer.isnan().any() for buffer in pl_module.buffers()]
    if not _all(finite):
        raise diverged(trainer, "the weights are no longer finite", trainer.global_step)


def _all(flags: Iterable[Tensor]) -> bool:
    return bool(torch.stack(list(flags)).all())


def diverged(trainer: pl.Trainer, what: str, step: int) -> TrainingDiverged:
    """The error that names the step and the likely cause."""
    lr = trainer.optimizers[0].param_groups[0]["initial_lr"]  # without warm-up: as configured
    if trainer.precision == "16-mixed":
        advice = "half precision overflowed; type hardware.precision=bf16-mixed"
    else:
        advice = f"the learning rate {lr:.3g} is likely too high; type optimizer.lr={lr / 10:.1g}"
        if trainer.gradient_clip_val is None:
            advice += " or trainer.gradient_clip_val=1.0"
    return TrainingDiverged(f"{what} at step {step} (epoch {trainer.current_epoch}): {advice}")


class FolderGuard(pl.Callback):
    """Stops a run whose folder was moved, removed or replaced, before files are written to a new one at its path."""

    SECONDS_BETWEEN_LOOKS = 2.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._identity: tuple[int, int] | None = None
        self._looked_at = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember which folder it is."""
        if trainer.is_global_zero and self.folder.is_dir():
            self._identity = _identity(self.folder)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Every few seconds; and before whatever an epoch's end writes."""
        is_last = batch_idx + 1 >= trainer.num_training_batches
        if is_last or time.monotonic() - self._looked_at >= self.SECONDS_BETWEEN_LOOKS:
            self._look()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Validation may have taken long."""
        self._look()

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        if self._identity is not None and self._identity != _identity(self.folder):
            raise StorageError(
                f"the run folder {self.folder} was moved or removed while the run was training: put it back, "
                "then type the same command with ckpt_path=last to go on from its latest checkpoint"
            )


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(folder)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
