"""Python's own functions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret.arrays import Args, Kwargs, square
from diffusionlab.ingest.interpret.iteration import elements_of, next_of
from diffusionlab.ingest.values import (
    NOTHING,
    Choice,
    Class,
    Const,
    Instance,
    Lib,
    Map,
    Method,
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


def call_builtin(m: Machine, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    handler = BUILTIN_FUNCTIONS.get(name)
    if handler is not None:
        return handler(m, args, kwargs, node)
    if name in (
        "print",
        "input",
        "exit",
        "quit",
        "repr",
        "id",
        "hash",
        "callable",
        "issubclass",
        "help",
        "exec",
        "eval",
    ):
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
                return (
                    value
                    if same
                    else Const(kind(value.value), value.lines, value.via or "formula", value.soft, (value,))
                )
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
        bases = value.cls.library_bases()
        return Const(True) if any(isinstance(one, Lib) and one.path in bases for one in options) else Unknown()
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
    from diffusionlab.ingest.interpret.attributes import attribute

    if len(args) >= 2 and isinstance(args[1], Const) and isinstance(args[1].value, str):
        found = attribute(m, args[0], args[1].value, node)
        missing = isinstance(found, Unknown) or (isinstance(found, Method) and isinstance(args[0], Map | Instance))
        return args[2] if missing and len(args) > 2 else found
    if args and isinstance(args[0], Lib) and len(args) >= 2:
        return Obj(f"{args[0].path}.*", [args[1]], site=m.line(node))
    return Unknown()


def _setattr(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    from diffusionlab.ingest.interpret.assignment import put_attribute

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
    if isinstance(value, Lib):
        return Lib(value.path + ".__dict__", value.lines)
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
    "range": _range, "xrange": _range, "round": _round, "type": _type, "object": lambda m, args, kwargs,
    node: Map({}, "namespace"), "abs": lambda m, args, kwargs, node: square(m, "abs", args, kwargs, node),
}  # fmt: skip
