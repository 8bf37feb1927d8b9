"""The diffusion process: noise schedule, its steps and ends, what the network predicts, averaged weights, guidance."""

from __future__ import annotations

from diffusionlab.ingest.facts.models import Learning
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.tensors import under
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import (
    Const,
    Obj,
    constant,
    flow_of,
    options_of,
)

IMAGES = {"data", "batch"}
PREDICTIONS = {
    "epsilon": "epsilon", "eps": "epsilon", "noise": "epsilon", "pred_noise": "epsilon", "sample": "x0", "x0": "x0",
    "x_start": "x0", "xstart": "x0", "pred_x0": "x0", "v_prediction": "v", "v": "v", "velocity": "v", "pred_v": "v",
    "start_x": "x0", "image": "x0",
}  # fmt: skip
PREDICTION_KEYS = (
    "prediction_type",
    "mean_type",
    "objective",
    "predict",
    "parameterization",
    "pred_type",
    "model_mean_type",
)


def noisy_learnings(scene: Scene) -> list[Learning]:
    """Losses of networks that got images with noise in them."""
    return [one for one in scene.learnings if one.is_noisy]


def is_diffusion(scene: Scene) -> bool:
    return bool(noisy_learnings(scene))


def prediction(scene: Scene, out: Writer) -> None:
    """
    F.mse_loss(model(x_t, t), noise)                     -> epsilon
    F.mse_loss(model(x_t, t), images)                    -> x0
    target noise - images, without coefficients          -> flow
    target a * noise - b * images                        -> v
    DDPMScheduler(prediction_type="v_prediction")        -> v, where nothing else shows it
    """
    found: list[tuple[str, tuple[int, ...], str | None]] = []
    for one in noisy_learnings(scene):
        kind = _target(one)
        if kind is not None:
            via = "loss compares the output with the clean images" if kind == "x0" else None
            found.append((kind, (*one.call.lines, *one.loss.lines), via))
    kinds = {kind for kind, _, _ in found}
    named = _named_prediction(scene)
    if len(kinds) > 1 and named is not None:
        out.say("parameterization", named[0], named[1], via=named[2])
        return
    if kinds:
        for kind, lines, via in found:
            out.say("parameterization", kind, lines, via=via)
    elif named is not None:
        out.say("parameterization", named[0], named[1], via=named[2])


def _target(one: Learning) -> str | None:
    clean, noise = bool(one.target.tags & IMAGES), "noise" in one.target.tags
    if noise and not clean:
        return "epsilon"
    if clean and not noise:
        return "x0"
    if not clean:
        return None
    value = under(one.target_value)
    if isinstance(value, Obj) and value.path == "op.sub" and len(value.args) == 2:
        plain = all(not isinstance(under(part), Obj) or not under(part).path.startswith("op.") for part in value.args)  # type: ignore[attr-defined]
        sides = [flow_of(part).tags & {"noise", "data", "batch"} for part in value.args]
        if all(len(side) == 1 for side in sides):
            return "flow" if plain else "v"
    if isinstance(value, Obj) and value.path == ".get_velocity":
        return "v"
    return None


def _named_prediction(scene: Scene) -> tuple[str, tuple[int, ...], str | None] | None:
    """The prediction type that a scheduler, or a trainer that is not shown, is given by name."""
    for event in scene.trace.events:
        for name in PREDICTION_KEYS:
            for one in options_of(event.kwargs.get(name))[:1]:
                word = PREDICTIONS.get(str(constant(one)))
                if word and not event.path.startswith(".add_argument"):
                    return word, (*one.lines, event.line), one.via
        if is_foreign_class(event):
            for one in event.args:
                if isinstance(one, Const) and one.via and "flag" in one.via and one.value in ("epsilon", "xstart"):
                    return PREDICTIONS[str(one.value)], (*one.lines, event.line), one.via
    return None


def is_foreign_class(event: Event) -> bool:
    """Whether a class is built that stands in a file which is not shown."""
    return isinstance(event.result, Obj) and event.name[:1].isupper() and event.path.split(".")[0] not in KNOWN


KNOWN = {
    "torch", "torchvision", "keras", "tensorflow", "numpy", "jax", "flax", "optax", "diffusers", "transformers",
    "os", "argparse", "matplotlib", "PIL", "sklearn", "accelerate", "pathlib", "collections", "datetime", "tqdm",
    "builtins",
}  # fmt: skip
