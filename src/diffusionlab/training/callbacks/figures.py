"""Figures of the averaged weights as training goes on, for the curves."""

from pathlib import Path

import pytorch_lightning as pl
import torch

from diffusionlab.diffusion import Labels, Sampler
from diffusionlab.evaluation.distances import frechet_distance, kernel_distance
from diffusionlab.evaluation.features import MakeFeatures, extract, extract_once
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.training.diffusion_module import DiffusionModule


class FiguresEvery(pl.Callback):
    """Logs eval/fid and eval/kid of `num_samples` samples against the real training split every `every_n_epochs`.

    The noise never changes, so epochs compare. So few samples bias the Fréchet distance upward: these figures are for
    the curve of one run, `evaluate.py` is for figures to quote. The feature space is made before training starts;
    an autoencoder has no samples and is left alone. `guidance_scale` counts only where labels were dropped in training.
    """

    def __init__(
        self,
        *,
        features: MakeFeatures,
        sampler: Sampler,
        cache_dir: str,
        num_samples: int = 500,
        every_n_epochs: int = 5,
        guidance_scale: float = 2.0,
        seed: int = 0,
    ) -> None:
        for option, value, least in (("num_samples", num_samples, 2), ("every_n_epochs", every_n_epochs, 1)):
            if value < least:
                raise ValueError(f"callbacks.figures.{option}={value}: at least {least}")
        self.make_features = features
        self.sampler = sampler
        self.cache_dir = Path(cache_dir)
        self.num_samples = num_samples
        self.every_n_epochs = every_n_epochs
        self.guidance_scale = guidance_scale
        self.seed = seed

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Read the real images into the feature space; raises UsageError if there is none for them."""
        if not isinstance(pl_module, DiffusionModule) or not trainer.is_global_zero:
            return
        self.real = RealImages.of(trainer.datamodule)  # type: ignore[attr-defined]
        self.features = self.make_features(real=self.real, cache_dir=self.cache_dir, device=pl_module.device)
        self.reference = extract_once(self.features, self.real, "train", self.cache_dir, shown="features of real train")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Sample on rank 0 every so many epochs, and log on all: whatever watches a figure decides alike everywhere."""
        if (trainer.current_epoch + 1) % self.every_n_epochs or not isinstance(pl_module, DiffusionModule):
            return
        figures = self._figures(trainer, pl_module) if trainer.is_global_zero else {}
        pl_module.log_dict(trainer.strategy.broadcast(figures))

    def _figures(self, trainer: pl.Trainer, module: DiffusionModule) -> dict[str, float]:
        with trainer.precision_plugin.forward_context():
            generated = extract(self.features, self._samples(module))
        kid = kernel_distance(self.reference[: len(generated)], generated)
        return {"eval/fid": frechet_distance(self.reference, generated), "eval/kid": kid.value}

    def _samples(self, module: DiffusionModule) -> torch.Tensor:
        """(num_samples, C, H, W) uint8, each class as often as the real images have it, any style."""
        label = self.real.labels_in_proportion("train", self.num_samples) if module.null_labels else None
        labels = Labels(label, nulls=module.null_labels)
        return module.samples(
            self.sampler, labels, num_samples=self.num_samples, guidance_scale=self.guidance_scale, seed=self.seed
        )
