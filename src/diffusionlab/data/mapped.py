"""Images in a file that is mapped into memory: there may be more of them than memory holds."""

from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
import torch
from torch import Tensor

PART_BYTES = 1_000_000


class MappedImages:
    """Rows of an array in a file, (N, C, H, W) uint8, which are read when they are asked for.

    Stands where a tensor of images does: `images[rows]`, where `rows` is a number, a slice, a mask or a tensor of
    numbers, and the parts of `images.split(size)` are tensors in memory; so is `images[:]`, all of them. What was read
    stays in memory for as long as the system has no better use for it.
    """

    dtype = torch.uint8

    def __init__(self, pixels: np.ndarray, rows: Tensor | None = None) -> None:
        self._pixels = pixels
        self._rows = torch.arange(len(pixels)) if rows is None else rows

    @property
    def shape(self) -> torch.Size:
        return torch.Size((len(self._rows), *self._pixels.shape[1:]))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: int | slice | Tensor) -> Tensor:
        return torch.from_numpy(np.take(self._pixels, self._rows[rows].numpy(), axis=0))

    def split(self, size: int) -> Iterator[Tensor]:
        """Consecutive parts of at most `size` images."""
        return (self[start : start + size] for start in range(0, len(self), size))

    def select(self, rows: Tensor) -> "MappedImages":
        """Some of the images, none of them read; `rows` numbers (M,) or a mask (N,)."""
        return MappedImages(self._pixels, self._rows[rows])

    def joined(self, other: "MappedImages") -> "MappedImages":
        """These and then others of the same file. Raises ValueError for another file."""
        if other._pixels is not self._pixels:
            raise ValueError("images of two files cannot be joined without reading them")
        return MappedImages(self._pixels, torch.cat([self._rows, other._rows]))


Images = Tensor | MappedImages
"""(N, C, H, W) uint8, in memory or in a file: `len`, `shape`, `images[rows]` and `images.split(size)` of both alike."""


def taken(images: Images, rows: Tensor) -> Tensor:
    """`images[rows]`, without the cost of indexing a uint8 tensor by another, ten times that of the copy."""
    return images[rows] if isinstance(images, MappedImages) else images.index_select(0, rows)


def parts(images: Images) -> Iterator[Tensor]:
    """All images in consecutive parts of at most a megabyte, or of one image."""
    return iter(images.split(max(1, PART_BYTES // prod(images.shape[1:]))))


def write_images(file: IO[bytes], parts: Iterable[np.ndarray], shape: tuple[int, ...]) -> None:
    """A .npy file of uint8, part by part in C order. Raises OSError if there is no room for them.

    Written, not mapped: writing to a mapped file on a full disk kills the process.
    """
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    for part in parts:
        file.write(np.ascontiguousarray(part).data)
    file.flush()


def in_temporary_file(batches: Iterable[Tensor], folder: Path) -> MappedImages:
    """All images of (B, C, H, W) uint8 batches, in a file without a name in `folder`, which is made if missing.

    Raises OSError if there is no room for them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count, shape = 0, torch.Size()
    with TemporaryFile(dir=folder) as file:
        for batch in batches:
            file.write(batch.contiguous().numpy().data)
            count, shape = count + len(batch), batch.shape[1:]
        file.flush()
        pixels = np.memmap(file, np.uint8, mode="r", shape=(count, *shape))
    return MappedImages(pixels.view(np.ndarray))


def open_images(path: Path, shape: tuple[int, ...]) -> MappedImages | None:
    """The images of a .npy file; None if it is missing, cut off or of another shape or type."""
    try:
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if not isinstance(pixels, np.memmap) or pixels.dtype != np.uint8 or pixels.shape != shape:
        return None
    return MappedImages(pixels.view(np.ndarray)) if pixels.flags.c_contiguous else None
