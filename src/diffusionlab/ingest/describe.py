"""A script in words: one paragraph from its facts alone."""

from __future__ import annotations

from typing import Any

from diffusionlab.ingest.record import Script

KINDS = (
    ("latent", "latent diffusion model"),
    ("diffusion", "diffusion model"),
    ("gan", "GAN"),
    ("vae", "VAE"),
    ("autoencoder", "autoencoder"),
    ("classifier", "classifier"),
    ("rnn", "recurrent network"),
)
BACKBONES = (
    ("unet", "a U-Net"),
    ("dit", "a diffusion transformer"),
    ("transformer", "a transformer"),
    ("resnet", "a ResNet"),
    ("cnn", "a convolutional network"),
    ("mlp", "a multilayer perceptron"),
)
EXTRAS = {
    "linear_attention": "linear attention",
    "attention": "attention",
    "class_embedding": "class labels",
    "cfg": "classifier-free guidance",
}
TRAINING = ("optimizer", "lr", "epochs", "steps", "loss")
TARGETS = {"epsilon": "predicts the noise (epsilon)", "x0": "predicts the clean image (x0)"}
TARGETS |= {"v": "predicts velocity (v)", "flow": "predicts the flow from noise to image"}


def describe(script: Script) -> str:
    """What a script trains, on what and how, in up to three sentences; "" if its code shows nothing of this.

    "PyTorch script that trains a conditional diffusion model on Fashion-MNIST at 28x28 pixels: SimpleUNet, a U-Net
    with linear attention. It predicts the noise (epsilon) over 1000 steps of a linear schedule. AdamW with a learning
    rate of 0.0002, batches of 128, 50 epochs; seed 42."
    """
    if not script.facts and not script.facets:
        return ""
    sentences = [_what(script), _diffusion(script), _how(script)]
    return " ".join(sentence[0].upper() + sentence[1:] + "." for sentence in sentences if sentence)


def _what(script: Script) -> str:
    facets = {fact.value for fact in script.facets}
    kind = next((text for facet, text in KINDS if facet in facets), "network")
    conditional = "conditional " if "conditional" in facets else ""
    data = script.first("dataset")
    size = script.first("image_size")
    names = list(dict.fromkeys(str(fact.value) for fact in script.facts.get("architecture", [])))
    backbone = next((text for facet, text in BACKBONES if facet in facets), "")
    extras = [text for facet, text in EXTRAS.items() if facet in facets]
    if "linear_attention" in facets:
        extras.remove("attention")
    body = ", ".join([*names, *([backbone] if backbone else [])])
    trains = any(name in script.facts for name in TRAINING)
    does = "trains" if trains else "builds" if kind != "network" or body else ""
    return "".join(
        [
            f"{script.first('framework') or 'Python'} {'notebook' if script.path.endswith('.ipynb') else 'script'}",
            f" that {does} {'an' if kind == 'autoencoder' and not conditional else 'a'} {conditional}{kind}"
            if does
            else "",
            f" on {data}" if data else "",
            f" at {size}x{size} pixels" if size else "",
            f": {body}" if body else "",
            f" with {' and '.join(extras)}" if body and extras else "",
        ]
    )


def _diffusion(script: Script) -> str:
    target, schedule, steps = (script.first(name) for name in ("parameterization", "schedule", "timesteps"))
    said = [TARGETS.get(str(target), f"predicts {target}")] if target else []
    if steps and schedule:
        said.append(
            f"over {steps} steps of a {schedule} schedule" if said else f"uses {steps} steps of a {schedule} schedule"
        )
    elif steps or schedule:
        said.append(f"with {steps} noise levels" if steps else f"with a {schedule} schedule")
    ema = script.first("ema")
    if ema:
        said.append(f"with averaged weights (EMA {ema:g})")
    return "it " + " ".join(said) if said else ""


def _how(script: Script) -> str:
    optimizer, lr, batch, epochs, steps, seed = (
        script.first(name) for name in ("optimizer", "lr", "batch_size", "epochs", "steps", "seed")
    )
    rate = f"a learning rate of {lr:g}" if isinstance(lr, float | int) else ""
    said = [f"{optimizer} with {rate}" if optimizer and rate else optimizer or rate]
    said += [f"batches of {batch}" if batch else "", _count(epochs, "epoch"), _count(steps, "step")]
    text = ", ".join(part for part in said if part)
    return text + (f"; seed {seed}" if seed is not None and text else "")


def _count(number: Any, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}" if number else ""
