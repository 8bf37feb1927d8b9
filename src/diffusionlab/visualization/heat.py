"""Matrices of figures as heat maps."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from diffusionlab.visualization.style import look, new_figure


@look
def heat_maps(
    maps: Sequence[tuple[str, np.ndarray, Sequence[str], Sequence[str]]],
    *,
    title: str,
    row_axis: str,
    column_axis: str,
    unit: str,
) -> Figure:
    """One heat map below another on one scale of colours, its figures written in its cells.

    `maps`: title, (R, C), R names of rows, C names of columns.
    """
    heights = [len(rows) + 3.0 for _, _, rows, _ in maps]
    figure = new_figure(title, 0.6 + 0.42 * sum(heights))
    low, high = (float(end([end(values) for _, values, _, _ in maps])) for end in (np.min, np.max))
    grid = figure.subplots(len(maps), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (name, values, rows, columns) in zip(grid, maps, strict=True):
        drawn = axes.imshow(values, cmap="viridis", vmin=low, vmax=high, aspect="auto")
        axes.set_title(name)
        slanted = {"rotation": 35, "ha": "right"} if len(columns) > 5 else {}
        axes.set_xticks(range(len(columns)), columns, **slanted)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xlabel(column_axis)
        axes.set_ylabel(row_axis)
        axes.grid(False)
        axes.tick_params(length=0)
        for (row, column), value in np.ndenumerate(values):
            colour = "white" if value < (low + high) / 2 else "black"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=9, color=colour)
    figure.colorbar(drawn, ax=list(grid), shrink=0.6, label=unit)
    return figure
