"""The autoencoder of a latent diffusion run: a run of its own, trained first where none like it exists."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch

from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.diffusion import LatentCodec
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.runs.checkpoint import load_autoencoder
from diffusionlab.runs.folder import LAST, WEIGHTS, newest_first
from diffusionlab.runs.frozen import freeze
from diffusionlab.runs.settings import Settings
from diffusionlab.tensors import to_float

IDENTITY = {
    **dict.fromkeys(("model", "loss", "optimizer", "seed", "lr_warmup_steps", "lr_schedule", "ema_decay")),
    "data": {"_target_", "image_size", "channels", "class_names", "batch_size", "num_val", "seed", "split_seed"}
    | {"horizontal_flip", "random_crop", "colour_jitter"},
    "trainer": {"max_epochs", "max_steps", "max_time", "limit_train_batches", "overfit_batches"}
    | {"accumulate_grad_batches", "gradient_clip_val"},
}
"""Settings that make an autoencoder what it is, beside the hash of its data; None: all of the group."""

ENDED_EARLY = ("interrupted", "crashed", "failed")

NUM_MEASURED = 4096
"""Training images on which the latent is measured: its standard deviation is then known to about a percent."""


def find_autoencoder(stage: Settings, data_hash: str, *, finished: bool = True) -> RunRecord | None:
    """The newest run below paths.runs_dir of this data and these settings; None if there is none.

    With `finished=False` the newest that ended early, or was killed, and has a checkpoint.
    """
    wanted = identity(stage.config)
    needed = WEIGHTS if finished else LAST
    for record in newest_first(stage.paths.runs_dir):
        status = actual_status(vars(record))
        wanted_status = status == "finished" if finished else status in ENDED_EARLY
        known = wanted_status and record.data_hash == data_hash and Path(record.path or "", needed).is_file()
        if known and record.deleted_at is None and identity(freeze(record.config)) == wanted:
            return record
    return None


def resume_if_interrupted(stage: Settings, data_hash: str) -> Settings:
    """The settings, to continue a run of theirs that ended early if there is one."""
    record = find_autoencoder(stage, data_hash, finished=False)
    return stage if record is None else stage.moved(Path(record.path or "")).replaced(ckpt_path="last")


def identity(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a run's settings that makes an autoencoder what it is."""
    return {
        group: config.get(group)
        if names is None
        else {name: value for name, value in (config.get(group) or {}).items() if name in names}
        for group, names in IDENTITY.items()
    }


def fit_codec(codec: LatentCodec, folder: Path, datamodule: ImageDataModule, trust: Collection[str] = ()) -> None:
    """Load the trained autoencoder into the codec and measure its latents on training images."""
    codec.autoencoder.load_state_dict(load_autoencoder(folder, trust).state_dict())
    images = datamodule.train.images
    evenly = torch.linspace(0, len(images) - 1, min(NUM_MEASURED, len(images))).long()
    codec.measure(to_float(batch) for batch in images[evenly].split(256))
