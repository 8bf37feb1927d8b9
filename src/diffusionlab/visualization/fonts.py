"""A font that has the letters of a caption."""

import logging
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

log = logging.getLogger(__name__)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

NO_CHARACTER = "\U0010ffff"
"""Every font draws it as it draws what it lacks."""


def font_for(text: str, size: float) -> Font:
    """Pillow's own font, DejaVu Sans (Greek, Cyrillic, ...) or one of the system's: the first that has it all.

    Where none has, the text is drawn with boxes for what is missing, and a warning says so.
    """
    letters = "".join(sorted({letter for letter in text if not letter.isspace()}))
    path = _path_for(letters)
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)


@cache
def _path_for(letters: str) -> str | None:
    """Of the font file, None for Pillow's own."""
    if letters.isascii() or _has(ImageFont.load_default(11), letters):
        return None
    for path in _font_files():
        if _has(ImageFont.truetype(path, 11), letters):
            return path
    log.warning("no font of this machine has all of %s: a caption shows boxes; install one, such as Noto Sans", letters)
    return None


def _has(font: Font, letters: str) -> bool:
    missing = _drawn(font, NO_CHARACTER)
    return all(_drawn(font, letter) != missing for letter in letters)


def _drawn(font: Font, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)


def _font_files() -> Iterator[str]:
    """Matplotlib's own font, found without importing matplotlib, before the system's."""
    package = find_spec("matplotlib")
    if package is not None and package.origin is not None:
        yield str(Path(package.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf")
    from matplotlib import font_manager

    yield from sorted(font_manager.findSystemFonts())
