"""What a network is given beside images: class labels and the time; which networks learn to tell classes apart."""

from __future__ import annotations

from diffusionlab.ingest.facts.averages import guided
from diffusionlab.ingest.facts.diffusion import IMAGES, noisy_learnings
from diffusionlab.ingest.facts.layers import LINEAR, RECURRENT, held_by, sites_of, where
from diffusionlab.ingest.facts.models import Learning, Model
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import Instance, Obj, Seq, Value, flow_of

EMBEDDINGS = ("Embedding", "Embed")
TEXTUAL = (*EMBEDDINGS, "TextVectorization")


def label_layers(scene: Scene) -> list[tuple[Event, Obj]]:
    """Embeddings that get class labels, in networks that do not learn to predict these labels."""
    predicting = {id(one.call.model) for one in classifying(scene)} | {
        id(one.call.model) for one in _label_targets(scene)
    }
    generative = bool(noisy_learnings(scene))
    found: list[tuple[Event, Obj]] = []
    for event in scene.trace.of("layer"):
        layer = event.owner
        if not isinstance(layer, Obj) or layer.name not in ("Embedding", "Embed"):
            continue
        tags = flow_of(event.args[0] if event.args else None).tags
        drawn = (
            any(isinstance(tag, tuple) and tag[0] == "randint" for tag in tags)
            and not generative
            and "data" not in tags
        )
        if not ("label" in tags or drawn) or any(id(one) in predicting for one in event.forward):
            continue
        if "label" in tags and any(_is_sequence(scene, one) for one in event.forward):
            continue
        if drawn and not scene.adversaries[1]:
            continue
        found.append((event, layer))
    return found


def _is_sequence(scene: Scene, instance: Instance) -> bool:
    return any(layer.name in RECURRENT and held_by(layer.inside, instance) for layer in scene.trace.layers)


def _label_targets(scene: Scene) -> list[Learning]:
    return [one for one in scene.learnings if "label" in one.target.tags and not one.target.tags & IMAGES]


def classifying(scene: Scene) -> list[Learning]:
    """Losses of outputs against labels, of networks that get images and no labels."""
    found = []
    for one in _label_targets(scene):
        given = flow_of(Seq(one.call.inputs)).tags
        if (
            one.loss.name
            in (
                "cross_entropy",
                "nll_loss",
                "binary_cross_entropy",
                "binary_cross_entropy_with_logits",
                "NLLLoss",
            )
            and given & IMAGES
            and "label" not in given
            and not reads_text(scene, one)
            and _ends_wide(scene, one)
        ):
            found.append(one)
    return found


def _ends_wide(scene: Scene, learning: Learning) -> bool:
    """Whether an output comes out of a linear layer or a pooling, not out of a convolution: one answer an image."""
    last = [event for event in scene.trace.of("layer") if flow_of(event.result).last == learning.output.last]
    conv = bool(last) and isinstance(last[-1].owner, Obj) and last[-1].owner.name.startswith("Conv")
    pooled = [
        event for event in scene.trace.named("mean", "squeeze") if flow_of(event.result).last == learning.output.last
    ]
    return not conv or bool(pooled)


def reads_text(scene: Scene, learning: Learning) -> bool:
    """Whether the input goes into an embedding: tokens, not images."""
    keras = isinstance(learning.call.model, Obj) and "keras" in learning.call.model.path
    if keras and any(layer.name in TEXTUAL for layer in scene.trace.layers):
        return True  # a functional model of Keras: its layers are called where it is defined
    for event in scene.trace.of("layer"):
        layer = event.owner
        if not isinstance(layer, Obj) or layer.name not in EMBEDDINGS or not event.args:
            continue
        if flow_of(event.args[0]).tags & IMAGES and any(one is learning.call.model for one in event.forward):
            return True
    return False


def conditioning(scene: Scene, out: Writer) -> None:
    for event, layer in label_layers(scene):
        lines = (event.line, *where(layer))
        out.facet("class_embedding", *lines)
        out.facet("conditional", *lines)
    predicted = {id(one.call.model) for one in _label_targets(scene)}
    for model in scene.models.values():
        if id(model.value) in predicted:
            continue
        _labels_given(scene, model, out)
    for event in guided(scene):
        calls = [
            call.line
            for call in scene.trace.model_calls
            if id(call.model) in flow_of(event.result).models and call.order < event.order
        ]
        out.facet("cfg", event.line, *calls[-2:])
    if noisy_learnings(scene):
        _time(scene, out)


def _time(scene: Scene, out: Writer) -> None:
    """
    cat(sin(t * f), cos(t * f)) of the time, in a network       -> time_embedding
    nn.Embedding(steps, dim) that gets the time                 -> time_embedding
    three Linear layers or more that get nothing but the time   -> time_embedding
    """
    for event in scene.trace.named("sin", "cos"):
        if "time" in flow_of(event.result).tags and event.forward:
            lines = [one for instance in event.forward for one in (*instance.cls.lines, *sites_of(instance))]
            out.facet("time_embedding", event.line, *lines)
    learned: dict[int, list[tuple[Event, Obj]]] = {}
    for event in scene.trace.of("layer"):
        flow, layer = flow_of(event.args[0] if event.args else None), event.owner
        if not event.forward or "time" not in flow.tags or flow.tags & {"data", "batch", "noise", "label"}:
            continue
        if isinstance(layer, Obj) and layer.name in EMBEDDINGS:
            out.facet("time_embedding", event.line, *where(layer))
        elif isinstance(layer, Obj) and layer.name in LINEAR:
            learned.setdefault(id(event.forward[0]), []).append((event, layer))
    for pairs in learned.values():
        if len({id(layer) for _, layer in pairs}) >= 3:
            out.facet("time_embedding", *(line for event, layer in pairs for line in (event.line, *where(layer))))


def _labels_given(scene: Scene, model: Model, out: Writer) -> None:
    """A model that gets labels beside its images, and whose code is not shown or uses them."""
    from diffusionlab.ingest.interpret.calls import is_module

    for call in model.calls:
        for position, value in enumerate(call.inputs):
            tags = flow_of(value).tags
            if position == 0 or "label" not in tags or tags & IMAGES:
                continue
            shown = isinstance(model.value, Instance) and is_module(model.value.cls)
            if shown and not _uses_labels(scene, model.value):
                continue
            if not any({"noise"} & flow_of(one.args[0] if one.args else None).tags for one in model.calls):
                continue
            lines = (call.line, *model.lines[-1:], *value.lines)
            labels = [event.line for event in scene.trace.of(".to") if "label" in flow_of(event.owner).tags]
            out.facet("conditional", *lines, *labels[:2])


def _uses_labels(scene: Scene, value: Value) -> bool:
    for event in scene.trace.events:
        if any(one is value for one in event.forward) and event.path in ("layer", "cat", "op.add", "op.mul"):
            flows = [flow_of(one) for one in event.args]
            if any("label" in flow.tags for flow in flows):
                return True
    return False
