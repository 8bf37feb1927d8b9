"""What several rules need to know: models and what they learn, optimizers, training loops."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from diffusionlab.ingest.interpret.calls import is_module
from diffusionlab.ingest.interpret.trace import Event, Loop, Loss, ModelCall, Trace
from diffusionlab.ingest.values import (
    Flow,
    Instance,
    Map,
    Method,
    Obj,
    Seq,
    Value,
    constant,
    flow_of,
    likely,
    options_of,
)

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
ADVERSARIAL = {"ones", "zeros", "ones_like", "zeros_like", "full", "full_like", "fill_"}


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


class Scene:
    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    @cached_property
    def models(self) -> dict[int, Model]:
        found = {key: Model(value) for key, value in self.trace.models.items()}
        for call in self.trace.model_calls:
            found[id(call.model)].calls.append(call)
        for optimizer in self.trace.events:
            if optimizer_name(optimizer.path):
                for key, value in _owners([*optimizer.args[:1], *optimizer.kwargs.values()]).items():
                    found.setdefault(key, Model(value))
        for loss in self.losses:
            for learning in self._learnings(loss):
                found[id(learning.call.model)].learns.append(learning)
        return found

    @cached_property
    def losses(self) -> list[Loss]:
        return [loss for loss in self.trace.losses if not loss.no_grad]

    @cached_property
    def learnings(self) -> list[Learning]:
        return [learning for model in self.models.values() for learning in model.learns]

    def _learnings(self, loss: Loss) -> list[Learning]:
        sides = [
            (flow_of(loss.left), flow_of(loss.right), loss.right),
            (flow_of(loss.right), flow_of(loss.left), loss.left),
        ]
        sides = [side for side in sides if side[0].models]
        if not sides:
            return []
        if len(sides) == 2:  # both come out of a model: the target is the one with fewer models behind it
            sides.sort(key=lambda side: -len(side[0].models))
            if len(sides[0][0].models) == len(sides[1][0].models):
                return []
        output, target, value = sides[0]
        calls = [call for call in self.trace.model_calls if id(call.model) in output.models and call.order < loss.order]
        if not calls:
            return []
        last = calls[-1]
        if id(last.model) in target.models:
            return []  # features of two images are compared, as in a perceptual loss
        given = flow_of(last.args[0]) if last.args else flow_of(next(iter(last.kwargs.values()), None))
        return [Learning(loss, last, given, output, target, value)]

    @cached_property
    def optimizers(self) -> list[Optimizer]:
        found: dict[tuple[str, int], Optimizer] = {}
        for event in self.trace.events:
            name = optimizer_name(event.path)
            if name is None:
                continue
            models = set(_owners([*event.args, *event.kwargs.values()]))
            known = found.get((name, event.line))
            if known is not None:
                known.models |= models
            else:
                found[name, event.line] = Optimizer(event, name, models)
        return list(found.values())

    @cached_property
    def updates(self) -> list[tuple[Event, Optimizer | None]]:
        """The places where weights change, and the optimizer that changes them."""
        by_value = {id(one.value): one for one in self.optimizers}
        found: list[tuple[Event, Optimizer | None]] = []
        for event in self.trace.events:
            if event.name not in UPDATES or event.no_grad:
                continue
            candidates = [event.owner, *event.args[:1]]
            options = [option for one in candidates for option in options_of(_root(one))]
            optimizer = next((by_value[id(one)] for one in options if id(one) in by_value), None)
            if event.path == ".step" and optimizer is None and not _may_be_optimizer(event.owner):
                continue
            found.append((event, optimizer))
        known = [one for one in found if one[1] is not None]
        if known:  # gradients that are taken elsewhere, as for a figure, update nothing
            return known
        return [] if self.trace.of(".fit") and all(event.name == "backward" for event, _ in found) else found

    # stages

    @cached_property
    def adversaries(self) -> tuple[list[Model], list[Model]]:
        """Generators and discriminators: a model is trained to tell the outputs of another from what is real.

        Its outputs are compared with ones and zeros, or it is a critic: the means of its outputs are the loss.
        """
        optimized = {key for one in self.optimizers for key in one.models}
        compiled = {id(event.owner) for event in self.trace.of(".compile", ".train_on_batch")}
        frozen = {id(event.owner) for event in self.trace.of(".trainable=") if constant(event.args[0]) is False}
        judges = frozen & compiled
        if len(self.optimizers) < 2 and not judges:
            return [], []
        judges |= {id(one.call.model) for one in self.learnings if _is_filled(one.target_value)}
        judges |= {key for key in optimized if self._is_critic(key)}
        judges |= self._echoes(of_data=True) & self._echoes(of_data=False)
        made = {key: self._makers(key) for key in list(self.models) if key in judges}
        discriminators = {key: self.models[key] for key, makers in made.items() if makers}
        generators = {key: self.models[key] for makers in made.values() for key in makers if key in self.models}
        for key in discriminators:
            generators.pop(key, None)
        return list(generators.values()), list(discriminators.values())

    def _makers(self, judge: int) -> list[int]:
        """The models whose outputs a model gets."""
        calls = self.models[judge].calls if judge in self.models else []
        for event in self.trace.named("Sequential"):  # Sequential([generator, discriminator])
            row = event.result.args if isinstance(event.result, Obj) else []
            places = [i for i, one in enumerate(row) if id(one) == judge]
            before = [one for one in row[: places[0]] if isinstance(one, Obj | Instance)] if places else []
            if before:
                for one in before:
                    self.models.setdefault(id(one), Model(one))
                return [id(one) for one in before]
        given = [flow_of(value).models for call in calls for value in call.inputs]
        return [key for key in self.models if key != judge and any(key in models for models in given)]

    def _echoes(self, of_data: bool) -> set[int]:
        """Models that give back the images of the data set, or those of another model (BEGAN compares the two)."""
        return {
            id(one.call.model)
            for one in self.learnings
            if one.target.layers & one.given.layers
            and (
                one.target.tags & {"data", "batch"} and not one.target.models
                if of_data
                else one.target.models and one.target.models == one.given.models
            )
        }

    def _is_critic(self, key: int) -> bool:
        """Whether the means of a model's own outputs are the loss, of real images and of others."""
        if any(id(one.call.model) == key and "label" not in one.target.tags for one in self.learnings):
            return False
        means = [event for event in self.trace.named("mean", "reduce_mean", "relu", "softplus") if not event.no_grad]
        outputs = [
            self._outermost(flow_of(one), event.order)
            for event in means
            for one in [event.owner, *event.args]
            if one is not None
        ]
        return key in outputs and any(
            not flow_of(value).models for call in self.models[key].calls for value in call.args[:1]
        )

    def _outermost(self, flow: Flow, order: int) -> int | None:
        """The model that was called last of those whose outputs flow into a tensor."""
        keys = set(flow.models)
        calls = [id(call.model) for call in self.trace.model_calls if id(call.model) in keys and call.order < order]
        return calls[-1] if calls else None

    def role_of(self, model: Model) -> str | None:
        """The stage that a model's training is: generator, discriminator, diffusion, vae, autoencoder, classifier."""
        generators, discriminators = self.adversaries
        if model in discriminators:
            return "discriminator"
        if model in generators and not any(self.reconstructs(one) for one in model.learns):
            return "generator"
        inside = [model, *(self.models[key] for key in contained(model.value) if key in self.models)]
        for one in inside:
            for learning in one.learns:
                if learning.is_noisy:
                    return "diffusion"
        for one in inside:
            for learning in one.learns:
                if learning.target.tags & {"data", "batch"} and not learning.target.tags & {"label"}:
                    if model in generators:
                        return None  # a VAE or an autoencoder that is trained against a discriminator
                    return "vae" if self.trace.of("kl") else "autoencoder"
                if "label" in learning.target.tags:
                    return "classifier"
        return None

    def reconstructs(self, learning: Learning) -> bool:
        """Whether a model is to give back the images that it was given, and nothing else: a translator of images that
        also leaves its own domain alone (CycleGAN) is no autoencoder."""
        images = {"data", "batch"}
        if not learning.target.tags & images or learning.target.tags & {"label", "noise"}:
            return False
        if learning.loss.name in ("cross_entropy", "nll_loss"):
            return False  # each pixel from those before it
        if learning.is_noisy or not learning.given.tags & images:
            return False
        if learning.target.models or not learning.target.layers & learning.given.layers:
            return False
        generators = {id(model.value) for model in self.adversaries[0]}
        key = id(learning.call.model)
        given = {one for call in self.models[key].calls for value in call.args[:1] for one in flow_of(value).models}
        return key not in generators or not given & generators

    @cached_property
    def stages(self) -> dict[int, str]:
        """The stage of each optimizer, by identity of its value; empty where there is one stage only."""
        found: dict[int, str] = {}
        for optimizer in self.optimizers:
            roles = {self.role_of(self.models[key]) for key in optimizer.models if key in self.models}
            roles.discard(None)
            if len(roles) == 1:
                found[id(optimizer.value)] = str(roles.pop())
        several = len(set(found.values())) > 1
        return found if several and len(self.optimizers) > 1 else {}

    def stage_of(self, optimizer: Optimizer | None) -> str | None:
        return self.stages.get(id(optimizer.value)) if optimizer is not None else None

    def stage_of_loss(self, loss: Loss) -> str | None:
        """The stage of the optimizer that trains the model whose output a loss compares."""
        keys = {id(one.call.model) for one in self.learnings if one.loss is loss}
        for optimizer in self.optimizers:
            own = {key for model in optimizer.models for key in (model, *contained_ids(self, model))}
            if keys & own and self.stages:
                return self.stage_of(optimizer)
        return None

    # data

    @cached_property
    def training_loops(self) -> list[tuple[tuple[Loop, ...], Event, Optimizer | None]]:
        return [(event.loops, event, optimizer) for event, optimizer in self.updates]

    @cached_property
    def first_update(self) -> int:
        """When the training begins, in the order of events."""
        starts = [event.order for event, _ in self.updates] + [event.order for event in self.trace.of(".fit")]
        return min(starts, default=1 << 60)

    @cached_property
    def last_update(self) -> int:
        return max((event.order for event, _ in self.updates), default=1 << 60)


