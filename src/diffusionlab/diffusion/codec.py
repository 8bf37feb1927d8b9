"""Where diffusion lives: in the pixels themselves, or in the latent of a frozen autoencoder.

A codec is the only thing that tells the two apart: network, loss and samplers see what `encode` gives.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Codec(nn.Module, ABC):
    """Images (B, C, H, W) in [-1, 1] <-> what the network sees. Without trainable parameters."""

    clip_x0: bool
    """Whether x0_hat is known to lie in [-1, 1]."""

    @abstractmethod
    def encode(self, images: Tensor) -> Tensor:
        """Images -> x0."""

    @abstractmethod
    def decode(self, x0: Tensor) -> Tensor:
        """x0 -> images about [-1, 1]."""


class PixelCodec(Codec):
    """The identity."""

    clip_x0 = True

    def encode(self, images: Tensor) -> Tensor:
        return images

    def decode(self, x0: Tensor) -> Tensor:
        return x0


class Autoencoder(Protocol):
    """What a LatentCodec asks of an autoencoder, which is an nn.Module."""

    latent_shape: tuple[int, ...]

    def encode(self, images: Tensor) -> Any:
        """Something with the latents' `mean`, (B, *latent_shape)."""

    def decode(self, latent: Tensor) -> Tensor:
        """The images again."""


class LatentCodec(Codec):
    """x0 = (mean of the latent - shift) / scale, with shift and scale measured for each latent channel.

    Diffusion schedules take unit variance for granted. One scale for all channels, as in arXiv:2112.10752 (app. G),
    leaves a channel that the KL term has pressed flat at a lower signal-to-noise ratio than its neighbours at every t;
    one scale each does not. The mean is taken instead of a draw: the same image is the same x0 in every epoch.
    """

    clip_x0 = False

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__()
        assert isinstance(autoencoder, nn.Module)
        self.shift: Tensor
        self.scale: Tensor
        self.autoencoder: Any = autoencoder.requires_grad_(False).eval()
        per_channel = (autoencoder.latent_shape[0], 1, 1)
        self.register_buffer("shift", torch.zeros(per_channel))
        self.register_buffer("scale", torch.ones(per_channel))

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        return (self.autoencoder.encode(images).mean - self.shift) / self.scale

    @torch.no_grad()
    def decode(self, x0: Tensor) -> Tensor:
        return self.autoencoder.decode(x0 * self.scale + self.shift)

    @torch.no_grad()
    def measure(self, batches: Iterable[Tensor]) -> None:
        """Set shift and scale so that the latents of these images have mean 0 and variance 1 in every channel.

        Raises ValueError where a channel is constant: there is nothing to diffuse in it.
        """
        latents = torch.cat([self.autoencoder.encode(images).mean for images in batches]).double()
        variance, mean = torch.var_mean(latents, dim=(0, 2, 3), correction=0, keepdim=True)
        if not bool((variance > 1e-12).all()):
            raise ValueError("the autoencoder's latent is constant in a channel: train it longer, or on more images")
        self.shift.copy_(mean[0])
        self.scale.copy_(variance[0].sqrt())

    def train(self, mode: bool = True) -> "LatentCodec":
        """Frozen: it stays in eval mode whatever its owner is set to."""
        return super().train(False)


def make_codec(autoencoder: Autoencoder | None) -> Codec:
    """Pixels, or the latent of an autoencoder, its weights and scale still to be loaded."""
    return PixelCodec() if autoencoder is None else LatentCodec(autoencoder)
