"""Images and labels, and what is done to them once: resize, split, hash."""

import hashlib
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from diffusionlab.data.mapped import Images, MappedImages, parts


@dataclass(frozen=True)
class ImageArrays:
    """`images` (N, C, H, W) uint8, `labels` and, where the data have them, `styles` (N,) int64, of equal length.

    The images are a tensor, or in a file of which only what is asked for is read (`MappedImages`).
    """

    images: Images
    labels: Tensor
    styles: Tensor | None = None

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or len(self.images.shape) != 4:
            raise ValueError(f"images must be uint8 (N, C, H, W), got {self.images.dtype} {tuple(self.images.shape)}")
        if self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]:
            raise ValueError(f"labels must be int64 ({len(self.images)},), got {tuple(self.labels.shape)}")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "ImageArrays":
        """A copy of the chosen rows in memory, in the order given."""
        rows = torch.from_numpy(indices)
        return self._with(self.images[rows], rows)

    def select(self, rows: Tensor) -> "ImageArrays":
        """Like `take`, of numbers (M,) or a mask (N,); images in a file stay there."""
        images = self.images
        return self._with(images.select(rows) if isinstance(images, MappedImages) else images[rows], rows)

    def joined(self, other: "ImageArrays") -> "ImageArrays":
        """These and then others, without their styles; both in memory, or both in one file."""
        if isinstance(self.images, MappedImages) and isinstance(other.images, MappedImages):
            images: Images = self.images.joined(other.images)
        else:
            images = torch.cat([self.images[:], other.images[:]])
        return ImageArrays(images, torch.cat([self.labels, other.labels]))

    def only(self, labels: list[int]) -> "ImageArrays":
        """The images of the chosen classes, relabelled 0, 1, ... in the order of `labels`."""
        new_label = torch.full((int(self.labels.max()) + 1,), -1)
        new_label[labels] = torch.arange(len(labels))
        relabelled = new_label[self.labels]
        keep = relabelled >= 0
        return replace(self, labels=relabelled).select(keep)

    def resized(self, size: int, chunk: int = 4096) -> "ImageArrays":
        """Squared to `size` pixels (bilinear, antialiased), in chunks so that memory stays flat."""
        if self.images.shape[-2:] == (size, size):
            return self
        resized = [
            F.interpolate(part, size=(size, size), mode="bilinear", antialias=True) for part in self.images.split(chunk)
        ]
        return replace(self, images=torch.cat(resized))

    @property
    def num_bytes(self) -> int:
        """Bytes of the images."""
        return prod(self.images.shape)

    def to(self, device: torch.device) -> "ImageArrays":
        """The same in the memory of another device; images in a file go there part by part."""
        images = torch.empty(self.images.shape, dtype=torch.uint8, device=device)
        for place, part in zip(parts(images), parts(self.images), strict=True):
            place.copy_(part)
        styles = None if self.styles is None else self.styles.to(device)
        return ImageArrays(images, self.labels.to(device), styles)

    def _with(self, images: Images, rows: Tensor) -> "ImageArrays":
        """The chosen images with their labels."""
        return ImageArrays(images, self.labels[rows], None if self.styles is None else self.styles[rows])


def stratified_split(labels: Tensor, num_held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted `(kept, held_out)` row indices; each class gives its share of `num_held_out`, to within one image.

    Rows are shuffled, sorted by class, and taken at even distances.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels.numpy()[shuffled], kind="stable")]
    # the middle of each of num_held_out equal stretches, in integers
    positions = (2 * np.arange(num_held_out) + 1) * len(labels) // (2 * max(num_held_out, 1))
    held_out = np.zeros(len(labels), dtype=bool)
    held_out[by_class[positions]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def content_hash(*splits: ImageArrays) -> str:
    """32 hex digits over every pixel, label and shape, split by split."""
    digest = hashlib.blake2b(digest_size=16)
    for arrays in splits:
        digest.update(repr(tuple(arrays.images.shape)).encode())
        for part in parts(arrays.images):
            digest.update(part.contiguous().numpy().data)
        digest.update(arrays.labels.contiguous().numpy().data)
    return digest.hexdigest()
