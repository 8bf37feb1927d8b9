"""What an expression may stand for, as far as the text shows: the values of the abstract interpreter.

Each value remembers the lines that its literal stands on, how it was reached (`via`), and what flows into it (`Flow`):
the images of a batch, the labels, noise, a time step, the outputs of a model. Nothing here computes with tensors.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

Lines = tuple[int, ...]


class Flow:
    """What a tensor derives from.

    `tags`: data, label, noise, time, param, and ("model", id) for the output of a model. `layers`: identities of the
    feature maps that it derives from, `last` the newest. `level` counts halvings of the resolution minus doublings,
    `lowest` the deepest level on the way. `marks`: operations just applied (softmax, product, sin, ...).
    """

    __slots__ = ("last", "layers", "level", "lowest", "marks", "tags")

    def __init__(
        self,
        tags: frozenset[Any] = frozenset(),
        layers: frozenset[int] = frozenset(),
        last: int | None = None,
        level: int = 0,
        lowest: int = 0,
        marks: frozenset[str] = frozenset(),
    ) -> None:
        self.tags, self.layers, self.last, self.level, self.lowest, self.marks = (
            tags,
            layers,
            last,
            level,
            lowest,
            marks,
        )

    def but(self, **changes: Any) -> Flow:
        given = {name: changes.get(name, getattr(self, name)) for name in self.__slots__}
        return Flow(**given)

    def tagged(self, *tags: Any) -> Flow:
        return self.but(tags=self.tags | frozenset(tags))

    def marked(self, *marks: str) -> Flow:
        return self.but(marks=self.marks | frozenset(marks))

    @property
    def models(self) -> list[int]:
        return [tag[1] for tag in self.tags if isinstance(tag, tuple) and tag[0] == "model"]

    @property
    def is_image(self) -> bool:
        """Whether it derives from images or noise, and so may be a feature map."""
        return bool(self.tags & {"data", "batch", "noise", "symbolic"})


NOTHING = Flow()


def joined(flows: Iterable[Flow]) -> Flow:
    parts: list[Flow] = []
    for flow in flows:
        if flow is not NOTHING and not any(flow is other for other in parts):
            parts.append(flow)
    if not parts:
        return NOTHING
    if len(parts) == 1:
        return parts[0]
    main = max(parts, key=lambda flow: (len(flow.layers), flow.is_image))
    return Flow(
        frozenset().union(*(flow.tags for flow in parts)),
        frozenset().union(*(flow.layers for flow in parts)),
        main.last,
        main.level,
        max(flow.lowest for flow in parts),
        frozenset().union(*(flow.marks for flow in parts)),
    )


class Value:
    __slots__ = ("flow", "lines", "via")

    def __init__(self, lines: Lines = (), via: str | None = None, flow: Flow = NOTHING) -> None:
        self.lines, self.via, self.flow = lines, via, flow


class Const(Value):
    """A number, text, boolean or None that the text shows; `soft` if it is a default of the command line."""

    __slots__ = ("parts", "soft", "value")

    def __init__(
        self, value: Any, lines: Lines = (), via: str | None = None, soft: bool = False, parts: tuple[Value, ...] = ()
    ) -> None:
        super().__init__(lines, via)
        self.value, self.soft, self.parts = value, soft, parts

    def reached(self, via: str, lines: Lines = (), soft: bool = False) -> Const:
        return Const(self.value, self.lines + lines, via, self.soft or soft, self.parts)


class Unknown(Value):
    """Something that the text does not show; `asks` names the option or argument that decides it."""

    __slots__ = ("asks", "name")

    def __init__(self, name: str = "", asks: str | None = None, flow: Flow = NOTHING, lines: Lines = ()) -> None:
        super().__init__(lines, None, flow)
        self.name, self.asks = name, asks


class Seq(Value):
    """A list or tuple; `open`: there may be more items than shown."""

    __slots__ = ("items", "kind", "open")

    def __init__(self, items: list[Value], kind: str = "list", open: bool = False, lines: Lines = ()) -> None:
        super().__init__(lines)
        self.items, self.kind, self.open = items, kind, open


class Map(Value):
    """A dict, or an object that is only read by attribute (Namespace, ConfigDict, parsed arguments)."""

    __slots__ = ("items", "kind", "open")

    def __init__(self, items: dict[Any, Value], kind: str = "dict", open: bool = False, lines: Lines = ()) -> None:
        super().__init__(lines)
        self.items, self.kind, self.open = items, kind, open


class Lib(Value):
    """A name of a library, by its full dotted path."""

    __slots__ = ("path",)

    def __init__(self, path: str, lines: Lines = ()) -> None:
        super().__init__(lines)
        self.path = path


class Func(Value):
    __slots__ = ("bound", "decorators", "defaults", "env", "node", "owner", "preset", "self_value")

    def __init__(self, node: Any, env: Any, defaults: dict[str, Value], owner: Class | None = None) -> None:
        super().__init__((node.lineno,))
        self.node, self.env, self.defaults, self.owner = node, env, defaults, owner
        self.self_value: Value | None = None
        self.preset: tuple[list[Value], dict[str, Value]] = ([], {})
        self.decorators: list[Value] = []
        self.bound = False

    @property
    def name(self) -> str:
        return getattr(self.node, "name", "<lambda>")

    def on(self, value: Value) -> Func:
        copy = Func(self.node, self.env, self.defaults, self.owner)
        copy.self_value, copy.preset, copy.decorators, copy.bound = value, self.preset, self.decorators, True
        copy.lines = self.lines
        return copy


class Class(Value):
    __slots__ = ("attributes", "bases", "decorators", "fields", "node")

    def __init__(self, node: ast.ClassDef, bases: list[Value]) -> None:
        super().__init__((node.lineno,))
        self.node, self.bases = node, bases
        self.attributes: dict[str, Value] = {}
        self.fields: list[str] = []
        self.decorators: list[Value] = []

    @property
    def name(self) -> str:
        return self.node.name

    def order(self) -> list[Class]:
        """Itself and its bases in the file, nearest first."""
        found, queue = [], [self]
        while queue:
            one = queue.pop(0)
            if one not in found:
                found.append(one)
                queue += [base for base in one.bases if isinstance(base, Class)]
        return found

    def find(self, name: str, after: Class | None = None) -> Value | None:
        order = self.order()
        if after is not None and after in order:
            order = order[order.index(after) + 1 :]
        return next((one.attributes[name] for one in order if name in one.attributes), None)

    def library_bases(self) -> list[str]:
        return [base.path for one in self.order() for base in one.bases if isinstance(base, Lib)]


class Instance(Value):
    """An object of a class of the file, with the attributes that its methods set."""

    __slots__ = ("attributes", "cls", "given", "inside", "site")

    def __init__(self, cls: Class, site: int, inside: Instance | None) -> None:
        super().__init__((site,))
        self.cls, self.site, self.inside = cls, site, inside
        self.attributes: dict[str, Value] = {}
        self.given: list[Value] = []


class Obj(Value):
    """The result of a call of a library, known by the path that was called (`torch.optim.AdamW`) and its arguments."""

    __slots__ = ("args", "attributes", "inside", "kwargs", "owner", "path", "ramp", "site")

    def __init__(
        self,
        path: str,
        args: list[Value] | None = None,
        kwargs: dict[str, Value] | None = None,
        site: int = 0,
        flow: Flow = NOTHING,
        owner: Value | None = None,
    ) -> None:
        super().__init__((site,) if site else (), None, flow)
        self.path, self.args, self.kwargs, self.site, self.owner = path, args or [], kwargs or {}, site, owner
        self.attributes: dict[str, Value] = {}
        self.ramp: Ramp | None = None
        self.inside: Instance | None = None

    @property
    def name(self) -> str:
        return self.path.rsplit(".", 1)[-1]


class Method(Value):
    """A method of something that is not a class of the file."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: Value, name: str) -> None:
        super().__init__(owner.lines, None, owner.flow)
        self.owner, self.name = owner, name


