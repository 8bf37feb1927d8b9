"""Errors that a training itself can meet, as one line: no memory, no room, no permission."""

import errno
import re
from pathlib import Path

import torch

from diffusionlab.errors import LabError, OutOfMemory, StorageError, UsageError
from diffusionlab.runs.settings import Settings

_OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|ALLOC_FAILED|Cannot allocate memory", re.IGNORECASE
)
_MONITOR = re.compile(r"(?:conditioned on metric `|monitor=')([^`']+)['`)]+ (?:which is not available|could not find)")
"""What Lightning says, at the end of an epoch, of a metric that EarlyStopping or ModelCheckpoint waits for."""
_OF_STORAGE = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EIO", "ENOENT", "ENOTDIR", "ESTALE")
    if hasattr(errno, name)
}


def in_one_line(error: BaseException, settings: Settings, folder: Path) -> LabError | None:
    """The error to raise instead; None if it is one already, or one of the program's own."""
    if isinstance(error, LabError):
        return None
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error))
    ):
        return OutOfMemory(_less_memory(settings))
    if monitor := _MONITOR.search(str(error)):
        near = re.findall(r"[`']([\w/]+/[\w/]+)[`']", str(error)[monitor.end() :].partition("HINT")[0])
        return UsageError(
            f"a callback monitors {monitor[1]}, which this training does not compute: set its monitor to "
            f"{', '.join(near) or 'train/loss_epoch'}"
        )
    if isinstance(error, FileNotFoundError) and not folder.exists():
        return StorageError.moved(folder)
    if isinstance(error, OSError) and error.errno in _OF_STORAGE:
        return StorageError.of(error, Path(error.filename) if error.filename else folder)
    return None


def _less_memory(settings: Settings) -> str:
    size, accumulated = settings.data.batch_size, settings.trainer.accumulate_grad_batches
    if size > 1:
        advice = f"type data.batch_size={size // 2} trainer.accumulate_grad_batches={2 * accumulated}"
    else:
        advice = "type smaller model.channels or data.image_size"
    if settings.hardware.precision == "32-true":
        advice += ", or hardware.precision=bf16-mixed"
    return f"out of memory with data.batch_size={size} at {settings.data.image_size} pixels a side: {advice}"
