"""A run in words: the generated description, and the text that searches rank by."""

from collections.abc import Iterator

from diffusionlab.registry.record.canonical import spellings
from diffusionlab.registry.record.facets import FACETS
from diffusionlab.registry.record.run_record import RunRecord

_BACKBONES = {
    "dit": "diffusion transformer (DiT)",
    "unet": "U-Net (unet, cnn)",
    "resnet": "residual network (ResNet, cnn)",
    "transformer": "transformer",
    "cnn": "convolutional network (CNN)",
    "mlp": "multilayer perceptron (MLP)",
}
_TASKS = {"epsilon": "noise (epsilon)", "x0": "the clean image (x0)", "v": "velocity (v)", "flow": "flow"}


def describe(record: RunRecord) -> str:
    """One sentence made from the record's fields alone.

    "Class-conditional latent U-Net (unet, cnn) with linear attention, predicting noise (epsilon) on Fashion-MNIST,
    28x28, cosine schedule, AdamW, lr 0.0002, batch 128, 50 epochs, on cpu."
    """
    said = [_network(record)]
    if record.parameterization not in (None, "none"):
        said.append(f"predicting {_TASKS.get(record.parameterization, record.parameterization)}")
    if record.dataset:
        said.append(f"on {record.dataset}")
    head = " ".join(said)
    tail = [
        f"{record.image_size}x{record.image_size}" if record.image_size else None,
        f"{record.schedule} schedule" if record.schedule not in (None, "none") else None,
        record.optimizer,
        f"lr {record.lr:g}" if record.lr is not None else None,
        f"batch {record.batch_size}" if record.batch_size is not None else None,
        *_length(record),
        f"on {record.hardware_kind}" if record.hardware_kind else None,
    ]
    sentence = ", ".join([head, *filter(None, tail)])
    return sentence[0].upper() + sentence[1:] + "."


def _length(record: RunRecord) -> Iterator[str]:
    """Whole epochs if there are any, and steps: "1 epoch" would be too much for 300 steps of 469."""
    if record.epochs is not None and (record.epochs or not record.steps):
        yield f"{record.epochs} epoch{'' if record.epochs == 1 else 's'}"
    if record.steps:
        yield f"{record.steps:,} step{'' if record.steps == 1 else 's'}"


def _network(record: RunRecord) -> str:
    facets = set(record.arch_tags)
    backbone = next((text for facet, text in _BACKBONES.items() if facet in facets), None)
    if backbone is None:
        backbone = "autoencoder" if facets & {"autoencoder", "vae"} else record.architecture or "network"
    elif "autoencoder" in facets and "latent" not in facets:
        backbone = f"autoencoder of a {backbone}"
    before = [
        "class-conditional" if "conditional" in facets else "",
        "style-conditioned" if "styled" in facets else "",
        "latent" if "latent" in facets else "",
        "residual" if "residual" in facets and "resnet" not in facets else "",
    ]
    attention = "linear attention" if "linear_attention" in facets else "attention"
    extras = [attention] * ("attention" in facets) + ["classifier-free guidance (cfg)"] * ("cfg" in facets)
    return " ".join(filter(None, [*before, backbone])) + (f" with {' and '.join(extras)}" if extras else "")


def search_text(record: RunRecord) -> str:
    """All words by which a run may be looked for: its own, and every known spelling of its facts."""
    words: list[str | None] = [
        record.name,
        record.architecture,
        record.description,
        record.notes,
        record.reason,
        *record.tags,
    ]
    for facet in record.arch_tags:
        words += [facet, *FACETS.get(facet, ())]
    for column in ("dataset", "optimizer", "schedule", "parameterization", "sampler", "precision"):
        words += spellings(column, getattr(record, column))
    condition = record.config.get("condition")
    style = condition.get("style") if isinstance(condition, dict) else None
    words.append(f"{style} style" if style else None)
    words += [record.hardware, record.hardware_kind, record.framework, record.status, record.sweep]
    return " ".join(dict.fromkeys(word for word in words if word))
