"""Attributes and items of values."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret import settings
from diffusionlab.ingest.interpret.iteration import IMAGE_KEYS, LABEL_KEYS, batch_item
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
    Seq,
    Unknown,
    Value,
    choose,
    number,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Machine


SHAPE_NAMES = {"shape", "size", "device", "dtype", "ndim", "dim", "is_cuda", "requires_grad"}


CONSTANTS = {"math.pi": math.pi, "numpy.pi": math.pi, "torch.pi": math.pi, "math.e": math.e, "math.inf": math.inf}


def attribute(m: Machine, value: Value, name: str, node: ast.AST) -> Value:
    if isinstance(value, Lib):
        path = f"{value.path}.{name}"
        flag = settings.flag(m, path)
        if flag is not None:
            return flag
        return Const(CONSTANTS[path], (m.line(node),)) if path in CONSTANTS else Lib(path, value.lines)
    if isinstance(value, Instance):
        return _of_instance(m, value, name, node)
    if isinstance(value, Class):
        found = value.find(name)
        return found if found is not None else (Const(value.name) if name == "__name__" else Method(value, name))
    if isinstance(value, Map):
        return _of_map(value, name)
    if isinstance(value, Choice):
        options = [one for one in value.options if not isinstance(one, Const) or isinstance(one.value, str)]
        return choose(attribute(m, one, name, node) for one in options or value.options)
    if isinstance(value, Unknown):
        asks = f"{value.asks}.{name}" if value.asks else None
        return Unknown(f"{value.name}.{name}", asks, NOTHING if name in SHAPE_NAMES else value.flow, (m.line(node),))
    if isinstance(value, Obj):
        if value.path == "batch" and name in IMAGE_KEYS | LABEL_KEYS:
            return batch_item(m, value, Const(name)) or Method(value, name)
        if name in value.attributes:
            return value.attributes[name]
        if name in ("output", "outputs") and value.name in ("Model", "Sequential", "Functional"):
            m.trace.models[id(value)] = value
            return Obj(value.path + ".output", site=value.site, flow=NOTHING.tagged(("model", id(value))))
        if name in value.kwargs and not value.flow.tags & {"batch", "data"} and name not in ("train", "size", "step"):
            return value.kwargs[name]
    if isinstance(value, Method) and value.name in ("config", "hparams"):
        given = value.owner.kwargs if isinstance(value.owner, Obj) else {}
        if name in given:
            return given[name]
    method = Method(value, name)
    if name in SHAPE_NAMES:
        method.flow = NOTHING
    if name == "T":
        return value
    return method


def _of_instance(m: Machine, value: Instance, name: str, node: ast.AST) -> Value:
    if name in value.attributes:
        return value.attributes[name]
    found = value.cls.find(name)
    if isinstance(found, Func):
        kinds = [one.path if isinstance(one, Lib) else "" for one in found.decorators]
        if any(kind.endswith(("property", "cached_property")) for kind in kinds):
            return m.call(found.on(value), [], {}, node)
        if any(kind.endswith("staticmethod") for kind in kinds):
            return found
        return found.on(value)
    if found is not None:
        return found
    if name == "__class__":
        return value.cls
    if name == "__dict__":
        return Map(value.attributes)
    if name == "config" and value.cls.find("config") is None:
        return Map(dict(value.attributes), "namespace", open=True)
    if name in ("hparams", "args") and name not in value.attributes:
        return Map(dict(value.attributes), "namespace", open=True)
    return Method(value, name)


def _of_map(value: Map, name: str) -> Value:
    if name in value.items and (value.kind != "dict" or name not in ("items", "keys", "values", "get")):
        return value.items[name]
    if value.kind == "module":
        return Unknown(name)
    if name in ("get", "items", "keys", "values", "update", "pop", "setdefault", "copy", "to_dict", "__dict__"):
        return Map(value.items) if name == "__dict__" else Method(value, name)
    if value.kind == "dict":
        return Method(value, name)
    return Unknown(name, asks=name) if value.open else Unknown(name)


def item(m: Machine, owner: Value, key: Value, node: ast.AST) -> Value:
    if isinstance(owner, Choice):
        options = [one for one in owner.options if not isinstance(one, Const)]
        return choose(item(m, one, key, node) for one in options) if options else Unknown()
    index = key.value if isinstance(key, Const) else None
    if isinstance(owner, Seq):
        return _of_sequence(owner, key, index)
    if isinstance(owner, Map):
        if isinstance(index, str | int | float | bool) and index in owner.items:
            return owner.items[index]
        return choose(owner.items.values()) if owner.items and not isinstance(key, Const) else Unknown(str(index))
    if isinstance(owner, Const) and isinstance(owner.value, str | tuple | bytes):
        try:
            return Const(owner.value[index], owner.lines) if isinstance(index, int) else Unknown()
        except IndexError:
            return Unknown()
    part = batch_item(m, owner, key)
    if part is not None:
        return part
    if isinstance(owner, Instance):
        method = owner.cls.find("__getitem__")
        if isinstance(method, Func):
            return m.call(method.on(owner), [key], {}, node)
        children = owner.attributes.get("__children__")
        return _of_sequence(children, key, index) if isinstance(children, Seq) else Unknown()
    if isinstance(owner, Obj):
        if owner.name == "Sequential" and isinstance(index, int) and -len(owner.args) <= index < len(owner.args):
            return owner.args[index]
        result = Obj(owner.path, owner.args, owner.kwargs, owner.site, owner.flow, owner)
        result.ramp = owner.ramp
        if "time" in key.flow.tags:  # the entry of a schedule at a step that is drawn
            result.flow = owner.flow.but(tags=owner.flow.tags | key.flow.tags)
        if any(isinstance(tag, tuple) and tag[0] == "randint" for tag in key.flow.tags):
            m.record("item", [key], {}, node, result, owner)
        return result
    if isinstance(owner, Method):
        return Method(owner, "[]") if owner.flow is NOTHING else Obj(".item", flow=owner.flow, owner=owner)
    if isinstance(owner, Lib) and owner.path.endswith(".__dict__") and isinstance(index, str):
        return Lib(owner.path.removesuffix("__dict__") + index, owner.lines)
    if isinstance(owner, Lib | Class):
        return owner  # a generic type
    name = f"{owner.name}[{index!r}]" if isinstance(owner, Unknown) else ""
    asks = f"{owner.asks}.{index}" if isinstance(owner, Unknown) and owner.asks and index is not None else None
    return Unknown(name, asks, owner.flow, (m.line(node),))


def _of_sequence(owner: Seq, key: Value, index: Any) -> Value:
    if isinstance(index, int) and not isinstance(index, bool):
        if -len(owner.items) <= index < len(owner.items):
            return owner.items[index]
        return owner.items[-1] if owner.open and owner.items else Unknown()
    if isinstance(key, Obj) and key.path == "slice":
        ends = [number(one) for one in key.args]
        try:
            kept = owner.items[slice(*(None if end is None else int(end) for end in ends))]
        except (ValueError, OverflowError):
            kept = owner.items
        return Seq(kept, owner.kind, owner.open)
    return choose(owner.items) if owner.items else Unknown()
