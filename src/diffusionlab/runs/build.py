"""Settings become parts that fit together: data, module, trainer."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.data.styles import make_styler
from diffusionlab.diffusion import Similarity, make_codec
from diffusionlab.models import Autoencoder, DualEncoder
from diffusionlab.runs import settings as config
from diffusionlab.runs.checkpoint import SaveWeights, check_resumable
from diffusionlab.runs.folder import LAST, checkpoint_file
from diffusionlab.training import AutoencoderModule, AveragedModule, ClipModule, DiffusionModule
from diffusionlab.training.callbacks.lifecycle import GracefulStop, Heartbeat, LossGuard, RandomState, Throughput

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Experiment:
    """The parts of one run, with the data read. `ckpt_path`: what to go on from, or None."""

    datamodule: ImageDataModule
    module: AveragedModule
    trainer: pl.Trainer
    throughput: Throughput
    ckpt_path: Path | None


def build(cfg: DictConfig, choices: dict[str, str], folder: Path, beat: Callable[[], None]) -> Experiment:
    """Instantiate every part and read the data; `choices` maps a config group to the option taken.

    Raises UsageError, ValueError or Hydra's InstantiationException where the settings do not fit.
    """
    config.check(cfg, choices)
    pl.seed_everything(cfg.seed, verbose=False)
    cfg.hardware.precision = _precision(cfg.hardware.precision, cfg.trainer.accelerator)
    datamodule = instantiate(cfg.data)
    similarity = _similarity(cfg, datamodule, choices["data"]) if cfg.loss.get("clip_weight") else None
    plain = to_plain(cfg)
    ckpt_path = None
    if cfg.ckpt_path is not None:
        ckpt_path = checkpoint_file(cfg.paths.runs_dir, cfg.ckpt_path, cfg.name)
        check_resumable(ckpt_path, plain, choices)
    datamodule.styler = make_styler(cfg.condition.style, cfg.condition.csv)
    module = _module(cfg, similarity)
    throughput = Throughput()
    always = [RandomState(), LossGuard(), GracefulStop(folder / LAST), Heartbeat(beat), throughput]
    trainer = _trainer(cfg, plain["trainer"], folder, [*always, SaveWeights(folder, plain, choices)])
    datamodule.prepare_data()
    datamodule.setup("fit")
    return Experiment(datamodule, module, trainer, throughput, ckpt_path)


def to_plain(cfg: DictConfig) -> dict[str, Any]:
    """The settings as plain values, every interpolation resolved: what is saved with a run."""
    plain = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _similarity(cfg: DictConfig, datamodule: ImageDataModule, option: str) -> Similarity:
    """Of images to their classes, by a CLIP; the settings then name the run that it is of."""
    clip = instantiate(cfg.clip).choose(datamodule.name, datamodule.class_names, option)
    if clip.run_id is not None:
        cfg.clip.run = clip.run_id
    return clip.scorer.similarity


def _module(cfg: DictConfig, similarity: Similarity | None) -> AveragedModule:
    network = instantiate(cfg.model)
    if cfg.hardware.compile:
        network.compile()
    training = {
        "network": network,
        "loss": instantiate(cfg.loss),
        "optimizer": instantiate(cfg.optimizer),
        "ema_decay": cfg.ema_decay,
        "lr_warmup_steps": cfg.lr_warmup_steps,
        "channels_last": cfg.hardware.channels_last,
    }
    training["optimizer"](network.parameters())  # refuses here what it would refuse once training starts
    if isinstance(network, Autoencoder):
        return AutoencoderModule(**training)
    if isinstance(network, DualEncoder):
        return ClipModule(**training)
    module = DiffusionModule(
        codec=make_codec(instantiate(cfg.codec.autoencoder.model) if cfg.codec.autoencoder else None),
        schedule=instantiate(cfg.schedule),
        parameterization=instantiate(cfg.parameterization),
        similarity=similarity,
        **training,
    )
    instantiate(cfg.sampler).times(module.schedule)  # refuses more steps than the schedule has
    if warning := module.schedule.terminal_warning():
        log.warning(warning)
    return module


def _trainer(cfg: DictConfig, options: dict[str, Any], folder: Path, callbacks: list[pl.Callback]) -> pl.Trainer:
    callbacks = [*callbacks, *(instantiate(cfg.callbacks).values() if cfg.callbacks else ())]
    if cfg.trainer.enable_progress_bar is False:
        callbacks = [callback for callback in callbacks if not isinstance(callback, pl.callbacks.ProgressBar)]
    if cfg.trainer.enable_checkpointing is False:
        callbacks = [callback for callback in callbacks if not isinstance(callback, pl.callbacks.Checkpoint)]
    loggers = list(instantiate(cfg.logger).values()) if cfg.logger else False
    given = {"default_root_dir": str(folder)} | {key: value for key, value in options.items() if value is not None}
    return pl.Trainer(callbacks=callbacks, logger=loggers, **given)


def _precision(precision: str, accelerator: str) -> str:
    """`auto` is bf16-mixed on a CUDA device that computes in bfloat16, and 32-true elsewhere."""
    if precision != "auto":
        return precision
    on_cuda = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    return "bf16-mixed" if on_cuda and torch.cuda.is_bf16_supported() else "32-true"
