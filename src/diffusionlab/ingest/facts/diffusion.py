"""The diffusion process: noise schedule, its steps and ends, what the network predicts, averaged weights, guidance."""

from __future__ import annotations

from diffusionlab.ingest.facts.scene import Learning, Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.tensors import ramp, under
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import (
    Class,
    Const,
    Flow,
    Instance,
    Lib,
    Method,
    Obj,
    Ramp,
    Seq,
    Value,
    constant,
    flow_of,
    number,
    options_of,
)

IMAGES = {"data", "batch"}
SCHEDULER_HOMES = ("diffusers",)
EMA_CLASSES = {"EMA", "EMAModel", "ExponentialMovingAverage", "EMAHelper", "ModelEma", "ModelEMA", "ModelEmaV2", "ModelEmaV3",
               "AveragedModel", "EMACallback", "EMAWeightAveraging", "EMAWarmup", "LitEma"}  # fmt: skip
EMA_KEYS = ("decay", "beta", "ema_decay", "mu", "max_value", "rate")
PREDICTIONS = {"epsilon": "epsilon", "eps": "epsilon", "noise": "epsilon", "pred_noise": "epsilon", "sample": "x0", "x0": "x0",
               "x_start": "x0", "xstart": "x0", "pred_x0": "x0", "v_prediction": "v", "v": "v", "velocity": "v", "pred_v": "v",
               "start_x": "x0", "image": "x0"}  # fmt: skip
PREDICTION_KEYS = ("prediction_type", "mean_type", "objective", "predict", "parameterization", "pred_type", "model_mean_type")
STEP_KEYS = ("num_train_timesteps", "timesteps", "num_timesteps", "n_T", "noise_steps", "T", "diffusion_steps", "n_timesteps", "n_steps", "num_steps")


def noisy_learnings(scene: Scene) -> list[Learning]:
    """Losses of networks that got images with noise in them."""
    return [one for one in scene.learnings if "noise" in one.given.tags and (one.given.tags & IMAGES)
            and not one.target.tags & {"label"}]  # fmt: skip


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
        if _is_unknown(event):
            for one in event.args:
                if isinstance(one, Const) and one.via and "flag" in one.via and one.value in ("epsilon", "xstart"):
                    return PREDICTIONS[str(one.value)], (*one.lines, event.line), one.via
    return None


def _is_unknown(event: Event) -> bool:
    """Whether a class is built that stands in a file which is not shown."""
    return isinstance(event.result, Obj) and event.name[:1].isupper() and event.path.split(".")[0] not in KNOWN


KNOWN = {"torch", "torchvision", "keras", "tensorflow", "numpy", "jax", "flax", "optax", "diffusers", "transformers", "os",
         "argparse", "matplotlib", "PIL", "sklearn", "accelerate", "pathlib", "collections", "datetime", "tqdm", "builtins"}  # fmt: skip


def schedule(scene: Scene, out: Writer) -> None:
    """
    betas = torch.linspace(1e-4, 0.02, 1000); cumprod(1 - betas)            -> linear, 0.0001, 0.02, 1000
    (b2 - b1) * torch.arange(0, T + 1) / T + b1                             -> linear, b1, b2, T
    torch.linspace(b1 ** 0.5, b2 ** 0.5, T) ** 2                            -> quadratic
    cos(((x / T) + s) / (1 + s) * pi / 2) ** 2, ratios of it                -> cosine, T
    DDPMScheduler(num_train_timesteps=1000, beta_schedule="linear")         -> as named, where training adds noise with it
    """
    _products(scene, out)
    _schedulers(scene, out)
    if not out.has("timesteps"):
        _drawn_steps(scene, out)
    if not out.has("schedule"):
        _cosine_of_time(scene, out)
    _handed_over(scene, out)


