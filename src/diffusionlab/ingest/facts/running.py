"""What a script runs on and with: framework, device, precision, seed, outputs."""

from __future__ import annotations

import re

from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.machine import FILE_STRIDE
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.record import Fact
from diffusionlab.ingest.source import Source
from diffusionlab.ingest.values import Const, Lib, Method, Obj, Value, constant, options_of

FRAMEWORKS = [
    ("JAX / Flax", ("flax",)),
    ("JAX / Haiku", ("haiku",)),
    ("JAX / Equinox", ("equinox",)),
    ("PyTorch", ("torch", "pytorch_lightning", "lightning", "diffusers")),
    ("JAX", ("jax",)),
    ("Keras / TensorFlow", ("keras", "tensorflow")),
    ("MXNet", ("mxnet",)),
    ("Chainer", ("chainer",)),
    ("PaddlePaddle", ("paddle",)),
    ("Theano / Lasagne", ("lasagne", "theano")),
]
TENSORFLOW_FILES = {"io", "gfile", "config", "data", "app", "flags", "logging", "compat", "v1", "get_logger"}
PRECISIONS = {
    "fp16": "16-mixed", "bf16": "bf16-mixed", "no": "32-true", "16": "16-mixed", "32": "32-true",
    "16-mixed": "16-mixed", "bf16-mixed": "bf16-mixed", "32-true": "32-true", "bf16-true": "bf16-true",
    "64": "64-true", "16-true": "16-true",
}  # fmt: skip
SEEDS = {"manual_seed", "seed_everything", "set_seed", "set_random_seed", "PRNGKey", "key", "manual_seed_all", "seed"}
DEVICES = ("cuda", "mps", "cpu", "xla", "tpu", "gpu", "xpu")
VERSION = re.compile(
    r"\b(pytorch|torch|tensorflow|keras|jax|flax|diffusers)\s*(?:version)?\s*(?:==|>=|=|:)\s*v?(\d+(?:\.\d+)+[\w.]*)",
    re.I,
)
NAMES = {
    "pytorch": "PyTorch",
    "torch": "PyTorch",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "jax": "JAX",
    "flax": "Flax",
}


def framework(scene: Scene, source: Source, out: Writer) -> None:
    """
    import torch                                         -> PyTorch
    from tensorflow import keras                         -> Keras / TensorFlow
    import flax, jax and tensorflow_datasets for data    -> JAX / Flax
    """
    own = [(module.split(".")[0], line) for module, line in scene.trace.imports if line < FILE_STRIDE]
    beside = [(module.split(".")[0], line) for module, line in scene.trace.imports if line >= FILE_STRIDE]
    known = {one for _, packages in FRAMEWORKS for one in packages}
    tops = own if any(top in known for top, _ in own) else beside
    for name, packages in FRAMEWORKS:
        if name == "JAX" and any(top == "keras" for top, _ in tops):
            continue  # Keras on JAX
        if name == "PyTorch" and any(top == "keras" for top, _ in tops) and not _trains_in_torch(scene):
            continue  # Keras on PyTorch, or data alone
        lines = tuple(line for top, line in tops if top in packages)
        if lines and (name != "PyTorch" or any(top in ("torch", "pytorch_lightning", "lightning") for top, _ in tops)):
            plain = name.startswith("Keras") and not any("keras" in module for module, _ in scene.trace.imports)
            if not plain or _reads_keras(scene):
                out.say("framework", name, lines)
            elif _computes(source):
                out.say("framework", "TensorFlow", lines)
            break
    for place, text in source.notes:
        match = VERSION.search(text)
        if match:
            version = f"{NAMES.get(match[1].lower(), match[1])} {match[2]}"
            out.facts.setdefault("framework_version", []).append(_note("framework_version", version, place))
            return
    for event in scene.trace.named("check_min_version"):
        value = constant(event.arg("min_version", 0))
        if isinstance(value, str):
            out.say("framework_version", f"diffusers {value} or newer", (event.line,), via="check_min_version")


def _computes(source: Source) -> bool:
    """Whether TensorFlow does more than read files, flags and data."""
    names = re.findall(r"^\s*import tensorflow(?:\.compat\.v1)?(?: as (\w+))?", source.text, re.M)
    used = {word for name in names for word in re.findall(rf"\b{name or 'tensorflow'}\.(\w+)", source.text)}
    return bool(used - TENSORFLOW_FILES) or not names


