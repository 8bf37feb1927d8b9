"""Functions of libraries by their dotted path: Python's own, array libraries, wrappers that change nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret import layers, settings, tensors
from diffusionlab.ingest.interpret.iteration import elements_of, next_of
from diffusionlab.ingest.values import (
    NOTHING,
    Choice,
    Class,
    Const,
    Func,
    Instance,
    Lib,
    Map,
    Method,
    Obj,
    Ramp,
    Seq,
    Unknown,
    Value,
    flow_of,
    joined,
    number,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Machine

Args = list[Value]
Kwargs = dict[str, Value]

ARRAYS = {"torch", "numpy", "np", "jax", "tensorflow", "tf", "jnp", "einops", "scipy", "math", "cupy", "mxnet", "paddle", "keras"}
SAME = {
    "deepcopy", "copy", "DataParallel", "DistributedDataParallel", "compile", "script", "jit", "pmap", "vmap", "checkpoint",
    "function", "Variable", "tensor", "as_tensor", "from_numpy", "array", "asarray", "convert_to_tensor", "cast", "constant",
    "stop_gradient", "remat", "unwrap", "replicate", "unreplicate", "shard", "device_put", "spectral_norm", "weight_norm",
    "ascontiguousarray", "float32", "float64", "int32", "int64", "named_call", "prefetch_to_device", "FloatTensor",
    "LongTensor", "Tensor", "identity", "ensure_tensor", "DeviceDataLoader", "wraps", "grad", "value_and_grad", "checkpoint_sequential",
}  # fmt: skip
RANDOM = {
    "randn", "rand", "randn_like", "rand_like", "randint", "normal", "uniform", "multinomial", "standard_normal", "randrange",
    "truncated_normal", "random_normal", "random_uniform", "random_sample", "stateless_normal", "randint_like", "gauss",
}  # fmt: skip
FACTORIES = {"from_pretrained", "from_config", "from_single_file", "load_from_checkpoint"}
LOSS_FUNCTIONS = {
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "nll_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "kl_div", "mean_squared_error", "mean_absolute_error", "softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels", "sigmoid_binary_cross_entropy", "l2_loss", "huber", "gaussian_nll_loss",
    "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits",
    "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy", "squared_error",
}  # fmt: skip
LOSS_ALIASES = {
    "mean_squared_error": "mse_loss", "mean_absolute_error": "l1_loss", "squared_error": "mse_loss", "l2_loss": "mse_loss",
    "softmax_cross_entropy": "cross_entropy", "softmax_cross_entropy_with_integer_labels": "cross_entropy",
    "softmax_cross_entropy_with_logits": "cross_entropy", "sparse_softmax_cross_entropy_with_logits": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy", "categorical_crossentropy": "cross_entropy",
    "sigmoid_binary_cross_entropy": "binary_cross_entropy", "sigmoid_cross_entropy_with_logits": "binary_cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
}  # fmt: skip


def call_library(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    head, _, name = path.rpartition(".")
    top = path.split(".")[0]
    if name in FACTORIES and head.rsplit(".", 1)[-1][:1].isupper():
        path = head  # Model.from_pretrained(...)
        head, _, name = path.rpartition(".")
    if top == "builtins":
        return _builtin(m, name, args, kwargs, node)
    known = settings.call_setting(m, path, args, kwargs, node)
    if known is not None:
        return known
    if layers.is_layer(path):
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
    if name in ("partial",):
        return Obj(path, args, kwargs, m.line(node))
    if top in ARRAYS and name in ARRAY_FUNCTIONS:
        return ARRAY_FUNCTIONS[name](m, path, args, kwargs, node)
    return _other(m, path, name, top, args, kwargs, node)


def _other(m: Machine, path: str, name: str, top: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    """Any other call: a class makes an object that nothing flows into, a function passes on what flows in."""
    flow = joined(flow_of(one) for one in [*args, *kwargs.values()])
    if name[:1].isupper():
        return m.make(path, args, kwargs, node)
    result = m.make(path, args, kwargs, node, flow=flow)
    if top in ARRAYS:
        first = tensors.ramp(args[0]) if args else None
        if first is not None and name in ("log", "clip", "clamp", "float", "flip", "concatenate", "append", "minimum", "maximum"):
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
    return result.args[0] if isinstance(result, Obj) and isinstance(result.args[0], Const) and name == "join" else result


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
    named = [kwargs[key] for key in ("input", "logits", "predictions", "y_pred", "target", "labels", "targets", "y_true") if key in kwargs]
    pair = [*args, *named]
    flow = joined(flow_of(one) for one in pair)
    if len(pair) >= 2:
        tensors.loss(m, LOSS_ALIASES.get(name, name), pair[0], pair[1], node)
        return m.make(path, args, kwargs, node, flow=flow)
    return m.make(path, args, kwargs, node, flow=flow)


def _same(m: Machine, path: str, args: Args, node: ast.AST) -> Value:
    value = args[0]
    if isinstance(value, Seq) and path.split(".")[0] != "copy" and not any(
        isinstance(one, Instance | Func | Class) for one in value.items
    ):
        result = Obj(path, args, site=m.line(node), flow=flow_of(value))
        result.lines = value.lines
        return result
    if isinstance(value, Const) and path.split(".")[-1] in ("tensor", "as_tensor", "array", "constant", "FloatTensor"):
        return value
    return value


def _softmax(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    return m.make(path, args, kwargs, node, flow=tensors.softmax(args[0]) if args else NOTHING)


def _matmul(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    operands = [one for one in args if not (isinstance(one, Const) and isinstance(one.value, str))]
    if len(operands) == 1 and isinstance(operands[0], Seq):
        operands = operands[0].items
    return tensors.matmul(m, path, operands, node)


def _attention(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    result = m.make(path, args, kwargs, node, flow=joined(flow_of(one) for one in [*args, *kwargs.values()]))
    m.record("attention", args, kwargs, node, result)
    return result


def _cat(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    items = args[0].items if args and isinstance(args[0], Seq) else args[:1]
    flow = joined(flow_of(one) for one in items)
    result = Obj(path, args, kwargs, m.line(node), flow)
    m.record("cat", list(items), kwargs, node, result)
    result.flow = flow.marked("cat") if not flow.layers or not m.forward else layers.deeper(m, flow).marked("cat", *flow.marks)
    first = next((one for one in items if tensors.ramp(one) is not None), None)
    result.ramp = tensors.ramp(first) if first is not None else None
    return result


def _marking(mark: str) -> Any:
    def mark_flow(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
        flow = joined(flow_of(one) for one in args)
        result = m.make(path, args, kwargs, node, flow=flow.marked(mark) if flow is not NOTHING else NOTHING)
        row = tensors.ramp(args[0]) if args else None
        if row is not None and mark in ("cos", "sigmoid"):
            ends = (Const(0.0), Const(1.0)) if mark == "sigmoid" else (Unknown(), Unknown())
            result.ramp = Ramp(*ends, row.count, "cosine" if mark == "cos" else mark, (*row.lines, m.line(node)), None)
        return result

    return mark_flow


def _linspace(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    start = kwargs.get("start", args[0] if args else Unknown())
    end = kwargs.get("end", kwargs.get("stop", args[1] if len(args) > 1 else Unknown()))
    count = kwargs.get("steps", kwargs.get("num", args[2] if len(args) > 2 else Unknown()))
    result = m.make(path, args, kwargs, node)
    result.ramp = Ramp(start, end, count, "linear", (m.line(node),))
    return result


def _arange(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    result = m.make(path, args, kwargs, node)
    stop = kwargs.get("end", args[1] if len(args) > 1 else (args[0] if args else Unknown()))
    start = args[0] if len(args) > 1 else Const(0)
    last: Value = Unknown()
    count: Value = stop
    if isinstance(stop, Const) and len(stop.parts) == 2 and number(stop.parts[1]) == 1:
        last = count = stop.parts[0]
    elif isinstance(stop, Const) and number(stop) is not None:
        last = Const(stop.value - 1, stop.lines, "formula")
        count = stop if number(start) == 0 else (last if number(start) == 1 else Unknown())
    result.ramp = Ramp(start, last, count, "linear", (m.line(node),))
    return result


def _square(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    if args:
        tensors.squared(m, args[0], "absolute error" if path.endswith("abs") else "squared error", node)
    return m.make(path, args, kwargs, node, flow=joined(flow_of(one) for one in args))


def _pool(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    flow = joined(flow_of(one) for one in args[:1])
    step = -1 if path.rsplit(".", 1)[-1] in ("interpolate", "upsample", "resize", "pixel_shuffle") else 1
    if step == -1 and flow.level <= 0:
        step = 0
    return m.make(path, args, kwargs, node, flow=layers.deeper(m, flow, step) if flow.layers else flow)


def _shape_only(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    return m.make(path, args, kwargs, node)


def _reshape(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    flow = joined(flow_of(one) for one in args[:1])
    return m.make(path, args, kwargs, node, flow=flow.marked("reshaped") if flow.layers else flow)


ARRAY_FUNCTIONS = {
    "softmax": _softmax, "matmul": _matmul, "bmm": _matmul, "einsum": _matmul, "batch_dot": _matmul, "dot": _matmul,
    "scaled_dot_product_attention": _attention, "dot_product_attention": _attention,
    "memory_efficient_attention": _attention,
    "cat": _cat, "concat": _cat, "concatenate": _cat, "hstack": _cat,
    "sin": _marking("sin"), "cos": _marking("cos"), "elu": _marking("elu"), "sigmoid": _marking("sigmoid"),
    "exp": _marking("exp"), "adaptive_avg_pool2d": _marking("pooled"), "argmin": _marking("argmin"),
    "linspace": _linspace, "arange": _arange, "square": _square, "abs": _square, "norm": _square,
    "max_pool2d": _pool, "avg_pool2d": _pool, "interpolate": _pool, "upsample": _pool, "resize": _pool,
    "zeros": _shape_only, "ones": _shape_only, "full": _shape_only, "zeros_like": _shape_only, "ones_like": _shape_only,
    "full_like": _shape_only, "reshape": _reshape, "rearrange": _reshape, "flatten": _reshape,
}  # fmt: skip


def _builtin(m: Machine, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    handler = BUILTIN_FUNCTIONS.get(name)
    if handler is not None:
        return handler(m, args, kwargs, node)
    if name in ("print", "input", "exit", "quit", "repr", "id", "hash", "callable", "issubclass", "help", "exec", "eval"):
        return Unknown(asks="input" if name == "input" else None)
    return Obj(f"builtins.{name}", args, kwargs, m.line(node), joined(flow_of(one) for one in args))


def _convert(kind: type) -> Any:
    def convert(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
        value = args[0] if args else Const(kind())
        if isinstance(value, Choice):
            value = value.options[0]
        if isinstance(value, Const) and isinstance(value.value, int | float | str | bool):
            try:
                same = kind in (int, float) and value.value == kind(value.value) and not isinstance(value.value, str)
                return value if same else Const(kind(value.value), value.lines, value.via or "formula", value.soft, (value,))
            except (ValueError, OverflowError):
                return Unknown()
        return Unknown(getattr(value, "name", ""), getattr(value, "asks", None), flow_of(value), value.lines)

    return convert


def _items(kind: str) -> Any:
    def items(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
        if not args:
            return Seq([], kind, lines=(m.line(node),))
        value = args[0]
        if isinstance(value, Seq):
            return Seq(list(value.items), kind, value.open, value.lines)
        if "param" in value.flow.tags:
            return value
        if isinstance(value, Obj) and value.name in ("range", "reversed", "map", "zip", "enumerate"):
            elements = elements_of(m, value, node)
            return Seq(elements, kind, True)
        if isinstance(value, Obj | Instance) and value.flow is NOTHING:
            return Obj("list", [value], site=m.line(node))
        return Seq(elements_of(m, value, node), kind, True)

    return items


def _extreme(function: Any) -> Any:
    def extreme(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
        values = args[0].items if len(args) == 1 and isinstance(args[0], Seq) else args
        numbers = [number(one) for one in values]
        if values and all(one is not None for one in numbers):
            return values[numbers.index(function(numbers))]
        return Obj("builtins." + function.__name__, list(values), flow=joined(flow_of(one) for one in values))

    return extreme


def _len(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    value = args[0] if args else Unknown()
    if isinstance(value, Seq | Map) and not value.open:
        return Const(len(value.items), value.lines, "length")
    if isinstance(value, Const) and isinstance(value.value, str):
        return Const(len(value.value), value.lines, "length")
    return Obj("len", [value], site=m.line(node))


def _isinstance(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    value, kinds = (args[0], args[1]) if len(args) == 2 else (Unknown(), Unknown())
    options = kinds.items if isinstance(kinds, Seq) else [kinds]
    if isinstance(value, Instance):
        if any(isinstance(one, Class) and one in value.cls.order() for one in options):
            return Const(True)
        if all(isinstance(one, Class) for one in options):
            return Const(False)
        names = [one.path for one in options if isinstance(one, Lib)]
        return Const(True) if any(name in value.cls.library_bases() for name in names) else Unknown()
    if isinstance(value, Obj):
        if any(isinstance(one, Lib) and one.path == value.path for one in options):
            return Const(True)
        return Const(False) if all(isinstance(one, Class) for one in options) else Unknown()
    if isinstance(value, Const) and all(isinstance(one, Lib) for one in options):
        names = {one.path.rsplit(".", 1)[-1] for one in options if isinstance(one, Lib)}
        return Const(type(value.value).__name__ in names)
    if isinstance(value, Seq | Map):
        names = {one.path.rsplit(".", 1)[-1] for one in options if isinstance(one, Lib)}
        return Const(value.kind in names or ("list" in names and value.kind == "modules"))
    return Unknown()


def _getattr(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    from diffusionlab.ingest.interpret.expressions import attribute

    if len(args) >= 2 and isinstance(args[1], Const) and isinstance(args[1].value, str):
        found = attribute(m, args[0], args[1].value, node)
        missing = isinstance(found, Unknown) or (isinstance(found, Method) and isinstance(args[0], Map | Instance))
        return args[2] if missing and len(args) > 2 else found
    if len(args) >= 2 and isinstance(args[0], Lib):
        return Obj(f"{args[0].path}.*", [args[1]], site=m.line(node))
    return Unknown()


def _setattr(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    from diffusionlab.ingest.interpret.statements import put_attribute

    if len(args) == 3 and isinstance(args[1], Const) and isinstance(args[1].value, str):
        put_attribute(m, args[0], args[1].value, args[2], node)
    return Const(None)


def _hasattr(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    if len(args) == 2 and isinstance(args[1], Const) and isinstance(args[0], Instance):
        name = str(args[1].value)
        if name in args[0].attributes or args[0].cls.find(name) is not None:
            return Const(True)
    if len(args) == 2 and isinstance(args[1], Const) and isinstance(args[0], Map) and not args[0].open:
        return Const(args[1].value in args[0].items)
    return Unknown()


def _vars(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    value = args[0] if args else Unknown()
    if isinstance(value, Map):
        return Map(value.items, open=value.open)
    return Map(value.attributes) if isinstance(value, Instance) else Unknown()


def _map(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    if len(args) < 2:
        return Unknown()
    source = args[1]
    if isinstance(source, Obj) and source.flow is not NOTHING and "batch" not in source.flow.tags:
        one = m.call(args[0], [source], {}, node)  # map over the chunks of a tensor
        return Seq([one], open=True)
    rows = zip(*(elements_of(m, one, node) for one in args[1:]), strict=False)
    return Seq([m.call(args[0], list(row), {}, node) for row in rows], open=not isinstance(source, Seq))


def _dict(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    items: dict[Any, Value] = {}
    if args and isinstance(args[0], Map):
        items |= args[0].items
    if args and isinstance(args[0], Seq):
        for one in args[0].items:
            if isinstance(one, Seq) and len(one.items) == 2 and isinstance(one.items[0], Const):
                items[one.items[0].value] = one.items[1]
    return Map(items | kwargs, lines=(m.line(node),))


def _next(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    return next_of(m, args[0], node) if args else Unknown()


def _sum(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    return Obj("sum", args, site=m.line(node), flow=joined(flow_of(one) for one in args))


def _range(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    return Obj("range", args, site=m.line(node))


def _round(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    value = number(args[0]) if args else None
    return Const(round(value), args[0].lines, "formula") if value is not None and len(args) == 1 else Unknown()


def _type(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    if len(args) == 1 and isinstance(args[0], Instance):
        return args[0].cls
    if len(args) == 3 and isinstance(args[2], Map):
        return Map(dict(args[2].items), "namespace")
    return Unknown()


BUILTIN_FUNCTIONS = {
    "int": _convert(int), "float": _convert(float), "str": _convert(str), "bool": _convert(bool),
    "list": _items("list"), "tuple": _items("tuple"), "set": _items("set"), "sorted": _items("list"),
    "min": _extreme(min), "max": _extreme(max), "len": _len, "isinstance": _isinstance, "getattr": _getattr,
    "setattr": _setattr, "hasattr": _hasattr, "vars": _vars, "map": _map, "dict": _dict, "next": _next, "sum": _sum,
    "range": _range, "xrange": _range, "round": _round, "type": _type,
    "object": lambda m, args, kwargs, node: Map({}, "namespace"),
    "abs": lambda m, args, kwargs, node: _square(m, "abs", args, kwargs, node),
}  # fmt: skip
