"""How a fact becomes settings of this lab: one row a field, with the reason where a value does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from diffusionlab.ingest.recipe.nearest import CONTINUOUS, DATA, SCHEDULES, Nearest, option
from diffusionlab.ingest.record import Script

AUTOENCODER = "codec.autoencoder"
"""Where the settings of a latent model's first stage are."""

ABOUT_THE_SCRIPT = {
    "framework", "framework_version", "architecture", "helper_modules", "unused_modules", "outputs",
}  # fmt: skip
"""Fields that set nothing here: the network is chosen by facets."""


@dataclass(frozen=True)
class Case:
    """A value to carry over; `stage` is None for the diffusion, AUTOENCODER for the first stage of a latent model."""

    value: Any
    script: Script
    near: Nearest
    stage: str | None = None

    def first(self, name: str, default: Any) -> Any:
        known = self.script.first(name)
        return default if known is None else known


@dataclass(frozen=True)
class Carried:
    """Settings by their option ("/data" chooses one of a group), and what of the value they do not hold."""

    settings: dict[str, Any] = field(default_factory=dict)
    but: str | None = None


Convert = Callable[[Case], Carried]


@dataclass(frozen=True)
class Row:
    """`option`: what to type where the script does not decide. `several`: every fact of the field counts, not one.

    `is_missed`: whether it is worth a word that the code does not show this.
    """

    field: str
    option: str
    convert: Convert
    several: bool = False
    is_missed: bool = True


def same(option: str) -> Convert:
    """The value as it is."""
    return lambda case: Carried({option: case.value})


def between(option: str, least: float, most: float) -> Convert:
    def convert(case: Case) -> Carried:
        if least <= case.value <= most:
            return Carried({option: case.value})
        return Carried(but=f"{option} takes {least:,} to {most:,}")

    return convert


def word(option: str, words: dict[str, str], reason: str) -> Convert:
    """One of the lab's words for the script's."""

    def convert(case: Case) -> Carried:
        known = words.get(str(case.value).lower())
        return Carried({option: known}) if known else Carried(but=reason)

    return convert


# ---- the images ----


def data_set(case: Case) -> Carried:
    near = case.near
    chosen: dict[str, Any] = {"/data": near.data}
    if near.class_names is not None:
        return Carried(chosen | {"data.class_names": near.class_names})
    if case.value in DATA:
        return Carried(chosen)
    return Carried(
        chosen, f"not in the lab; {near.data} stands in (your own images: data=image_folder data.folder=PATH)"
    )


def subset(case: Case) -> Carried:
    kept = case.near.class_names is not None or str(case.script.first("dataset")) in DATA
    return Carried(but=None if kept else f"{case.near.data} stands in, with all its classes")


def class_count(case: Case) -> Carried:
    known = case.near.num_classes
    return Carried(but=None if case.value == known else f"{case.near.data} has {known}")


def channels(case: Case) -> Carried:
    known = case.near.channels
    if case.value != known:
        return Carried(but=f"{case.near.data} has {known}")
    chosen = {} if case.script.first("dataset") or case.near.data == "garments" else {"/data": case.near.data}
    return Carried(chosen | {"data.channels": known})


def image_size(case: Case) -> Carried:
    """The U-Nets halve an image twice and the transformer has patches of 4; an autoencoder pads."""
    size = case.value
    if not 8 <= size <= 1024:
        return Carried(but="data.image_size takes 8 to 1024")
    if size % 4 == 0 or case.near.model.is_latent:
        return Carried({"data.image_size": size})
    nearest = 4 * round(size / 4)
    return Carried({"data.image_size": nearest}, f"{case.near.model.option} takes multiples of 4: {nearest}")


def augmentation(case: Case) -> Carried:
    if case.value in ("RandomHorizontalFlip", "HorizontalFlip"):
        return Carried({"data.horizontal_flip": True})
    if case.value == "RandomCrop":
        return Carried(but="by how many pixels is not read: set data.random_crop")
    if case.value in ("ColorJitter", "RandomBrightnessContrast"):
        return Carried(but="its strength is not read: set data.colour_jitter")
    return Carried(but="the lab has no such augmentation")


# ---- the diffusion ----


def schedule(case: Case) -> Carried:
    chosen = {"/schedule": case.near.schedule} if case.near.schedule else {}
    if chosen and SCHEDULES.get(str(case.value).lower()) == case.near.schedule:
        return Carried(chosen)
    stands = f"{case.near.schedule} is the nearest" if chosen else "its default stands"
    return Carried(chosen, f"the lab has no such schedule; {stands}")


def timesteps(case: Case) -> Carried:
    if case.near.schedule in CONTINUOUS:
        return Carried(but=f"time is continuous in schedule={case.near.schedule}")
    if case.value > 100_000:
        return Carried(but="schedule.num_steps takes 2 to 100,000")
    sampler = {"sampler.num_steps": None} if case.value < option("sampler", "ddim")["num_steps"] else {}
    return Carried({"schedule.num_steps": case.value} | sampler)


