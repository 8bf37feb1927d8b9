"""What stops a training before it does harm: a loss or weights that are not finite."""

from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from diffusionlab.errors import TrainingDiverged


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
