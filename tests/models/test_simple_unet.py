"""The notebook's two U-Nets, counted by hand and followed by shape."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusionlab.models import SimpleUNet

BASIC = {"channels": (64, 128, 256), "time_embedding_dim": 64}
EFFICIENT = {
    "channels": (24, 48, 96),
    "time_embedding_dim": 192,
    "stem_kernel_size": 2,
    "num_middle_convs": 1,
}


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def stage_by_hand(width_in: int, width_out: int, time: int, up: bool) -> int:
    """Linear, first convolution (of twice the input going up), second, two norms, 4x4 resampling."""
    first = (2 if up else 1) * width_in
    return (
        (time + 1) * width_out
        + (9 * first + 1) * width_out
        + (9 * width_out + 1) * width_out
        + 2 * 2 * width_out
        + (16 * width_out + 1) * width_out
    )


@pytest.mark.parametrize(("arguments", "total"), [(BASIC, 3_712_257), (EFFICIENT, 678_961)])
def test_parameters_are_the_notebooks_part_by_part(arguments: dict, total: int) -> None:
    network = SimpleUNet(in_channels=1, image_size=28, **arguments)
    fine, middle, coarse = arguments["channels"]
    time = arguments["time_embedding_dim"]
    kernel = arguments.get("stem_kernel_size", 3)
    expected = {
        "time": (time + 1) * time,
        "stem": (kernel**2 + 1) * fine,
        "down.0": stage_by_hand(fine, middle, time, up=False),
        "down.1": stage_by_hand(middle, coarse, time, up=False),
        "middle": arguments.get("num_middle_convs", 0) * (9 * coarse + 1) * coarse,
        "up.0": stage_by_hand(coarse, middle, time, up=True),
        "up.1": stage_by_hand(middle, fine, time, up=True),
        "head": fine + 1,
    }
    assert {name: count(network.get_submodule(name)) for name in expected} == expected
    assert sum(expected.values()) == count(network) == total


def feature_map_sizes(network: SimpleUNet) -> list[int]:
    sizes: list[int] = []
    for name in ("stem", "down.0", "down.1", "up.0", "up.1"):
        module = network.get_submodule(name)
        module.register_forward_hook(lambda _m, _i, output: sizes.append(output.shape[-1]))
    network(torch.zeros(2, 1, 28, 28), torch.zeros(2))
    return sizes


def test_an_even_stem_widens_by_one_and_the_first_stage_drops_it() -> None:
    thin = {"in_channels": 1, "image_size": 28, "channels": (2, 3, 4), "time_embedding_dim": 4}
    assert feature_map_sizes(SimpleUNet(**thin, stem_kernel_size=2)) == [29, 14, 7, 14, 28]
    assert feature_map_sizes(SimpleUNet(**thin)) == [28, 14, 7, 14, 28]


@settings(max_examples=25, deadline=None)
@given(
    channels=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    in_channels=st.integers(1, 3),
    stem_kernel_size=st.integers(1, 4),
    num_middle_convs=st.integers(0, 2),
    factors=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_any_channels_depth_and_fitting_size(
    channels: list[int],
    in_channels: int,
    stem_kernel_size: int,
    num_middle_convs: int,
    factors: tuple[int, int],
) -> None:
    multiple = 2 ** (len(channels) - 1)
    network = SimpleUNet(
        in_channels=in_channels,
        image_size=multiple,
        channels=channels,
        time_embedding_dim=4,
        stem_kernel_size=stem_kernel_size,
        num_middle_convs=num_middle_convs,
    )
    x = torch.randn(2, in_channels, factors[0] * multiple, factors[1] * multiple)
    assert network(x, torch.tensor([0.0, 299.0])).shape == x.shape


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 70), num_levels=st.integers(2, 5))
def test_a_size_that_does_not_fit_names_one_that_does(size: int, num_levels: int) -> None:
    def build(image_size: int) -> SimpleUNet:
        return SimpleUNet(in_channels=1, image_size=image_size, channels=[2] * num_levels, time_embedding_dim=4)

    multiple = 2 ** (num_levels - 1)
    if size % multiple == 0:
        build(size)
        return
    with pytest.raises(ValueError, match=f"image size {size} does not fit") as error:
        build(size)
    suggested = int(re.search(r"data\.image_size=(\d+)", str(error.value)).group(1))
    assert abs(suggested - size) <= multiple / 2 or suggested == multiple
    build(suggested)


def test_the_forward_refuses_a_size_that_the_skips_cannot_join() -> None:
    network = SimpleUNet(in_channels=1, image_size=28, channels=(2, 3, 4), time_embedding_dim=4)
    with pytest.raises(ValueError, match=r"image size 28x30 .* multiples of 4"):
        network(torch.zeros(1, 1, 28, 30), torch.zeros(1))


@pytest.mark.parametrize(
    ("wrong", "mended"),
    [
        ({"time_embedding_dim": 5}, "model.time_embedding_dim=6"),
        ({"time_embedding_dim": 2}, "model.time_embedding_dim=4"),
        ({"channels": [8, 0]}, "model.channels=[8,1]"),
        ({"channels": []}, "model.channels=[64]"),
        ({"channels": [64]}, "model.channels=[64,128]"),
        ({"stem_kernel_size": 0}, "model.stem_kernel_size=1"),
    ],
)
def test_wrong_arguments_name_the_override(wrong: dict, mended: str) -> None:
    with pytest.raises(ValueError, match=re.escape(mended)):
        SimpleUNet(in_channels=1, image_size=28, **wrong)


def test_an_unknown_argument_fails() -> None:
    with pytest.raises(TypeError, match="chanels"):
        SimpleUNet(in_channels=1, image_size=28, chanels=(8, 16))
