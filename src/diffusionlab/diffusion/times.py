"""Which times: those that training draws, and those that a sampler visits."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from diffusionlab.diffusion.schedule import DiscreteSchedule, NoiseSchedule

Distribution = Literal["schedule", "uniform", "logit_normal"]
Spacing = Literal["uniform", "log_snr", "edm"]

LARGEST_RATIO = 80.0
"""sigma / alpha from which `log_snr` and `edm` space their steps if the schedule goes beyond (Karras et al. 2022)."""


@dataclass(frozen=True, kw_only=True)
class TimeDistribution:
    """From which times training learns.

    - `schedule`: as the schedule has it, uniform for all but EDM's
    - `uniform`: t ~ U(0, 1]
    - `logit_normal`: logit(t) ~ N(mean, std^2), most of it in the middle (Esser et al. 2024, eq. 19)

    `shift` moves the drawn times towards noise, t <- shift t / (1 + (shift - 1) t) (Esser et al. 2024, eq. 23): above 1
    for images of more pixels.
    """

    kind: Distribution = "schedule"
    mean: float = 0.0
    std: float = 1.0
    shift: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Distribution):
            raise ValueError(f"loss.times.kind={self.kind}: choose from {', '.join(get_args(Distribution))}")
        for name, value in (("std", self.std), ("shift", self.shift)):
            if value <= 0:
                raise ValueError(f"loss.times.{name}={value}: above 0")

    def draw(
        self, schedule: NoiseSchedule, batch_size: int, device: torch.device, generator: torch.Generator | None
    ) -> Tensor:
        """(batch_size,) float32 in (0, 1]."""
        if self.kind == "schedule":
            t = schedule.draw_times(batch_size, device, generator)
        elif self.kind == "uniform":
            t = 1 - torch.rand(batch_size, device=device, generator=generator)
        else:
            t = (self.mean + self.std * torch.randn(batch_size, device=device, generator=generator)).sigmoid()
        if self.shift != 1:
            t = self.shift * t / (1 + (self.shift - 1) * t)
        return schedule.nearest(t)


def sampling_times(schedule: NoiseSchedule, num_steps: int | None, spacing: Spacing) -> list[float]:
    """The num_steps + 1 times that a sampler visits, strictly falling from 1 to 0.

    - `uniform`: evenly spaced t, as `schedule.times` has them
    - `log_snr`: evenly spaced ln(alpha / sigma) (Lu et al. 2022, sec. 3)
    - `edm`: (sigma / alpha)^(1/7) evenly spaced (Karras et al. 2022, eq. 5), most steps where little noise is left

    The last two start at t = 1 and space the others between sigma / alpha = 80, or the schedule's largest, and the
    schedule's smallest. Raises ValueError where the schedule has fewer times.
    """
    even = schedule.times(num_steps)
    if spacing == "uniform" or len(even) < 4:
        return even
    alpha, sigma = schedule.at(1.0)
    largest = min(LARGEST_RATIO, sigma / alpha) if alpha > 0 else LARGEST_RATIO
    places = np.linspace(0, 1, len(even) - 1)
    if spacing == "log_snr":
        ratios = largest * (schedule.smallest_ratio / largest) ** places
    else:
        ends = largest ** (1 / 7), schedule.smallest_ratio ** (1 / 7)
        ratios = (ends[0] + places * (ends[1] - ends[0])) ** 7
    return times_at(schedule, ratios[1:])


def times_at(schedule: NoiseSchedule, ratios: Iterable[float]) -> list[float]:
    """1, the times at which sigma / alpha is each of the falling `ratios`, and 0, no time twice on any schedule."""
    return on_steps(schedule, [1.0, *(schedule.time_at(float(ratio)) for ratio in ratios), 0.0])


def on_steps(schedule: NoiseSchedule, times: list[float]) -> list[float]:
    """Falling times from 1 to 0, moved to distinct steps of a schedule that has steps."""
    return _on_distinct_steps(times, schedule.num_steps) if isinstance(schedule, DiscreteSchedule) else times


def _on_distinct_steps(times: list[float], total: int) -> list[float]:
    """Times that fell on the same step of the grid moved to the next free ones."""
    steps = [round(t * total) for t in times]
    for place in range(1, len(steps) - 1):
        steps[place] = max(min(steps[place], steps[place - 1] - 1), len(steps) - 1 - place)
    return [step / total for step in steps]
