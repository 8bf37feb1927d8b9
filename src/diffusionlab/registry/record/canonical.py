"""One name for each thing that a run is described by, and the spellings people type for it."""

import re

VOCABULARY: dict[str, dict[str, tuple[str, ...]]] = {
    "dataset": {
        "MNIST": ("mnist digits", "handwritten digits"),
        "Fashion-MNIST": ("fashion mnist", "fashionmnist", "fmnist", "f-mnist", "fashion"),
        "KMNIST": ("kuzushiji-mnist", "kuzushiji"),
        "EMNIST": ("extended mnist",),
        "QMNIST": (),
        "CIFAR-10": ("cifar10", "cifar 10", "cifar"),
        "CIFAR-100": ("cifar100", "cifar 100"),
        "CIFAR-10 cat/dog": (
            "cifar_catdog", "cifar10 catdog", "cifar-10 cats and dogs", "cat/dog", "cat dog", "catdog", "cat-dog",
            "cats/dogs",
            "cats and dogs", "cat and dog", "cats vs dogs", "cat vs dog", "cifar10 cat dog",
        ),
        "SVHN": ("street view house numbers",),
        "STL-10": ("stl10", "stl 10", "stl"),
        "CelebA": ("celeb-a", "celeb a"),
        "CelebA-HQ": ("celebahq", "celeba hq"),
        "FFHQ": ("flickr faces hq", "flickr-faces-hq"),
        "LSUN": (),
        "AFHQ": ("animal faces hq",),
        "ImageNet": ("image net", "imagenet-1k", "ilsvrc"),
        "Tiny ImageNet": ("tinyimagenet", "tiny-imagenet"),
        "Flowers-102": ("flowers102", "oxford flowers", "oxford flower", "oxford 102", "oxford-102 flowers", "flowers"),
        "Digits": ("sklearn digits", "optdigits"),
    },
    "optimizer": {
        "Adam": (), "AdamW": ("adam-w", "adam w"), "Adamax": (), "NAdam": (), "RAdam": ("rectified adam",),
        "Adafactor": (), "Adagrad": (), "Adadelta": (), "SGD": ("stochastic gradient descent",),
        "RMSprop": ("rms-prop", "rms prop"), "Lion": (), "LAMB": (), "Muon": (), "SOAP": (), "Shampoo": (),
        "Sophia": (), "Prodigy": (), "LBFGS": ("l-bfgs",), "ScheduleFree": ("schedule-free",),
    },
    "lr_schedule": {  # before the noise schedules, to which the bare words of both belong
        "constant": (), "cosine": ("cosine annealing", "cosine decay"), "linear": ("linear decay",),
        "one_cycle": ("one cycle", "onecycle", "1cycle"), "wsd": ("warmup stable decay",),
    },
    "schedule": {
        "linear": ("linear beta", "linear betas", "ddpm linear"), "cosine": ("cos", "squaredcos"),
        "sigmoid": (), "karras": (), "edm": (), "flow": ("linear interpolation",), "none": (),
    },
    "parameterization": {
        "epsilon": ("eps", "noise prediction", "epsilon prediction", "eps prediction", "predicts noise"),
        "x0": ("x_0", "x-zero", "sample prediction", "x0 prediction"),
        "v": ("velocity", "v-prediction", "v prediction", "vpred", "v-param", "velocity prediction"),
        "edm": ("edm preconditioning",),
        "flow": ("flow matching", "rectified flow", "flow-matching"),
        "consistency": ("consistency model", "consistency models"), "none": (),
    },
    "sampler": {
        "ddpm": ("ancestral",), "ddim": (), "euler": (), "heun": (),
        "dpmpp_2m": (
            "dpm-solver++", "dpmsolver++", "dpm++", "dpm solver", "dpm-solver", "dpm++ 2m", "dpm solver 2m", "dpmpp",
            "dpm-solver++(2m)", "dpm 2m", "dpm",
        ),
        "consistency": ("consistency sampling", "multistep consistency"),
        "dpmpp_sde": ("dpm-solver++ sde", "dpm++ sde", "sde-dpm-solver++", "dpm solver sde", "dpm sde"),
    },
    "precision": {
        "32-true": ("fp32", "float32", "full precision", "32"),
        "16-mixed": ("fp16", "float16", "half", "half precision"),
        "bf16-mixed": ("bf16", "bfloat16"), "64-true": ("fp64", "double precision"),
    },
    "status": {
        "running": ("still running", "in progress", "ongoing"),
        "finished": ("completed", "complete", "done", "successful", "succeeded"),
        "failed": ("failure", "failing", "errored", "error", "diverged"),
        "interrupted": ("stopped", "aborted", "cancelled", "canceled", "killed"),
        "crashed": ("crash", "died", "dead"),
    },
}  # fmt: skip
"""Column -> canonical value -> other spellings."""

