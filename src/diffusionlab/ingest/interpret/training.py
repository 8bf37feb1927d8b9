"""Methods that a framework calls back: training_step, train_step, configure_optimizers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from diffusionlab.ingest.interpret.iteration import batch
from diffusionlab.ingest.interpret.trace import Loop
from diffusionlab.ingest.values import (
    NOTHING,
    Choice,
    Func,
    Instance,
    Method,
    Obj,
    Seq,
    Unknown,
    Value,
    joined,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Machine

Args = list[Value]
Kwargs = dict[str, Value]

BATCHED = {"train_dataloader", "val_dataloader"}


def after_method(m: Machine, owner: Value, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> None:
    """What a library calls in return for `.fit(...)`."""
    if name != "fit":
        return
    if isinstance(owner, Instance):
        data = args[0] if args else kwargs.get("x", Unknown())
        run_hooks(m, owner, data, kwargs.get("epochs", kwargs.get("nb_epoch")), node)
    elif isinstance(owner, Obj) and args:
        model = args[0] if isinstance(args[0], Instance) else None
        data = args[1] if len(args) > 1 else kwargs.get("train_dataloaders", kwargs.get("datamodule", Unknown()))
        if model is not None:
            limit = owner.kwargs.get("max_epochs", owner.kwargs.get("epochs"))
            run_hooks(m, model, data, limit, node)


def run_hooks(m: Machine, model: Instance, data: Value, epochs: Value | None, node: ast.AST) -> None:
    """Run the training methods of a Lightning module or a Keras model once, on a batch."""
    if isinstance(data, Instance):  # a data module
        for hook in ("prepare_data", "setup"):
            _call(m, data, hook, [Unknown()] if hook == "setup" else [], node)
        loader = _call(m, data, "train_dataloader", [], node)
        data = loader if loader is not None else data
    loader = _call(m, model, "train_dataloader", [], node)
    data = loader if loader is not None else data
    _call(m, model, "configure_optimizers", [], node)
    m.loops.append(Loop("range", epochs, m.line(node), "epoch"))
    m.loops.append(Loop("data", None, m.line(node), "batch", data))
    first = batch(m, data)
    for hook in ("training_step", "train_step"):
        _call(m, model, hook, [first, Unknown("batch_idx"), Unknown("optimizer_idx")], node)
    m.loops.pop()
    m.loops.pop()


def _call(m: Machine, model: Instance, name: str, args: Args, node: ast.AST) -> Value | None:
    method = model.cls.find(name)
    if not isinstance(method, Func):
        return None
    wanted = len(method.node.args.args) - 1
    return m.call(method.on(model), args[:wanted], {}, node)


def result_of(m: Machine, owner: Value, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value | None:
    """Results of methods that hand back something known."""
    if name == "prepare":  # accelerate
        return args[0] if len(args) == 1 else Seq(list(args), "tuple")
    if name == "load_data":
        return None
    if name == "add_noise":
        from diffusionlab.ingest.values import flow_of

        flow = joined(flow_of(one) for one in args)
        result = Obj(".add_noise", args, kwargs, m.line(node), flow, owner)
        return result
    if name == "predict" or name == "apply_fn":
        return _predicted(m, owner, args, kwargs, node)
    if isinstance(owner, Choice | Method) and name == "[]":
        return Obj("?", flow=NOTHING)
    return None


def _predicted(m: Machine, owner: Value, args: Args, kwargs: Kwargs, node: ast.AST) -> Value | None:
    from diffusionlab.ingest.interpret import calls
    from diffusionlab.ingest.values import flow_of

    if isinstance(owner, Instance | Obj):
        flow = joined(flow_of(one) for one in args)
        return calls.noted(m, owner, args, kwargs, Obj(".predict", args, kwargs, m.line(node), flow, owner), node)
    return None
