"""A plain transformer on patches of pixels."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diffusionlab.models.attention import softmax_attention
from diffusionlab.models.blocks import zeroed
from diffusionlab.models.checks import check_counts, check_heads
from diffusionlab.models.embeddings import ConditionEmbedding
from diffusionlab.models.network import Network


class TransformerBlock(nn.Module):
    """(B, N, C), (B, C) condition -> (B, N, C): self-attention, then an MLP, each beside a shortcut.

    The condition scales and shifts both normalizations and gates both branches ("adaLN-Zero", Peebles & Xie 2023,
    figure 3); the gates start at zero, so a fresh block is the identity.
    """

    def __init__(self, channels: int, *, num_heads: int, mlp_ratio: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(channels, elementwise_affine=False)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.norm2 = nn.LayerNorm(channels, elementwise_affine=False)
        self.mlp = nn.Sequential(
            nn.Linear(channels, mlp_ratio * channels),
            nn.GELU(approximate="tanh"),
            nn.Dropout(dropout),
            nn.Linear(mlp_ratio * channels, channels),
        )
        self.condition = zeroed(nn.Linear(channels, 6 * channels))

    def forward(self, tokens: Tensor, condition: Tensor) -> Tensor:
        modulation = self.condition(F.silu(condition)).unsqueeze(1).chunk(6, dim=2)
        scale1, shift1, gate1, scale2, shift2, gate2 = modulation
        tokens = tokens + gate1 * self.attend(self.norm1(tokens) * (1 + scale1) + shift1)
        return tokens + gate2 * self.mlp(self.norm2(tokens) * (1 + scale2) + shift2)

    def attend(self, tokens: Tensor) -> Tensor:
        """Multi-head self-attention over all patches."""
        query, key, value = self.qkv(tokens).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        return self.out(softmax_attention(query, key, value).transpose(1, 2).flatten(2))


class PixelTransformer(Network):
    """Patches -> tokens -> `depth` blocks -> patches, without latents, convolutions or skips (Li & He 2025).

    Best with parameterization=x0: clean images lie near a low-dimensional manifold, noise and velocity do not, and a
    narrow network can only predict the first (section 3). Raises ValueError unless patches tile the image.
    """

    bottleneck = "norm"

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: int,
        num_classes: int | None = None,
        num_styles: int | None = None,
        augment_dim: int | None = None,
        patch_size: int = 4,
        channels: int = 96,
        depth: int = 4,
        num_heads: int = 4,
        mlp_ratio: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_counts(patch_size=patch_size, depth=depth, channels=channels, num_heads=num_heads, mlp_ratio=mlp_ratio)
        check_heads(num_heads, channels)
        if image_size % patch_size:
            fitting = max(size for size in range(1, patch_size + 1) if image_size % size == 0)
            raise ValueError(f"patches of {patch_size} do not tile {image_size} pixels: model.patch_size={fitting}")
        self.in_channels, self.image_size = in_channels, image_size
        self.num_classes, self.num_styles, self.augment_dim = num_classes, num_styles, augment_dim
        self.patch_size = patch_size
        values = in_channels * patch_size**2
        self.embedding = ConditionEmbedding(
            dim=channels, num_classes=num_classes, num_styles=num_styles, augment_dim=augment_dim
        )
        self.stem = nn.Linear(values, channels)
        self.positions = nn.Parameter(0.02 * torch.randn(1, (image_size // patch_size) ** 2, channels))
        block = {"num_heads": num_heads, "mlp_ratio": mlp_ratio}
        self.blocks = nn.ModuleList(TransformerBlock(channels, dropout=dropout, **block) for _ in range(depth))
        self.norm = nn.LayerNorm(channels, elementwise_affine=False)
        self.condition = zeroed(nn.Linear(channels, 2 * channels))
        self.head = nn.Linear(channels, values)

    def time_features(self, time: Tensor) -> tuple[Tensor, Tensor]:
        return self.embedding.time_features(time)

    def forward(
        self,
        x: Tensor,
        time: Tensor,
        label: Tensor | None = None,
        style: Tensor | None = None,
        augment_label: Tensor | None = None,
    ) -> Tensor:
        patches = F.pixel_unshuffle(x, self.patch_size)  # (B, C p p, H / p, W / p)
        condition = self.embedding(time, label, style, x.dtype, augment_label)
        tokens = self.stem(patches.flatten(2).transpose(1, 2)) + self.positions.to(x.dtype)
        for block in self.blocks:
            tokens = block(tokens, condition)
        scale, shift = self.condition(F.silu(condition)).unsqueeze(1).chunk(2, dim=2)
        tokens = self.head(self.norm(tokens) * (1 + scale) + shift)
        return F.pixel_shuffle(tokens.transpose(1, 2).unflatten(2, patches.shape[2:]), self.patch_size).to(x.dtype)
