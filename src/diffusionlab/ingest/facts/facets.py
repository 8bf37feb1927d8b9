"""Facets: properties of the networks that are really built, each shown by code and never by a name."""

from __future__ import annotations

import ast

from diffusionlab.ingest.facts.diffusion import IMAGES, guided, noisy_learnings
from diffusionlab.ingest.facts.scene import Learning, Model, Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import Choice, Const, Instance, Obj, Seq, Value, constant, flow_of, number, options_of

NORMS = {
    "batch_norm": ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "BatchNormalization", "BatchNorm", "SyncBatchNorm"),
    "group_norm": ("GroupNorm", "GroupNormalization"),
    "layer_norm": ("LayerNorm", "LayerNormalization", "RMSNorm"),
    "instance_norm": ("InstanceNorm2d", "InstanceNorm1d", "InstanceNormalization"),
}
CONVOLUTIONS = ("Conv", "SeparableConv", "DepthwiseConv", "Convolution", "Deconvolution")
RECURRENT = {"LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell", "SimpleRNN", "ConvLSTM2D", "Bidirectional", "OptimizedLSTMCell"}
TRANSFORMERS = {"Transformer", "TransformerEncoder", "TransformerEncoderLayer", "TransformerDecoder", "TransformerDecoderLayer"}
LINEAR = {"Linear", "Dense", "LazyLinear", "LinearGeneral", "DenseGeneral"}


def facets(scene: Scene, out: Writer) -> None:
    _layers(scene, out)
    _attention(scene, out)
    _sums(scene, out)
    _joins(scene, out)
    _library_models(scene, out)
    _conditioning(scene, out)
    _purposes(scene, out)


def _layers(scene: Scene, out: Writer) -> None:
    """Layers that a built network holds: norms, convolutions that are not patches, recurrence, a network of Linear only."""
    patches = _patches(scene)
    linear: list[int] = []
    other = False
    for layer in scene.trace.layers:
        name, lines = layer.name, _where(layer)
        for facet, kinds in NORMS.items():
            if name in kinds:
                out.facet(facet, *lines)
        if name in RECURRENT:
            out.facet("rnn", *lines)
            other = True
        if name.startswith(CONVOLUTIONS) and id(layer) not in patches:
            other = True
            if _kernel(layer) != 1:
                out.facet("cnn", *lines)
        if name in TRANSFORMERS:
            out.facet("transformer", *lines)
            out.facet("attention", *lines)
            other = True
        if name in ("MultiheadAttention", "MultiHeadAttention", "MultiHeadDotProductAttention", "SelfAttention", "Attention"):
            out.facet("attention", *lines)
            other = True
        if name in LINEAR:
            linear += [layer.site]
    for layer in scene.trace.layers:
        if id(layer) in patches:
            out.facet("patch_embedding", *_where(layer))
            other = True
    embedded = any(layer.name == "Embedding" for layer in scene.trace.layers)
    if len(linear) >= 2 and not other and not (embedded and not label_layers(scene)):
        if not any(event.path in ("attention", "linear attention") for event in scene.trace.events):
            out.facet("mlp", *linear)


def _where(layer: Obj) -> tuple[int, ...]:
    """The line of a layer, and the lines where the class around it is defined and built."""
    lines = [layer.site]
    inside = layer.inside
    while inside is not None:
        lines += [inside.site]
        inside = inside.inside
    return tuple(lines)


def _kernel(layer: Obj) -> object:
    value = layer.kwargs.get("kernel_size")
    if value is None:
        torch = layer.path.startswith(("torch", "mxnet", "paddle"))
        position = 2 if torch else 1
        value = layer.args[position] if position < len(layer.args) else None
    if isinstance(value, Seq) and value.items:
        value = value.items[0]
    return constant(value)


def _patches(scene: Scene) -> set[int]:
    """Convolutions that cut an image into tokens: as far apart as they are wide, and flattened behind."""
    found: set[int] = set()
    for layer in scene.trace.layers:
        if not layer.name.startswith("Conv") or "Transpose" in layer.name:
            continue
        kernel = layer.kwargs.get("kernel_size", layer.args[2] if len(layer.args) > 2 else None)
        stride = layer.kwargs.get("stride", layer.kwargs.get("strides", layer.args[3] if len(layer.args) > 3 else None))
        kernel, stride = (one.items[0] if isinstance(one, Seq) and one.items else one for one in (kernel, stride))
        same = kernel is not None and (kernel is stride or (number(kernel) is not None and number(kernel) == number(stride)))
        if same and number(kernel) != 1 and _flattened(scene, layer):
            found.add(id(layer))
    return found


