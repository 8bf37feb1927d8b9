"""Expressions: names, attributes, items, arithmetic."""

from __future__ import annotations

import ast
import builtins
import math
import operator
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret import patterns, settings, tensors
from diffusionlab.ingest.interpret.iteration import batch_item, elements_of
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
    flow_of,
    joined,
    number,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Env, Machine

ARITHMETIC: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
COMPARISONS: dict[type, Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
CONSTANTS = {"math.pi": math.pi, "numpy.pi": math.pi, "torch.pi": math.pi, "math.e": math.e, "math.inf": math.inf}
BUILTINS = frozenset(dir(builtins))
SHAPE_NAMES = {"shape", "size", "device", "dtype", "ndim", "dim", "is_cuda", "requires_grad"}


def evaluate(m: Machine, node: ast.AST, env: Env) -> Value:
    m.spend()
    handler = HANDLERS.get(type(node))
    return handler(m, node, env) if handler is not None else Unknown()


def _constant(m: Machine, node: ast.Constant, env: Env) -> Value:
    return Const(node.value, (m.line(node),))


def _name(m: Machine, node: ast.Name, env: Env) -> Value:
    found = env.get(node.id)
    if found is not None:
        if isinstance(found, Lib):
            m.trace.used.add(found.path.split(".")[0])
        return found
    if node.id in BUILTINS:
        return Lib("builtins." + node.id)
    stars = env.get("*")
    if isinstance(stars, Seq) and stars.items and isinstance(stars.items[-1], Lib):
        last = next((one for one in reversed(stars.items) if isinstance(one, Lib)), None)
        if last is not None:
            return Lib(f"{_star_home(node.id, stars) or last.path}.{node.id}", last.lines)
    return Unknown(node.id)


def _star_home(name: str, stars: Seq) -> str | None:
    """Which of several star imports a name is likely to come from, where the library is known for it."""
    paths = [one.path for one in stars.items if isinstance(one, Lib)]
    for path in reversed(paths):
        if path.startswith(("keras", "tensorflow", "torch", "tkinter", "math", "numpy", "matplotlib")):
            continue
        return path
    return paths[-1] if paths else None


def _attribute(m: Machine, node: ast.Attribute, env: Env) -> Value:
    return attribute(m, m.eval(node.value, env), node.attr, node)


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
        if name in value.attributes:
            return value.attributes[name]
        if name in value.kwargs and not value.flow.tags & {"batch", "data"} and name not in ("train", "size", "step"):
            return value.kwargs[name]
    if isinstance(value, Method) and value.name in ("config", "hparams") and isinstance(value.owner, Obj):
        if name in value.owner.kwargs:
            return value.owner.kwargs[name]
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


def _subscript(m: Machine, node: ast.Subscript, env: Env) -> Value:
    owner = m.eval(node.value, env)
    key = m.eval(node.slice, env)
    return item(m, owner, key, node)


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
    part = batch_item(owner, key)
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
        return result
    if isinstance(owner, Method):
        return Method(owner, "[]") if owner.flow is NOTHING else Obj(".item", flow=owner.flow, owner=owner)
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


def _slice(m: Machine, node: ast.Slice, env: Env) -> Value:
    ends = [m.eval(one, env) if one is not None else Const(None) for one in (node.lower, node.upper, node.step)]
    return Obj("slice", ends)


def _binary(m: Machine, node: ast.BinOp, env: Env) -> Value:
    left, right = m.eval(node.left, env), m.eval(node.right, env)
    if isinstance(node.op, ast.Add | ast.Sub) and patterns.is_kl(node):
        m.record("kl", [left, right], {}, node, left)
    return binary(m, type(node.op), left, right, node)


def binary(m: Machine, op: type, left: Value, right: Value, node: ast.AST) -> Value:
    if isinstance(left, Const) and isinstance(right, Const):
        return _arithmetic(op, left, right)
    if isinstance(left, Seq) or isinstance(right, Seq):
        found = _sequences(op, left, right)
        if found is not None:
            return found
    if isinstance(left, Choice) and isinstance(right, Const) or isinstance(left, Const) and isinstance(right, Choice):
        pairs = [(one, right) for one in left.options] if isinstance(left, Choice) else [
            (left, one) for one in right.options  # type: ignore[attr-defined]
        ]
        return choose(binary(m, op, one, two, node) for one, two in pairs)
    if op is ast.Mod and isinstance(left, Const) and isinstance(left.value, str):
        return Const(left.value.split("%")[0] + "{}", left.lines, "formula")
    if op is ast.Div and _is_path(left):
        return tensors.join_path([left, right])
    return tensors.combine(m, op, left, right, node)


def _is_path(value: Value) -> bool:
    return isinstance(value, Obj) and value.name in ("Path", "join_path")


def _arithmetic(op: type, left: Const, right: Const) -> Value:
    function, a, b = ARITHMETIC.get(op), left.value, right.value
    lines = tuple(dict.fromkeys(left.lines + right.lines))
    if op is ast.Mod and isinstance(a, str):
        return Const(a.split("%")[0] + str(b) if isinstance(b, str | int | float) else a, lines, "formula")
    sane = function is not None and not (op is ast.Pow and isinstance(b, int | float) and (abs(b) > 64))
    if op is ast.Mult and (isinstance(a, str | bytes) or isinstance(b, str | bytes)):
        sane = False
    if not sane or isinstance(a, complex | bytes) or (isinstance(a, int | float) and abs(a) > 1e30):
        return Unknown(lines=lines)
    try:
        return Const(function(a, b), lines, "formula", left.soft or right.soft, (left, right))  # type: ignore[misc]
    except (TypeError, ValueError, ArithmeticError):
        return Unknown(lines=lines)


def _sequences(op: type, left: Value, right: Value) -> Value | None:
    if op is ast.Add and isinstance(left, Seq) and isinstance(right, Seq):
        return Seq(left.items + right.items, left.kind, left.open or right.open)
    if op is ast.Add and (isinstance(left, Seq) or isinstance(right, Seq)):
        known = left if isinstance(left, Seq) else right
        return Seq(list(known.items), known.kind, True) if isinstance(known, Seq) else None
    if op is ast.Mult and isinstance(left, Seq):
        times = number(right)
        return Seq(left.items * min(int(times), 8) if times is not None else left.items, left.kind, times is None)
    return None


def _unary(m: Machine, node: ast.UnaryOp, env: Env) -> Value:
    value = m.eval(node.operand, env)
    if isinstance(node.op, ast.Not):
        truth = m.truth(value)
        if truth is not None:
            return Const(not truth, value.lines)
        return Const(not value.value, value.lines, soft=True) if isinstance(value, Const) else Obj("not", [value])
    if isinstance(value, Const) and isinstance(node.op, ast.USub) and number(value) is not None:
        return Const(-value.value, value.lines, value.via, value.soft)
    if isinstance(node.op, ast.USub):
        return tensors.combine(m, ast.Mult, Const(-1), value, node)
    return value


def _boolean(m: Machine, node: ast.BoolOp, env: Env) -> Value:
    stop = isinstance(node.op, ast.Or)
    left: list[Value] = []
    for one in node.values:
        value = m.eval(one, env)
        truth = m.truth(value)
        if truth is stop:
            return choose([*left, value]) if left and stop else (value if not left or not stop else Unknown())
        if truth is None:
            left.append(value)
        last = value
    if not left:
        return last
    if stop:
        return choose([*left, last])
    return left[0] if len(left) == 1 and isinstance(left[0], Const | Obj | Method) else Unknown()


def _compare(m: Machine, node: ast.Compare, env: Env) -> Value:
    left = m.eval(node.left, env)
    rights = [m.eval(one, env) for one in node.comparators]
    if len(rights) != 1:
        return Unknown()
    op, right = node.ops[0], rights[0]
    if isinstance(op, ast.Is | ast.IsNot) and isinstance(right, Const) and right.value is None:
        if isinstance(left, Const):
            return Const((left.value is None) == isinstance(op, ast.Is), left.lines, soft=left.soft)
        if isinstance(left, Instance | Func | Seq | Map | Class) or (isinstance(left, Obj) and left.flow is not NOTHING):
            return Const(isinstance(op, ast.IsNot))
        return Unknown()
    if isinstance(op, ast.In | ast.NotIn):
        return _contains(op, left, right)
    if isinstance(left, Const) and isinstance(right, Const) and type(op) in COMPARISONS:
        try:
            return Const(bool(COMPARISONS[type(op)](left.value, right.value)), soft=left.soft or right.soft)
        except TypeError:
            return Unknown()
    m.record("compare", [left, right], {}, node, left)
    return Obj("compare", [left, right], site=m.line(node))


def _contains(op: ast.cmpop, left: Value, right: Value) -> Value:
    if isinstance(left, Const) and isinstance(right, Seq) and not right.open:
        if all(isinstance(one, Const) for one in right.items):
            found = any(one.value == left.value for one in right.items if isinstance(one, Const))
            return Const(found == isinstance(op, ast.In), soft=left.soft)
    if isinstance(left, Const) and isinstance(right, Const):
        if isinstance(left.value, str) and isinstance(right.value, str):
            return Const((left.value in right.value) == isinstance(op, ast.In), soft=left.soft or right.soft)
    if isinstance(left, Const) and isinstance(right, Map) and not right.open:
        return Const((left.value in right.items) == isinstance(op, ast.In))
    return Obj("compare", [left, right])


def _if_expression(m: Machine, node: ast.IfExp, env: Env) -> Value:
    test = m.eval(node.test, env)
    truth = m.truth(test)
    if truth is not None:
        return m.eval(node.body if truth else node.orelse, env)
    first, second = node.body, node.orelse
    likely = m.preferred(test)
    if likely is False:
        first, second = second, first
    m.unsure += 1
    result = choose([m.eval(first, env), m.eval(second, env)], likely is not None)
    m.unsure -= 1
    return result


def _call(m: Machine, node: ast.Call, env: Env) -> Value:
    func = m.eval(node.func, env)
    args: list[Value] = []
    for one in node.args:
        value = m.eval(one.value if isinstance(one, ast.Starred) else one, env)
        if isinstance(one, ast.Starred):
            args += list(value.items) if isinstance(value, Seq) else [value]
        else:
            args.append(value)
    kwargs: dict[str, Value] = {}
    for keyword in node.keywords:
        value = m.eval(keyword.value, env)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        else:
            for one in value.options if isinstance(value, Choice) else [value]:
                if isinstance(one, Map):
                    kwargs |= {key: item for key, item in one.items.items() if isinstance(key, str)}
    if isinstance(func, Lib) and func.path == "builtins.locals":
        return Map(dict(env.vars), open=True)
    if isinstance(func, Lib) and func.path == "builtins.globals":
        return Map(dict(env.module().vars), open=True)
    if isinstance(func, Lib) and func.path == "builtins.super":
        return _super(m, env)
    return m.call(func, args, kwargs, node)


def _super(m: Machine, env: Env) -> Value:
    func = next((frame.func for frame in reversed(m.frames) if frame.func is not None and frame.func.self_value), None)
    return Obj("super", [func.self_value, func.owner or Unknown()]) if func and func.self_value else Unknown()


def _lambda(m: Machine, node: ast.Lambda, env: Env) -> Value:
    from diffusionlab.ingest.interpret.statements import make_function

    return make_function(m, node, env)


def _sequence(m: Machine, node: ast.List | ast.Tuple | ast.Set, env: Env) -> Value:
    items: list[Value] = []
    unknown = False
    for one in node.elts:
        value = m.eval(one.value if isinstance(one, ast.Starred) else one, env)
        if isinstance(one, ast.Starred):
            unknown = unknown or not isinstance(value, Seq)
            items += value.items if isinstance(value, Seq) else [value]
        else:
            items.append(value)
    return Seq(items, "tuple" if isinstance(node, ast.Tuple) else "list", unknown, (m.line(node),))


def _dict(m: Machine, node: ast.Dict, env: Env) -> Value:
    items: dict[Any, Value] = {}
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = m.eval(value_node, env)
        if key_node is None:
            items |= value.items if isinstance(value, Map) else {}
            continue
        key = m.eval(key_node, env)
        if isinstance(key, Const) and isinstance(key.value, str | int | float | bool):
            items[key.value] = value
    return Map(items, lines=(m.line(node),))


def _comprehension(m: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, env: Env) -> Value:
    from diffusionlab.ingest.interpret.machine import Env as Scope
    from diffusionlab.ingest.interpret.statements import assign

    scope = Scope("function", env)
    generator = node.generators[0]
    iterable = m.eval(generator.iter, scope)
    found: list[Value] = []
    keys: dict[Any, Value] = {}
    elements = elements_of(m, iterable, node)
    m.unsure += 1
    for element in elements:
        assign(m, generator.target, element, scope)
        keep = True
        for test in generator.ifs:
            keep = m.truth(m.eval(test, scope)) is not False and keep
        for other in node.generators[1:]:
            inside = elements_of(m, m.eval(other.iter, scope), node)
            assign(m, other.target, inside[0] if inside else Unknown(), scope)
            for test in other.ifs:
                m.eval(test, scope)
        if not keep:
            continue
        if isinstance(node, ast.DictComp):
            key, value = m.eval(node.key, scope), m.eval(node.value, scope)
            if isinstance(key, Const) and isinstance(key.value, str | int):
                keys[key.value] = value
        else:
            found.append(m.eval(node.elt, scope))
    m.unsure -= 1
    known = isinstance(iterable, Seq | Map) and not iterable.open
    if isinstance(node, ast.DictComp):
        return Map(keys, open=not known)
    return Seq(found, "list", not known, (m.line(node),))


def _joined_string(m: Machine, node: ast.JoinedStr, env: Env) -> Value:
    text, lines = "", [m.line(node)]
    for one in node.values:
        if isinstance(one, ast.Constant):
            text += str(one.value)
        elif isinstance(one, ast.FormattedValue):
            value = m.eval(one.value, env)
            if isinstance(value, Choice):
                value = value.options[0]
            plain = isinstance(value, Const) and isinstance(value.value, str | int | float) and one.format_spec is None
            text += str(value.value) if plain and isinstance(value, Const) else "{}"
            lines += value.lines if plain else ()
    return Const(text, tuple(dict.fromkeys(lines)), "f-string")


def _named(m: Machine, node: ast.NamedExpr, env: Env) -> Value:
    value = m.eval(node.value, env)
    env.put(node.target.id, value)
    return value


def _yield(m: Machine, node: ast.Yield, env: Env) -> Value:
    if node.value is not None:
        m.frames[-1].yields.append(m.eval(node.value, env))
    return Unknown()


def _yield_from(m: Machine, node: ast.YieldFrom, env: Env) -> Value:
    m.frames[-1].yields += elements_of(m, m.eval(node.value, env), node)
    return Unknown()


def _await(m: Machine, node: ast.Await | ast.Starred, env: Env) -> Value:
    return m.eval(node.value, env)


HANDLERS: dict[type, Any] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _if_expression,
    ast.Call: _call,
    ast.Lambda: _lambda,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.JoinedStr: _joined_string,
    ast.NamedExpr: _named,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Await: _await,
    ast.Starred: _await,
}

__all__ = ["attribute", "binary", "evaluate", "flow_of", "item", "joined"]
