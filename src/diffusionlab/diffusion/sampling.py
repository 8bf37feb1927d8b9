"""From labels and a seed to finished images, in batches that leave no trace in the result."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from diffusionlab.diffusion.denoiser import Denoiser
from diffusionlab.diffusion.guidance import GuidedDenoiser
from diffusionlab.diffusion.noise import SampleNoise
from diffusionlab.diffusion.sampler import Sampler


@dataclass(frozen=True, kw_only=True)
class SampleRequest:
    """What to sample: `shape` (C, H, W); `labels` (num_samples,) int64, or None for an unconditional network."""

    num_samples: int
    shape: tuple[int, int, int]
    labels: Tensor | None = None
    null_label: int | None = None
    guidance_scale: float = 1.0
    clip_x0: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.num_samples < 1:
            raise ValueError(f"num_samples={self.num_samples}: at least 1")
        if self.seed < 0:
            raise ValueError(f"seed={self.seed}: 0 or more")
        if not math.isfinite(self.guidance_scale):
            raise ValueError(f"guidance_scale={self.guidance_scale}: a finite number, 1 for none")
        if self.guidance_scale != 1.0 and self.labels is None:
            raise ValueError(
                f"guidance_scale={self.guidance_scale} needs labels and a class-conditional network: "
                "leave it at 1, or train with model=conditional_unet"
            )


def sample_batches(
    denoiser: Denoiser, sampler: Sampler, request: SampleRequest, *, batch_size: int, device: torch.device | str
) -> Iterator[Tensor]:
    """Yield finished x0, (<= batch_size, C, H, W) float32 about [-1, 1], in the order of the samples."""
    for start in range(0, request.num_samples, batch_size):
        indices = range(start, min(start + batch_size, request.num_samples))
        labels = None if request.labels is None else request.labels[start : indices.stop].to(device)
        denoise = GuidedDenoiser(denoiser, labels, request.null_label, request.guidance_scale, request.clip_x0)
        noise = SampleNoise(seed=request.seed, indices=indices, shape=request.shape, device=device)
        *_, last = sampler(denoise, denoiser.schedule, noise)
        yield last.x_t
