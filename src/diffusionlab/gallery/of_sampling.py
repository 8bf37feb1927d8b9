"""Pictures of sampling: the way from noise to image, and what it depends on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from diffusionlab.diffusion import GuidedDenoiser, Labels, SampleNoise, Sampler
from diffusionlab.diffusion.sampler import Denoise
from diffusionlab.errors import UsageError
from diffusionlab.gallery.options import Drawn, PictureOptions
from diffusionlab.runs.run import Run
from diffusionlab.visualization.animation import animate
from diffusionlab.visualization.forward import unit_variance
from diffusionlab.visualization.interpolation import slerp
from diffusionlab.visualization.tables import GAP, image_table, tiled

MOST_FRAMES = 12
CELL = 2
"""Samples along one side of a cell of the guidance grid."""


class Moment(NamedTuple):
    """Where a sampler was at time `t`: `images` (N, channels, H, W) uint8."""

    t: float
    images: Tensor


def denoising(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """Rows are samples, columns times t, the first pure noise."""
    (run,) = runs
    labels = labels_of(run, options, options.num_samples)
    shown = way(
        run,
        options.sampler,
        guided(run, labels, options),
        noise_of(run, options, options.num_samples),
        options.num_times,
    )
    figure = image_table(
        torch.stack([moment.images for moment in shown], dim=1),
        title="From noise to image",
        row_labels=names_of(run, labels),
        column_labels=[f"{moment.t:.2f}" for moment in shown],
        column_axis="time t (1 noise, 0 clean)",
    )
    return Drawn(figure, sampled_with(run, options))


def gif(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """One sample of each class, or `num_samples` of an unconditional run."""
    (run,) = runs
    count = len(run.label_numbers(options.labels)) if run.model.network.null_labels else options.num_samples
    labels = labels_of(run, options, count)
    shown = way(run, options.sampler, guided(run, labels, options), noise_of(run, options, count), MOST_FRAMES)
    animation = animate(
        [moment.images for moment in shown],
        [moment.t for moment in shown],
        names_of(run, labels) or [""] * count,
        title="From noise to image",
        columns=min(5, count),
    )
    return Drawn(animation, sampled_with(run, options))


def guidance(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """Rows are guidance scales, columns numbers of steps, every cell the same few samples."""
    (run,) = runs
    if not run.can_be_guided:
        raise UsageError(
            f"guidance needs a run trained with classes and loss.label_dropout above 0, which {run.record.run_id} "
            "was not: python train.py model=conditional_unet"
        )
    labels = labels_of(run, options, CELL * CELL)
    rows = []
    for scale in options.guidance_scales:
        at_scale = replace(options, guidance_scale=float(scale))
        samplers = [replace(options.sampler, num_steps=int(steps)) for steps in options.num_steps]
        ends = [samples_of(run, replace(at_scale, sampler=sampler), CELL * CELL) for sampler in samplers]
        rows.append(torch.stack([tiled(images, CELL) for images in ends]))
    figure = image_table(
        torch.stack(rows),
        title="Guidance scale against number of steps",
        gap=3 * GAP,
        row_labels=[f"{scale:g}" for scale in options.guidance_scales],
        column_labels=[str(steps) for steps in options.num_steps],
        row_axis="guidance scale",
        column_axis="sampling steps",
    )
    return Drawn(figure, f"In every cell: {', '.join(names_of(run, labels))}; {type(options.sampler).__name__}.")


def interpolate(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """The first row goes between two noises; where there are classes, the second between two of them.

    Between classes the two estimates of x0 are mixed at every step, as guidance mixes two: that needs nothing of the
    network but its answers, and at every share it is a step of the diffusion of p(x | a)^(1 - share) p(x | b)^share.
    """
    (run,) = runs
    shares = torch.linspace(0, 1, options.num_times)
    one = labels_of(run, options, 1)
    denoise = guided(run, one.repeat(len(shares)), options)
    rows = [finished(run, options.sampler, denoise, between_noises(run, options, shares))]
    row_labels, note = ["between\nnoises"], ""
    if run.model.network.null_labels:
        ends = run.label_numbers(options.labels)
        first, second = (labels_of(run, replace(options, labels=[end]), 1) for end in (ends[0], ends[-1]))
        mixed = between_classes(run, options, first, second, shares)
        rows.append(finished(run, options.sampler, mixed, the_same(noise_of(run, options, 1), len(shares))))
        row_labels.append("between\nclasses")
        note = "Above: {0}. Below: {0} to {1}.".format(*names_of(run, first), *names_of(run, second))
    figure = image_table(
        torch.stack(rows),
        title="From one sample to another",
        row_labels=row_labels,
        column_labels=[f"{share:.2f}" for share in shares.tolist()],
        column_axis="share of the second",
    )
    return Drawn(figure, f"{note} {sampled_with(run, options)}".strip())


def same_noise(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """Rows are samplers, run by run; columns are noises, each with its class."""
    if len({(run.model.x0_shape, run.record.image_size) for run in runs}) > 1:
        shapes = ", ".join(f"{run.record.name} {run.model.x0_shape}" for run in runs)
        raise UsageError(f"same_noise needs networks that see the same shape; these see {shapes}")
    rows, row_labels = [], []
    for number, run in enumerate(runs, start=1):
        for name, sampler in options.samplers.items():
            rows.append(samples_of(run, replace(options, sampler=sampler), options.num_samples))
            row_labels.append(name if len(runs) == 1 else f"run {number}\n{name}")
    figure = image_table(
        torch.stack(rows),
        title="The same noise, sampled differently",
        row_labels=row_labels,
        column_labels=names_of(runs[0], labels_of(runs[0], options, options.num_samples)) or None,
    )
    steps = ", ".join(f"{name} {sampler.num_steps or 'all'}" for name, sampler in options.samplers.items())
    names = [f"Run {number} is {run.record.name}." for number, run in enumerate(runs, start=1)]
    return Drawn(figure, " ".join([f"Steps: {steps}.", *(names if len(runs) > 1 else ())]))


def way(run: Run, sampler: Sampler, denoise: Denoise, draw_noise: Callable[[], Tensor], most: int) -> list[Moment]:
    """At most `most` moments of the sampler's way, evenly chosen, from pure noise at t = 1 to the image at t = 0."""
    schedule, drawn = run.model.denoiser.schedule, []

    def remembered() -> Tensor:
        drawn.append(draw_noise())
        return drawn[-1]

    steps = list(sampler(denoise, schedule, remembered))
    states = [(1.0, schedule.prior_std() * drawn[0]), *((step.t, step.x_t) for step in steps)]
    chosen = sorted(set(np.linspace(0, len(states) - 1, most).round().astype(int).tolist()))
    shown = []
    for t, x_t in (states[place] for place in chosen):
        times = torch.full((len(x_t),), t, device=run.device)
        shown.append(Moment(t, run.decode(unit_variance(x_t, schedule, times))))
    return shown


