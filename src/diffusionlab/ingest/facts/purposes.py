"""What the networks are for: diffusion, latent diffusion, autoencoder, VAE, GAN, classifier."""

from __future__ import annotations

import ast

from diffusionlab.ingest.facts.diffusion import IMAGES, noisy_learnings
from diffusionlab.ingest.facts.labels import classifying, reads_text
from diffusionlab.ingest.facts.layers import RECURRENT, around
from diffusionlab.ingest.facts.models import Learning
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import Class, Const, Instance, Obj, Value, constant, flow_of, number, options_of


def purposes(scene: Scene, out: Writer) -> None:
    """What the networks are for: diffusion, latent, autoencoder, vae, gan, classifier."""
    noisy = noisy_learnings(scene)
    for learning in noisy:
        out.facet("diffusion", *_diffusion_lines(scene, learning))
        given = set(learning.given.models) - {id(learning.call.model)}
        encoders = [key for key in scene.models if key in given]
        for key in encoders:
            encoder = scene.models[key]
            if any(id(one) == id(encoder.value) for one in (learning.call.model,)):
                continue
            lines = [line for call in encoder.calls if call.order < learning.loss.order for line in call.lines]
            out.facet("latent", *lines, *learning.call.lines, *learning.loss.lines, *_mixes(scene))
    for learning in scene.learnings:
        if scene.reconstructs(learning) and not reads_text(scene, learning):
            out.facet("autoencoder", *learning.loss.lines, *_encoder_lines(scene, learning))
    _variational(scene, out)
    generators, discriminators = scene.adversaries
    if generators and discriminators:
        out.facet(
            "gan",
            *(
                line
                for model in (*generators, *discriminators)
                for line in (*model.lines, *(c.line for c in model.calls))
            ),
        )
    for learning in classifying(scene):
        out.facet("classifier", *learning.loss.lines, learning.call.line, *_last_lines(scene, learning))
    _keras_classifier(scene, out)
    _reinforcement(scene, out)
    _quantized(scene, out)


def _reinforcement(scene: Scene, out: Writer) -> None:
    """
    env = gym.make(...), env.step(action)                        -> rl
    target = reward + gamma * q_next.max()                       -> rl
    """
    games = [event for event in scene.trace.named("make") if event.path.split(".")[0] in ("gym", "gymnasium")]
    for event in games:
        out.facet("rl", event.line, *(step.line for step in scene.trace.of(".step") if step.args))
    for event in scene.trace.of("op.add"):
        for reward, rest in (event.args, event.args[::-1]):
            factors = rest.args if isinstance(rest, Obj) and rest.path == "op.mul" else []
            discount = [one for one in factors if 0.8 <= (number(one) or 0) < 1]
            values = [one for one in factors if flow_of(one).models]
            if discount and values and not flow_of(reward).models and scene.trace.of("random.sample"):
                out.facet("rl", event.line, *discount[0].lines, *(one.line for one in scene.trace.of("random.sample")))


def _quantized(scene: Scene, out: Writer) -> None:
    """The nearest entry of a codebook in the forward pass, and gradients that pass by: x + (q - x).detach()."""
    nearest = [event for event in scene.trace.named("argmin") if event.forward and flow_of(event.result).layers]
    for event in scene.trace.of("op.add"):
        x, rest = event.args
        straight = isinstance(rest, Obj) and rest.path == "op.sub" and len(rest.args) == 2 and rest.args[1] is x
        if straight and nearest and event.forward:
            out.facet("vq", event.line, *(one.line for one in nearest), *around(event))


def _keras_classifier(scene: Scene, out: Writer) -> None:
    """compile(loss="categorical_crossentropy") of a network without recurrence."""
    textual = RECURRENT | {"Embedding", "TextVectorization"}
    if any(layer.name in textual for layer in scene.trace.layers) or scene.adversaries[1]:
        return
    for event in scene.trace.of(".compile"):
        given = event.arg("loss", 1)
        word = str(constant(given) or getattr(given, "path", ""))
        if "categorical_crossentropy" in word.lower() or "CategoricalCrossentropy" in word:
            dense = [layer for layer in scene.trace.layers if layer.name == "Dense" and layer.site <= event.line]
            before = [layer for layer in scene.trace.layers if layer.site <= event.line]
            if not before or before[-1].name not in ("Dense", "Activation", "Softmax", "Dropout"):
                continue
            last = [before[-1].site]
            out.facet("classifier", event.line, *(layer.site for layer in dense[-1:]), *last)


