"""Who is trained against whom: generators and discriminators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffusionlab.ingest.facts.models import Model
from diffusionlab.ingest.values import Flow, Instance, Method, Obj, Value, constant, flow_of, options_of

if TYPE_CHECKING:
    from diffusionlab.ingest.facts.scene import Scene

ADVERSARIAL = {"ones", "zeros", "ones_like", "zeros_like", "full", "full_like", "fill_"}


def adversaries(scene: Scene) -> tuple[list[Model], list[Model]]:
    """Generators and discriminators: a model is trained to tell the outputs of another from what is real.

    Its outputs are compared with ones and zeros, or it is a critic: the means of its outputs are the loss.
    """
    optimized = {key for one in scene.optimizers for key in one.models}
    compiled = {id(event.owner) for event in scene.trace.of(".compile", ".train_on_batch")}
    frozen = {id(event.owner) for event in scene.trace.of(".trainable=") if constant(event.args[0]) is False}
    judges = frozen & compiled
    if len(scene.optimizers) < 2 and not judges:
        return [], []
    judges |= {id(one.call.model) for one in scene.learnings if _is_filled(one.target_value)}
    judges |= {key for key in optimized if _is_critic(scene, key)}
    judges |= _echoes(scene, of_data=True) & _echoes(scene, of_data=False)
    made = {key: _makers(scene, key) for key in list(scene.models) if key in judges}
    discriminators = {key: scene.models[key] for key, makers in made.items() if makers}
    generators = {key: scene.models[key] for makers in made.values() for key in makers if key in scene.models}
    for key in discriminators:
        generators.pop(key, None)
    return list(generators.values()), list(discriminators.values())


def _makers(scene: Scene, judge: int) -> list[int]:
    """The models whose outputs a model gets."""
    calls = scene.models[judge].calls if judge in scene.models else []
    for event in scene.trace.named("Sequential"):  # Sequential([generator, discriminator])
        row = event.result.args if isinstance(event.result, Obj) else []
        places = [i for i, one in enumerate(row) if id(one) == judge]
        before = [one for one in row[: places[0]] if isinstance(one, Obj | Instance)] if places else []
        if before:
            for one in before:
                scene.models.setdefault(id(one), Model(one))
            return [id(one) for one in before]
    given = [flow_of(value).models for call in calls for value in call.inputs]
    return [key for key in scene.models if key != judge and any(key in models for models in given)]


def _echoes(scene: Scene, of_data: bool) -> set[int]:
    """Models that give back the images of the data set, or those of another model (BEGAN compares the two)."""
    return {
        id(one.call.model)
        for one in scene.learnings
        if one.target.layers & one.given.layers
        and (
            one.target.tags & {"data", "batch"} and not one.target.models
            if of_data
            else one.target.models and one.target.models == one.given.models
        )
    }


def _is_critic(scene: Scene, key: int) -> bool:
    """Whether the means of a model's own outputs are the loss, of real images and of others."""
    if any(id(one.call.model) == key and "label" not in one.target.tags for one in scene.learnings):
        return False
    means = [event for event in scene.trace.named("mean", "reduce_mean", "relu", "softplus") if not event.no_grad]
    outputs = [
        _outermost(scene, flow_of(one), event.order)
        for event in means
        for one in [event.owner, *event.args]
        if one is not None
    ]
    return key in outputs and any(
        not flow_of(value).models for call in scene.models[key].calls for value in call.args[:1]
    )


def _outermost(scene: Scene, flow: Flow, order: int) -> int | None:
    """The model that was called last of those whose outputs flow into a tensor."""
    keys = set(flow.models)
    calls = [id(call.model) for call in scene.trace.model_calls if id(call.model) in keys and call.order < order]
    return calls[-1] if calls else None


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
