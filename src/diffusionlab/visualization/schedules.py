"""Noise schedules and time embeddings, drawn."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffusionlab.diffusion import NoiseSchedule
from diffusionlab.visualization.style import PALETTE, look, new_figure
from diffusionlab.visualization.tables import show_images

LINES = ("-", "--", "-.", ":")


def shares_and_snr(schedule: NoiseSchedule, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Signal and noise as shares of the standard deviation, their squares adding up to 1, and the SNR; all (N,)."""
    alpha, sigma = (value.double() for value in schedule(t))
    whole = torch.hypot(alpha, sigma)
    return alpha / whole, sigma / whole, schedule.snr(t)


@look
def schedule_curves(
    schedules: Mapping[str, NoiseSchedule], strips: Mapping[str, Tensor], *, num_steps: int, own: str | None = None
) -> Figure:
    """Signal, noise and SNR over t in (0, 1], `own` drawn thicker; below them one row of images a strip.

    `strips`: (N, channels, H, W) uint8 each, the last at t = 1; `num_steps`: of the schedules they are on.
    """
    figure = new_figure("Noise schedules side by side", 7.3)
    grid = figure.add_gridspec(3, 2, height_ratios=[1, 1.15, 0.85])
    signal, noise = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    snr, strip = figure.add_subplot(grid[1, :]), figure.add_subplot(grid[2, :])
    t = torch.arange(1, 1001) / 1000
    for (name, schedule), colour, line in zip(schedules.items(), PALETTE, LINES, strict=False):
        thickness, label = (3.5, f"{name}\n(this run)") if name == own else (1.8, name)
        for axes, values in zip((signal, noise, snr), shares_and_snr(schedule, t), strict=True):
            axes.plot(t, values, color=colour, linestyle=line, linewidth=thickness, label=label)
    signal.set_title("share of the signal")
    noise.set_title("share of the noise")
    snr.set_title("signal-to-noise ratio")
    snr.set_yscale("log")
    snr.set_ylim(1e-5, 1e5)
    snr.yaxis.set_major_formatter("{x:g}")
    snr.set_ylabel("SNR")
    snr.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    for axes in (signal, noise, snr):
        axes.set_xlabel("time t")
        axes.set_xlim(0, 1)
    show_images(strip, torch.stack([*strips.values()]), row_labels=list(strips))
    strip.set_title(f"one image, t = 0 to 1, on linear schedules of {num_steps} steps", y=1.02)
    return figure


@look
def embedding_heat_maps(t: Tensor, sinusoids: Tensor, learnt: Tensor) -> Figure:
    """`t`: (N,) rising; `sinusoids` and `learnt`: (N, dim) each."""
    figure = new_figure("How the network sees the time", 4.4)
    for axes, values, title in zip(
        figure.subplots(1, 2, sharey=True),
        (sinusoids, learnt),
        ("sines and cosines", "what the network makes of them"),
        strict=True,
    ):
        most = float(values.abs().quantile(0.995))
        edges = (0, values.shape[1], float(t[0]), float(t[-1]))
        shown = axes.imshow(values, aspect="auto", origin="lower", extent=edges, cmap="PuOr", vmin=-most, vmax=most)
        axes.set_title(title)
        axes.set_xlabel("dimension")
        axes.grid(False)
        figure.colorbar(shown, ax=axes, location="bottom", aspect=30, label="value")
    figure.axes[0].set_ylabel("time t (0 clean, 1 noise)")
    return figure
