"""What training steps yield, added up many steps at a time."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class StepBuffer:
    """Tensors of the last steps, joined and handed to `use` once there are `EVERY` steps of them, and by `flush`.

    An operation on a few numbers takes as long as one on a thousand: on a small network, sums kept up to date at every
    step would be a good part of the step. `use` is called with the names given to `add`, each one dimension long.
    """

    EVERY = 50

    def __init__(self, use: Callable[..., None]) -> None:
        self._use = use
        self._kept: list[dict[str, Tensor]] = []
        self._num_steps = 0

    def add(self, **tensors: Tensor) -> None:
        """Those of one step, each () or (B,), detached."""
        self._kept.append(tensors)
        self._num_steps += 1
        if self._num_steps >= self.EVERY:
            self.flush()

    def flush(self) -> None:
        """Hand over what there is."""
        if self._kept:
            joined = self._joined()
            self.clear()
            self._use(**joined)

    def clear(self) -> None:
        """Forget what there is."""
        self._kept, self._num_steps = [], 0

    def state_dict(self) -> dict[str, Any]:
        """What is still kept, on the CPU: a resumed run adds up the same numbers in the same order."""
        return {"num_steps": self._num_steps, "kept": {name: joined.cpu() for name, joined in self._joined().items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo `state_dict`."""
        self._num_steps = state["num_steps"]
        self._kept = [state["kept"]] if self._num_steps else []

    def _joined(self) -> dict[str, Tensor]:
        """On the device of the latest step: those before it may come from a checkpoint."""
        last = self._kept[-1] if self._kept else {}
        return {
            name: torch.hstack([step[name].to(tensor.device) for step in self._kept]) for name, tensor in last.items()
        }
