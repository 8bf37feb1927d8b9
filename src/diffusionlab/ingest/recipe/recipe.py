"""A recipe: the settings that a script's facts become, each with its lines, and what they could not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from diffusionlab.errors import UsageError
from diffusionlab.ingest.recipe.nearest import CONTINUOUS, Nearest, nearest
from diffusionlab.ingest.recipe.rows import ABOUT_THE_SCRIPT, AUTOENCODER, ROWS, Case, Row
from diffusionlab.ingest.record import Fact, Script
from diffusionlab.untrusted import plain_text

STAGES = {None: None, "diffusion": None, "autoencoder": AUTOENCODER, "vae": AUTOENCODER}
"""A script's word for a stage -> where its settings are."""

OTHERS = {
    "gan": "a GAN", "rl": "reinforcement learning", "rnn": "a recurrent network", "vae": "a VAE",
    "autoencoder": "an autoencoder", "classifier": "a classifier",
}  # fmt: skip
"""Facets of trainings that are no diffusion."""

NO_COUNTERPART = (
    ("gan", None, "the lab trains no discriminator"),
    ("vq", None, "the lab's autoencoder is a VAE"),
    ("rnn", None, "the lab has no recurrent network"),
    ("channel_attention", None, "the lab has no attention over channels"),
    ("linear_attention", "pixel_transformer", "pixel_transformer has exact attention"),
)
"""Facets that a model, or None of any model, does not have, and why."""


@dataclass(frozen=True)
class Setting:
    """`option`: "optimizer.lr", or "/optimizer" for the choice of a group. `source`: lines and value of the script."""

    option: str
    value: Any
    source: str


@dataclass
class Recipe:
    """`lost`: one line for each thing that could not be carried over. `silent`: options that the code does not show."""

    script: Script
    settings: dict[str, Setting] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def add(self, option: str, value: Any, source: str) -> None:
        """The first to set an option keeps it."""
        self.settings.setdefault(option, Setting(option, value, source))


def recipe_of(script: Script) -> Recipe:
    """Raises UsageError, in one line, for a script that trains no diffusion model."""
    _check_is_diffusion(script)
    recipe, near = Recipe(script), nearest(script)
    _network(recipe, near)
    for row in ROWS:
        _carry(row, recipe, near)
    recipe.silent = [row.option.removeprefix("/") for row in ROWS if _is_silent(row, recipe, near)]
    for conflict in script.conflicts:
        said = " or ".join(shown(script, one) for one in conflict.values)
        recipe.lost.append(f"{conflict.field}: {said}: the code says both{_to_type(conflict.field)}")
    for name in script.depends_on_input:
        recipe.lost.append(f"{name}: the caller of the script decides{_to_type(name)}")
    return recipe


def _check_is_diffusion(script: Script) -> None:
    if any(fact.value == "diffusion" for fact in script.facets):
        return
    found = [(OTHERS[fact.value], fact) for fact in script.facets if fact.value in OTHERS]
    found.sort(key=lambda one: list(OTHERS.values()).index(one[0]))
    what = f"it trains {found[0][0]} ({places(script, found[0][1])})" if found else "its code shows none"
    reason = script.error if script.error and not found else what
    raise UsageError(f"{script.path} has no diffusion training to make a recipe of: {reason}")


def _network(recipe: Recipe, near: Nearest) -> None:
    """The model, by the facets that the code shows."""
    script, model = recipe.script, near.model
    facets = {fact.value: fact for fact in script.facets}
    shows = [facets[name] for name in dict.fromkeys((*model.facets, "unet")) if name in facets]
    built = script.facts.get("architecture", [])
    networks = [fact for fact in built if _stage(fact, near) is None]
    source = "; ".join(shown(script, fact) for fact in [*networks, *shows])
    recipe.add("/model", model.option, source or "no facet of a network")
    for one in near.adjustments:
        source = shown(script, facets[one.shows]) if one.shows else f"no facet {' or '.join(one.lacks)}"
        recipe.add(one.option, one.value, source)
    why = "" if shows else ", though the code shows no U-Net"
    for fact in built:
        instead = f"{model.option} is the nearest{why}"
        if fact not in networks:
            instead = "the lab has its own autoencoder" if _stage(fact, near) else f"{model.option} has no such stage"
        recipe.lost.append(f"architecture: {shown(script, fact)}: not copied; {instead}")
    for name, option, reason in NO_COUNTERPART:
        if name in facets and option in (None, model.option):
            recipe.lost.append(f"facets: {shown(script, facets[name])}: {reason}")


