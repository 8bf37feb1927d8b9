"""Sample from a trained run, by its name alone."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig
from PIL import Image
from rich.console import Console
from rich.progress import track

from diffusionlab import tensors
from diffusionlab.commands.clip_judge import ClipJudge
from diffusionlab.diffusion import Guidance, Sampler, SampleRequest, Steering, sample_batches
from diffusionlab.errors import UsageError, did_you_mean
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.registry.record.run_record import read_record
from diffusionlab.report.run_page import refresh_report
from diffusionlab.runs.checkpoint import TrainedModel, load_model, saved_step
from diffusionlab.runs.explain import user_errors
from diffusionlab.untrusted import folder_inside, say
from diffusionlab.visualization.grids import class_grid, image_grid, save_png, to_pil


def sample(cfg: DictConfig) -> Path:
    """Write grid.png and one PNG a sample; returns their folder. Raises UsageError for a wish that cannot be met.

    Several guidance scales make a folder and a row of the grid each, from the same noise. `scores` adds what a CLIP
    says of the samples; `select.top` keeps the best, under the numbers that they have among all.
    """
    with user_errors():
        folder = run_folder_of(cfg.registry.uri, str(cfg.run))
        model = load_model(folder, device_of(cfg.device))
        names = [model.settings.data.class_names, model.settings.condition.style_names]
        labels = choose_labels([cfg.label, cfg.style], names, model.network.null_labels, cfg.num_samples)
        sampler = instantiate(cfg.sampler)
        sampler.times(model.denoiser.schedule)  # refuses more steps than the schedule has
        scales = guidance_scales(cfg.guidance_scale, model)
        judge = ClipJudge(cfg, model, folder, read_record(folder), scales) if ClipJudge.is_asked_for(cfg) else None
        steering = judge.steering if judge else None
        requests = {scale: _request(cfg, model, labels, scale, steering) for scale in scales}
        if cfg.batch_size < 1:
            raise UsageError(f"batch_size={cfg.batch_size}: at least 1")
        target = _output_folder(cfg.output_dir, folder)
    drawn = {scale: draw(model, sampler, request, cfg.batch_size) for scale, request in requests.items()}
    kept = list(range(cfg.num_samples))
    if judge is not None and len(drawn) == 1:
        about = {"step": saved_step(folder), "seed": cfg.seed, "guidance_scale": scales[0], **cfg.guidance}
        kept = judge.judge(drawn[scales[0]], labels[0], target, about)
    for scale, images in drawn.items():
        save_singly(images, target / f"guidance_scale={scale:g}" if len(drawn) > 1 else target, kept)
    shown = {scale: images[kept] for scale, images in drawn.items()}
    save_png(grid(shown, [label[kept] for label in labels], names[0]), target / "grid.png")
    say(target / "grid.png")
    if cfg.output_dir is None:
        refresh_report(folder)
    return target


def choose_labels(
    wishes: Sequence[Any], names: Sequence[Sequence[str] | None], null_labels: Sequence[int], num_samples: int
) -> tuple[torch.Tensor, ...]:
    """(num_samples,) int64 for each label that the network takes: every wished class in every wished style, in turn.

    A wish is a name, a number, or a list of them; None is all classes, or the null style. `null_labels` are how many
    classes and styles there are. Raises UsageError for a wish that there is not.
    """
    for option, wish in list(zip(("label", "style"), wishes, strict=True))[len(null_labels) :]:
        if wish is not None:
            told = "unconditional" if not null_labels else "trained without styles"
            how = "model=conditional_unet" + (" condition.style=ink" if option == "style" else "")
            raise UsageError(f"{option}={wish}: this run is {told}; leave {option} away, or train {how}")
    chosen = []
    for option, wish, known, number in zip(("label", "style"), wishes, names, null_labels, strict=False):
        if wish is None:
            chosen.append(list(range(number)) if option == "label" else [number])
        else:
            known = known or [str(place) for place in range(number)]
            several = list(wish) if isinstance(wish, list | ListConfig) else [wish]
            if not several:
                raise UsageError(f"{option}=[] names none; choose from {', '.join(known)}, or leave it away")
            chosen.append([number_of(option, one, known) for one in several])
    if not chosen:
        return ()
    in_turn = [combination[::-1] for combination in product(*reversed(chosen))]  # the class changes fastest
    rows = torch.tensor(in_turn).repeat(-(-num_samples // len(in_turn)), 1)[:num_samples]
    return tuple(rows.unbind(dim=1))


def grid(
    drawn: Mapping[float, torch.Tensor], labels: Sequence[torch.Tensor], class_names: Sequence[str] | None
) -> Image.Image:
    """One column a class where all classes have equally many samples; rows of one guidance scale after another."""
    images = torch.cat(list(drawn.values()))
    counts = labels[0].unique(return_counts=True)[1].tolist() if labels else []
    if class_names is None or len(counts) < 2 or len(set(counts)) > 1:
        return image_grid(images, columns=max(1, round(len(images) ** 0.5)))
    captions = [f"{scale:g}" for scale in drawn] if len(drawn) > 1 else None
    return class_grid(images, labels[0].repeat(len(drawn)), class_names, row_captions=captions)


def save_singly(images: torch.Tensor, folder: Path, numbers: Sequence[int]) -> None:
    """00000.png ... for each of these samples; `images` (N, C, H, W) uint8."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        save_png(to_pil(images[number]), folder / f"{number:05d}.png")


