"""The abstract interpreter: it walks a program as Python would, with values in place of tensors, and executes nothing.

Both sides of a branch that the text does not decide are walked and their results kept as a choice, in order of
preference. A loop over items that are known is walked for each of the first few, any other loop once.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from diffusionlab.ingest.interpret import calls, expressions, statements
from diffusionlab.ingest.interpret.trace import Event, Loop, Trace
from diffusionlab.ingest.values import Choice, Const, Func, Instance, Lib, Map, Obj, Seq, Unknown, Value, choose

MAX_STEPS = 250_000
MAX_RECURSION = 6_000  # frames of Python; one call of the program takes about ten
MAX_DEPTH = 22
MAX_CALLS = 48  # of one function
FILE_STRIDE = 10_000_000  # lines of the i-th imported file start here


Loader = Callable[[str], tuple[ast.Module, int] | None]
DataReader = Callable[[str], Value | None]


class OutOfSteps(Exception):
    """The program is too long to be walked further."""


class Env:
    """Names in a scope; `parent` is the scope around it."""

    __slots__ = ("kind", "outer", "parent", "vars")

    def __init__(self, kind: str, parent: Env | None) -> None:
        self.kind, self.parent = kind, parent
        self.vars: dict[str, Value] = {}
        self.outer: set[str] = set()

    def get(self, name: str) -> Value | None:
        env: Env | None = self
        while env is not None:
            found = env.vars.get(name)
            if found is not None:
                return found
            env = env.parent
        return None

    def put(self, name: str, value: Value) -> None:
        env = self
        if name in self.outer:
            while env.parent is not None and ((env.kind != "module" and name not in env.vars) or env is self):
                env = env.parent
        env.vars[name] = value

    def module(self) -> Env:
        env = self
        while env.parent is not None:
            env = env.parent
        return env


class Frame:
    __slots__ = ("func", "line", "name", "names", "returns", "yields")

    def __init__(self, name: str, func: Func | None = None, line: int = 0) -> None:
        self.name, self.func, self.line = name, func, line
        self.names: dict[str, Value] = {}
        self.returns: list[Value] = []
        self.yields: list[Value] = []


class Machine:
    def __init__(self, load: Loader, read_data: DataReader) -> None:
        self.trace = Trace()
        self.load, self.read_data = load, read_data
        self.modules: dict[str, Env | None] = {}
        self.frames: list[Frame] = [Frame("<module>")]
        self.loops: list[Loop] = []
        self.forward: list[Instance] = []
        self.building: list[Instance] = []
        self.no_grad = 0
        self.unsure = 0
        self.journals: list[dict[tuple[int, Any], tuple[dict[Any, Value], Value | None]]] = []  # of open branches
        self.steps = 0
        self.order = 0
        self.ids = 0
        self.counts: Counter[int] = Counter()
        self.offset = 0  # added to line numbers of the file that is running
        self.flags: dict[str, Value] = {}
        self.parts: dict[tuple[int | None, str], int] = {}  # parts of batches by key
        self.trace_options: list[Map] = []

    # names and lines

    def line(self, node: ast.AST) -> int:
        return getattr(node, "lineno", 0) + self.offset

    def sites(self) -> tuple[int, ...]:
        """Lines of the calls that led here, the innermost first."""
        return tuple(frame.line for frame in reversed(self.frames[1:]) if frame.line)[:3]

    def fresh(self) -> int:
        self.ids += 1
        return self.ids

    def spend(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise OutOfSteps

    # the parts, each in a module of its own

    def eval(self, node: ast.AST | None, env: Env) -> Value:
        return Unknown() if node is None else expressions.evaluate(self, node, env)

    def run(self, body: list[ast.stmt], env: Env) -> str | None:
        return statements.run_block(self, body, env)

    def call(self, func: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        return calls.call(self, func, args, kwargs, node)

    def truth(self, value: Value) -> bool | None:
        """True or False where the text decides, None where it does not."""
        if isinstance(value, Const):
            return None if value.soft else bool(value.value)
        if isinstance(value, Seq) and not value.open:
            return bool(value.items)
        if isinstance(value, Map) and not value.open:
            return bool(value.items) or (None if value.kind != "dict" else False)
        return True if isinstance(value, Func | Instance) else None

    def preferred(self, value: Value) -> bool | None:
        """What an undecided test comes out as with the options left at their defaults."""
        if isinstance(value, Const):
            return bool(value.value)
        if isinstance(value, Choice):
            return self.preferred(value.options[0])
        return self.truth(value)

    def record(
        self,
        path: str,
        args: list[Value],
        kwargs: dict[str, Value],
        node: ast.AST,
        result: Value,
        owner: Value | None = None,
    ) -> Event:
        self.order += 1
        event = Event(
            path,
            args,
            kwargs,
            self.line(node),
            self.order,
            result,
            owner,
            tuple(self.loops),
            tuple(frame.name for frame in self.frames[1:]),
            tuple(self.forward),
            self.building[-1] if self.building else None,
            self.no_grad > 0,
            self.unsure > 0,
            (getattr(node, "end_lineno", None) or 0) + self.offset,
        )
        self.trace.events.append(event)
        return event

    def make(self, path: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, **more: Any) -> Obj:
        """The object that a library call returns, and the event that says so."""
        result = Obj(path, args, kwargs, self.line(node), **more)
        around = self.building or self.forward
        result.inside = around[-1] if around else None
        self.record(path, args, kwargs, node, result, more.get("owner"))
        return result

    # modules beside the file

    def import_beside(self, name: str) -> Env | None:
        """The names of a module that stands beside the script, None if there is none."""
        if name not in self.modules:
            self.modules[name] = None  # a circle of imports ends here
            loaded = self.load(name) if len(self.modules) < 24 else None
            if loaded is not None:
                tree, number = loaded
                env = Env("module", None)
                env.vars["__name__"] = Const(name)
                self.modules[name] = env
                offset, self.offset = self.offset, number * FILE_STRIDE
                frames, self.frames = self.frames, [Frame(f"<{name}>")]
                try:
                    self.run(tree.body, env)
                finally:
                    self.offset, self.frames = offset, frames
        return self.modules[name]


def run_program(
    tree: ast.Module, load: Loader = lambda name: None, read_data: DataReader = lambda name: None
) -> tuple[Trace, Env]:
    """Walk a program from its first line, `__name__` being "__main__", and then what nothing in it calls."""
    machine = Machine(load, read_data)
    env = Env("module", None)
    env.vars["__name__"] = Const("__main__")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, MAX_RECURSION))
    try:
        machine.run(tree.body, env)
        statements.run_what_is_left(machine, tree, env)
    except (OutOfSteps, RecursionError):
        machine.trace.stopped = True
    finally:
        sys.setrecursionlimit(limit)
    machine.trace.options = machine.trace_options
    machine.trace.assigned = [
        (name, value, value.lines[0] if value.lines else 0)
        for name, value in env.vars.items()
        if isinstance(value, Const | Obj | Choice | Seq)
    ]
    return machine.trace, env


__all__ = ["Env", "Frame", "Lib", "Machine", "OutOfSteps", "choose", "run_program"]
