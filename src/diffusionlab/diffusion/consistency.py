"""Consistency distillation: a network that leaps from any time of a teacher's trajectory to its end."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, get_args

import torch
from torch import Tensor

from diffusionlab.diffusion.denoiser import Denoiser, per_image
from diffusionlab.diffusion.guidance import classifier_free
from diffusionlab.diffusion.labels import NO_LABELS, Labels
from diffusionlab.diffusion.loss import LossParts
from diffusionlab.diffusion.noise import WHOLE, Share
from diffusionlab.diffusion.schedule import NoiseSchedule
from diffusionlab.diffusion.times import Spacing, sampling_times


@dataclass(frozen=True, kw_only=True)
class ConsistencyLoss:
    """The student's leap from t beside its own from s < t, one step of the teacher further (Song et al. 2023, alg. 2).

    Both times are neighbours of the grid that a sampler of `num_steps` steps and this `spacing` visits, every pair as
    often. The teacher goes from x_t to x_s by one step of DDIM, guided by `guidance_scale`: the student needs no second
    evaluation for guidance. Where s = 0 the student is compared with the teacher's image itself. As in Song & Dhariwal
    2024 the student's second leap is its own, without gradient and without an average of weights (sec. 3.2), and the
    distance is pseudo-Huber, sqrt(|d|^2 + c^2) - c with c = 0.00054 sqrt(pixels) (sec. 3.3).
    """

    num_steps: int = 32
    spacing: Spacing = "edm"
    guidance_scale: float = 1.0

    label_dropout: ClassVar[float] = 0.0
    """Labels are never hidden: a student cannot be guided further."""

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise ValueError(f"loss.num_steps={self.num_steps}: at least 1")
        if self.spacing not in get_args(Spacing):
            raise ValueError(f"loss.spacing={self.spacing}: choose from {', '.join(get_args(Spacing))}")

    def __call__(
        self,
        denoiser: Denoiser,
        x0: Tensor,
        labels: Labels = NO_LABELS,
        *,
        teacher: Denoiser,
        generator: torch.Generator | None = None,
        share: Share = WHOLE,
        **_: Any,
    ) -> LossParts:
        """`x0`: (B, C, H, W) of about unit variance. The error of the parts is the distance, (B,).

        `_`: what `DenoisingLoss` takes beside; nothing here is dropped or steered.
        """

        def draw(count: int) -> Tensor:
            return torch.stack(self._draw(denoiser.schedule, count, x0.device, generator), dim=1)

        t, s = share(draw, len(x0)).unbind(dim=1)
        noise = share(lambda count: torch.randn((count, *x0.shape[1:]), device=x0.device, generator=generator), len(x0))
        alpha, sigma = (per_image(value) for value in denoiser.schedule(t))
        x_t = alpha * x0 + sigma * noise
        with torch.no_grad():
            x_s = self.step(teacher, x_t, t, s, labels)
            target = torch.where(per_image(s) > 0, denoiser(x_s, s.clamp(min=t.min() * 1e-3), *labels), x_s)
        difference = (denoiser(x_t, t, *labels) - target).flatten(1)
        scale = 0.00054 * difference.shape[1] ** 0.5
        distance = (difference.square().sum(dim=1) + scale**2).sqrt() - scale
        return LossParts(distance.mean(), distance.detach(), t)

    def step(self, teacher: Denoiser, x_t: Tensor, t: Tensor, s: Tensor, labels: Labels) -> Tensor:
        """x_s of the teacher's ODE from x_t, (B, C, H, W): DDIM (Song et al. 2021, eq. 12), with guidance."""
        guided = bool(labels) and self.guidance_scale != 1
        x0_hat = classifier_free(teacher, x_t, t, labels, self.guidance_scale) if guided else teacher(x_t, t, *labels)
        (alpha_t, sigma_t), (alpha_s, sigma_s) = (map(per_image, teacher.schedule(one)) for one in (t, s))
        return alpha_s * x0_hat + sigma_s / sigma_t * (x_t - alpha_t * x0_hat)

    def times(self, schedule: NoiseSchedule) -> list[float]:
        """The grid, from 1 down to 0. Raises ValueError for more steps than the schedule has."""
        return sampling_times(schedule, self.num_steps, self.spacing)

    def _draw(
        self, schedule: NoiseSchedule, batch_size: int, device: torch.device, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Neighbouring times t > s, (batch_size,) each."""
        times = _grid(self, schedule, device)
        place = torch.randint(self.num_steps, (batch_size,), device=device, generator=generator)
        return times[place], times[place + 1]


@lru_cache(maxsize=4)
def _grid(loss: ConsistencyLoss, schedule: NoiseSchedule, device: torch.device) -> Tensor:
    """`loss.times` on the device: worked out once, not at every step."""
    return torch.tensor(loss.times(schedule), device=device)
