"""What a network is, found by running it: facets, parameters, cost and layers, whatever its classes are called."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.utils.flop_counter import FlopCounterMode

from diffusionlab.models.autoencoder import Autoencoder
from diffusionlab.models.dual_encoder import DualEncoder
from diffusionlab.models.network import Network
from diffusionlab.models.trace import Graph, plain_evaluation, trace


@dataclass(frozen=True)
class ModelFacts:
    """The facts of one network. `facets` holds those of FACETS that are true of it."""

    facets: frozenset[str]
    num_parameters: int
    num_trainable_parameters: int
    flops_per_image: int  # one forward of one image; a multiply-add counts as two
    layers: tuple[str, ...]  # "down.0.blocks.0.residual.conv1: Conv2d(64, 128, 3x3)"


FACETS = {
    "cnn": "convolutions with overlapping windows work on the image",
    "unet": "a finer feature map of the encoder is concatenated to the decoder's",
    "residual": "a layer's input is added to its output",
    "attention": "positions attend to each other, by softmax or linear attention",
    "linear_attention": "attention whose products never meet a softmax in between: linear in the positions",
    "transformer": "attention without convolutions, but for those that cut into patches",
    "dit": "a transformer that takes the diffusion time",
    "conditional": "the output depends on the class label",
    "styled": "the output depends on the style, a second label",
    "autoencoder": "an image is made again from a coarser feature map, past which nothing leads",
}


def describe(network: Network | Autoencoder | DualEncoder) -> ModelFacts:
    """The facts of `network`, from its module tree and one forward of one image in eval mode, on shapes alone.

    Weights, modes and the random state stay as they were.
    """
    parameters = list(network.parameters())
    shape = (1, network.in_channels, network.image_size, network.image_size)
    inputs = {"x": torch.empty(shape, dtype=parameters[0].dtype)}
    if isinstance(network, Network):
        names = ("label", "style")[: len(network.null_labels)]
        inputs |= {"time": torch.empty(1), **{name: torch.empty(1, dtype=torch.int64) for name in names}}
    with plain_evaluation(network), FlopCounterMode(display=False) as flops:
        graph = trace(network, **inputs)
    return ModelFacts(
        facets=facets_of(graph),
        num_parameters=sum(parameter.numel() for parameter in parameters),
        num_trainable_parameters=sum(p.numel() for p in parameters if p.requires_grad),
        flops_per_image=flops.get_total_flops(),
        layers=tuple(layer_lines(network)),
    )


def facets_of(graph: Graph) -> frozenset[str]:
    """The FACETS that hold for a traced network with inputs named x, time, label and style."""
    attention = set(attention_kinds(graph))
    output = graph.operations[-1]
    convolutional = any(op.is_spatial_convolution and "x" in op.sources for op in graph.operations)
    transformer = bool(attention) and not convolutional
    holds = {
        "cnn": convolutional,
        "unet": any(joins_encoder_to_decoder(graph, index) for index in range(len(graph.operations))),
        "residual": any(adds_a_shortcut(graph, index) for index in range(len(graph.operations))),
        "attention": bool(attention),
        "linear_attention": "linear" in attention,
        "transformer": transformer,
        "dit": transformer and "time" in output.sources,
        "conditional": "label" in output.sources,
        "styled": "style" in output.sources,
        "autoencoder": output.sources == {"x"} and has_bottleneck(graph),
    }
    assert holds.keys() == FACETS.keys()
    return frozenset(facet for facet, true in holds.items() if true)


def attention_kinds(graph: Graph) -> Iterator[str]:
    """The kind, softmax or linear, of every two products of activations of which one feeds the other.

    softmax(Q K^T) V has a softmax between its products, Q (K^T V) has none.
    """
    for operation in graph.operations:
        if not (operation.is_product_of_activations and "x" in operation.sources):
            continue
        pending = [(parent, False) for parent in operation.inputs]
        while pending:
            parent, softmax = pending.pop()
            before = graph.operations[parent]
            if before.is_product_of_activations:
                yield "softmax" if softmax else "linear"
            elif not before.is_weighted:
                pending += [(inner, softmax or "softmax" in before.name) for inner in before.inputs]


def joins_encoder_to_decoder(graph: Graph, index: int) -> bool:
    """Whether an operation concatenates, by channel, a feature map and one that went down and up since it."""
    operation = graph.operations[index]
    if operation.name != "cat" or len(operation.shape) != 4:
        return False
    channels = {shape[1] for shape in operation.input_shapes}
    by_channel = operation.shape[1] > max(channels)
    pairs = permutations(set(operation.inputs), 2)
    return by_channel and any(went_down_and_up(graph, skip, deep) for skip, deep in pairs)


def went_down_and_up(graph: Graph, skip: int, deep: int) -> bool:
    """Whether `deep` was made from what `skip` holds, by way of a coarser feature map, and `skip` was not."""
    trunk = same_resolution_trunk(graph, skip)
    return any(
        graph.operations[up].resampling > 0
        and any(
            graph.operations[down].resampling < 0 and down not in trunk and graph.ancestors[down] & trunk
            for down in graph.ancestors[up]
        )
        for up in graph.ancestors[deep] - graph.ancestors[skip]
    )


def same_resolution_trunk(graph: Graph, index: int) -> set[int]:
    """The operations that `index` comes from, back to where the resolution last changed."""
    trunk: set[int] = set()
    pending = [index]
    while pending:
        current = pending.pop()
        operation = graph.operations[current]
        same = len(operation.shape) == 4 and operation.shape[2:] == graph.operations[index].shape[2:]
        if same and "x" in operation.sources and current not in trunk:
            trunk.add(current)
            pending += [] if operation.resampling else operation.inputs
    return trunk


def has_bottleneck(graph: Graph) -> bool:
    """Whether the output is as large as x, and all that x tells it passes through one coarser feature map."""
    x = next(op for op in graph.operations if op.name == "x")
    last = len(graph.operations) - 1
    if graph.operations[last].shape != x.shape:
        return False
    coarser = [
        index
        for index in graph.ancestors[last]
        if len(graph.operations[index].shape) == 4
        and "x" in graph.operations[index].sources
        and math.prod(graph.operations[index].shape[2:]) < math.prod(x.shape[2:])
    ]
    return not all(leads_past(graph, index) for index in coarser)


def leads_past(graph: Graph, bottleneck: int) -> bool:
    """Whether x reaches the output on a path without `bottleneck`."""
    reached: set[int] = set()
    for index, operation in enumerate(graph.operations):
        if operation.name == "x" or (index != bottleneck and reached & set(operation.inputs)):
            reached.add(index)
    return len(graph.operations) - 1 in reached


def adds_a_shortcut(graph: Graph, index: int) -> bool:
    """Whether an operation adds a tensor, or a projection of it, to what deeper layers made of that tensor."""
    operation = graph.operations[index]
    if operation.name != "add" or len(operation.inputs) != 2 or len(set(operation.input_shapes)) != 1:
        return False
    return any(
        graph.weighted_depth(root, branch) > num_projections
        for shortcut, branch in permutations(operation.inputs, 2)
        for root, num_projections in shortcut_roots(graph, shortcut)
    )


def shortcut_roots(graph: Graph, index: int) -> Iterator[tuple[int, int]]:
    """Where a straight shortcut into `index` may begin, with the number (0 or 1) of projections on it."""
    num_projections = 0
    while "x" in graph.operations[index].sources:
        yield index, num_projections
        operation = graph.operations[index]
        num_projections += operation.is_weighted
        if len(operation.inputs) != 1 or num_projections > 1:
            return
        index = operation.inputs[0]


def layer_lines(network: nn.Module) -> Iterator[str]:
    """One line for each layer: its path, its class, its sizes."""
    for path, module in network.named_modules():
        is_leaf = not any(True for _ in module.children())
        has_own_parameters = any(True for _ in module.parameters(recurse=False))
        is_passage = isinstance(module, nn.Identity | nn.Sequential | nn.ModuleList)
        if (is_leaf or has_own_parameters) and not is_passage:
            yield f"{path or '(root)'}: {type(module).__name__}({layer_sizes(module)})"


def layer_sizes(module: nn.Module) -> str:
    """The sizes that tell two layers of one class apart."""
    if isinstance(module, _ConvNd):
        kernel = "x".join(map(str, module.kernel_size))
        stride = "" if set(module.stride) == {1} else f", stride {module.stride[0]}"
        return f"{module.in_channels}, {module.out_channels}, {kernel}{stride}"
    if isinstance(module, nn.Linear):
        return f"{module.in_features}, {module.out_features}"
    if isinstance(module, nn.GroupNorm):
        return f"{module.num_groups}, {module.num_channels}"
    if isinstance(module, nn.BatchNorm2d):
        return f"{module.num_features}"
    return module.extra_repr()