def _flattened(scene: Scene, layer: Obj) -> bool:
    outputs = {id(event.result) for event in scene.trace.of("layer") if event.owner is layer}
    for event in scene.trace.events:
        if event.name not in ("flatten", "reshape", "rearrange", "view", "Rearrange", "transpose", "permute"):
            continue
        source: Value | None = event.owner if event.path.startswith(".") else (event.args[0] if event.args else None)
        for _ in range(3):
            if source is None or id(source) in outputs:
                break
            source = source.owner if isinstance(source, Obj) else None
        if source is None or id(source) not in outputs:
            continue
        if event.name == "flatten" and number(event.args[0] if event.args and event.path.startswith(".") else None) == 2:
            return True
        if event.name in ("rearrange",) and any(")" in str(constant(one)) for one in event.args):
            return True
        if event.name in ("reshape", "view") and len(event.args) == 3:
            return True
    return False


def _attention(scene: Scene, out: Writer) -> None:
    blocks: dict[int, list[int]] = {}
    for event in scene.trace.of("attention", "linear attention"):
        lines = [event.line, *_around(event)]
        out.facet("attention", *lines)
        if event.path == "linear attention":
            out.facet("linear_attention", *lines)
        for instance in event.forward:
            blocks.setdefault(id(instance), []).append(event.line)
    for layer in scene.trace.layers:
        if layer.name in ("MultiheadAttention", "MultiHeadAttention", "MultiHeadDotProductAttention") and layer.inside is not None:
            blocks.setdefault(id(layer.inside), []).append(layer.site)
    for instance in scene.trace.instances:
        if id(instance) in blocks and _is_transformer_block(scene, instance):
            out.facet("transformer", *instance.cls.lines, *_sites(instance), *blocks[id(instance)])


def _around(event: Event) -> list[int]:
    """Where the class that is running is defined and built."""
    lines: list[int] = []
    for instance in reversed(event.forward):
        lines += [*instance.cls.lines, instance.site]
    return lines


def _sites(instance: Instance) -> list[int]:
    lines: list[int] = []
    one: Instance | None = instance
    while one is not None:
        lines.append(one.site)
        one = one.inside
    return lines


def _is_transformer_block(scene: Scene, instance: Instance) -> bool:
    """Attention and a feed-forward network behind each other, each with a sum around it, in one class."""
    own = [layer for layer in scene.trace.layers if layer.inside is instance or _held_by(layer.inside, instance)]
    convolutions = [layer for layer in own if layer.name.startswith("Conv") and _kernel(layer) != 1]
    linears = [layer for layer in own if layer.name in LINEAR]
    sums = [event for event in scene.trace.of("op.add") if event.forward and event.forward[-1] is instance and _is_residual(event)]
    return len(linears) >= 2 and len({event.line for event in sums}) >= 2 and not convolutions


def _held_by(inside: Instance | None, instance: Instance) -> bool:
    while inside is not None:
        if inside is instance:
            return True
        inside = inside.inside
    return False


def _sums(scene: Scene, out: Writer) -> None:
    samples = {event.line for event in scene.trace.of("reparameterization")}
    for event in scene.trace.of("op.add"):
        if event.forward and event.line not in samples and _is_residual(event):
            out.facet("residual", event.line, *_around(event)[:4])


def _is_residual(event: Event) -> bool:
    """`x + f(x)`: two feature maps of one resolution of which one derives from the other, or both from a third."""
    if len(event.args) != 2:
        return False
    left, right = (flow_of(one) for one in event.args)
    if not left.layers or not right.layers or left.last is None or right.last is None or left.last == right.last:
        return False
    if _is_long(left, right):
        return False
    if left.last in right.layers or right.last in left.layers:
        return True
    common = left.layers & right.layers
    return bool(common) and bool(left.layers - common) and bool(right.layers - common) and _one_layer(left, right, common)


def _one_layer(left: object, right: object, common: frozenset[int]) -> bool:
    """A shortcut with a projection: one side is a single layer away from what both come from."""
    sizes = [len(side.layers - common) for side in (left, right)]  # type: ignore[attr-defined]
    return min(sizes) <= 2 and max(sizes) >= 2