def _encoder_lines(scene: Scene, learning: Learning) -> list[int]:
    """Lines in the class of a model where its encoder and decoder are defined."""
    value = learning.call.model
    if not isinstance(value, Instance):
        return list(value.lines)
    return [*value.cls.lines, *(line for cls in value.cls.order() for line in _coder_lines(cls))]


def _coder_lines(cls: Class) -> list[int]:
    lines: list[int] = []
    for node in ast.walk(cls.node):
        name, line = "", 0
        if isinstance(node, ast.FunctionDef):
            name, line = node.name, node.lineno
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            name, line = node.targets[0].attr, node.lineno
        if any(word in name.lower() for word in ("encod", "decod")):
            lines.append(line + cls.lines[0] - cls.node.lineno)
    return lines


def _variational(scene: Scene, out: Writer) -> None:
    """A mean and a deviation, noise scaled by it, and the divergence from the standard normal in the loss."""
    divergences = scene.trace.of("kl") + [
        event for event in scene.trace.named("kl_divergence") if not event.path.startswith("?")
    ]
    samples = scene.trace.of("reparameterization")
    if not divergences:
        return
    lines = [line for event in divergences for line in (event.line, *_function_line(scene, event))]
    for event in samples:
        lines += [event.line, *_function_line(scene, event)]
        for part in event.args:
            lines += _origins(part)
    out.facet("vae", *lines)
    if samples:
        coders = [line for event in samples for instance in event.forward[:1] for line in _coder_lines(instance.cls)]
        out.facet("autoencoder", *coders, *(event.line for event in samples))


def _function_line(scene: Scene, event: Event) -> list[int]:
    name = event.frames[-1] if event.frames else ""
    before = [one.lines[0] for one in scene.trace.functions if one.name == name and one.lines[0] <= event.line]
    return before[-1:]


def _origins(value: Value, depth: int = 4) -> list[int]:
    lines: list[int] = []
    for one in options_of(value):
        if isinstance(one, Obj) and depth:
            lines += [one.site]
            if one.owner is not None and isinstance(one.owner, Obj):
                lines.append(one.owner.site)
            for part in one.args:
                lines += _origins(part, depth - 1)
    return [line for line in lines if line]


def _diffusion_lines(scene: Scene, learning: Learning) -> list[int]:
    lines = [*learning.call.lines, *learning.loss.lines, *_mixes(scene)]
    for event in scene.trace.events:
        if (
            event.name in ("cumprod", "cumsum", "linspace", "add_noise", "randint")
            or event.name.endswith("Scheduler")
            or (event.path == "new" and any(one is event.result for one in learning.loss.forward))
        ):
            lines.append(event.line)
        for part in event.args:
            if isinstance(part, Const) and event.name == "randint":
                lines += part.lines
    lines += [line for loop in learning.loss.loops for line in (loop.line,)]
    for call in scene.trace.model_calls:  # sampling: the network is called in a loop, one step after another
        if call.model is learning.call.model and call.loops and call.no_grad:
            lines += [loop.line for loop in call.loops]
            lines.append(call.line)
    return lines


def _mixes(scene: Scene) -> list[int]:
    """Where noise is added to images."""
    found = []
    for event in scene.trace.of("op.add", ".add_noise"):
        flow = flow_of(event.result)
        if not event.no_grad and "noise" in flow.tags and flow.tags & IMAGES and not event.forward[:1]:
            found.append(event.line)
    return found[:6]


def _last_lines(scene: Scene, learning: Learning) -> list[int]:
    found: list[int] = []
    for event in scene.trace.events:
        if (
            event.order < learning.call.order
            and event.forward
            and event.path == "layer"
            and isinstance(event.owner, Obj)
        ):
            found = [event.owner.site, event.line]
        if event.name in ("log_softmax", "softmax") and event.forward:
            found.append(event.line)
    return [*found[-3:], *learning.call.model.lines]
