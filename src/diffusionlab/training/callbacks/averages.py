"""Averages of the weights kept while training goes on, from which others are made after it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import safetensors.torch
import torch
from torch import Tensor

from diffusionlab.training.averaged_module import AveragedModule
from diffusionlab.training.callbacks.checkpoints import write_whole
from diffusionlab.training.post_hoc_ema import PowerProfile


class KeepAverages(pl.Callback):
    """Follows the network with an average of each of `widths`, and writes them to `folder` every `every_n_epochs`.

    The averages start at the first step and are part of the checkpoint. The files hold the parameters alone, in half
    precision as in the paper: 0.05-00001200.safetensors after 1,200 optimizer steps.
    """

    def __init__(self, *, folder: str, widths: Sequence[float] = (0.05, 0.1), every_n_epochs: int = 1) -> None:
        if every_n_epochs < 1:
            raise ValueError(f"ema.every_n_epochs={every_n_epochs}: at least 1")
        if len(set(widths)) < max(1, len(widths)):
            raise ValueError(f"ema.widths={list(widths)}: at least one width, each once; two or three serve best")
        self.folder = Path(folder)
        self.profiles = [PowerProfile(float(width)) for width in widths]
        self.every_n_epochs = every_n_epochs
        self._step = 0
        self._averages: list[dict[str, Tensor]] = []  # of each profile, by the names of the network's parameters

    def state_dict(self) -> dict[str, Any]:
        """The averages, and the step that they are of."""
        return {"step": self._step, "averages": self._averages}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with them."""
        self._step, self._averages = state_dict["step"], state_dict["averages"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Where the network is."""
        parameters = _parameters(pl_module)
        start = self._averages or [parameters for _ in self.profiles]
        self._averages = [
            {name: average[name].to(device=tensor.device, copy=True) for name, tensor in parameters.items()}
            for average in start
        ]

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Follow an optimizer step; a batch whose gradients are only accumulated is none."""
        if trainer.global_step == self._step:
            return
        self._step = trainer.global_step
        weights = list(_parameters(pl_module).values())
        for profile, average in zip(self.profiles, self._averages, strict=True):
            torch._foreach_lerp_(list(average.values()), weights, 1 - profile.decay(self._step))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write them every so many epochs."""
        if (trainer.current_epoch + 1) % self.every_n_epochs == 0:
            self._write(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The last ones, wherever in an epoch the training ends."""
        self._write(trainer)

    def _write(self, trainer: pl.Trainer) -> None:
        if not trainer.is_global_zero or self._step == 0:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for profile, average in zip(self.profiles, self._averages, strict=True):
            state = {name: tensor.detach().half().cpu().contiguous() for name, tensor in average.items()}
            metadata = {"width": repr(profile.width), "step": str(self._step)}
            path = self.folder / f"{profile.width:g}-{self._step:08d}.safetensors"
            write_whole(path, safetensors.torch.save(state, metadata))


def _parameters(module: pl.LightningModule) -> dict[str, Tensor]:
    assert isinstance(module, AveragedModule)
    return {name: parameter.detach() for name, parameter in module.network.named_parameters()}
