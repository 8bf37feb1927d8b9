"""A second label beside the class: how much of a style an image has, measured in it, or read from a CSV."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from diffusionlab.data.arrays import ImageArrays
from diffusionlab.data.mapped import Images, parts
from diffusionlab.data.style_names import MEASURED, read_csv, style_names

FOREGROUND = 32 / 255
"""Difference from the background, of a range of 1, from which a pixel belongs to the object."""

Styler = Callable[[ImageArrays, ImageArrays], tuple[ImageArrays, ImageArrays]]
"""(train, test) -> the same with `styles`."""


def make_styler(style: str | None, csv_file: str | None) -> Styler | None:
    """The styler that condition.style and condition.csv ask for; None without styles."""
    names = style_names(style, csv_file)
    if style is None or names is None:
        return None
    if style in MEASURED:
        return MeasuredStyle(style)
    return partial(styles_from_csv, csv_file=str(csv_file), names=names)


def measure(style: str, images: Images) -> Tensor:
    """How much of a style there is in uint8 images (N, C, H, W): (N,) float32 in [0, 1].

    - `ink`: mean difference from the background, which is the median of the border pixels
    - `brightness`: mean grey value
    - `size`: share of the picture that the box around the foreground takes

    Raises ValueError for any other style.
    """
    if style not in _MEASURES:
        raise ValueError(f"style {style!r} is not measured in images: choose from {', '.join(_MEASURES)}")
    return torch.cat([_MEASURES[style](part.float().mean(dim=1) / 255) for part in parts(images)])


@dataclass(frozen=True)
class MeasuredStyle:
    """Bins of equal numbers of training images, class by class: every class has as many bold images as light ones.

    So style and class are independent labels, and `bold` means bold for a sandal where it stands beside `sandal`.
    """

    style: str

    def __call__(self, train: ImageArrays, test: ImageArrays) -> tuple[ImageArrays, ImageArrays]:
        """The bins are those of `train`, in both splits."""
        values = [measure(self.style, arrays.images) for arrays in (train, test)]
        num_bins = len(MEASURED[self.style])
        at = torch.linspace(0, 1, num_bins + 1)[1:-1]
        styles = [torch.zeros_like(arrays.labels) for arrays in (train, test)]
        for label in train.labels.unique():
            edges = torch.quantile(values[0][train.labels == label], at)
            for arrays, value, style in zip((train, test), values, styles, strict=True):
                chosen = arrays.labels == label
                style[chosen] = torch.bucketize(value[chosen], edges)
        return replace(train, styles=styles[0]), replace(test, styles=styles[1])


def styles_from_csv(
    train: ImageArrays, test: ImageArrays, *, csv_file: str, names: list[str]
) -> tuple[ImageArrays, ImageArrays]:
    """The styles that the file gives to the images of either split, counted from 0 in the set's own order.

    Raises ValueError where an image has none, or an index no image.
    """
    styled = []
    for split, arrays in (("train", train), ("test", test)):
        styles = torch.full_like(arrays.labels, -1)
        for where, index, name in read_csv(csv_file):
            if where == split and index >= len(styles):
                raise ValueError(f"condition.csv={csv_file}: {split} has {len(styles)} images, there is no {index}")
            if where == split:
                styles[index] = names.index(name)
        if missing := int((styles < 0).sum()):
            first = int((styles < 0).nonzero()[0])
            raise ValueError(f"condition.csv={csv_file}: {missing} images of {split} have no style, such as {first}")
        styled.append(replace(arrays, styles=styles))
    return styled[0], styled[1]


def _ink(grey: Tensor) -> Tensor:
    return _difference(grey).mean(dim=(1, 2))


def _brightness(grey: Tensor) -> Tensor:
    return grey.mean(dim=(1, 2))


def _size(grey: Tensor) -> Tensor:
    foreground = _difference(grey) > FOREGROUND
    height, width = _extent(foreground.any(dim=2)), _extent(foreground.any(dim=1))
    return height * width / foreground[0].numel()


def _difference(grey: Tensor) -> Tensor:
    """Of every pixel from the background: (N, H, W)."""
    border = torch.cat([grey[:, 0], grey[:, -1], grey[:, 1:-1, 0], grey[:, 1:-1, -1]], dim=1)
    return (grey - border.median(dim=1).values[:, None, None]).abs()


def _extent(taken: Tensor) -> Tensor:
    """Places from the first to the last that is taken, (N, L) -> (N,); 0 where none is."""
    places = torch.arange(1, taken.shape[1] + 1)
    last = (taken * places).amax(dim=1)
    first = taken.shape[1] + 1 - (taken * places.flip(0)).amax(dim=1)
    return (last - first + 1).clamp(min=0).float()


_MEASURES: dict[str, Callable[[Tensor], Tensor]] = {"ink": _ink, "brightness": _brightness, "size": _size}
