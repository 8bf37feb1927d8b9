"""Settings become parts that fit together: data, module, trainer."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.data.styles import make_styler
from diffusionlab.diffusion import Similarity, can_be_guided, make_codec
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.real_images import recorded_name
from diffusionlab.models import Autoencoder, DualEncoder, Network
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.runs.checkpoint import SaveWeights, load_model, load_start
from diffusionlab.runs.folder import LAST, folder_of
from diffusionlab.runs.frozen import plain
from diffusionlab.runs.hardware import device_type
from diffusionlab.runs.resume import Checkpoint, check_fits, check_resumable, check_same_data, choose_checkpoint
from diffusionlab.runs.rules import check
from diffusionlab.runs.settings import Settings
from diffusionlab.training import AutoencoderModule, AveragedModule, ClipModule, DiffusionModule
from diffusionlab.training.callbacks.checkpoints import AtomicCheckpointIO, LastCheckpoint
from diffusionlab.training.callbacks.guards import LossGuard
from diffusionlab.training.callbacks.progress import Heartbeat, Story
from diffusionlab.training.callbacks.resumption import RandomState, RunTotals
from diffusionlab.training.lean import NoProfiler, skip_driver_lookup, skip_idle_hooks
from diffusionlab.training.schedule_free import is_schedule_free

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Experiment:
    """The parts of one run, with the data read.

    `checkpoint`: what to go on from, or None to start. `fresh`: the tensors that a start from another run's weights
    leaves as they were drawn; None without such a start.
    """

    datamodule: ImageDataModule
    module: AveragedModule
    trainer: pl.Trainer
    totals: RunTotals
    checkpoint: Checkpoint | None
    fresh: list[str] | None = None

    @property
    def has_nothing_to_train(self) -> bool:
        """Whether the checkpoint has all the epochs or all the steps that the settings ask for."""
        if self.checkpoint is None:
            return False
        max_epochs, max_steps = self.trainer.max_epochs, self.trainer.max_steps
        has_epochs = max_epochs is not None and 0 <= max_epochs <= self.checkpoint.epochs
        return has_epochs or 0 <= max_steps <= self.checkpoint.step


def build(settings: Settings, folder: Path, beat: Callable[[], None]) -> Experiment:
    """Make every part and read the data.

    Raises UsageError, ValueError or Hydra's InstantiationException if the settings do not fit.
    """
    check(settings)
    pl.seed_everything(settings.seed, verbose=False)
    datamodule = _made(settings, "data", ImageDataModule)
    similarity = _similarity(settings, datamodule) if settings.clip is not None else None
    checkpoint = None
    if settings.ckpt_path is not None:
        checkpoint = choose_checkpoint(settings.ckpt_path, folder)
        check_resumable(checkpoint, folder, settings)
    datamodule.styler = make_styler(settings.condition.style, settings.condition.csv)
    network, fresh = _made(settings, "model", Network, Autoencoder, DualEncoder), None
    if settings.init_from is not None and checkpoint is None:
        start = find_run(settings.registry.uri, settings.init_from)
        fresh = load_start(folder_of(start, "init_from"), network)
    module = _module(settings, network, similarity, _teacher(settings))
    if checkpoint is not None:
        check_fits(checkpoint, module)
    totals = RunTotals()
    always = [Heartbeat(beat), RandomState(), LossGuard(), totals, Story()]
    always += [SaveWeights(folder, settings), LastCheckpoint(folder / LAST)]
    trainer = _trainer(settings, folder, always)
    if module.lr_schedule.needs_end and trainer.max_epochs == trainer.max_steps == -1:
        raise UsageError(
            f"lr_schedule={settings.choices['lr_schedule']} falls towards the end of the training, which has none: "
            "type trainer.max_epochs=... or trainer.max_steps=..., or lr_schedule=constant"
        )
    datamodule.trainer = trainer  # which says how many devices share a batch
    datamodule.prepare_data()
    datamodule.setup("fit")
    _check_interval(settings, datamodule)
    if settings.ckpt_path is not None:
        check_same_data(checkpoint, folder, datamodule.data_hash, allow_changed=settings.allow_changed_data)
    return Experiment(datamodule, module, trainer, totals, checkpoint, fresh)


def is_rank_zero(settings: Settings) -> bool:
    """Whether this process is the one of its training that writes: the only notion of rank 0 that there is.

    Until a trainer has looked at what was launched, Lightning guesses from variables such as SLURM_PROCID. So a trainer
    looks first, and everything that Lightning guards by its guess follows.
    """
    given = plain(settings.trainer)
    options: dict[str, Any] = {name: given[name] for name in ("accelerator", "devices", "num_nodes", "strategy")}
    options |= dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = pl.Trainer(**options)
    rank_zero_only.rank = trainer.global_rank  # type: ignore[attr-defined]
    return trainer.is_global_zero


def _made(settings: Settings, group: str, *kinds: type) -> Any:
    """The part of a group. Raises UsageError if it is of none of the kinds that the lab can use."""
    part = settings.make(group)
    if not isinstance(part, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        target = (settings.config[group] or {}).get("_target_")
        raise UsageError(
            f"{group}._target_={target} is no {wanted}: type {group}=OPTION for one of the lab's (python train.py "
            f"--help {group}), or name a class of your own that inherits {kinds[0].__module__}.{kinds[0].__name__}"
        )
    return part


def _all_made(settings: Settings, group: str, kind: type) -> list[Any]:
    """The callbacks, or the loggers. Raises UsageError for a part that is none."""
    parts = settings.make(group) or {}
    for name, part in parts.items():
        if not isinstance(part, kind):
            what = "says no class" if isinstance(part, dict) else f"is a {type(part).__name__}"
            raise UsageError(
                f"{group}.{name} {what}: type '+{group}.{name}={{_target_:MODULE.CLASS,...}}', with a class that "
                f"inherits {kind.__module__.partition('.')[0]}'s {kind.__name__}"
            )
    return list(parts.values())


def _try_optimizer(make: Callable[..., Any], network: nn.Module) -> None:
    """Raises here what the optimizer would refuse once training starts."""
    try:
        optimizer = make(network.parameters())
    except TypeError as error:
        if word := re.search(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error)):
            raise UsageError(
                f"{word[1]} has no option {word[2]}: type '~optimizer.{word[2]}' to leave it out"
            ) from error
        raise
    if is_schedule_free(optimizer) and any(isinstance(module, _BatchNorm) for module in network.modules()):
        raise UsageError(
            "optimizer=schedule_free: BatchNorm would measure other weights than those that are used: type "
            "optimizer=adamw, or a model without it such as model=conditional_unet"
        )


def _check_interval(settings: Settings, datamodule: ImageDataModule) -> None:
    """Raises UsageError if a validation every so many batches would never fall into an epoch."""
    every, batches = settings.trainer.val_check_interval, len(datamodule.train_dataloader())
    limit = settings.trainer.limit_train_batches
    if limit is not None:
        batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
    if isinstance(every, int) and every > batches and settings.trainer.check_val_every_n_epoch is not None:
        raise UsageError(
            f"trainer.val_check_interval={every}: an epoch has {batches} batches; type that or less, or "
            "trainer.check_val_every_n_epoch=null to count across epochs"
        )


def _similarity(settings: Settings, datamodule: ImageDataModule) -> Similarity:
    """Of images to their classes, by a CLIP."""
    clip = settings.make("clip").choose(recorded_name(datamodule), datamodule.class_names, settings.choices["data"])
    return clip.scorer.similarity


def _teacher(settings: Settings) -> nn.Module | None:
    """The averaged network of the run that is distilled. Raises UsageError if it cannot be guided as asked."""
    if settings.teacher is None:
        return None
    folder = folder_of(find_run(settings.registry.uri, settings.teacher), "teacher")
    model = load_model(folder, "cpu", settings.trusted_modules)
    scale, dropout = settings.loss.guidance_scale, model.settings.loss.get("label_dropout") or 0.0
    if scale != 1 and not can_be_guided(model.network.null_labels, dropout):
        raise UsageError(f"loss.guidance_scale={scale:g}: run {settings.teacher} cannot be guided; type 1")
    return model.network


def _module(
    settings: Settings, network: nn.Module, similarity: Similarity | None, teacher: nn.Module | None
) -> AveragedModule:
    if settings.hardware.compile:  # reduce-overhead: CUDA graphs, one launch for a whole forward or backward pass
        network.compile(mode="reduce-overhead" if device_type(settings.trainer.accelerator) == "cuda" else "default")
    training = {
        "network": network,
        "loss": settings.make("loss"),
        "optimizer": settings.make("optimizer"),
        "ema_decay": settings.ema_decay,
        "lr_warmup_steps": settings.lr_warmup_steps,
        "lr_schedule": settings.make("lr_schedule"),
        "channels_last": settings.hardware.channels_last,
    }
    _try_optimizer(training["optimizer"], network)
    if isinstance(network, Autoencoder):
        return AutoencoderModule(**training)
    if isinstance(network, DualEncoder):
        return ClipModule(**training)
    module = DiffusionModule(
        codec=make_codec(settings.make("codec.autoencoder.model")),
        schedule=settings.make("schedule"),
        parameterization=settings.make("parameterization"),
        similarity=similarity,
        teacher=teacher,
        **training,
    )
    for part in (settings.make("sampler"), *((training["loss"],) if teacher is not None else ())):
        part.times(module.schedule)  # refuses more steps than the schedule has
    if warning := module.schedule.terminal_warning():
        log.warning(warning)
    return module


def _trainer(settings: Settings, folder: Path, always: list[pl.Callback]) -> pl.Trainer:
    own = _all_made(settings, "callbacks", pl.Callback)
    own += [settings.make("ema")] if settings.ema is not None else []
    if any(getattr(callback, "save_last", None) for callback in own):
        raise UsageError("callbacks.checkpoint.save_last=true: last.ckpt is written anyway; omit it")
    callbacks = [*always[:-1], *own, always[-1]]  # the last checkpoint holds the state of all others
    if settings.trainer.enable_progress_bar is False:
        callbacks = [callback for callback in callbacks if not isinstance(callback, pl.callbacks.ProgressBar)]
    if settings.trainer.enable_checkpointing is False:
        callbacks = [callback for callback in callbacks if not isinstance(callback, pl.callbacks.Checkpoint)]
    loggers = _all_made(settings, "logger", pl.loggers.Logger) or False
    given = {name: value for name, value in plain(settings.trainer).items() if value is not None}
    given = {"default_root_dir": str(folder), "profiler": NoProfiler()} | given
    given["plugins"] = [AtomicCheckpointIO(), *(given.get("plugins") or ())]
    for callback in callbacks:
        skip_idle_hooks(callback)
    skip_driver_lookup()
    return pl.Trainer(callbacks=callbacks, logger=loggers, **given)
