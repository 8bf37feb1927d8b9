"""`check=true`: a few steps and one sample of the composed run, to see that it works and what it will cost."""

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from diffusionlab.diffusion import Labels, Sampler, SampleRequest, sample_batches
from diffusionlab.runs.build import Experiment, build
from diffusionlab.runs.first_stage import find_autoencoder
from diffusionlab.runs.frozen import Group
from diffusionlab.runs.settings import Settings
from diffusionlab.training import DiffusionModule

WARM_UP, TIMED = 1, 3
"""Steps: the first one pays for start-up, the next ones are timed."""


class StepClock(pl.Callback):
    """Seconds of each training step, with the device's queue empty at both ends."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._start = 0.0

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Start once all earlier work is done."""
        _wait_for(trainer.strategy.root_device)
        self._start = time.perf_counter()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Stop once this step's work is done."""
        _wait_for(trainer.strategy.root_device)
        self.seconds.append(time.perf_counter() - self._start)


def preflight(settings: Settings) -> str:
    """Train a few steps and sample in two; returns the report, of an autoencoder to come first too.

    Nothing is kept or recorded.
    """
    experiment, report = _try_out(settings)
    if settings.first_stage is None:
        return report
    found = find_autoencoder(settings.first_stage, experiment.datamodule.data_hash)
    first = f"run {found.run_id} is taken" if found else f"it is trained first:\n{_try_out(settings.first_stage)[1]}"
    return f"the autoencoder: {first}\n\nthe diffusion in its latent:\n{report}"


def _try_out(settings: Settings) -> tuple[Experiment, str]:
    if settings.schedule is not None:
        settings.make("sampler").times(settings.make("schedule"))
    settings.make("callbacks")
    few = {"max_steps": WARM_UP + TIMED, "max_epochs": -1, "limit_val_batches": 0, "accumulate_grad_batches": 1}
    short = settings.replaced(
        trainer=few | {"enable_progress_bar": False, "max_time": None},
        sampler={"num_steps": 2},
        callbacks=None,
        ema=None,
        logger=None,
    )
    with tempfile.TemporaryDirectory() as folder:
        experiment = build(short, Path(folder), beat=lambda: None)
        clock = StepClock()
        experiment.trainer.callbacks.append(clock)  # type: ignore[attr-defined]
        experiment.trainer.fit(experiment.module, datamodule=experiment.datamodule)
        if isinstance(experiment.module, DiffusionModule):
            _sample(experiment.module.to(experiment.trainer.strategy.root_device), short.make("sampler"))
    return experiment, _report(experiment, sum(clock.seconds[WARM_UP:]) / TIMED, settings.trainer)


def _sample(module: DiffusionModule, sampler: Sampler) -> None:
    labels = Labels.of([torch.zeros(1, dtype=torch.int64)] * 2, module.null_labels)
    request = SampleRequest(num_samples=1, shape=module.x0_shape, labels=labels)
    list(sample_batches(module.ema_denoiser, module.codec, sampler, request, batch_size=1, device=module.device))


def _report(experiment: Experiment, seconds: float, given: Group) -> str:
    device = experiment.trainer.strategy.root_device
    data, rate = experiment.datamodule, experiment.datamodule.batch_size / seconds
    parameters = sum(parameter.numel() for parameter in experiment.module.network.parameters())
    return "\n".join(
        [
            f"data      {data.name}: {len(data.train):,} train, {len(data.val):,} validation images, "
            f"{data.channels} x {data.image_size} x {data.image_size}",
            f"network   {type(experiment.module.network).__name__}, {parameters:,} parameters, on {device}, "
            f"{experiment.trainer.precision}",
            f"step      {seconds * 1000:.0f} ms for {data.batch_size} images ({rate:.0f} images/s)",
            f"memory    {_peak_memory(device) / 2**30:.2f} GiB at most",
            f"to come   {_length(seconds, int(experiment.trainer.num_training_batches), given)}",
            "all fits: omit check=true to train",
        ]
    )


def _length(seconds: float, per_epoch: int, given: Group) -> str:
    """How long the run as given will train, at `seconds` a batch."""
    epochs = given.max_epochs if given.max_epochs is not None else -1
    limits = [epochs * per_epoch] if epochs >= 0 else []
    limits += [given.max_steps * given.accumulate_grad_batches] if given.max_steps >= 0 else []
    at_most = f", at most {given.max_time}" if given.max_time else ""
    if not limits:
        return f"batches of {seconds * 1000:.0f} ms until it is stopped ({per_epoch:,} an epoch){at_most}"
    total = seconds * min(limits)
    length = f"{total / 3600:.1f} h" if total > 5400 else f"{total / 60:.1f} min" if total > 90 else f"{total:.0f} s"
    return f"{min(limits):,} batches ({per_epoch:,} an epoch), about {length} of training{at_most}"


def _wait_for(device: torch.device) -> None:
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).synchronize()


def _peak_memory(device: torch.device) -> int:
    """Bytes: of the GPU where there is one, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