def _products(scene: Scene, out: Writer) -> None:
    rows: list[tuple[Ramp, tuple[int, ...], Event]] = []
    for event in scene.trace.named("cumprod", "cumsum"):
        value = event.owner if event.path.startswith((".", "tensor.")) and event.owner is not None else (event.args[0] if event.args else None)
        row = ramp(value) if value is not None else None
        if row is None:
            continue
        rows.append((row, (*(row.source or row).lines, event.line), event))
    start = min((one.loss.order for one in noisy_learnings(scene)), default=1 << 60)
    rows.sort(key=lambda one: (one[2].order > start, -one[2].order))
    told: tuple[object, ...] | None = None
    for row, lines, event in rows:  # the row that is made last before the training; others that say the same are evidence
        source = row.source or row
        shape = {"linear": "linear", "squared": "quadratic", "cosine": "cosine", "sigmoid": "sigmoid"}[source.shape]
        if shape == "linear" and number(source.start) is None and row.source is None:
            continue
        key = (shape, number(source.start), number(source.end), number(source.count))
        if told is not None and told != key:
            continue
        told = key
        out.say("schedule", shape, lines)
        _steps(scene, source, lines, out)
        if shape in ("linear", "quadratic", "sigmoid"):
            out.tell("beta_start", source.start, *source.lines)
            out.tell("beta_end", source.end, *source.lines)


def _steps(scene: Scene, row: Ramp, lines: tuple[int, ...], out: Writer) -> None:
    count = row.count
    if isinstance(count, Const) and len(count.parts) == 2 and number(count.parts[1]) == 1:
        count = count.parts[0]
    out.tell("timesteps", count, *lines[:1])


def _schedulers(scene: Scene, out: Writer) -> None:
    for event in scene.trace.events:
        if not event.path.startswith(SCHEDULER_HOMES) or not event.name.endswith("Scheduler") or event.name == "get_scheduler":
            continue
        adds = [one for one in scene.trace.of(".add_noise") if one.owner is event.result or event.result in options_of(one.owner)]
        if not any(not one.no_grad and (one.loops or one.frames) for one in adds) or not _trains_with(scene, adds):
            continue
        out.tell("schedule", event.first("beta_schedule"), event.line)
        out.tell("timesteps", event.arg("num_train_timesteps", 0), event.line)
        out.tell("beta_start", event.first("beta_start"), event.line)
        out.tell("beta_end", event.first("beta_end"), event.line)


def _trains_with(scene: Scene, adds: list[Event]) -> bool:
    orders = [one.loss.order for one in noisy_learnings(scene)]
    return any(one.order < order for one in adds for order in orders)


def _drawn_steps(scene: Scene, out: Writer) -> None:
    """The number of noise levels that training draws from: `t = randint(1, n)`, given to the network or to the noise."""
    for one in noisy_learnings(scene):
        tags = set(one.given.tags)
        for value in one.call.inputs:
            tags |= flow_of(value).tags
        drawn = {tag[1] for tag in tags if isinstance(tag, tuple) and tag[0] == "randint"}
        for event in scene.trace.events:
            if event.order in drawn and event.name in ("randint", "randrange"):
                high = event.first("high", "maxval", "maxvalue")
                if high is None:
                    position = 1 if len(event.args) > 1 and not isinstance(event.args[1], Seq) else 0
                    position = 3 if event.path.startswith("jax") else position
                    high = event.args[position] if position < len(event.args) else None
                if isinstance(high, Const) and len(high.parts) == 2 and number(high.parts[1]) == 1:
                    high = high.parts[0]
                out.tell("timesteps", high, event.line)
                return


def _cosine_of_time(scene: Scene, out: Writer) -> None:
    """Signal and noise rates that are cosine and sine of one angle."""
    for event in scene.trace.of("op.add"):
        flow = flow_of(event.result)
        if not event.forward and {"noise", "time"} <= flow.tags and flow.tags & IMAGES and {"cos", "sin"} <= flow.marks:
            cosines = tuple(one.line for one in scene.trace.named("cos", "sin") if "time" in flow_of(one.result).tags and not one.forward)
            out.say("schedule", "cosine", (*cosines[:4], event.line))
            return


