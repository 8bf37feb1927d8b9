"""The only place where the range of image values changes.

Stored images are uint8 in {0, ..., 255}; every network, loss and sampler sees floats in [-1, 1], where
-1 is black, 1 is white, and one grey level is 2/255 = 1/127.5.
"""

from torch import Tensor, float32, uint8


def to_float(images: Tensor) -> Tensor:
    """uint8 images of any shape -> float32 in [-1, 1]: `v / 127.5 - 1`.

    Raises:
        ValueError: the tensor is not uint8 (it may have been converted already).
    """
    if images.dtype != uint8:
        raise ValueError(f"expected uint8 images in 0..255, got {images.dtype}")
    return images.to(float32).div_(127.5).sub_(1.0)


def to_uint8(images: Tensor) -> Tensor:
    """Floats meant for [-1, 1], any shape -> uint8, the inverse of `to_float`.

    Values outside the range are clamped, the rest is rounded to the nearest grey level (halves to even),
    NaN becomes black: casting it to an integer would give each machine its own answer.

    Raises:
        ValueError: the tensor is not of a floating-point type.
    """
    if not images.is_floating_point():
        raise ValueError(f"expected float images in [-1, 1], got {images.dtype}")
    levels = images.detach().to(float32).nan_to_num(nan=-1.0).clamp(-1.0, 1.0).add(1.0).mul(127.5)
    return levels.round().to(uint8)