def _carry(row: Row, recipe: Recipe, near: Nearest) -> None:
    taken: set[str | None] = set()
    for fact in recipe.script.facts.get(row.field, []):
        text = f"{row.field}: {shown(recipe.script, fact)}"
        stage = _stage(fact, near)
        if stage == "":
            recipe.lost.append(f"{text}: {near.model.option} has no stage {fact.stage}")
        elif stage in taken and not row.several:
            recipe.lost.append(f"{text}: another value takes effect")
        else:
            carried = row.convert(Case(fact.value, recipe.script, near, stage))
            if carried.settings or not carried.but:
                taken.add(stage)
            for option, value in carried.settings.items():
                what = "" if option == row.option else f"{row.field}: "
                recipe.add(_at(stage, option), value, what + shown(recipe.script, fact))
            if carried.but:
                recipe.lost.append(f"{text}: {carried.but}")


def _stage(fact: Fact, near: Nearest) -> str | None:
    """Where the settings of a fact's stage are; "" if the nearest model has no such stage."""
    stage = STAGES.get(fact.stage, "")
    return stage if stage is None or near.model.is_latent else ""


def _is_silent(row: Row, recipe: Recipe, near: Nearest) -> bool:
    """Whether the lab decides what the code could have shown."""
    script, name = recipe.script, row.field
    shows = any(_stage(fact, near) is None for fact in script.facts.get(name, []))
    is_open = name in script.depends_on_input or any(one.field == name for one in script.conflicts)
    has_none = name == "timesteps" and near.schedule in CONTINUOUS
    return row.is_missed and not (shows or is_open or has_none) and row.option not in recipe.settings


def _at(stage: str | None, option: str) -> str:
    """An option of the first stage: "/optimizer@codec.autoencoder.optimizer", "codec.autoencoder.optimizer.lr"."""
    if stage is None:
        return option
    return f"{option}@{stage}.{option[1:]}" if option.startswith("/") else f"{stage}.{option}"


def _to_type(name: str) -> str:
    option = next((row.option for row in ROWS if row.field == name), None)
    return f"; type {option.removeprefix('/')}=..." if option and name not in ABOUT_THE_SCRIPT else ""


def shown(script: Script, fact: Fact) -> str:
    """ "0.0003 (argparse default: train.py:35, 50)", one line of plain text."""
    value = ", ".join(map(str, fact.value)) if isinstance(fact.value, list) else str(fact.value)
    more = "; ".join(one for one in (fact.stage, fact.role, fact.via) if one)
    return f"{one_line(value)} ({one_line(more) + ': ' if more else ''}{places(script, fact)})"


def places(script: Script, fact: Fact, most: int = 2) -> str:
    """ "train.py:35, 50", "notes.ipynb:3:2", "settings.yaml:4"."""
    return ", ".join(_places(file_name(script), fact.lines[:most]))


def _places(name: str, lines: tuple[int | str, ...]) -> Iterator[str]:
    before = ""
    for line in lines:
        text = str(line)
        of_script = re.fullmatch(r"\d+(:\d+)?", text)
        file, _, number = (name, ":", text) if of_script else text.rpartition(":")
        yield number if file == before else f"{one_line(file)}:{number}"
        before = file


def file_name(script: Script) -> str:
    return re.split(r"[/\\]", script.path)[-1]


def one_line(text: str, most: int = 80) -> str:
    """Printable text without line breaks, shortened."""
    words = " ".join("".join(c if c.isprintable() else " " for c in plain_text(text)).split())
    return words if len(words) <= most else f"{words[: most - 3]}..."
