"""Functions of array libraries that do something particular to the flow of a tensor."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret import layers, tensors
from diffusionlab.ingest.values import (
    NOTHING,
    Const,
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


def softmax(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    return m.make(path, args, kwargs, node, flow=tensors.softmax(args[0]) if args else NOTHING)


def matmul(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
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
    result.flow = (
        flow.marked("cat") if not flow.layers or not m.forward else layers.deeper(m, flow).marked("cat", *flow.marks)
    )
    first = next((one for one in items if tensors.ramp(one) is not None), None)
    result.ramp = tensors.ramp(first) if first is not None else None
    return result


def marking(mark: str) -> Any:
    def mark_flow(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
        flow = joined(flow_of(one) for one in args)
        result = m.make(path, args, kwargs, node, flow=flow.marked(mark) if flow is not NOTHING else NOTHING)
        row = tensors.ramp(args[0]) if args else None
        if row is not None and mark in ("cos", "sigmoid"):
            start, end = (Const(0.0), Const(1.0)) if mark == "sigmoid" else (Unknown(), Unknown())
            shape = "cosine" if mark == "cos" else mark
            result.ramp = Ramp(start, end, row.count, shape, (*row.lines, m.line(node)))
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


def square(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
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
    "softmax": softmax, "matmul": matmul, "bmm": matmul, "einsum": matmul, "batch_dot": matmul, "dot": matmul,
    "scaled_dot_product_attention": _attention, "dot_product_attention": _attention,
    "memory_efficient_attention": _attention, "cat": _cat, "concat": _cat, "concatenate": _cat, "hstack": _cat,
    "sin": marking("sin"), "cos": marking("cos"), "elu": marking("elu"), "sigmoid": marking("sigmoid"),
    "exp": marking("exp"), "adaptive_avg_pool2d": marking("pooled"), "argmin": marking("argmin"),
    "linspace": _linspace, "arange": _arange, "square": square, "abs": square, "norm": square,
    "max_pool2d": _pool, "avg_pool2d": _pool, "interpolate": _pool, "upsample": _pool, "resize": _pool,
    "zeros": _shape_only, "ones": _shape_only, "full": _shape_only, "zeros_like": _shape_only,
    "ones_like": _shape_only, "full_like": _shape_only, "reshape": _reshape, "rearrange": _reshape,
    "flatten": _reshape,
}  # fmt: skip