def _is_long(left: object, right: object) -> bool:
    """Whether one side went down in resolution and came up again, and the other did not."""
    a, b = left, right
    for up, skip in ((a, b), (b, a)):
        if up.lowest > up.level and up.lowest > skip.lowest and skip.last in up.layers:  # type: ignore[attr-defined]
            return True
    return False


def _joins(scene: Scene, out: Writer) -> None:
    """Skip connections from an encoder to a decoder: what went down and came up meets what it came from.

    Where the resolution is not followed (patches, reshapes), joins that meet earlier and earlier features show the U.
    """
    nested: dict[int, list[tuple[int, int]]] = {}
    for event in scene.trace.of("cat", "op.add"):
        if len(event.args) != 2 or not (event.forward or event.path == "cat"):
            continue
        flows = [flow_of(one) for one in event.args]
        if not all(flow.layers for flow in flows):
            continue
        for up, skip in (flows, flows[::-1]):
            if skip.last is None or skip.last not in up.layers or up.last == skip.last:
                continue
            if up.lowest > up.level and up.lowest > skip.lowest and len(up.layers - skip.layers) >= 3:
                lines = (event.line, *_pushed(scene, event), *_around(event))
                out.facet("skip_connections", *lines)
                out.facet("unet", *lines)
            elif event.path == "cat" and event.forward and len(up.layers - skip.layers) >= 4:
                nested.setdefault(id(event.forward[0]), []).append((skip.last, event.line))
    for joins in nested.values():
        runs: list[list[tuple[int, int]]] = []
        for join in joins:  # each call of the network joins earlier and earlier features
            if runs and join[0] < runs[-1][-1][0]:
                runs[-1].append(join)
            else:
                runs.append([join])
        if any(len(run) < 2 for run in runs):
            continue
        for line in dict.fromkeys(line for run in runs for _, line in run):
            events = [event for event in scene.trace.of("cat") if event.line == line][:1]
            lines = (line, *(one for event in events for one in _around(event)))
            out.facet("skip_connections", *lines)
            out.facet("unet", *lines)


def _pushed(scene: Scene, event: Event) -> tuple[int, ...]:
    return ()


def _library_models(scene: Scene, out: Writer) -> None:
    """Networks of libraries whose structure is known from their class and arguments."""
    for event in scene.trace.events:
        if not isinstance(event.result, Obj):
            continue
        name, line = event.name, event.line
        if event.path.startswith("diffusers") and name.startswith("UNet2D"):
            out.facet("unet", line)
            for key in ("down_block_types", "up_block_types"):
                blocks = event.kwargs.get(key)
                for one in blocks.items if isinstance(blocks, Seq) else []:
                    if "Attn" in str(constant(one)):
                        out.facet("attention", *one.lines, line)
            if "Condition" in name:
                out.facet("attention", line)
                out.facet("conditional", line)
            if "num_class_embeds" in event.kwargs and constant(event.kwargs["num_class_embeds"]):
                out.facet("conditional", *event.kwargs["num_class_embeds"].lines, line)
                out.facet("class_embedding", *event.kwargs["num_class_embeds"].lines, line)
        elif event.path.startswith("diffusers") and name == "AutoencoderKL":
            out.facet("vae", line)
            out.facet("autoencoder", line)
        elif event.path.startswith("diffusers") and name == "VQModel":
            out.facet("vq", line)
            out.facet("autoencoder", line)
        elif name.startswith("resnet") and event.path.startswith(("torchvision.models", "timm")):
            for facet in ("resnet", "residual", "cnn", "batch_norm"):
                out.facet(facet, line)
        elif event.path.startswith(("torchvision.models.vit", "transformers.ViT")):
            for facet in ("transformer", "attention", "patch_embedding"):
                out.facet(facet, line)
        elif event.path.startswith(("torchvision.models.vgg", "torchvision.models.alexnet", "torchvision.models.mobilenet")):
            out.facet("cnn", line)


# what the labels, the time and the noise do


