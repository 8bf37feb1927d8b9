"""Geometric changes of training images of which the network is told, so that samples show none of them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

NUM_CHANGES = 6
"""Kinds of change: mirrored in x, mirrored in y, scaled, rotated, stretched, shifted."""

AUGMENT_DIM = 9
"""Numbers that say what was done: mirrored in x and in y (0 or 1), log2 of the scale, cos - 1 and sin of the angle,
log2 of the stretch along x and along the diagonal, and the shift in x and in y in sides of the image."""

SCALE_STD = STRETCH_STD = 0.2  # of log2, as in the paper
SHIFT_STD = 0.125  # in sides


@dataclass(frozen=True)
class Augmentation:
    """Each kind of change with probability `p` (Karras et al. 2022, app. F.2).

    A small set is learned by heart, a changed one is not; a network that is told of the changes, and asked for images
    without any, draws none ("non-leaking"). What was done is a tensor (B, 9), see AUGMENT_DIM, which determines the
    change; all zero is nothing.
    """

    p: float = 0.12

    def draw(self, number: int, device: torch.device | str, generator: torch.Generator | None = None) -> Tensor:
        """What to do to each of `number` images, (number, 9)."""
        happens = (torch.rand(number, NUM_CHANGES, device=device, generator=generator) < self.p).float()
        scale, stretch, shift_x, shift_y = torch.randn(number, 4, device=device, generator=generator).unbind(1)
        angle, direction = (2 * math.pi * torch.rand(number, 2, device=device, generator=generator)).unbind(1)
        mirrored_x, mirrored_y, scaled, rotated, stretched, shifted = happens.unbind(1)
        changes = (
            *(mirrored_x, mirrored_y, scaled * SCALE_STD * scale),
            *(rotated * (angle.cos() - 1), rotated * angle.sin()),
            *(stretched * STRETCH_STD * stretch * direction.cos(), stretched * STRETCH_STD * stretch * direction.sin()),
            *(shifted * SHIFT_STD * shift_x, shifted * SHIFT_STD * shift_y),
        )
        return torch.stack(changes, dim=1)

    def __call__(self, images: Tensor, changes: Tensor) -> Tensor:
        """(B, C, H, W) in [-1, 1] -> the same, mirrored, then scaled, rotated, stretched and shifted about the centre.

        Mirroring is exact, the rest bicubic, with the edge mirrored to fill the frame; images without change stay.
        """
        mirrored_x, mirrored_y = (changes[:, place, None, None, None] > 0 for place in (0, 1))
        images = torch.where(mirrored_x, images.flip(3), images)
        images = torch.where(mirrored_y, images.flip(2), images)
        with torch.autocast(images.device.type, enabled=False):
            grid = F.affine_grid(source_of(changes), list(images.shape), align_corners=False)
            moved = F.grid_sample(images, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
        return torch.where((changes[:, 2:] != 0).any(dim=1)[:, None, None, None], moved.clamp(-1, 1), images)


def source_of(changes: Tensor) -> Tensor:
    """(B, 9) -> (B, 2, 3): where in the mirrored image a place of the changed one comes from, both in [-1, 1]."""
    log_scale, cos, sin, along_x, diagonal, shift_x, shift_y = changes[:, 2:].unbind(1)
    rotation = torch.stack([1 + cos, sin, -sin, 1 + cos], dim=1).view(-1, 2, 2)  # by the angle, back
    stretch = torch.matrix_exp(-math.log(2) * torch.stack([along_x, diagonal, diagonal, -along_x], 1).view(-1, 2, 2))
    linear = torch.exp2(-log_scale)[:, None, None] * (rotation @ stretch)
    shift = 2 * torch.stack([shift_x, shift_y], dim=1)[:, :, None]
    return torch.cat([linear, -linear @ shift], dim=2)
