"""Loops: what is iterated over, how often, and what the first elements are."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from diffusionlab.ingest.interpret.trace import Loop
from diffusionlab.ingest.values import (
    NOTHING,
    Choice,
    Const,
    Flow,
    Func,
    Instance,
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
    from diffusionlab.ingest.interpret.machine import Machine

MAX_ITEMS = 12
MAX_REPEATS = 4

NO_DATA = {"param_groups", "shape", "items", "keys", "values", "modules", "children", "layers", "metrics", "callbacks"}
WRAPPERS = {
    "tqdm",
    "trange",
    "iter",
    "list",
    "tuple",
    "prefetch",
    "track",
    "cycle",
    "islice",
    "progress_bar",
    "notebook",
}
IMAGE_KEYS = {"image", "images", "pixel_values", "input", "inputs", "img", "imgs", "x", "data", "pixels"}
LABEL_KEYS = {"label", "labels", "class", "y", "target", "targets", "fine_label", "coarse_label", "class_id", "classes"}


def range_count(args: list[Value]) -> Value | None:
    """How often `range(*args)` runs, with the lines of the number that says so."""
    if len(args) == 1:
        return args[0]
    if len(args) < 2:
        return None
    start, stop = number(args[0]), args[1]
    step = number(args[2]) if len(args) > 2 else 1
    if step == -1:
        return args[0] if number(args[1]) in (0, -1) else None
    if start == 1 and isinstance(stop, Const) and len(stop.parts) == 2 and number(stop.parts[1]) == 1:
        return stop.parts[0]  # range(1, n + 1)
    if start in (0, None) or (isinstance(args[0], Const) and args[0].soft):
        return stop if step == 1 else None
    if start == 1 and number(stop) is not None and isinstance(stop, Const):
        return stop
    return None


def inner(value: Value) -> Value:
    """What is under enumerate, tqdm, iter and the like."""
    while isinstance(value, Obj) and value.name in WRAPPERS | {"enumerate"} and value.args and value.name != "trange":
        value = value.args[0]
    if isinstance(value, Obj) and not value.args and value.name in WRAPPERS and "iterable" in value.kwargs:
        return inner(value.kwargs["iterable"])
    return value


def loop_over(m: Machine, iterable: Value, node: ast.For | ast.AsyncFor) -> Loop:
    name = f"{ast.unparse(node.target)} in {ast.unparse(node.iter)}"[:200]
    under = inner(options_of(iterable)[0] if options_of(iterable) else iterable)
    if isinstance(under, Obj) and under.name in ("range", "trange"):
        return Loop("range", range_count(under.args), m.line(node), name, under)
    if isinstance(under, Obj) and under.name == "zip" and any(is_data(one) for one in under.args):
        return Loop("data", None, m.line(node), name, under)
    if isinstance(under, Obj) and under.name == "reversed":
        return Loop("other", None, m.line(node), name, under)
    return Loop("data" if is_data(under) else "other", None, m.line(node), name, under)


def is_data(value: Value) -> bool:
    """Whether batches come out of it."""
    value = inner(value)
    if isinstance(value, Choice):
        return any(is_data(option) for option in value.options)
    if isinstance(value, Obj):
        return value.name not in ("range", "reversed", "items", "zip", "keys", "values", "parameters", "map", "filter")
    return isinstance(value, Instance) or (isinstance(value, Method) and value.name not in NO_DATA)


def elements_of(m: Machine, value: Value, node: ast.AST) -> list[Value]:
    """The elements with which a loop body is walked: the first few of a known row, else one."""
    if isinstance(value, Choice):
        value = next((one for one in value.options if not isinstance(one, Const)), value)
    if isinstance(value, Seq):
        return value.items[:MAX_ITEMS] or ([Unknown()] if value.open else [])
    if isinstance(value, Map):
        return [Const(key) for key in list(value.items)[:MAX_ITEMS]] or ([Unknown()] if value.open else [])
    if isinstance(value, Const) and isinstance(value.value, str):
        return [Const(one, value.lines) for one in value.value[:MAX_ITEMS]]
    if isinstance(value, Instance):
        return _of_instance(m, value, node)
    if isinstance(value, Obj):
        return _of_object(m, value, node)
    if isinstance(value, Method):
        return [batch(m, value)] if is_data(value) else [Obj("." + value.name, flow=value.flow, owner=value)]
    return [Unknown(flow=value.flow, asks=getattr(value, "asks", None))]


def _of_instance(m: Machine, value: Instance, node: ast.AST) -> list[Value]:
    children = value.attributes.get("__children__")
    if isinstance(children, Seq):
        return children.items[:MAX_ITEMS]
    method = value.cls.find("__iter__")
    if isinstance(method, Func):
        return elements_of(m, m.call(method.on(value), [], {}, node), node)
    method = value.cls.find("__getitem__")
    if isinstance(method, Func):
        return [m.call(method.on(value), [Unknown()], {}, node)]
    return [batch(m, value)]


def _of_object(m: Machine, value: Obj, node: ast.AST) -> list[Value]:
    name = value.name
    if name in ("range", "trange"):
        count = number(range_count(value.args))
        return _few(m, value, int(count) if count is not None and count == count else 1)
    if name == "enumerate" and value.args:
        inside = elements_of(m, value.args[0], node)
        known = isinstance(inner(value.args[0]), Seq)
        start = number(value.args[1]) if len(value.args) > 1 else 0
        return [Seq([Const(i + int(start or 0)) if known else Unknown(), one], "tuple") for i, one in enumerate(inside)]
    if name == "zip" and value.args:
        rows = [elements_of(m, one, node) for one in value.args]
        return [Seq(list(row), "tuple") for row in zip(*rows, strict=False)]
    if name == "reversed" and value.args:
        return list(reversed(elements_of(m, value.args[0], node)))
    if name in WRAPPERS and value.args:
        return elements_of(m, value.args[0], node)
    if name in WRAPPERS and "iterable" in value.kwargs:
        return elements_of(m, value.kwargs["iterable"], node)
    if name == "generator":
        return value.args[:MAX_ITEMS] or [Unknown()]
    if name == "Sequential" and value.args:
        return value.args[:MAX_ITEMS]
    if "param" in value.flow.tags:
        element = Obj("param", flow=value.flow, owner=value.owner)
        return [Seq([Unknown(), element], "tuple")] if name in ("named_parameters", "items") else [element]
    if {"data", "label"} <= value.flow.tags:
        return [batch(m, value)]  # a pipeline over images and labels
    if value.flow is not NOTHING and value.flow.tags & {"data", "label", "noise", "time"}:
        return [Obj(value.path, value.args, value.kwargs, value.site, value.flow)]
    if is_data(value):
        return [batch(m, value)]
    return [Unknown(flow=value.flow)]


def _few(m: Machine, value: Obj, count: int) -> list[Value]:
    """The first counts of a range, where a network is being built or run; elsewhere one that is not known."""
    if (m.building or m.forward) and 0 < count <= 64:
        first = int(number(value.args[0]) or 0) if len(value.args) > 1 else 0
        return [Const(first + i) for i in range(min(count, MAX_REPEATS))]
    return [] if count <= 0 and m.unsure == 0 and count != 1 else [Unknown("step")]


def batch(m: Machine, source: Value) -> Obj:
    """A batch of a loader: images, or images with labels."""
    return Obj("batch", flow=Flow(frozenset({"batch"}), frozenset({m.fresh()}), m.ids), owner=source)


def batch_part(value: Value, index: int, size: int) -> Obj:
    """The images (first) or the labels (second) of a batch."""
    tags = value.flow.tags - {"batch"}
    if index == 0:
        return Obj("batch", flow=value.flow.but(tags=tags | {"data"}), owner=value)
    kind = "label" if index == 1 and size in (2, 3) else "other"
    return Obj("batch", flow=Flow(tags | {kind}), owner=value)


def batch_item(m: Machine, value: Value, key: Value) -> Value | None:
    """`batch["image"]`, `batch[0]`: the part of a batch that a key means; None if it means none."""
    if "batch" not in value.flow.tags or not isinstance(key, Const):
        return None
    word = key.value.lower() if isinstance(key.value, str) else key.value
    if word == 0 or word in IMAGE_KEYS:
        return batch_part(value, 0, 2)
    if word == 1 or word in LABEL_KEYS:
        return batch_part(value, 1, 2)
    if isinstance(word, str):  # such as the two sides of a pair of images, each its own
        mine = m.parts.setdefault((value.flow.last, word), m.fresh())
        return Obj("batch", flow=Flow(value.flow.tags - {"batch"} | {"data"}, frozenset({mine}), mine), owner=value)
    return None


def next_of(m: Machine, value: Value, node: ast.AST) -> Value:
    return choose(elements_of(m, value, node)[:3])
