"""Optimizers, learning rates and their schedules, epochs and steps."""

from __future__ import annotations

from diffusionlab.ingest.facts.models import Optimizer, optimizer_name
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.trace import Event, Loop
from diffusionlab.ingest.values import Const, Map, Method, Obj, Seq, Value, constant, number, options_of

LR_NAMES = ("lr", "learning_rate", "base_lr")
LR_POSITION = {"torch": 1, "bitsandbytes": 1, "lion_pytorch": 1, "transformers": 1, "apex": 1, "torch_optimizer": 1}
DECAY_POSITION = {"Adam": 4, "AdamW": 4, "SGD": 4, "RMSprop": 4, "Adadelta": 4, "Adagrad": 3}
SCHEDULE_HOMES = (
    "torch.optim.lr_scheduler.",
    "optax.",
    "keras.optimizers.schedules.",
    "tensorflow.keras.optimizers.schedules.",
)
SCHEDULES_OF_OTHERS = {
    "CosineDecay", "ExponentialDecay", "PiecewiseConstantDecay", "PolynomialDecay", "InverseTimeDecay",
    "CosineDecayRestarts", "warmup_cosine_decay_schedule", "cosine_decay_schedule", "exponential_decay",
    "warmup_exponential_decay_schedule", "linear_schedule", "piecewise_constant_schedule", "polynomial_schedule",
    "cosine_onecycle_schedule", "linear_onecycle_schedule",
}  # fmt: skip
NAMED_SCHEDULES = {
    "get_cosine_schedule_with_warmup": "cosine",
    "get_linear_schedule_with_warmup": "linear",
    "get_constant_schedule_with_warmup": "constant_with_warmup",
    "get_constant_schedule": "constant",
    "get_cosine_with_hard_restarts_schedule_with_warmup": "cosine_with_restarts",
    "get_polynomial_decay_schedule_with_warmup": "polynomial",
}
CALLBACKS = {"ReduceLROnPlateau", "LearningRateScheduler"}
EPOCH_KEYS = ("epochs", "nb_epoch", "max_epochs", "num_train_epochs", "n_epochs", "num_epochs")


def optimizers(scene: Scene, out: Writer) -> None:
    """
    Adam(model.parameters(), lr=1e-3)            -> optimizer Adam, lr 0.001
    Adam(0.0002, 0.5)                            -> lr 0.0002; the second is beta1, not weight decay (Keras)
    getattr(torch.optim, "Adam")(...)            -> optimizer Adam
    group["lr"] = scale * 2e-4                   -> lr 0.0002 takes effect, the argument is a second fact
    OneCycleLR(optimizer, max_lr=1e-3)           -> lr 0.001 takes effect
    """
    for optimizer in scene.optimizers:
        stage = scene.stage_of(optimizer)
        event = optimizer.event
        out.say("optimizer", optimizer.name, (event.line,), stage)
        overwritten = _overwritten(scene, optimizer, out, stage)
        peak = _peak(scene, optimizer, out, stage)
        role = "optimizer argument" if overwritten or peak else None
        _learning_rate(event, out, stage, role)
        decay = event.arg(
            "weight_decay", DECAY_POSITION.get(optimizer.name) if event.path.startswith("torch.") else None
        )
        out.tell("weight_decay", decay, event.line, stage=stage)
    if not scene.optimizers:
        _named_optimizers(scene, out)


def _learning_rate(event: Event, out: Writer, stage: str | None, role: str | None) -> None:
    top = event.path.split(".")[0]
    value = event.first(*LR_NAMES) or event.arg("lr", LR_POSITION.get(top, 0))
    if isinstance(value, Obj) and value.ramp is None:
        value = _scheduled(value, event, out, stage)
    if value is None and event.args and isinstance(event.args[0], Seq):  # groups of parameters
        for group in event.args[0].items:
            if isinstance(group, Map):
                out.tell("lr", group.items.get("lr"), event.line, stage=stage, role="parameter group")
    out.tell("lr", value, event.line, stage=stage, role=role)


