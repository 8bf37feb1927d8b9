"""From labels and a seed to finished images, in batches that leave no trace in the result."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from diffusionlab.diffusion.codec import Codec
from diffusionlab.diffusion.denoiser import Denoiser
from diffusionlab.diffusion.guidance import NO_GUIDANCE, Guidance, GuidedDenoiser, SteeredDenoiser, Steering
from diffusionlab.diffusion.labels import NO_LABELS, Labels
from diffusionlab.diffusion.noise import SampleNoise
from diffusionlab.diffusion.sampler import Denoise, Sampler


@dataclass(frozen=True, kw_only=True)
class SampleRequest:
    """What to sample: `shape` (C, H, W) of x0; `labels` of all samples, or none.

    `steering` goes by the class, and needs diffusion in pixels.
    """

    num_samples: int
    shape: tuple[int, int, int]
    labels: Labels = NO_LABELS
    guidance: Guidance = NO_GUIDANCE
    steering: Steering | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.num_samples < 1:
            raise ValueError(f"num_samples={self.num_samples}: at least 1")
        if self.seed < 0:
            raise ValueError(f"seed={self.seed}: 0 or more")
        if not math.isfinite(self.guidance.scale):
            raise ValueError(f"guidance_scale={self.guidance.scale}: a finite number, 1 for none")
        if self.steering is not None and not self.labels:
            raise ValueError("steering goes by the class, and there are no labels")
        if self.guidance.scale != 1.0 and self.guidance.by is None and not self.labels:
            raise ValueError(
                f"guidance_scale={self.guidance.scale} needs labels and a class-conditional network: "
                "leave it at 1, or train with model=conditional_unet"
            )


def sample_batches(
    denoiser: Denoiser,
    codec: Codec,
    sampler: Sampler,
    request: SampleRequest,
    *,
    batch_size: int,
    device: torch.device | str,
    on_step: Callable[[], None] | None = None,
) -> Iterator[Tensor]:
    """Yield finished images, (<= batch_size, C, H, W) float32 about [-1, 1], in the order of the samples.

    `on_step` is called after every step of every batch.
    """
    for start in range(0, request.num_samples, batch_size):
        indices = range(start, min(start + batch_size, request.num_samples))
        labels = request.labels[start : indices.stop].to(device)
        denoise: Denoise = GuidedDenoiser(denoiser, labels, request.guidance, codec.clip_x0)
        if request.steering is not None and labels.label is not None:
            denoise = SteeredDenoiser(denoise, denoiser.schedule, request.steering, labels.label, codec.clip_x0)
        noise = SampleNoise(seed=request.seed, indices=indices, shape=request.shape, device=device)
        for step in sampler(denoise, denoiser.schedule, noise):
            x_0 = step.x_t
            if on_step is not None:
                on_step()
        yield codec.decode(x_0)
