"""Layers of libraries: what calling them does to the flow of a tensor, and calls of models that a library or an
import provides."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from diffusionlab.ingest.interpret import tensors
from diffusionlab.ingest.values import (
    Choice,
    Flow,
    Map,
    Obj,
    Seq,
    Unknown,
    Value,
    flow_of,
    joined,
    number,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Machine

LAYER_HOMES = (
    "torch.nn.",
    "keras.layers.",
    "tensorflow.keras.layers.",
    "flax.linen.",
    "flax.nnx.",
    "haiku.",
    "equinox.nn.",
    "tensorflow.layers.",
    "tensorflow.python.keras.layers.",
    "tensorflow_addons.layers.",
    "mxnet.gluon.nn.",
    "paddle.nn.",
    "tflearn.layers.",
    "lasagne.layers.",
)
ELEMENTWISE = {
    "Dropout", "Dropout1d", "Dropout2d", "SpatialDropout2D", "Identity", "ReLU", "ReLU6", "LeakyReLU", "ELU",
    "SELU", "GELU", "SiLU", "Swish", "Mish", "Tanh", "Sigmoid", "Hardswish", "PReLU", "Softplus", "Activation",
    "GaussianNoise", "AlphaDropout", "DropPath", "Lambda", "Rescaling", "Threshold", "Hardtanh", "Hardsigmoid",
    "CELU", "ActivityRegularization",
}  # fmt: skip
SHAPES = {"Flatten", "Reshape", "Permute", "Unflatten", "RepeatVector", "Rearrange"}
UP = {"Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d", "UpSampling2D", "PixelShuffle", "MaxUnpool2d"}
DOWN = {"MaxPool2d", "AvgPool2d", "MaxPooling2D", "AveragePooling2D", "MaxPool2D", "AveragePool2D", "PixelUnshuffle"}
LOSSES = {
    "MSELoss": "mse_loss", "L1Loss": "l1_loss", "SmoothL1Loss": "smooth_l1_loss", "HuberLoss": "huber_loss",
    "CrossEntropyLoss": "cross_entropy", "NLLLoss": "nll_loss", "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits", "KLDivLoss": "kl_div",
    "BinaryCrossentropy": "binary_cross_entropy", "MeanSquaredError": "mse_loss", "MeanAbsoluteError": "l1_loss",
    "CategoricalCrossentropy": "cross_entropy", "SparseCategoricalCrossentropy": "cross_entropy",
    "Huber": "huber_loss", "PoissonNLLLoss": "poisson_nll_loss", "GaussianNLLLoss": "gaussian_nll_loss",
}  # fmt: skip
CONTAINERS = {"ModuleList", "ModuleDict", "ParameterList", "Sequential"}


def is_layer(path: str) -> bool:
    if not path.startswith(LAYER_HOMES):
        return False
    name = path.rsplit(".", 1)[-1]
    return name[:1].isupper() and not name.endswith("Loss") and "functional" not in path and name != "Parameter"


def call_object(m: Machine, layer: Obj, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call what a library call returned: a layer, a loss, a model, a partial function."""
    from diffusionlab.ingest.interpret import calls

    name = layer.name
    if name == "partial" and layer.args:
        return m.call(layer.args[0], [*layer.args[1:], *args], {**layer.kwargs, **kwargs}, node)
    if name == "Sequential":
        return calls.noted(m, layer, args, kwargs, through(m, layer.args, args, node), node)
    if name in LOSSES or name.endswith("Loss"):
        pair = [*args, *kwargs.values()]
        if len(pair) >= 2:
            tensors.loss(m, LOSSES.get(name, name), pair[0], pair[1], node, layer.lines)
        flow = joined(flow_of(one) for one in pair).marked("loss")
        result = Obj("loss()", pair, site=m.line(node), flow=flow)
        m.record("loss()", args, kwargs, node, result, layer)
        return result
    if is_layer(layer.path):
        return apply(m, layer, args, kwargs, node)
    if name in ("Model", "Functional") and "keras" in layer.path:
        return _through_graph(m, layer, args, kwargs, node)
    flow = joined(flow_of(one) for one in [*args, *kwargs.values()])
    result = Obj(layer.path + "()", args, kwargs, m.line(node), flow, layer)
    m.record("()", args, kwargs, node, result, layer)
    head = layer.path.split(".")[0]
    if ".metrics." in layer.path or ".losses." in layer.path:
        return result
    network = name[:1].isupper() or "param" in layer.attributes or layer.path.startswith(("torchvision.models", "timm"))
    if layer.path == "torch.load":
        return calls.noted(m, layer, args, kwargs, result, node)
    if (
        network
        and flow.tags
        and head not in ("builtins", "numpy", "torch", "os", "PIL", "transforms")
        and not (
            layer.path.startswith(("torchvision.transforms", "albumentations", "torchmetrics", "torchvision.utils"))
        )
    ):
        return calls.noted(m, layer, args, kwargs, result, node)
    return result


