"""Group normalization against torch's own, values and gradients, in every form that it takes."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from diffusionlab.models.attention import softmax_attention
from diffusionlab.models.norm import GroupNorm

NARROW, WIDE = 16, 8 * GroupNorm.NARROW  # channels in eight groups
LAYOUTS = (torch.contiguous_format, torch.channels_last)


def reference(norm: GroupNorm, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    normalized = F.group_norm(x, norm.num_groups, norm.weight, norm.bias, norm.eps)
    return normalized * (1 + scale[:, :, None, None]) + shift[:, :, None, None]


def inputs(channels: int, layout: torch.memory_format) -> tuple[GroupNorm, Tensor, Tensor, Tensor]:
    norm = GroupNorm(8, channels)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    x = (2 * torch.randn(3, channels, 5, 4) + 3).contiguous(memory_format=layout)
    return norm, x, torch.randn(3, channels), torch.randn(3, channels)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("channels", [NARROW, WIDE])
def test_values_and_gradients_are_torchs(channels: int, layout: torch.memory_format) -> None:
    norm, *tensors = inputs(channels, layout)
    for tensor in tensors:
        tensor.requires_grad_()
    output, expected = norm(*tensors), reference(norm, *tensors)
    torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-5)
    assert output.is_contiguous(memory_format=layout)
    wanted, upstream = [*tensors, norm.weight, norm.bias], torch.randn_like(expected)
    gradients = torch.autograd.grad(output, wanted, upstream)
    for ours, theirs in zip(gradients, torch.autograd.grad(expected, wanted, upstream), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("channels", [NARROW, WIDE])
def test_without_a_condition_it_is_plain_group_norm(channels: int) -> None:
    norm, x, *_ = inputs(channels, torch.channels_last)
    expected = F.group_norm(x, norm.num_groups, norm.weight, norm.bias, norm.eps)
    torch.testing.assert_close(norm(x), expected, rtol=1e-4, atol=1e-5)


def test_a_mean_far_from_zero_costs_no_accuracy() -> None:
    """The mean of the squares less the square of the mean, as torch's kernel has it, loses four digits here."""
    norm, x, *condition = inputs(NARROW, torch.channels_last)
    shifted = x + 1000
    exact = reference(norm.double(), shifted.double(), *(value.double() for value in condition))
    torch.testing.assert_close(norm.float()(shifted, *condition).double(), exact, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("channels", [NARROW, WIDE])
def test_bfloat16_is_rounded_at_input_and_output_alone(channels: int) -> None:
    norm, x, *condition = inputs(channels, torch.channels_last)
    rounded = x.bfloat16()
    expected = reference(norm, rounded.float(), *condition)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(norm(rounded, *condition), expected, rtol=1e-4, atol=1e-5)
    pure = norm.bfloat16()
    expected = reference(norm.float(), rounded.float(), *condition).bfloat16()
    assert pure.bfloat16()(rounded, *condition).dtype == torch.bfloat16
    torch.testing.assert_close(pure(rounded, *condition), expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("positions", [49, 300])
def test_attention_in_bfloat16_is_that_in_float32_within_its_rounding(positions: int) -> None:
    tensors = [torch.randn(2, 4, positions, 16, requires_grad=True) for _ in range(3)]
    rounded = [tensor.detach().bfloat16().requires_grad_() for tensor in tensors]
    upstream = torch.randn(2, 4, positions, 16)
    exact, ours = softmax_attention(*tensors), softmax_attention(*rounded)
    gradients = torch.autograd.grad(exact, tensors, upstream)
    pairs = [(ours, exact), *zip(torch.autograd.grad(ours, rounded, upstream.bfloat16()), gradients, strict=True)]
    for approximate, value in pairs:
        assert (approximate.float() - value).norm() < 0.02 * value.norm()
