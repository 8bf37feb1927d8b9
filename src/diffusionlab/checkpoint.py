"""What is saved of a run and how it is read again, without ever unpickling code.

`checkpoints/last.ckpt` is Lightning's, to go on training, and loads with weights_only=True; `weights.safetensors`
holds the averaged weights and the settings, and is all that sampling needs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from diffusionlab.diffusion import Codec, Denoiser, LatentCodec, PixelCodec
from diffusionlab.errors import UsageError
from diffusionlab.models import Autoencoder, Network
from diffusionlab.run_folder import WEIGHTS
from diffusionlab.training import AveragedModule

FORMAT = "diffusionlab"

FREE_TO_CHANGE = {
    *("ckpt_path", "check", "name", "tags", "notes", "paths", "registry"),
    *("trainer", "hardware", "callbacks", "logger", "sampler"),
}
"""Settings that may differ when a run goes on; the others make what it is."""


class SaveWeights(pl.Callback):
    """Beside every checkpoint the averaged weights as safetensors, and in both the settings."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        self.config = config

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Mark the checkpoint as ours, and write the weights through a temporary file."""
        checkpoint[FORMAT] = {"config": json.dumps(self.config)}
        if not trainer.is_global_zero:
            return
        assert isinstance(pl_module, AveragedModule)
        temporary = self.folder / f".{WEIGHTS}.tmp"
        save_file(
            {name: tensor.detach().cpu().contiguous() for name, tensor in pl_module.shipped_state().items()},
            temporary,
            metadata={"format": FORMAT, "config": json.dumps(self.config)},
        )
        temporary.replace(self.folder / WEIGHTS)


def check_resumable(path: Path, config: dict[str, Any]) -> None:
    """Raises UsageError where `path` is no checkpoint of ours, or one of a run with other settings."""
    try:
        content = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    except (UnpicklingError, RuntimeError, EOFError, OSError) as error:
        raise UsageError(
            f"ckpt_path={path} is not a readable checkpoint (cut off, or not PyTorch's): {_first(error)}"
        ) from error
    if not isinstance(content, dict) or FORMAT not in content:
        raise UsageError(f"ckpt_path={path} is a checkpoint of another program: it does not say {FORMAT}")
    before = json.loads(content[FORMAT]["config"])
    for key in sorted((before.keys() | config.keys()) - FREE_TO_CHANGE):
        if difference := _first_difference(before.get(key), config.get(key), key):
            option, old, new = difference
            raise UsageError(
                f"the run to go on with has {option}={old}, this command {new}: "
                f"type {option}={old}, or leave ckpt_path away to start anew"
            )


def _first_difference(old: Any, new: Any, key: str) -> tuple[str, Any, Any] | None:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            if found := _first_difference(old.get(name), new.get(name), f"{key}.{name}"):
                return found
        return None
    return None if old == new else (key, old, new)


@dataclass(frozen=True)
class TrainedModel:
    """The averaged weights of a run, ready to sample, and the settings that they were trained under."""

    denoiser: Denoiser
    network: Network
    codec: Codec
    config: dict[str, Any]

    @property
    def x0_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of what the network sees."""
        return self.network.in_channels, self.network.image_size, self.network.image_size


def load_model(folder: Path, device: torch.device | str) -> TrainedModel:
    """Read `folder`/weights.safetensors. Raises UsageError in one line where it is missing, broken or foreign."""
    path, config, state = _read_weights(folder, device)
    network = _own_part(config["model"], path)
    if isinstance(network, Autoencoder):
        raise UsageError(
            f"{path} is an autoencoder, which draws nothing by itself: train model=latent_unet on the same data, "
            "which will use it"
        )
    schedule, parameterization = (_own_part(config[name], path) for name in ("schedule", "parameterization"))
    codec = build_codec(config.get("codec") or {}, path)
    for prefix, part in (("codec.", codec), ("", network)):
        own = {name.removeprefix(prefix): state.pop(name) for name in list(state) if name.startswith(prefix)}
        part.to(device).eval().requires_grad_(False).load_state_dict(own)
    denoiser = Denoiser(network, schedule.to(device), parameterization)
    return TrainedModel(denoiser, network, codec, config)


def load_autoencoder(folder: Path) -> Autoencoder:
    """Read the autoencoder in `folder`/weights.safetensors; raises UsageError as `load_model` does."""
    path, config, state = _read_weights(folder, "cpu")
    network = _own_part(config["model"], path)
    network.load_state_dict(state)
    return network


def build_codec(config: dict[str, Any], path: Path | None = None) -> Codec:
    """The codec that the settings ask for, before its weights are loaded; `path`: the file that the settings are of."""
    autoencoder = config.get("autoencoder")
    return PixelCodec() if autoencoder is None else LatentCodec(_own_part(autoencoder["model"], path))


def _read_weights(folder: Path, device: torch.device | str) -> tuple[Path, dict[str, Any], dict[str, torch.Tensor]]:
    """The file, the settings in it and its tensors."""
    path = folder / WEIGHTS
    if not path.is_file():
        raise UsageError(f"{path} is not there: the run has saved nothing yet, or its folder was moved")
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise UsageError(f"{path} is not a readable safetensors file: {_first(error)}") from error
    if metadata.get("format") != FORMAT:
        raise UsageError(f"{path} holds the weights of another program: its metadata do not say {FORMAT}")
    return path, json.loads(metadata["config"]), state


def _own_part(config: dict[str, Any], path: Path | None) -> Any:
    """Instantiate a part. A file from elsewhere must not be able to name any callable it likes."""
    module, _, name = str(config.get("_target_")).rpartition(".")
    if module not in ("diffusionlab.models", "diffusionlab.diffusion") or not name.isidentifier():
        raise UsageError(
            f"{path or 'this setting'} asks for {config.get('_target_')}, which is no part of diffusionlab"
        )
    return instantiate(config)


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
