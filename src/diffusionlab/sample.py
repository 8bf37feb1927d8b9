"""Sample from a trained run, by its name alone."""

from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig
from rich.progress import track

from diffusionlab import tensors
from diffusionlab.checkpoint import TrainedModel, load_model
from diffusionlab.diffusion import Guidance, SampleRequest, sample_batches
from diffusionlab.errors import UsageError, did_you_mean
from diffusionlab.explain import user_errors
from diffusionlab.registry.lookup import find_run
from diffusionlab.visualization.grids import class_grid, image_grid, save_png, to_pil


def sample(cfg: DictConfig) -> Path:
    """Write grid.png and one PNG a sample; returns their folder. Raises UsageError for a wish that cannot be met."""
    with user_errors():
        folder = _run_folder(cfg)
        model = load_model(folder, _device(cfg.device))
        label = choose_labels(
            cfg.label, cfg.num_samples, model.config["data"]["class_names"], model.network.num_classes
        )
        labels = () if label is None else (label,)
        scale = cfg.guidance_scale if cfg.guidance_scale is not None else (2.0 if labels else 1.0)
        request = SampleRequest(
            num_samples=cfg.num_samples,
            shape=model.x0_shape,
            labels=labels,
            null_labels=model.network.null_labels,
            guidance=Guidance(scale=scale),
            seed=cfg.seed,
        )
        sampler = instantiate(cfg.sampler)
        model.denoiser.schedule.times(sampler.num_steps)  # refuses more steps than the schedule has
    device = next(model.network.parameters()).device
    batches = sample_batches(model.denoiser, model.codec, sampler, request, batch_size=cfg.batch_size, device=device)
    total = -(-cfg.num_samples // cfg.batch_size)
    images = tensors.to_uint8(torch.cat([batch.cpu() for batch in track(batches, "sampling", total=total)]))
    target = Path(cfg.output_dir) if cfg.output_dir else _new_folder(folder / "samples")
    write(images, label, model, target)
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
    numbers = torch.tensor([_class_number(one, names) for one in wishes])
    return numbers.repeat(-(-num_samples // len(numbers)))[:num_samples]


def write(images: torch.Tensor, labels: torch.Tensor | None, model: TrainedModel, target: Path) -> None:
    """grid.png, and 00000.png ... in the order of the samples; `images` (N, C, H, W) uint8."""
    target.mkdir(parents=True, exist_ok=True)
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
    if isinstance(wish, int) or str(wish).isdecimal():
        if int(wish) < len(names):
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


def _device(wish: str) -> torch.device:
    if wish != "auto":
        try:
            return torch.empty(0, device=wish).device
        except (RuntimeError, AssertionError) as error:
            raise UsageError(f"device={wish} is not to be had here; type device=auto, or cpu, cuda, mps") from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


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
