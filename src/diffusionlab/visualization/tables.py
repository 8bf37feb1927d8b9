"""Tables of images with words at their edges."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from diffusionlab.visualization.style import WIDTH, look, new_figure

ENLARGED = 4
GAP = 5


@look
def image_table(
    images: Tensor,
    *,
    title: str,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    row_axis: str = "",
    column_axis: str = "",
    gap: int = GAP,
) -> Figure:
    """`images`: (R, C, channels, H, W) uint8; a label for each row and each column, and what they are of."""
    rows, columns, _, height, width = images.shape
    margin = 0.12 * max((len(line) for label in row_labels or () for line in label.split("\n")), default=0) + 0.3
    cell = min(1.6, (WIDTH - margin) / columns)
    header = 0.25 * max((label.count("\n") + 1 for label in column_labels or ()), default=0)
    figure = new_figure(title, rows * cell * height / width + header + 0.4 + (0.3 if column_axis else 0))
    axes = figure.add_subplot()
    show_images(axes, images, row_labels=row_labels, column_labels=column_labels, gap=gap)
    axes.set_xlabel(column_axis)
    axes.set_ylabel(row_axis)
    return figure


def show_images(
    axes: Axes,
    images: Tensor,
    *,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    gap: int = GAP,
) -> None:
    """As `image_table`, in axes of a larger picture."""
    rows, columns, _, height, width = images.shape
    axes.imshow(mosaic(images, gap), interpolation="nearest")
    axes.spines[:].set_visible(False)
    axes.grid(False)
    axes.tick_params(length=0, labelbottom=False, labeltop=True)
    axes.xaxis.set_label_position("top")
    middles = [
        [(number + 0.5) * (size * ENLARGED + gap) - gap / 2 - 0.5 for number in range(count)]
        for size, count in ((width, columns), (height, rows))
    ]
    axes.set_xticks(middles[0] if column_labels else [], column_labels or None)
    axes.set_yticks(middles[1] if row_labels else [], row_labels or None)


def mosaic(images: Tensor, gap: int = GAP) -> np.ndarray:
    """(R, C, channels, H, W) uint8 -> (height, width, 3) uint8: enlarged, with `gap` white pixels between."""
    rows, columns, channels, height, width = images.shape
    tall, wide = height * ENLARGED + gap, width * ENLARGED + gap
    canvas = np.full((rows * tall - gap, columns * wide - gap, 3), 255, dtype=np.uint8)
    enlarged = images.cpu().repeat_interleave(ENLARGED, dim=3).repeat_interleave(ENLARGED, dim=4)
    for row in range(rows):
        for column in range(columns):
            tile = enlarged[row, column].expand(3, -1, -1) if channels == 1 else enlarged[row, column]
            canvas[row * tall :, column * wide :][: tall - gap, : wide - gap] = tile.permute(1, 2, 0).numpy()
    return canvas


def tiled(images: Tensor, columns: int) -> Tensor:
    """(N, channels, H, W) uint8, N a multiple of `columns` -> one image, with white lines a pixel wide between them.

    Its shape is (channels, N / columns (H + 1) - 1, columns (W + 1) - 1).
    """
    rows = pad(images, (0, 1, 0, 1), value=255).unflatten(0, (-1, columns))
    whole = rows.permute(2, 0, 3, 1, 4).flatten(3, 4).flatten(1, 2)
    return whole[:, :-1, :-1]


@look
def stacked(pictures: Sequence[Image.Image], labels: Sequence[str], *, title: str) -> Figure:
    """Finished pictures below one another, each below its label."""
    heights = [WIDTH * picture.height / picture.width + 0.35 for picture in pictures]
    figure = new_figure(title, 0.4 + sum(heights))
    grid = figure.subplots(len(pictures), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, picture, label in zip(grid, pictures, labels, strict=True):
        axes.imshow(np.asarray(picture.convert("RGB")), interpolation="antialiased")
        axes.set_title(label)
        axes.set_axis_off()
    return figure
