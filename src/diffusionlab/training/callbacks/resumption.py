"""What a checkpoint holds beside weights and optimizer, so that a resumed run is the run that was never stopped."""

import time
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import Strategy

from diffusionlab.training.callbacks.progress import Throughput


class RandomState(pl.Callback):
    """Keeps the random generators in the checkpoint: a resumed run draws the noise that the whole run would have.

    Several processes draw the same numbers, of which each takes its rows, if the module draws for the whole batch; else
    each starts a stream of its own, and resumption is exact for one process only.
    """

    def __init__(self) -> None:
        self._loaded: dict[str, Any] | None = None
        self._built = torch.get_rng_state()
        """When the run was built: to start several processes, Lightning goes back to the seed."""

    def state_dict(self) -> dict[str, Any]:
        """The state of torch's global generators, CPU and GPUs."""
        return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Kept until training starts, since setting up may draw random numbers too."""
        self._loaded = state_dict

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the loaded state, and give several processes the same, or each one of its own."""
        if self._loaded is not None:
            torch.set_rng_state(self._loaded["cpu"].cpu())
            if len(self._loaded["cuda"]) == torch.cuda.device_count():
                torch.cuda.set_rng_state_all([state.cpu() for state in self._loaded["cuda"]])
            self._loaded = None
        elif trainer.world_size > 1:
            torch.set_rng_state(self._built)
        if trainer.world_size == 1:
            return
        if getattr(pl_module, "draws_for_whole_batch", False):
            _share_state(trainer.strategy)
        else:
            entropy = [torch.initial_seed(), trainer.global_rank, trainer.global_step]
            torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))


def _share_state(strategy: Strategy) -> None:
    """Give the generators of all processes the state that they have in the first one."""
    torch.set_rng_state(strategy.broadcast(torch.get_rng_state()))
    if strategy.root_device.type == "cuda":
        state = strategy.broadcast(torch.cuda.get_rng_state(strategy.root_device))
        torch.cuda.set_rng_state(state, strategy.root_device)


class RunTotals(Throughput):
    """Keeps what was measured so far (metrics, speed, seconds spent) in the checkpoint, however the run ends later.

    A run that was killed after its last step, and has nothing left to train when it is resumed, ends with the figures
    of its last epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.metrics: dict[str, float] = {}
        """Metrics by logged name, as of the checkpoint that the run was resumed from."""
        self._seconds_before = 0.0
        self._start: float | None = None
        self._trainer: pl.Trainer | None = None

    @property
    def seconds_spent(self) -> float:
        """Seconds since training began, those before the run was resumed included."""
        return self._seconds_before + (0.0 if self._start is None else time.monotonic() - self._start)

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Start the clock, once; `state_dict` is not handed the trainer."""
        self._trainer = trainer
        self._start = time.monotonic() if self._start is None else self._start

    def latest_metrics(self, trainer: pl.Trainer) -> dict[str, float]:
        """The latest value of each logged metric, from before the run was resumed where it was not logged since."""
        return self.metrics | {name: float(value) for name, value in trainer.callback_metrics.items()}

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers."""
        assert self._trainer is not None
        speed = {"num_images": self.num_images, "timed": self.seconds}
        return {"metrics": self.latest_metrics(self._trainer), "seconds": self.seconds_spent} | speed

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from the totals of the checkpoint."""
        self.metrics, self._seconds_before = dict(state_dict["metrics"]), state_dict["seconds"]
        self.num_images, self.seconds = state_dict["num_images"], state_dict["timed"]

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """trainer.max_time limits one command, not the whole run: forget what Lightning's timer has counted."""
        checkpoint.get("callbacks", {}).pop("Timer", None)
