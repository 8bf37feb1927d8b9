"""`checkpoints/last.ckpt`: when it is written, and how, so that a run can be resumed after any end."""

import io
import logging
import os
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from diffusionlab.atomic import replaced, temporary_beside
from diffusionlab.errors import StorageError, TrainingInterrupted
from diffusionlab.training.callbacks.stopping import StopRequest

log = logging.getLogger(__name__)

SECONDS_BETWEEN_CHECKPOINTS = 600.0
"""Of training inside an epoch; the end of every epoch is saved anyway."""


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint to a file beside its target, fsyncs it and renames it; reads without pickle.

    Lightning's own goes through TMPDIR, and copies where that is another file system: a kill leaves half a file.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Raises StorageError, with the room that is needed, if the file cannot be written."""
        content = io.BytesIO()
        torch.save(checkpoint, content)
        write_whole(Path(path), content.getbuffer())

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: bool | None = True) -> dict[str, Any]:
        """Tensors and plain values only."""
        loaded: dict[str, Any] = torch.load(path, map_location=map_location, weights_only=True)
        return loaded


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write or replace a file as a whole; raises StorageError if there is no room or no permission."""
    try:
        with replaced(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise StorageError.of(error, path, needed=len(content)) from error


class LastCheckpoint(pl.callbacks.Checkpoint):
    """Saves after every epoch, every ten minutes in between, and where a run stops; `previous` is the one before.

    Resuming is exact only between two optimizer steps of one epoch, and after the last hook of an epoch (validation
    and pictures done): nothing is saved elsewhere. SIGINT, SIGTERM and SIGHUP finish the step at hand, save, validate,
    and end the run; a second signal ends it at once. (A Checkpoint, since Lightning calls those last: by then every
    other callback has seen the step.)
    """

    def __init__(self, path: Path, *, seconds_between: float = SECONDS_BETWEEN_CHECKPOINTS) -> None:
        self.path = path
        self.previous = path.with_name("previous.ckpt")
        self.seconds_between = seconds_between
        self.stop = StopRequest()
        self._saved_at = time.monotonic()
        self._has_saved = False
        self._postponed = False
        self._num_batches: float = 0
        self._accumulated = 1

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Signals are taken over only while training runs."""
        self._saved_at = time.monotonic()
        self._num_batches, self._accumulated = trainer.num_training_batches, trainer.accumulate_grad_batches
        self.stop.listen()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save inside an epoch if that is due, or if the run ends here."""
        if batch_idx + 1 >= self._num_batches:
            return  # validation and the other hooks of the epoch's end come first
        if self._accumulated > 1 and (batch_idx + 1) % self._accumulated:
            # accumulated gradients are in no checkpoint: whatever would end the run here waits for the step
            self._postponed, trainer.should_stop = self._postponed or trainer.should_stop, False
            return
        trainer.should_stop = trainer.should_stop or self._postponed
        asked = self.stop.received is not None or time.monotonic() - self._saved_at >= self.seconds_between
        # in a group of processes all must save and stop at the same step, whichever of them got the signal
        asked = trainer.strategy.reduce_boolean_decision(asked, all=False)
        is_done = trainer.global_step == trainer.max_steps
        if asked or trainer.should_stop or is_done:
            self._save(trainer)
        # Lightning validates before it stops, so that the run has a loss; on_train_epoch_end says that it was asked to
        trainer.should_stop = trainer.should_stop or is_done or (asked and self._is_asked_to_stop(trainer))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save, unless max_steps or max_time cut the epoch short: that point is saved already, and is inside it."""
        if trainer.fit_loop.epoch_loop.batch_idx + 1 >= trainer.num_training_batches:
            self._save(trainer)
        self._stop_if_asked(trainer)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Give the signals back."""
        self.stop.give_back()

    def _stop_if_asked(self, trainer: pl.Trainer) -> None:
        if self._is_asked_to_stop(trainer):
            raise TrainingInterrupted(
                f"stopped at step {trainer.global_step}; type the same command with ckpt_path=last to go on"
            )

    def _is_asked_to_stop(self, trainer: pl.Trainer) -> bool:
        return trainer.strategy.reduce_boolean_decision(bool(self.stop), all=False)

    def _save(self, trainer: pl.Trainer) -> None:
        if trainer.is_global_zero and self.path.is_file() and (self._has_saved or loads(self.path)):
            _link(self.path, self.previous)
        trainer.save_checkpoint(self.path)
        log.info("saved %s at step %s", self.path.name, f"{trainer.global_step:,}")
        for logger in trainer.loggers:
            logger.save()  # what was logged so far is on disk with the checkpoint that it led to
        self._saved_at, self._has_saved = time.monotonic(), True


def loads(path: Path) -> bool:
    """Whether the file is a whole checkpoint; its tensors are mapped, not read."""
    try:
        torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception:  # whatever a broken file makes torch raise
        return False
    return True


def _link(source: Path, target: Path) -> None:
    """Make `target` a second name of `source`'s file, atomically; a file system without links keeps one checkpoint."""
    temporary = temporary_beside(target)
    try:
        os.link(source, temporary)
    except OSError:
        return
    os.replace(temporary, target)
    temporary.unlink(missing_ok=True)  # rename does nothing where both are names of one file already