def _trains_in_torch(scene: Scene) -> bool:
    return any(event.path.startswith(("torch.nn", "torch.optim")) for event in scene.trace.events) or any(
        base.startswith("torch") for cls in scene.trace.classes for base in cls.library_bases()
    )


def _reads_keras(scene: Scene) -> bool:
    return any(".keras." in event.path for event in scene.trace.events) or any(
        ".keras." in base for cls in scene.trace.classes for base in cls.library_bases()
    )


def _note(name: str, value: str, place: int | str) -> Fact:
    return Fact(value, (place,), via="markdown")


def device(scene: Scene, out: Writer) -> None:
    """
    torch.device("cuda" if torch.cuda.is_available() else "cpu")        -> cuda, cpu
    if cuda: model.cuda()                                               -> cuda, cpu
    .to("cuda:0"), device="cuda" as a default                           -> cuda
    """
    candidates: list[tuple[Value, int]] = []
    for event in scene.trace.events:
        if event.path == ".to" and event.args:
            candidates.append((event.args[0], event.line))
    candidates += [(event.result, event.line) for event in scene.trace.of("torch.device")]
    candidates += [(event.kwargs["device"], event.line) for event in scene.trace.events if "device" in event.kwargs]
    for value, line in candidates:
        names, lines = _order(value)
        if names:
            out.say("hardware", names, (*lines, line))
            return
    for event in scene.trace.of(".cuda"):
        conditional = event.result is not None and _guarded(scene, event)
        out.say("hardware", ["cuda", "cpu"] if conditional else ["cuda"], (*conditional, event.line))
        return


def _guarded(scene: Scene, event: Event) -> tuple[int, ...]:
    """Lines of the test for CUDA that a script makes somewhere."""
    return tuple(dict.fromkeys(one.line for one in scene.trace.of("torch.cuda.is_available")))[:2]


def _order(value: Value) -> tuple[list[str], tuple[int, ...]]:
    """Devices in order of preference, with their lines."""
    names: list[str] = []
    lines: list[int] = []
    for one in options_of(value):
        found: list[str] = []
        if isinstance(one, Const) and isinstance(one.value, str):
            found = [one.value.split(":")[0]]
            lines += one.lines
        elif isinstance(one, Obj) and one.path == "torch.device":
            found, more = _order(one.kwargs.get("type", one.args[0] if one.args else Value()))
            lines += [one.site, *more]
        elif isinstance(one, Obj) and "accelerator" in one.path:
            found = ["accelerator"]
            lines.append(one.site)
        names += [name for name in found if name not in names]
    names.sort(key=lambda name: name == "cpu")  # the fallback, whichever way round the test is written
    known = [name for name in names if name in DEVICES or name == "accelerator"]
    return (known, tuple(dict.fromkeys(lines))) if len(known) == len(names) else ([], ())


def precision(scene: Scene, out: Writer) -> None:
    """
    with autocast(): ...                          -> 16-mixed (bf16-mixed with that dtype); only where it is entered
    Accelerator(mixed_precision="no")             -> 32-true
    Trainer(precision=16)                         -> 16-mixed
    set_global_policy("mixed_float16")            -> 16-mixed
    """
    for event in scene.trace.events:
        value: Value | None = None
        if (
            event.path == "with"
            and isinstance(event.args[0], Obj)
            and event.args[0].name == "autocast"
            and _trains_inside(scene, event)
        ):
            context = event.args[0]
            kind = next((one for one in [*context.kwargs.values(), *context.args] if isinstance(one, Lib | Const)
                         and _is_dtype(one)), None)  # fmt: skip
            enabled = context.kwargs.get("enabled")
            if isinstance(enabled, Const) and enabled.value is False:
                continue
            bf16 = isinstance(kind, Lib) and kind.path.endswith("bfloat16")
            scaler = tuple(one.line for one in scene.trace.named("GradScaler"))
            imports = tuple(line for module, line in scene.trace.imports if module.endswith("amp"))
            out.say("precision", "bf16-mixed" if bf16 else "16-mixed", (event.line, context.site, *scaler, *imports))
            return
        if event.name == "Accelerator":
            value = event.first("mixed_precision")
        elif event.name == "Trainer" and "precision" in event.kwargs:
            value = event.kwargs["precision"]
        elif event.name in ("set_global_policy", "set_policy", "Policy"):
            value = event.arg("policy", 0)
            word = str(constant(value))
            if "mixed" in word:
                out.say("precision", "bf16-mixed" if "bfloat" in word else "16-mixed", (event.line,))
                return
        for one in options_of(value)[:1]:
            if isinstance(one, Const) and str(one.value) in PRECISIONS:
                out.say("precision", PRECISIONS[str(one.value)], (*one.lines, event.line), via=one.via)
                return