def _scheduled(value: Obj, event: Event, out: Writer, stage: str | None) -> Value | None:
    """`Adam(CosineDecay(1e-3, ...))`: a schedule in the place of a number."""
    if value.name in SCHEDULES_OF_OTHERS:
        out.say("lr_scheduler", value.name, (value.site,), stage)
        for name in ("peak_value", "initial_learning_rate", "init_value", "learning_rate"):
            if name in value.kwargs:
                return value.kwargs[name]
        return value.args[0] if value.args else None
    if value.path in ("op.mul", "op.div"):
        return None
    return value


def _overwritten(scene: Scene, optimizer: Optimizer, out: Writer, stage: str | None) -> bool:
    """A rate written into the parameter groups at every step."""
    found = False
    for event in scene.trace.of("[]="):
        key, value = event.args
        if constant(key) != "lr" or not event.loops or not _groups_of(event.owner, optimizer, scene):
            continue
        name, lines = _hand_written_schedule(value)
        if name:
            out.say("lr_scheduler", name, (*lines, event.line), stage, via="hand-written function")
        for part in _base_rates(value):
            if number(part) is not None:
                role = "written into the parameter groups at each step"
                found = out.tell("lr", part, event.line, stage=stage, role=role) or found
    return found


def _groups_of(owner: Value | None, optimizer: Optimizer, scene: Scene) -> bool:
    """Whether an item of `optimizer.param_groups` is assigned to."""
    chain = owner
    for _ in range(6):
        if isinstance(chain, Method | Obj) and chain is not optimizer.value:
            chain = chain.owner
    return chain is optimizer.value or (chain is None and len(scene.optimizers) == 1)


def _base_rates(value: Value) -> list[Value]:
    """The number that a scale is multiplied with, the same in all branches of the scale."""
    rates: list[Value] = []
    for one in options_of(value):
        factors = one.args if isinstance(one, Obj) and one.path == "op.mul" else []
        numbers = [part for part in factors if number(part) is not None]
        if len(numbers) != 1 or (rates and number(rates[0]) != number(numbers[0])):
            return []
        rates = rates or numbers
    return rates


def _hand_written_schedule(value: Value) -> tuple[str, tuple[int, ...]]:
    """The form of a function of the step: a cosine, after a warm-up where it has one."""
    marks: set[str] = set()
    lines: list[int] = []

    def visit(one: Value, depth: int) -> None:
        for option in options_of(one):
            if isinstance(option, Obj) and depth:
                if option.path.endswith(".cos"):
                    marks.add("cos")
                if option.path == "op.div":
                    marks.add("div")
                lines.extend(option.lines)
                for part in option.args:
                    visit(part, depth - 1)

    visit(value, 8)
    if "cos" not in marks:
        return "", ()
    branches = [one for one in options_of(value) if isinstance(one, Obj)]
    rising = any("op.div" in _paths(one) and ".cos" not in _paths(one) for one in branches)
    return ("warmup_cosine" if rising else "cosine"), tuple(dict.fromkeys(lines))[:8]


def _paths(value: Value, depth: int = 8) -> str:
    if not isinstance(value, Obj) or not depth:
        return ""
    return " ".join([value.path, *(_paths(one, depth - 1) for part in value.args for one in options_of(part))])


def _peak(scene: Scene, optimizer: Optimizer, out: Writer, stage: str | None) -> bool:
    for event in scene.trace.named("OneCycleLR"):
        if optimizer.value in options_of(event.arg("optimizer", 0)):
            role = "peak set by OneCycleLR, which replaces the optimizer argument"
            return out.tell("lr", event.arg("max_lr", 1), event.line, stage=stage, role=role)
    return False


def _named_optimizers(scene: Scene, out: Writer) -> None:
    """Optimizers by name: compile(optimizer="adam"), getattr(torch.optim, name)."""
    for event in scene.trace.of(".compile"):
        name = constant(event.arg("optimizer", 0))
        known = optimizer_name(f"keras.optimizers.{name}") if isinstance(name, str) else None
        value = event.arg("optimizer", 0)
        if known and value is not None:
            out.say("optimizer", known, (*value.lines, event.line))
    for event in scene.trace.events:
        if event.path == "TrainingArguments" or event.name in ("TrainingArguments", "Seq2SeqTrainingArguments"):
            out.tell("lr", event.first("learning_rate"), event.line)
            out.tell("weight_decay", event.first("weight_decay"), event.line)


