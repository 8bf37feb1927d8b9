"""Self-attention over the pixels of a feature map: exact (softmax) and linear in the number of pixels."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diffusionlab.models.blocks import group_norm, zeroed
from diffusionlab.models.checks import check_heads

AttentionKind = Literal["softmax", "linear"]


def linear_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention in O(N d^2): (..., N, d) each -> (..., N, d).

    `softmax_d(q) (softmax_N(k)^T v)`: the d x d summary of all positions is computed once, so no N x N matrix
    exists. Source: "Efficient Attention", arXiv:1812.01243, equation 4 with softmax normalisation.
    """
    query = query.softmax(dim=-1, dtype=value.dtype)
    key = key.softmax(dim=-2, dtype=value.dtype)
    return query @ (key.transpose(-2, -1) @ value)


def softmax_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(d)) v: (..., N, d) each -> (..., N, d) (Vaswani et al. 2017, equation 1).

    On a CPU in bfloat16 the backward of torch's fused kernel takes two to nine times as long as these two products, at
    up to 256 positions; beyond that their N x N matrix would cost too much memory.
    """
    if query.is_cpu and query.dtype == torch.bfloat16 and query.shape[-2] <= 256:
        scores = query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)
        return scores.softmax(dim=-1, dtype=value.dtype) @ value
    return F.scaled_dot_product_attention(query, key, value)


class SelfAttention(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): normalise, attend over the H W positions in `num_heads` heads, add to x.

    `out` starts at zero, so a fresh layer is the identity. Raises ValueError where the heads do not divide C.
    """

    def __init__(self, channels: int, *, num_heads: int, kind: AttentionKind = "softmax") -> None:
        super().__init__()
        check_heads(num_heads, channels)
        attend = {"softmax": softmax_attention, "linear": linear_attention}
        if kind not in attend:
            raise ValueError(f"unknown attention {kind!r}: model.attention=softmax or model.attention=linear")
        self.num_heads = num_heads
        self.attend = attend[kind]
        self.norm = group_norm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = zeroed(nn.Linear(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        tokens = self.norm(x).flatten(2).transpose(1, 2)  # (B, N, C); a view where x is channels_last
        query, key, value = self.qkv(tokens).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        attended = self.attend(query, key, value).transpose(1, 2).flatten(2)  # (B, N, C)
        return x + self.out(attended).transpose(1, 2).unflatten(2, (height, width))
