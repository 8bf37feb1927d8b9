"""Animations: images that change in a picture that stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from diffusionlab.atomic import replaced
from diffusionlab.visualization.style import look

DPI = 100
MIN_CELL, GAP, HEADING, CAPTION = 56, 14, 26, 18
"""Pixels: the least side of an image, what is between two, and the height of the lines of text."""
NUM_COLOURS = 16
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
    milliseconds: int = 150,
    hold: int = 2000,
) -> Animation:
    """`steps`: (N, channels, H, W) uint8 each, N the number of `captions`; the last is held for `hold` milliseconds.

    Images are enlarged by a whole factor: every pixel a square of its own, which is sharp and compresses.
    """
    rows = -(-len(captions) // columns)
    height, width = steps[0].shape[-2:]
    scale = max(1, -(-MIN_CELL // max(height, width)))
    across, down = width * scale + GAP, height * scale + CAPTION
    size = (columns * across, HEADING + rows * down + GAP // 2)
    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    heading = figure.text(0, 0, "", fontsize=10, weight="bold", va="center")
    heading.set_position((GAP / 2 / size[0], 1 - HEADING / 2 / size[1]))
    shown = []
    for number, (caption, image) in enumerate(zip(captions, steps[0], strict=True)):
        left, top = number % columns * across + GAP // 2, HEADING + number // columns * down
        middle = ((left + width * scale / 2) / size[0], 1 - (top + CAPTION / 2) / size[1])
        figure.text(*middle, caption, fontsize=7.5, ha="center", va="center")
        shown.append(figure.figimage(_array(image, scale), left, size[1] - top - down))
    frames = []
    for images, time in zip(steps, times, strict=True):
        heading.set_text(f"{title}, t = {time:.2f}")
        for artist, image in zip(shown, images, strict=True):
            artist.set_data(_array(image, scale))
        canvas.draw()
        frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    return Animation(frames, [milliseconds] * (len(frames) - 1) + [hold])


def save_gif(animation: Animation, path: Path, *, caption: str) -> Path:
    """Write a GIF that begins again for ever, with `caption` as its comment."""
    first, *rest = [frame.quantize(NUM_COLOURS, dither=Image.Dither.NONE) for frame in animation.frames]
    with replaced(path) as temporary:
        first.save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=rest,
            duration=list(animation.milliseconds),
            loop=0,
            comment=caption.encode(),
        )
    return path


def _array(image: Tensor, scale: int) -> np.ndarray:
    """(channels, H, W) uint8 -> (scale H, scale W, 3)."""
    large = image.cpu().repeat_interleave(scale, dim=1).repeat_interleave(scale, dim=2)
    return large.expand(3, -1, -1).permute(1, 2, 0).numpy()
