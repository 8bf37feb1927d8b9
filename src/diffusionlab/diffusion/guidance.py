"""Conditioning at sampling time: a denoiser, a label and a guidance scale become x0_hat = f(x_t, t)."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffusionlab.diffusion.denoiser import Denoiser


@dataclass
class GuidedDenoiser:
    """Classifier-free guidance: uncond + guidance_scale (cond - uncond) (Ho & Salimans 2022, eq. 6).

    Written for x0_hat, which is affine in the noise estimate, so the combination is the paper's. A scale of 1 asks
    the network once, any other scale twice, in one batch. `label`: (B,) int64 or None for an unconditional network;
    `clip_x0`: clamp x0_hat to [-1, 1], as pixels are. `nfe` counts the network evaluations per sample.
    """

    denoiser: Denoiser
    label: Tensor | None = None
    null_label: int | None = None
    guidance_scale: float = 1.0
    clip_x0: bool = True
    nfe: int = field(default=0, init=False)

    def __call__(self, x_t: Tensor, t: float) -> Tensor:
        """x0_hat for a whole batch (B, C, H, W) at one time t in (0, 1]."""
        times = torch.full((len(x_t),), t, device=x_t.device)
        if self.label is None or self.guidance_scale == 1.0:
            self.nfe += 1
            x0_hat = self.denoiser(x_t, times, self.label)
        else:
            if self.null_label is None:
                raise ValueError("guidance_scale other than 1 needs the null label of a class-conditional network")
            self.nfe += 2
            null = torch.full_like(self.label, self.null_label)
            both = self.denoiser(x_t.repeat(2, 1, 1, 1), times.repeat(2), torch.cat([self.label, null]))
            cond, uncond = both.chunk(2)
            x0_hat = uncond + self.guidance_scale * (cond - uncond)
        return x0_hat.clamp(-1, 1) if self.clip_x0 else x0_hat
