"""What arithmetic and the functions of array libraries do to the flow of a tensor, and to rows of betas."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from diffusionlab.ingest.interpret import patterns
from diffusionlab.ingest.interpret.trace import Loss
from diffusionlab.ingest.values import (
    NOTHING,
    Choice,
    Const,
    Flow,
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

NAMES: dict[type, str] = {
    ast.Add: "op.add",
    ast.Sub: "op.sub",
    ast.Mult: "op.mul",
    ast.Div: "op.div",
    ast.MatMult: "op.matmul",
}
NAMES |= {ast.Pow: "op.pow", ast.FloorDiv: "op.div", ast.Mod: "op.mod"}
DISTRIBUTIONS = {"normal", "uniform", "beta", "gauss", "betavariate", "lognormal", "exponential", "logistic", "random"}
MOVES = {
    "to",
    "cpu",
    "cuda",
    "view",
    "reshape",
    "float",
    "double",
    "type",
    "clone",
    "contiguous",
    "unsqueeze",
    "detach",
}


def combine(m: Machine, op: type, left: Value, right: Value, node: ast.AST) -> Value:
    """The result of an operator on values of which one at least is not a constant."""
    path = NAMES.get(op, "op.other")
    flow = joined([flow_of(left), flow_of(right)])
    unknown = left if isinstance(left, Unknown) else right
    result = Obj(path, [left, right], site=m.line(node), flow=flow)
    result.ramp = ramp_of(op, left, right, m.line(node))
    if op is ast.MatMult:
        return matmul(m, path, [left, right], node)
    if op is ast.Pow and number(right) == 2:
        squared(m, left, "squared error", node)
        if result.ramp is None and "cos" in flow.marks:
            result.flow = flow.marked("cos squared")
    if flow is NOTHING and result.ramp is None:
        if isinstance(unknown, Unknown) and unknown.asks:
            return Unknown(unknown.name, unknown.asks, lines=left.lines + right.lines)
        return result
    if op in (ast.Add, ast.Mult, ast.Sub):
        m.record(path, [left, right], {}, node, result)
        if op is ast.Add and patterns.is_reparameterization(left, right):
            m.record("reparameterization", [left, right], {}, node, result)
            flow = flow.but(tags=flow.tags - {"noise"})
        result.flow = _added(m, op, left, right, flow)
    return result


def _added(m: Machine, op: type, left: Value, right: Value, flow: Flow) -> Flow:
    """A sum of two feature maps is a new one, so that later layers derive from it."""
    if op is ast.Add and m.forward and flow.layers:
        mine = m.fresh()
        return flow.but(last=mine, layers=flow.layers | {mine})
    return flow


def ramp(value: Value) -> Ramp | None:
    if isinstance(value, Choice):
        return next((one.ramp for one in value.options if isinstance(one, Obj) and one.ramp), None)
    return value.ramp if isinstance(value, Obj) else None


def ramp_of(op: type, left: Value, right: Value, line: int) -> Ramp | None:
    """A row of numbers after one more operation with a constant."""
    row, other, turned = ramp(left), right, False
    if row is None:
        row, other, turned = ramp(right), left, True
    if row is None:
        return None
    second = ramp(other)
    if second is not None:  # such as the ratios of successive products of a cosine schedule
        shape = "cosine" if "cosine" in (row.shape, second.shape) else row.shape
        return Ramp(Unknown(), Unknown(), row.count, shape, row.lines) if shape == "cosine" else None
    if isinstance(other, Choice):
        other = other.options[0]
    if op is ast.Sub and turned and number(other) == 1:
        return Ramp(row.start, row.end, row.count, row.shape, (*row.lines, line), row)
    if op is ast.Pow and not turned and number(other) == 2:
        shape = "squared" if row.shape == "linear" else row.shape
        return Ramp(_apply(op, row.start, other), _apply(op, row.end, other), row.count, shape, (*row.lines, line))
    if not isinstance(other, Const) or number(other) is None:
        return Ramp(Unknown(), Unknown(), row.count, row.shape, row.lines) if op in NAMES else None
    ends = [_apply(op, other, end) if turned else _apply(op, end, other) for end in (row.start, row.end)]
    return Ramp(ends[0], ends[1], row.count, row.shape, (*row.lines, line))


def _apply(op: type, left: Value, right: Value) -> Value:
    from diffusionlab.ingest.interpret.operators import arithmetic

    return arithmetic(op, left, right) if isinstance(left, Const) and isinstance(right, Const) else Unknown()


def squared(m: Machine, value: Value, name: str, node: ast.AST) -> None:
    """`(a - b) ** 2` and `abs(a - b)` compare a with b."""
    value = under(value)
    if isinstance(value, Obj) and value.path == "op.sub" and len(value.args) == 2:
        left, right = value.args
        if flow_of(left).tags and flow_of(right).tags:
            loss(m, name, left, right, node, (value.site,))


def loss(m: Machine, name: str, left: Value, right: Value, node: ast.AST, lines: tuple[int, ...] = ()) -> None:
    m.order += 1
    m.trace.losses.append(
        Loss(
            name,
            left,
            right,
            tuple(dict.fromkeys((m.line(node), *lines, *m.sites()))),
            m.order,
            tuple(m.loops),
            tuple(frame.name for frame in m.frames[1:]),
            tuple(m.forward),
            m.no_grad > 0,
        )
    )


def under(value: Value) -> Value:
    """A tensor without the methods that only move or reshape it."""
    while True:
        if isinstance(value, Choice):
            value = value.options[0]
        elif isinstance(value, Obj) and value.path.startswith(".") and value.name in MOVES and value.owner is not None:
            value = value.owner
        else:
            return value


def matmul(m: Machine, path: str, operands: list[Value], node: ast.AST) -> Obj:
    """A product of two activations; where one is the softmax of such a product, this is attention."""
    flows = [flow_of(one) for one in operands[:2]]
    flow = joined(flows)
    result = Obj(path, operands, site=m.line(node), flow=flow)
    if len(flows) < 2 or not all(one.layers for one in flows):
        return result
    marks = flow.marks
    if "softmax of product" in marks:
        m.record("attention", operands, {}, node, result)
        result.flow = flow.but(marks=frozenset())
    elif any("product" in one.marks for one in flows) and "kernel" in marks:
        m.record("linear attention", operands, {}, node, result)
        result.flow = flow.but(marks=frozenset())
    else:
        kernel = {"kernel"} if marks & {"softmax", "elu"} else set()
        result.flow = flow.but(marks=frozenset({"product"} | kernel))
    return result


def softmax(value: Value) -> Flow:
    flow = flow_of(value)
    marks = {"softmax of product"} if "product" in flow.marks else {"softmax"}
    return flow.but(marks=frozenset(marks))


def join_path(parts: list[Value]) -> Value:
    """A path from its parts, "{}" for what is not shown."""
    words: list[str] = []
    lines: list[int] = []
    for part in parts:
        if isinstance(part, Choice):
            part = part.options[0]
        if isinstance(part, Obj) and part.name in ("Path", "join_path"):
            part = part.args[0] if part.args else Unknown()
        known = isinstance(part, Const) and isinstance(part.value, str)
        words.append(part.value if known and isinstance(part, Const) else "{}")
        lines += part.lines if known else ()
    if not words or words[0] == "{}":
        return Obj("join_path", [Unknown(), *parts])
    text = "/".join(word.rstrip("/") if i < len(words) - 1 else word for i, word in enumerate(words))
    found = Obj("join_path", [Const(text, tuple(dict.fromkeys(lines)), "os.path.join")])
    found.lines = found.args[0].lines
    return found


def random_tags(name: str, args: list[Value], kwargs: dict[str, Value], order: int) -> frozenset[object]:
    """Noise has the shape of images; one number a sample is a time or a noise level."""
    if name in ("randint", "randrange", "multinomial", "random_integers"):
        return frozenset({"time", ("randint", order)})
    if name.endswith("_like") or name in ("normal_",):
        return frozenset({"noise"})
    shape = kwargs.get("size", kwargs.get("shape"))
    if name in DISTRIBUTIONS and shape is None and not any(isinstance(one, Seq) or _is_shape(one) for one in args):
        return frozenset({"time"})  # one number
    sizes = [shape] if shape is not None else list(args)
    if len(sizes) == 1 and isinstance(sizes[0], Seq):
        sizes = sizes[0].items
    elif sizes and isinstance(sizes[-1], Seq):
        sizes = sizes[-1].items
    if name in ("normal", "uniform") and len(sizes) > 1 and not any(isinstance(one, Seq) for one in args):
        sizes = sizes[1:]
    one_each = len(sizes) == 0 or all(number(one) == 1 for one in sizes[1:])
    if len(sizes) == 1 and isinstance(sizes[0], Method | Obj | Unknown | Choice):
        one_each = not _is_shape(sizes[0])
    return frozenset({"time"} if one_each or (name == "rand" and len(sizes) == 1 and one_each) else {"noise"})


def _is_shape(value: Value) -> bool:
    return (
        (isinstance(value, Method) and value.name in ("shape",))
        or (isinstance(value, Obj) and value.path in (".size", ".shape", "tensorflow.shape") and not value.args[:1])
        or (isinstance(value, Unknown) and value.name.endswith("shape"))
    )
