"""Calls: functions and classes of the file, objects of libraries, layers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from diffusionlab.ingest.interpret import layers, libraries, methods
from diffusionlab.ingest.interpret.trace import ModelCall
from diffusionlab.ingest.values import (
    Choice,
    Class,
    Const,
    Flow,
    Func,
    Instance,
    Lib,
    Map,
    Method,
    Obj,
    Seq,
    Unknown,
    Value,
    choose,
    flow_of,
    joined,
    likely,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Machine

MODULE_BASES = (
    "nn.Module",
    "nn.Sequential",
    "LightningModule",
    "keras.Model",
    "models.Model",
    "keras.layers.Layer",
    "layers.Layer",
    "keras.Sequential",
    "models.Sequential",
    "linen.Module",
    "nnx.Module",
    "haiku.Module",
    "hk.Module",
    "eqx.Module",
    "equinox.Module",
    "ModelMixin",
    "PreTrainedModel",
    "sonnet.Module",
    "tf.Module",
    "tensorflow.Module",
    "nn.Block",
    "HybridBlock",
)


def is_module(cls: Class) -> bool:
    """Whether a class derives from a network of a library."""
    for path in cls.library_bases():
        if path.endswith(MODULE_BASES) or path in ("Module", "Model", "Layer"):
            return True
        if path.split(".")[0] not in ("builtins", "torch", "torchvision", "abc", "typing", "enum") and path.endswith(
            ("Model", "Module", "Net", "VAE", "GAN", "Block")
        ):
            return not path.endswith("DataModule")
    return False


def call(m: Machine, func: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    if isinstance(func, Func):
        if _is_forward(m, func):
            return call_instance(m, func.self_value, args, kwargs, node)  # type: ignore[arg-type]
        result = call_function(m, func, args, kwargs, node)
        return _by_a_model(m, func, args, kwargs, result, node)
    if isinstance(func, Class):
        return build(m, func, args, kwargs, node)
    if isinstance(func, Instance):
        return call_instance(m, func, args, kwargs, node)
    if isinstance(func, Lib):
        return libraries.call_library(m, func.path, args, kwargs, node)
    if isinstance(func, Method):
        return methods.call_method(m, func.owner, func.name, args, kwargs, node)
    if isinstance(func, Obj):
        return layers.call_object(m, func, args, kwargs, node)
    if isinstance(func, Choice):
        callable_options = [one for one in likely(func) if not isinstance(one, Const | Unknown)]
        return choose(call(m, one, args, kwargs, node) for one in callable_options[:4])
    flow = joined(flow_of(one) for one in [*args, *kwargs.values()])
    name = func.name if isinstance(func, Unknown) else ""
    result = Obj(f"?{name}", args, kwargs, m.line(node), flow)
    m.record(f"?{name}", args, kwargs, node, result)
    return result


def _is_forward(m: Machine, func: Func) -> bool:
    """Whether a function is `network.forward`, called by that name from outside; not one that computes the loss."""
    network = func.self_value
    if func.name not in ("forward", "call") or not isinstance(network, Instance) or not is_module(network.cls):
        return False
    names = [getattr(one, "id", getattr(one, "attr", "")) for one in ast.walk(func.node)]
    return not any(network is one for one in m.forward) and not any("loss" in name for name in names)


def _by_a_model(
    m: Machine, func: Func, args: list[Value], kwargs: dict[str, Value], result: Value, node: ast.AST
) -> Value:
    """A method that puts tensors through the layers of its network, as `encode` does, called from outside of it."""
    model = func.self_value
    if not isinstance(model, Instance) or not is_module(model.cls) or model in m.forward or m.building:
        return result
    before, after = joined(flow_of(one) for one in args), flow_of(result)
    if not before.is_image or len(after.layers) <= len(before.layers) or after.models:
        return result
    return noted(m, model, args, kwargs, result, node)


def call_function(m: Machine, func: Func, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    from diffusionlab.ingest.interpret import machine

    args, kwargs = [*func.preset[0], *args], {**func.preset[1], **kwargs}
    key = id(func.node)
    m.counts[key] += 1
    if len(m.frames) > machine.MAX_DEPTH or m.counts[key] > machine.MAX_CALLS or _running(m, func):
        return Obj(
            "?" + func.name, args, kwargs, m.line(node), joined(flow_of(one) for one in [*args, *kwargs.values()])
        )
    m.trace.called.add(key)
    scope = machine.Env("function", func.env)
    bind(m, func, args, kwargs, scope, node)
    frame = machine.Frame(func.name, func, m.line(node))
    frame.names = scope.vars
    m.frames.append(frame)
    unsure, m.unsure = m.unsure, 0
    offset, m.offset = m.offset, func.lines[0] - func.node.lineno
    quiet = any(
        isinstance(one, Obj | Lib) and one.path.endswith(("no_grad", "inference_mode")) for one in func.decorators
    )
    m.no_grad += quiet
    try:
        if isinstance(func.node, ast.Lambda):
            frame.returns.append(m.eval(func.node.body, scope))
        else:
            m.run(func.node.body, scope)
    finally:
        m.frames.pop()
        m.unsure, m.offset = unsure, offset
        m.no_grad -= quiet
    if frame.yields:
        return Obj("generator", frame.yields[:8])
    return choose(frame.returns) if frame.returns else Const(None)


def _running(m: Machine, func: Func) -> bool:
    return sum(frame.func is not None and frame.func.node is func.node for frame in m.frames) > 1


def bind(m: Machine, func: Func, args: list[Value], kwargs: dict[str, Value], scope: object, node: ast.AST) -> None:
    """Give the parameters their values: from the call, else the defaults, else unknown."""
    names = scope.vars  # type: ignore[attr-defined]
    arguments = func.node.args
    positional = [one.arg for one in arguments.posonlyargs + arguments.args]
    given = ([func.self_value] if func.self_value is not None else []) + args
    for name, value in zip(positional, given, strict=False):
        names[name] = value
    if arguments.vararg is not None:
        names[arguments.vararg.arg] = Seq(list(given[len(positional) :]), "tuple")
    rest: dict[str, Value] = {}
    known = set(positional) | {one.arg for one in arguments.kwonlyargs}
    for name, value in kwargs.items():
        if name in known:
            names[name] = value
        else:
            rest[name] = value
    if arguments.kwarg is not None:
        names[arguments.kwarg.arg] = Map(dict(rest))
    for name in [*positional, *(one.arg for one in arguments.kwonlyargs)]:
        if name not in names:
            default = func.defaults.get(name)
            if isinstance(default, Const):
                default = default.reached("default argument")
            names[name] = default if default is not None else Unknown(name, asks=name)


def build(m: Machine, cls: Class, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """An object of a class of the file, after its constructor ran."""
    instance = Instance(cls, m.line(node), m.building[-1] if m.building else None)
    instance.given = [*args, *kwargs.values()]
    m.trace.instances.append(instance)
    m.record("new", args, kwargs, node, instance, cls)
    m.building.append(instance)
    try:
        constructor = cls.find("__init__")
        if isinstance(constructor, Func):
            call_function(m, constructor.on(instance), args, kwargs, node)
        else:
            _fill_fields(m, instance, args, kwargs)
            if any(base.endswith("Sequential") for base in cls.library_bases()):
                instance.attributes["__children__"] = Seq(list(args))
        for name in ("setup", "__post_init__"):
            hook = cls.find(name)
            if isinstance(hook, Func) and (
                name == "__post_init__" or any("linen" in one for one in cls.library_bases())
            ):
                call_function(m, hook.on(instance), [], {}, node)
    finally:
        m.building.pop()
    return instance


def _fill_fields(m: Machine, instance: Instance, args: list[Value], kwargs: dict[str, Value]) -> None:
    fields = [name for one in reversed(instance.cls.order()) for name in one.fields]
    for name in fields:
        default = instance.cls.find(name)
        if isinstance(default, Obj) and default.name in ("field", "Field"):
            factory = default.kwargs.get("default_factory")
            made = m.call(factory, [], {}, instance.cls.node) if isinstance(factory, Func | Class) else Unknown(name)
            default = default.kwargs.get("default", default.args[0] if default.args else made)
        if isinstance(default, Const):
            default = default.reached("dataclass default")
        instance.attributes[name] = default if default is not None else Unknown(name, asks=name)
    for name, value in zip(fields, args, strict=False):
        instance.attributes[name] = value
    for name, value in kwargs.items():
        instance.attributes[name] = value


def call_instance(m: Machine, value: Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    method = value.cls.find("__call__")
    module = is_module(value.cls)
    if method is None or (module and value.cls.find("forward")):
        method = value.cls.find("forward") or value.cls.find("call") or method
    if not isinstance(method, Func):
        children = value.attributes.get("__children__")
        if isinstance(children, Seq):
            return layers.through(m, children.items, args, node)
        if not module:
            return Unknown(flow=joined(flow_of(one) for one in [*args, *kwargs.values()]))
        result: Value = Obj("?forward", args, kwargs, m.line(node), joined(flow_of(one) for one in args))
        return noted(m, value, args, kwargs, result, node)
    m.forward.append(value)
    try:
        result = call_function(m, method.on(value), args, kwargs, node)
    finally:
        m.forward.pop()
    return noted(m, value, args, kwargs, result, node) if module else result


def noted(
    m: Machine, model: Instance | Obj, args: list[Value], kwargs: dict[str, Value], result: Value, node: ast.AST
) -> Value:
    """Note that a model was called and mark its outputs, unless it is a part of the model that calls it."""
    inside = any(model.inside is one for one in m.forward) if model.inside is not None else False
    if inside:
        return result
    m.order += 1
    m.trace.models[id(model)] = model
    result = tag(result, ("model", id(model)))
    m.trace.model_calls.append(
        ModelCall(model, args, kwargs, flow_of(result), m.line(node), m.order, tuple(m.loops), m.no_grad > 0, m.sites())
    )
    return result


def tag(value: Value, mark: object) -> Value:
    if isinstance(value, Seq):
        return Seq([tag(one, mark) for one in value.items], value.kind, value.open)
    if isinstance(value, Map):
        return Map({key: tag(one, mark) for key, one in value.items.items()}, value.kind, value.open)
    if isinstance(value, Choice):
        return choose(tag(one, mark) for one in value.options)
    if isinstance(value, Obj):
        result = Obj(value.path, value.args, value.kwargs, value.site, value.flow.tagged(mark), value.owner)
        result.attributes = value.attributes
        return result
    if isinstance(value, Const | Instance | Func | Class | Lib):
        return value
    return Obj("?output", flow=Flow(value.flow.tags | {mark}, value.flow.layers, value.flow.last))
