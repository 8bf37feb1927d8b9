"""The pieces that a U-Net repeats: the residual block and the two changes of resolution."""

import math
from typing import TypeVar

from torch import Tensor, nn
from torch.nn import functional as F

from diffusionlab.models.norm import GroupNorm

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def zeroed(module: AnyModule) -> AnyModule:
    """The same module, with every parameter zero: a branch that ends in it starts as nothing."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def group_norm(channels: int) -> GroupNorm:
    """GroupNorm of eight groups, or as many as divide `channels`."""
    return GroupNorm(math.gcd(8, channels), channels)


def downsample(in_channels: int, out_channels: int, factor: int) -> nn.Conv2d:
    """(B, in, H, W) -> (B, out, H / factor, W / factor): each patch of factor x factor pixels becomes one."""
    return nn.Conv2d(in_channels, out_channels, factor, stride=factor)


def upsample(in_channels: int, out_channels: int, factor: int) -> nn.ConvTranspose2d:
    """(B, in, H, W) -> (B, out, H factor, W factor): each pixel becomes a patch of factor x factor."""
    return nn.ConvTranspose2d(in_channels, out_channels, factor, stride=factor)


class ResidualBlock(nn.Module):
    """(B, in, H, W), (B, E) condition -> (B, out, H, W): two 3x3 convolutions beside a shortcut.

    The condition scales and shifts the second normalisation ("AdaGN", arXiv:2105.05233, section 3.1); with
    `embedding_dim` None there is none. The last convolution starts at zero, so a fresh block is its shortcut:
    the identity where in = out, else a 1x1 convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, *, embedding_dim: int | None, dropout: float) -> None:
        super().__init__()
        self.norm1 = group_norm(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.condition = None if embedding_dim is None else nn.Linear(embedding_dim, 2 * out_channels)
        self.norm2 = group_norm(out_channels)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = zeroed(nn.Conv2d(out_channels, out_channels, 3, padding=1))
        same = in_channels == out_channels
        self.shortcut = nn.Identity() if same else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        scale = shift = None
        if self.condition is not None and condition is not None:
            scale, shift = self.condition(F.silu(condition)).chunk(2, dim=1)
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(self.dropout(F.silu(self.norm2(h, scale, shift))))
        return self.shortcut(x) + h
