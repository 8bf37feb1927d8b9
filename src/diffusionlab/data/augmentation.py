"""Random changes of training images, drawn for a whole epoch at once and applied by the batch."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601


class Changes(NamedTuple):
    """What is done to each of n images: mirrored or not (n,), shifted by (n, 2) pixels, (n, 3) factors of colour."""

    flips: Tensor
    shifts: Tensor
    factors: Tensor

    def take(self, rows: Tensor | slice) -> "Changes":
        """Those of some of the images."""
        return Changes(*(part[rows] for part in self))

    def to(self, device: torch.device) -> "Changes":
        """The same on another device."""
        return Changes(*(part.to(device) for part in self))


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """`horizontal_flip`: mirror with probability 1/2; `random_crop`: shift by up to so many pixels each way, the edge
    filled by reflection (padding and cropping back); `colour_jitter` s: multiply brightness, contrast and saturation
    by factors from [1 - s, 1 + s].
    """

    horizontal_flip: bool = False
    random_crop: int = 0
    colour_jitter: float = 0.0

    def __post_init__(self) -> None:
        if self.random_crop < 0:
            raise ValueError(f"data.random_crop={self.random_crop}: a number of pixels, 0 for none")
        if not 0 <= self.colour_jitter <= 1:
            raise ValueError(f"data.colour_jitter={self.colour_jitter}: a strength between 0 and 1")

    def draw(self, rng: np.random.Generator, num_images: int) -> Changes:
        """The changes of an epoch."""
        flips = rng.random(num_images) < 0.5 if self.horizontal_flip else np.zeros(num_images, dtype=bool)
        shifts = rng.integers(-self.random_crop, self.random_crop, (num_images, 2), endpoint=True)
        factors = 1 + self.colour_jitter * rng.uniform(-1, 1, (num_images, 3))
        return Changes(torch.from_numpy(flips), torch.from_numpy(shifts), torch.from_numpy(factors).float())

    def __call__(self, images: Tensor, changes: Changes) -> Tensor:
        """(B, C, H, W) uint8 -> the same shape and type."""
        if self.horizontal_flip:
            either = torch.cat([images, images.flip(-1)])  # one index takes half the time of torch.where
            rows = torch.arange(len(images), device=images.device)
            images = either.index_select(0, rows + len(images) * changes.flips)
        if self.random_crop:
            images = _shifted(images, changes.shifts)
        if self.colour_jitter:
            images = _recoloured(images, changes.factors)
        return images


def _shifted(images: Tensor, shifts: Tensor) -> Tensor:
    rows, columns = (
        _reflected(torch.arange(size, device=images.device) + shift[:, None], size)
        for size, shift in zip(images.shape[-2:], shifts.unbind(1), strict=True)
    )
    image = torch.arange(len(images), device=images.device)[:, None, None]
    return images.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _reflected(places: Tensor, size: int) -> Tensor:
    """Places below 0 or beyond the last, mirrored at the first and the last pixel."""
    places = places.abs() % max(2 * (size - 1), 1)
    return torch.minimum(places, 2 * (size - 1) - places)


def _recoloured(images: Tensor, factors: Tensor) -> Tensor:
    brightness, contrast, saturation = factors[:, :, None, None, None].unbind(1)
    levels = images.float() * brightness
    weights = torch.tensor(_LUMA if images.shape[1] == 3 else (1.0,), device=images.device)[:, None, None]
    grey = (levels * weights).sum(dim=1, keepdim=True)
    levels = grey + saturation * (levels - grey)
    mean = grey.mean(dim=(2, 3), keepdim=True)
    return (mean + contrast * (levels - mean)).clamp(0, 255).round().to(torch.uint8)
