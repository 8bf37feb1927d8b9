"""Noise that no batch or device decides: of sample i by (seed, i) alone, of a training batch by the whole of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Share:
    """The rows that this process has of a batch that `number` processes share: its row i is row i number + `first`.

    Random numbers are drawn for the whole batch, so that they are the same however many processes share it.
    """

    first: int = 0
    number: int = 1

    def __call__(self, draw: Callable[[int], Tensor], count: int) -> Tensor:
        """The rows (count, ...) of this process of what `draw` gives for as many of every process."""
        return draw(count * self.number)[self.first :: self.number]


WHOLE = Share()


class SampleNoise:
    """A stream of N(0, I) batches; each sample has a generator of its own, on the CPU, which all machines share.

    `indices`: the numbers of the samples of this batch; `shape`: (C, H, W).
    """

    def __init__(
        self, *, seed: int, indices: Sequence[int], shape: Sequence[int], device: torch.device | str = "cpu"
    ) -> None:
        self.shape = tuple(shape)
        self.device = device
        self._generators = [torch.Generator().manual_seed(_sample_seed(seed, index)) for index in indices]

    def __call__(self) -> Tensor:
        """The next draw, (len(indices), C, H, W) float32."""
        draws = [torch.randn(self.shape, generator=generator) for generator in self._generators]
        return torch.stack(draws).to(self.device)


def _sample_seed(seed: int, index: int) -> int:
    # SeedSequence mixes: neighbouring seeds and indices give unrelated streams
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> np.uint64(1))