def _through_graph(m: Machine, model: Obj, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """The output of `Model(inputs, outputs)`: what came out of its layers where it was defined."""
    from diffusionlab.ingest.interpret import calls

    outputs = model.kwargs.get("outputs", model.args[1] if len(model.args) > 1 else None)
    graph, given = flow_of(outputs), joined(flow_of(one) for one in [*args, *kwargs.values()])
    tags = given.tags | (graph.tags - {"symbolic"})
    flow = Flow(tags, given.layers | graph.layers, graph.last or given.last, graph.level, graph.lowest)
    result = Obj(model.path + "()", args, kwargs, m.line(node), flow, model)
    return calls.noted(m, model, args, kwargs, result, node)


def through(m: Machine, items: list[Value], args: list[Value], node: ast.AST) -> Value:
    """The result of calling several layers in a row."""
    value = args[0] if args else Unknown()
    rest = args[1:]
    for item in items:
        value = m.call(item, [value, *rest], {}, node)
        rest = []
    return value


def apply(m: Machine, layer: Obj, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    name = layer.name
    flow = joined(flow_of(one) for one in [*args, *kwargs.values()])
    result = Obj(layer.path + "()", args, kwargs, m.line(node), flow, layer)
    if name in ("Softmax", "LogSoftmax"):
        result.flow = tensors.softmax(args[0]) if args else flow
        return result
    if name in ELEMENTWISE:
        result.flow = flow.marked("sigmoid") if name == "Sigmoid" else flow
        return result
    if name in SHAPES:
        result.flow = flow.marked("reshaped")
        return result
    if name in ("Concatenate", "Add", "Concat"):
        inside = args[0].items if args and isinstance(args[0], Seq) else args
        path = "op.add" if name == "Add" else "cat"
        m.record(path, list(inside), {}, node, result)
        result.flow = deeper(m, flow)
        return result
    m.record("layer", args, kwargs, node, result, layer)
    result.flow = deeper(m, flow, _step(layer))
    if name == "MultiHeadAttention" or name == "MultiheadAttention":
        result.flow = result.flow.but(marks=frozenset())
        m.record("attention", args, kwargs, node, result, layer)
        if name == "MultiheadAttention":
            return Seq([result, Unknown()], "tuple")
    if name in ("LSTM", "GRU", "RNN") and layer.path.startswith("torch"):
        return Seq([result, Obj("state", flow=result.flow)], "tuple")
    return result


def deeper(m: Machine, flow: Flow, step: int = 0) -> Flow:
    """The flow behind a layer with weights; `step` halves (1) or doubles (-1) the resolution."""
    level = flow.level + step
    lowest = max(flow.lowest, level)
    if not flow.is_image:
        return Flow(flow.tags, flow.layers, flow.last, level, lowest)
    mine = m.fresh()
    return Flow(flow.tags, flow.layers | {mine}, mine, level, lowest)


def _step(layer: Obj) -> int:
    name = layer.name
    if name in UP:
        return -1
    if name in DOWN:
        return 1
    if not name.startswith(("Conv", "Deconv", "SeparableConv")):
        return 0
    torch = layer.path.startswith(("torch", "mxnet", "paddle"))
    stride = layer.kwargs.get("stride", layer.kwargs.get("strides", layer.kwargs.get("subsample")))
    if stride is None:
        position = 3 if torch else 2
        stride = layer.args[position] if position < len(layer.args) else None
    if isinstance(stride, Seq) and stride.items:
        stride = stride.items[0]
    if isinstance(stride, Choice):
        stride = stride.options[0]
    size = number(stride)
    if size is None or size < 2:
        return 0
    return -1 if "Transpose" in name or name.startswith("Deconv") else 1


def make_layer(m: Machine, path: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """The object that a layer's class returns; containers are the rows of their children."""
    name = path.rsplit(".", 1)[-1]
    if name in ("ModuleList", "ParameterList"):
        given = args[0] if args else None
        return Seq(list(given.items), "modules", given.open) if isinstance(given, Seq) else Seq([], "modules")
    if name == "ModuleDict":
        given = args[0] if args else None
        return Map(dict(given.items)) if isinstance(given, Map) else Map({}, open=True)
    if name == "Sequential" and len(args) == 1 and isinstance(args[0], Seq):
        args = list(args[0].items)
    elif name == "Sequential" and len(args) == 1 and isinstance(args[0], Obj | Map):
        inside = (
            args[0].args[0] if isinstance(args[0], Obj) and args[0].name == "OrderedDict" and args[0].args else args[0]
        )
        if isinstance(inside, Map):
            args = list(inside.items.values())
        elif isinstance(inside, Seq):
            args = [one.items[1] for one in inside.items if isinstance(one, Seq) and len(one.items) == 2]
    elif name == "Sequential" and isinstance(kwargs.get("layers"), Seq):
        args = list(kwargs["layers"].items)  # type: ignore[attr-defined]
    layer = m.make(path, args, kwargs, node)
    if name == "Input":  # of a functional model: a tensor by itself
        mine = m.fresh()
        layer.flow = Flow(frozenset({"symbolic"}), frozenset({mine}), mine)
        return layer
    if name != "Sequential":
        m.trace.layers.append(layer)
    return layer


def parameter(m: Machine, args: list[Value], node: ast.AST) -> Obj:
    return Obj("torch.nn.Parameter", args, site=m.line(node))
