"""Where a recipe is written, and under which name."""

from __future__ import annotations

import re
from pathlib import Path

from diffusionlab.errors import UsageError
from diffusionlab.ingest.recipe.recipe import recipe_of
from diffusionlab.ingest.recipe.text import text_of
from diffusionlab.ingest.record import Script
from diffusionlab.invocation import CONF, own_conf

NAME = re.compile(r"(?!(null|true|false|nan|inf)$)[A-Za-z][A-Za-z0-9_-]{0,99}", re.IGNORECASE)
"""What Hydra takes for the name of an option, without quotes, and for nothing else."""


def named_text(script: Script, name: str = "") -> tuple[str, str]:
    """The name of the recipe, made from the file's where none is given, and its text. Raises UsageError."""
    name = name or option_name(Path(script.path).stem)
    if not NAME.fullmatch(name):
        raise UsageError(f"--recipe {name}: a name has letters, digits, _ and -, a letter first")
    return name, text_of(recipe_of(script), name)


def write(script: Script, name: str = "") -> list[str]:
    """Write conf/experiment/NAME.yaml; returns lines to print: where it is, and what to type next.

    Raises UsageError if another file has this name: nothing is overwritten.
    """
    name, text = named_text(script, name)
    conf, flag = own_conf()
    path = conf / "experiment" / f"{name}.yaml"
    if flag and (CONF / "experiment" / path.name).exists():  # which would be found first
        raise UsageError(f"the lab has an experiment {name}: type another name: --recipe {_other(script, name)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            other = _other(script, name)
            raise UsageError(f"{path} exists: remove it, or type another name: --recipe {other}") from None
    path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return [f"recipe   {path}", f"look     python train.py {flag}experiment={name} check=true"]


def _other(script: Script, name: str) -> str:
    return option_name(f"{Path(script.path).resolve().parent.name}_{name}")


def option_name(text: str) -> str:
    """A name from that of a file: "v3 train" -> "v3_train", "2024-05" -> "script_2024_05"."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:60]
    return words if NAME.fullmatch(words) else f"script_{words}".rstrip("_")
