"""What is saved of a run and how it is read again, without ever unpickling code.

A run folder may be a stranger's: settings in it name parts of this project alone (`PARTS`), never code.
`checkpoints/last.ckpt` is Lightning's, to continue training, and loads with weights_only=True; `weights.safetensors`
holds the averaged weights and the settings, and is all that sampling needs.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from diffusionlab import data, diffusion, models
from diffusionlab.data import ImageDataModule
from diffusionlab.data.styles import make_styler
from diffusionlab.diffusion import Codec, Denoiser, make_codec
from diffusionlab.errors import UsageError
from diffusionlab.models import Autoencoder, DualEncoder, Network
from diffusionlab.runs.folder import WEIGHTS
from diffusionlab.runs.settings import Settings, plain
from diffusionlab.training import AveragedModule
from diffusionlab.training.callbacks.checkpoints import write_whole
from diffusionlab.training.callbacks.guards import check_finite
from diffusionlab.untrusted import inside

FORMAT = "diffusionlab"
STEP = "step"
"""In the metadata of a file of weights, how many optimizer steps they have behind them."""

PARTS = {"diffusionlab.models": models, "diffusionlab.diffusion": diffusion, "diffusionlab.data": data}
"""Where the parts come from that a file of weights may ask for."""


class SaveWeights(pl.Callback):
    """With every checkpoint the averaged weights as safetensors, and in both the settings; never weights not finite."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings.metadata

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Mark the checkpoint as ours, and write the weights; raises TrainingDiverged before anything is written."""
        check_finite(trainer, pl_module)
        if not trainer.is_global_zero:
            return
        checkpoint[FORMAT] = self.settings | {"data_hash": trainer.datamodule.data_hash}  # type: ignore[attr-defined]
        assert isinstance(pl_module, AveragedModule)
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in pl_module.shipped_state().items()}
        metadata = {"format": FORMAT, STEP: str(trainer.global_step)} | self.settings
        write_whole(self.folder / WEIGHTS, safetensors.torch.save(state, metadata))
        for name, text in pl_module.shipped_texts().items():
            write_whole(self.folder / name, text.encode())


@dataclass(frozen=True)
class TrainedModel:
    """The averaged weights of a run, ready to sample, and the settings that they were trained with."""

    denoiser: Denoiser
    network: Network
    codec: Codec
    settings: Settings

    @property
    def x0_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of what the network sees."""
        return self.network.in_channels, self.network.image_size, self.network.image_size


def load_model(folder: Path, device: torch.device | str) -> TrainedModel:
    """Read `folder`/weights.safetensors. Raises UsageError in one line where it is missing, broken or foreign."""
    with _weights(folder, device) as (path, settings, state):
        network = _own_part(settings.model, path)
        if isinstance(network, Autoencoder):
            raise UsageError(
                f"{path} is an autoencoder, which draws nothing by itself: train model=latent_unet on the same data, "
                "which will use it"
            )
        if isinstance(network, DualEncoder):
            raise UsageError(f"{path} is a CLIP, which draws nothing by itself: give the run as clip.run=, not run=")
        schedule, parameterization = (_own_part(part, path) for part in (settings.schedule, settings.parameterization))
        stage = (settings.config.get("codec") or {}).get("autoencoder")
        codec = make_codec(_own_part(stage.model, path) if stage else None)
        for prefix, part in (("codec.", codec), ("", network)):
            own = {name.removeprefix(prefix): state.pop(name) for name in list(state) if name.startswith(prefix)}
            part.to(device).eval().requires_grad_(False).load_state_dict(own)
    denoiser = Denoiser(network, schedule.to(device), parameterization)
    return TrainedModel(denoiser, network, codec, settings)


def saved_step(folder: Path) -> int | None:
    """The optimizer steps behind `folder`/weights.safetensors, which must be there; None where it does not say."""
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        step = (file.metadata() or {}).get(STEP, "")
    return int(step) if step.isdecimal() else None


def load_data(config: Mapping[str, Any], folder: Path, data_dir: str | None = None) -> ImageDataModule:
    """The data set that the run in `folder` was trained on, read; `config` is its own.

    `data_dir` is where it lies now, None where it lay in training. Raises UsageError where the settings name no data
    set of ours, ValueError where the images are not to be had.
    """
    settings = dict(config["data"])
    if data_dir is not None and "data_dir" in settings:
        settings["data_dir"] = data_dir
    datamodule = _own_part(settings, folder / WEIGHTS)
    condition = config.get("condition") or {}
    datamodule.styler = make_styler(condition.get("style"), condition.get("csv"))
    datamodule.prepare_data()
    datamodule.setup("fit")
    return datamodule


def load_autoencoder(folder: Path) -> Autoencoder:
    """Read the autoencoder in `folder`/weights.safetensors; raises UsageError as `load_model` does."""
    with _weights(folder, "cpu") as (path, settings, state):
        network = _own_part(settings.model, path)
        network.load_state_dict(state)
    return network


@contextmanager
def _weights(folder: Path, device: torch.device | str) -> Iterator[tuple[Path, Settings, dict[str, torch.Tensor]]]:
    """The file, the settings in it and its tensors; whatever does not fit is a UsageError in one line."""
    path = folder / WEIGHTS
    if inside(folder, WEIGHTS) is None:
        raise UsageError(f"the run has no {path}: it has saved nothing yet, or the file is a link out of the folder")
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise UsageError(f"{path} is not a readable safetensors file: {_first(error)}") from error
    if metadata.get("format") != FORMAT:
        raise UsageError(f"{path} holds the weights of another program: its metadata do not say {FORMAT}")
    try:
        yield path, Settings.from_metadata(metadata), state
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{path} does not fit the settings that it carries: {_first(error)}") from error


def _own_part(config: Mapping[str, Any], path: Path) -> Any:
    """Build a part from plain values. A file from elsewhere must not be able to name any callable it likes.

    Hydra's `instantiate` would follow a `_target_` at any depth; here a nested one is just a value that does not fit.
    """
    arguments = plain(config)
    target = str(arguments.pop("_target_"))
    module, _, name = target.rpartition(".")
    part = getattr(PARTS[module], name, None) if module in PARTS else None
    if not isinstance(part, type):
        raise UsageError(f"{path} asks for {target}, which is no part of diffusionlab")
    return part(**arguments)


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
