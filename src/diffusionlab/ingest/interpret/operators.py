"""Arithmetic and comparison, of constants as Python does it and of anything else as far as it goes."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret import tensors
from diffusionlab.ingest.values import (
    Choice,
    Const,
    Map,
    Obj,
    Seq,
    Unknown,
    Value,
    choose,
    number,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Machine


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


def binary(m: Machine, op: type, left: Value, right: Value, node: ast.AST) -> Value:
    if isinstance(left, Const) and isinstance(right, Const):
        return arithmetic(op, left, right)
    if isinstance(left, Seq) or isinstance(right, Seq):
        found = _sequences(op, left, right)
        if found is not None:
            return found
    if isinstance(left, Choice) and isinstance(right, Const):
        return choose((binary(m, op, one, right, node) for one in left.options), left.decided)
    if isinstance(left, Const) and isinstance(right, Choice):
        return choose((binary(m, op, left, one, node) for one in right.options), right.decided)
    if op is ast.Mod and isinstance(left, Const) and isinstance(left.value, str):
        return Const(left.value.split("%")[0] + "{}", left.lines, "formula")
    if op is ast.Div and _is_path(left):
        return tensors.join_path([left, right])
    return tensors.combine(m, op, left, right, node)


def _is_path(value: Value) -> bool:
    return isinstance(value, Obj) and value.name in ("Path", "join_path")


def arithmetic(op: type, left: Const, right: Const) -> Value:
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


def contains(m: Machine, op: ast.cmpop, left: Value, right: Value, node: ast.AST) -> Value:
    wanted = isinstance(op, ast.In)
    if isinstance(left, Const) and isinstance(right, Seq) and not right.open:
        items = [one.value for one in right.items if isinstance(one, Const)]
        if len(items) == len(right.items):
            return Const((left.value in items) == wanted, soft=left.soft)
    if isinstance(left, Const) and isinstance(right, Const):
        texts = isinstance(left.value, str) and isinstance(right.value, str)
        return Const((left.value in right.value) == wanted, soft=left.soft or right.soft) if texts else Unknown()
    if isinstance(left, Const) and isinstance(right, Map) and not right.open:
        return Const((left.value in right.items) == wanted)
    m.record("compare", [left, right], {}, node, left)
    return Obj("compare", [left, right])
