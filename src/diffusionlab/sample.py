"""Sample from a trained run, by its name alone."""

from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig
from rich.console import Console
from rich.progress import track

from diffusionlab import tensors
from diffusionlab.checkpoint import TrainedModel, load_model
from diffusionlab.diffusion import SampleRequest, sample_batches
from diffusionlab.errors import UsageError, did_you_mean
from diffusionlab.explain import user_errors
from diffusionlab.registry.lookup import find_run
from diffusionlab.visualization.grids import class_grid, image_grid, save_png, to_pil


def sample(cfg: DictConfig) -> Path:
    """Write grid.png and one PNG a sample; returns their folder. Raises UsageError for a wish that cannot be met."""
    with user_errors():
        folder = _run_folder(cfg)
        model = load_model(folder, _device(cfg.device))
        labels = choose_labels(
            cfg.label, cfg.num_samples, model.config["data"]["class_names"], model.network.num_classes
        )
        scale = _guidance_scale(cfg.guidance_scale, model, labels)
        request = SampleRequest(
            num_samples=cfg.num_samples,
            shape=model.shape,
            labels=labels,
            null_label=model.network.num_classes,
            guidance_scale=scale,
            seed=cfg.seed,
        )
        if cfg.batch_size < 1:
            raise UsageError(f"batch_size={cfg.batch_size}: at least 1")
        sampler = instantiate(cfg.sampler)
        model.denoiser.schedule.times(sampler.num_steps)  # refuses more steps than the schedule has
        target = _output_folder(cfg.output_dir, folder)
    batches = sample_batches(
        model.denoiser, sampler, request, batch_size=cfg.batch_size, device=next(model.network.parameters()).device
    )
    total = -(-cfg.num_samples // cfg.batch_size)
    shown = track(batches, "sampling", total=total, console=Console(stderr=True))
    images = tensors.to_uint8(torch.cat([batch.cpu() for batch in shown]))
    write(images, labels, model, target)
    print(target / "grid.png")
    return target


def choose_labels(
    wish: Any, num_samples: int, class_names: list[str] | None, num_classes: int | None
) -> torch.Tensor | None:
    """(num_samples,) int64: the wished classes in turn, by name or number; all of them where `wish` is None.

    None for an unconditional network. Raises UsageError for a class that there is not.
    """
    if num_classes is None:
        if wish is not None:
            raise UsageError(
                f"label={wish}: this run is unconditional; leave label away, or train model=conditional_unet"
            )
        return None
    names = class_names or [str(number) for number in range(num_classes)]
    wishes = list(range(num_classes)) if wish is None else list(wish) if isinstance(wish, ListConfig) else [wish]
    if not wishes:
        raise UsageError(f"label=[] names no class; choose from {', '.join(names)}, or leave it away for all")
    numbers = torch.tensor([_class_number(one, names) for one in wishes])
    return numbers.repeat(-(-num_samples // len(numbers)))[:num_samples]


def write(images: torch.Tensor, labels: torch.Tensor | None, model: TrainedModel, target: Path) -> None:
    """grid.png, and 00000.png ... in the order of the samples; `images` (N, C, H, W) uint8."""
    for number, image in enumerate(images):
        save_png(to_pil(image), target / f"{number:05d}.png")
    equal = labels is not None and len(set(labels.bincount(minlength=1)[labels.unique()].tolist())) == 1
    if labels is not None and equal and len(labels.unique()) > 1:
        grid = class_grid(images, labels, model.config["data"]["class_names"])
    else:
        columns = max(1, round(len(images) ** 0.5))
        grid = image_grid(images, columns=columns)
    save_png(grid, target / "grid.png")


def _class_number(wish: Any, names: list[str]) -> int:
    if not isinstance(wish, bool) and str(wish).lstrip("-").isdecimal():
        if 0 <= int(wish) < len(names):
            return int(wish)
        raise UsageError(f"label={wish}: the classes are numbered 0 to {len(names) - 1}")
    lower = [name.lower() for name in names]
    if str(wish).lower() in lower:
        return lower.index(str(wish).lower())
    raise UsageError(f"label={wish} is none of {', '.join(names)}{did_you_mean(str(wish), names)}")


def _run_folder(cfg: DictConfig) -> Path:
    record = find_run(cfg.registry.uri, str(cfg.run))
    if record.path is None:
        raise UsageError(f"run {record.run_id} was imported without a folder: there is nothing to sample from")
    return Path(record.path)


def _guidance_scale(wish: float | None, model: TrainedModel, labels: torch.Tensor | None) -> float:
    """2 by default, where the null label was trained."""
    guided = labels is not None and model.config["loss"]["label_dropout"] > 0
    if wish is None:
        return 2.0 if guided else 1.0
    if labels is not None and not guided and wish != 1:
        raise UsageError(f"guidance_scale={wish}: this run was trained with loss.label_dropout=0; leave it away")
    return wish


def _device(wish: str) -> torch.device:
    if wish != "auto":
        try:
            return torch.empty(0, device=wish).device
        except (RuntimeError, AssertionError) as error:
            raise UsageError(f"device={wish} is not to be had here; type device=auto, or cpu, cuda, mps") from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _output_folder(wish: str | None, run_folder: Path) -> Path:
    if wish is None:
        return _new_folder(run_folder / "samples")
    try:
        Path(wish).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"output_dir={wish} cannot be made: {error.strerror}") from error
    return Path(wish)


def _new_folder(parent: Path) -> Path:
    """sampled_000, sampled_001, ...: an earlier picture is never overwritten."""
    number = 0
    while True:
        try:
            folder = parent / f"sampled_{number:03d}"
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return folder
