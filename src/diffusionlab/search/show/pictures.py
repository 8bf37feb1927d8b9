"""Pictures of runs: in a terminal as half blocks, two pixels a character, and in JSON as small data URIs."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from diffusionlab.registry.manage.display import printable
from diffusionlab.search.answer.result import Result
from diffusionlab.untrusted import ImageError, opened_image

if TYPE_CHECKING:
    from PIL.Image import Image
    from rich.console import Console
    from rich.text import Text

MOST = 3  # runs whose picture is drawn
SIDE = 128  # pixels of a thumbnail


def print_pictures(console: Console, result: Result) -> None:
    """The first picture of the first runs, if the terminal has colors."""
    if not console.is_terminal or console.color_system is None:
        return
    from rich.text import Text

    for run_id, paths in [(run_id, paths) for run_id, paths in result.pictures.items() if paths][:MOST]:
        image = _opened(paths[0], min(console.width, 96))
        if image is not None:
            console.print()
            console.print(Text(printable(run_id), style="dim"))
            console.print(half_blocks(image), no_wrap=True, overflow="crop")


def half_blocks(image: Image) -> Text:
    """An RGB image as characters whose upper and lower halves are a pixel each; an odd last line is left out."""
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    pixels = image.load()
    assert pixels is not None
    drawn = Text()
    for y in range(0, image.height - 1, 2):
        for x in range(image.width):
            upper, lower = (Color.from_rgb(*pixels[x, y + half][:3]) for half in (0, 1))  # type: ignore[index]
            drawn.append("▀", Style(color=upper, bgcolor=lower))
        drawn.append("\n")
    return drawn


def thumbnail_uri(path: str) -> str | None:
    """A picture as a small PNG in a data URI; None if it cannot be read."""
    image = _opened(path, SIDE)
    if image is None:
        return None
    out = io.BytesIO()
    image.save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def _opened(path: str, side: int) -> Image | None:
    """The picture in RGB, no side longer than `side`; None if it is none, is broken, or is very large."""
    from PIL import Image

    try:
        with opened_image(Path(path)) as file:
            image = file.convert("RGB")
    except ImageError:
        return None
    image.thumbnail((side, side), Image.Resampling.BOX)
    return image
