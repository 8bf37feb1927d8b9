"""Animations: images that change in a picture that stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from torch import Tensor

from diffusionlab.visualization.style import look, new_figure

DPI = 100
NUM_COLOURS = 32
"""Of a frame: noise in 256 greys does not compress."""


@dataclass(frozen=True)
class Animation:
    """`frames` of one size; `milliseconds`: how long each is shown."""

    frames: Sequence[Image.Image]
    milliseconds: Sequence[int]


@look
def animate(
    steps: Sequence[Tensor],
    times: Sequence[float],
    captions: Sequence[str],
    *,
    title: str,
    columns: int,
    milliseconds: int = 120,
    hold: int = 2000,
) -> Animation:
    """`steps`: (N, channels, H, W) uint8 each, N the number of `captions`; the last is held for `hold` milliseconds."""
    rows = -(-len(captions) // columns)
    height, width = steps[0].shape[-2:]
    cell = 0.98
    figure = new_figure(title, 0.55 + rows * (cell * height / width + 0.3), columns * (cell + 0.04))
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(DPI)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    shown = [axes.imshow(_array(image)) for axes, image in zip(grid, steps[0], strict=False)]
    for axes, caption in zip(grid, captions, strict=False):
        axes.set_title(caption, fontsize=10, loc="center", pad=3)
    for axes in grid:
        axes.set_axis_off()
    frames = []
    for images, time in zip(steps, times, strict=True):
        figure.suptitle(f"{title}, t = {time:.2f}", x=0.01, horizontalalignment="left", fontsize=12)
        for artist, image in zip(shown, images, strict=True):
            artist.set_data(_array(image))
        canvas.draw()
        figure.set_layout_engine("none")  # laid out once: nothing may move between frames
        frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    return Animation(frames, [milliseconds] * (len(frames) - 1) + [hold])


def save_gif(animation: Animation, path: Path, *, caption: str) -> Path:
    """Write a GIF that begins again for ever, with `caption` as its comment."""
    first, *rest = [frame.quantize(NUM_COLOURS, dither=Image.Dither.NONE) for frame in animation.frames]
    temporary = path.with_name(f".{path.name}.tmp")
    first.save(
        temporary,
        format="GIF",
        save_all=True,
        append_images=rest,
        duration=list(animation.milliseconds),
        loop=0,
        comment=caption.encode(),
    )
    temporary.replace(path)
    return path


def _array(image: Tensor) -> np.ndarray:
    """(channels, H, W) uint8 -> (H, W, 3), enlarged so that pixels keep sharp edges."""
    large = image.cpu().repeat_interleave(4, dim=1).repeat_interleave(4, dim=2)
    return large.expand(3, -1, -1).permute(1, 2, 0).numpy()
