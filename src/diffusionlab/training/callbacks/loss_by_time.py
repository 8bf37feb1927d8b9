"""Where in the diffusion time the loss sits, recorded as training goes on."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from diffusionlab.training.step_buffer import StepBuffer
from diffusionlab.visualization.loss_table import write_epoch


class LossByTime(pl.Callback):
    """After every epoch of a diffusion model, the mean error of each of `num_bins` ranges of t goes to the CSV `file`.

    The sums of an unfinished epoch are kept in the checkpoint: a run that goes on writes what the whole one would have.
    """

    def __init__(self, *, file: str, num_bins: int = 48) -> None:
        if num_bins < 3 or num_bins % 3:
            raise ValueError(f"callbacks.loss_by_time.num_bins={num_bins}: a multiple of 3, for the thirds of t")
        self.file = Path(file)
        self.num_bins = num_bins
        self._epoch = -1
        self._sums = torch.zeros(2, num_bins, dtype=torch.float64)  # of the errors, and their number
        self._steps = StepBuffer(self._add_up)

    def state_dict(self) -> dict[str, Any]:
        """The sums so far, and the epoch that they are of."""
        return {"epoch": self._epoch, "sums": self._sums.cpu(), "steps": self._steps.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on summing, unless the number of bins has changed."""
        if state_dict["sums"].shape == self._sums.shape:
            self._epoch, self._sums = state_dict["epoch"], state_dict["sums"]
            if "steps" in state_dict:
                self._steps.load_state_dict(state_dict["steps"])

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add the batch; a module that trains at no diffusion time gives no `t`."""
        if "t" not in outputs:
            return
        if self._epoch != trainer.current_epoch:
            self._epoch, self._sums = trainer.current_epoch, torch.zeros_like(self._sums)
            self._steps.clear()  # of an epoch that a checkpoint was taken at the end of
        self._steps.add(error=outputs["error"], t=outputs["t"])

    def _add_up(self, error: Tensor, t: Tensor) -> None:
        self._sums = self._sums.to(t.device)
        self._sums += binned(error, t, self.num_bins)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the epoch, summed over all processes."""
        if self._epoch != trainer.current_epoch:
            return
        self._steps.flush()
        sums = trainer.strategy.reduce(self._sums.clone(), reduce_op="sum")
        if trainer.is_global_zero:
            write_epoch(self.file, trainer.current_epoch + 1, *sums.tolist())


def binned(error: Tensor, t: Tensor, num_bins: int) -> Tensor:
    """(2, num_bins) float64: the sum of the errors with t in ((n - 1) / num_bins, n / num_bins], and their number.

    `error`, `t`: (B,), t in (0, 1].
    """
    # a step i / T on a limit belongs to the lower bin, whichever way float32 rounds it
    place = (t.double() * num_bins - 1e-4).floor().long().clamp(0, num_bins - 1)
    both = torch.stack([error.double(), torch.ones_like(error, dtype=torch.float64)])
    return torch.zeros(2, num_bins, dtype=torch.float64, device=t.device).index_add_(1, place, both)
