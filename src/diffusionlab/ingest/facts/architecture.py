"""Networks that are built and trained, parts of others, those never built; how many classes they know."""

from __future__ import annotations

from diffusionlab.ingest.facts.diffusion import KNOWN
from diffusionlab.ingest.facts.layers import held_by
from diffusionlab.ingest.facts.models import Model, contained
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.calls import is_module
from diffusionlab.ingest.interpret.machine import FILE_STRIDE
from diffusionlab.ingest.values import Instance, Obj, Value, flow_of, number, options_of

CONTAINERS = {"Sequential", "Model", "Functional"}
ZOOS = ("torchvision.models.", "timm.", "segmentation_models_pytorch.")
NO_NETWORKS = (
    "torch.nn.",
    "torch.optim",
    "diffusers.schedulers",
    "builtins",
    "param",
    "batch",
    "op.",
    "?",
    ".",
    "list",
)


def trained(scene: Scene) -> list[Model]:
    """Models whose parameters an optimizer gets, or that are fitted."""
    keys = [key for optimizer in scene.optimizers for key in scene.models if key in optimizer.models]
    for event in scene.trace.of(".fit", ".train_on_batch", ".compile", ".fit_generator"):
        for one in [event.owner, *event.args[:1]]:
            for option in options_of(one):
                if (isinstance(option, Instance) and is_module(option.cls)) or (
                    isinstance(option, Obj)
                    and _is_fitted(option)
                    and (option is event.owner or _is_trainer(event.owner))
                ):
                    scene.models.setdefault(id(option), Model(option))
                    keys.append(id(option))
    found = [scene.models[key] for key in dict.fromkeys(keys) if key in scene.models]
    return [model for model in found if _is_network(model)]


def _is_fitted(value: Obj) -> bool:
    """Whether the owner of `.fit` is a network: Keras's, or of a class that is not shown."""
    if value.path.startswith(("keras", "tensorflow")):
        return value.name in CONTAINERS or ".applications." in value.path
    return value.name[:1].isupper() and value.name != "Trainer" and value.path.split(".")[0] not in KNOWN


def _is_trainer(value: Value | None) -> bool:
    return isinstance(value, Obj) and value.name == "Trainer"


def _holds_layers(scene: Scene, model: Model) -> bool:
    value = model.value
    return (
        not isinstance(value, Instance)
        or any(held_by(layer.inside, value) for layer in scene.trace.layers)
        or bool(contained(value))
    )


def _is_network(model: Model) -> bool:
    value = model.value
    if isinstance(value, Instance):
        return is_module(value.cls)
    if value.path.startswith(ZOOS):
        return True
    return value.name[:1].isupper() and not value.path.startswith(NO_NETWORKS)


def architecture(scene: Scene, out: Writer) -> None:
    """
    Adam(net.parameters()) with net = UNet()            -> architecture UNet; its blocks are helpers
    DDPM(eps_model=Net()) with DDPM's parameters        -> DDPM and Net, for DDPM has no layers of its own
    class Old(nn.Module), never built                   -> unused
    """
    chosen = trained(scene)
    if not chosen:
        called = [model for model in scene.models.values() if _is_network(model) and not _is_part(model)]
        called = [model for model in called if _holds_layers(scene, model)]
        chosen = [model for model in called if model.learns] or called
    optimized = {key for optimizer in scene.optimizers for key in optimizer.models}
    inner = {id(model.value) for model in chosen} & optimized
    chosen = [model for model in chosen if id(model.value) in inner or not set(contained(model.value)) & inner]
    named: set[str] = set()
    for model in chosen:
        stage = scene.role_of(model) if len(scene.stages) > 1 or _adversarial(scene) else None
        for one in [model, *_wrapped(scene, model)]:
            if isinstance(one.value, Instance) or one.name not in CONTAINERS:
                named.add(one.name)
                out.say("architecture", one.name, one.lines, stage)
    built = {instance.cls.name: instance for instance in scene.trace.instances if is_module(instance.cls)}
    for cls in scene.trace.classes:
        if not is_module(cls) or cls.name in named or cls.lines[0] >= FILE_STRIDE:
            continue
        if cls.name in built:
            out.say("helper_modules", cls.name, (*cls.lines, built[cls.name].site))
        elif not any(cls in other.order()[1:] for other in scene.trace.classes):
            out.say("unused_modules", cls.name, cls.lines)


def _adversarial(scene: Scene) -> bool:
    return bool(scene.adversaries[1])


def _is_part(model: Model) -> bool:
    inside = model.value.inside
    return inside is not None and is_module(inside.cls)


def _wrapped(scene: Scene, model: Model) -> list[Model]:
    """The one network that a wrapper without layers of its own was given."""
    value = model.value
    if not isinstance(value, Instance):
        return []
    given = [
        one for item in value.given for one in options_of(item) if isinstance(one, Instance) and is_module(one.cls)
    ]
    own = [layer for layer in scene.trace.layers if layer.inside is value]
    if len(given) == 1 and not own:
        return [scene.models.get(id(given[0]), Model(given[0]))]
    return []


def class_count(scene: Scene, out: Writer) -> None:
    """
    nn.Embedding(num_classes, dim) that gets labels       -> num_classes
    the last Linear of a classifier                       -> its width
    to_categorical(y, 10), one_hot(labels, 10)            -> 10
    UNet(num_classes=10), from a file that is not shown   -> 10
    """
    from diffusionlab.ingest.facts.labels import label_layers

    for event, layer in label_layers(scene):
        value = layer.kwargs.get("num_embeddings", layer.kwargs.get("input_dim", layer.args[0] if layer.args else None))
        value = _without_null(value)
        out.tell("num_classes", value, layer.site)
        del event
    if out.has("num_classes"):
        return
    _widths(scene, out)
    for event in scene.trace.named("to_categorical", "one_hot"):
        value = event.first("num_classes", "nb_classes", "depth") or (event.args[1] if len(event.args) > 1 else None)
        if event.name == "to_categorical" or "label" in flow_of(event.args[0] if event.args else None).tags:
            out.tell("num_classes", value, event.line)
    for event in scene.trace.events:
        value = event.first("num_classes", "n_classes", "num_class_embeds")
        if (
            value is not None
            and event.name[:1].isupper()
            and isinstance(event.result, Obj)
            and not out.has("num_classes")
        ):
            out.tell("num_classes", value, event.line)


def _without_null(value: Value | None) -> Value | None:
    """n of `n + 1`, where one more row stands for no label."""
    from diffusionlab.ingest.values import Const

    if (
        isinstance(value, Const)
        and len(value.parts) == 2
        and number(value.parts[1]) == 1
        and number(value.parts[0]) != 1
    ):
        return value.parts[0]
    return value


def _widths(scene: Scene, out: Writer) -> None:
    """The width of the last linear layer in front of a loss against labels."""
    from diffusionlab.ingest.facts.labels import classifying

    for learning in classifying(scene):
        ends = [event for event in scene.trace.of("layer") if flow_of(event.result).last == learning.output.last]
        last = ends[-1].owner if ends else None
        if isinstance(last, Obj) and last.name in ("Linear", "Dense", "LazyLinear"):
            position = 0 if last.name in ("Dense", "LazyLinear") else 1
            value = last.kwargs.get("out_features", last.kwargs.get("units", last.kwargs.get("features")))
            value = value or (last.args[position] if len(last.args) > position else None)
            out.tell("num_classes", _without_null(value), last.site)
            return