def finished(run: Run, sampler: Sampler, denoise: Denoise, draw_noise: Callable[[], Tensor]) -> Tensor:
    """(N, channels, H, W) uint8: where the sampler ends."""
    *_, last = sampler(denoise, run.model.denoiser.schedule, draw_noise)
    return run.decode(last.x_t)


def samples_of(run: Run, options: PictureOptions, count: int, **sampling: Any) -> Tensor:
    """(count, channels, H, W) uint8: sampled as `options` say."""
    given: dict[str, Any] = {
        "label": options.labels,
        "guidance_scale": options.guidance_scale,
        "sampler": options.sampler,
        "seed": options.seed,
    }
    return run.sample(count, **given, **sampling)


def guided(run: Run, labels: Labels, options: PictureOptions) -> GuidedDenoiser:
    """The run's denoiser with these labels, for figures that look at the steps in between."""
    model = run.model
    guidance = run.guidance(options.guidance_scale)
    return GuidedDenoiser(model.denoiser, labels, guidance, model.codec.clip_x0)


def between_noises(run: Run, options: PictureOptions, shares: Tensor) -> Callable[[], Tensor]:
    """A stream whose draws lie between those of samples 0 and 1, one for each of the shares (N,)."""
    stream = noise_of(run, options, 2)

    def draw() -> Tensor:
        first, second = stream().split(1)
        return torch.cat([slerp(first, second, share) for share in shares.tolist()])

    return draw


def between_classes(run: Run, options: PictureOptions, first: Labels, second: Labels, shares: Tensor) -> Denoise:
    """The estimates for two classes mixed, one sample for each of the shares (N,) of the second."""
    a, b = (guided(run, labels.repeat(len(shares)), options) for labels in (first, second))
    weight = shares.view(-1, 1, 1, 1).to(run.device)
    return lambda x_t, t: torch.lerp(a(x_t, t), b(x_t, t), weight)


def noise_of(run: Run, options: PictureOptions, count: int) -> SampleNoise:
    """The streams of samples 0 to count - 1."""
    return SampleNoise(seed=options.seed, indices=range(count), shape=run.model.x0_shape, device=run.device)


def the_same(draw_noise: Callable[[], Tensor], count: int) -> Callable[[], Tensor]:
    """A stream of one sample, for `count` of them."""
    return lambda: draw_noise().repeat(count, 1, 1, 1)


def labels_of(run: Run, options: PictureOptions, count: int) -> Labels:
    """The requested classes, or all, in turn, in any style; nothing for an unconditional run."""
    return run.labels(count, options.labels).to(run.device)


def names_of(run: Run, labels: Labels) -> list[str]:
    """The classes by name."""
    return [run.class_names[label] for label in (() if labels.label is None else labels.label.tolist())]


def sampled_with(run: Run, options: PictureOptions) -> str:
    """How, in a sentence."""
    scale = run.guidance(options.guidance_scale).scale
    guidance = f", guidance scale {scale:g}" if scale != 1 else ""
    return (
        f"{type(options.sampler).__name__}, {options.sampler.num_steps or 'all'} steps{guidance}, seed {options.seed}."
    )
