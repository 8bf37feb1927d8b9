"""Where in the diffusion time the loss sits, and how it falls over training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from diffusionlab.visualization.loss_table import LossTable
from diffusionlab.visualization.style import CLASSES, PALETTE, add_sentence, look, new_figure

RANGES = (
    ("early", "t up to 1/3, little noise"),
    ("mid", "t from 1/3 to 2/3"),
    ("late", "t above 2/3, hardly anything but noise"),
)


def shares(table: LossTable) -> np.ndarray:
    """(E, 3): which part of each epoch's error falls into each third of t; they add up to 1."""
    sums = table.grouped(len(RANGES)).error_sums
    return sums / sums.sum(axis=1, keepdims=True)


def where_the_loss_sits(table: LossTable) -> str:
    """One sentence on the last epoch: the third of t with the largest share, and how it compares with its due."""
    share, counts = shares(table)[-1], table.grouped(len(RANGES)).counts[-1]
    largest = int(share.argmax())
    name, meaning = RANGES[largest]
    due = counts[largest] / counts.sum()
    return (
        f"In epoch {table.epochs[-1]} the {name} third ({meaning}) holds {share[largest]:.0%} of the loss, "
        f"with {due:.0%} of the samples."
    )


@look
def loss_by_time(table: LossTable, *, title: str) -> Figure:
    """Above, a line for each third of t over the epochs; below, all bins as a heat map; and the sentence."""
    figure = new_figure(title, 6.6)
    lines, heat = figure.subplots(2, 1, height_ratios=[1, 1.1], sharex=True)
    thirds = table.grouped(len(RANGES)).means
    for (name, meaning), values, colour, marker in zip(RANGES, thirds.T, PALETTE, "os^", strict=False):
        lines.plot(table.epochs, values, color=colour, marker=marker, markersize=5, label=f"{name}: {meaning}")
    lines.set_yscale("log")
    logarithmic(lines.yaxis)
    lines.set_ylabel("mean squared error")
    lines.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=11, borderaxespad=0.2)

    edges = np.append(table.epochs - 0.5, table.epochs[-1] + 0.5)
    means = np.ma.masked_invalid(table.means.T)
    mesh = heat.pcolormesh(edges, table.edges, means, norm=LogNorm(), shading="flat", rasterized=True)
    heat.grid(False)
    heat.set_ylabel("time t (0 clean, 1 noise)")
    heat.set_xlabel("epoch")
    heat.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    bar = figure.colorbar(mesh, ax=heat, pad=0.01)
    bar.set_label("mean squared error")
    logarithmic(bar.ax.yaxis)
    add_sentence(figure, where_the_loss_sits(table))
    return figure


@dataclass(frozen=True)
class LearningCurve:
    """Losses of one run; each (N, 2) of step and value, possibly empty."""

    name: str
    train_steps: np.ndarray
    train_epochs: np.ndarray
    val: np.ndarray


@look
def learning_curves(curves: Sequence[LearningCurve], *, title: str) -> Figure:
    """One colour a run, of a single run one a series; single steps faint, held-out images dashed."""
    alone = len(curves) == 1
    figure = new_figure(title, 4.2 + (0 if alone else 0.5 * len(curves)))
    axes = figure.add_subplot()
    for number, curve in enumerate(curves):
        colour = CLASSES[number % len(CLASSES)]
        if len(curve.train_steps):
            each_step = "training, each step" if alone else f"{curve.name}, each step"
            axes.plot(*curve.train_steps.T, color=colour, alpha=0.3, linewidth=1, label=each_step)
        for values, style, kind in ((curve.train_epochs, "-", "training"), (curve.val, "--", "held out")):
            shade = CLASSES[1] if alone and style == "--" else colour
            label = kind if alone else f"{curve.name}, {kind}"
            if len(values):
                axes.plot(*values.T, style, color=shade, marker="o", markersize=4, label=label)
    axes.set_yscale("log")
    logarithmic(axes.yaxis)
    axes.set_xlabel("optimizer steps")
    axes.set_ylabel("loss")
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower left", ncols=3 if len(curves) == 1 else 1)
    return figure


def logarithmic(axis: Axis) -> None:
    """Ticks of a logarithmic axis as plain numbers, also where it spans less than a decade."""
    axis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
