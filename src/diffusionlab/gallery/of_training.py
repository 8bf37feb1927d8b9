"""Pictures of what was recorded while a run trained."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from diffusionlab.errors import UsageError
from diffusionlab.gallery.options import Drawn, PictureOptions
from diffusionlab.ingest.pictures import moment
from diffusionlab.report.curves import read_curves
from diffusionlab.runs.run import Run
from diffusionlab.untrusted import inside, opened_image
from diffusionlab.visualization import losses
from diffusionlab.visualization.loss_table import read_loss_table
from diffusionlab.visualization.tables import stacked

MOST = 3
"""Grids of one training in one picture."""


def loss_by_time(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """From logs/loss_by_time.csv."""
    (run,) = runs
    path = run.folder / "logs/loss_by_time.csv"
    if inside(run.folder, "logs/loss_by_time.csv") is None:
        raise UsageError(f"{path} is missing: the run trained without callbacks.loss_by_time, or not for an epoch")
    table = read_loss_table(path)
    figure = losses.loss_by_time(table, title=f"Where the loss sits: {run.record.name}")
    return Drawn(figure, losses.where_the_loss_sits(table))


def panels(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """What callbacks.panels wrote, at a few moments."""
    (run,) = runs
    return _of_moments(run.folder / "samples/panels", "Noisy, predicted, original", "callbacks.panels")


def epochs(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """What callbacks.sample_grid wrote, at a few moments."""
    (run,) = runs
    return _of_moments(run.folder / "samples", "The same noise as training goes on", "callbacks.sample_grid")


def curves(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """The logged losses of one run or several."""
    names = [run.record.name for run in runs]
    labels = [
        run.record.name if names.count(run.record.name) == 1 else f"{run.record.name} {run.record.run_id[-6:]}"
        for run in runs
    ]
    drawn = [read_curve(run.folder, name) for run, name in zip(runs, labels, strict=True)]
    lowest = [
        f"{curve.name} {curve.val[:, 1].min():.4g} at step {int(curve.val[curve.val[:, 1].argmin(), 0]):,}"
        for curve in drawn
        if len(curve.val)
    ]
    figure = losses.learning_curves(drawn, title="Learning curves" + (f": {labels[0]}" if len(labels) == 1 else ""))
    return Drawn(figure, f"Lowest loss on held-out images: {', '.join(lowest)}." if lowest else "")


def read_curve(folder: Path, name: str) -> losses.LearningCurve:
    """The losses in all logs/version_N/metrics.csv. Raises UsageError if there are none."""
    logged = read_curves(folder)
    found = [logged.get(column, []) for column in ("train/loss_step", "train/loss_epoch", "val/loss")]
    if not any(found):
        raise UsageError(f"{folder} has no losses in logs/version_*/metrics.csv: train with logger=csv")
    return losses.LearningCurve(name, *(np.array(series, dtype=float).reshape(-1, 2) for series in found))


def _of_moments(folder: Path, title: str, callback: str) -> Drawn:
    """A few of the pictures `folder`/step_0002145.png, ..., evenly chosen, first and last among them."""
    found = sorted(path for path in folder.glob("*.png") if moment(path.stem) and inside(folder, path.name))
    if not found:
        raise UsageError(f"{folder} has no step_*.png: the run trained without {callback}, or has not come so far")
    places = sorted({round(place) for place in np.linspace(0, len(found) - 1, MOST)})
    chosen = [found[place] for place in places]
    labels = [f"after {moment(path.stem)}" for path in chosen]
    return Drawn(stacked([_read(path) for path in chosen], labels, title=title))


def _read(file: Path) -> Image.Image:
    with opened_image(file) as image:
        return image.copy()
