"""The size and the channels of images, and their augmentation."""

from __future__ import annotations

from diffusionlab.ingest.facts.data import Data, in_a_figure, sources
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import (
    Const,
    Flow,
    Obj,
    Seq,
    Value,
    flow_of,
    number,
    options_of,
)

AUGMENTATIONS = {
    "RandomHorizontalFlip", "RandomVerticalFlip", "RandomCrop", "RandomResizedCrop", "RandomRotation",
    "ColorJitter", "RandomAffine", "RandomErasing", "RandAugment", "AutoAugment", "TrivialAugmentWide",
    "GaussianBlur", "RandomPerspective", "RandomGrayscale", "RandomFlip", "RandomZoom", "RandomTranslation",
    "RandomContrast", "AugMix", "MixUp", "CutMix", "HorizontalFlip", "RandomBrightnessContrast", "ShiftScaleRotate",
    "Rotate",
}  # fmt: skip


RESIZES = {
    "Resize": "size",
    "CenterCrop": "size",
    "RandomCrop": "size",
    "RandomResizedCrop": "size",
    "Scale": "size",
    "Resizing": "height",
}


TRANSFORM_HOMES = ("torchvision.transforms", "albumentations", "keras.layers", "tensorflow.keras.layers", "transforms")


def image_sizes(scene: Scene, data: Data, out: Writer) -> None:
    """
    transforms.Resize((32, 32)) or CenterCrop(32) in the transform of the training set     -> image_size 32
    UNet2DModel(sample_size=64, in_channels=3)                                               -> 64, channels 3
    torch.randn(16, 1, 28, 28) that is denoised; out.view(-1, 1, 28, 28) of the model        -> 28, channels 1
    input_shape=(32, 32, 3), Input(shape=(28, 28, 1))                                        -> 32 and 3, 28 and 1
    Conv2d(1, 32, 3) that gets the images themselves                                         -> channels 1
    """
    _transforms(scene, data, out)
    for event in scene.trace.events:
        if event.name.startswith("UNet2D") or event.name in ("Unet", "UNetModel", "Transformer2DModel"):
            if not out.has("image_size"):
                out.tell("image_size", event.first("sample_size", "image_size"), event.line)
            if event.path.startswith("diffusers"):
                _channels_of_diffusers(event, out)
    _layers(scene, out)
    _shapes(scene, out)
    _inputs(scene, out)
    if not out.has("image_size"):
        for _, value, _ in scene.trace.assigned:
            shape = image_shape(value.items) if isinstance(value, Seq) and len(value.items) == 3 else None
            if shape is not None and (number(shape[0]) or 0) >= 16:
                out.tell("image_size", shape[0])
                if not out.has("channels"):
                    out.tell("channels", shape[1])


def _transforms(scene: Scene, data: Data, out: Writer) -> None:
    chosen: list[Obj] = [one for one in data.behind if isinstance(one, Obj) and one.path.startswith(TRANSFORM_HOMES)]
    chosen += [
        one
        for event in scene.trace.of("()")
        if _on_batch(event)
        for one in sources(event.owner)
        if isinstance(one, Obj)
    ]
    piped = bool(chosen)
    if not chosen:
        chosen = [
            event.result
            for event in scene.trace.events
            if isinstance(event.result, Obj) and event.path.startswith(TRANSFORM_HOMES) and not in_a_figure(event)
        ]
    size: Obj | None = None
    for one in chosen:
        if one.name in AUGMENTATIONS and not (one.name == "RandomCrop" and "layers" in one.path):
            out.say("augmentation", one.name, (one.site,))
        if one.name in RESIZES and (size is None or one.site >= size.site):
            size = one
    sizes = {one.site for one in chosen if one.name in RESIZES}
    if size is not None and (piped or len(sizes) == 1):
        value = size.kwargs.get(RESIZES[size.name], size.kwargs.get("size", size.args[0] if size.args else None))
        out.tell("image_size", value, size.site)


def _on_batch(event: Event) -> bool:
    """Whether a composed transform is applied to items of a data set."""
    composed = isinstance(event.owner, Obj) and event.owner.name in ("Compose", "Sequential")
    return composed and any(flow_of(one).tags & {"data", "batch"} for one in event.args)


def _channels_of_diffusers(event: Event, out: Writer) -> None:
    """The input channels of a U-Net, or its output channels where more than the image goes in."""
    for name in ("in_channels", "out_channels"):
        value = event.first(name)
        if number(value) in (1, 3) and not (isinstance(value, Const) and value.parts):
            out.tell("channels", value, event.line)
            return


