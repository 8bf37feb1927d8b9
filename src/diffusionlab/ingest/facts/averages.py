"""Averaged weights (EMA), and classifier-free guidance."""

from __future__ import annotations

from diffusionlab.ingest.facts.diffusion import is_foreign_class
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.tensors import under
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import (
    Class,
    Const,
    Instance,
    Obj,
    Value,
    flow_of,
    number,
    options_of,
)

EMA_CLASSES = {
    "EMA", "EMAModel", "ExponentialMovingAverage", "EMAHelper", "ModelEma", "ModelEMA", "ModelEmaV2", "ModelEmaV3",
    "AveragedModel", "EMACallback", "EMAWeightAveraging", "EMAWarmup", "LitEma",
}  # fmt: skip


EMA_KEYS = ("decay", "beta", "ema_decay", "mu", "max_value", "rate")


def averaged_weights(scene: Scene, out: Writer) -> None:
    """
    EMA(0.995), EMAModel(params, decay=0.9999)                     -> 0.995, 0.9999
    AveragedModel(m, multi_avg_fn=get_ema_multi_avg_fn(0.999))     -> 0.999
    ema_p.copy_(ema_p * d + p * (1 - d)), ema_p.lerp_(p, 1 - d)    -> d
    loss_ema = 0.9 * loss_ema + 0.1 * loss                         -> nothing: no weights
    """
    for event in scene.trace.events:
        name, value = event.name, None
        built = isinstance(event.result, Obj | Instance)
        if (name in EMA_CLASSES and built) or (
            event.path == "new" and isinstance(event.owner, Class) and event.owner.name in EMA_CLASSES
        ):
            value = event.first(*EMA_KEYS) or next((one for one in event.args if _is_decay(one)), None)
        elif name in ("get_ema_multi_avg_fn", "get_ema_avg_fn"):
            value = event.arg("decay", 0)
        elif event.path == "op.add":
            value = _average(event)
        elif name == "lerp_" and "param" in _tags(event):
            value = event.args[-1] if event.args else None
            value = _complement(value)
        elif is_foreign_class(event) and "ema" in event.kwargs:
            value = event.kwargs["ema"]
        if value is not None and any(_is_decay(one) for one in options_of(value)):
            out.tell("ema", value, event.line, stage=None)


def _is_decay(value: Value | None) -> bool:
    found = number(value)
    return found is not None and 0.5 < found < 1


def _tags(event: Event) -> set[object]:
    return set(flow_of(event.owner).tags) | {tag for one in event.args for tag in flow_of(one).tags}


def _average(event: Event) -> Value | None:
    """The decay d of `a * d + b * (1 - d)` over weights."""
    if not all("param" in flow_of(one).tags for one in event.args):
        return None
    parts = [under(one) for one in event.args]
    numbers: list[Const] = []
    for part in parts:
        if isinstance(part, Obj) and part.path == "op.mul":
            numbers += [
                option
                for one in part.args
                for option in options_of(one)
                if number(option) is not None and isinstance(option, Const)
            ][:1]
    if len(numbers) == 2 and abs(numbers[0].value + numbers[1].value - 1) < 1e-9:
        decay = max(numbers, key=lambda one: one.value)
        return decay if not decay.parts else next((one for one in numbers if not one.parts), decay)
    return None


def _complement(value: Value | None) -> Value | None:
    if isinstance(value, Const) and len(value.parts) == 2 and number(value.parts[0]) == 1:
        return value.parts[1]
    found = number(value)
    return Const(1 - found, value.lines, "formula") if found is not None and value is not None else None


def guidance(scene: Scene, out: Writer) -> None:
    """The weight of classifier-free guidance: lerp(unconditional, conditional, w), (1 + w) * c - w * u."""
    found = [(one, event.line) for event in guided(scene) for part in event.args for one in _numbers(part)]
    if len({one.value for one, _ in found}) == 1:
        for one, line in found:
            out.tell("guidance", one, line)


def guided(scene: Scene) -> list[Event]:
    """Places that combine a conditional and an unconditional output of one model."""
    found: list[Event] = []
    for event in scene.trace.events:
        if event.path.endswith(".lerp") and len(event.args) >= 2:
            models = [set(flow_of(one).models) for one in event.args[:2]]
            if models[0] & models[1] and not event.forward and _with_and_without(scene, models[0] & models[1]):
                found.append(event)
        elif event.path in ("op.add", "op.sub") and not event.forward and len(event.args) == 2:
            models = [set(flow_of(one).models) for one in event.args]
            if models[0] & models[1] and _two_outputs(event) and _with_and_without(scene, models[0] & models[1]):
                found.append(event)
    return found


def _with_and_without(scene: Scene, keys: set[int]) -> bool:
    """Whether a model is called on the same tensor twice, with a condition and without, or on both at once."""
    for key in keys:
        calls = [call for call in scene.trace.model_calls if id(call.model) == key and call.args]
        for i, one in enumerate(calls):
            first = one.args[0]
            if "cat" in flow_of(first).marks or (
                isinstance(first, Obj) and first.name in ("repeat", "cat", "concat", "concatenate")
            ):
                return True
            for two in calls[i + 1 :]:
                if two.args[0] is first and len(one.inputs) + len(two.inputs) > 3:
                    rest = [call.inputs[1:] for call in (one, two)]
                    if len(rest[0]) != len(rest[1]) or any(a is not b for a, b in zip(*rest, strict=True)):
                        return True
    return False


def _two_outputs(event: Event) -> bool:
    """Whether `u + w * (c - u)` or `(1 + w) * c - w * u` stands there: outputs of two calls, one scaled."""
    left, right = (under(one) for one in event.args)
    for base, other in ((left, right), (right, left)):
        if not isinstance(other, Obj) or other.path != "op.mul":
            continue
        scaled = [under(one) for one in other.args if flow_of(one).models]
        if len(scaled) != 1:
            continue
        inner = scaled[0]
        if isinstance(inner, Obj) and inner.path == "op.sub" and all(flow_of(one).models for one in inner.args):
            return True
        if event.path == "op.sub" and isinstance(base, Obj) and base.path == "op.mul" and base is not other:
            return True
    return False


def _numbers(value: Value) -> list[Const]:
    found: list[Const] = []
    for one in options_of(value):
        if isinstance(one, Const) and number(one) is not None and one.via:
            found.append(one)
        elif isinstance(one, Obj) and one.path == "op.mul":
            found += [part for item in one.args for part in _numbers(item)]
    return found
