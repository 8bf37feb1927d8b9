"""The training step of an autoencoder, as Lightning wants it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.image import PeakSignalNoiseRatio

from diffusionlab.models import Autoencoder
from diffusionlab.training.averaged_module import AveragedModule


class AutoencoderLossParts(NamedTuple):
    """The scalar to minimise and what it is made of, all of shape ()."""

    loss: Tensor
    mse: Tensor
    kl: Tensor
    class_centre: Tensor


@dataclass(frozen=True, kw_only=True)
class AutoencoderLoss:
    """MSE + kl_weight KL + class_centre_weight C, each a mean over its elements.

    The KL divergence from N(0, I) (Kingma & Welling 2014, eq. 7) is kept small: it only stops latents from drifting
    apart (Rombach et al. 2022, app. G). C is the mean squared distance of a latent from the centre of its class, after
    the centre loss of Wen et al. 2016, eq. 2; the centre is that of the batch, so there is no state to keep.
    """

    kl_weight: float = 1e-4
    class_centre_weight: float = 0.0

    def __post_init__(self) -> None:
        for name, weight in (("kl_weight", self.kl_weight), ("class_centre_weight", self.class_centre_weight)):
            if weight < 0:
                raise ValueError(f"loss.{name}={weight}: at least 0")

    def __call__(self, network: Autoencoder, images: Tensor, label: Tensor) -> AutoencoderLossParts:
        """`images`: (B, C, H, W) in [-1, 1]; `label`: (B,) int64."""
        latent = network.encode(images)
        mse = F.mse_loss(network.decode(latent.sample()), images)
        kl, class_centre = latent.kl().mean(), within_class_variance(latent.mean, label)
        loss = mse + self.kl_weight * kl + self.class_centre_weight * class_centre
        return AutoencoderLossParts(loss, mse, kl, class_centre)


def within_class_variance(latents: Tensor, label: Tensor) -> Tensor:
    """Mean squared distance of an element of `latents` (B, ...) from its mean over the samples of the same class."""
    same = (label[:, None] == label[None, :]).to(latents.dtype)
    centre = same / same.sum(dim=1, keepdim=True) @ latents.flatten(1)
    return F.mse_loss(latents.flatten(1), centre)


class AutoencoderModule(AveragedModule):
    """Trains an autoencoder; its moving average is judged by PSNR in dB (20 log10 of range / RMSE, clipped images).

    Batches are (images, label, ...): (B, C, H, W) float32 in [-1, 1] and (B,) int64.
    """

    network: Autoencoder

    def __init__(self, *, network: Autoencoder, loss: AutoencoderLoss, **training: Any) -> None:
        super().__init__(network=network, **training)
        self.loss = loss
        self.psnr = PeakSignalNoiseRatio(data_range=2.0)

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> dict[str, Tensor]:
        """One loss and its parts."""
        images, label = batch[:2]
        parts = self.loss(self.network, images.contiguous(memory_format=self.memory_format), label)
        self.log_training(**parts._asdict())
        return {"loss": parts.loss}

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        """MSE and PSNR on the images held out of training."""
        images = batch[0]
        reconstruction = self.reconstruct(images)
        self.log("val/loss", F.mse_loss(reconstruction, images), prog_bar=True, sync_dist=True)
        self._log_psnr("val/psnr", reconstruction, images)

    def test_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        """PSNR on the set's own test split."""
        self._log_psnr("test/psnr", self.reconstruct(batch[0]), batch[0])

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        """Images in [-1, 1] through the averaged weights."""
        return self.ema.network(images.contiguous(memory_format=self.memory_format)).clamp(-1, 1)

    def _log_psnr(self, name: str, reconstruction: Tensor, images: Tensor) -> None:
        self.psnr(reconstruction, images)
        self.log(name, self.psnr, on_step=False, on_epoch=True, prog_bar=True)
