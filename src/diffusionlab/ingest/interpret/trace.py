"""What the interpreter saw, in order: calls, losses, calls of models. The rules read this and never the tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from diffusionlab.ingest.values import Class, Flow, Func, Instance, Map, Obj, Value


@dataclass(slots=True, eq=False)
class Loop:
    """A loop that is running. `kind`: range, data (over batches), while, other; `count`: how often, if shown."""

    kind: str
    count: Value | None
    line: int
    name: str = ""
    value: Value | None = None


@dataclass(slots=True, eq=False)
class Event:
    """A call of a library function, of an object of one, or of a method: `path` is "torch.optim.Adam", ".step", ..."""

    path: str
    args: list[Value]
    kwargs: dict[str, Value]
    line: int
    order: int
    result: Value
    owner: Value | None = None
    loops: tuple[Loop, ...] = ()
    frames: tuple[str, ...] = ()
    forward: tuple[Instance, ...] = ()
    building: Instance | None = None
    no_grad: bool = False
    unsure: bool = False  # in a branch that the text does not decide
    until: int = 0  # of a `with`: the order at its end
    end: int = 0

    @property
    def name(self) -> str:
        return self.path.rsplit(".", 1)[-1]

    def arg(self, name: str, position: int | None = None) -> Value | None:
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[position] if position is not None and position < len(self.args) else None

    def first(self, *names: str) -> Value | None:
        return next((self.kwargs[name] for name in names if name in self.kwargs), None)


@dataclass(slots=True, eq=False)
class ModelCall:
    model: Instance | Obj
    args: list[Value]
    kwargs: dict[str, Value]
    flow: Flow
    line: int
    order: int
    loops: tuple[Loop, ...]
    no_grad: bool
    sites: tuple[int, ...] = ()

    @property
    def lines(self) -> tuple[int, ...]:
        """The call, and the calls of the functions around it."""
        return (self.line, *self.sites)

    @property
    def inputs(self) -> list[Value]:
        return [*self.args, *self.kwargs.values()]


@dataclass(slots=True, eq=False)
class Loss:
    """A comparison of two tensors: `name` as in torch (mse_loss), `left` and `right` what is compared."""

    name: str
    left: Value
    right: Value
    lines: tuple[int, ...]
    order: int
    loops: tuple[Loop, ...]
    frames: tuple[str, ...]
    forward: tuple[Instance, ...]
    no_grad: bool


@dataclass
class Trace:
    events: list[Event] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    model_calls: list[ModelCall] = field(default_factory=list)
    models: dict[int, Instance | Obj] = field(default_factory=dict)
    instances: list[Instance] = field(default_factory=list)
    layers: list[Obj] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)
    functions: list[Func] = field(default_factory=list)
    called: set[int] = field(default_factory=set)  # identities of function nodes that ran
    imports: list[tuple[str, int]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)  # top packages whose names were read
    assigned: list[tuple[str, Value, int]] = field(default_factory=list)  # names of the module
    options: list[Map] = field(default_factory=list)  # parsed command lines
    entered: bool = False  # functions that nothing calls were run
    stopped: bool = False

    def of(self, *paths: str) -> list[Event]:
        return [event for event in self.events if event.path in paths]

    def named(self, *names: str) -> list[Event]:
        return [event for event in self.events if event.name in names]


def shown(value: Any) -> Value:
    return value if isinstance(value, Value) else Value()
