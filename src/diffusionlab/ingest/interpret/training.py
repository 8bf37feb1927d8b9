"""Methods that a framework calls back: training_step, train_step, configure_optimizers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from diffusionlab.ingest.interpret import tensors
from diffusionlab.ingest.interpret.iteration import batch, batch_part
from diffusionlab.ingest.interpret.trace import Loop
from diffusionlab.ingest.values import (
    NOTHING,
    Choice,
    Class,
    Const,
    Func,
    Instance,
    Map,
    Method,
    Obj,
    Seq,
    Unknown,
    Value,
    constant,
    flow_of,
    joined,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Machine

Args = list[Value]
Kwargs = dict[str, Value]

HOOKS = ("training_step", "train_step")
KERAS_LOSSES = {
    "mse": "mse_loss", "meansquarederror": "mse_loss", "mae": "l1_loss", "meanabsoluteerror": "l1_loss",
    "binarycrossentropy": "binary_cross_entropy", "categoricalcrossentropy": "cross_entropy",
    "sparsecategoricalcrossentropy": "cross_entropy", "huber": "huber_loss",
}  # fmt: skip


def after_method(m: Machine, owner: Value, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> None:
    """What a library calls in return for a method."""
    if name == "compile":
        given = kwargs.get("loss", args[1] if len(args) > 1 else None)
        if (
            given is not None
            and isinstance(owner, Instance | Obj)
            and not (isinstance(given, Const) and not given.value)
        ):
            owner.attributes["__loss__"] = given
    elif name in ("map", "set_transform", "with_transform") and args and isinstance(args[0], Func):
        m.call(args[0], [batch(m, owner)], {}, node)
    elif name == "train_on_batch" and len(args) >= 2:
        _compare(m, owner, args[0], args[1], node)
    elif name == "fit":
        _fit(m, owner, args, kwargs, node)


def _fit(m: Machine, owner: Value, args: Args, kwargs: Kwargs, node: ast.AST) -> None:
    model = args[0] if args and isinstance(args[0], Instance) else None
    if model is not None and isinstance(owner, Obj):  # Trainer().fit(model, data)
        data = args[1] if len(args) > 1 else kwargs.get("train_dataloaders", kwargs.get("datamodule", Unknown()))
        run_hooks(m, model, data, owner.kwargs.get("max_epochs", owner.kwargs.get("epochs")), node)
        return
    x = args[0] if args else kwargs.get("x", Unknown())
    y = args[1] if len(args) > 1 else kwargs.get("y")
    if isinstance(owner, Instance) and any(owner.cls.find(hook) for hook in HOOKS):
        run_hooks(m, owner, x, kwargs.get("epochs", kwargs.get("nb_epoch")), node)
    elif "__loss__" in getattr(owner, "attributes", {}):
        first = batch(m, x)
        if y is None:
            _compare(m, owner, batch_part(first, 0, 2), batch_part(first, 1, 2), node)
        else:
            image = x if flow_of(x).is_image else batch_part(first, 0, 2)
            _compare(m, owner, image, image if y is x else y, node)


def _compare(m: Machine, owner: Value, x: Value, y: Value, node: ast.AST) -> None:
    """Call a Keras model on a batch and compare what it gives with the target, as its loss does."""
    if not isinstance(owner, Instance | Obj):
        return
    name = loss_name(owner.attributes.get("__loss__"))
    output = m.call(owner, [x], {}, node)
    tensors.loss(m, name, output, y, node, owner.lines)


def loss_name(value: Value | None) -> str:
    """The loss that `compile(loss=...)` names, as in torch."""
    given = constant(value)
    path = given if isinstance(given, str) else getattr(value, "path", "")
    word = path.rsplit(".", 1)[-1]
    return KERAS_LOSSES.get(word.lower().replace("_", ""), word or "loss")


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
    for hook in HOOKS:
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
        flow = joined(flow_of(one) for one in args).tagged("noisy")
        result = Obj(".add_noise", args, kwargs, m.line(node), flow, owner)
        return result
    if name == "predict" or name == "apply_fn":
        return _predicted(m, owner, args, kwargs, node)
    if isinstance(owner, Choice | Method) and name == "[]":
        return Obj("?", flow=NOTHING)
    return None


def _predicted(m: Machine, owner: Value, args: Args, kwargs: Kwargs, node: ast.AST) -> Value | None:
    from diffusionlab.ingest.interpret import calls

    if isinstance(owner, Instance | Obj):
        flow = joined(flow_of(one) for one in args)
        return calls.noted(m, owner, args, kwargs, Obj(".predict", args, kwargs, m.line(node), flow, owner), node)
    return None


def lightning_cli(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Obj:
    """`LightningCLI(Model, DataModule)` builds both and trains; the command line may change everything."""
    kinds = [kwargs.get("model_class"), kwargs.get("datamodule_class"), *args]
    built = [m.call(one, [], {}, node) for one in kinds if isinstance(one, Class)]
    cli = m.make("lightning.LightningCLI", args, kwargs, node)
    defaults = kwargs.get("trainer_defaults")
    options = {key: value for key, value in defaults.items.items()} if isinstance(defaults, Map) else {}
    cli.attributes["trainer"] = m.make("lightning.Trainer", [], options, node)
    cli.attributes["model"] = built[0] if built else Unknown()
    cli.attributes["datamodule"] = built[1] if len(built) > 1 else Unknown()
    run = kwargs.get("run")
    if built and isinstance(built[0], Instance) and not (isinstance(run, Const) and run.value is False):
        run_hooks(m, built[0], cli.attributes["datamodule"], options.get("max_epochs"), node)
    return cli
