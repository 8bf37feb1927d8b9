"""Images made worse in known ways: sharp as they are, blurred, or noised."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

QUALITIES = ("sharp", "blurred", "noised")
SHARP, BLURRED, NOISED = range(len(QUALITIES))


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """How much worse an image becomes, drawn evenly between the two ends for each.

    `blur`: standard deviation of the Gaussian, as a share of the picture's side; `noise`: standard deviation of the
    noise on images in [-1, 1].
    """

    blur: tuple[float, float] = (0.03, 0.09)
    noise: tuple[float, float] = (0.15, 0.8)

    def __post_init__(self) -> None:
        for name, (low, high) in (("blur", self.blur), ("noise", self.noise)):
            if not 0 < low <= high:
                raise ValueError(f"loss.{name}={[low, high]}: two rising numbers above 0")

    def __call__(self, images: Tensor, quality: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """`images`: (B, C, H, W) in [-1, 1]; `quality`: (B,) int64, places in QUALITIES. In [-1, 1] again."""
        strength = torch.rand(len(images), device=images.device, generator=generator)
        noise = torch.randn(images.shape, device=images.device, generator=generator)
        stds = [low + (high - low) * strength for low, high in (self.blur, self.noise)]
        kinds = [images, blurred(images, stds[0] * images.shape[-1]), images + stds[1].view(-1, 1, 1, 1) * noise]
        rows = torch.arange(len(images), device=images.device)
        return torch.stack(kinds)[quality, rows].clamp(-1, 1)


def blurred(images: Tensor, std: Tensor) -> Tensor:
    """Gaussian blur of (B, C, H, W), each image with a standard deviation in pixels of its own; `std`: (B,), above 0.

    The edge is reflected. The kernel ends at three standard deviations, or at the edge of a smaller picture.
    """
    reach = min(int(3 * float(std.max())) + 1, *(side - 1 for side in images.shape[-2:]))
    at = torch.arange(-reach, reach + 1, device=images.device)
    kernel = torch.exp(-0.5 * (at / std[:, None]).square())
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    padded = F.pad(images.transpose(0, 1), (reach,) * 4, mode="reflect")
    for along in (kernel[:, None, None, :], kernel[:, None, :, None]):
        padded = F.conv2d(padded, along, groups=len(images))
    return padded.transpose(0, 1)
