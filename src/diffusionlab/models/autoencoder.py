"""The convolutional autoencoder whose latent a diffusion model can live in."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diffusionlab.models.attention import AttentionKind, SelfAttention
from diffusionlab.models.blocks import ResidualBlock, downsample, group_norm, upsample
from diffusionlab.models.checks import check_counts


class Latent(NamedTuple):
    """A diagonal Gaussian for each image: `mean` and `log_variance`, both (B, latent_channels, h, w) float32."""

    mean: Tensor
    log_variance: Tensor

    def sample(self) -> Tensor:
        """One draw, differentiable (the reparameterisation of Kingma & Welling 2014)."""
        return self.mean + torch.exp(0.5 * self.log_variance) * torch.randn_like(self.mean)

    def kl(self) -> Tensor:
        """The divergence from N(0, I) in nats per latent element, (B,) (Kingma & Welling 2014, app. B)."""
        terms = self.mean.square() + self.log_variance.exp() - 1 - self.log_variance
        return 0.5 * terms.mean(dim=(1, 2, 3))


class Autoencoder(nn.Module):
    """(B, C, H, W) <-> a Gaussian over (B, latent_channels, h, w), as in latent diffusion (arXiv:2112.10752, app. G).

    Each further entry of `channels` halves the resolution: three make a latent of a quarter of the pixels a side.
    Images are first padded at the right and at the bottom so that h and w are even, and a U-Net can go on halving:
    28 pixels become 8, as 32 do, and 64 become 16. `attention` stands at the coarsest resolution of both halves.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: int,
        latent_channels: int = 4,
        channels: Sequence[int] = (16, 32, 64),
        blocks_per_level: int = 1,
        attention: AttentionKind | None = None,
        num_heads: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_counts(
            channels=channels, blocks_per_level=blocks_per_level, latent_channels=latent_channels, num_heads=num_heads
        )
        self.in_channels = in_channels
        self.image_size = image_size
        self.padding = -image_size % 2 ** len(channels)
        self.latent_shape = (latent_channels, *2 * [(image_size + self.padding) // 2 ** (len(channels) - 1)])

        def blocks(width: int) -> list[nn.Module]:
            return [ResidualBlock(width, width, embedding_dim=None, dropout=dropout) for _ in range(blocks_per_level)]

        def attend() -> list[nn.Module]:
            return [] if attention is None else [SelfAttention(channels[-1], num_heads=num_heads, kind=attention)]

        finest, coarsest = channels[0], channels[-1]
        down = [part for fine, coarse in pairwise(channels) for part in (*blocks(fine), downsample(fine, coarse, 2))]
        up = [
            part for coarse, fine in pairwise(reversed(channels)) for part in (upsample(coarse, fine, 2), *blocks(fine))
        ]
        self.encoder = nn.Sequential(
            *(nn.Conv2d(in_channels, finest, 3, padding=1), *down, *blocks(coarsest), *attend()),
            *(group_norm(coarsest), nn.SiLU(), nn.Conv2d(coarsest, 2 * latent_channels, 3, padding=1)),
        )
        self.decoder = nn.Sequential(
            *(nn.Conv2d(latent_channels, coarsest, 3, padding=1), *attend(), *blocks(coarsest), *up),
            *(group_norm(finest), nn.SiLU(), nn.Conv2d(finest, in_channels, 3, padding=1)),
        )

    def encode(self, images: Tensor) -> Latent:
        """Images in [-1, 1] -> the Gaussian of their latents. Raises ValueError for images of another size."""
        if images.shape[1:] != (self.in_channels, self.image_size, self.image_size):
            built_for = f"{self.in_channels}x{self.image_size}x{self.image_size}"
            raise ValueError(f"the autoencoder is built for {built_for} images, not {tuple(images.shape[1:])}")
        padded = F.pad(images, (0, self.padding, 0, self.padding), mode="replicate")
        mean, log_variance = self.encoder(padded).float().chunk(2, dim=1)
        return Latent(mean, log_variance.clamp(-30, 20))  # beyond this float32's exp gives 0 or infinity

    def decode(self, latent: Tensor) -> Tensor:
        """(B, latent_channels, h, w) -> images about [-1, 1]."""
        return self.decoder(latent).float()[..., : self.image_size, : self.image_size]

    def forward(self, x: Tensor) -> Tensor:
        """The reconstruction from the mean."""
        return self.decode(self.encode(x).mean)
