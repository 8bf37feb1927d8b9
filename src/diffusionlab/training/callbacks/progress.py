"""What a training says while it runs: its speed, that it is alive, its progress bar."""

import logging
import math
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytorch_lightning as pl
import rich.progress
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.table import Column

log = logging.getLogger(__name__)

SECONDS_BETWEEN_DRAWINGS = 0.2
SECONDS_BETWEEN_LINES = 60.0


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


class Progress(pl.callbacks.ProgressBar):
    """Says how far a training is, now and then rather than at every step: for the loss a GPU has to finish its queue.

    `seconds_between`: from one time that it does to the next, at least.
    """

    def __init__(self, *, seconds_between: float) -> None:
        super().__init__()
        self.seconds_between = seconds_between
        self._is_enabled = True
        self._said_at = 0.0
        self._first: tuple[float, float] | None = None  # when the first batch of this command ended, and which it was

    def say(self, trainer: pl.Trainer, state: str) -> None:
        """Show the state in words."""
        raise NotImplementedError

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self._said_at, self._first = time.monotonic(), None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Say it if it is time to."""
        self._first = self._first or (time.monotonic(), _num_batches_done(trainer))
        if self._is_enabled and time.monotonic() - self._said_at >= self.seconds_between:
            self._said_at = time.monotonic()
            figures = {"loss": float(outputs["loss"].detach())}
            self.say(trainer, "  ".join(_figures(trainer, figures)) + f"  {_clock(self.seconds_left(trainer))}")

    def seconds_left(self, trainer: pl.Trainer) -> float:
        """An estimate from the time taken so far, validation included; infinite without an end."""
        done, total = _num_batches_done(trainer), _num_batches(trainer)
        start, before = self._first or (time.monotonic(), done)
        rate = (done - before) / max(time.monotonic() - start, 1e-9)
        if rate <= 0:
            return math.inf
        at_least = ((trainer.min_steps or 0) * trainer.accumulate_grad_batches - done) / rate  # even if the time is up
        timers = (each for each in trainer.callbacks if isinstance(each, pl.callbacks.Timer))  # type: ignore[attr-defined]
        limits = [each.time_remaining() for each in timers]
        return min([(total - done) / rate, *(max(limit, at_least) for limit in limits if limit is not None)])

    def enable(self) -> None:
        """As Lightning asks."""
        self._is_enabled = True

    def disable(self) -> None:
        """As Lightning asks, on all ranks but the first."""
        self._is_enabled = False


class ProgressBar(Progress):
    """One line on stderr for the whole training: epoch, bar, losses, images per second, time left."""

    def __init__(self) -> None:
        super().__init__(seconds_between=SECONDS_BETWEEN_DRAWINGS)
        self._bar: rich.progress.Progress | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the bar."""
        super().on_train_start(trainer, pl_module)
        if not self._is_enabled:
            return
        one_line = Column(no_wrap=True, overflow="ellipsis")
        columns = (
            TextColumn("{task.description}", table_column=one_line),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[state]}", table_column=one_line),
        )
        console = Console(stderr=True)
        self._bar = rich.progress.Progress(
            *columns,
            console=console,
            transient=True,
            expand=True,
            auto_refresh=False,
            disable=not console.is_terminal,  # a log gets no empty line
        )
        self._bar.add_task(_epoch(trainer), total=_finite(_num_batches(trainer)), state="")
        self._bar.start()

    def say(self, trainer: pl.Trainer, state: str) -> None:
        """Draw it anew."""
        if self._bar is not None:
            (task,) = self._bar.task_ids
            self._bar.update(task, completed=_num_batches_done(trainer), description=_epoch(trainer), state=state)
            self._bar.refresh()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remove it."""
        self._stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Remove it."""
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class ProgressLines(Progress):
    """A line a minute on stdout, for logs and batch jobs."""

    def __init__(self) -> None:
        super().__init__(seconds_between=SECONDS_BETWEEN_LINES)

    def say(self, trainer: pl.Trainer, state: str) -> None:
        """Print it."""
        print(f"{_epoch(trainer)}  step {trainer.global_step:,}  {state}", flush=True)


class Story(pl.Callback):
    """Tells the log, which is the run's `train.log`, how each epoch ended, and how far the last one came."""

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Of the epoch before, whose means are known by now."""
        if trainer.is_global_zero and "train/loss_epoch" in trainer.callback_metrics:
            self._tell(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Of the last one, which may have been cut short."""
        if not trainer.is_global_zero:
            return
        self._tell(trainer)
        for each in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(each, pl.callbacks.EarlyStopping) and each.stopping_reason_message:
                log.info("stopped early: %s", each.stopping_reason_message)

    def _tell(self, trainer: pl.Trainer) -> None:
        loss = trainer.callback_metrics.get("train/loss_epoch")
        figures = _figures(trainer, {} if loss is None else {"train_loss": float(loss)})
        log.info("epoch %d, step %s: %s", trainer.current_epoch, f"{trainer.global_step:,}", ", ".join(figures))


def _num_batches(trainer: pl.Trainer) -> float:
    """Of the whole training; infinite if it has no end of that kind."""
    epochs, steps = trainer.max_epochs, trainer.max_steps
    of_epochs = math.inf if epochs in (None, -1) else trainer.num_training_batches * epochs
    of_steps = math.inf if steps == -1 else steps * trainer.accumulate_grad_batches
    return min(of_epochs, of_steps)


def _num_batches_done(trainer: pl.Trainer) -> float:
    return trainer.current_epoch * trainer.num_training_batches + trainer.fit_loop.epoch_loop.batch_idx + 1


def _figures(trainer: pl.Trainer, figures: dict[str, float]) -> list[str]:
    """`figures`, the latest validation loss and the speed, in words."""
    val_loss = trainer.callback_metrics.get("val/loss")
    if val_loss is not None:
        figures = figures | {"val_loss": float(val_loss)}
    speeds = [each.latest for each in trainer.callbacks if isinstance(each, Throughput)]  # type: ignore[attr-defined]
    return [f"{name} {value:.4f}" for name, value in figures.items()] + [
        f"{speed:,.0f} images/s" for speed in speeds if speed is not None
    ]


def _epoch(trainer: pl.Trainer) -> str:
    of = "" if trainer.max_epochs in (None, -1) else f"/{trainer.max_epochs}"
    return f"epoch {trainer.current_epoch + 1}{of}"


def _clock(seconds: float) -> str:
    return "" if math.isinf(seconds) else f"{timedelta(seconds=round(max(seconds, 0)))} left"


def _finite(number: float) -> float | None:
    return None if math.isinf(number) else number
