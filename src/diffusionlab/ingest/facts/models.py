"""Networks, their optimizers, and what the networks learn."""

from __future__ import annotations

from dataclasses import dataclass, field

from diffusionlab.ingest.interpret.calls import is_module
from diffusionlab.ingest.interpret.trace import Event, Loss, ModelCall
from diffusionlab.ingest.values import Flow, Instance, Map, Method, Obj, Seq, Value, flow_of, likely, options_of

OPTIMIZER_HOMES = (
    "torch.optim.", "keras.optimizers", "tensorflow.keras.optimizers", "optax.", "bitsandbytes.optim.",
    "transformers.", "tensorflow.train.", "tensorflow.compat.v1.train.", "flax.optim.", "timm.optim",
    "tensorflow_addons.optimizers", "apex.optimizers", "torch_optimizer", "lion_pytorch", "mxnet.",
    "paddle.optimizer", "adabelief_pytorch", "schedulefree", "jax.experimental.optimizers", "tensorflow.optimizers",
    "ranger", "deepspeed.ops.adam",
)  # fmt: skip
OPTIMIZERS = {
    "adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad",
    "adadelta": "Adadelta", "adamax": "Adamax", "nadam": "NAdam", "radam": "RAdam", "lion": "Lion", "lamb": "LAMB",
    "adafactor": "Adafactor", "rprop": "Rprop", "asgd": "ASGD", "sparseadam": "SparseAdam", "lbfgs": "LBFGS",
    "adam8bit": "Adam8bit", "adan": "Adan", "adamw8bit": "AdamW8bit", "adamoptimizer": "Adam",
    "gradientdescentoptimizer": "SGD", "rmspropoptimizer": "RMSprop", "momentumoptimizer": "Momentum",
    "muon": "Muon", "novograd": "NovoGrad", "adabelief": "AdaBelief", "ftrl": "Ftrl", "ranger": "Ranger",
    "adagradoptimizer": "Adagrad", "fusedadam": "Adam", "prodigy": "Prodigy", "lars": "LARS",
    "adamwschedulefree": "AdamWScheduleFree", "yogi": "Yogi", "adabound": "AdaBound",
}  # fmt: skip


def optimizer_name(path: str) -> str | None:
    if not path.startswith(OPTIMIZER_HOMES):
        return None
    return OPTIMIZERS.get(path.rsplit(".", 1)[-1].lower())


@dataclass(eq=False)
class Optimizer:
    event: Event
    name: str
    models: set[int]

    @property
    def value(self) -> Value:
        return self.event.result


@dataclass(eq=False)
class Model:
    """A network that is called or optimized. `learns`: the losses of its outputs."""

    value: Instance | Obj
    calls: list[ModelCall] = field(default_factory=list)
    learns: list[Learning] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.value.cls.name if isinstance(self.value, Instance) else self.value.name

    @property
    def lines(self) -> tuple[int, ...]:
        if isinstance(self.value, Instance):
            return (*self.value.cls.lines, self.value.site)
        return (self.value.site,)


@dataclass(eq=False)
class Learning:
    """A loss that compares a model's output with a target; `given` is what flows into the model's first input."""

    loss: Loss
    call: ModelCall
    given: Flow
    output: Flow
    target: Flow
    target_value: Value

    @property
    def is_noisy(self) -> bool:
        """Whether a network got images with noise in them, or images and the noise that it is to find."""
        images = {"data", "batch"}
        if self.target.tags & {"label"} or not self.given.tags & images or not self.target.tags & (images | {"noise"}):
            return False
        if "noise" in self.given.tags:  # at a level that is drawn; always as much of it makes a denoising autoencoder
            return any("time" in flow_of(value).tags for value in self.call.inputs) or "noisy" in self.given.tags
        handed = [value for value in self.call.inputs[1:] if value is self.target_value]
        return "noise" in self.target.tags and bool(handed)


def root(value: Value | None) -> Value | None:
    while isinstance(value, Method):
        value = value.owner
    return value


def owners_of(values: list[Value]) -> dict[int, Instance | Obj]:
    """The models whose parameters stand in the values."""
    found: dict[int, Instance | Obj] = {}

    def visit(value: Value | None, depth: int) -> None:
        if value is None or depth == 0:
            return
        for one in likely(value):
            if isinstance(one, Obj) and "param" in one.flow.tags and one.owner is not None:
                owner = root(one.owner)
                for item in owner.items if isinstance(owner, Seq) else [owner]:
                    for option in likely(item):
                        if isinstance(option, Instance | Obj):
                            found[id(option)] = option
            elif (
                isinstance(one, Obj) and one.path in ("op.add", "list", "itertools.chain", "builtins.filter", ".chain")
            ) or (isinstance(one, Obj) and one.name in ("chain", "filter")):
                for part in one.args:
                    visit(part, depth - 1)
            elif isinstance(one, Seq):
                for part in one.items:
                    visit(part, depth - 1)
            elif isinstance(one, Map):
                for part in one.items.values():
                    visit(part, depth - 1)

    for value in values:
        visit(value, 5)
    return found


def contained(value: Instance | Obj, depth: int = 3) -> list[int]:
    """Identities of the models that an object holds in its attributes."""
    found: list[int] = []
    if isinstance(value, Instance) and depth:
        for attribute in value.attributes.values():
            for one in options_of(attribute):
                parts = one.items if isinstance(one, Seq) else [one]
                for part in parts:
                    if (isinstance(part, Instance) and is_module(part.cls)) or isinstance(part, Obj):
                        found.append(id(part))
                        found += contained(part, depth - 1) if isinstance(part, Instance) else []
    return found
