"""What the registry records of a run, and where each fact came from."""

import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.diffusion import LatentCodec
from diffusionlab.evaluation.real_images import recorded_name
from diffusionlab.models.facets import describe
from diffusionlab.registry.record.columns import TABLE, value_of
from diffusionlab.registry.record.provenance import processor_name
from diffusionlab.runs.folder import WEIGHTS
from diffusionlab.runs.frozen import plain
from diffusionlab.runs.settings import Settings
from diffusionlab.training import AutoencoderModule, AveragedModule, ClipModule, DiffusionModule
from diffusionlab.training.callbacks.resumption import RunTotals


def facts_of_settings(settings: Settings) -> dict[str, Any]:
    """Facts that the settings state."""
    known = {"config": settings.config}
    optimizer, choices, diffuses = settings.optimizer, settings.choices, settings.schedule is not None
    facts = {
        "name": settings.name,
        "tags": list(settings.tags),
        "notes": settings.notes or None,
        **{column.name: value_of(known, f"config.{column.setting}") for column in TABLE if column.setting},
        "optimizer": optimizer["_target_"].rpartition(".")[2],
        "lr_schedule": choices.get("lr_schedule"),
        **{group: choices.get(group) if diffuses else None for group in ("schedule", "parameterization", "sampler")},
        "config": plain(settings.config),
        "config_hash": settings.hash,
    }
    return facts | {"sources": dict.fromkeys(facts, "config")}


def facts_of_parts(datamodule: ImageDataModule, module: AveragedModule, trainer: pl.Trainer) -> dict[str, Any]:
    """Facts that only the built parts know: what the network is, which data, which machine."""
    network = describe(module.network)  # type: ignore[arg-type]
    from_graph = {
        "architecture": type(module.network).__name__,
        "arch_tags": sorted(network.facets | _facets_of_the_whole(module)),
        "num_parameters": network.num_parameters,
        "flops": network.flops_per_image,
        "layers": list(network.layers),
    }
    measured = {
        "framework": f"PyTorch {version('torch')}, Lightning {version('pytorch-lightning')}",
        "dataset": recorded_name(datamodule),
        "batch_size": datamodule.batch_size,
        "data_hash": datamodule.data_hash,
        "hardware": _hardware(trainer),
        "precision": str(trainer.precision),
    }
    sources = dict.fromkeys(from_graph, "module graph") | dict.fromkeys(measured, "measured")
    return from_graph | measured | {"sources": sources}


def facts_of_result(trainer: pl.Trainer, totals: RunTotals, folder: Path) -> dict[str, Any]:
    """Facts at the end of training, however it ended."""
    names = {column.name.removeprefix("metrics."): column.logged for column in TABLE if column.logged}
    logged = totals.latest_metrics(trainer)
    facts = {
        "epochs": _whole_epochs(trainer),
        "steps": trainer.global_step,
        "metrics": {metric: logged[name] for metric, name in names.items() if name in logged},
        "seconds": totals.seconds_spent,
        "images_per_second": totals.images_per_second,
        "size_bytes": (folder / WEIGHTS).stat().st_size if (folder / WEIGHTS).exists() else None,
        "thumbnail": "samples/latest.png" if (folder / "samples/latest.png").exists() else None,
    }
    known = {name: value for name, value in facts.items() if value is not None}
    return known | {"sources": dict.fromkeys(known, "measured")}


def _whole_epochs(trainer: pl.Trainer) -> int:
    """Epochs that were trained to their end: Lightning counts one that max_steps, max_time or a signal cut short."""
    batches = trainer.num_training_batches
    if not 0 < batches < math.inf:
        return trainer.current_epoch
    return min(trainer.current_epoch, trainer.global_step // -(-int(batches) // trainer.accumulate_grad_batches))


def _facets_of_the_whole(module: AveragedModule) -> set[str]:
    """Facets that the network alone does not show: how it is trained, and what stands around it."""
    match module:
        case AutoencoderModule(loss=loss):
            return {"vae"} if loss.kl_weight else set()
        case ClipModule():
            return {"clip"}
        case DiffusionModule(codec=codec, can_be_guided=guided):
            facets = {"cfg"} if guided else set()
            if isinstance(codec, LatentCodec):
                facets |= {"latent"} | (describe(codec.autoencoder).facets & {"autoencoder"})
            return facets
    raise TypeError(type(module).__name__)


def _hardware(trainer: pl.Trainer) -> str:
    device = trainer.strategy.root_device
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        return name if trainer.world_size == 1 else f"{trainer.world_size} x {name}"
    return processor_name() if device.type == "cpu" else "Apple MPS"
