"""Averages of the weights whose width is chosen after training (EDM2: Karras et al. 2024, sec. 3 and app. C)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

MOST_BINS = 4096
"""Pieces of the training that a fit looks at; up to so many steps it is exact."""


class Profile(Protocol):
    """How an average that ends at a step weighs the weights of the steps before."""

    def share_until(self, times: np.ndarray, end: float) -> np.ndarray:
        """The share of the average at step `end` that is owed to the steps up to each of `times`, rising to 1."""
        ...


@dataclass(frozen=True)
class PowerProfile:
    """Weights that grow as step^gamma (eq. 1); `width` is their standard deviation over the steps trained, sigma_rel.

    An average of this profile is as wide, relative to the training, whenever it is looked at. 0.1 is about the last
    10 % of the training; 1/sqrt(12), all steps alike, is the widest.
    """

    width: float

    def __post_init__(self) -> None:
        if not 0 < self.width < 12**-0.5:
            raise ValueError(f"ema={self.width}: a relative width above 0 and below 0.288, such as 0.05 or 0.1")

    @property
    def gamma(self) -> float:
        """The exponent: sigma_rel^2 = (gamma + 1) / ((gamma + 2)^2 (gamma + 3)) (eq. 3)."""
        inverse = self.width**-2
        return float(np.roots([1, 7, 16 - inverse, 12 - inverse]).real.max())

    def decay(self, step: int) -> float:
        """The factor on the average at optimizer step `step`, counted from 1 (eq. 2)."""
        return float((1 - 1 / step) ** (self.gamma + 1))

    def share_until(self, times: np.ndarray, end: float) -> np.ndarray:
        return np.clip(times / end, 0, 1) ** (self.gamma + 1)


@dataclass(frozen=True)
class HalfLife:
    """The usual exponential average: a weight counts half after so many optimizer steps."""

    steps: float

    def __post_init__(self) -> None:
        if not self.steps >= 1:
            raise ValueError(f"ema={self.steps}: a half-life of at least one step")

    @property
    def decay(self) -> float:
        """The constant factor on the average at each step."""
        return float(0.5 ** (1 / self.steps))

    def share_until(self, times: np.ndarray, end: float) -> np.ndarray:
        return 0.5 ** (np.maximum(end - times, 0) / self.steps)


def profile_of(ema: float) -> Profile:
    """What `ema=...` means: below 1 the width of a power-function profile, else a half-life in steps."""
    return PowerProfile(ema) if ema < 1 else HalfLife(ema)


def combination(kept: Sequence[tuple[PowerProfile, int]], wanted: Profile, end: int) -> np.ndarray:
    """The factors on averages that were kept, (profile, step) each, whose sum comes nearest to `wanted` at `end`.

    Least squares between the profiles over the steps (alg. 3), scaled to add up to 1.
    """
    edges = np.linspace(0, end, min(end, MOST_BINS) + 1)
    shares = [np.diff(profile.share_until(edges, step)) for profile, step in kept]
    factors = np.linalg.lstsq(np.stack(shares, axis=1), np.diff(wanted.share_until(edges, end)), rcond=1e-10)[0]
    return factors / factors.sum()
