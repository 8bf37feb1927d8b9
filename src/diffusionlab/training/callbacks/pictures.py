"""Pictures as training goes on: the same noise denoised again and again, the same images noised or reconstructed."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from PIL import Image

from diffusionlab import tensors
from diffusionlab.diffusion import NO_LABELS, Labels, SampleNoise, Sampler
from diffusionlab.training.autoencoder_module import AutoencoderModule
from diffusionlab.training.callbacks.logged import log_picture
from diffusionlab.training.diffusion_module import DiffusionModule
from diffusionlab.visualization.forward import forward_process, unit_variance
from diffusionlab.visualization.grids import class_grid, image_grid, save_png

log = logging.getLogger(__name__)


class PictureEvery(pl.Callback):
    """Writes `folder`/step_0002145.png, ..., and latest.png every `every_n_epochs` and at the end.

    A run that was killed after its last step, and has nothing left to train when it is resumed, draws it then.
    """

    def __init__(self, *, folder: str, every_n_epochs: int) -> None:
        if every_n_epochs < 1:
            raise ValueError(f"callbacks.sample_grid.every_n_epochs={every_n_epochs}: at least 1")
        self.folder = Path(folder)
        self.every_n_epochs = every_n_epochs
        self._drawn_at: tuple[int, int] | None = None  # epochs and steps of what latest.png shows

    def picture(self, trainer: pl.Trainer, module: pl.LightningModule) -> Image.Image | None:
        """What to write; None where the module is not of the kind that the picture shows."""
        raise NotImplementedError

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw on rank 0 every so many epochs."""
        if (trainer.current_epoch + 1) % self.every_n_epochs == 0:
            self._write(trainer, pl_module, num_epochs=trainer.current_epoch + 1)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The last picture, however short the run was."""
        self._write(trainer, pl_module, num_epochs=trainer.current_epoch)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The same if there was no step to make, for which Lightning calls no other hook."""
        self._write(trainer, pl_module.to(trainer.strategy.root_device), num_epochs=trainer.current_epoch)

    def _write(self, trainer: pl.Trainer, module: pl.LightningModule, *, num_epochs: int) -> None:
        state = (num_epochs, trainer.global_step)
        if not trainer.is_global_zero or self._drawn_at == state:
            return
        self._drawn_at = state
        with trainer.precision_plugin.forward_context():
            picture = self.picture(trainer, module)
        if picture is not None:
            name = f"step_{trainer.global_step:07d}.png"
            save_png(picture, self.folder / name)
            save_png(picture, self.folder / "latest.png")
            log_picture(trainer, self.folder.name, picture)
            log.info("drew %s/%s", self.folder.name, name)


