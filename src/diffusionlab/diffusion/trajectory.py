"""Trajectory distillation: a network that leaps from any time of a teacher's trajectory to its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from diffusionlab.diffusion.denoiser import Denoiser
from diffusionlab.diffusion.guidance import Guidance, GuidedDenoiser
from diffusionlab.diffusion.labels import NO_LABELS, Labels
from diffusionlab.diffusion.loss import LossParts
from diffusionlab.diffusion.noise import WHOLE, Share
from diffusionlab.diffusion.sampler import DPMSolverPP2M
from diffusionlab.diffusion.schedule import NoiseSchedule
from diffusionlab.diffusion.times import Spacing, on_steps, sampling_times


@dataclass(frozen=True, kw_only=True)
class TrajectoryLoss:
    """The student's leap from times of a teacher's trajectory beside the image in which the trajectory ends.

    Whoever has learned it is a consistency function (Song et al. 2023, def. 1): the end of a trajectory from any of its
    points. What it learns from is the teacher's own end, as Luhman & Luhman 2021 (arXiv:2101.02388, sec. 3) learn it
    from the noise: no error of the student feeds its next target, as in consistency distillation, whose errors add up
    over the steps of the grid.

    For each label of the batch the teacher draws a sample by `num_steps` steps of DPM-Solver++(2M), guided by
    `guidance_scale`: the student needs no second evaluation. It leaps from `num_times` times of each: t = 1, where each
    sample begins, and others at random from the first two thirds of the steps, after which little is left to leap over.
    These are moved a little from batch to batch, so that it knows the times between them too. The images of the batch
    itself are not seen.

    The distance is pseudo-Huber, sqrt(|d|^2 + c^2) - c with c = 0.00054 sqrt(pixels) (Song & Dhariwal 2024, sec. 3.3).
    """

    num_steps: int = 10
    spacing: Spacing = "log_snr"
    num_times: int = 4
    guidance_scale: float = 1.0

    label_dropout: ClassVar[float] = 0.0
    """Labels are never hidden: a student cannot be guided further."""

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise ValueError(f"loss.num_steps={self.num_steps}: at least 1")
        if self.spacing not in get_args(Spacing):
            raise ValueError(f"loss.spacing={self.spacing}: choose from {', '.join(get_args(Spacing))}")
        if not 1 <= self.num_times <= 1 + self.num_early:
            raise ValueError(
                f"loss.num_times={self.num_times}: 1 to {1 + self.num_early} of a trajectory of {self.num_steps} steps"
            )

    @property
    def num_early(self) -> int:
        """Times after the first from which the student leaps."""
        return 2 * (self.num_steps - 1) // 3

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
        """`x0`: (B, C, H, W), of which only the shape counts. The error of the parts is the distance, (num_times B,).

        `_`: what `DenoisingLoss` takes beside; nothing here is dropped or steered.
        """
        device, num_trajectories = x0.device, len(x0)
        times = self.times(denoiser.schedule, self._shift(generator))
        noise = share(lambda n: torch.randn((n, *x0.shape[1:]), device=device, generator=generator), num_trajectories)
        order = share(lambda n: torch.rand((n, self.num_early), device=device, generator=generator), num_trajectories)
        points, end = self.trajectories(teacher, noise, labels, times)
        later = 1 + order.argsort(dim=1)[:, : self.num_times - 1]
        places = F.pad(later, (1, 0)).T.flatten()  # the first of each is t = 1
        rows = torch.arange(num_trajectories, device=device).repeat(self.num_times)
        t = torch.tensor(times, device=device)[places]
        leap = denoiser(points[places, rows], t, *labels.repeat(self.num_times))
        difference = (leap - end[rows]).flatten(1)
        scale = 0.00054 * difference.shape[1] ** 0.5
        distance = (difference.square().sum(dim=1) + scale**2).sqrt() - scale
        return LossParts(distance.mean(), distance.detach(), t)

    @torch.no_grad()
    def trajectories(
        self, teacher: Denoiser, noise: Tensor, labels: Labels, times: Sequence[float]
    ) -> tuple[Tensor, Tensor]:
        """x_t at all `times` but the last, (T, B, C, H, W), and the samples in which they end, (B, C, H, W)."""
        guided = GuidedDenoiser(teacher, labels, Guidance(scale=self.guidance_scale if labels else 1.0))
        x_1 = teacher.schedule.prior_std() * noise
        steps = _Visiting(at=tuple(times)).steps(guided, teacher.schedule, x_1, lambda: noise)
        points = [x_1, *(step.x_t for step in steps)]
        return torch.stack(points[:-1]), points[-1]

    def times(self, schedule: NoiseSchedule, shift: float = 0.0) -> list[float]:
        """Those of a trajectory, from 1 down to 0, all between moved by `shift`, -0.5 to 0.5, of the way to the next.

        Raises ValueError for more steps than the schedule has.
        """
        grid = sampling_times(schedule, self.num_steps, self.spacing)
        moved = np.interp(np.arange(1, len(grid) - 1) + shift, np.arange(len(grid)), grid)
        return on_steps(schedule, [1.0, *map(float, moved), 0.0])

    def _shift(self, generator: torch.Generator | None) -> float:
        """Another one for every batch: from times between those of one grid a student would leap worse."""
        device = "cpu" if generator is None else generator.device  # nothing is read back from a GPU in training
        return float(torch.rand((), generator=generator, device=device)) - 0.5


@dataclass(frozen=True, kw_only=True)
class _Visiting(DPMSolverPP2M):
    """The teacher's solver at given times."""

    at: tuple[float, ...]

    def times(self, schedule: NoiseSchedule) -> list[float]:
        return list(self.at)
