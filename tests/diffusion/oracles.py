"""Denoisers that need no training: the exact posterior mean of simple data."""

from collections.abc import Callable

import torch
from torch import Tensor

from diffusionlab.diffusion import NoiseSchedule

MEAN, STD = 0.3, 0.5


def gaussian_denoise(schedule: NoiseSchedule) -> Callable[[Tensor, float], Tensor]:
    """E[x0 | x_t] for data N(MEAN, STD^2 I): the ideal denoiser in closed form."""

    def denoise(x_t: Tensor, t: float) -> Tensor:
        alpha, sigma = schedule.at(t)
        return (alpha * STD**2 * x_t + sigma**2 * MEAN) / (alpha**2 * STD**2 + sigma**2)

    return denoise


def draws(*shape: int, seed: int = 0) -> Callable[[], Tensor]:
    """A stream of standard normal batches of `shape`."""
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(shape, generator=generator)
