"""How the memory of tensors grows while samples are drawn."""

import gc
from collections.abc import Callable

import pytest
import torch

from diffusionlab.runs import run


def growth_while_sampling(monkeypatch: pytest.MonkeyPatch, draw: Callable[[], object]) -> int:
    """Bytes of all tensors at the most, seen when a batch is ready, beyond those at the first batch."""
    seen, draw_batches = [], run.sample_batches

    def watched(*args, **how):
        for batch in draw_batches(*args, **how):
            seen.append(_bytes_of_tensors())
            yield batch

    with monkeypatch.context() as patch:
        patch.setattr(run, "sample_batches", watched)
        draw()
    return max(seen) - seen[0]


def _bytes_of_tensors() -> int:
    """Of all storages that Python can reach."""
    tensors = (one for one in gc.get_objects() if type(one) is torch.Tensor)
    return sum({one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in tensors}.values())
