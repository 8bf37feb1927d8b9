"""Pictures of runs, drawn into <run folder>/pictures/."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig
from rich.console import Console
from rich.progress import track

from diffusionlab.commands.sample import device_of, run_folder_of
from diffusionlab.errors import UsageError
from diffusionlab.gallery import of_clip, of_features, of_noise, of_sampling, of_training
from diffusionlab.gallery.loaded_run import Drawn, LoadedRun, Wish
from diffusionlab.report.run_page import refresh_report
from diffusionlab.runs.explain import user_errors
from diffusionlab.untrusted import folder_inside, say
from diffusionlab.visualization.animation import Animation, save_gif
from diffusionlab.visualization.catalogue import ALL, FOLDER, PICTURES, Picture, find_picture
from diffusionlab.visualization.style import save_figure

FORMATS = {"png": ("png",), "svg": ("svg",), "both": ("png", "svg")}

DRAW: dict[str, Callable[[Sequence[LoadedRun], Wish], Drawn]] = {
    "forward": of_noise.forward,
    "schedules": of_noise.schedules,
    "embeddings": of_noise.embeddings,
    "loss_by_time": of_training.loss_by_time,
    "panels": of_training.panels,
    "denoising": of_sampling.denoising,
    "gif": of_sampling.gif,
    "guidance": of_sampling.guidance,
    "tsne": of_features.tsne,
    "interpolate": of_sampling.interpolate,
    "same_noise": of_sampling.same_noise,
    "epochs": of_training.epochs,
    "curves": of_training.curves,
    "prompts": of_clip.prompts,
}


def visualize(cfg: DictConfig) -> list[Path]:
    """Draw what `cfg.what` names; returns the files. Raises UsageError for a wish that cannot be met."""
    with user_errors():
        chosen = PICTURES if cfg.what == ALL else (find_picture(cfg.what),)
        if cfg.format not in FORMATS:
            raise UsageError(f"format={cfg.format}: choose from {', '.join(FORMATS)}")
        wish, runs = _wish(cfg), _runs(cfg)
        target = None if cfg.output_dir is None else Path(cfg.output_dir)
        files = draw_pictures(chosen, runs, wish, target=target, formats=FORMATS[cfg.format])
    for file in files:
        say(file)
    for run in runs if target is None else ():
        refresh_report(run.folder)
    return files


def draw_pictures(
    pictures: Sequence[Picture],
    runs: Sequence[LoadedRun],
    wish: Wish,
    *,
    target: Path | None = None,
    formats: Sequence[str] = ("png", "svg"),
) -> list[Path]:
    """Draw and save; `target` None is the pictures/ of each run, for several runs in one picture that of the first.

    Of one picture raises UsageError where the run cannot have it; of several those are told and left out.
    """
    files = []
    shown = track(pictures, "drawing", console=Console(stderr=True), transient=True) if len(pictures) > 1 else pictures
    for picture in shown:
        groups = [list(runs)] if picture.runs == "together" else [[run] for run in runs]
        for group in groups:
            try:
                drawn = DRAW[picture.name](group, wish)
            except UsageError as error:
                if len(pictures) == 1:
                    raise
                say(f"left out {picture.name}: {error}")
                continue
            stem = f"{picture.name}_{drawn.variant}" if drawn.variant else picture.name
            stem += f"_of_{len(group)}_runs" if len(group) > 1 else ""
            if target is not None and len(runs) > len(group):
                stem += f"_{group[0].folder.name}"
            of = " ".join(run.record.run_id for run in group)
            files += _save(picture, drawn, (target or folder_inside(group[0].folder, FOLDER)) / stem, formats, of)
    return files


def _save(picture: Picture, drawn: Drawn, stem: Path, formats: Sequence[str], of: str) -> list[Path]:
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"output_dir={stem.parent} cannot be made: {error.strerror}") from error
    caption = f"{picture.caption} {drawn.note}".strip()
    if isinstance(drawn.content, Animation):
        return [save_gif(drawn.content, stem.with_name(f"{stem.name}.gif"), caption=caption)]
    return save_figure(drawn.content, stem, formats, title=picture.title, caption=caption, source=of)


def _runs(cfg: DictConfig) -> list[LoadedRun]:
    wishes = [str(one) for one in (cfg.run if isinstance(cfg.run, ListConfig) else [cfg.run])]
    if not wishes:
        raise UsageError("run=[] names none: type an id, a name, latest, or a run folder")
    device = device_of(cfg.device)
    folders = [run_folder_of(cfg.registry.uri, wish) for wish in wishes]
    return [LoadedRun(folder, device=device, data_dir=cfg.data_dir) for folder in folders]


def _wish(cfg: DictConfig) -> Wish:
    given: dict[str, Any] = {
        name: list(cfg[name]) if isinstance(cfg[name], ListConfig) else [cfg[name]]
        for name in ("guidance_scales", "num_steps", "beta_ends")
    }
    labels = list(cfg.label) if isinstance(cfg.label, ListConfig) else [cfg.label]
    numbers = ("num_samples", "num_times", "guidance_scale", "beta_steps", "num_points", "perplexity", "seed")
    given |= {name: cfg[name] for name in numbers}
    return Wish(
        labels=None if cfg.label is None else labels,
        sampler=instantiate(cfg.sampler),
        make_features=instantiate(cfg.features) if cfg.features else None,
        cache_dir=Path(cfg.cache_dir),
        samplers={str(name): instantiate(sampler) for name, sampler in cfg.samplers.items()},
        **given,
    )
