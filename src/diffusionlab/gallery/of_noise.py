"""Pictures of what comes before any network is trained: the forward process, the schedules, the time embedding."""

from collections.abc import Sequence

import torch
from torch import Tensor

from diffusionlab.diffusion import (
    CosineSchedule,
    EDMSchedule,
    LinearSchedule,
    NoiseSchedule,
    SampleNoise,
    SigmoidSchedule,
)
from diffusionlab.errors import UsageError
from diffusionlab.gallery.options import Drawn, PictureOptions
from diffusionlab.runs.run import Run
from diffusionlab.visualization import schedules as drawing
from diffusionlab.visualization.forward import forward_process, unit_variance
from diffusionlab.visualization.tables import image_table


def forward(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """One image at `num_times` times, first clean, last at t = 1."""
    (run,) = runs
    schedule = run.model.denoiser.schedule
    t = _times(schedule, options.num_times).to(run.device)
    images = _strip(run, schedule, t, options)
    alphas, sigmas = (values.tolist() for values in schedule(t))
    labels = [
        f"t = {time:.2f}\n\N{GREEK SMALL LETTER ALPHA} = {alpha:.2f}\n\N{GREEK SMALL LETTER SIGMA} = {sigma:.2f}"
        for time, alpha, sigma in zip(t.tolist(), alphas, sigmas, strict=True)
    ]
    figure = image_table(images[None], title="The forward process: image to noise", column_labels=labels)
    return Drawn(figure, f"Schedule of this run: {run.record.schedule}; at t = 1 alpha is {alphas[-1]:.3f}.")


def schedules(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """The lab's schedules as curves, and two linear ones as strips."""
    (run,) = runs
    shown: dict[str, NoiseSchedule] = {
        "cosine": CosineSchedule(),
        "linear": LinearSchedule(),
        "sigmoid": SigmoidSchedule(),
        "edm": EDMSchedule(),
    }
    strips = {}
    for end in options.beta_ends:
        schedule = LinearSchedule(num_steps=options.beta_steps, beta_end=end).to(run.device)
        strips[f"beta to {end:g}"] = _strip(run, schedule, _times(schedule, options.num_times).to(run.device), options)
    ends = [
        f"{schedule.terminal_signal():.3f} of the image with beta up to {end:g}"
        for end in options.beta_ends
        for schedule in [LinearSchedule(num_steps=options.beta_steps, beta_end=end)]
    ]
    figure = drawing.schedule_curves(shown, strips, num_steps=options.beta_steps, own=run.record.schedule)
    return Drawn(figure, f"After {options.beta_steps} linear steps there is left: {', '.join(ends)}.")


def embeddings(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """The sinusoidal embedding of the times, and what the network makes of it."""
    (run,) = runs
    network, schedule = run.model.network, run.model.denoiser.schedule
    t = torch.arange(1, 101) / 100
    time = schedule.time_input(t).to(run.device)
    features = network.time_features(time)
    if features is None:
        raise UsageError(f"embeddings: {type(network).__name__} declares no time_features()")
    sinusoids, learnt = features
    return Drawn(drawing.embedding_heat_maps(t, sinusoids.cpu(), learnt.cpu()))


def _times(schedule: NoiseSchedule, number: int) -> Tensor:
    """From 0 to 1, on the schedule's own grid."""
    return torch.tensor(schedule.times(number - 1)[::-1])


def _strip(run: Run, schedule: NoiseSchedule, t: Tensor, options: PictureOptions) -> Tensor:
    """(len(t), channels, H, W) uint8: one image and one noise at all these times."""
    labels = None if options.labels is None else run.label_numbers(options.labels)
    x0 = run.encode(run.images(1, labels).images[:])
    noise = SampleNoise(seed=options.seed, indices=[0], shape=x0.shape[1:], device=run.device)()
    return run.decode(unit_variance(forward_process(x0, noise, schedule, t), schedule, t))