def label_layers(scene: Scene) -> list[tuple[Event, Obj]]:
    """Embeddings that get class labels, in networks that do not learn to predict these labels."""
    predicting = {id(one.call.model) for one in classifying(scene)} | {id(one.call.model) for one in _label_targets(scene)}
    generative = bool(noisy_learnings(scene))
    found: list[tuple[Event, Obj]] = []
    for event in scene.trace.of("layer"):
        layer = event.owner
        if not isinstance(layer, Obj) or layer.name not in ("Embedding", "Embed"):
            continue
        tags = flow_of(event.args[0] if event.args else None).tags
        drawn = any(isinstance(tag, tuple) and tag[0] == "randint" for tag in tags) and not generative and "data" not in tags
        if not ("label" in tags or drawn) or any(id(one) in predicting for one in event.forward):
            continue
        if "label" in tags and any(_is_sequence(scene, one) for one in event.forward):
            continue
        if drawn and not scene.adversaries[1]:
            continue
        found.append((event, layer))
    return found


def _is_sequence(scene: Scene, instance: Instance) -> bool:
    return any(layer.name in RECURRENT and _held_by(layer.inside, instance) for layer in scene.trace.layers)


def _label_targets(scene: Scene) -> list[Learning]:
    return [one for one in scene.learnings if "label" in one.target.tags and not one.target.tags & IMAGES]


