"""Pictures of runs, drawn into <run folder>/pictures/."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from diffusionlab.bars import tracked
from diffusionlab.commands.closing import here
from diffusionlab.commands.place import output_folder
from diffusionlab.errors import UsageError
from diffusionlab.gallery import of_clip, of_features, of_noise, of_sampling, of_training
from diffusionlab.gallery.options import Drawn, PictureOptions
from diffusionlab.report.run_page import refresh_report
from diffusionlab.runs.explain import user_errors
from diffusionlab.runs.frozen import Group, freeze
from diffusionlab.runs.run import Run, load_run
from diffusionlab.runs.settings import make, to_plain
from diffusionlab.untrusted import say
from diffusionlab.visualization.animation import Animation, save_gif
from diffusionlab.visualization.catalogue import ALL, FOLDER, PICTURES, Picture, find_picture
from diffusionlab.visualization.style import save_figure

FORMATS = {"png": ("png",), "svg": ("svg",), "both": ("png", "svg")}

DRAW: dict[str, Callable[[Sequence[Run], PictureOptions], Drawn]] = {
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
    """Draw what `cfg.what` names; returns the files. Raises UsageError for invalid input."""
    with user_errors():
        settings = freeze(to_plain(cfg))
        chosen = PICTURES if settings.what == ALL else (find_picture(settings.what),)
        if settings.format not in FORMATS:
            raise UsageError(f"format={settings.format}: choose from {', '.join(FORMATS)}")
        options, runs = _options(settings), _runs(settings)
        target = None if settings.output_dir is None else Path(settings.output_dir)
        files = draw_pictures(chosen, runs, options, target=target, formats=FORMATS[settings.format])
    for file in files:
        say(here(file))
    for run in runs if target is None else ():
        refresh_report(run.folder)
    return files


def draw_pictures(
    pictures: Sequence[Picture],
    runs: Sequence[Run],
    options: PictureOptions,
    *,
    target: Path | None = None,
    formats: Sequence[str] = ("png", "svg"),
) -> list[Path]:
    """Draw and save; `target` None is the pictures/ of each run, for several runs in one picture that of the first.

    A single picture that the run cannot have raises UsageError; of several it is skipped with a message.
    """
    files = []
    shown = tracked(pictures, "drawing") if len(pictures) > 1 else pictures
    for picture in shown:
        groups = [list(runs)] if picture.runs == "together" else [[run] for run in runs]
        for group in groups:
            try:
                drawn = DRAW[picture.name](group, options)
            except UsageError as error:
                if len(pictures) == 1:
                    raise
                say(f"skipped {picture.name}: {error}")
                continue
            stem = f"{picture.name}_{drawn.variant}" if drawn.variant else picture.name
            stem += f"_of_{len(group)}_runs" if len(group) > 1 else ""
            if target is not None and len(runs) > len(group):
                stem += f"_{group[0].folder.name}"
            of = " ".join(run.record.run_id for run in group)
            files += _save(picture, drawn, output_folder(target, group[0].folder, FOLDER) / stem, formats, of)
    return files


def _save(picture: Picture, drawn: Drawn, stem: Path, formats: Sequence[str], of: str) -> list[Path]:
    caption = f"{picture.caption} {drawn.note}".strip()
    if isinstance(drawn.content, Animation):
        return [save_gif(drawn.content, stem.with_name(f"{stem.name}.gif"), caption=caption)]
    return save_figure(drawn.content, stem, formats, title=picture.title, caption=caption, source=of)


def _runs(options: Group) -> list[Run]:
    requested = options.run if isinstance(options.run, tuple) else (options.run,)
    if not requested:
        raise UsageError("run=[] names none: type an id, a name, latest, or a run folder")
    places = {"registry": options.registry.uri, "device": options.device, "data_dir": options.data_dir}
    return [
        load_run(str(one), trust=options.trust, ema=options.ema, checkpoint=options.checkpoint, **places)
        for one in requested
    ]


def _options(settings: Group) -> PictureOptions:
    def several(value: Any) -> list[Any]:
        return list(value) if isinstance(value, tuple) else [value]

    given: dict[str, Any] = {name: several(settings[name]) for name in ("guidance_scales", "num_steps", "beta_ends")}
    numbers = ("num_samples", "num_times", "guidance_scale", "beta_steps", "num_points", "perplexity", "seed")
    given |= {name: settings[name] for name in numbers}
    return PictureOptions(
        labels=None if settings.label is None else several(settings.label),
        sampler=make(settings, "sampler"),
        make_features=make(settings, "features"),
        cache_dir=Path(settings.cache_dir),
        samplers=make(settings, "samplers"),
        **given,
    )
