"""What of this lab is nearest to a script: the data, the network by the facets of its code, the noise schedule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from diffusionlab.ingest.facts.names import CLASS_NAMES, SIZES
from diffusionlab.ingest.record import Script
from diffusionlab.invocation import CONF

DATA = {
    "MNIST": "mnist", "Fashion-MNIST": "fashion_mnist", "CIFAR-10": "cifar10", "CIFAR-10 cat/dog": "cifar_catdog",
}  # fmt: skip
"""Data sets that scripts and the lab share."""

SCHEDULES = {
    "linear": "linear", "cosine": "cosine", "squaredcos_cap_v2": "cosine", "sigmoid": "sigmoid",
    "flow": "flow", "edm": "edm", "karras": "edm",
}  # fmt: skip
"""Words for a noise schedule -> options of the lab."""

CONTINUOUS = ("flow", "edm")
"""Options without a number of steps."""

LIKE_LINEAR = ("quadratic", "scaled_linear")
"""Whose nearest is the linear one."""


@dataclass(frozen=True)
class Model:
    """An option of the lab for code that shows all of `facets` and none of `without`."""

    option: str
    facets: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def is_latent(self) -> bool:
        return "latent" in self.facets


MODELS = (
    Model("conditional_latent_unet", ("latent", "conditional")),
    Model("latent_unet", ("latent",)),
    Model("pixel_transformer", ("transformer",), without=("unet",)),
    Model("conditional_unet", ("conditional",)),
    Model("linear_attention_unet", ("linear_attention",)),
    Model("attention_unet", ("attention",)),
    Model("attention_unet", ("group_norm",)),
    Model("simple_unet"),
)
"""The first that fits is the nearest."""


@dataclass(frozen=True)
class Adjustment:
    """A setting of some models, for code that shows the facet `shows`, or that shows none of `lacks`."""

    option: str
    value: Any
    models: tuple[str, ...]
    shows: str | None = None
    lacks: tuple[str, ...] = ()

    def fits(self, model: Model, facets: set[str]) -> bool:
        shown = self.shows in facets if self.shows else not facets & set(self.lacks)
        return model.option in self.models and shown


ANY_ATTENTION = ("conditional_latent_unet", "latent_unet", "conditional_unet", "attention_unet")
ADJUSTMENTS = (
    Adjustment("model.attention", "linear", ANY_ATTENTION, shows="linear_attention"),
    Adjustment("model.attention_max_size", 0, ANY_ATTENTION, lacks=("attention", "linear_attention")),
    Adjustment("model.num_classes", None, ("pixel_transformer",), lacks=("conditional",)),
)


@dataclass(frozen=True)
class Nearest:
    """The parts of the lab that a recipe takes.

    `class_names`: those kept of the data; None for all. `schedule`: None leaves the lab's default.
    """

    data: str
    class_names: list[str] | None
    model: Model
    adjustments: tuple[Adjustment, ...]
    schedule: str | None
    is_conditional: bool

    @property
    def channels(self) -> int:
        return int(option("data", self.data)["channels"])

    @property
    def num_classes(self) -> int:
        return len(self.class_names or option("data", self.data)["class_names"])


def nearest(script: Script) -> Nearest:
    data, class_names = _data(script)
    facets = {fact.value for fact in script.facets}
    model = next(one for one in MODELS if facets.issuperset(one.facets) and not facets & set(one.without))
    adjustments = tuple(one for one in ADJUSTMENTS if one.fits(model, facets))
    return Nearest(data, class_names, model, adjustments, _schedule(script), "conditional" in facets)


def _data(script: Script) -> tuple[str, list[str] | None]:
    """A set of the lab and the classes kept of it; one like the script's if the lab does not have it."""
    name, part = script.first("dataset"), script.first("subset")
    if name in DATA:
        return DATA[name], None
    whole = str(name).removesuffix(f" {part}") if part else ""
    if whole in DATA:
        return DATA[whole], _classes(whole, str(part))
    channels = script.first("channels") or SIZES.get(str(name), (None, None))[1]
    if name is None and channels != 3:
        return "garments", None
    return ("fashion_mnist" if channels == 1 else "cifar10"), None


def _classes(name: str, part: str) -> list[str]:
    """The classes of a part in the lab's own words, found by their places."""
    words = option("data", DATA[name])["class_names"]
    known = CLASS_NAMES.get(name, words)
    return [words[known.index(word)] for word in part.split("/") if word in known]


def _schedule(script: Script) -> str | None:
    said, predicted = str(script.first("schedule")).lower(), script.first("parameterization")
    known = SCHEDULES.get(said)
    if known is None and predicted == "flow":
        return "flow"
    if known is None and (said in LIKE_LINEAR or script.first("beta_start") or script.first("beta_end")):
        return "linear"
    return None if known == "flow" and predicted == "epsilon" else known  # at t = 1 nothing of epsilon is left


@cache
def option(group: str, name: str) -> dict[str, Any]:
    """conf/<group>/<name>.yaml as it stands, interpolations unresolved."""
    return dict(yaml.safe_load((CONF / group / f"{name}.yaml").read_text(encoding="utf-8")))