class Choice(Value):
    """One of several values, in the order in which the text prefers them.

    `decided`: the first holds unless an option of the command line is changed.
    """

    __slots__ = ("decided", "options")

    def __init__(self, options: list[Value], decided: bool = False) -> None:
        lines = tuple(dict.fromkeys(line for option in options for line in option.lines))
        super().__init__(lines, None, joined(option.flow for option in options))
        self.options, self.decided = options, decided


class Ramp:
    """A row of numbers from `start` to `end` in `count` steps. `shape` is linear, squared (of a linear one) or cosine;
    `source` the row before it was subtracted from one."""

    __slots__ = ("count", "end", "lines", "shape", "source", "start")

    def __init__(
        self, start: Value, end: Value, count: Value, shape: str, lines: Lines, source: Ramp | None = None
    ) -> None:
        self.start, self.end, self.count, self.shape, self.lines, self.source = start, end, count, shape, lines, source


def choose(options: Iterable[Value], decided: bool = False) -> Value:
    """A choice without repetitions; of a single option that option."""
    found: list[Value] = []
    for option in options:
        decided = decided or (isinstance(option, Choice) and option.decided and not found)
        for one in option.options if isinstance(option, Choice) else [option]:
            same = any(one is other or same_constant(one, other) for other in found)
            if not same:
                found.append(one)
    if not found:
        return Unknown()
    return found[0] if len(found) == 1 else Choice(found[:12], decided)


def same_constant(left: Value, right: Value) -> bool:
    return (
        isinstance(left, Const)
        and isinstance(right, Const)
        and type(left.value) is type(right.value)
        and left.value == right.value
    )


def options_of(value: Value | None) -> list[Value]:
    if value is None:
        return []
    return value.options if isinstance(value, Choice) else [value]


def likely(value: Value | None) -> list[Value]:
    """The options that may hold with the command line left alone: the first of a choice that it decides."""
    options = options_of(value)
    return options[:1] if isinstance(value, Choice) and value.decided else options


def constant(value: Value | None) -> Any:
    """The Python value of a constant; None where it is not one."""
    return value.value if isinstance(value, Const) else None


def number(value: Value | None) -> float | int | None:
    found = constant(value)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def flow_of(value: Value | None, depth: int = 3) -> Flow:
    """What flows into a value, its items included."""
    if value is None or depth == 0:
        return NOTHING
    if isinstance(value, Seq):
        return joined(flow_of(item, depth - 1) for item in value.items[:16])
    if isinstance(value, Map):
        return joined(flow_of(item, depth - 1) for item in list(value.items.values())[:16])
    return value.flow
