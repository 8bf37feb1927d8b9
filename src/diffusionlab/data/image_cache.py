"""Decoded images in a file of their own: made by the first start, mapped into memory by every later one."""

import hashlib
import logging
import os
import re
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path

import numpy as np
import PIL
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from diffusionlab.atomic import leftovers, replaced
from diffusionlab.bars import counted
from diffusionlab.data.ahead import made_ahead
from diffusionlab.data.mapped import PART_BYTES, MappedImages, open_images, write_images
from diffusionlab.errors import StorageError
from diffusionlab.untrusted import ImageError

log = logging.getLogger(__name__)

VERSION = 1
"""Of how files become pixels; another one decodes them anew."""

LOCATION = "DIFFUSIONLAB_CACHE_DIR"
_BLOCK = 128
"""Files of one task at the most: threads help with large photographs, and for small ones a task per file costs more."""


def cache_folder() -> Path:
    """Of decoded images: in DIFFUSIONLAB_CACHE_DIR, or in the user's cache folder.

    The user's, not a run's: runs of other folders, sweeps and later commands find what the first one decoded, and no
    record of a stranger says where to write.
    """
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get(LOCATION) or Path(user, "diffusionlab")).expanduser() / "images"


def decoded_once(
    folder: Path, files: Sequence[Path], shape: tuple[int, int, int], decode: Callable[[Sequence[Path]], np.ndarray]
) -> MappedImages:
    """The images of `files`, all in `folder`, each of `shape` (C, H, W); `decode` makes (B, C, H, W) uint8 of some.

    Of two processes that start at once both decode, and the files that they put in place are the same, byte for byte.
    Raises StorageError if the decoded images cannot be written, and what `decode` raises.
    """
    path, whole = _path(folder, files, shape), (len(files), *shape)
    if (images := open_images(path, whole)) is not None:
        return images
    num_files = max(1, min(_BLOCK, PART_BYTES // prod(shape)))
    blocks = [files[start : start + num_files] for start in range(0, len(files), num_files)]
    cores = os.cpu_count() or 1
    try:
        with (
            counted(f"decoding {len(files):,} images", len(blocks)) as on_block,
            replaced(path) as temporary,
            temporary.open("wb") as file,
        ):

            def decode_block(block: Sequence[Path]) -> np.ndarray:
                pixels = decode(block)
                on_block()
                return pixels

            write_images(file, made_ahead(decode_block, blocks, workers=cores, ahead=cores), whole)
        _remove_superseded(path)
    except OSError as error:
        cannot = StorageError.of(error, path, prod(whole))
        raise StorageError(f"{cannot}: set {LOCATION} to a folder for decoded images") from error
    if (images := open_images(path, whole)) is None:
        raise StorageError(f"{path} cannot be mapped into memory: set {LOCATION} to a folder on a local disk")
    rank_zero_only(log.info)(f"decoded the {len(files):,} images of {folder} into {path} ({prod(whole) / 1e6:,.1f} MB)")
    return images


def _path(folder: Path, files: Sequence[Path], shape: tuple[int, int, int]) -> Path:
    """NAME-PLACE-CONTENT.npy: place is the folder and the shape, content all that decides on a pixel.

    The files are told apart by name, size and time of change. To read them all at every start would cost what the cache
    is to save. The time of change (ctime) moves even where a copy keeps the modification time, or a mode is changed.
    """
    place = hashlib.blake2b(repr((str(folder.resolve()), shape)).encode(), digest_size=8).hexdigest()
    content = hashlib.blake2b(repr((VERSION, PIL.__version__)).encode(), digest_size=16)
    for file in files:
        try:
            stat = file.stat()
        except OSError as error:  # gone since the folder was listed
            raise ImageError(f"{file} cannot be opened ({error.strerror})") from error
        known = (str(file.relative_to(folder)), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        content.update(repr(known).encode())
    name = re.sub(r"[^\w.-]+", "_", folder.resolve().name)[:40].lstrip(".")
    return cache_folder() / f"{name}-{place}-{content.hexdigest()}.npy"


def _remove_superseded(path: Path) -> None:
    """What the same folder was before it changed, and what was left by processes that were killed."""
    place = path.name.rpartition("-")[0]
    older = [file for file in path.parent.glob("*.npy") if file.name.startswith(f"{place}-") and file != path]
    for file in [*older, *leftovers(path.parent)]:
        file.unlink(missing_ok=True)
