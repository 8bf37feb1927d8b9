"""`check=true`: a few steps and one sample of the composed run, to see that it works and what it will cost."""

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf

from diffusionlab.build import Experiment, build
from diffusionlab.diffusion import DDIM, SampleRequest, sample_batches
from diffusionlab.first_stage import autoencoder_settings, find_autoencoder
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


def preflight(cfg: DictConfig, choices: dict[str, str]) -> str:
    """Train a few steps and sample in two; returns the report, of an autoencoder to come first too.

    Nothing is kept or recorded.
    """
    experiment, report = _try_out(cfg, choices)
    if cfg.codec is None or cfg.codec.autoencoder is None:
        return report
    stage, stage_choices = autoencoder_settings(cfg, choices)
    found = find_autoencoder(stage, experiment.datamodule.data_hash)
    first = f"run {found.run_id} is taken" if found else f"it is trained first:\n{_try_out(stage, stage_choices)[1]}"
    return f"the autoencoder: {first}\n\nthe diffusion in its latent:\n{report}"


def _try_out(cfg: DictConfig, choices: dict[str, str]) -> tuple[Experiment, str]:
    max_steps, max_epochs = cfg.trainer.max_steps, cfg.trainer.max_epochs
    cfg = cfg.copy()
    OmegaConf.update(cfg, "trainer", {"max_steps": WARM_UP + TIMED, "max_epochs": -1, "limit_val_batches": 0})
    cfg.callbacks, cfg.logger = None, None
    cfg.trainer.enable_progress_bar = cfg.trainer.enable_checkpointing = False
    with tempfile.TemporaryDirectory() as folder:
        experiment = build(cfg, choices, Path(folder), beat=lambda: None)
        clock = StepClock()
        experiment.trainer.callbacks.append(clock)  # type: ignore[attr-defined]
        experiment.trainer.fit(experiment.module, datamodule=experiment.datamodule)
        if isinstance(experiment.module, DiffusionModule):
            _sample(experiment.module.to(experiment.trainer.strategy.root_device))
    per_epoch = experiment.trainer.num_training_batches
    steps = per_epoch * max_epochs if max_epochs and max_epochs > 0 else max_steps
    steps = min(steps, max_steps) if max_steps > 0 else steps
    return experiment, _report(experiment, sum(clock.seconds[WARM_UP:]) / TIMED, int(steps), int(per_epoch))


def _sample(module: DiffusionModule) -> None:
    labels = tuple(torch.zeros(1, dtype=torch.int64) for _ in module.null_labels)
    request = SampleRequest(num_samples=1, shape=module.x0_shape, labels=labels, null_labels=module.null_labels)
    sampler = DDIM(num_steps=2)
    list(sample_batches(module.ema_denoiser, module.codec, sampler, request, batch_size=1, device=module.device))


def _report(experiment: Experiment, seconds: float, steps: int, per_epoch: int) -> str:
    device = experiment.trainer.strategy.root_device
    data, rate = experiment.datamodule, experiment.datamodule.batch_size / seconds
    parameters = sum(parameter.numel() for parameter in experiment.module.network.parameters())
    total = seconds * steps
    length = f"{total / 3600:.1f} h" if total > 5400 else f"{total / 60:.1f} min" if total > 90 else f"{total:.0f} s"
    return "\n".join(
        [
            f"data      {data.name}: {len(data.train):,} train, {len(data.val):,} validation images, "
            f"{data.channels} x {data.image_size} x {data.image_size}",
            f"network   {type(experiment.module.network).__name__}, {parameters:,} parameters, on {device}, "
            f"{experiment.trainer.precision}",
            f"step      {seconds * 1000:.0f} ms for {data.batch_size} images ({rate:.0f} images/s)",
            f"memory    {_peak_memory(device) / 2**30:.2f} GiB at most",
            f"to come   {steps:,} steps ({per_epoch:,} an epoch), about {length} of training",
            "all fits: take check=true away to train",
        ]
    )


def _wait_for(device: torch.device) -> None:
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).synchronize()


def _peak_memory(device: torch.device) -> int:
    """Bytes: of the GPU where there is one, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
