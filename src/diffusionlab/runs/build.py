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
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.data.styles import make_styler
from diffusionlab.diffusion import Similarity, make_codec
from diffusionlab.errors import UsageError
from diffusionlab.models import Autoencoder, DualEncoder
from diffusionlab.runs import settings as config
from diffusionlab.runs.checkpoint import SaveWeights
from diffusionlab.runs.folder import LAST
from diffusionlab.runs.resume import Checkpoint, check_fits, check_resumable, check_same_data, choose_checkpoint
from diffusionlab.training import AutoencoderModule, AveragedModule, ClipModule, DiffusionModule
from diffusionlab.training.callbacks.checkpoints import AtomicCheckpointIO, LastCheckpoint
from diffusionlab.training.callbacks.guards import FolderGuard, LossGuard
from diffusionlab.training.callbacks.progress import Heartbeat, Throughput
from diffusionlab.training.callbacks.resumption import RandomState, RunTotals

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Experiment:
    """The parts of one run, with the data read. `checkpoint`: what to go on from, or None to start."""

    datamodule: ImageDataModule
    module: AveragedModule
    trainer: pl.Trainer
    throughput: Throughput
    totals: RunTotals
    checkpoint: Checkpoint | None

    @property
    def has_nothing_to_train(self) -> bool:
        """Whether the checkpoint has all the epochs or all the steps that the settings ask for."""
        if self.checkpoint is None:
            return False
        max_epochs, max_steps = self.trainer.max_epochs, self.trainer.max_steps
        has_epochs = max_epochs is not None and 0 <= max_epochs <= self.checkpoint.epochs
        return has_epochs or 0 <= max_steps <= self.checkpoint.step


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
    checkpoint = None
    if cfg.ckpt_path is not None:
        checkpoint = choose_checkpoint(cfg.ckpt_path, folder)
        check_resumable(checkpoint, folder, plain, choices)
    datamodule.styler = make_styler(cfg.condition.style, cfg.condition.csv)
    module = _module(cfg, similarity)
    if checkpoint is not None:
        check_fits(checkpoint, module)
    throughput, totals = Throughput(), RunTotals()
    always = [FolderGuard(folder), RandomState(), LossGuard(), Heartbeat(beat), throughput, totals]
    always += [SaveWeights(folder, plain, choices), LastCheckpoint(folder / LAST)]
    trainer = _trainer(cfg, plain["trainer"], folder, always)
    datamodule.prepare_data()
    datamodule.setup("fit")
    if cfg.ckpt_path is not None:
        check_same_data(checkpoint, folder, datamodule.data_hash, allow_changed=cfg.allow_changed_data)
    return Experiment(datamodule, module, trainer, throughput, totals, checkpoint)


def is_rank_zero(cfg: DictConfig) -> bool:
    """Whether this process is the one of its training that writes: the only notion of rank 0 that there is.

    Until a trainer has looked at what was launched, Lightning guesses from variables such as SLURM_PROCID. So a trainer
    looks first, and everything that Lightning guards by its guess follows.
    """
    options: dict[str, Any] = {name: cfg.trainer[name] for name in ("accelerator", "devices", "num_nodes", "strategy")}
    options |= dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = pl.Trainer(**options)
    rank_zero_only.rank = trainer.global_rank  # type: ignore[attr-defined]
    return trainer.is_global_zero


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


def _trainer(cfg: DictConfig, options: dict[str, Any], folder: Path, always: list[pl.Callback]) -> pl.Trainer:
    own = list(instantiate(cfg.callbacks).values()) if cfg.callbacks else []
    if any(getattr(callback, "save_last", None) for callback in own):
        raise UsageError("callbacks.checkpoint.save_last=true: last.ckpt is written anyway; omit it")
    callbacks = [*always[:-1], *own, always[-1]]  # the last checkpoint holds the state of all others
    if cfg.trainer.enable_progress_bar is False:
        callbacks = [callback for callback in callbacks if not isinstance(callback, pl.callbacks.ProgressBar)]
    if cfg.trainer.enable_checkpointing is False:
        callbacks = [callback for callback in callbacks if not isinstance(callback, pl.callbacks.Checkpoint)]
    loggers = list(instantiate(cfg.logger).values()) if cfg.logger else False
    given = {"default_root_dir": str(folder)} | {key: value for key, value in options.items() if value is not None}
    given["plugins"] = [AtomicCheckpointIO(), *(given.get("plugins") or ())]
    return pl.Trainer(callbacks=callbacks, logger=loggers, **given)


def _precision(precision: str, accelerator: str) -> str:
    """`auto` is bf16-mixed on a CUDA device that computes in bfloat16, and 32-true elsewhere."""
    if precision in ("16-true", "bf16-true"):
        raise UsageError(
            f"hardware.precision={precision}: an average of weights in 16 bits stands still, so they are kept in 32; "
            f"type hardware.precision={precision.replace('true', 'mixed')}"
        )
    if precision != "auto":
        return precision
    on_cuda = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    return "bf16-mixed" if on_cuda and torch.cuda.is_bf16_supported() else "32-true"
