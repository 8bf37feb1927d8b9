"""Samplers: from noise to image along a schedule, one generator each.

All take `denoise(x_t, t) -> x0_hat`, a schedule and a stream of noise, visit `schedule.times(num_steps)`, and yield
every step, so a trajectory, a grid or a GIF is just the list. The coefficients are computed in double precision.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import ClassVar, NamedTuple, get_args

import torch
from torch import Tensor

from diffusionlab.diffusion.schedule import NoiseSchedule
from diffusionlab.diffusion.times import Spacing, sampling_times, times_at

Denoise = Callable[[Tensor, float], Tensor]


class SampleStep(NamedTuple):
    """Where a sampler has come to: time `t`, the sample `x_t` there, and the estimate `x0_hat` that led to it."""

    t: float
    x_t: Tensor
    x0_hat: Tensor


@dataclass(frozen=True, kw_only=True)
class Sampler(ABC):
    """`num_steps`: steps from t = 1 to t = 0; None takes all that the schedule was trained on. `spacing`: of them."""

    num_steps: int | None = None
    spacing: Spacing = "uniform"

    ALWAYS_NAMED: ClassVar[frozenset[str]] = frozenset()
    """Options that the method's name is nothing without."""

    def __post_init__(self) -> None:
        if self.num_steps is not None and (not isinstance(self.num_steps, int) or self.num_steps < 1):
            raise ValueError(f"sampler.num_steps={self.num_steps}: a whole number from 1, or null for all")
        if self.spacing not in get_args(Spacing):
            raise ValueError(f"sampler.spacing={self.spacing}: choose from {', '.join(get_args(Spacing))}")

    def times(self, schedule: NoiseSchedule) -> list[float]:
        """The times visited, from 1 down to 0."""
        return sampling_times(schedule, self.num_steps, self.spacing)

    def __str__(self) -> str:
        """The method and what differs from its defaults, as protocols of measured figures name it: `Heun churn=40`."""
        words = [type(self).__name__]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in self.ALWAYS_NAMED or (value != field.default and field.name != "num_steps"):
                words.append(f"{field.name}={value}" if isinstance(value, str) else f"{field.name}={value:g}")
        return " ".join(words)

    @torch.no_grad()
    def __call__(
        self, denoise: Denoise, schedule: NoiseSchedule, draw_noise: Callable[[], Tensor]
    ) -> Iterator[SampleStep]:
        """Yield num_steps SampleSteps; the last has t = 0 and the finished sample in `x_t`."""
        x_t = schedule.prior_std() * draw_noise()
        yield from self.steps(denoise, schedule, x_t, draw_noise)

    @abstractmethod
    def steps(
        self, denoise: Denoise, schedule: NoiseSchedule, x_t: Tensor, draw_noise: Callable[[], Tensor]
    ) -> Iterator[SampleStep]:
        """The walk itself, from `x_t` at t = 1."""


