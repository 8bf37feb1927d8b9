"""What stops a training before it does harm: a loss or weights that are not finite."""

import math
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from diffusionlab.errors import TrainingDiverged


class LossGuard(pl.Callback):
    """Stops a run whose loss is NaN or infinite.

    Losses on a GPU are kept and looked at together every `LOOK_EVERY` steps: each look waits for all that is queued.
    """

    LOOK_EVERY = 20

    def __init__(self) -> None:
        self._pending: list[tuple[int, Tensor]] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep the loss, and look at once where that costs nothing."""
        loss = outputs["loss"].detach()
        self._pending.append((trainer.global_step, loss))
        if loss.is_cpu or len(self._pending) >= self.LOOK_EVERY:
            self._look(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Before anything is made of the epoch's weights."""
        self._look(trainer)

    def _look(self, trainer: pl.Trainer) -> None:
        if not self._pending:
            return
        losses = torch.stack([loss for _, loss in self._pending]).tolist()
        steps, self._pending = [step for step, _ in self._pending], []
        bad = [(step, loss) for step, loss in zip(steps, losses, strict=True) if not math.isfinite(loss)]
        # one process that stops alone would leave the others waiting for it
        if trainer.strategy.reduce_boolean_decision(bool(bad), all=False):
            step, loss = bad[0] if bad else (steps[-1], math.nan)
            raise diverged(trainer, f"the loss became {loss}", step)


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