def classifying(scene: Scene) -> list[Learning]:
    """Losses of outputs against labels, of networks that get images and no labels."""
    found = []
    for one in _label_targets(scene):
        given = flow_of(Seq(one.call.inputs)).tags
        if one.loss.name in ("cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "NLLLoss"):
            if given & IMAGES and "label" not in given and not _reads_text(scene, one):
                found.append(one)
    return found


def _reads_text(scene: Scene, learning: Learning) -> bool:
    """Whether the input goes into an embedding: tokens, not images."""
    for event in scene.trace.of("layer"):
        layer = event.owner
        if isinstance(layer, Obj) and layer.name in ("Embedding", "Embed") and event.args:
            if flow_of(event.args[0]).tags & IMAGES and any(one is learning.call.model for one in event.forward):
                return True
    return False


def _conditioning(scene: Scene, out: Writer) -> None:
    for event, layer in label_layers(scene):
        lines = (event.line, *_where(layer))
        out.facet("class_embedding", *lines)
        out.facet("conditional", *lines)
    predicted = {id(one.call.model) for one in _label_targets(scene)}
    for model in scene.models.values():
        if id(model.value) in predicted:
            continue
        _labels_given(scene, model, out)
    for event in guided(scene):
        calls = [call.line for call in scene.trace.model_calls if id(call.model) in flow_of(event.result).models and call.order < event.order]
        out.facet("cfg", event.line, *calls[-2:], *_dropped_labels(scene))
    for event in scene.trace.named("sin", "cos"):
        if "time" in flow_of(event.result).tags and event.forward and noisy_learnings(scene):
            lines = [one for instance in event.forward for one in (*instance.cls.lines, *_sites(instance))]
            calls = [call.line for call in scene.trace.events if call.path == "new" and call.result in event.forward]
            out.facet("time_embedding", event.line, *lines, *calls)
    for event in scene.trace.of("layer"):
        layer = event.owner
        if isinstance(layer, Obj) and event.forward and noisy_learnings(scene) and event.args:
            flow = flow_of(event.args[0])
            if "time" in flow.tags and not flow.tags & {"data", "batch", "noise", "label"} and "time_embedding" not in out.facets:
                if layer.name in ("Embedding", "Embed"):
                    out.facet("time_embedding", event.line, *_where(layer))
    _time_networks(scene, out)


def _time_networks(scene: Scene, out: Writer) -> None:
    """A network of its own for the time step: two layers that get nothing but the time."""
    if not noisy_learnings(scene):
        return
    learned: dict[int, list[Event]] = {}
    for event in scene.trace.of("layer"):
        flow = flow_of(event.args[0] if event.args else None)
        if event.forward and "time" in flow.tags and not flow.tags & {"data", "batch", "noise", "label"}:
            if isinstance(event.owner, Obj) and event.owner.name in LINEAR:
                learned.setdefault(id(event.forward[0]), []).append(event)
    for events in learned.values():
        if len({id(event.owner) for event in events}) >= 3:
            out.facet("time_embedding", *(event.line for event in events), *(one for event in events for one in _where(event.owner)))  # type: ignore[arg-type]


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


def _dropped_labels(scene: Scene) -> list[int]:
    return []


def _purposes(scene: Scene, out: Writer) -> None:
    """What the networks are for: diffusion, latent, autoencoder, vae, gan, classifier."""
    noisy = noisy_learnings(scene)
    for learning in noisy:
        out.facet("diffusion", *_diffusion_lines(scene, learning))
        encoders = [key for key in learning.given.models if key != id(learning.call.model) and key in scene.models]
        for key in encoders:
            encoder = scene.models[key]
            if any(id(one) == id(encoder.value) for one in (learning.call.model,)):
                continue
            lines = [line for call in encoder.calls if call.order < learning.loss.order for line in call.lines]
            out.facet("latent", *lines, *learning.call.lines, *learning.loss.lines, *_mixes(scene))
    for learning in scene.learnings:
        if _reconstructs(scene, learning):
            out.facet("autoencoder", *learning.loss.lines, *_encoder_lines(scene, learning))
    _variational(scene, out)
    generators, discriminators = scene.adversaries
    if generators and discriminators:
        out.facet("gan", *(line for model in (*generators, *discriminators) for line in (*model.lines, *(c.line for c in model.calls))))
    for learning in classifying(scene):
        out.facet("classifier", *learning.loss.lines, learning.call.line, *_last_lines(scene, learning))
    _keras_classifier(scene, out)


def _keras_classifier(scene: Scene, out: Writer) -> None:
    """compile(loss="categorical_crossentropy") of a network without recurrence, whose last layer is as wide as the classes."""
    if any(layer.name in RECURRENT for layer in scene.trace.layers) or scene.adversaries[1]:
        return
    for event in scene.trace.of(".compile"):
        given = event.arg("loss", 1)
        word = str(constant(given) or getattr(given, "path", ""))
        if "categorical_crossentropy" in word.lower() or "CategoricalCrossentropy" in word:
            dense = [layer for layer in scene.trace.layers if layer.name == "Dense" and layer.site <= event.line]
            last = [layer.site for layer in scene.trace.layers if layer.site <= event.line][-1:]
            out.facet("classifier", event.line, *(layer.site for layer in dense[-1:]), *last)


def _reconstructs(scene: Scene, learning: Learning) -> bool:
    """A model that gives back the images it was given, through a narrower code."""
    if not learning.target.tags & IMAGES or learning.target.tags & {"label", "noise"} or "noise" in learning.given.tags:
        return False
    return bool(learning.given.tags & IMAGES) and not scene.adversaries[1]


def _encoder_lines(scene: Scene, learning: Learning) -> list[int]:
    """Lines in the class of a model where its encoder and decoder are defined."""
    value = learning.call.model
    if not isinstance(value, Instance):
        return list(value.lines)
    lines = list(value.cls.lines)
    for cls in value.cls.order():
        for node in ast.walk(cls.node):
            name = None
            if isinstance(node, ast.FunctionDef):
                name = node.name
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                name = node.targets[0].attr
            if name is not None and any(word in name.lower() for word in ("encod", "decod")):
                lines.append(node.lineno + cls.lines[0] - cls.node.lineno)
    return lines


def _variational(scene: Scene, out: Writer) -> None:
    """A mean and a deviation, noise scaled by it, and the divergence from the standard normal in the loss."""
    divergences = scene.trace.of("kl") + [event for event in scene.trace.named("kl_divergence") if not event.path.startswith("?")]
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
        out.facet("autoencoder", *(line for event in samples for line in _class_lines(event)))


def _class_lines(event: Event) -> list[int]:
    lines: list[int] = []
    for instance in event.forward[:1]:
        for node in ast.walk(instance.cls.node):
            name = None
            if isinstance(node, ast.FunctionDef):
                name = node.name
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                name = node.targets[0].attr
            if name is not None and any(word in name.lower() for word in ("encod", "decod")):
                lines.append(node.lineno + instance.cls.lines[0] - instance.cls.node.lineno)
    return lines


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
        if event.name in ("cumprod", "cumsum", "linspace", "add_noise", "randint") or event.name.endswith("Scheduler"):
            lines.append(event.line)
        elif event.path == "new" and any(one is event.result for one in learning.loss.forward):
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
        if event.order < learning.call.order and event.forward and event.path == "layer" and isinstance(event.owner, Obj):
            found = [event.owner.site, event.line]
        if event.name in ("log_softmax", "softmax") and event.forward:
            found.append(event.line)
    return [*found[-3:], *learning.call.model.lines]


__all__ = ["Choice", "classifying", "facets", "label_layers"]
