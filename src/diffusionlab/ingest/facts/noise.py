"""The noise schedule: its form, its steps, the ends of its betas."""

from __future__ import annotations

from diffusionlab.ingest.facts.diffusion import IMAGES, is_foreign_class, noisy_learnings
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.tensors import ramp
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import (
    Const,
    Obj,
    Ramp,
    Seq,
    flow_of,
    number,
    options_of,
)

STEP_KEYS = (
    "num_train_timesteps",
    "timesteps",
    "num_timesteps",
    "n_T",
    "noise_steps",
    "T",
    "diffusion_steps",
    "n_timesteps",
    "n_steps",
    "num_steps",
)


SCHEDULER_HOMES = ("diffusers",)


def schedule(scene: Scene, out: Writer) -> None:
    """
    betas = torch.linspace(1e-4, 0.02, 1000); cumprod(1 - betas)            -> linear, 0.0001, 0.02, 1000
    (b2 - b1) * torch.arange(0, T + 1) / T + b1                             -> linear, b1, b2, T
    torch.linspace(b1 ** 0.5, b2 ** 0.5, T) ** 2                            -> quadratic
    cos(((x / T) + s) / (1 + s) * pi / 2) ** 2, ratios of it                -> cosine, T
    DDPMScheduler(beta_schedule="linear") whose add_noise training calls     -> as named
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
        value = (
            event.owner
            if event.path.startswith((".", "tensor.")) and event.owner is not None
            else (event.args[0] if event.args else None)
        )
        row = ramp(value) if value is not None else None
        if row is None:
            continue
        rows.append((row, (*(row.source or row).lines, event.line), event))
    start = min((one.loss.order for one in noisy_learnings(scene)), default=1 << 60)
    rows.sort(key=lambda one: (one[2].order > start, -one[2].order))
    told: tuple[object, ...] | None = None
    # first the row that is made last before the training; others that say the same are evidence
    for row, lines, _ in rows:
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
        if (
            not event.path.startswith(SCHEDULER_HOMES)
            or not event.name.endswith("Scheduler")
            or event.name == "get_scheduler"
        ):
            continue
        adds = [
            one
            for one in scene.trace.of(".add_noise")
            if one.owner is event.result or event.result in options_of(one.owner)
        ]
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
    """The number of noise levels that training draws from: `t = randint(1, n)`."""
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
            cosines = tuple(
                one.line
                for one in scene.trace.named("cos", "sin")
                if "time" in flow_of(one.result).tags and not one.forward
            )
            out.say("schedule", "cosine", (*cosines[:4], event.line))
            return


def _handed_over(scene: Scene, out: Writer) -> None:
    """Settings given by name to a class that is imported from a file which is not shown."""
    for event in scene.trace.events:
        if not is_foreign_class(event) or "." not in event.path:
            continue
        before = len(out.facts)
        schedule_value = event.first("diffusion_schedule", "noise_schedule", "beta_schedule", "schedule")
        for one in options_of(schedule_value)[:1]:
            if isinstance(one, Const) and isinstance(one.value, str) and not out.has("schedule"):
                out.tell("schedule", one, event.line)
            elif isinstance(one, Obj) and one.name.endswith("Schedule") and not out.has("schedule"):
                out.say("schedule", one.name.removesuffix("Schedule"), (one.site,))
        if not out.has("timesteps"):
            out.tell(
                "timesteps",
                event.first("num_train_timesteps", "timesteps", "num_timesteps", "n_T", "noise_steps", "T"),
                event.line,
            )
        if not out.has("beta_start"):
            out.tell("beta_start", event.first("beta_start", "linear_start"), event.line)
            out.tell("beta_end", event.first("beta_end", "linear_end"), event.line)
        _beta_row(event, out)
        betas = event.first("betas")
        if isinstance(betas, Seq) and len(betas.items) == 2 and all((number(one) or 1) < 0.5 for one in betas.items):
            out.tell("beta_start", betas.items[0], event.line)
            out.tell("beta_end", betas.items[1], event.line)
        if len(out.facts) > before:
            imported = tuple(line for module, line in scene.trace.imports if event.path.startswith(module + "."))
            out.facet("diffusion", event.line, *imported)


def _beta_row(event: Event, out: Writer) -> None:
    """`Trainer(model, 1e-4, 0.02, 1000)`: two small rising numbers and a count, all from options."""
    numbers = [one for one in event.args if isinstance(one, Const) and one.via and number(one) is not None]
    for low, high, count in zip(numbers, numbers[1:], numbers[2:], strict=False):
        if (
            0 < low.value < high.value < 0.5
            and isinstance(count.value, int)
            and count.value >= 10
            and not out.has("beta_start")
        ):
            out.tell("beta_start", low, event.line)
            out.tell("beta_end", high, event.line)
            if not out.has("timesteps"):
                out.tell("timesteps", count, event.line)
