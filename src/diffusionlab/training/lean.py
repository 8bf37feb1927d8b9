"""Leaves out what Lightning does at every step to no effect, which is most of its cost for a small network."""

import os
from contextlib import nullcontext
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.profilers import PassThroughProfiler

STEP_HOOKS = (
    "on_train_batch_start",
    "on_before_zero_grad",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
    "on_train_batch_end",
)


class NoProfiler(PassThroughProfiler):
    """Measures nothing, without Lightning's generator at each of the hundred places where a step could be measured."""

    _NOTHING: nullcontext[None] = nullcontext()

    def profile(self, action_name: str) -> Any:
        """A context that does nothing, the same each time."""
        return self._NOTHING


def skip_driver_lookup() -> None:
    """On a machine without a GPU, spare every step the search for NVIDIA's library: AdamW asks torch for a GPU.

    Lightning has torch ask through that library, so that CUDA does not start before a fork; torch loads it each time.
    """
    if not torch.cuda.is_available():
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


def skip_idle_hooks(part: pl.Callback | pl.LightningModule) -> None:
    """Set the hooks of a step that `part` does not define to None, which Lightning does not call.

    It would make six calls a step for each callback and for the module, of which a handful do anything.
    """
    base = pl.Callback if isinstance(part, pl.Callback) else pl.LightningModule
    for hook in STEP_HOOKS:
        if getattr(getattr(part, hook), "__func__", None) is getattr(base, hook):
            setattr(part, hook, None)
