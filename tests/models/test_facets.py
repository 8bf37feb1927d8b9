"""Facets come from what a network does: hand-made networks, each with one property more or less."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diffusionlab.models import Network, SimpleUNet, UNet
from diffusionlab.models.facets import FACETS, describe
from tests.models.networks import FACTORIES, SIMPLE, UNET, batch, build

EXPECTED = {
    "simple": {"cnn", "unet"},
    "simple_even_stem": {"cnn", "unet"},
    "plain": {"cnn", "unet", "residual"},
    "attention": {"cnn", "unet", "residual", "attention"},
    "linear_attention": {"cnn", "unet", "residual", "attention", "linear_attention"},
    "patches": {"cnn", "unet", "residual", "attention"},
    "conditional": {"cnn", "unet", "residual", "attention", "conditional"},
    "augmented": {"cnn", "unet", "residual", "attention", "conditional"},
    "transformer": {"residual", "attention", "transformer", "dit"},
    "augmented_transformer": {"residual", "attention", "transformer", "dit"},
    "conditional_transformer": {"residual", "attention", "transformer", "dit", "conditional"},
}


class HandMade(Network):
    """One 8x8 picture of two channels; a subclass says what happens to it."""

    in_channels = 2
    image_size = 8
    num_classes = None

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1)
        self.down = nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.deep = nn.Conv2d(4, 4, 3, padding=1)
        self.up = nn.ConvTranspose2d(4, 4, 2, stride=2)
        self.last = nn.Conv2d(4, 2, 3, padding=1)
        self.joined = nn.Conv2d(8, 2, 3, padding=1)


class PlainCNN(HandMade):
    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.last(self.first(x).relu())


class AutoencoderWithoutSkip(HandMade):
    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.last(self.up(self.down(self.first(x))))


class DenseBlock(HandMade):
    """Concatenates, but nothing became coarser in between."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.first(x)
        return self.joined(torch.cat([h, self.deep(h)], dim=1))


class SqueezeAndConcatenate(HandMade):
    """Pools to one pixel and multiplies back: a gate, no decoder."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.first(x)
        gate = F.adaptive_avg_pool2d(h, 1).sigmoid()
        return self.joined(torch.cat([h, h * gate], dim=1))


class TwoScales(HandMade):
    """Both operands of the concatenation went down and up: no skip."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.up(self.down(self.first(x)))
        return self.joined(torch.cat([h, h.relu()], dim=1))


class AddedSkip(HandMade):
    """Adds the encoder's map instead of concatenating it."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.first(x)
        return self.last(h + self.up(self.down(h)))


class ConcatenatedSkip(HandMade):
    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.first(x).relu_()
        return self.joined(torch.cat([self.up(self.deep(self.down(h))), h], dim=1))


class PooledAndInterpolated(HandMade):
    """A U-Net whose changes of resolution have no parameters, with the skip scaled on its way."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.first(x)
        deep = F.interpolate(self.deep(F.max_pool2d(h, 2)), scale_factor=2)
        return self.joined(torch.cat([0.5 * h, deep], dim=1))


