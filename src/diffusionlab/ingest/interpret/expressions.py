"""Expressions: names, attributes, items, arithmetic."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret import patterns, tensors
from diffusionlab.ingest.interpret.attributes import attribute, item
from diffusionlab.ingest.interpret.iteration import elements_of
from diffusionlab.ingest.interpret.operators import COMPARISONS, binary, contains
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
    options_of,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Env, Machine

BUILTINS = frozenset(dir(builtins)) | {"xrange", "unicode", "long", "raw_input"}  # Python 2's too


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


def _subscript(m: Machine, node: ast.Subscript, env: Env) -> Value:
    owner = m.eval(node.value, env)
    key = m.eval(node.slice, env)
    return item(m, owner, key, node)


def _slice(m: Machine, node: ast.Slice, env: Env) -> Value:
    ends = [m.eval(one, env) if one is not None else Const(None) for one in (node.lower, node.upper, node.step)]
    return Obj("slice", ends)


def _binary(m: Machine, node: ast.BinOp, env: Env) -> Value:
    left, right = m.eval(node.left, env), m.eval(node.right, env)
    if isinstance(node.op, ast.Add | ast.Sub) and patterns.is_kl(node):
        m.record("kl", [left, right], {}, node, left)
    return binary(m, type(node.op), left, right, node)


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
        if isinstance(left, Instance | Func | Seq | Map | Class) or (
            isinstance(left, Obj) and left.flow is not NOTHING
        ):
            return Const(isinstance(op, ast.IsNot))
        return Unknown()
    if isinstance(op, ast.In | ast.NotIn):
        return contains(m, op, left, right, node)
    if isinstance(left, Const) and isinstance(right, Const) and type(op) in COMPARISONS:
        try:
            return Const(bool(COMPARISONS[type(op)](left.value, right.value)), soft=left.soft or right.soft)
        except TypeError:
            return Unknown()
    m.record("compare", [left, right], {}, node, left)
    return Obj("compare", [left, right], site=m.line(node))


def _if_expression(m: Machine, node: ast.IfExp, env: Env) -> Value:
    test = m.eval(node.test, env)
    truth = m.truth(test)
    if truth is not None:
        return m.eval(node.body if truth else node.orelse, env)
    first, second = node.body, node.orelse
    likely = m.preferred(test)
    if likely is False or (likely is None and isinstance(node.test, ast.UnaryOp)):  # "cpu" if not available else "cuda"
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
            for option in options_of(value):
                if isinstance(option, Map):
                    kwargs |= {key: item for key, item in option.items.items() if isinstance(key, str)}
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
    from diffusionlab.ingest.interpret.assignment import assign
    from diffusionlab.ingest.interpret.machine import Env as Scope

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
