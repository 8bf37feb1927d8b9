"""Statements: assignment, branches that are walked twice, loops, definitions, imports."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret.assignment import assign
from diffusionlab.ingest.interpret.branches import fork
from diffusionlab.ingest.interpret.iteration import elements_of, loop_over
from diffusionlab.ingest.interpret.trace import Loop
from diffusionlab.ingest.values import (
    Class,
    Const,
    Func,
    Lib,
    Map,
    Obj,
    Seq,
    Value,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Env, Machine

Block = list[ast.stmt]


def run_block(m: Machine, body: Block, env: Env) -> str | None:
    """Run statements; what ended them early: return, break, continue, raise, or None."""
    for statement in body:
        m.spend()
        handler = HANDLERS.get(type(statement))
        if handler is not None:
            signal = handler(m, statement, env)
            if signal is not None:
                return signal
    return None


def _if(m: Machine, node: ast.If, env: Env) -> str | None:
    test = m.eval(node.test, env)
    truth = m.truth(test)
    if truth is not None:
        return run_block(m, node.body if truth else node.orelse, env)
    likely = m.preferred(test)
    otherwise = likely is False or (likely is None and isinstance(node.test, ast.UnaryOp) and bool(node.orelse))
    return fork(m, env, [node.body, node.orelse], 1 if otherwise else 0, likely is not None)


def _for(m: Machine, node: ast.For | ast.AsyncFor, env: Env) -> str | None:
    iterable = m.eval(node.iter, env)
    loop = loop_over(m, iterable, node)
    items = elements_of(m, iterable, node)
    m.loops.append(loop)
    signal = None
    for item in items:
        assign(m, node.target, item, env)
        signal = run_block(m, node.body, env)
        if signal in ("return", "raise", "break"):
            break
    m.loops.pop()
    if signal == "return" and loop.kind == "other" and len(items) > 1:
        return "return"
    return run_block(m, node.orelse, env) if node.orelse else None


def _while(m: Machine, node: ast.While, env: Env) -> str | None:
    test = m.eval(node.test, env)
    if m.truth(test) is False:
        return None
    count, name = None, ""
    if isinstance(node.test, ast.Compare) and len(node.test.ops) == 1:
        left, right = node.test.left, node.test.comparators[0]
        if isinstance(node.test.ops[0], ast.Lt | ast.LtE):
            count, name = m.eval(right, env), ast.unparse(left)
        elif isinstance(node.test.ops[0], ast.Gt | ast.GtE):
            count, name = m.eval(left, env), ast.unparse(right)
    elif m.truth(test) is True:
        count, name = _broken_at(m, node, env)
    m.loops.append(Loop("while", count, m.line(node), name))
    signal = run_block(m, node.body, env)
    m.loops.pop()
    return "return" if signal == "return" and m.truth(test) is True and m.unsure == 0 else None


def _broken_at(m: Machine, node: ast.While, env: Env) -> tuple[Value | None, str]:
    """The bound of `while True: ... if step > bound: break`."""
    for statement in node.body:
        if not isinstance(statement, ast.If) or not isinstance(statement.body[-1], ast.Break):
            continue
        test = statement.test
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Gt | ast.GtE | ast.Eq):
            return m.eval(test.comparators[0], env), ast.unparse(test.left)
    return None, ""


def _with(m: Machine, node: ast.With | ast.AsyncWith, env: Env) -> str | None:
    entered, events = 0, []
    for item in node.items:
        context = m.eval(item.context_expr, env)
        path = context.path if isinstance(context, Obj | Lib) else ""
        if path.endswith(("no_grad", "inference_mode")):
            entered += 1
        events.append(m.record("with", [context], {}, item.context_expr, context))
        if item.optional_vars is not None:
            assign(m, item.optional_vars, context, env)
    m.no_grad += entered
    signal = run_block(m, node.body, env)
    m.no_grad -= entered
    for event in events:
        event.until = m.order
    return signal


def _try(m: Machine, node: ast.Try, env: Env) -> str | None:
    signal = run_block(m, node.body + (node.orelse if node.body else []), env)
    if node.handlers:
        after = dict(env.vars)
        m.unsure += 1
        for handler in node.handlers:
            env.vars = dict(after)
            run_block(m, handler.body, env)
            for name, value in env.vars.items():
                after.setdefault(name, value)
        m.unsure -= 1
        env.vars = after
    final = run_block(m, node.finalbody, env)
    return final or (None if signal == "raise" else signal)


def _assign(m: Machine, node: ast.Assign, env: Env) -> None:
    value = m.eval(node.value, env)
    for target in node.targets:
        assign(m, target, value, env)


def _ann_assign(m: Machine, node: ast.AnnAssign, env: Env) -> None:
    if node.value is not None:
        assign(m, node.target, m.eval(node.value, env), env)


def _aug_assign(m: Machine, node: ast.AugAssign, env: Env) -> None:
    load = ast.copy_location(ast.BinOp(_as_load(node.target), node.op, node.value), node)
    assign(m, node.target, m.eval(load, env), env)


def _as_load(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Name):
        return ast.copy_location(ast.Name(node.id, ast.Load()), node)
    return node


def _function(m: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Env) -> None:
    m.trace.functions.append(function := make_function(m, node, env))
    function.decorators = [m.eval(decorator, env) for decorator in node.decorator_list]
    value: Value = function
    for decorator in reversed(function.decorators):
        value = decorated(m, decorator, value, node)
    env.put(node.name, value)


def decorated(m: Machine, decorator: Value, value: Value, node: ast.AST) -> Value:
    """A decorator of a library leaves a function as it is; one of the file is called."""
    from diffusionlab.ingest.interpret.settings import with_options

    if isinstance(decorator, Obj) and isinstance(value, Func):
        return with_options(m, decorator, value)
    return value


def make_function(m: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, env: Env) -> Func:
    arguments = node.args
    names = [one.arg for one in arguments.posonlyargs + arguments.args]
    defaults = {
        name: m.eval(default, env)
        for name, default in zip(names[len(names) - len(arguments.defaults) :], arguments.defaults, strict=True)
    }
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            defaults[one.arg] = m.eval(default, env)
    scope = env
    while scope.kind == "class" and scope.parent is not None:
        scope = scope.parent
    function = Func(node, scope, defaults)
    function.lines = (m.line(node),)
    return function


def _class(m: Machine, node: ast.ClassDef, env: Env) -> None:
    from diffusionlab.ingest.interpret.machine import Env as Scope

    cls = Class(node, [m.eval(base, env) for base in node.bases])
    cls.lines = (m.line(node),)
    cls.decorators = [m.eval(decorator, env) for decorator in node.decorator_list]
    scope = Scope("class", env)
    env.put(node.name, cls)
    m.run(node.body, scope)
    cls.attributes = scope.vars
    cls.fields = [
        one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]
    for value in scope.vars.values():
        if isinstance(value, Func):
            value.owner = cls
    m.trace.classes.append(cls)


def _return(m: Machine, node: ast.Return, env: Env) -> str:
    m.frames[-1].returns.append(m.eval(node.value, env) if node.value is not None else Const(None))
    return "return"


def _import(m: Machine, node: ast.Import, env: Env) -> None:
    for alias in node.names:
        m.trace.imports.append((alias.name, m.line(node)))
        beside = m.import_beside(alias.name)
        name = alias.asname or alias.name.split(".")[0]
        path = alias.name if alias.asname else alias.name.split(".")[0]
        env.put(name, Map(beside.vars, "module") if beside is not None else Lib(path, (m.line(node),)))


def _import_from(m: Machine, node: ast.ImportFrom, env: Env) -> None:
    module = node.module or ""
    m.trace.imports.append((module, m.line(node)))
    beside = m.import_beside(module) if module else None
    for alias in node.names:
        if alias.name == "*":
            if beside is not None:
                for name, value in list(beside.vars.items()):
                    if not name.startswith("_"):
                        env.put(name, value)
            else:
                stars = env.module().vars.setdefault("*", Seq([]))
                if isinstance(stars, Seq):
                    stars.items.append(Lib(module, (m.line(node),)))
            continue
        found = beside.vars.get(alias.name) if beside is not None else None
        if found is None and node.level and not module:
            inner = m.import_beside(alias.name)
            found = Map(inner.vars, "module") if inner is not None else None
        path = f"{module}.{alias.name}" if module else alias.name
        env.put(alias.asname or alias.name, found or Lib(path, (m.line(node),)))


def _expression(m: Machine, node: ast.Expr, env: Env) -> None:
    m.eval(node.value, env)


def _global(m: Machine, node: ast.Global | ast.Nonlocal, env: Env) -> None:
    env.outer.update(node.names)


def _match(m: Machine, node: ast.Match, env: Env) -> str | None:
    m.eval(node.subject, env)
    return fork(m, env, [case.body for case in node.cases])


def _delete(m: Machine, node: ast.Delete, env: Env) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id in env.vars and m.unsure == 0:
            del env.vars[target.id]


def run_what_is_left(m: Machine, tree: ast.Module, env: Env) -> None:
    """Functions that nothing calls are run with their defaults, where the program itself trains nothing."""
    from diffusionlab.ingest.interpret.entry import run_entries

    run_entries(m, tree, env)


HANDLERS: dict[type, Any] = {
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Assign: _assign,
    ast.AnnAssign: _ann_assign,
    ast.AugAssign: _aug_assign,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Return: _return,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Expr: _expression,
    ast.Global: _global,
    ast.Nonlocal: _global,
    ast.Match: _match,
    ast.Delete: _delete,
    ast.Break: lambda m, node, env: "break",
    ast.Continue: lambda m, node, env: "continue",
    ast.Raise: lambda m, node, env: "raise",
}
