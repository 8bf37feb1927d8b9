"""What every run carries along: exact resumption, a clean stop, a guard on the loss, and its speed."""

import signal
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from diffusionlab.errors import TrainingDiverged, TrainingInterrupted


class RandomState(pl.Callback):
    """Keeps the random generators in the checkpoint: a resumed run draws the noise that the whole run would have.

    Of several processes each draws noise of its own; on resuming they start new streams, exact only for one process.
    """

    def __init__(self) -> None:
        self._loaded: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """The state of torch's global generators, CPU and GPUs."""
        return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Kept until training starts, since setting up may draw random numbers too."""
        self._loaded = state_dict

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Set what was loaded; give each of several processes a stream of its own."""
        if trainer.world_size > 1:
            entropy = [torch.initial_seed(), trainer.global_rank, trainer.global_step]
            torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))
            return
        if self._loaded is None:
            return
        torch.set_rng_state(self._loaded["cpu"].cpu())
        if len(self._loaded["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([state.cpu() for state in self._loaded["cuda"]])
        self._loaded = None


class GracefulStop(pl.callbacks.Checkpoint):
    """Sees to it that a run which ends inside an epoch can go on exactly there.

    Ctrl-C and SIGTERM finish the step at hand, save `checkpoint`, and end the run; a second Ctrl-C ends it now. Where
    max_steps or max_time end it, Lightning's own checkpoint takes the epoch for finished; the one saved here replaces
    it. (A Checkpoint, since Lightning calls those last: by then the timer has spoken.)
    """

    def __init__(self, checkpoint: Path) -> None:
        self.checkpoint = checkpoint
        self._inside_epoch = checkpoint.with_name("inside_epoch.ckpt")
        self._received: int | None = None
        self._previous: dict[int, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Signals are taken over only while training runs."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._received is not None:
            raise KeyboardInterrupt
        self._received = number

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """The only safe place to stop: weights, average and progress belong together here."""
        # in a group of processes all must stop at the same step, whichever of them got the signal
        if trainer.strategy.reduce_boolean_decision(self._received is not None, all=False):
            trainer.save_checkpoint(self.checkpoint)
            raise TrainingInterrupted(
                f"stopped at step {trainer.global_step}; go on with the same command and ckpt_path=last"
            )
        ends = trainer.should_stop or trainer.global_step == trainer.max_steps
        if ends and batch_idx + 1 < trainer.num_training_batches:
            trainer.save_checkpoint(self._inside_epoch)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Put the checkpoint in its place, and give the signals back."""
        if trainer.is_global_zero and self._inside_epoch.exists():
            self._inside_epoch.replace(self.checkpoint)
        while self._previous:
            signal.signal(*self._previous.popitem())


class LossGuard(pl.Callback):
    """Stops a run whose loss is NaN or infinite, before anything of it is saved.

    It looks at the loss of the step before: that one is computed already, so a GPU need not wait for the look.
    """

    def __init__(self) -> None:
        self._pending: tuple[int, Tensor] | None = None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the loss before, keep this one."""
        self._look(trainer)
        self._pending = (trainer.global_step, outputs["loss"].detach())

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Checkpoints are written after this."""
        self._look(trainer)

    def _look(self, trainer: pl.Trainer) -> None:
        if self._pending is None:
            return
        step, loss = self._pending
        # one process that stops alone would leave the others waiting for it
        if not trainer.strategy.reduce_boolean_decision(not bool(loss.isfinite()), all=False):
            return
        lr = trainer.optimizers[0].param_groups[0]["initial_lr"]  # without warm-up: what was typed
        if trainer.precision == "16-mixed":
            advice = "half precision overflowed; type hardware.precision=bf16-mixed"
        else:
            advice = f"the learning rate {lr:.3g} is likely too high; type optimizer.lr={lr / 10:.1g}"
            if trainer.gradient_clip_val is None:
                advice += " or trainer.gradient_clip_val=1.0"
        raise TrainingDiverged(
            f"the loss became {loss.item()} at step {step} (epoch {trainer.current_epoch}): {advice}"
        )


class Throughput(pl.Callback):
    """Images per second of training, in the progress bar and, over the whole run, for the record.

    The clock runs from the end of one step to the end of the next, loading included; it stands still over validation,
    sampling and saving, and for the first step of each epoch, which may pay for start-up.
    """

    WINDOW = 20
    """Steps that the progress bar's figure is the mean of."""

    def __init__(self) -> None:
        self.num_images, self.seconds = 0, 0.0
        self._last_end: float | None = None
        self._window: deque[tuple[int, float]] = deque(maxlen=self.WINDOW)

    @property
    def images_per_second(self) -> float | None:
        """Mean over the run, all devices together; None after fewer than two steps."""
        return self.num_images / self.seconds if self.seconds else None

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock."""
        self._last_end = None

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock, also where validation falls inside an epoch."""
        self._last_end = None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Read the clock."""
        now = time.perf_counter()
        if self._last_end is not None:
            images, seconds = len(batch[0]) * trainer.world_size, now - self._last_end
            self.num_images, self.seconds = self.num_images + images, self.seconds + seconds
            self._window.append((images, seconds))
            rate = sum(images for images, _ in self._window) / sum(seconds for _, seconds in self._window)
            pl_module.log("images/s", round(rate), prog_bar=True, logger=False)
        self._last_end = now


class Heartbeat(pl.Callback):
    """Calls `beat` after every step, so that a run that has died can be told from one that is slow."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self.beat = beat

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """On rank 0 only; the beat throttles itself."""
        if trainer.is_global_zero:
            self.beat()


class ProgressBar(pl.callbacks.RichProgressBar):
    """Rich's bar without the logger's version number, which says nothing here."""

    def get_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, Any]:
        """What stands beside the bar: losses and images per second."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics
