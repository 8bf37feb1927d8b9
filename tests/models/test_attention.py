"""Attention against its formula, against torch's own layer, and against its promised cost."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from diffusionlab.models.attention import SelfAttention, linear_attention
from tests.models.networks import awaken

KINDS = ("softmax", "linear")


def tokens(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)


@pytest.mark.parametrize("num_heads", [1, 2, 4])
def test_softmax_attention_is_the_formula_pixel_by_pixel(num_heads: int) -> None:
    layer, x = awaken(SelfAttention(8, num_heads=num_heads)), torch.randn(2, 8, 3, 4)
    query, key, value = layer.qkv(tokens(layer.norm(x))).chunk(3, dim=-1)
    heads = []
    for part in range(num_heads):
        own = slice(part * 8 // num_heads, (part + 1) * 8 // num_heads)
        scores = query[..., own] @ key[..., own].transpose(1, 2) / (8 // num_heads) ** 0.5
        weights = scores.exp() / scores.exp().sum(dim=-1, keepdim=True)
        heads.append(weights @ value[..., own])
    expected = x + layer.out(torch.cat(heads, dim=-1)).transpose(1, 2).reshape(2, 8, 3, 4)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("num_heads", [1, 2, 4])
def test_softmax_attention_is_torchs_multihead_attention(num_heads: int) -> None:
    layer, x = awaken(SelfAttention(8, num_heads=num_heads)), torch.randn(2, 8, 3, 4)
    theirs = nn.MultiheadAttention(8, num_heads, batch_first=True)
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = layer.qkv.weight.data, layer.qkv.bias.data
    theirs.out_proj.load_state_dict(layer.out.state_dict())
    inputs = tokens(layer.norm(x))
    expected = theirs(inputs, inputs, inputs, need_weights=False)[0]
    torch.testing.assert_close(tokens(layer(x) - x), expected, rtol=1e-4, atol=1e-5)


def test_linear_attention_is_a_weighted_mean_whose_weights_are_never_built() -> None:
    """The N x N weights softmax_d(q) softmax_N(k)^T, built here, sum to one over the positions."""
    query, key, value = torch.randn(3, 2, 4, 10, 6).double().unbind()
    weights = query.softmax(-1) @ key.softmax(-2).transpose(-2, -1)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))
    torch.testing.assert_close(linear_attention(query, key, value), weights @ value)


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_pixels_give_the_shuffled_result(kind: str) -> None:
    layer, x = awaken(SelfAttention(8, num_heads=2, kind=kind)), torch.randn(2, 8, 4, 4)
    order = torch.randperm(16)
    shuffled = x.flatten(2)[:, :, order].unflatten(2, (4, 4))
    torch.testing.assert_close(layer(shuffled).flatten(2), layer(x).flatten(2)[:, :, order], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_pixel_sees_every_other(kind: str) -> None:
    layer, x = awaken(SelfAttention(8, num_heads=2, kind=kind)), torch.randn(1, 8, 4, 4)
    jacobian = torch.autograd.functional.jacobian(lambda x: layer(x).sum(dim=1), x).abs().sum(dim=4)
    assert jacobian.squeeze().reshape(16, -1).min() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_layer_is_the_identity(kind: str) -> None:
    layer, x = SelfAttention(8, num_heads=2, kind=kind), torch.randn(2, 8, 3, 3)
    assert torch.equal(layer(x), x)


def flops(attend: object, num_positions: int) -> int:
    inputs = torch.zeros(3, 1, 2, num_positions, 16).unbind()
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        attend(*inputs)
    return counter.get_total_flops()


def test_the_cost_of_linear_attention_is_linear_in_the_positions() -> None:
    assert flops(linear_attention, 64) > 0
    assert flops(linear_attention, 1024) == 16 * flops(linear_attention, 64)
    assert flops(F.scaled_dot_product_attention, 1024) == 256 * flops(F.scaled_dot_product_attention, 64)