class PixelShuffled(HandMade):
    def __init__(self) -> None:
        super().__init__()
        self.fold = nn.Conv2d(16, 16, 3, padding=1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.first(x)
        deep = F.pixel_shuffle(self.fold(F.pixel_unshuffle(h, 2)), 2)
        return self.joined(torch.cat([h, deep], dim=1))


class ProjectedShortcut(HandMade):
    """ResNet's block with a change of width: the shortcut is one convolution, the branch two."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Conv2d(2, 4, 1), nn.BatchNorm2d(4))

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.last(self.project(x) + self.deep(self.first(x).relu()))


class ParallelBranches(HandMade):
    """Adds two branches of one convolution each: neither is a shortcut past the other."""

    def __init__(self) -> None:
        super().__init__()
        self.second = nn.Conv2d(2, 4, 5, padding=2)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.last(self.first(x) + self.second(x))


class TimeAdded(HandMade):
    """Adds an embedding of the time: no shortcut of the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Linear(1, 256)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.last(self.first(x) + self.time(time[:, None]).unflatten(1, (4, 8, 8)))


class SoftmaxGate(HandMade):
    """A softmax that weighs channels: nothing attends to anything."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.first(x)
        return self.last(h * h.softmax(dim=1))


class EinsumAttention(HandMade):
    """Attention by hand, channels first, under no name that says so."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.first(x).flatten(2)
        weights = torch.einsum("bci,bcj->bij", h, self.deep(h.unflatten(2, (8, 8))).flatten(2))
        h = torch.einsum("bij,bcj->bci", weights.softmax(-1), h)
        return self.last(h.unflatten(2, (8, 8)))


class EinsumLinearAttention(HandMade):
    """Linear attention, channels first: the d x d summary of keys and values meets the queries last."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.first(x).flatten(2)
        summary = torch.einsum("bdn,ben->bde", h.softmax(-1), h)
        h = torch.einsum("bde,bdn->ben", summary, h.softmax(-2))
        return self.last(h.unflatten(2, (8, 8)))


class VisionTransformer(Network):
    in_channels, image_size, num_classes = 2, 8, 3
    uses_time, uses_label = True, True

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(2, 16, 2, stride=2)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, norm_first=True)
        self.label = nn.Embedding(4, 16)
        self.time = nn.Linear(1, 16)
        self.pixels = nn.ConvTranspose2d(16, 2, 2, stride=2)

    def forward(self, x: Tensor, time: Tensor, label: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        if self.uses_time:
            tokens = tokens + self.time(time[:, None])[:, None]
        unused = self.label(label)
        if self.uses_label:
            tokens = tokens + unused[:, None]
        return self.pixels(self.layer(tokens).transpose(1, 2).unflatten(2, (4, 4)))


class TimelessTransformer(VisionTransformer):
    uses_time = False


class LabelIgnored(VisionTransformer):
    uses_label = False


HAND_MADE = {
    PlainCNN: {"cnn"},
    AutoencoderWithoutSkip: {"cnn", "autoencoder"},
    DenseBlock: {"cnn"},
    SqueezeAndConcatenate: {"cnn"},
    TwoScales: {"cnn", "autoencoder"},
    AddedSkip: {"cnn", "residual"},
    ConcatenatedSkip: {"cnn", "unet"},
    PooledAndInterpolated: {"cnn", "unet"},
    PixelShuffled: {"cnn", "unet"},
    ProjectedShortcut: {"cnn", "residual"},
    ParallelBranches: {"cnn"},
    TimeAdded: {"cnn"},
    SoftmaxGate: {"cnn"},
    EinsumAttention: {"cnn", "attention"},
    EinsumLinearAttention: {"cnn", "attention", "linear_attention"},
    VisionTransformer: {"attention", "residual", "transformer", "dit", "conditional"},
    TimelessTransformer: {"attention", "residual", "transformer", "conditional"},
    LabelIgnored: {"attention", "residual", "transformer", "dit"},
}


@pytest.mark.parametrize("kind", HAND_MADE, ids=lambda kind: kind.__name__)
def test_facets_of_hand_made_networks(kind: type[Network]) -> None:
    assert describe(kind()).facets == HAND_MADE[kind]


@pytest.mark.parametrize("name", FACTORIES)
def test_facets_of_the_labs_networks(name: str) -> None:
    assert describe(FACTORIES[name]()).facets == EXPECTED[name]


def test_one_stage_joins_the_coarsest_map_with_itself_and_that_is_no_skip() -> None:
    assert "unet" not in describe(SimpleUNet(**{**SIMPLE, "channels": (8, 12)})).facets


def test_every_facet_is_shown_by_a_network_with_it_and_one_without() -> None:
    styled = describe(UNet(**UNET, num_classes=3, num_styles=2)).facets
    found = [*HAND_MADE.values(), *EXPECTED.values(), styled]
    assert set().union(*found) == FACETS.keys()
    assert all(any(facet not in facets for facets in found) for facet in FACETS)


def test_a_style_is_a_label_of_its_own() -> None:
    styled = UNet(**UNET, num_classes=3, num_styles=2)
    assert describe(styled).facets == EXPECTED["attention"] | {"conditional", "styled"}


def test_a_name_says_nothing() -> None:
    renamed = type("PlainPerceptron", (UNet,), {})
    misnamed = type("AttentionUNet", (PlainCNN,), {})
    assert describe(renamed(**UNET)).facets == EXPECTED["attention"]
    assert describe(misnamed()).facets == {"cnn"}


def test_parameters_flops_and_layers_by_hand() -> None:
    network = SimpleUNet(in_channels=2, image_size=8, channels=(4, 6), time_embedding_dim=4)
    network.stem.requires_grad_(False)
    facts = describe(network)
    stem, pixels, coarse = 2 * 9 * 4, 8 * 8, 4 * 4
    down = 4 * 6 + pixels * 9 * (4 * 6 + 6 * 6) + coarse * 16 * 6 * 6
    up = 4 * 4 + coarse * 9 * (12 * 4 + 4 * 4) + coarse * 16 * 4 * 4  # each coarse pixel paints a 4x4 patch
    multiply_adds = 4 * 4 + pixels * stem + down + up + pixels * 4 * 2
    assert facts.flops_per_image == 2 * multiply_adds
    assert facts.num_parameters - facts.num_trainable_parameters == stem + 4
    assert facts.layers == (
        "time: Linear(4, 4)",
        "stem: Conv2d(2, 4, 3x3)",
        "down.0.time: Linear(4, 6)",
        "down.0.conv1: Conv2d(4, 6, 3x3)",
        "down.0.norm1: BatchNorm2d(6)",
        "down.0.conv2: Conv2d(6, 6, 3x3)",
        "down.0.norm2: BatchNorm2d(6)",
        "down.0.resample: Conv2d(6, 6, 4x4, stride 2)",
        "up.0.time: Linear(4, 4)",
        "up.0.conv1: Conv2d(12, 4, 3x3)",
        "up.0.norm1: BatchNorm2d(4)",
        "up.0.conv2: Conv2d(4, 4, 3x3)",
        "up.0.norm2: BatchNorm2d(4)",
        "up.0.resample: ConvTranspose2d(4, 4, 4x4, stride 2)",
        "head: Conv2d(4, 2, 1x1)",
    )


def test_linear_attention_costs_in_proportion_to_the_pixels() -> None:
    def flops(image_size: int, attention: str) -> int:
        arguments = {**UNET, "image_size": image_size, "attention_max_size": 999}
        return describe(UNet(**arguments, attention=attention)).flops_per_image

    embedding = 4 * 16 * 16 + 2 * 16 * 2 * (3 * 16 + 2 * 8)  # what does not depend on the pixels
    assert flops(32, "linear") - embedding == 4 * (flops(16, "linear") - embedding)
    assert flops(32, "softmax") - embedding > 4 * (flops(16, "softmax") - embedding)


@pytest.mark.parametrize("name", ["simple", "conditional"])
def test_describing_changes_nothing(name: str) -> None:
    network = build(name).train()
    network.stem.eval()  # a mode of its own, as a frozen part has
    before = {key: value.clone() for key, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    state = torch.get_rng_state()
    describe(network)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert [module.training for module in network.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_compiled_network_has_the_facets_of_the_network() -> None:
    network = build("attention")
    expected = describe(network)
    network.compile(backend="eager")
    network(**batch(network))
    assert describe(network) == expected


def test_bfloat16_and_frozen_networks_are_described_too() -> None:
    network = UNet(**UNET).to(torch.bfloat16).requires_grad_(False)
    facts = describe(network)
    assert facts.num_trainable_parameters == 0 < facts.num_parameters
    assert facts.facets == describe(UNet(**UNET)).facets


def test_the_trace_builds_no_tensor_of_the_size_of_the_work() -> None:
    """Softmax attention over 2^20 positions: its weights alone would be four terabytes."""
    network = UNet(**{**UNET, "image_size": 1024, "channels": (8,), "attention_max_size": 1024, "num_heads": 1})
    assert describe(network).flops_per_image > 2 * 2 * 2**40 * 8