def _layers(scene: Scene, out: Writer) -> None:
    """The channels of the first convolution, where it gets the images as they are."""
    if out.has("channels"):
        return
    for event in scene.trace.of("layer"):
        layer = event.owner
        if not isinstance(layer, Obj) or not layer.name.startswith("Conv") or not layer.path.startswith("torch"):
            continue
        flow = flow_of(event.args[0]) if event.args else None
        if flow is None or not flow.is_image or flow.models or flow.marks & {"cat", "reshaped"} or _deep(flow):
            continue
        if not flow.tags & {"data", "batch"}:
            continue
        value = layer.kwargs.get("in_channels", layer.args[0] if layer.args else None)
        if number(value) in (1, 3, 4):
            out.tell("channels", value, layer.site)


def _deep(flow: Flow) -> bool:
    """Whether a tensor went through layers already: images and the noise in them have one identity each."""
    return len(flow.layers) > 1 + ("noise" in flow.tags)


def image_shape(items: list[Value]) -> tuple[Value, Value] | None:
    """(size, channels) of a shape that is one of square images, channels first or last."""
    sizes = [number(one) for one in items]
    if len(items) == 4:
        if sizes[2] == sizes[3] and sizes[2] is not None and sizes[2] >= 8 and sizes[1] in (1, 3, 4):
            return items[2], items[1]
        if sizes[1] == sizes[2] and sizes[1] is not None and sizes[1] >= 8 and sizes[3] in (1, 3, 4):
            return items[1], items[3]
    if len(items) == 3:
        if sizes[1] == sizes[2] and sizes[1] is not None and sizes[1] >= 8 and sizes[0] in (1, 3, 4):
            return items[1], items[0]
        if sizes[0] == sizes[1] and sizes[0] is not None and sizes[0] >= 8 and sizes[2] in (1, 3, 4):
            return items[0], items[2]
    return None


def _shapes(scene: Scene, out: Writer) -> None:
    """Shapes of noise that becomes images, and of outputs that are shown as images."""
    known_size, known_channels = out.has("image_size"), out.has("channels")
    found: list[tuple[Value, Value, int]] = []
    starts = scene.trace.named("init", "init_with_output")  # Flax makes a network's weights for an example of its input
    inputs = [one for call in scene.trace.model_calls for one in call.inputs] + [
        one for event in starts for one in event.args
    ]
    reached = {one for given in inputs for one in flow_of(given).layers}
    whole = {id(one) for given in inputs for one in options_of(given)}
    bare = [event for event in scene.trace.of("layer") if not event.forward and event.building is None]
    shown = {one for event in bare for given in event.args for one in flow_of(given).layers}
    for event in scene.trace.events:
        if event.forward or event.building is not None:
            continue
        if event.name in ("randn", "rand", "normal", "zeros", "ones", "standard_normal") and not event.path.startswith(
            "."
        ):
            made = flow_of(event.result).layers
            if not (made & reached or id(event.result) in whole) and (event.name in ("zeros", "ones") or made & shown):
                continue  # an example for one layer, or the labels of a discriminator
            shapes = [event.args, *(one.items for one in [*event.args, *event.kwargs.values()] if isinstance(one, Seq))]
        elif event.path in (
            ".view",
            ".reshape",
            "numpy.reshape",
            "torch.reshape",
            "tensorflow.reshape",
            "jax.numpy.reshape",
        ):
            flow = (
                flow_of(event.owner) if event.path.startswith(".") else flow_of(event.args[0] if event.args else None)
            )
            if _is_latent(scene, flow):
                continue
            shapes = [event.args, *(one.items for one in event.args if isinstance(one, Seq))]
        else:
            continue
        for items in shapes:
            shape = image_shape(list(items))
            if shape is not None and len(items) == 4:
                found.append((*shape, event.line))
    sizes = {number(size) for size, _, _ in found}
    if len(sizes) == 1:
        for size, channels, line in found:
            if not known_size:
                out.tell("image_size", size, line)
            if not known_channels or out.facts["channels"][0].value == number(channels):
                out.tell("channels", channels, line)


def _is_latent(scene: Scene, flow: object) -> bool:
    """Whether a tensor is the code of a first stage: what an encoder gives and another model takes."""
    models = getattr(flow, "models", [])
    others = [
        call
        for call in scene.trace.model_calls
        if any(key in models for key in flow_of(call.args[0] if call.args else None).models)
    ]
    return bool(models) and bool(others)


def _inputs(scene: Scene, out: Writer) -> None:
    """Keras: the shape of the first layer."""
    if out.has("image_size") and out.has("channels"):
        return
    for event in scene.trace.events:
        value = event.first("input_shape", "batch_input_shape")
        if value is None and event.name in ("Input", "InputLayer"):
            value = event.arg("shape", 0)
        if isinstance(value, Seq):
            shape = image_shape(value.items)
            if shape is not None:
                out.tell("image_size", shape[0], event.line)
                out.tell("channels", shape[1], event.line)
