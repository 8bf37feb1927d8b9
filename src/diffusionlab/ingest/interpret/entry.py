"""Where a program starts. A script starts at its first line; a file of functions starts at those that nothing calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from diffusionlab.ingest.interpret import training
from diffusionlab.ingest.values import Class, Func, Instance, Obj, Unknown

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Env, Machine

HOOKS = ("training_step", "train_step")
OPTIMIZES = {
    "backward",
    "apply_gradients",
    "train_on_batch",
    "fit",
    "fit_generator",
    "minimize",
    "value_and_grad",
    "step",
}


def trains(m: Machine) -> bool:
    return any(event.name in OPTIMIZES for event in m.trace.events)


def run_entries(m: Machine, tree: ast.Module, env: Env) -> None:
    functions = [
        value for value in env.vars.values() if isinstance(value, Func) and id(value.node) not in m.trace.called
    ]
    for function in functions:
        if any(isinstance(one, Obj) and one.name in ("command", "callback") for one in function.decorators):
            m.call(function, [], {}, function.node)
    if trains(m):
        return
    for value in list(env.vars.values()):
        if isinstance(value, Instance) and any(value.cls.find(hook) for hook in HOOKS):
            training.run_hooks(m, value, Unknown("data"), None, value.cls.node)
    if trains(m):
        return
    mentioned = _mentioned(tree)
    roots = [one for one in functions if one.name not in mentioned] or functions
    for function in roots:
        if id(function.node) not in m.trace.called:
            m.trace.entered = True
            m.call(function, [], {}, function.node)
    if not trains(m):
        _run_modules(m, env)


def _mentioned(tree: ast.Module) -> set[str]:
    """Names that the bodies of functions of the file read."""
    found: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and node.id != getattr(statement, "name", None):
                    found.add(node.id)
    return found


def _run_modules(m: Machine, env: Env) -> None:
    """A class with a training step of a framework that builds it by itself."""
    for value in list(env.vars.values()):
        if isinstance(value, Class) and any(value.find(hook) for hook in HOOKS) and value.library_bases():
            model = m.call(value, [], {}, value.node)
            if isinstance(model, Instance):
                training.run_hooks(m, model, Unknown("data"), None, value.node)
