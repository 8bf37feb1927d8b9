"""Noise for sampling in which sample i depends on (seed, i) alone, never on the batch or the device."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


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
