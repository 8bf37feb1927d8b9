"""Pictures inside a page: data URIs of what a run folder holds, and small thumbnails."""

import base64
import io
import math
from dataclasses import dataclass
from pathlib import Path

from diffusionlab.untrusted import ImageError, opened_image

LARGEST = 12_000_000
"""Bytes of a picture that a page still takes in; a larger one is named, with its size and place."""


@dataclass(frozen=True)
class Picture:
    """A picture with its words; `uri` is None where it is too large to take in. `path` counts from the run folder.

    `runs`: the ids of those that it shows, as far as it says.
    """

    title: str
    caption: str
    path: str
    uri: str | None
    width: int
    height: int
    num_bytes: int
    runs: frozenset[str] = frozenset()
    titled: bool = False
    """Whether the title can be read in the picture itself, as in all that `visualize.py` draws."""


def picture(file: Path, folder: Path, title: str) -> Picture | None:
    """Take in a picture of the run folder; None where it cannot be read as one of the known formats.

    What the file says of itself, in a PNG's Title and Description or a GIF's comment, goes before `title`.
    """
    try:
        with opened_image(file) as image:
            width, height = image.size
            info = image.info
            said = info.get("Title"), info.get("Description") or info.get("comment"), info.get("Source")
            kind = "jpeg" if image.format == "MPO" else str(image.format).lower()
        num_bytes = file.stat().st_size
        content = file.read_bytes() if num_bytes <= LARGEST else None
    except (OSError, ImageError):
        return None
    uri = None if content is None else data_uri(content, f"image/{kind}")
    told_title, caption, source = (_text(told) for told in said)
    path, runs = str(file.relative_to(folder)), frozenset(source.split())
    return Picture(told_title or title, caption, path, uri, width, height, num_bytes, runs, titled=bool(source))


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def data_uri(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def thumbnail(file: Path, *, num_pixels: int) -> Picture | None:
    """A WebP of at most about `num_pixels` of the picture's upper part (none is cut higher than it is wide)."""
    try:
        with opened_image(file) as image:
            whole = image.convert("RGB")
    except ImageError:
        return None
    upper = whole.crop((0, 0, whole.width, min(whole.height, whole.width)))
    scale = min(1.0, math.sqrt(num_pixels / (upper.width * upper.height)))
    small = upper.resize((max(1, round(upper.width * scale)), max(1, round(upper.height * scale))))
    out = io.BytesIO()
    small.save(out, format="WEBP", quality=50, method=2)
    content = out.getvalue()
    return Picture("", "", file.name, data_uri(content, "image/webp"), small.width, small.height, len(content))