@dataclass(frozen=True, kw_only=True)
class DDIM(Sampler):
    """DDIM (Song et al. 2021, eq. 12 and 16). `eta` = 0 is deterministic, `eta` = 1 is ancestral DDPM sampling."""

    eta: float = 0.0

    ALWAYS_NAMED: ClassVar[frozenset[str]] = frozenset({"eta"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.eta <= 1:
            raise ValueError(f"sampler.eta={self.eta}: between 0 (deterministic) and 1 (as random as DDPM)")

    def steps(
        self, denoise: Denoise, schedule: NoiseSchedule, x_t: Tensor, draw_noise: Callable[[], Tensor]
    ) -> Iterator[SampleStep]:
        for (t, alpha_t, sigma_t), (s, alpha_s, sigma_s) in pairwise(_levels(schedule, self.times(schedule))):
            x0_hat = denoise(x_t, t)
            # standard deviation of the posterior q(x_s | x_t, x0)
            posterior_std = sigma_s / sigma_t * math.sqrt(max(sigma_t**2 - (alpha_t / alpha_s * sigma_s) ** 2, 0.0))
            fresh = self.eta * posterior_std
            # alpha_s x0_hat + sqrt(sigma_s^2 - fresh^2) noise_hat, where noise_hat = (x_t - alpha_t x0_hat) / sigma_t
            kept = math.sqrt(max(sigma_s**2 - fresh**2, 0.0)) / sigma_t
            x_t = _weighted(kept, x_t, alpha_s - kept * alpha_t, x0_hat)
            if fresh > 0:
                x_t = x_t + fresh * draw_noise()
            yield SampleStep(s, x_t, x0_hat)


@dataclass(frozen=True, kw_only=True)
class Consistency(Sampler):
    """Multistep consistency sampling (Song et al. 2023, alg. 1): leap to x0_hat, add fresh noise, leap again.

    For runs that `loss=trajectory` distilled; the estimates of another run are means of images, and stay blurred.
    `log_snr` spaces the leaps after the first within `LEAPS` alone: from more noise a leap mends nothing, from less it
    changes nothing. Of two leaps the second then starts where noise and image are about as strong.
    """

    spacing: Spacing = "log_snr"

    LEAPS: ClassVar[tuple[float, float]] = (5.0, 0.1)
    """Largest and smallest sigma / alpha."""

    def times(self, schedule: NoiseSchedule) -> list[float]:
        usual = super().times(schedule)
        if self.spacing != "log_snr" or (count := len(usual) - 2) < 1:
            return usual
        largest, smallest = self.LEAPS
        return times_at(schedule, (largest * (smallest / largest) ** ((place + 0.5) / count) for place in range(count)))

    def steps(
        self, denoise: Denoise, schedule: NoiseSchedule, x_t: Tensor, draw_noise: Callable[[], Tensor]
    ) -> Iterator[SampleStep]:
        for t, s in pairwise(self.times(schedule)):
            alpha_s, sigma_s = schedule.at(s)
            x0_hat = denoise(x_t, t)
            x_t = alpha_s * x0_hat + sigma_s * draw_noise() if sigma_s > 0 else alpha_s * x0_hat
            yield SampleStep(s, x_t, x0_hat)


@dataclass(frozen=True, kw_only=True)
class DPMSolverPP2M(Sampler):
    """DPM-Solver++(2M) (Lu et al. 2022, alg. 2): second order from the previous step's estimate, one evaluation a step.

    First and last step are first order: there is no earlier estimate, or the log-SNR of the end is infinite.
    """

    def steps(
        self, denoise: Denoise, schedule: NoiseSchedule, x_t: Tensor, draw_noise: Callable[[], Tensor]
    ) -> Iterator[SampleStep]:
        previous: tuple[float, Tensor] | None = None
        for (t, alpha_t, sigma_t), (s, alpha_s, sigma_s) in pairwise(_levels(schedule, self.times(schedule))):
            x0_hat = denoise(x_t, t)
            step = _log_snr_step(alpha_t, sigma_t, alpha_s, sigma_s)
            # 1 - exp(-h), written without logarithms so that alpha_t = 0 and sigma_s = 0 need no case of their own
            kept = sigma_s / sigma_t
            x_t = _second_order(kept, x_t, alpha_s - alpha_t * kept, x0_hat, step, previous)
            previous = (step, x0_hat)
            yield SampleStep(s, x_t, x0_hat)


@dataclass(frozen=True, kw_only=True)
class DPMSolverPPSDE(Sampler):
    """SDE-DPM-Solver++(2M) (Lu et al. 2022, app. D): the 2M solver of the reverse SDE, one evaluation a step.

    The fresh noise of every step corrects the errors of those before, at the price of more steps.
    """

    def steps(
        self, denoise: Denoise, schedule: NoiseSchedule, x_t: Tensor, draw_noise: Callable[[], Tensor]
    ) -> Iterator[SampleStep]:
        previous: tuple[float, Tensor] | None = None
        for (t, alpha_t, sigma_t), (s, alpha_s, sigma_s) in pairwise(_levels(schedule, self.times(schedule))):
            x0_hat = denoise(x_t, t)
            step = _log_snr_step(alpha_t, sigma_t, alpha_s, sigma_s)
            decay = alpha_t * sigma_s / (alpha_s * sigma_t)  # exp(-h), 0 where h is infinite
            x_t = _second_order(sigma_s / sigma_t * decay, x_t, alpha_s * (1 - decay**2), x0_hat, step, previous)
            if sigma_s > 0:
                x_t = x_t + sigma_s * math.sqrt(1 - decay**2) * draw_noise()
            previous = (step, x0_hat)
            yield SampleStep(s, x_t, x0_hat)


@dataclass(frozen=True, kw_only=True)
class Heun(Sampler):
    """Heun's second-order method on the probability-flow ODE (Karras et al. 2022, alg. 1), 2 num_steps - 1 evaluations.

    In u = x / alpha and s = sigma / alpha the ODE is du/ds = noise_hat, whatever the schedule. The last step, where
    s = 0, and a first step from (almost) no signal, where u is not (well) defined, are Euler steps.

    `churn` above 0 is the paper's stochastic sampler (alg. 2): where `churn_min` <= s <= `churn_max`, noise is added
    before each step, up to s (1 + min(churn / num_steps, sqrt(2) - 1)), of standard deviation `churn_noise`.
    """

    churn: float = 0.0
    churn_min: float = 0.05
    churn_max: float = 50.0
    churn_noise: float = 1.003

    MIN_SIGNAL: ClassVar[float] = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.churn < 0:
            raise ValueError(f"sampler.churn={self.churn}: 0 for the deterministic sampler, or more")

    def steps(
        self, denoise: Denoise, schedule: NoiseSchedule, x_t: Tensor, draw_noise: Callable[[], Tensor]
    ) -> Iterator[SampleStep]:
        times = self.times(schedule)
        share = min(self.churn / (len(times) - 1), math.sqrt(2) - 1)
        for (t, alpha_t, sigma_t), (s, alpha_s, sigma_s) in pairwise(_levels(schedule, times)):
            if share > 0:
                t, x_t = self._churned(schedule, t, x_t, share, draw_noise)
                alpha_t, sigma_t = schedule.at(t)
            x0_hat = denoise(x_t, t)
            slope = _weighted(1 / sigma_t, x_t, -alpha_t / sigma_t, x0_hat)
            x_s = _weighted(alpha_s, x0_hat, sigma_s, slope)
            if sigma_s > 0 and alpha_t > self.MIN_SIGNAL:
                slope_s = _weighted(1 / sigma_s, x_s, -alpha_s / sigma_s, denoise(x_s, s))
                half = alpha_s * (sigma_s / alpha_s - sigma_t / alpha_t) / 2
                x_s = torch.add(x_s, slope_s, alpha=half).sub_(slope, alpha=half)
            x_t = x_s
            yield SampleStep(s, x_t, x0_hat)

    def _churned(
        self, schedule: NoiseSchedule, t: float, x_t: Tensor, share: float, draw_noise: Callable[[], Tensor]
    ) -> tuple[float, Tensor]:
        """A noisier time and the sample there; the same on a grid of times without one so near."""
        alpha, sigma = schedule.at(t)
        if alpha == 0 or not self.churn_min <= sigma / alpha <= self.churn_max:
            return t, x_t
        later = schedule.time_at(sigma / alpha * (1 + share))
        alpha_later, sigma_later = schedule.at(later)
        if later <= t or alpha_later == 0:
            return t, x_t
        grown = math.sqrt((sigma_later / alpha_later) ** 2 - (sigma / alpha) ** 2)
        return later, alpha_later * (x_t / alpha + self.churn_noise * grown * draw_noise())


def _levels(schedule: NoiseSchedule, times: Iterable[float]) -> Iterator[tuple[float, float, float]]:
    """Each time with its alpha and sigma."""
    for t in times:
        yield t, *schedule.at(t)


def _weighted(a: float, x: Tensor, b: float, y: Tensor) -> Tensor:
    """a x + b y in two operations: for small images the samplers' time is the number of them."""
    return (a * x).add_(y, alpha=b)


def _second_order(
    kept: float, x_t: Tensor, weight: float, x0_hat: Tensor, step: float, previous: tuple[float, Tensor] | None
) -> Tensor:
    """kept x_t + weight D, where D of DPM-Solver++(2M) is x0_hat + r (x0_hat - the last one).

    r is half the ratio of the steps in log-SNR. Three operations, since D itself is never made.
    """
    if previous is None or not math.isfinite(step):
        return _weighted(kept, x_t, weight, x0_hat)
    last_step, last_x0_hat = previous
    ratio = step / (2 * last_step)
    return _weighted(kept, x_t, weight * (1 + ratio), x0_hat).add_(last_x0_hat, alpha=-weight * ratio)


def _log_snr_step(alpha_t: float, sigma_t: float, alpha_s: float, sigma_s: float) -> float:
    """h = lambda_s - lambda_t with lambda = ln(alpha / sigma); infinite where a step starts or ends at a pure state."""
    if alpha_t == 0 or sigma_s == 0:
        return math.inf
    return math.log(alpha_s * sigma_t / (sigma_s * alpha_t))
