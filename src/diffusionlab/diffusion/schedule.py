"""Noise schedules: how much of the clean image and how much noise there is at time t.

Every schedule speaks of the same time: t in [0, 1], 0 = clean, 1 = as noisy as training ever sees, and
x_t = alpha(t) x0 + sigma(t) noise. A discrete schedule of T steps lives on the grid {0, 1/T, ..., 1}, exactly:
step i of the papers (0-based) is t = (i + 1) / T.
"""

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

MAX_TERMINAL_SIGNAL = 0.05


class NoiseSchedule(nn.Module, ABC):
    """alpha(t), sigma(t) and what depends on them alone. A module only so that its tables follow the device."""

    SMALLEST_TIME = 1e-5
    """No time of training or sampling but t = 0 itself is below it: noise_hat divides by sigma(t)."""

    terminal_remedy = "schedule.zero_terminal_snr=true parameterization=v"
    """What to type where signal is left at t = 1."""

    @abstractmethod
    def forward(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """alpha(t) and sigma(t), float32 of the shape of `t`."""

    @abstractmethod
    def at(self, t: float) -> tuple[float, float]:
        """alpha(t) and sigma(t) in double precision, for the samplers' coefficients."""

    @abstractmethod
    def times(self, num_steps: int | None) -> list[float]:
        """The num_steps + 1 times that a sampler visits, from 1 down to 0. None: as many as training has."""

    @abstractmethod
    def draw_times(self, batch_size: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
        """Training times, shape (batch_size,), float32 in (0, 1]."""

    def nearest(self, t: Tensor) -> Tensor:
        """The noisy times of this schedule nearest to `t`, float32 in (0, 1]: `t` itself, but on a grid."""
        return t.clamp(min=self.SMALLEST_TIME)

    @abstractmethod
    def time_at(self, ratio: float) -> float:
        """The time t in (0, 1] at which sigma(t) / alpha(t) is `ratio`, or nearest to it."""

    @property
    @abstractmethod
    def smallest_ratio(self) -> float:
        """sigma / alpha of the last noisy time that a sampler visits."""

    @abstractmethod
    def time_input(self, t: Tensor) -> Tensor:
        """The network's input for t, shape as `t`, between 0 and about 1000 (its embedding is sinusoidal)."""

    def snr(self, t: Tensor) -> Tensor:
        """alpha(t)^2 / sigma(t)^2, the signal-to-noise ratio, of the shape of `t`; infinite where there is no noise."""
        alpha, sigma = self(t)
        return (alpha / sigma).square()

    def terminal_signal(self) -> float:
        """alpha(1) / sqrt(alpha(1)^2 + sigma(1)^2): the share of the image that survives at the noisiest time."""
        alpha, sigma = self.at(1.0)
        return alpha / math.hypot(alpha, sigma)

    def prior_std(self) -> float:
        """Standard deviation of x_t at t = 1 for data of unit variance: what sampling starts from."""
        return math.hypot(*self.at(1.0))

    def terminal_warning(self) -> str | None:
        """One sentence if sampling would start from noise that training never saw (Lin et al. 2023), else None."""
        signal = self.terminal_signal()
        if signal <= MAX_TERMINAL_SIGNAL:
            return None
        return (
            f"this schedule ends at sqrt(alpha_bar_T) = {signal:.3f}: training never sees pure noise, sampling starts "
            f"from it. Expect flat or grey samples; {self.terminal_remedy} mends it."
        )


class DiscreteSchedule(NoiseSchedule):
    """A variance-preserving schedule of T steps, given by alpha_bar_1 ... alpha_bar_T (Ho et al. 2020, eq. 4).

    `alpha_bar`: strictly decreasing float64 values in [0, 1), length T.
    """

    alphas: Tensor
    sigmas: Tensor

    def __init__(self, alpha_bar: np.ndarray, *, zero_terminal_snr: bool = False) -> None:
        super().__init__()
        if zero_terminal_snr:
            alpha_bar = _rescale_to_zero_terminal_snr(alpha_bar)
        # index 0 is the clean image, so that index i of the tables is t = i / T
        self._alphas = np.sqrt(np.concatenate([[1.0], alpha_bar]))
        self._sigmas = np.sqrt(1.0 - np.concatenate([[1.0], alpha_bar]))
        self.register_buffer("alphas", torch.tensor(self._alphas, dtype=torch.float32), persistent=False)
        self.register_buffer("sigmas", torch.tensor(self._sigmas, dtype=torch.float32), persistent=False)

    @property
    def num_steps(self) -> int:
        """T, the number of noisy times."""
        return len(self._alphas) - 1

    def forward(self, t: Tensor) -> tuple[Tensor, Tensor]:
        step = (t * self.num_steps).round().long()
        return self.alphas[step], self.sigmas[step]

    def at(self, t: float) -> tuple[float, float]:
        step = round(t * self.num_steps)
        return float(self._alphas[step]), float(self._sigmas[step])

    def times(self, num_steps: int | None) -> list[float]:
        """Evenly spaced and counted from the noisy end ("trailing", Lin et al. 2023, table 2)."""
        total = self.num_steps
        num_steps = total if num_steps is None else num_steps
        if not 1 <= num_steps <= total:
            raise ValueError(
                f"sampler.num_steps={num_steps} does not fit a schedule of {total} steps: "
                f"use 1 to {total}, or null for all"
            )
        steps = [round(total - i * total / num_steps) for i in range(num_steps)]
        return [step / total for step in steps] + [0.0]

    def draw_times(self, batch_size: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
        steps = torch.randint(1, self.num_steps + 1, (batch_size,), device=device, generator=generator)
        return steps / self.num_steps

    def nearest(self, t: Tensor) -> Tensor:
        return (t * self.num_steps).round().clamp(1, self.num_steps) / self.num_steps

    def time_at(self, ratio: float) -> float:
        angles = np.arctan2(self._sigmas[1:], self._alphas[1:])  # finite also where alpha is 0
        return (1 + int(np.abs(angles - math.atan(ratio)).argmin())) / self.num_steps

    @property
    def smallest_ratio(self) -> float:
        return float(self._sigmas[1] / self._alphas[1])

    def time_input(self, t: Tensor) -> Tensor:
        """The 0-based step of the papers."""
        return t * self.num_steps - 1


class LinearSchedule(DiscreteSchedule):
    """beta rises linearly from `beta_start` to `beta_end` in `num_steps` steps (Ho et al. 2020, sec. 4)."""

    def __init__(
        self,
        *,
        num_steps: int = 1000,
        beta_start: float = 1e-4,
        beta_end: float = 0.02,
        zero_terminal_snr: bool = False,
    ) -> None:
        _check_num_steps(num_steps)
        if not 0 < beta_start <= beta_end < 1:
            raise ValueError(
                f"schedule.beta_start={beta_start} and schedule.beta_end={beta_end}: "
                "need 0 < beta_start <= beta_end < 1"
            )
        betas = np.linspace(beta_start, beta_end, num_steps)
        super().__init__(np.cumprod(1.0 - betas), zero_terminal_snr=zero_terminal_snr)


class CosineSchedule(DiscreteSchedule):
    """alpha_bar(u) ~ cos^2((u + s) / (1 + s) pi / 2), beta at most 0.999 (Nichol & Dhariwal 2021, eq. 17)."""

    def __init__(self, *, num_steps: int = 1000, offset: float = 0.008, zero_terminal_snr: bool = False) -> None:
        _check_num_steps(num_steps)
        u = np.arange(num_steps + 1) / num_steps
        curve = np.cos((u + offset) / (1 + offset) * np.pi / 2) ** 2
        super().__init__(_capped(curve), zero_terminal_snr=zero_terminal_snr)


class SigmoidSchedule(DiscreteSchedule):
    """alpha_bar falls as a sigmoid between `start` and `end`, `temperature` wide (Jabri et al. 2022, alg. 5)."""

    def __init__(
        self,
        *,
        num_steps: int = 1000,
        start: float = -3.0,
        end: float = 3.0,
        temperature: float = 1.0,
        zero_terminal_snr: bool = False,
    ) -> None:
        _check_num_steps(num_steps)
        if not start < end or temperature <= 0:
            raise ValueError("schedule.start must be below schedule.end and schedule.temperature above 0")
        u = np.arange(num_steps + 1) / num_steps
        sigmoid = 1.0 / (1.0 + np.exp(-(start + u * (end - start)) / temperature))
        curve = (sigmoid[-1] - sigmoid) / (sigmoid[-1] - sigmoid[0])
        super().__init__(_capped(curve), zero_terminal_snr=zero_terminal_snr)


class EDMSchedule(NoiseSchedule):
    """Noise that grows without shrinking the image: alpha = 1, sigma(t) = sigma_max t^rho (Karras et al. 2022).

    With this time, evenly spaced t are the paper's steps (eq. 5), and training draws ln(sigma) from
    N(log_sigma_mean, log_sigma_std^2) (table 1). `sigma_min` is the last noisy step of a sampler.
    """

    terminal_remedy = "schedule.sigma_max=80"

    def __init__(
        self,
        *,
        sigma_min: float = 0.002,
        sigma_max: float = 80.0,
        rho: float = 7.0,
        log_sigma_mean: float = -1.2,
        log_sigma_std: float = 1.2,
    ) -> None:
        super().__init__()
        if not 0 < sigma_min < sigma_max:
            raise ValueError(f"schedule.sigma_min={sigma_min} must lie between 0 and schedule.sigma_max={sigma_max}")
        if rho <= 0 or log_sigma_std <= 0:
            raise ValueError(f"schedule.rho={rho} and schedule.log_sigma_std={log_sigma_std}: above 0")
        self.sigma_min, self.sigma_max, self.rho = sigma_min, sigma_max, rho
        self.log_sigma_mean, self.log_sigma_std = log_sigma_mean, log_sigma_std

    def forward(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return torch.ones_like(t), self.sigma_max * t**self.rho

    def at(self, t: float) -> tuple[float, float]:
        return 1.0, self.sigma_max * t**self.rho

    def times(self, num_steps: int | None) -> list[float]:
        num_steps = 18 if num_steps is None else num_steps  # the paper's choice for 32 x 32 images
        if num_steps < 1:
            raise ValueError(f"sampler.num_steps={num_steps}: at least 1")
        t_min = (self.sigma_min / self.sigma_max) ** (1 / self.rho)
        return [*np.linspace(1.0, t_min, num_steps).tolist(), 0.0]

    def draw_times(self, batch_size: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
        log_sigma = torch.randn(batch_size, device=device, generator=generator)
        sigma = (log_sigma * self.log_sigma_std + self.log_sigma_mean).exp()
        return (sigma / self.sigma_max).clamp(max=1.0) ** (1 / self.rho)

    def time_at(self, ratio: float) -> float:
        return min(1.0, (ratio / self.sigma_max) ** (1 / self.rho))

    @property
    def smallest_ratio(self) -> float:
        return self.sigma_min

    def time_input(self, t: Tensor) -> Tensor:
        """Any monotone function of sigma would do (the paper takes ln(sigma) / 4); ours is spaced as the steps are."""
        return 1000 * t


class FlowSchedule(NoiseSchedule):
    """The straight path from image to noise: alpha = 1 - t, sigma = t (Liu et al. 2023; Lipman et al. 2023, eq. 22).

    Training draws t uniformly; `loss.times` has other distributions.
    """

    def forward(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return 1 - t, t

    def at(self, t: float) -> tuple[float, float]:
        return 1.0 - t, t

    def times(self, num_steps: int | None) -> list[float]:
        num_steps = 50 if num_steps is None else num_steps
        if num_steps < 1:
            raise ValueError(f"sampler.num_steps={num_steps}: at least 1")
        return np.linspace(1.0, 0.0, num_steps + 1).tolist()

    def draw_times(self, batch_size: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
        return self.nearest(torch.rand(batch_size, device=device, generator=generator))

    def time_at(self, ratio: float) -> float:
        return ratio / (1 + ratio) if math.isfinite(ratio) else 1.0

    @property
    def smallest_ratio(self) -> float:
        return 0.002  # where EDM's samplers stop, too

    def time_input(self, t: Tensor) -> Tensor:
        return 1000 * t


def _capped(curve: np.ndarray) -> np.ndarray:
    """alpha_bar_1 ... alpha_bar_T from a curve of T + 1 points, no step removing more than 99.9 % of the signal."""
    betas = np.minimum(1.0 - curve[1:] / curve[:-1], 0.999)
    return np.cumprod(1.0 - betas)


def _rescale_to_zero_terminal_snr(alpha_bar: np.ndarray) -> np.ndarray:
    """Shift and scale sqrt(alpha_bar): the first value stays, the last becomes 0 (Lin et al. 2023, alg. 1)."""
    root = np.sqrt(alpha_bar)
    return ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2


def _check_num_steps(num_steps: int) -> None:
    if num_steps < 2:
        raise ValueError(f"schedule.num_steps={num_steps}: a schedule has at least 2 steps")
