"""Sample from a trained run, by its name alone."""

import json
from collections.abc import Mapping, Sequence
from math import isqrt
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from PIL import Image

from diffusionlab.atomic import replaced
from diffusionlab.bars import counted
from diffusionlab.commands.clip_judge import ClipJudge
from diffusionlab.commands.closing import here, hydra_value, to_type
from diffusionlab.commands.place import output_folder
from diffusionlab.diffusion import Guidance, Labels
from diffusionlab.errors import UsageError
from diffusionlab.report.run_page import refresh_report
from diffusionlab.runs.checkpoint import saved_step
from diffusionlab.runs.explain import user_errors
from diffusionlab.runs.frozen import Group, freeze
from diffusionlab.runs.run import Run, load_run
from diffusionlab.runs.settings import to_plain
from diffusionlab.untrusted import say
from diffusionlab.visualization.grids import class_grid, image_grid, save_png
from diffusionlab.visualization.numbered import NumberedImages

MOST_SHOWN = 400
"""Samples in grid.png."""


def sample(cfg: DictConfig) -> Path:
    """Write grid.png, settings.json and one PNG a sample; returns their folder. Raises UsageError for invalid input.

    Several guidance scales make a folder and a row of the grid each, from the same noise. `scores` adds what a CLIP
    says of the samples; `select.top` keeps the best, under the numbers that they have among all. Each sample is written
    as it is drawn, and grid.png shows at most MOST_SHOWN, so that memory does not grow with `num_samples`.
    """
    with user_errors():
        options = freeze(to_plain(cfg))
        run = load_run(
            options.run,
            registry=options.registry.uri,
            device=options.device,
            data_dir=options.data_dir,
            trust=options.trust,
            ema=options.ema,
            checkpoint=options.checkpoint,
        )
        labels = run.labels(options.num_samples, options.label, options.style)
        guidances = _guidances(options, run)
        asked = run.sampler_settings(options.sampler)
        sampler = run.sampler(asked)
        judge = ClipJudge(options, run, list(guidances)) if ClipJudge.is_asked_for(options) else None
        num_steps = len(guidances) * run.num_steps_of(options.num_samples, sampler, options.batch_size)
        target = _output_folder(options.output_dir, run.folder)
        several = len(guidances) > 1
        drawn = {
            scale: NumberedImages(target / f"guidance_scale={scale:g}" if several else target) for scale in guidances
        }
    _save_settings(options | {"sampler": asked}, run, list(guidances), target)
    label = f"sampling {options.num_samples:,} images"
    label += f" at {len(guidances)} guidance scales" if several else ""
    with counted(label, num_steps) as on_step:
        for scale, guidance in guidances.items():
            for batch in run.sample_batches(
                options.num_samples,
                label=options.label,
                style=options.style,
                guidance_scale=guidance,
                sampler=sampler,
                seed=options.seed,
                steering=judge.steering if judge else None,
                batch_size=options.batch_size,
                progress=on_step,
            ):
                drawn[scale].append(batch)
    kept = list(range(options.num_samples))
    if judge is not None and len(drawn) == 1:
        (scale,) = drawn
        about = {
            "step": saved_step(run.folder, run.checkpoint),
            "seed": options.seed,
            "guidance_scale": scale,
            **options.guidance,
        }
        assert labels.label is not None
        kept = judge.judge(drawn[scale], labels.label, target, about)
        drawn[scale].keep(kept)
    shown = kept[: num_shown(labels[kept], len(kept), MOST_SHOWN // len(drawn))]
    images = {scale: found[torch.tensor(shown)] for scale, found in drawn.items()}
    save_png(grid(images, labels[shown], run.class_names or None), target / "grid.png")
    report = refresh_report(run.folder) if options.output_dir is None else None
    if asked != options.sampler:
        say(f"sampler  {sampler} {sampler.num_steps} steps, which this run is distilled for")
    _say_where(options, run, target, report, f" (the first {len(shown)} of {len(kept):,})" * (len(shown) < len(kept)))
    return target


def _say_where(options: Group, run: Run, target: Path, report: Path | None, which: str) -> None:
    trust = run.trust
    say(f"samples  {here(target / 'grid.png')}{which}")
    if report is not None:
        say(f"report   {here(report)}")
    places: dict[str, Any] = {"registry": options.registry.uri, "trust": trust}
    by_folder = Path(str(options.run)).is_dir()  # which a registry here may not know
    of = f"run={hydra_value(str(here(run.folder))) if by_folder else run.record.run_id}"
    say(f"more     {to_type('sample', of, f'seed={options.seed + 1}', **places)}")
    say(f"steps    {to_type('visualize', 'denoising', of, **places)}")


def _guidances(options: Group, run: Run) -> dict[float, Guidance]:
    """The guidance of every scale requested, by the scale."""
    by = run.guide(options.guidance.by, options.guidance.checkpoint, registry=options.registry.uri)
    requested = options.guidance_scale
    if requested is None:
        requested = run.guidance(by=by).scale
    try:
        scales = [float(one) for one in (requested if isinstance(requested, tuple) and requested else [requested])]
    except (TypeError, ValueError):
        raise UsageError(f"guidance_scale={requested}: a number, or a list such as [1,2,4]") from None
    shape: dict[str, Any] = {"schedule": options.guidance_schedule, "interval": options.guidance_interval, "by": by}
    return {scale: run.guidance(Guidance(scale=scale, **shape)) for scale in scales}


def grid(drawn: Mapping[float, torch.Tensor], labels: Labels, class_names: Sequence[str] | None) -> Image.Image:
    """One column a class where all classes have equally many samples; rows of one guidance scale after another.

    Of a single class its name stands above; of classes with unequal numbers, above each sample.
    """
    images, scales = torch.cat(list(drawn.values())), [f"{scale:g}" for scale in drawn] if len(drawn) > 1 else None
    count = len(images) // len(drawn)
    columns = columns_of(count)
    if scales and count % columns:
        columns = count  # each scale begins a row
    if class_names is None or labels.label is None:
        return image_grid(images, columns=columns, row_captions=scales)
    present, counts = labels.label.unique(return_counts=True)
    if len(present) == 1:
        return image_grid(images, columns=columns, captions=[class_names[present[0]]], row_captions=scales)
    if len(counts.unique()) > 1:
        names = [class_names[label] for label in labels.label.tolist()] * len(drawn)
        return image_grid(images, columns=columns, tile_captions=names, row_captions=scales)
    return class_grid(images, labels.label.repeat(len(drawn)), class_names, row_captions=scales)


def num_shown(labels: Labels, count: int, most: int) -> int:
    """How many of `count` samples the grid shows: all, or at most `most`, of each class equally many if it can be."""
    if count <= most:
        return count
    num_classes = 1 if labels.label is None else len(labels.label.unique())
    return max(most - most % num_classes, min(most, num_classes), 1)


def columns_of(count: int) -> int:
    """Columns of a full rectangle, at most eight times as wide as high; nearly a square where there is none."""
    rows = max((rows for rows in range(1, isqrt(count) + 1) if count % rows == 0), default=1)
    columns = max(1, count // rows)
    return columns if columns <= 8 * rows else isqrt(count - 1) + 1


def _save_settings(options: Mapping[str, Any], run: Run, scales: Sequence[float], folder: Path) -> None:
    """settings.json: what makes these samples again, of which weights."""
    names = (
        "label",
        "style",
        "num_samples",
        "guidance_schedule",
        "guidance_interval",
        "guidance",
        "sampler",
        "ema",
        "checkpoint",
        "seed",
    )
    settings = {
        "run": run.record.run_id,
        "step": saved_step(run.folder, run.checkpoint),
        "guidance_scale": list(scales),
        **{name: options[name] for name in names},
    }
    with replaced(folder / "settings.json") as temporary:
        temporary.write_text(json.dumps(settings, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _output_folder(requested: str | None, run_folder: Path) -> Path:
    if requested is None:
        return _new_folder(output_folder(None, run_folder, "samples"))
    if Path(requested, "grid.png").exists():
        raise UsageError(f"output_dir={requested} holds samples already: type another folder, or remove them")
    return output_folder(requested, run_folder, "samples")


def _new_folder(parent: Path) -> Path:
    """sampled_000, sampled_001, ...: an earlier picture is never overwritten."""
    number = 0
    while True:
        try:
            folder = parent / f"sampled_{number:03d}"
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise UsageError(f"{folder} cannot be made: {error.strerror}; type output_dir=FOLDER") from error
        else:
            return folder