UPDATES = {"step", "backward", "apply_gradients", "minimize", "train_on_batch", "apply_updates", "apply_gradient"}


def _root(value: Value | None) -> Value | None:
    while isinstance(value, Method):
        value = value.owner
    return value


def _may_be_optimizer(value: Value | None) -> bool:
    value = _root(value)
    return not isinstance(value, Obj) or not value.path.startswith(("torch.optim.lr_scheduler", "gym"))


def _is_filled(value: Value) -> bool:
    """Whether a tensor is made of one number, as the labels "real" and "fake" are."""
    for one in options_of(value):
        depth = 0
        while isinstance(one, Obj | Method) and depth < 6:
            if isinstance(one, Obj) and one.name in ADVERSARIAL:
                return True
            given = one.args[0] if isinstance(one, Obj) and one.args and not one.path.startswith(".") else None
            inside = given if isinstance(given, Obj) else one.owner
            one, depth = inside or Value(), depth + 1
    return False


def _owners(values: list[Value]) -> dict[int, Instance | Obj]:
    """The models whose parameters stand in the values."""
    found: dict[int, Instance | Obj] = {}

    def visit(value: Value | None, depth: int) -> None:
        if value is None or depth == 0:
            return
        for one in likely(value):
            if isinstance(one, Obj) and "param" in one.flow.tags and one.owner is not None:
                owner = _root(one.owner)
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


def contained_ids(scene: Scene, key: int) -> list[int]:
    model = scene.models.get(key)
    return contained(model.value) if model is not None else []
