"""Functions of libraries by their dotted path: Python's own, array libraries, wrappers that change nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from diffusionlab.ingest.interpret import layers, settings, tensors, training
from diffusionlab.ingest.interpret.arrays import ARRAY_FUNCTIONS
from diffusionlab.ingest.interpret.builtin import call_builtin
from diffusionlab.ingest.values import (
    NOTHING,
    Class,
    Const,
    Func,
    Instance,
    Obj,
    Seq,
    Unknown,
    Value,
    flow_of,
    joined,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Machine

Args = list[Value]
Kwargs = dict[str, Value]

ARRAYS = {
    "torch",
    "numpy",
    "np",
    "jax",
    "tensorflow",
    "tf",
    "jnp",
    "einops",
    "scipy",
    "math",
    "cupy",
    "mxnet",
    "paddle",
    "keras",
}
SAME = {
    "deepcopy", "copy", "DataParallel", "DistributedDataParallel", "compile", "script", "jit", "pmap", "vmap",
    "checkpoint", "function", "Variable", "tensor", "as_tensor", "from_numpy", "array", "asarray",
    "convert_to_tensor", "cast", "constant", "stop_gradient", "remat", "unwrap", "replicate", "unreplicate",
    "shard", "device_put", "spectral_norm", "weight_norm", "ascontiguousarray", "float32", "float64", "int32",
    "int64", "named_call", "prefetch_to_device", "FloatTensor", "LongTensor", "Tensor", "identity", "ensure_tensor",
    "DeviceDataLoader", "wraps", "grad", "value_and_grad", "checkpoint_sequential",
}  # fmt: skip
RANDOM = {
    "randn", "rand", "randn_like", "rand_like", "randint", "normal", "uniform", "multinomial", "standard_normal",
    "randrange", "truncated_normal", "random_normal", "random_uniform", "random_sample", "stateless_normal",
    "randint_like", "gauss", "beta", "betavariate", "lognormal", "exponential", "logistic", "random",
}  # fmt: skip
FACTORIES = {"from_pretrained", "from_config", "from_single_file", "load_from_checkpoint"}
LOSS_FUNCTIONS = {
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "nll_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "kl_div", "mean_squared_error", "mean_absolute_error",
    "softmax_cross_entropy", "softmax_cross_entropy_with_integer_labels", "sigmoid_binary_cross_entropy", "l2_loss",
    "huber", "gaussian_nll_loss", "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits", "sparse_categorical_crossentropy", "categorical_crossentropy",
    "binary_crossentropy", "squared_error",
}  # fmt: skip
LOSS_ALIASES = {
    "mean_squared_error": "mse_loss", "mean_absolute_error": "l1_loss", "squared_error": "mse_loss",
    "l2_loss": "mse_loss", "softmax_cross_entropy": "cross_entropy",
    "softmax_cross_entropy_with_integer_labels": "cross_entropy",
    "softmax_cross_entropy_with_logits": "cross_entropy",
    "sparse_softmax_cross_entropy_with_logits": "cross_entropy", "sparse_categorical_crossentropy": "cross_entropy",
    "categorical_crossentropy": "cross_entropy", "sigmoid_binary_cross_entropy": "binary_cross_entropy",
    "sigmoid_cross_entropy_with_logits": "binary_cross_entropy", "binary_crossentropy": "binary_cross_entropy",
}  # fmt: skip


def call_library(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    head, _, name = path.rpartition(".")
    top = path.split(".")[0]
    if name in FACTORIES and head.rsplit(".", 1)[-1][:1].isupper():
        path = head  # Model.from_pretrained(...)
        head, _, name = path.rpartition(".")
    if top == "builtins":
        return call_builtin(m, name, args, kwargs, node)
    known = settings.call_setting(m, path, args, kwargs, node)
    if known is not None:
        return known
    if layers.is_layer(path) or name == "Sequential" or path in ("tensorflow.keras.Input", "keras.Input"):
        if name == "Parameter":
            return layers.parameter(m, args, node)
        return layers.make_layer(m, path, args, kwargs, node)
    if name == "Parameter":
        return layers.parameter(m, args, node)
    if path in ("os.path.join", "posixpath.join") or (name == "Path" and top == "pathlib") or path == "pathlib.Path":
        return _path(m, name, args, kwargs, node)
    if name in RANDOM and (top in ARRAYS or top == "random" or "random" in head):
        return _random(m, path, name, args, kwargs, node)
    if name in LOSS_FUNCTIONS:
        return _loss(m, path, name, args, kwargs, node)
    if name in SAME and args and (top in ARRAYS or top in ("copy", "accelerate", "flax", "functools")):
        m.record(path, args, kwargs, node, args[0])
        return _same(m, path, args, node)
    if name == "load_data" and "datasets" in head:
        return _arrays(m, path, args, kwargs, node)
    if name == "LightningCLI":
        return training.lightning_cli(m, args, kwargs, node)
    if name == "partial":
        return Obj(path, args, kwargs, m.line(node))
    if top in ARRAYS and name in ARRAY_FUNCTIONS:
        return ARRAY_FUNCTIONS[name](m, path, args, kwargs, node)
    return _other(m, path, name, top, args, kwargs, node)


def _arrays(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Seq:
    """(x_train, y_train), (x_test, y_test) of a data set of Keras."""
    made = m.make(path, args, kwargs, node)

    def pair() -> Seq:
        mine = m.fresh()
        x = Obj("array", flow=NOTHING.tagged("data").but(layers=frozenset({mine}), last=mine), owner=made)
        return Seq([x, Obj("array", flow=NOTHING.tagged("label"), owner=made)], "tuple")

    return Seq([pair(), pair()], "tuple")


def _other(m: Machine, path: str, name: str, top: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    """Any other call: a class makes an object that nothing flows into, a function passes on what flows in."""
    flow = joined(flow_of(one) for one in [*args, *kwargs.values()])
    settings.feed_parser(args)
    if name[:1].isupper():
        return m.make(path, args, kwargs, node)
    result = m.make(path, args, kwargs, node, flow=flow)
    if top in ARRAYS:
        first = tensors.ramp(args[0]) if args else None
        if first is not None and name in (
            "log",
            "clip",
            "clamp",
            "float",
            "flip",
            "concatenate",
            "append",
            "minimum",
            "maximum",
        ):
            result.ramp = first
        if name in ("relu", "silu", "gelu", "dropout", "tanh", "leaky_relu"):
            result.flow = flow
    _call_back(m, args, kwargs, node)
    return result


def _call_back(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> None:
    """A function that is handed to a library is called by it."""
    given = kwargs.get("args", next((one for one in args[1:] if isinstance(one, Seq)), None))
    for one in [*args, *kwargs.values()]:
        if isinstance(one, Func) and not isinstance(one.node, ast.Lambda) and id(one.node) not in m.trace.called:
            wanted = len(one.node.args.args) - len(one.defaults) - one.bound
            known = list(given.items) if isinstance(given, Seq) and len(given.items) in (wanted, wanted - 1) else []
            m.call(one, [*[Unknown() for _ in range(wanted - len(known))], *known], {}, node)


def _path(m: Machine, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    result = tensors.join_path(args)
    return (
        result.args[0] if isinstance(result, Obj) and isinstance(result.args[0], Const) and name == "join" else result
    )


def _random(m: Machine, path: str, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    sizes = args[1:] if path.startswith("jax.random") else args
    order = m.order + 1
    tags = tensors.random_tags(name, sizes, kwargs, order)
    flow = NOTHING.tagged(*tags)
    if "noise" in tags:
        flow = flow.but(layers=frozenset({m.fresh()}), last=m.ids)
        if name.endswith("_like") and args:
            flow = flow.but(level=flow_of(args[0]).level)
    return m.make(path, args, kwargs, node, flow=flow)


def _loss(m: Machine, path: str, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    named = [
        kwargs[key]
        for key in ("input", "logits", "predictions", "y_pred", "target", "labels", "targets", "y_true")
        if key in kwargs
    ]
    pair = [*args, *named]
    flow = joined(flow_of(one) for one in pair).marked("loss")
    if len(pair) >= 2:
        tensors.loss(m, LOSS_ALIASES.get(name, name), pair[0], pair[1], node)
        return m.make(path, args, kwargs, node, flow=flow)
    return m.make(path, args, kwargs, node, flow=flow)


def _same(m: Machine, path: str, args: Args, node: ast.AST) -> Value:
    value = args[0]
    if (
        isinstance(value, Seq)
        and path.split(".")[0] != "copy"
        and not any(isinstance(one, Instance | Func | Class) for one in value.items)
    ):
        result = Obj(path, args, site=m.line(node), flow=flow_of(value))
        result.lines = value.lines
        return result
    if isinstance(value, Const) and path.split(".")[-1] in ("tensor", "as_tensor", "array", "constant", "FloatTensor"):
        return value
    return value
