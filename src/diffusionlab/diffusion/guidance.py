"""Conditioning at sampling time: a denoiser, labels and a guidance scale become x0_hat = f(x_t, t)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor

from diffusionlab.diffusion.denoiser import Denoiser
from diffusionlab.diffusion.labels import NO_LABELS, Labels
from diffusionlab.diffusion.schedule import NoiseSchedule

GuidanceSchedule = Literal["constant", "linear", "interval"]

Similarity = Callable[[Tensor, Tensor], Tensor]
"""Of images about [-1, 1] to labels, (B, C, H, W), (B,) -> (B,)."""


DEFAULT_SCALE = 2.0
"""Of a run that can be guided."""


def can_be_guided(null_labels: Sequence[int], label_dropout: float) -> bool:
    """Whether a network with these null labels has been trained on them, without which guidance means nothing."""
    return bool(null_labels) and label_dropout > 0


@dataclass(frozen=True)
class Guide:
    """A weaker denoiser of the same images, noise schedule and labels; `name`: what a protocol calls it."""

    name: str
    denoiser: Denoiser


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """The guidance scale as a function of the time t in (0, 1]; 1 is none.

    - `constant`: `scale` at every t
    - `linear`: from 1 at t = 1 to `scale` at t = 0: variety first, the class later (Wang et al. 2024)
    - `interval`: `scale` between the two times of `interval`, 1 outside (Kynkäänniemi et al. 2024)

    `by`: what guides in place of the null label.
    """

    scale: float = 1.0
    schedule: GuidanceSchedule = "constant"
    interval: tuple[float, float] = (0.2, 0.8)
    by: Guide | None = None

    def __post_init__(self) -> None:
        if self.schedule not in get_args(GuidanceSchedule):
            raise ValueError(f"guidance_schedule={self.schedule}: choose from {', '.join(get_args(GuidanceSchedule))}")
        if len(self.interval) != 2 or not 0 <= self.interval[0] < self.interval[1] <= 1:
            raise ValueError(f"guidance_interval={list(self.interval)}: two rising times in 0 to 1, such as [0.2,0.8]")

    def __call__(self, t: float) -> float:
        """The scale at t."""
        if self.schedule == "linear":
            return 1.0 + (self.scale - 1.0) * (1.0 - t)
        if self.schedule == "interval" and not self.interval[0] <= t <= self.interval[1]:
            return 1.0
        return self.scale

    def __str__(self) -> str:
        return f"{self.scale:g}" + ("" if self.by is None else f" by {self.by.name}")


NO_GUIDANCE = Guidance()


def classifier_free(denoiser: Denoiser, x_t: Tensor, t: Tensor, labels: Labels, scale: float) -> Tensor:
    """uncond + scale (cond - uncond), (B, C, H, W), both estimates in one batch (Ho & Salimans 2022, eq. 6).

    Written for x0_hat, which is affine in the noise estimate, so the combination is the paper's.
    """
    both = denoiser(x_t.repeat(2, 1, 1, 1), t.repeat(2), *labels.followed_by(labels.null))
    cond, uncond = both.chunk(2)
    return uncond + scale * (cond - uncond)


@dataclass
class GuidedDenoiser:
    """x0_hat with guidance: `classifier_free`, for which a scale of 1 asks the network once, any other twice.

    With a guide it is autoguidance, weak + scale (this - weak),
    the weak estimate being that of a smaller or less trained network for the same labels (Karras et al. 2024,
    arXiv:2406.02507, eq. 3): away from its errors, which are this network's own in larger, not towards the class.

    `labels`: of the batch, none for an unconditional network; with all of them null it makes the unconditional
    estimate. `clip_x0`: clamp x0_hat to [-1, 1], as pixels are. `nfe` counts the network evaluations per sample.
    """

    denoiser: Denoiser
    labels: Labels = NO_LABELS
    guidance: Guidance = NO_GUIDANCE
    clip_x0: bool = True
    nfe: int = field(default=0, init=False)

    def __call__(self, x_t: Tensor, t: float) -> Tensor:
        """x0_hat for a whole batch (B, C, H, W) at one time t in (0, 1]."""
        times = torch.full((len(x_t),), t, device=x_t.device)
        scale, guide = self.guidance(t), self.guidance.by
        if scale == 1.0 or (guide is None and not self.labels):
            self.nfe += 1
            x0_hat = self.denoiser(x_t, times, *self.labels)
        elif guide is not None:
            self.nfe += 2
            weak = guide.denoiser(x_t, times, *self.labels)
            x0_hat = weak + scale * (self.denoiser(x_t, times, *self.labels) - weak)
        else:
            self.nfe += 2
            x0_hat = classifier_free(self.denoiser, x_t, times, self.labels, scale)
        return x0_hat.clamp(-1, 1) if self.clip_x0 else x0_hat


@dataclass(frozen=True, kw_only=True)
class Steering:
    """`scale`: how hard to climb the similarity."""

    similarity: Similarity
    scale: float


@dataclass
class SteeredDenoiser:
    """x0_hat moved uphill on a similarity: x0_hat + scale v(t) d similarity / d x0_hat.

    Guidance by the gradient of log p(y | x_t) (Dhariwal & Nichol 2021, eq. 10) adds Cov[x0 | x_t] times the gradient
    with respect to x0 to the estimate of x0, once log p(y | x_t) is taken at x0_hat (Chung et al. 2023, eq. 11). As in
    Song et al. 2023 (pseudoinverse guidance, sec. 3.2) the covariance is v I with v = 1 / (1 + snr), so
    nothing is differentiated through the network; v falls to 0 with the noise, and the last steps mend what a gradient
    alone would leave. `denoise`: x0_hat of a batch at one time; `labels`: (B,) int64.
    """

    denoise: Callable[[Tensor, float], Tensor]
    schedule: NoiseSchedule
    steering: Steering
    labels: Tensor
    clip_x0: bool = True

    def __call__(self, x_t: Tensor, t: float) -> Tensor:
        """x0_hat for a whole batch (B, C, H, W) at one time t in (0, 1]."""
        x0_hat = self.denoise(x_t, t)
        noise_share = 1 / (1 + float(self.schedule.snr(torch.tensor(t, device=x_t.device))))  # v
        with torch.enable_grad():
            image = x0_hat.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.steering.similarity(image, self.labels).sum(), image)
        moved = x0_hat + self.steering.scale * noise_share * gradient
        return moved.clamp(-1, 1) if self.clip_x0 else moved
