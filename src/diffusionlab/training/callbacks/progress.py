"""What a training says while it runs: its speed, that it is alive, its progress bar."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl


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
    """Calls `beat` after every training step and validation batch: a run that died differs from one that is slow."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self.beat = beat

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """On rank 0 only; the beat throttles itself."""
        if trainer.is_global_zero:
            self.beat()

    def on_validation_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """A long validation is no silence."""
        if trainer.is_global_zero:
            self.beat()


class ProgressBar(pl.callbacks.RichProgressBar):
    """Rich's bar without the logger's version number, which says nothing here."""

    def get_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, Any]:
        """What stands beside the bar: losses and images per second."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics
