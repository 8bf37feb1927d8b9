"""What a training says while it runs: its speed, that it is alive, its progress bar."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
from torch import Tensor


class Throughput(pl.Callback):
    """Images per second of training, over the last steps and, for the record, over the whole run.

    The clock runs from the end of one step to the end of the next, loading included; it stands still over validation,
    sampling and saving, and for the first step of each epoch, which may pay for start-up.
    """

    WINDOW = 20
    """Steps that the progress bar shows the mean of."""

    def __init__(self) -> None:
        self.num_images, self.seconds = 0, 0.0
        self._last_end: float | None = None
        self._window: deque[tuple[int, float]] = deque(maxlen=self.WINDOW)

    @property
    def images_per_second(self) -> float | None:
        """Mean over the run, all devices together; None after fewer than two steps."""
        return self.num_images / self.seconds if self.seconds else None

    @property
    def latest(self) -> float | None:
        """Mean over the last steps; None before there are two."""
        seconds = sum(seconds for _, seconds in self._window)
        return sum(images for images, _ in self._window) / seconds if seconds else None

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
    """Rich's bar with the loss and images per second, drawn a few times a second rather than at every step.

    Each drawing reads the loss, for which a GPU has to finish what is queued.
    """

    SECONDS_BETWEEN_DRAWINGS = 0.2

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._loss: Tensor | None = None
        self._drawn_at = 0.0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draw if it is time to, and at the end of an epoch."""
        self._loss = outputs["loss"].detach()
        is_last = batch_idx + 1 >= trainer.num_training_batches
        if is_last or time.monotonic() - self._drawn_at >= self.SECONDS_BETWEEN_DRAWINGS:
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
            self._drawn_at = time.monotonic()

    def get_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, Any]:
        """What stands beside the bar."""
        shown: dict[str, Any] = {} if self._loss is None else {"loss": self._loss.item()}
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, Throughput) and callback.latest is not None:
                shown["images/s"] = round(callback.latest)
        shown |= super().get_metrics(trainer, pl_module)
        shown.pop("v_num", None)  # the logger's version number
        return shown
