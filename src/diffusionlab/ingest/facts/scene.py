"""What several rules need to know: models and what they learn, optimizers, training loops."""

from __future__ import annotations

from functools import cached_property

from diffusionlab.ingest.facts.adversaries import adversaries
from diffusionlab.ingest.facts.models import Learning, Model, Optimizer, contained, optimizer_name, owners_of, root
from diffusionlab.ingest.interpret.trace import Event, Loop, Loss, Trace
from diffusionlab.ingest.values import (
    Obj,
    Value,
    flow_of,
    options_of,
)


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
                for key, value in owners_of([*optimizer.args[:1], *optimizer.kwargs.values()]).items():
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
            models = set(owners_of([*event.args, *event.kwargs.values()]))
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
            options = [option for one in candidates for option in options_of(root(one))]
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
        """Generators and discriminators."""
        return adversaries(self)

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


def _may_be_optimizer(value: Value | None) -> bool:
    value = root(value)
    return not isinstance(value, Obj) or not value.path.startswith(("torch.optim.lr_scheduler", "gym"))


def contained_ids(scene: Scene, key: int) -> list[int]:
    model = scene.models.get(key)
    return contained(model.value) if model is not None else []