def _trains_inside(scene: Scene, event: Event) -> bool:
    """Whether a network is called in a block, and not only to draw samples from it."""
    inside = [call for call in scene.trace.model_calls if event.order < call.order <= event.until and not call.no_grad]
    losses = [loss for loss in scene.losses if event.order < loss.order <= event.until]
    return bool(losses) or (bool(inside) and bool(event.loops))


def _is_dtype(value: Value) -> bool:
    return isinstance(value, Lib) and value.path.endswith(("float16", "bfloat16", "half"))


def seeds(scene: Scene, out: Writer) -> None:
    """
    torch.manual_seed(42) before the training            -> 42
    torch.Generator().manual_seed(0), a seed in a figure  -> nothing
    """
    chosen: list[Event] = []
    for event in scene.trace.events:
        if event.name == "LightningCLI":
            out.tell("seed", event.first("seed_everything_default"), event.line)
        if event.name not in SEEDS or event.path.startswith(".") or event.order > scene.first_update:
            continue
        if event.path.startswith("?") or (
            event.name in ("seed", "key") and not event.path.endswith((".random.seed", "random.key", "random.seed"))
        ):
            continue
        if event.no_grad or any(loop.kind in ("range", "data", "while") for loop in event.loops):
            continue
        chosen.append(event)
    top = [
        event
        for event in chosen
        if event.path.startswith(
            ("torch", "tensorflow", "pytorch_lightning", "lightning", "jax", "accelerate", "transformers")
        )
    ]
    chosen = top or chosen
    values = {constant(event.arg("seed", 0)) for event in chosen}
    if len(values) > 1 and all(event.path.startswith("jax") for event in chosen):
        chosen = [event for event in chosen if event.building is not None or event.frames] or chosen[:1]
    for event in chosen:
        out.tell("seed", event.arg("seed", 0), event.line)


def outputs(scene: Scene, out: Writer) -> None:
    """Folders that are made, and files that are written outside them."""
    folders: list[str] = []
    for event in scene.trace.events:
        if event.name in ("makedirs", "mkdir") and event.path.startswith(("os.", ".")):
            value = event.args[0] if event.args else event.first("name")
            if event.path == ".mkdir":
                owner = event.owner
                value = owner.args[0] if isinstance(owner, Obj) and owner.args else None
        elif event.name in WRITERS and not event.path.startswith("?") and not _reads(event):
            value = event.arg("fname" if event.name == "savefig" else "f", WRITERS[event.name])
            value = (
                value
                if value is not None
                else event.first("path", "filepath", "fp", "save_directory", "output_dir", "log_dir")
            )
        else:
            continue
        for one in options_of(value)[:1]:
            if isinstance(one, Obj) and one.name in ("join_path", "Path") and one.args:
                one = one.args[0]
            if (
                not isinstance(one, Const)
                or not isinstance(one.value, str)
                or not one.value
                or one.value.startswith("{}")
            ):
                continue
            place = _place(one.value) if event.name in WRITERS else one.value.rstrip("/")
            if (
                "{}" in place
                or any(place == known or place.startswith(known + "/") for known in folders)
                or "data" in place.split("/")[-1]
            ):
                continue
            if "/" not in place.lstrip("./") and event.name in WRITERS and folders and "." in place:
                continue
            folders.append(place)
            out.say("outputs", place, (*one.lines, event.line))


WRITERS = {
    "savefig": 0,
    "save_image": 1,
    "save": 1,
    "save_weights": 0,
    "save_pretrained": 0,
    "imsave": 0,
    "mimsave": 0,
    "SummaryWriter": 0,
    "imwrite": 0,
    "ModelCheckpoint": 0,
}


def _reads(event: Event) -> bool:
    return event.name == "save" and isinstance(event.owner, Lib | Method)


def _place(text: str) -> str:
    """The folder of a file that is written; the file where it lies in the working directory."""
    folder, slash, name = text.rpartition("/")
    while "{}" in folder:
        folder, slash, _ = folder.rpartition("/")
    return folder if slash and folder not in (".", "") else (text if "{}" not in text else name)
