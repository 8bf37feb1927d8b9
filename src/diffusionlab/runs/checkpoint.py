"""What is saved of a run and how it is read again, without ever unpickling code.

A run folder may be a stranger's: its settings name classes of this project, and of modules that the user trusts.
`checkpoints/last.ckpt` is Lightning's, to continue training, and loads with weights_only=True; `weights.safetensors`
holds the averaged weights and the settings, and is all that sampling needs.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from diffusionlab.data import ImageDataModule
from diffusionlab.data.styles import make_styler
from diffusionlab.diffusion import Codec, Denoiser, NoiseSchedule, Parameterization, make_codec
from diffusionlab.errors import UsageError, first_line
from diffusionlab.models import Autoencoder, DualEncoder, Network
from diffusionlab.runs.averages import average_of
from diffusionlab.runs.folder import WEIGHTS
from diffusionlab.runs.hardware import as_trained
from diffusionlab.runs.settings import Settings
from diffusionlab.runs.trust import part
from diffusionlab.training import AveragedModule
from diffusionlab.training.callbacks.checkpoints import write_whole
from diffusionlab.training.callbacks.guards import check_finite
from diffusionlab.untrusted import inside

FORMAT = "diffusionlab"
STEP = "step"
"""In the metadata of a file of weights, how many optimizer steps they have behind them."""


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
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in pl_module.export_state_dict().items()}
        metadata = {"format": FORMAT, STEP: str(trainer.global_step)} | self.settings
        write_whole(self.folder / WEIGHTS, safetensors.torch.save(state, metadata))
        for name, text in pl_module.export_files().items():
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


def load_model(
    folder: Path,
    device: torch.device | str,
    trust: Collection[str] = (),
    *,
    ema: float | None = None,
    checkpoint: str | None = None,
) -> TrainedModel:
    """Read `folder`/weights.safetensors. Raises UsageError in one line if it is missing, broken or foreign.

    `trust`: top-level modules outside this package whose classes it may name. `ema`: see `average_of`. `checkpoint`:
    the name of a file in checkpoints/, without .ckpt, whose averaged weights are taken in place of the latest.
    """
    if ema is not None and checkpoint is not None:
        raise UsageError(f"ema={ema:g} is an average up to the last step: omit it, or checkpoint={checkpoint}")
    with _weights(folder, device, checkpoint) as (path, settings, state):
        if ema is not None:
            state |= average_of(folder, ema, device)
        network = part(settings.model, nn.Module, source=path, trust=trust)
        if isinstance(network, Autoencoder):
            raise UsageError(
                f"{path} is an autoencoder, which draws nothing by itself: train model=latent_unet on the same data, "
                "which will use it"
            )
        if isinstance(network, DualEncoder):
            raise UsageError(f"{path} is a CLIP, which draws nothing by itself: give the run as clip.run=, not run=")
        if not isinstance(network, Network):
            raise UsageError(f"{path} asks for {settings.model['_target_']}, which is not a Network")
        schedule: NoiseSchedule = part(settings.schedule, NoiseSchedule, source=path, trust=trust)
        parameterization: Parameterization = part(settings.parameterization, Parameterization, source=path, trust=trust)
        stage = (settings.config.get("codec") or {}).get("autoencoder")
        codec = make_codec(part(stage.model, Autoencoder, source=path, trust=trust) if stage else None)
        for prefix, module in (("codec.", codec), ("", network)):
            own = {name.removeprefix(prefix): state.pop(name) for name in list(state) if name.startswith(prefix)}
            module.to(device).eval().requires_grad_(False).load_state_dict(own)
    asked = as_trained(network, settings.config.get("hardware"), device)
    denoiser = Denoiser(asked, schedule.to(device), parameterization)
    return TrainedModel(denoiser, network, codec, settings)


def load_start(folder: Path, network: nn.Module) -> list[str]:
    """Give `network` every tensor of `folder`/weights.safetensors that has its name and shape; returns the other names.

    Raises UsageError as `load_model` does, and if nothing fits.
    """
    own = network.state_dict()
    with _weights(folder, "cpu") as (path, _, state):
        fits = {name: tensor for name, tensor in state.items() if name in own and own[name].shape == tensor.shape}
        if not fits:
            raise UsageError(f"init_from: nothing in {path} fits this model, neither by name nor by shape")
        network.load_state_dict(fits, strict=False)
    return sorted(own.keys() - fits.keys())


def load_settings(folder: Path) -> Settings:
    """The settings in `folder`/weights.safetensors. Raises UsageError as `load_model` does."""
    with _weights(folder, None) as (_, settings, _):
        return settings


def saved_step(folder: Path, checkpoint: str | None = None) -> int | None:
    """The optimizer steps behind the weights; None where the file does not say. Raises UsageError if there is none."""
    path = _path(folder, checkpoint)
    if checkpoint is not None:
        return int(torch.load(path, weights_only=True, map_location="cpu", mmap=True)["global_step"])
    with safe_open(path, framework="pt") as file:
        step = (file.metadata() or {}).get(STEP, "")
    return int(step) if step.isdecimal() else None


def load_data(
    config: Mapping[str, Any], folder: Path, data_dir: str | None = None, trust: Collection[str] = ()
) -> ImageDataModule:
    """The data set that the run in `folder` was trained on, read; `config` is its own.

    `data_dir` is where it lies now, None where it lay in training. Raises UsageError if the settings name a class that
    they may not, ValueError if the images cannot be read.
    """
    settings = dict(config["data"])
    for option in ("folder", "data_dir"):
        if option in settings:
            settings[option] = data_dir or _where_it_is(str(settings[option]), folder)
            if option == "folder" and not Path(settings[option]).expanduser().is_dir():
                raise UsageError(f"the images of the run are no longer in {settings[option]}: type data_dir=FOLDER")
    datamodule = part(settings, ImageDataModule, source=folder / WEIGHTS, trust=trust)
    condition = config.get("condition") or {}
    datamodule.styler = make_styler(condition.get("style"), condition.get("csv"))
    datamodule.prepare_data()
    datamodule.setup("fit")
    return datamodule


def _where_it_is(place: str, folder: Path) -> str:
    """A place below the folder in which the training was started, for a command that is started elsewhere."""
    if Path(place).expanduser().exists():
        return place
    beside = (parent / place for parent in folder.absolute().parents)
    return str(next((path for path in beside if path.is_dir()), place))


def load_autoencoder(folder: Path, trust: Collection[str] = ()) -> Autoencoder:
    """Read the autoencoder in `folder`/weights.safetensors; raises UsageError as `load_model` does."""
    with _weights(folder, "cpu") as (path, settings, state):
        network = part(settings.model, Autoencoder, source=path, trust=trust)
        network.load_state_dict(state)
    return network


def _path(folder: Path, checkpoint: str | None) -> Path:
    name = WEIGHTS if checkpoint is None else f"checkpoints/{checkpoint}.ckpt"
    if inside(folder, name) is None:
        why = "it has saved nothing yet" if checkpoint is None else "callbacks=best writes best.ckpt"
        raise UsageError(f"the run has no {folder / name}: {why}, or the file is a link out of the folder")
    return folder / name


def _read(path: Path, device: torch.device | str | None) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """The metadata of a file of weights and, with a device, its tensors."""
    with safe_open(path, framework="pt", device=str(device or "cpu")) as file:
        names = file.keys() if device is not None else ()
        return file.metadata() or {}, {name: file.get_tensor(name) for name in names}


def _read_checkpoint(path: Path, device: torch.device | str | None) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """The same of a checkpoint, as `export_state_dict` would have given it to the file of weights."""
    try:
        content = torch.load(path, weights_only=True, map_location=device or "cpu")
        state = {name.removeprefix("ema.network."): tensor for name, tensor in content["state_dict"].items()}
        kept = [name for name in state if name.startswith("codec.") or f"ema.network.{name}" in content["state_dict"]]
        return content[FORMAT] | {"format": FORMAT}, {name: state[name] for name in kept}
    except Exception as error:  # a broken file may make torch raise anything
        raise UsageError(f"{path} is not a readable checkpoint of this program: {first_line(error)}") from error


@contextmanager
def _weights(
    folder: Path, device: torch.device | str | None, checkpoint: str | None = None
) -> Iterator[tuple[Path, Settings, dict[str, torch.Tensor]]]:
    """The file, the settings in it and, with a device, its tensors; whatever does not fit is a UsageError."""
    path = _path(folder, checkpoint)
    try:
        metadata, state = _read(path, device) if checkpoint is None else _read_checkpoint(path, device)
    except SafetensorError as error:
        raise UsageError(f"{path} is not a readable safetensors file: {first_line(error)}") from error
    if metadata.get("format") != FORMAT:
        raise UsageError(f"{path} holds the weights of another program: its metadata do not say {FORMAT}")
    if not all(bool(tensor.isfinite().all()) for tensor in state.values() if tensor.is_floating_point()):
        raise UsageError(f"{path} holds weights that are not finite: its training diverged; choose another run")
    try:
        yield path, Settings.from_metadata(metadata), state
    except UsageError:
        raise
    except Exception as error:  # settings of a file from anywhere may make a part raise anything
        raise UsageError(f"{path} does not fit the settings that it carries: {first_line(error)}") from error
