"""Assignment to names, attributes, items and tuples."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret.iteration import LABEL_KEYS, batch_part
from diffusionlab.ingest.values import (
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
    choose,
    flow_of,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Env, Machine


def assign(m: Machine, target: ast.AST, value: Value, env: Env) -> None:
    if isinstance(target, ast.Name):
        env.put(target.id, value)
    elif isinstance(target, ast.Tuple | ast.List):
        for item, part in zip(target.elts, unpack(m, value, target.elts), strict=True):
            assign(m, item.value if isinstance(item, ast.Starred) else item, part, env)
    elif isinstance(target, ast.Attribute):
        put_attribute(m, m.eval(target.value, env), target.attr, value, target)
    elif isinstance(target, ast.Subscript):
        owner, key = m.eval(target.value, env), m.eval(target.slice, env)
        put_item(m, owner, key, value, target)


def write(m: Machine, place: dict[Any, Value], key: Any, value: Value) -> None:
    """Put a value where it outlives a branch, and note what stood there before the branch."""
    for journal in m.journals[-1:]:
        journal.setdefault((id(place), key), (place, place.get(key)))
    place[key] = value


def put_attribute(m: Machine, owner: Value, name: str, value: Value, node: ast.AST) -> None:
    for one in owner.options if isinstance(owner, Choice) else [owner]:
        if isinstance(one, Instance | Obj):
            old = one.attributes.get(name)
            several = old is not None and m.unsure > len(m.journals)
            write(m, one.attributes, name, choose([old, value]) if old is not None and several else value)
            if isinstance(one, Obj) or name == "trainable":
                m.record("." + name + "=", [value], {}, node, one, one)
        elif isinstance(one, Map):
            if isinstance(value, Const) and one.kind != "dict":
                value = value.reached("attribute", (m.line(node),))
            write(m, one.items, name, value)
        elif isinstance(one, Class):
            one.attributes[name] = value
        elif isinstance(one, Lib | Method):
            m.record("." + name + "=", [value], {}, node, one, one)


def put_item(m: Machine, owner: Value, key: Value, value: Value, node: ast.AST) -> None:
    for one in owner.options if isinstance(owner, Choice) else [owner]:
        if isinstance(one, Map) and isinstance(key, Const) and isinstance(key.value, str | int | float | bool):
            write(m, one.items, key.value, value)
        elif isinstance(one, Seq) and isinstance(key, Const) and isinstance(key.value, int):
            if -len(one.items) <= key.value < len(one.items):
                one.items[key.value] = value
        elif isinstance(one, Obj | Method | Unknown):
            m.record("[]=", [key, value], {}, node, one, one)


def unpack(m: Machine, value: Value, targets: list[ast.expr]) -> list[Value]:
    """The parts of a value for so many targets: the items of a sequence, image and label of a batch."""
    size = len(targets)
    starred = next((i for i, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
    if isinstance(value, Choice):
        rows = [unpack(m, option, targets) for option in value.options if not isinstance(option, Const)]
        return [choose(row[i] for row in rows) for i in range(size)] if rows else [Unknown()] * size
    if isinstance(value, Seq):
        items = value.items
        if starred is not None and len(items) >= size - 1:
            rest = len(items) - size + 1
            middle = Seq(items[starred : starred + rest])
            return [*items[:starred], middle, *items[starred + rest :]]
        if len(items) == size:
            return list(items)
        if value.open and items:
            return [items[min(i, len(items) - 1)] for i in range(size)]
        return [Unknown(flow=value.flow) for _ in range(size)]
    first = targets[0].id.lower() if isinstance(targets[0], ast.Name) else ""
    order = [1, 0, *range(2, size)] if size >= 2 and first in LABEL_KEYS else list(range(size))
    return [part_of(value, i, size) for i in order]


def part_of(value: Value, index: int, size: int) -> Value:
    """Part `index` of something whose items are not known."""
    if "batch" in value.flow.tags and isinstance(value, Obj) and value.path == "batch":
        return batch_part(value, index, size)
    if isinstance(value, Obj):
        given = value.args[0].items if len(value.args) == 1 and isinstance(value.args[0], Seq) else value.args
        if len(given) == size and value.path not in ("torch.split", "numpy.split", "tensorflow.split"):
            return Obj(value.path, [given[index]], {}, value.site, flow_of(given[index]), given[index])
        part = Obj(value.path, value.args, value.kwargs, value.site, value.flow, value.owner)
        part.ramp = value.ramp
        return part
    if isinstance(value, Instance):
        return value if index == 0 else Unknown()
    name = value.name if isinstance(value, Unknown) else ""
    return Unknown(name, value.asks if isinstance(value, Unknown) else None, flow=value.flow)
