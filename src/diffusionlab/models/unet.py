"""One modern U-Net; attention, patches, class and style labels are arguments."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diffusionlab.models.attention import AttentionKind, SelfAttention
from diffusionlab.models.blocks import ResidualBlock, downsample, group_norm, upsample, zeroed
from diffusionlab.models.checks import check_counts, check_size
from diffusionlab.models.embeddings import ConditionEmbedding
from diffusionlab.models.network import Network


@dataclass(frozen=True)
class LevelSpec:
    """One resolution of the U-Net: `size` pixels a side, `width` channels, with or without attention."""

    size: int
    width: int
    attention: bool


def plan_levels(size: int, *, channels: Sequence[int], attention_max_size: int) -> list[LevelSpec]:
    """Finest level first, `size` pixels a side; each next one has half as many."""
    sizes = [size // 2**depth for depth in range(len(channels))]
    return [LevelSpec(size, width, size <= attention_max_size) for size, width in zip(sizes, channels, strict=True)]


class Block(nn.Module):
    """A residual block, followed by self-attention where the level has it."""

    def __init__(self, residual: ResidualBlock, attention: SelfAttention | None) -> None:
        super().__init__()
        self.residual = residual
        self.attention = attention

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        h = self.residual(h, condition)
        return h if self.attention is None else self.attention(h)


class DownLevel(nn.Module):
    """The blocks of one resolution on the way down; every block's output is kept as a skip."""

    def __init__(self, blocks: Sequence[Block], resample: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.resample = resample

    def forward(self, h: Tensor, condition: Tensor) -> tuple[Tensor, list[Tensor]]:
        skips = []
        for block in self.blocks:
            h = block(h, condition)
            skips.append(h)
        return self.resample(h), skips


class UpLevel(nn.Module):
    """The blocks of one resolution on the way up; every block takes the newest skip that is left."""

    def __init__(self, blocks: Sequence[Block], resample: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.resample = resample

    def forward(self, h: Tensor, skips: list[Tensor], condition: Tensor) -> Tensor:
        for block in self.blocks:
            h = block(torch.cat([h, skips.pop()], dim=1), condition)
        return self.resample(h)


def stem(in_channels: int, width: int, patch_size: int) -> nn.Conv2d:
    """Pixels, or patches of patch_size x patch_size, to features."""
    if patch_size == 1:
        return nn.Conv2d(in_channels, width, 3, padding=1)
    return downsample(in_channels, width, patch_size)


def head(width: int, out_channels: int, patch_size: int) -> nn.Conv2d | nn.ConvTranspose2d:
    """Features back to pixels; the shape of `stem` undone."""
    if patch_size == 1:
        return nn.Conv2d(width, out_channels, 3, padding=1)
    return upsample(width, out_channels, patch_size)


class UNet(Network):
    """(B, C, H, W), (B,) time, (B,) label, (B,) style -> (B, C, H, W); H and W multiples of patch_size 2^(levels - 1).

    The architecture of DDPM (arXiv:2006.11239, appendix B), with adaptive group normalisation and with learnt
    patches for every change of resolution. `attention_max_size` puts attention behind every block whose
    feature map has at most that many pixels a side at `image_size`. The head starts at zero, so a fresh network
    returns zeros. Raises ValueError for a size, a number of heads or a kind of attention that does not fit.
    """

    bottleneck = "middle"

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: int,
        num_classes: int | None = None,
        num_styles: int | None = None,
        augment_dim: int | None = None,
        channels: Sequence[int] = (64, 128, 256),
        blocks_per_level: int = 2,
        attention: AttentionKind = "softmax",
        attention_max_size: int = 16,
        num_heads: int = 4,
        time_embedding_dim: int = 256,
        dropout: float = 0.0,
        patch_size: int = 1,
    ) -> None:
        super().__init__()
        if num_styles is not None and num_classes is None:
            raise ValueError("styles stand beside classes: choose data with classes, or condition.style=null")
        check_counts(channels=channels, blocks_per_level=blocks_per_level, num_heads=num_heads, patch_size=patch_size)
        self.in_channels = in_channels
        self.image_size = image_size
        self.num_classes = num_classes
        self.num_styles = num_styles
        self.augment_dim = augment_dim
        self.size_multiple = patch_size * 2 ** (len(channels) - 1)
        check_size(image_size, image_size, multiple=self.size_multiple)
        levels = plan_levels(image_size // patch_size, channels=channels, attention_max_size=attention_max_size)

        def block(in_width: int, level: LevelSpec) -> Block:
            return Block(
                ResidualBlock(in_width, level.width, embedding_dim=time_embedding_dim, dropout=dropout),
                SelfAttention(level.width, num_heads=num_heads, kind=attention) if level.attention else None,
            )

        def down(level: LevelSpec, coarser: LevelSpec | None) -> DownLevel:
            blocks = [block(level.width, level) for _ in range(blocks_per_level)]
            return DownLevel(blocks, downsample(level.width, coarser.width, 2) if coarser else nn.Identity())

        def up(level: LevelSpec, finer: LevelSpec | None) -> UpLevel:
            blocks = [block(2 * level.width, level) for _ in range(blocks_per_level)]
            return UpLevel(blocks, upsample(level.width, finer.width, 2) if finer else nn.Identity())

        finest, coarsest = levels[0], levels[-1]
        self.condition = ConditionEmbedding(
            dim=time_embedding_dim, num_classes=num_classes, num_styles=num_styles, augment_dim=augment_dim
        )
        self.stem = stem(in_channels, finest.width, patch_size)
        self.down = nn.ModuleList(map(down, levels, [*levels[1:], None]))
        self.middle = block(coarsest.width, coarsest)
        self.up = nn.ModuleList(map(up, reversed(levels), [*reversed(levels[:-1]), None]))
        self.norm = group_norm(finest.width)
        self.head = zeroed(head(finest.width, in_channels, patch_size))

    def time_features(self, time: Tensor) -> tuple[Tensor, Tensor]:
        return self.condition.time_features(time)

    def forward(
        self,
        x: Tensor,
        time: Tensor,
        label: Tensor | None = None,
        style: Tensor | None = None,
        augment_label: Tensor | None = None,
    ) -> Tensor:
        check_size(*x.shape[-2:], multiple=self.size_multiple)
        condition = self.condition(time, label, style, x.dtype, augment_label)
        h = self.stem(x)
        skips: list[Tensor] = []
        for level in self.down:
            h, outputs = level(h, condition)
            skips += outputs
        h = self.middle(h, condition)
        for level in self.up:
            h = level(h, skips, condition)
        return self.head(F.silu(self.norm(h))).to(x.dtype)