def schedules(scene: Scene, out: Writer) -> None:
    """
    optim.lr_scheduler.StepLR(optimizer, 10)     -> StepLR
    get_scheduler("cosine", optimizer, ...)      -> cosine
    callbacks.ReduceLROnPlateau(...)             -> ReduceLROnPlateau
    DDPMScheduler(...)                           -> nothing: a noise schedule
    """
    by_value = {id(one.value): one for one in scene.optimizers}
    for event in scene.trace.events:
        name = event.name
        target = event.arg("optimizer", 0)
        stage = next((scene.stage_of(by_value[id(one)]) for one in options_of(target) if id(one) in by_value), None)
        if event.path.startswith("torch.optim.lr_scheduler.") and name[:1].isupper():
            if name not in ("SequentialLR", "ChainedScheduler"):
                out.say("lr_scheduler", name, (event.line,), stage)
        elif name == "get_scheduler" and event.path.startswith(("diffusers", "transformers")):
            out.tell("lr_scheduler", event.arg("name", 0), event.line, stage=stage)
        elif name in NAMED_SCHEDULES:
            out.say("lr_scheduler", NAMED_SCHEDULES[name], (event.line,), stage)
        elif (
            (name in CALLBACKS and event.path.startswith(("keras", "tensorflow")))
            or (name in SCHEDULES_OF_OTHERS and event.path.startswith(SCHEDULE_HOMES) and not out.has("lr_scheduler"))
            or (event.path.endswith("Scheduler") and event.path.startswith("timm.scheduler"))
        ):
            out.say("lr_scheduler", name, (event.line,), stage)


def durations(scene: Scene, out: Writer) -> None:
    """
    for epoch in range(epochs): for batch in loader: ... step()      -> epochs
    for step in range(n_steps): batch = next(it); ... step()         -> steps
    while step < n_steps: ...                                        -> steps
    model.fit(x, y, epochs=10), Trainer(max_epochs=10)               -> epochs
    """
    for loops, _, optimizer in scene.training_loops:
        stage = scene.stage_of(optimizer) if optimizer is not None else None
        counted = [loop for loop in loops if loop.kind in ("range", "while") and loop.count is not None]
        data = next((i for i, loop in enumerate(loops) if loop.kind == "data"), None)
        outer = [loop for loop in counted if data is None or loops.index(loop) < data]
        for loop in outer[:1]:
            kind = _kind(loop, data is not None)
            if kind:
                out.tell(kind, _bare(loop.count), loop.line, stage=stage)
    for event in scene.trace.events:
        if event.name in ("fit", "fit_generator", "train") and event.path.startswith("."):
            out.tell("epochs", event.first(*EPOCH_KEYS), event.line)
        elif event.name in ("Trainer", "TrainingArguments", "Seq2SeqTrainingArguments"):
            out.tell("epochs", event.first(*EPOCH_KEYS), event.line)
            steps = event.first("max_steps", "train_num_steps")
            if not (isinstance(steps, Const) and steps.value == -1):
                out.tell("steps", steps, event.line)


def _kind(loop: Loop, over_data: bool) -> str | None:
    """Whether a loop counts epochs or steps: what runs inside it decides, and its names where that is open."""
    count = loop.count
    words = " ".join([loop.name, _named(count)]).lower()
    if "epoch" in words:
        return "epochs"
    if over_data:
        return "epochs" if loop.kind == "range" else ("steps" if "step" in words or "iter" in words else None)
    if any(word in words for word in ("step", "iter", "batch")):
        return "steps"
    return "steps"


def _named(value: Value | None) -> str:
    if value is None:
        return ""
    name = getattr(value, "name", "")
    asks = getattr(value, "asks", None)
    return f"{name} {asks or ''}"


def _bare(value: Value | None) -> Value | None:
    """The number of epochs in `epochs + 1` or `int(epochs)`."""
    plus_one = isinstance(value, Const) and len(value.parts) == 2 and number(value.parts[1]) == 1
    return value.parts[0] if plus_one and isinstance(value, Const) else value
