"""The modern U-Net: its plan, its fresh state, its labels, its sizes."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusionlab.models import UNet
from diffusionlab.models.attention import SelfAttention
from diffusionlab.models.blocks import ResidualBlock, downsample, upsample
from diffusionlab.models.unet import LevelSpec, plan_levels
from tests.models.networks import UNET, awaken, batch, build


def test_the_plan_of_the_levels() -> None:
    assert plan_levels(28, channels=(32, 64, 96), attention_max_size=14) == [
        LevelSpec(size=28, width=32, attention=False),
        LevelSpec(size=14, width=64, attention=True),
        LevelSpec(size=7, width=96, attention=True),
    ]


@pytest.mark.parametrize(("attention_max_size", "attended"), [(0, 0), (3, 0), (4, 3), (8, 5)])
def test_attention_stands_where_the_plan_puts_it(attention_max_size: int, attended: int) -> None:
    network = UNet(**UNET, attention_max_size=attention_max_size)  # 8 and 4 pixels a side, one block each
    assert sum(isinstance(module, SelfAttention) for module in network.modules()) == attended


def test_a_fresh_network_returns_zeros_and_its_blocks_are_the_identity() -> None:
    network = UNet(**UNET)
    assert not network(**batch(network)).any()
    block, h = network.middle, torch.randn(2, 16, 4, 4)
    assert torch.equal(block(h, torch.randn(2, 16)), h)


def test_a_fresh_residual_block_is_its_shortcut() -> None:
    block, x = ResidualBlock(8, 12, embedding_dim=4, dropout=0.0), torch.randn(2, 8, 4, 4)
    assert torch.equal(block(x, torch.randn(2, 4)), block.shortcut(x))


def test_the_condition_scales_and_shifts_after_the_second_norm() -> None:
    """With the condition's layer silenced, two conditions give one result; with its bias alone, the formula."""
    block = awaken(ResidualBlock(4, 4, embedding_dim=3, dropout=0.0))
    x, condition = torch.randn(1, 4, 5, 5), torch.randn(1, 3)
    scale, shift = torch.randn(4), torch.randn(4)
    torch.nn.init.zeros_(block.condition.weight)
    block.condition.bias.data = torch.cat([scale, shift])
    h = block.norm2(block.conv1(torch.nn.functional.silu(block.norm1(x))))
    h = h * (1 + scale)[:, None, None] + shift[:, None, None]
    expected = x + block.conv2(torch.nn.functional.silu(h))
    torch.testing.assert_close(block(x, condition), expected)


@pytest.mark.parametrize("factor", [2, 4])
def test_up_undoes_down_where_the_kernels_are_one_hot(factor: int) -> None:
    down, up = downsample(1, factor**2, factor), upsample(factor**2, 1, factor)
    one_hot = torch.eye(factor**2).view(factor**2, 1, factor, factor)
    for module in (down, up):
        module.weight.data.copy_(one_hot)
        torch.nn.init.zeros_(module.bias)
    x = torch.randn(2, 1, 4 * factor, 3 * factor)
    assert torch.equal(up(down(x)), x)


def test_no_label_is_the_null_label_and_every_label_differs() -> None:
    network = build("conditional").eval()
    x, time = torch.randn(1, 2, 8, 8), torch.tensor([500.0])
    outputs = [network(x, time, torch.tensor([label])) for label in range(network.num_classes + 1)]
    assert torch.equal(network(x, time), outputs[network.num_classes])
    for i, first in enumerate(outputs):
        for second in outputs[i + 1 :]:
            assert not torch.allclose(first, second, atol=1e-4)


def test_dropping_a_label_frees_that_sample_of_its_class_alone() -> None:
    network = build("conditional").eval()
    x, time, null = torch.randn(2, 2, 8, 8), torch.tensor([100.0, 900.0]), network.num_classes
    kept = network(x, time, torch.tensor([1, 2]))
    dropped = network(x, time, torch.tensor([null, 2]))
    torch.testing.assert_close(dropped[1], kept[1])
    torch.testing.assert_close(dropped[0], network(x, time)[0])
    assert not torch.allclose(dropped[0], kept[0], atol=1e-4)


