"""Files and texts of others: what may be read of a run folder, an image or a name without trusting who made it."""

import logging
import os
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE_FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".webp": "WEBP", ".bmp": "BMP", ".gif": "GIF",
}  # fmt: skip
"""Suffix -> the formats that are opened, under any of these names. Pillow knows more, and some start other programs."""

MOST_PIXELS = 64_000_000
"""Of an image that is decoded: beyond any photograph to train on, and 256 MB of memory."""


def plain_text(text: str) -> str:
    """`text` without control characters, which could drive a terminal, and without marks of writing direction."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n" else c for c in text)


def say(*lines: object) -> None:
    """Print each as a line of plain text: names, paths and messages of others stay on it and command nothing."""
    for line in lines:
        print(plain_text(str(line)))


def say_in_logs() -> None:
    """From now on every message that is logged is one plain line, whoever logs it."""
    make = logging.getLogRecordFactory()
    if make is not _plain_record:
        global _make_record
        _make_record = make
        logging.setLogRecordFactory(_plain_record)


_make_record: Callable[..., logging.LogRecord] = logging.LogRecord


def _plain_record(*arguments: Any, **options: Any) -> logging.LogRecord:
    record = _make_record(*arguments, **options)
    record.msg, record.args = plain_text(record.getMessage()), ()
    return record


def inside(folder: Path, name: str | None) -> Path | None:
    """The file called `name` below `folder`; None if there is none, or if it leads out of the folder."""
    if not name or "\0" in name or Path(name).is_absolute():
        return None
    path = folder / name
    return path if path.resolve().is_relative_to(folder.resolve()) and path.is_file() else None


def link_out_of(folder: Path) -> Path | None:
    """A link anywhere below `folder` that leads out of it; None if there is none.

    The log files of W&B, which link to its cache, are none: nothing writes through them once their run has ended.
    """
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *files)):
            if (
                path.is_symlink()
                and not path.resolve().is_relative_to(folder.resolve())
                and not _is_wandb_log(path.relative_to(folder))
            ):
                return path
    return None


def _is_wandb_log(path: Path) -> bool:
    return len(path.parts) == 4 and path.match("wandb/*/logs/*.log")


@contextmanager
def opened_image(file: Path) -> Iterator["Image"]:
    """An image in one of the `IMAGE_FORMATS`, of at most `MOST_PIXELS`, closed at the end.

    Raises ValueError that names the file if it is none, too large, or damaged; what is damaged may show only when the
    body decodes it, so that errors of the body count as the file's.
    """
    from PIL import Image, UnidentifiedImageError

    unreadable = f"{file} is not a readable image: remove or replace it"
    try:
        _no_second_warning()
        with Image.open(file, formats=sorted(set(IMAGE_FORMATS.values()))) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ImageError(
                    f"{file} has {image.width} x {image.height} pixels, more than the {MOST_PIXELS:,} that are read: "
                    "make it smaller or remove it"
                )
            yield image
    except ImageError:
        raise
    except (FileNotFoundError, PermissionError) as error:
        raise ImageError(f"{file} cannot be opened ({error.strerror})") from error
    except UnidentifiedImageError as error:
        formats = ", ".join(dict.fromkeys(IMAGE_FORMATS.values()))
        raise ImageError(f"{unreadable} ({formats} are read)") from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"{file} has more pixels than the {MOST_PIXELS:,} that are read: remove it") from error
    except Exception as error:  # of a damaged file each of Pillow's decoders raises something else
        raise ImageError(unreadable) from error


@cache
def _no_second_warning() -> None:
    """Pillow warns of images that are refused here in any case."""
    from PIL import Image

    warnings.simplefilter("ignore", Image.DecompressionBombWarning)


class ImageError(ValueError):
    """An image that cannot be read; one line that names the file."""
