"""Learning-rate schedules: the share of the full learning rate, by how much of the training is done.

Each is a function of `progress`, the optimizer steps done after warm-up over all that are left then, in [0, 1]. Warm-up
itself (`lr_warmup_steps`) comes before and is the same for all.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class LRSchedule(ABC):
    """A factor on the learning rate."""

    needs_end: ClassVar[bool] = True
    """Whether it must know how many steps the training has."""

    @abstractmethod
    def __call__(self, progress: float) -> float:
        """The factor, 1 for the full learning rate."""

    def at(self, step: int, *, warmup_steps: int, total_steps: float) -> float:
        """The factor at this optimizer step (from 0) of `total_steps`, with a linear rise over `warmup_steps`."""
        warmup = min(1.0, (step + 1) / max(1, warmup_steps))
        left = max(1.0, total_steps - warmup_steps - 1)
        return warmup * self(min(1.0, max(0, step - warmup_steps) / left))


@dataclass(frozen=True, kw_only=True)
class Constant(LRSchedule):
    """Always the full rate."""

    needs_end: ClassVar[bool] = False

    def __call__(self, progress: float) -> float:
        return 1.0


@dataclass(frozen=True, kw_only=True)
class _Falling(LRSchedule):
    """`final`: the factor at the end."""

    final: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.final <= 1:
            raise ValueError(f"lr_schedule.final={self.final}: a share between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class Cosine(_Falling):
    """Half a cosine from 1 to `final` (Loshchilov & Hutter 2017, eq. 5, without restarts)."""

    def __call__(self, progress: float) -> float:
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * progress)) / 2


@dataclass(frozen=True, kw_only=True)
class Linear(_Falling):
    """A straight line from 1 to `final`."""

    def __call__(self, progress: float) -> float:
        return 1 + (self.final - 1) * progress


@dataclass(frozen=True, kw_only=True)
class OneCycle(_Falling):
    """Up from `start` to 1 over the first `rise` of the training, then down to `final`, each half a cosine.

    Smith & Topin 2018, as torch's OneCycleLR anneals it.
    """

    final: float = 4e-6
    start: float = 0.04
    rise: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.rise < 1 or not 0 < self.start <= 1:
            raise ValueError(f"lr_schedule.rise={self.rise} and lr_schedule.start={self.start}: shares above 0, to 1")

    def __call__(self, progress: float) -> float:
        rising = progress <= self.rise
        begin, end = (self.start, 1.0) if rising else (1.0, self.final)
        done = progress / self.rise if rising else (progress - self.rise) / (1 - self.rise)
        return end + (begin - end) * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True, kw_only=True)
class WarmupStableDecay(_Falling):
    """The full rate, then over the last `decay` of the training down to `final` as 1 - sqrt (Hägele et al. 2024).

    A training that goes on from before the decay loses nothing: its length need not be known at the start.
    """

    decay: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.decay <= 1:
            raise ValueError(f"lr_schedule.decay={self.decay}: a share above 0, to 1")

    def __call__(self, progress: float) -> float:
        done = max(0.0, (progress - (1 - self.decay)) / self.decay)
        return 1 - (1 - self.final) * math.sqrt(done)