def _request(
    cfg: DictConfig, model: TrainedModel, labels: tuple[torch.Tensor, ...], scale: float, steering: Steering | None
) -> SampleRequest:
    return SampleRequest(
        num_samples=cfg.num_samples,
        shape=model.x0_shape,
        labels=labels,
        null_labels=model.network.null_labels,
        guidance=Guidance(scale=scale, schedule=cfg.guidance_schedule, interval=tuple(cfg.guidance_interval)),
        steering=steering,
        seed=cfg.seed,
    )


def draw(model: TrainedModel, sampler: Sampler, request: SampleRequest, batch_size: int) -> torch.Tensor:
    """(num_samples, C, H, W) uint8 on the CPU, beside a progress bar."""
    device = next(model.network.parameters()).device
    batches = sample_batches(model.denoiser, model.codec, sampler, request, batch_size=batch_size, device=device)
    total = -(-request.num_samples // batch_size)
    shown = track(batches, "sampling", total=total, console=Console(stderr=True))
    return tensors.to_uint8(torch.cat([batch.cpu() for batch in shown]))


def guidance_scales(wish: Any, model: TrainedModel) -> list[float]:
    """The guidance scales asked for; 2 by default, where the null label was trained."""
    labelled = bool(model.network.null_labels)
    guided = labelled and model.settings.loss.label_dropout > 0
    if wish is None:
        return [2.0 if guided else 1.0]
    try:
        scales = [float(one) for one in (wish if isinstance(wish, ListConfig) and len(wish) else [wish])]
    except (TypeError, ValueError):
        raise UsageError(f"guidance_scale={wish}: a number, or a list such as [1,2,4]") from None
    if labelled and not guided and scales != [1]:
        raise UsageError(f"guidance_scale={wish}: this run was trained with loss.label_dropout=0; leave it away")
    return list(dict.fromkeys(scales))


def number_of(option: str, wish: Any, names: Sequence[str]) -> int:
    """The place in `names` of a name, in any case, or of a number; UsageError naming `option` where there is none."""
    if not isinstance(wish, bool) and str(wish).lstrip("-").isdecimal():
        if 0 <= int(wish) < len(names):
            return int(wish)
        raise UsageError(f"{option}={wish}: they are numbered 0 to {len(names) - 1}, {', '.join(names)}")
    lower = [name.lower() for name in names]
    if str(wish).lower() in lower:
        return lower.index(str(wish).lower())
    raise UsageError(f"{option}={wish} is none of {', '.join(names)}{did_you_mean(str(wish), list(names))}")


def run_folder_of(uri: str, wish: str) -> Path:
    """The folder of the run that is meant, as `find_run` reads it; UsageError where it was imported without one."""
    record = find_run(uri, wish)
    if record.path is None:
        raise UsageError(f"run {record.run_id} was imported without a folder: its weights are not here")
    return Path(record.path)


def device_of(wish: str) -> torch.device:
    """`auto` takes CUDA or MPS where there is one; UsageError for a device that this machine has not."""
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
        return _new_folder(folder_inside(run_folder, "samples"))
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
