"""Facets: properties of the networks that are really built, each shown by code and never by a name."""

from __future__ import annotations

from diffusionlab.ingest.facts.blocks import attention, joins, sums
from diffusionlab.ingest.facts.labels import conditioning, label_layers
from diffusionlab.ingest.facts.layers import CONVOLUTIONS, LINEAR, RECURRENT, kernel_of, where
from diffusionlab.ingest.facts.purposes import purposes
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.values import Obj, Seq, Value, constant, number

NORMS = {
    "batch_norm": ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "BatchNormalization", "BatchNorm", "SyncBatchNorm"),
    "group_norm": ("GroupNorm", "GroupNormalization"),
    "layer_norm": ("LayerNorm", "LayerNormalization", "RMSNorm"),
    "instance_norm": ("InstanceNorm2d", "InstanceNorm1d", "InstanceNormalization"),
}
TRANSFORMERS = {
    "Transformer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
}


def facets(scene: Scene, out: Writer) -> None:
    """Facets of a program that builds a network; a file that only defines layers shows none."""
    if scene.trace.entered and not scene.models and not scene.trace.losses and not scene.updates:
        return
    _layers(scene, out)
    attention(scene, out)
    sums(scene, out)
    joins(scene, out)
    _library_models(scene, out)
    conditioning(scene, out)
    purposes(scene, out)


def _layers(scene: Scene, out: Writer) -> None:
    """Layers that a built network holds: norms, convolutions that are not patches, recurrence, Linear alone."""
    patches = _patches(scene)
    linear: list[int] = []
    other = False
    for layer in scene.trace.layers:
        name, lines = layer.name, where(layer)
        for facet, kinds in NORMS.items():
            if name in kinds:
                out.facet(facet, *lines)
        if name in RECURRENT:
            out.facet("rnn", *lines)
            other = True
        if name.startswith(CONVOLUTIONS) and id(layer) not in patches:
            other = True
            if kernel_of(layer) != 1:
                out.facet("cnn", *lines)
        if name in TRANSFORMERS:
            out.facet("transformer", *lines)
            out.facet("attention", *lines)
            other = True
        if name in (
            "MultiheadAttention",
            "MultiHeadAttention",
            "MultiHeadDotProductAttention",
            "SelfAttention",
            "Attention",
        ):
            out.facet("attention", *lines)
            other = True
        if name in LINEAR:
            linear += [layer.site]
    for layer in scene.trace.layers:
        if id(layer) in patches:
            out.facet("patch_embedding", *where(layer))
            other = True
    embedded = any(layer.name == "Embedding" for layer in scene.trace.layers)
    attends = bool(scene.trace.of("attention", "linear attention"))
    if len(linear) >= 2 and not other and not attends and not (embedded and not label_layers(scene)):
        out.facet("mlp", *linear)


def _patches(scene: Scene) -> set[int]:
    """Convolutions that cut an image into tokens: as far apart as they are wide, and flattened behind."""
    found: set[int] = set()
    for layer in scene.trace.layers:
        if not layer.name.startswith("Conv") or "Transpose" in layer.name:
            continue
        kernel = layer.kwargs.get("kernel_size", layer.args[2] if len(layer.args) > 2 else None)
        stride = layer.kwargs.get("stride", layer.kwargs.get("strides", layer.args[3] if len(layer.args) > 3 else None))
        kernel, stride = (one.items[0] if isinstance(one, Seq) and one.items else one for one in (kernel, stride))
        same = kernel is not None and (
            kernel is stride or (number(kernel) is not None and number(kernel) == number(stride))
        )
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
        if (
            event.name == "flatten"
            and number(event.args[0] if event.args and event.path.startswith(".") else None) == 2
        ):
            return True
        if event.name in ("rearrange",) and any(")" in str(constant(one)) for one in event.args):
            return True
        if event.name in ("reshape", "view") and len(event.args) == 3:
            return True
    return False


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
        elif event.path.startswith(
            ("torchvision.models.vgg", "torchvision.models.alexnet", "torchvision.models.mobilenet")
        ):
            out.facet("cnn", line)


# what the labels, the time and the noise do