def test_a_dropped_label_trains_the_null_row_and_no_class() -> None:
    network = build("conditional")
    arguments = batch(network)
    network(arguments["x"], arguments["time"]).square().sum().backward()
    trained = network.condition.label.weight.grad.abs().sum(dim=1) > 0
    assert trained.tolist() == [False] * network.num_classes + [True]


def test_a_label_beyond_the_null_label_fails() -> None:
    network = build("conditional")
    with pytest.raises(IndexError):
        network(torch.zeros(1, 2, 8, 8), torch.zeros(1), torch.tensor([network.num_classes + 1]))


def test_dropout_acts_in_training_only() -> None:
    network = UNet(**UNET, dropout=0.5)
    awaken(network)
    arguments = batch(network)
    assert not torch.equal(network(**arguments), network(**arguments))
    network.eval()
    assert torch.equal(network(**arguments), network(**arguments))


@settings(max_examples=20, deadline=None)
@given(
    channels=st.lists(st.sampled_from([4, 6, 8, 12]), min_size=1, max_size=3),
    blocks_per_level=st.integers(1, 2),
    patch_size=st.sampled_from([1, 2, 3]),
    attention=st.sampled_from(["softmax", "linear"]),
    attention_max_size=st.integers(0, 16),
    factors=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_any_channels_depth_patch_and_fitting_size(
    channels: list[int],
    blocks_per_level: int,
    patch_size: int,
    attention: str,
    attention_max_size: int,
    factors: tuple[int, int],
) -> None:
    multiple = patch_size * 2 ** (len(channels) - 1)
    network = UNet(
        in_channels=3,
        image_size=multiple,
        channels=channels,
        blocks_per_level=blocks_per_level,
        patch_size=patch_size,
        attention=attention,
        attention_max_size=attention_max_size,
        num_heads=2,
        time_embedding_dim=4,
    )
    x = torch.randn(2, 3, factors[0] * multiple, factors[1] * multiple)
    assert network(x, torch.tensor([0.0, 999.0])).shape == x.shape


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 70), num_levels=st.integers(1, 4), patch_size=st.integers(1, 4))
def test_a_size_that_does_not_fit_names_one_that_does(size: int, num_levels: int, patch_size: int) -> None:
    def build(image_size: int) -> None:
        UNet(
            in_channels=1,
            image_size=image_size,
            channels=[4] * num_levels,
            blocks_per_level=1,
            patch_size=patch_size,
            time_embedding_dim=4,
        )

    multiple = patch_size * 2 ** (num_levels - 1)
    if size % multiple == 0:
        build(size)
        return
    with pytest.raises(ValueError, match=f"image size {size} does not fit") as error:
        build(size)
    suggested = int(re.search(r"data\.image_size=(\d+)", str(error.value)).group(1))
    assert abs(suggested - size) <= multiple / 2 or suggested == multiple
    build(suggested)


@pytest.mark.parametrize(
    ("wrong", "mended"),
    [
        ({"num_heads": 3}, "model.num_heads=2"),
        ({"num_heads": 0}, "model.num_heads=1"),
        ({"attention": "sofmax"}, "model.attention=softmax"),
        ({"time_embedding_dim": 7}, "model.time_embedding_dim=8"),
        ({"patch_size": 0}, "model.patch_size=1"),
        ({"blocks_per_level": 0}, "model.blocks_per_level=1"),
        ({"image_size": 9}, "data.image_size=10"),
    ],
)
def test_wrong_arguments_name_the_override(wrong: dict, mended: str) -> None:
    with pytest.raises(ValueError, match=re.escape(mended)):
        UNet(**{**UNET, **wrong})
