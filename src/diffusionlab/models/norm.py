"""Group normalization in float32 with a scale and a shift for each sample, fast for few channels on a CPU too."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


class GroupNorm(nn.GroupNorm):
    """(B, C, H, W), optional (B, C) scale and shift -> (B, C, H, W): norm(x) (1 + scale) + shift.

    Wu & He 2018, eq. 2 and 6; scale and shift: "AdaGN" of Dhariwal & Nichol 2021, section 3.1. Computed in float32,
    whatever the dtype of x; the result has the dtype of the layer's own weights, so float32 under autocast.
    """

    NARROW = 8  # channels of a group, below which torch's CPU kernel for channels_last, vectorized within it, is slow

    def forward(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        weight, bias = self.weight.float()[None], self.bias.float()[None]
        if scale is not None and shift is not None:
            factor = 1 + scale.float()
            weight, bias = weight * factor, bias * factor + shift
        narrow = self.num_channels // self.num_groups < self.NARROW and not x.is_contiguous()
        if x.is_cpu and narrow:
            normalized = _NarrowGroupNorm.apply(x, weight, bias, self.num_groups, self.eps)
        elif scale is None:
            normalized = F.group_norm(x.float(), self.num_groups, weight[0], bias[0], self.eps)
        else:
            plain = F.group_norm(x.float(), self.num_groups, eps=self.eps)
            normalized = torch.addcmul(bias[:, :, None, None], plain, weight[:, :, None, None])
        return normalized.to(self.weight.dtype)


class _NarrowGroupNorm(torch.autograd.Function):
    """The same from sums over each channel, which vectorize over all channels of a channels_last tensor.

    With two channels a group torch's own kernel takes two to four times as long; of contiguous tensors, mostly less.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, num_groups: int, eps: float) -> Tensor:
        """`x`: (B, C, H, W); `weight`, `bias`: (B or 1, C) float32; returns float32."""
        num_pixels = x.shape[2] * x.shape[3]
        exact = x.float()
        mean = _of_group(exact.sum((2, 3)) / num_pixels, num_groups)
        centered = exact - mean[:, :, None, None]
        variance = _of_group(centered.square().sum((2, 3)) / num_pixels, num_groups)
        rstd = (variance + eps).rsqrt()
        ctx.save_for_backward(x, weight, mean, rstd)
        ctx.num_groups = num_groups
        return torch.addcmul(bias[:, :, None, None], centered, (weight * rstd)[:, :, None, None])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Of x, weight and bias; mean and rstd depend on x too, which gives the two terms after the first."""
        x, weight, mean, rstd = ctx.saved_tensors
        num_pixels = x.shape[2] * x.shape[3]
        exact = x.float()
        of_bias = grad.sum((2, 3))
        of_weight = rstd * ((grad * exact).sum((2, 3)) - mean * of_bias)
        through_mean = -rstd * _of_group(weight * of_bias / num_pixels, ctx.num_groups)
        through_rstd = -(rstd**2) * _of_group(weight * of_weight / num_pixels, ctx.num_groups)
        of_x = torch.addcmul(
            (through_mean - through_rstd * mean)[:, :, None, None], exact, through_rstd[:, :, None, None]
        ).addcmul_(grad, (weight * rstd)[:, :, None, None])
        return of_x.to(x.dtype), of_weight.sum_to_size(weight.shape), of_bias.sum_to_size(weight.shape), None, None


def _of_group(channels: Tensor, num_groups: int) -> Tensor:
    """(B, C) -> (B, C): for each channel the mean over the channels of its group."""
    grouped = channels.unflatten(1, (num_groups, -1))
    return grouped.mean(dim=2, keepdim=True).expand_as(grouped).flatten(1)
