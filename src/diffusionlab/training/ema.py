"""An exponential moving average of a network: the weights that are validated, sampled and shipped."""

import copy
from typing import Any

import torch
from torch import Tensor, nn


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
        self._listed: tuple[nn.Module, tuple[list[Tensor], ...]] | None = None  # in a tuple, lest it become a submodule

    @torch.no_grad()
    def update(self, network: nn.Module, used: list[Tensor] | None = None) -> None:
        """Take one step towards `network`; buffers such as BatchNorm's running statistics are copied.

        `used`: what to follow in place of the network's parameters, in their order.
        """
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        averages, weights, average_buffers, buffers = self._tensors_beside(network)
        torch._foreach_lerp_(averages, weights if used is None else used, 1 - decay)
        if buffers:
            torch._foreach_copy_(average_buffers, buffers)

    def _tensors_beside(self, network: nn.Module) -> tuple[list[Tensor], ...]:
        """Parameters, then buffers, of the average and of `network`: listed once, since walking the modules is slow."""
        if self._listed is None or self._listed[0] is not network:
            both = (self.network, network)
            parameters, buffers = ([list(of(net)) for net in both] for of in (nn.Module.parameters, nn.Module.buffers))
            self._listed = (network, (*parameters, *buffers))
        return self._listed[1]

    def _apply(self, *args: Any, **kwargs: Any) -> "EMA":
        """Moving to another device or dtype may replace tensors."""
        self._listed = None
        return super()._apply(*args, **kwargs)

    def train(self, mode: bool = True) -> "EMA":
        """The average is never trained: it stays in eval mode whatever its owner is set to."""
        return super().train(False)

    def get_extra_state(self) -> Tensor:
        """The number of updates, which sets d."""
        return torch.tensor(self.num_updates)

    def set_extra_state(self, state: Tensor) -> None:
        """Undo `get_extra_state`."""
        self.num_updates = int(state)
