"""A picture of the same noise, denoised again and again as training goes on."""

from collections.abc import Sequence
from pathlib import Path

import pytorch_lightning as pl
import torch

from diffusionlab import tensors
from diffusionlab.diffusion import Sampler, SampleRequest, sample_batches
from diffusionlab.training.diffusion_module import DiffusionModule
from diffusionlab.visualization.grids import class_grid, image_grid, save_png


class SampleGrid(pl.Callback):
    """Samples with the averaged weights every `every_n_epochs` and at the end; the noise never changes.

    Writes `folder`/epoch_0005.png, ..., and latest.png. A conditional model gets `num_samples` spread over its classes,
    one column each. `guidance_scale` counts only where labels were dropped in training.
    """

    def __init__(
        self,
        *,
        sampler: Sampler,
        shape: Sequence[int],
        class_names: Sequence[str] | None,
        folder: str,
        num_samples: int = 40,
        every_n_epochs: int = 5,
        guidance_scale: float = 2.0,
        seed: int = 0,
    ) -> None:
        for option, value in (("every_n_epochs", every_n_epochs), ("num_samples", num_samples)):
            if value < 1:
                raise ValueError(f"callbacks.sample_grid.{option}={value}: at least 1; ~callbacks.sample_grid for none")
        self.sampler = sampler
        self.shape = (shape[0], shape[1], shape[2])
        self.class_names = class_names
        self.folder = Path(folder)
        self.num_samples = num_samples
        self.every_n_epochs = every_n_epochs
        self.guidance_scale = guidance_scale
        self.seed = seed

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Sample on rank 0 every so many epochs."""
        if (trainer.current_epoch + 1) % self.every_n_epochs == 0:
            self._write(trainer, pl_module, num_epochs=trainer.current_epoch + 1)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The last picture, however short the run was."""
        self._write(trainer, pl_module, num_epochs=trainer.current_epoch)

    def _write(self, trainer: pl.Trainer, module: pl.LightningModule, *, num_epochs: int) -> None:
        path = self.folder / f"epoch_{num_epochs:04d}.png"
        if not trainer.is_global_zero or path.exists():
            return
        assert isinstance(module, DiffusionModule)
        labels = None
        if module.num_classes is not None:
            per_class = max(1, self.num_samples // module.num_classes)
            labels = torch.arange(module.num_classes).repeat_interleave(per_class)
        request = SampleRequest(
            num_samples=self.num_samples if labels is None else len(labels),
            shape=self.shape,
            labels=labels,
            null_label=module.num_classes,
            guidance_scale=self.guidance_scale if module.can_be_guided else 1.0,
            seed=self.seed,
        )
        batches = sample_batches(module.ema_denoiser, self.sampler, request, batch_size=250, device=module.device)
        with trainer.precision_plugin.forward_context():
            images = tensors.to_uint8(torch.cat(list(batches)))
        if labels is None or self.class_names is None:
            picture = image_grid(images, columns=10)
        else:
            picture = class_grid(images, labels, self.class_names)
        save_png(picture, path)
        save_png(picture, self.folder / "latest.png")
