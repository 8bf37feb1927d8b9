"""Methods of lists, dicts, strings, tensors and of objects of libraries."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from diffusionlab.ingest.interpret import arrays, layers, settings, tensors, training
from diffusionlab.ingest.interpret.iteration import next_of
from diffusionlab.ingest.values import (
    NOTHING,
    Class,
    Const,
    Func,
    Instance,
    Map,
    Method,
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

ITSELF = {
    "to", "cuda", "cpu", "float", "double", "half", "bfloat16", "train", "eval", "requires_grad_", "share_memory",
    "type", "detach", "clone", "contiguous", "unwrap_model", "numpy", "module", "mps", "cast", "astype", "copy", "long",
    "int", "to_empty", "resolve", "absolute", "expanduser", "bind", "unfreeze", "freeze", "add_parser",
    "add_subparsers",
}  # fmt: skip
PIPELINE = {
    "prefetch", "shuffle", "cache", "repeat", "map", "take", "skip", "with_format", "set_format", "as_numpy_iterator",
    "enumerate",
}  # fmt: skip
ALIKE = {"type_as", "expand_as", "view_as", "reshape_as", "to_device"}
PARAMETERS = {
    "parameters", "named_parameters", "state_dict", "trainable_variables", "trainable_weights", "weights",
    "variables", "get_weights", "collect_params", "params", "param_groups", "buffers",
}  # fmt: skip
STRING_METHODS = {
    "lower",
    "upper",
    "strip",
    "title",
    "capitalize",
    "replace",
    "rstrip",
    "lstrip",
    "startswith",
    "endswith",
    "split",
}


def call_method(m: Machine, owner: Value, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    if isinstance(owner, Seq):
        return _of_sequence(m, owner, name, args, node)
    if isinstance(owner, Map):
        return _of_map(m, owner, name, args, kwargs, node)
    if isinstance(owner, Const):
        return _of_constant(owner, name, args, kwargs)
    if isinstance(owner, Obj) and owner.path == "super":
        return _of_super(m, owner, name, args, kwargs, node)
    if isinstance(owner, Class):
        return _of_class(m, owner, name, args, kwargs, node)
    setting = settings.call_setting_method(m, owner, name, args, kwargs, node)
    if setting is not None:
        return setting
    if isinstance(owner, Instance):
        done = _of_module(m, owner, name, args, kwargs, node)
        if done is not None:
            return done
    if isinstance(owner, Obj) and owner.name == "Sequential" and name in ("add", "append", "add_module", "extend"):
        added = args[-1].items if name == "extend" and isinstance(args[-1], Seq) else args[-1:]
        owner.args.extend(added)
        return owner
    return _of_object(m, owner, name, args, kwargs, node)


def _of_object(m: Machine, owner: Value, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    if name in PARAMETERS:
        if isinstance(owner, Obj):
            owner.attributes.setdefault("param", Const(True))
        flow = NOTHING.tagged("param", ("param of", id(root(owner))))
        return m.make("." + name, args, kwargs, node, flow=flow, owner=owner)
    if name in PIPELINE and owner.flow.layers:
        return m.make("." + name, args, kwargs, node, flow=owner.flow, owner=owner)
    if name in ITSELF | PIPELINE and isinstance(owner, Instance | Obj | Method):
        value: Value = owner
        if name in ("to", "cuda", "mps", "cpu", "half", "bfloat16", "train", "eval", "requires_grad_"):
            m.record("." + name, args, kwargs, node, owner, owner)
        if name == "map":
            m.record(".map", args, kwargs, node, owner, owner)
            training.after_method(m, owner, name, args, kwargs, node)
        if isinstance(owner, Method):
            value = Obj("." + name, args, kwargs, m.line(node), owner.flow, owner)
        if name in ("detach", "clone") and isinstance(owner, Obj):
            value = owner
        return value
    if name in ("get_next", "next", "__next__"):
        return next_of(m, owner, node)
    flow = owner.flow if name in ALIKE else joined([owner.flow, *(flow_of(one) for one in args)])
    handler = TENSOR_METHODS.get(name)
    if handler is not None:
        return handler(m, "tensor." + name, [owner, *args], kwargs, node)
    if name in ("view", "reshape", "flatten", "permute", "transpose", "expand", "squeeze", "unsqueeze", "expand_as"):
        flow = owner.flow.marked("reshaped") if owner.flow.layers else owner.flow
        result = m.make("." + name, args, kwargs, node, flow=flow, owner=owner)
        result.ramp = tensors.ramp(owner)
        return result
    if name in ("size", "dim", "numel", "item", "tolist", "nelement"):
        return m.make("." + name, args, kwargs, node, owner=owner)
    if name in ("chunk", "split", "unbind") and flow.layers:
        return m.make("." + name, args, kwargs, node, flow=owner.flow, owner=owner)
    if name == "add_noise" or name == "add_noise_":
        pass
    result = m.make("." + name, args, kwargs, node, flow=flow, owner=owner)
    if name in ("clamp", "clip", "roll", "flip", "sum", "cumprod", "log") and tensors.ramp(owner) is not None:
        result.ramp = tensors.ramp(owner) if name in ("clamp", "clip", "log") else None
    training.after_method(m, owner, name, args, kwargs, node)
    return training.result_of(m, owner, name, args, kwargs, node) or result


def _pow(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    power: Value = args[1] if len(args) > 1 else Const(2)
    return tensors.combine(m, ast.Pow, args[0], power, node)


def _binary(op: type) -> object:
    def binary(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
        m.record("." + path.rsplit(".", 1)[-1], args[1:], kwargs, node, args[0], args[0])
        if len(args) < 2:
            return args[0]
        left, right = args[0], args[1]
        if "alpha" in kwargs:
            right = tensors.combine(m, ast.Mult, kwargs["alpha"], right, node)
        return tensors.combine(m, op, left, right, node)

    return binary


TENSOR_METHODS: dict = {
    "softmax": arrays.softmax,
    "matmul": arrays.matmul,
    "bmm": arrays.matmul,
    "sin": arrays.marking("sin"),
    "cos": arrays.marking("cos"),
    "exp": arrays.marking("exp"),
    "sigmoid": arrays.marking("sigmoid"),
    "argmin": arrays.marking("argmin"),
    "square": arrays.square,
    "abs": arrays.square,
    "norm": arrays.square,
    "pow": _pow,
    "add": _binary(ast.Add),
    "add_": _binary(ast.Add),
    "sub": _binary(ast.Sub),
    "mul": _binary(ast.Mult),
    "mul_": _binary(ast.Mult),
    "div": _binary(ast.Div),
}


def root(value: Value) -> Value:
    while isinstance(value, Method):
        value = value.owner
    return value


def _of_sequence(m: Machine, owner: Seq, name: str, args: Args, node: ast.AST) -> Value:
    if name in ("append", "add") and args:
        owner.items.append(args[0])
        owner.open = owner.open or any(loop.kind != "other" for loop in m.loops)
    elif name == "extend" and args:
        owner.items += args[0].items if isinstance(args[0], Seq) else [args[0]]
    elif name == "insert" and len(args) == 2:
        owner.items.insert(0, args[1])
    elif name == "pop":
        index = args[0].value if args and isinstance(args[0], Const) and isinstance(args[0].value, int) else -1
        if owner.items and -len(owner.items) <= index < len(owner.items):
            return owner.items.pop(index)
        return Unknown()
    elif name == "index" and args and isinstance(args[0], Const):
        for i, one in enumerate(owner.items):
            if isinstance(one, Const) and one.value == args[0].value:
                return Const(i, args[0].lines, "index")
        return Unknown()
    elif name == "copy":
        return Seq(list(owner.items), owner.kind, owner.open)
    elif name in ("parameters", "named_parameters"):
        flow = NOTHING.tagged("param", *(("param of", id(root(one))) for one in owner.items))
        return m.make("." + name, args, {}, node, flow=flow, owner=owner)
    elif name in ("to", "cuda", "train", "eval", "float") or name == "to_dict":
        return owner
    return Const(None)


def _of_map(m: Machine, owner: Map, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    key = args[0].value if args and isinstance(args[0], Const) else None
    if name in ("get", "pop", "setdefault") and isinstance(key, str | int):
        found = owner.items.get(key)
        if found is None:
            found = args[1] if len(args) > 1 else (Const(None) if not owner.open else Unknown(str(key), asks=str(key)))
        return found
    if name == "items":
        return Seq([Seq([Const(one), value], "tuple") for one, value in owner.items.items()], open=owner.open)
    if name == "keys":
        return Seq([Const(one) for one in owner.items], open=owner.open)
    if name == "values":
        return Seq(list(owner.items.values()), open=owner.open)
    if name in ("update", "merge_from_dict"):
        if args and isinstance(args[0], Map):
            owner.items.update(args[0].items)
        owner.items.update(kwargs)
        return Const(None)
    if name in ("copy", "to_dict"):
        return Map(dict(owner.items), owner.kind, owner.open)
    if name == "add_argument" or name == "parse_args":
        return Unknown()
    return Unknown(name)


def _of_constant(owner: Const, name: str, args: Args, kwargs: Kwargs) -> Value:
    if not isinstance(owner.value, str):
        return owner if name in ("item", "to", "float", "long") else Unknown()
    known = [one.value for one in args if isinstance(one, Const)]
    if name == "format":
        text = owner.value
        for one in args:
            fill = str(one.value) if isinstance(one, Const) else "{}"
            text = text.replace("{}", fill, 1) if fill != "{}" else text.replace("{}", "\0", 1)
        for key, one in kwargs.items():
            text = text.replace("{" + key + "}", str(one.value) if isinstance(one, Const) else "\0")
        lines = tuple(dict.fromkeys([*owner.lines, *(line for one in args for line in one.lines)]))
        return Const(text.replace("\0", "{}"), lines, "str.format")
    if name == "join" and args and isinstance(args[0], Seq):
        parts = [one.value if isinstance(one, Const) and isinstance(one.value, str) else "{}" for one in args[0].items]
        return Const(owner.value.join(parts), owner.lines)
    if name in STRING_METHODS and len(known) == len(args) and len(owner.value) < 10_000:
        try:
            found = getattr(owner.value, name)(*known)
        except (TypeError, ValueError):
            return Unknown()
        if isinstance(found, list):
            return Seq([Const(one, owner.lines) for one in found[:64]])
        return Const(found, owner.lines, owner.via, owner.soft)
    return Unknown()


def _of_super(m: Machine, owner: Obj, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    instance, cls = owner.args
    if not isinstance(instance, Instance):
        return Unknown()
    method = instance.cls.find(name, after=cls if isinstance(cls, Class) else instance.cls)
    if isinstance(method, Func):
        return m.call(method.on(instance), args, kwargs, node)
    if name == "__init__":
        if any(base.endswith("Sequential") for base in instance.cls.library_bases()):
            items = list(args[0].items) if len(args) == 1 and isinstance(args[0], Seq) else list(args)
            instance.attributes["__children__"] = Seq(items)
        elif kwargs and not any(base.startswith("torch") for base in instance.cls.library_bases()):
            for key, value in kwargs.items():
                instance.attributes.setdefault(key, value)
        return Const(None)
    if name in ("forward", "__call__", "call") and isinstance(instance.attributes.get("__children__"), Seq):
        return layers.through(m, instance.attributes["__children__"].items, args, node)  # type: ignore[attr-defined]
    if name == "compile":
        m.record(".compile", args, kwargs, node, instance, instance)
    return Unknown(flow=joined(flow_of(one) for one in args))


def _of_class(m: Machine, owner: Class, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    if name in ("load_from_checkpoint", "from_pretrained", "create"):
        return m.call(owner, [], {}, node)
    if args and isinstance(args[0], Instance):  # Base.__init__(self, ...)
        method = owner.find(name)
        if isinstance(method, Func):
            return m.call(method.on(args[0]), args[1:], kwargs, node)
    return Unknown()


def _of_module(m: Machine, owner: Instance, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value | None:
    """Methods that nn.Module and its kin give to a class of the file; None for all others."""
    if name in ("register_buffer", "add_module", "register_module", "register_parameter") and len(args) >= 2:
        if isinstance(args[0], Const) and isinstance(args[0].value, str):
            owner.attributes[args[0].value] = args[1]
        if name != "register_buffer" and isinstance(owner.attributes.get("__children__"), Seq):
            owner.attributes["__children__"].items.append(args[1])  # type: ignore[attr-defined]
        return Const(None)
    if name in ("append", "add") and isinstance(owner.attributes.get("__children__"), Seq) and args:
        owner.attributes["__children__"].items.append(args[0])  # type: ignore[attr-defined]
        return owner
    if name == "save_hyperparameters":
        names = next(
            (dict(frame.names) for frame in reversed(m.frames) if frame.func and frame.func.self_value is owner), {}
        )
        names.pop("self", None)
        owner.attributes["hparams"] = Map(names, "namespace", open=True)
        return Const(None)
    if name in ("apply", "init", "init_with_output") and any(
        "linen" in one or "haiku" in one for one in owner.cls.library_bases()
    ):
        method = kwargs.get("method")
        if isinstance(method, Func):
            return m.call(method.on(owner), args[1:], {}, node)
        from diffusionlab.ingest.interpret import calls

        rest = {key: value for key, value in kwargs.items() if key not in ("rngs", "mutable", "method")}
        output = calls.call_instance(m, owner, args[1:], rest, node)
        if name == "apply":
            return Seq([output, Unknown()], "tuple") if "mutable" in kwargs else output
        return Obj(".params", site=m.line(node), owner=owner, flow=NOTHING.tagged("param", ("param of", id(owner))))
    if name == "apply" and len(args) == 1:
        return owner
    if name in ("modules", "children", "named_modules", "named_children"):
        return Unknown()
    return None