def _handed_over(scene: Scene, out: Writer) -> None:
    """Settings given by name to a class that is imported from a file which is not shown."""
    for event in scene.trace.events:
        if not _is_unknown(event) or "." not in event.path:
            continue
        before = len(out.facts)
        schedule_value = event.first("diffusion_schedule", "noise_schedule", "beta_schedule", "schedule")
        for one in options_of(schedule_value)[:1]:
            if isinstance(one, Const) and isinstance(one.value, str) and not out.has("schedule"):
                out.tell("schedule", one, event.line)
            elif isinstance(one, Obj) and one.name.endswith("Schedule") and not out.has("schedule"):
                out.say("schedule", one.name.removesuffix("Schedule"), (one.site,))
        if not out.has("timesteps") and not is_diffusion(scene):
            out.tell("timesteps", event.first("num_train_timesteps", "timesteps", "num_timesteps", "n_T", "noise_steps", "T"), event.line)
        if not out.has("beta_start"):
            out.tell("beta_start", event.first("beta_start", "linear_start"), event.line)
            out.tell("beta_end", event.first("beta_end", "linear_end"), event.line)
        _beta_row(event, out)
        if len(out.facts) > before:
            imported = tuple(line for module, line in scene.trace.imports if event.path.startswith(module + "."))
            out.facet("diffusion", event.line, *imported)


def _beta_row(event: Event, out: Writer) -> None:
    """`Trainer(model, 1e-4, 0.02, 1000)`: two small rising numbers and a count, all from options."""
    numbers = [one for one in event.args if isinstance(one, Const) and one.via and number(one) is not None]
    for low, high, count in zip(numbers, numbers[1:], numbers[2:], strict=False):
        if 0 < low.value < high.value < 0.5 and isinstance(count.value, int) and count.value >= 10 and not out.has("beta_start"):
            out.tell("beta_start", low, event.line)
            out.tell("beta_end", high, event.line)
            if not out.has("timesteps"):
                out.tell("timesteps", count, event.line)


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
        if name in EMA_CLASSES and built:
            value = event.first(*EMA_KEYS) or next((one for one in event.args if _is_decay(one)), None)
        elif event.path == "new" and isinstance(event.owner, Class) and event.owner.name in EMA_CLASSES:
            value = event.first(*EMA_KEYS) or next((one for one in event.args if _is_decay(one)), None)
        elif name in ("get_ema_multi_avg_fn", "get_ema_avg_fn"):
            value = event.arg("decay", 0)
        elif event.path == "op.add":
            value = _average(event)
        elif name == "lerp_" and "param" in _tags(event):
            value = event.args[-1] if event.args else None
            value = _complement(value)
        elif _is_unknown(event) and "ema" in event.kwargs:
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
            numbers += [option for one in part.args for option in options_of(one) if number(option) is not None and isinstance(option, Const)][:1]
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
    for event in guided(scene):
        for part in event.args:
            for one in _numbers(part):
                out.tell("guidance", one, event.line)


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
    """Whether one of the models is called on the same tensor twice, with a condition and without, or on both at once."""
    for key in keys:
        calls = [call for call in scene.trace.model_calls if id(call.model) == key and call.args]
        for i, one in enumerate(calls):
            first = one.args[0]
            if "cat" in flow_of(first).marks or (isinstance(first, Obj) and first.name in ("repeat", "cat", "concat", "concatenate")):
                return True
            for two in calls[i + 1 :]:
                if two.line != one.line and two.args[0] is first and len(one.inputs) + len(two.inputs) > 3:
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


__all__ = ["Flow", "Lib", "Method", "averaged_weights", "guidance", "guided", "is_diffusion", "noisy_learnings", "prediction", "schedule"]
