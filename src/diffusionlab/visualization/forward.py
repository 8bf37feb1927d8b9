"""The forward process: one image as noise takes it over."""

import torch
from torch import Tensor

from diffusionlab.diffusion import NoiseSchedule


def forward_process(x0: Tensor, noise: Tensor, schedule: NoiseSchedule, t: Tensor) -> Tensor:
    """x_t = alpha(t) x0 + sigma(t) noise, (B, C, H, W); `t`: (B,), the others (B, C, H, W) or (1, C, H, W)."""
    alpha, sigma = (value.view(-1, 1, 1, 1) for value in schedule(t))
    return alpha * x0 + sigma * noise


def unit_variance(x_t: Tensor, schedule: NoiseSchedule, t: Tensor) -> Tensor:
    """x_t brought to the scale of images; of a schedule that keeps the variance it is x_t itself."""
    return x_t / torch.hypot(*schedule(t)).view(-1, 1, 1, 1)
