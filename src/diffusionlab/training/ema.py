"""An exponential moving average of a network: the weights that are validated, sampled and shipped."""

import copy

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class EMA(nn.Module):
    """A second copy of `network` that follows it: average <- d average + (1 - d) weight.

    d grows with the number n of updates, min(decay, (1 + n) / (10 + n)), so that an early average is not stuck at the
    random initial weights. Part of its owner's state_dict: a resumed run goes on with the same average.
    """

    def __init__(self, network: nn.Module, *, decay: float) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise ValueError(f"ema_decay={decay}: at least 0 (no averaging) and below 1")
        self.decay = decay
        self.num_updates = 0
        self.network = copy.deepcopy(network).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take one step towards `network`; buffers such as BatchNorm's running statistics are copied."""
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        get_ema_multi_avg_fn(decay)(list(self.network.parameters()), list(network.parameters()), self.num_updates)
        for average, buffer in zip(self.network.buffers(), network.buffers(), strict=True):
            average.copy_(buffer)

    def train(self, mode: bool = True) -> "EMA":
        """The average is never trained: it stays in eval mode whatever its owner is set to."""
        return super().train(False)

    def get_extra_state(self) -> Tensor:
        """The number of updates, which sets d."""
        return torch.tensor(self.num_updates)

    def set_extra_state(self, state: Tensor) -> None:
        """Undo `get_extra_state`."""
        self.num_updates = int(state)