def beta(name: str) -> Convert:
    def convert(case: Case) -> Carried:
        if case.near.schedule != "linear":
            return Carried(but=f"schedule={case.near.schedule or 'cosine'} has no ends of beta")
        ends = option("schedule", "linear")
        start, end = case.first("beta_start", ends["beta_start"]), case.first("beta_end", ends["beta_end"])
        if not 0 < start <= end < 1:
            return Carried(but="the lab needs 0 < schedule.beta_start <= schedule.beta_end < 1")
        return Carried({"/schedule": "linear", f"schedule.{name}": case.value})

    return convert


def parameterization(case: Case) -> Carried:
    if case.value not in ("epsilon", "x0", "v", "flow"):
        return Carried(but="the lab has no such parameterization")
    chosen = {"/parameterization": case.value}
    return Carried(chosen | ({"/schedule": case.near.schedule} if case.value == "flow" else {}))


def loss(case: Case) -> Carried:
    if case.value in ("MSE", "squared error"):
        return Carried({} if case.stage else {"loss.weighting": "uniform"})
    if case.value == "KL" and case.near.model.is_latent:
        return Carried(but=f"its weight is not read: {AUTOENCODER}.loss.kl_weight stands")
    return Carried(but="the lab has no such term; it takes the squared error")


def guidance(case: Case) -> Carried:
    if not case.near.is_conditional:
        return Carried(but="the network takes no labels")
    return Carried({"callbacks.sample_grid.guidance_scale": case.value})


# ---- the training ----

OPTIMIZERS = {"adam": "adam", "adamw": "adamw", "sgd": "sgd", "muon": "muon"}
LIKE_ADAM = ("RAdam", "NAdam", "Adamax")
"""Classes of torch.optim that take what Adam takes, with the same defaults."""


def optimizer(case: Case) -> Carried:
    if case.value in LIKE_ADAM:
        return Carried({"/optimizer": "adam", "optimizer._target_": f"torch.optim.{case.value}"})
    return word("/optimizer", OPTIMIZERS, "the lab has no such optimizer; AdamW stands")(case)


LR_SCHEDULES = {
    "cosineannealinglr": "cosine", "cosine": "cosine", "warmup_cosine": "cosine", "cosinedecay": "cosine",
    "cosine_decay_schedule": "cosine", "warmup_cosine_decay_schedule": "cosine", "cosinelrscheduler": "cosine",
    "onecyclelr": "one_cycle", "linear": "linear", "constant": "constant", "constant_with_warmup": "constant",
}  # fmt: skip


def lr_schedule(case: Case) -> Carried:
    carried = word("/lr_schedule", LR_SCHEDULES, "the lab has no such schedule; the rate stays as it is")(case)
    if carried.settings.get("/lr_schedule") == "one_cycle":
        return Carried(carried.settings | {"lr_warmup_steps": 0})
    if "warmup" in str(case.value) and carried.settings:
        return Carried(carried.settings, "how long the warm-up takes is not read: set lr_warmup_steps")
    return carried


def steps(case: Case) -> Carried:
    endless = {} if "epochs" in case.script.facts else {"trainer.max_epochs": -1}
    return Carried(endless | {"trainer.max_steps": case.value})


def hardware(case: Case) -> Carried:
    devices = case.value if isinstance(case.value, list) else [case.value]
    return Carried({"/hardware": "cpu" if devices == ["cpu"] else "auto"})


def precision(case: Case) -> Carried:
    mixed = str(case.value).replace("true", "mixed")
    if case.value in ("32-true", "16-mixed", "bf16-mixed"):
        return Carried({"hardware.precision": case.value})
    if mixed in ("16-mixed", "bf16-mixed"):
        return Carried({"hardware.precision": mixed}, f"the lab keeps weights in 32 bits: {mixed}")
    return Carried(but="the lab computes in 16 or 32 bits")


ROWS = (
    Row("dataset", "/data", data_set),
    Row("subset", "data.class_names", subset, is_missed=False),
    Row("num_classes", "data.class_names", class_count, is_missed=False),
    Row("image_size", "data.image_size", image_size),
    Row("channels", "data.channels", channels),
    Row("augmentation", "data.horizontal_flip", augmentation, several=True),
    Row("batch_size", "data.batch_size", between("data.batch_size", 1, 4096)),  # one class of CIFAR-10 has 4,500
    Row("schedule", "/schedule", schedule),
    Row("timesteps", "schedule.num_steps", timesteps),
    Row("beta_start", "schedule.beta_start", beta("beta_start"), is_missed=False),
    Row("beta_end", "schedule.beta_end", beta("beta_end"), is_missed=False),
    Row("parameterization", "/parameterization", parameterization),
    Row("loss", "loss.weighting", loss, several=True),
    Row("guidance", "callbacks.sample_grid.guidance_scale", guidance, is_missed=False),
    Row("optimizer", "/optimizer", optimizer),
    Row("lr", "optimizer.lr", same("optimizer.lr")),
    Row("weight_decay", "optimizer.weight_decay", same("optimizer.weight_decay")),
    Row("lr_scheduler", "/lr_schedule", lr_schedule),
    Row("epochs", "trainer.max_epochs", same("trainer.max_epochs")),
    Row("steps", "trainer.max_steps", steps, is_missed=False),
    Row("ema", "ema_decay", same("ema_decay")),
    Row("hardware", "/hardware", hardware, is_missed=False),
    Row("precision", "hardware.precision", precision),
    Row("seed", "seed", between("seed", 0, 2**32 - 1)),
)