DATASET_FAMILY = {"CIFAR-10 cat/dog": "CIFAR-10"}
"""A subset -> the set it was cut from. Every other data set is its own family: MNIST is not Fashion-MNIST."""


def squeeze(text: str) -> str:
    """The letters, digits and plus signs of a name in lower case: "CIFAR-10", "cifar 10" and "cifar10" are one."""
    return re.sub(r"[\W_]+", "", text.lower().replace("+", "plus"))


_BY_SPELLING = {
    column: {squeeze(text): name for name, others in names.items() for text in (name, *others)}
    for column, names in VOCABULARY.items()
}


_DATASET = re.compile(r"^the\s+|[\s_-]*data[\s_-]?set\b", re.IGNORECASE)


def near_dataset(name: str) -> str | None:
    """The data set that a longer, unknown name is most likely of: "Oxford Flowers (v3)" -> "Flowers-102"."""
    if canonical("dataset", name) in VOCABULARY["dataset"]:
        return None
    words = set(_stems(name))
    spelled = [(len(spelling), value) for spelling, value in _SPELLINGS if set(_stems(spelling)) <= words]
    return max(spelled)[1] if spelled else None


def _stems(name: str) -> list[str]:
    return [word.removesuffix("s") for word in re.findall(r"[a-z]+|\d+", name.lower())]


_SPELLINGS = [
    (spelling, value)
    for value, others in VOCABULARY["dataset"].items()
    for spelling in (value, *others)
    if (len(spelling) > 4 and len(_stems(spelling)) > 1) or (value.isalpha() and len(value) > 5)
]


def canonical(column: str, text: str | None) -> str | None:
    """The canonical value of a text column; a value outside the vocabulary stays as it is, trimmed.

    Class paths are read by their last part: "torch.optim.AdamW" is "AdamW".
    """
    if text is None or not text.strip():
        return None
    known = _BY_SPELLING.get(column, {})
    words = text.strip()
    if column == "dataset" and (plain := _DATASET.sub("", words)) and squeeze(plain) in known:  # "CelebA dataset"
        return known[squeeze(plain)]
    return known.get(squeeze(words)) or known.get(squeeze(words.rsplit(".", 1)[-1])) or words


def own_folder(name: str) -> str:
    """How a folder of somebody's own images is recorded: never as the public data set that it happens to be called."""
    return f"{name} (folder)" if canonical("dataset", name) in VOCABULARY["dataset"] else name


def spellings(column: str, value: str | None) -> tuple[str, ...]:
    """What people type for a canonical value, the value itself first."""
    return () if value is None else (value, *VOCABULARY.get(column, {}).get(value, ()))


def dataset_family(dataset: str | None) -> str | None:
    """The family of a canonical data set name: "CIFAR-10 cat/dog" -> "CIFAR-10", else the name itself."""
    return None if dataset is None else DATASET_FAMILY.get(dataset, dataset)


_ACCELERATOR = re.compile(
    r"\b(?:(rtx|gtx)\s*-?\s*((?:pro\s*)?a?\d{3,4})\s*(ti|super|ada)?|(gh200|gb200|[hb]\d{2,3}|a\d{2,3}|v100|p100|t4|l4|l40s?|titan\s*\w*)"
    r"|(mi\d{2,3}x?)|(tpu)[\s-]*(v\d\w*)?)\b"
)


def hardware_kind(text: str | None) -> str | None:
    """What was found, as one comparable name: "8x NVIDIA H100 80GB HBM3" -> "h100", an unknown GPU -> "gpu"."""
    if text is None or not text.strip():
        return None
    words = text.strip().lower().replace("_", " ").replace("-", " ")
    if words.startswith("cpu"):
        return "cpu"
    if found := _ACCELERATOR.search(words):
        series, number, suffix, card, instinct, tpu, generation = found.groups()
        parts = [series, number, suffix] if series else [card or instinct or tpu, generation]
        return "-".join(part.strip().replace(" ", "-") for part in parts if part)
    if re.search(r"\b(mps|apple m\d|metal)\b", words):
        return "mps"
    if re.search(r"\b(gpu|cuda|nvidia|geforce|radeon|quadro|tesla|rocm)", words):
        return "gpu"
    if re.search(r"\b(cpu|xeon|epyc|ryzen|intel|amd|core|x86|arm|aarch64|neoverse|graviton)", words):
        return "cpu"
    return squeeze(words) or None


def is_gpu(kind: str | None) -> bool:
    """Whether a hardware kind is a graphics processor of any make (a TPU is none)."""
    return kind is not None and kind != "cpu" and not kind.startswith("tpu")
