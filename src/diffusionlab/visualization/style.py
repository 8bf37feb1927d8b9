"""One look for every picture, and one way to save it."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from diffusionlab.atomic import replaced
from diffusionlab.untrusted import plain_text

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Seven colours that the colour-blind can tell apart (Okabe & Ito 2008), those with most contrast first."""

CLASSES = (*PALETTE, "#8A3A1E", "#7A4FBF", "#8C8C00")
"""PALETTE and three more: ten that a legend can tell apart."""

WIDTH = 7.0
"""Inches of a whole picture: with letters of 12 points still read when a phone shows it at half the size."""

LOOK: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "text.parse_math": False,  # a name with two dollar signs is a name
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.labelsize": 12,
    "axes.labelcolor": "#333333",
    "axes.edgecolor": "#888888",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "figure.titlesize": 14,
    "figure.titleweight": "bold",
    "image.cmap": "viridis",
    "image.interpolation": "nearest",
    "savefig.dpi": 120,
    "svg.fonttype": "none",
    "svg.hashsalt": "diffusionlab",
}

look = matplotlib.rc_context(LOOK)  # type: ignore[arg-type]
"""Decorates what draws or saves."""


def new_figure(title: str, height: float, width: float = WIDTH) -> Figure:
    """An empty figure of so many inches, which sees to it that nothing in it overlaps."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(fill(title, int(width * 8.5)), x=0.01, horizontalalignment="left")
    return figure


def add_sentence(figure: Figure, sentence: str) -> None:
    """A sentence below the picture, wrapped to its width."""
    letters = int(figure.get_figwidth() * 11.5)
    figure.supxlabel(fill(sentence, letters), x=0.01, horizontalalignment="left", fontsize=12)


@look
def save_figure(
    figure: Figure, stem: Path, formats: Sequence[str], *, title: str, caption: str, source: str = ""
) -> list[Path]:
    """Write `stem`.png, `stem`.svg, or both; the files carry title, caption and source as their metadata.

    `source`: what it was drawn of, such as the ids of runs.
    """
    title, caption, source = map(plain_text, (title, caption, source))
    for text in figure.findobj(Text):  # an SVG with a control character in a name is no XML
        if text.get_text() != (plain := plain_text(text.get_text())):
            text.set_text(plain)
    paths = []
    for suffix in formats:
        path = stem.with_name(f"{stem.name}.{suffix}")
        with replaced(path) as temporary:
            if suffix == "png":
                _write_png(figure, temporary, title, caption, source)
            else:
                about = {"Title": title, "Description": caption, "Source": source, "Date": None}
                figure.savefig(temporary, format=suffix, metadata=about)
        paths.append(path)
    return paths


def _write_png(figure: Figure, path: Path, title: str, caption: str, source: str) -> None:
    """Without the channels that say nothing, half the bytes: the background is white, and many pictures are grey."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    image = Image.open(drawn).convert("RGB")
    red, green, blue = image.split()
    if red.tobytes() == green.tobytes() == blue.tobytes():
        image = red
    texts = PngInfo()
    texts.add_itxt("Title", title)
    texts.add_itxt("Description", caption)
    texts.add_itxt("Source", source)
    image.save(path, format="PNG", optimize=True, pnginfo=texts)
