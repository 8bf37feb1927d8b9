"""What of this lab is nearest to a script: the data, the network by the facets of its code, the noise schedule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from diffusionlab.ingest.facts.names import CLASS_NAMES, SIZES
from diffusionlab.ingest.record import Script
from diffusionlab.invocation import CONF

DATA = {"Fashion-MNIST": "fashion_mnist", "CIFAR-10": "cifar10", "CIFAR-10 cat/dog": "cifar_catdog"}
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
    settings: tuple[tuple[str, Any], ...] = ()

    @property
    def is_latent(self) -> bool:
        return "latent" in self.facets

    @property
    def is_conditional(self) -> bool:
        return "conditional" in self.facets


NO_ATTENTION = (("model.attention_max_size", 0),)
MODELS = (
    Model("conditional_latent_unet", ("latent", "conditional")),
    Model("latent_unet", ("latent",)),
    Model("pixel_transformer", ("transformer", "conditional"), without=("unet",)),
    Model("pixel_transformer", ("transformer",), without=("unet",), settings=(("model.num_classes", None),)),
    Model("conditional_unet", ("conditional", "linear_attention"), settings=(("model.attention", "linear"),)),
    Model("conditional_unet", ("conditional", "attention")),
    Model("conditional_unet", ("conditional",), settings=NO_ATTENTION),
    Model("linear_attention_unet", ("linear_attention",)),
    Model("attention_unet", ("attention",)),
    Model("attention_unet", ("group_norm",), settings=NO_ATTENTION),
    Model("simple_unet"),
)
"""The first that fits is the nearest."""


@dataclass(frozen=True)
class Nearest:
    """The parts of the lab that a recipe takes. `class_names`: those kept of the data; None for all."""

    data: str
    class_names: list[str] | None
    model: Model
    schedule: str | None

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
    return Nearest(data, class_names, model, _schedule(script))


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
    return [words[CLASS_NAMES[name].index(word)] for word in part.split("/") if word in CLASS_NAMES[name]]


def _schedule(script: Script) -> str | None:
    """None leaves the lab's default."""
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