class SampleGrid(PictureEvery):
    """Samples of a diffusion model with the averaged weights; the noise never changes.

    A conditional model gets `num_samples` spread over its classes, one column each, and over its styles, row by row.
    `guidance_scale` counts only where labels were dropped in training.
    """

    def __init__(
        self,
        *,
        sampler: Sampler,
        class_names: Sequence[str] | None,
        folder: str,
        num_samples: int = 40,
        every_n_epochs: int = 5,
        guidance_scale: float = 2.0,
        seed: int = 0,
    ) -> None:
        super().__init__(folder=folder, every_n_epochs=every_n_epochs)
        if num_samples < 1:
            raise ValueError(
                f"callbacks.sample_grid.num_samples={num_samples}: at least 1; ~callbacks.sample_grid for none"
            )
        self.sampler = sampler
        self.class_names = class_names
        self.num_samples = num_samples
        self.guidance_scale = guidance_scale
        self.seed = seed

    def picture(self, trainer: pl.Trainer, module: pl.LightningModule) -> Image.Image | None:
        """The grid of samples."""
        if not isinstance(module, DiffusionModule):
            return None
        labels = self.labels(module.null_labels)
        number = len(labels) or self.num_samples
        images = module.samples(
            self.sampler, labels, num_samples=number, guidance_scale=self.guidance_scale, seed=self.seed
        )
        if labels.label is None or self.class_names is None:
            return image_grid(images, columns=10)
        return class_grid(images, labels.label, self.class_names)

    def labels(self, numbers: Sequence[int]) -> Labels:
        """Equally many of each class; within a class, the styles in turn. `numbers`: how many there are of each."""
        if not numbers:
            return NO_LABELS
        per_class = max(1, self.num_samples // numbers[0])
        in_class = torch.arange(per_class).repeat(numbers[0])
        label = torch.arange(numbers[0]).repeat_interleave(per_class)
        return Labels.of([label, *(in_class * number // per_class for number in numbers[1:])], numbers)


class DenoisingPanels(PictureEvery):
    """Held-out images with noise of rising t, what the averaged network takes them for, and as they were.

    The images, the noise and the times never change. `num_images`: one a column.
    """

    def __init__(self, *, folder: str, num_images: int = 8, every_n_epochs: int = 5, seed: int = 0) -> None:
        super().__init__(folder=folder, every_n_epochs=every_n_epochs)
        if num_images < 1:
            raise ValueError(f"callbacks.panels.num_images={num_images}: at least 1; ~callbacks.panels for none")
        self.num_images = num_images
        self.seed = seed

    @torch.no_grad()
    def picture(self, trainer: pl.Trainer, module: pl.LightningModule) -> Image.Image | None:
        """Rows: noisy, predicted, original."""
        if not isinstance(module, DiffusionModule):
            return None
        data = trainer.datamodule  # type: ignore[attr-defined]
        arrays = data.val if len(data.val) else data.test
        chosen = np.linspace(0, len(arrays) - 1, min(self.num_images, len(arrays))).astype(int)
        shown = arrays.take(chosen)
        known = [label for label in (shown.labels, shown.styles) if label is not None]
        labels = Labels.of(known, module.null_labels).to(module.device)
        x0 = module.codec.encode(tensors.to_float(shown.images).to(module.device))
        t = torch.tensor(module.schedule.times(len(shown))[-2::-1], device=module.device)
        noise = SampleNoise(seed=self.seed, indices=range(len(shown)), shape=module.x0_shape, device=module.device)()
        x_t = forward_process(x0, noise, module.schedule, t)
        x0_hat = module.ema_denoiser(x_t, t, *labels)
        rows = [*map(module.codec.decode, (unit_variance(x_t, module.schedule, t), x0_hat))]
        images = torch.cat([*map(tensors.to_uint8, rows), shown.images.to(module.device)])
        captions = [f"t = {time:.2f}" for time in t.tolist()]
        return image_grid(
            images, columns=len(shown), captions=captions, row_captions=["noisy", "predicted", "original"]
        )


class ReconstructionGrid(PictureEvery):
    """Images of the validation split, or else of the test split, above what an autoencoder makes of them."""

    def __init__(self, *, folder: str, num_images: int = 40, every_n_epochs: int = 5, columns: int = 10) -> None:
        super().__init__(folder=folder, every_n_epochs=every_n_epochs)
        self.num_images = num_images
        self.columns = columns

    def picture(self, trainer: pl.Trainer, module: pl.LightningModule) -> Image.Image | None:
        """Rows of images, each above the row of their reconstructions."""
        if not isinstance(module, AutoencoderModule):
            return None
        data = trainer.datamodule  # type: ignore[attr-defined]
        arrays = data.val if len(data.val) else data.test
        columns = min(self.columns, self.num_images)
        images = arrays.images[torch.linspace(0, len(arrays) - 1, self.num_images // columns * columns).long()]
        again = tensors.to_uint8(module.reconstruct(tensors.to_float(images).to(module.device))).cpu()
        pairs = zip(images.split(columns), again.split(columns), strict=True)
        return image_grid(torch.cat([row for pair in pairs for row in pair]), columns=columns)
