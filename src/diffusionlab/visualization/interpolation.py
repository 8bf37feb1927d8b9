"""Ways between two samples."""

import torch
from torch import Tensor


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """From `a` (share = 0) to `b` (share = 1) along the sphere, for each of the batch; shapes alike, (B, ...).

    Direction by spherical interpolation (Shoemake 1985), norm by linear interpolation. Noise in many dimensions lies
    close to a sphere, and the straight way between two points would leave it: halfway it is too short by sqrt(2).
    """
    flat_a, flat_b = a.flatten(1).double(), b.flatten(1).double()
    norm_a, norm_b = (flat.norm(dim=1, keepdim=True) for flat in (flat_a, flat_b))
    unit_a, unit_b = flat_a / norm_a, flat_b / norm_b
    angle = (unit_a * unit_b).sum(dim=1, keepdim=True).clamp(-1, 1).acos()
    # sin(share angle) / sin(angle), which tends to share where the two are one direction
    towards_a, towards_b = (
        torch.sinc(part * angle / torch.pi) * part / torch.sinc(angle / torch.pi) for part in (1 - share, share)
    )
    direction = towards_a * unit_a + towards_b * unit_b
    return (direction * torch.lerp(norm_a, norm_b, share)).view(a.shape).to(a.dtype)
