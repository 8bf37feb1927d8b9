"""Classes from outside this package: found from the current folder, and imported for a file only if the user says so.

A run folder may come from anyone. Its settings name classes by `_target_`, and importing a module runs its code: so a
module that a file names is imported only if the user names it too, as in `trust=mymodels`.
"""

import importlib
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from diffusionlab.errors import UntrustedCode, UsageError
from diffusionlab.runs.frozen import plain

PARTS = {"diffusionlab.models", "diffusionlab.diffusion", "diffusionlab.data"}
"""The packages of this project whose classes a file may name."""

DEPENDENCIES = {"diffusionlab", "torch", "torchvision", "torchmetrics", "pytorch_lightning", "lightning"}
"""Packages that are installed with this one."""


def part(config: Mapping[str, Any], kind: type, *, source: Path, trust: Collection[str]) -> Any:
    """Make the object that `config`, read from `source`, describes: an instance of `kind`.

    `trust`: top-level modules that may be imported. Hydra's `instantiate` would follow a `_target_` at any depth; here
    a nested one is a value that does not fit. Raises UntrustedCode for a module that is not trusted, UsageError for a
    class that is not of this kind.
    """
    arguments = plain(config)
    target = str(arguments.pop("_target_"))
    module, _, name = target.rpartition(".")
    own = any(module == name or module.startswith(f"{name}.") for name in PARTS)
    if not own and (module.partition(".")[0] not in trust or module.startswith("diffusionlab.")):
        raise UntrustedCode(source, target)
    found = getattr(_imported(module, source), name, None)
    if not isinstance(found, type) or not issubclass(found, kind):
        raise UsageError(f"{source} asks for {target}, which is not a {kind.__name__}")
    return found(**arguments)


def foreign_modules(config: Any) -> list[str]:
    """The top-level modules, beside DEPENDENCIES, of all classes that the settings name."""
    return sorted({target.partition(".")[0] for target in _targets(config)} - DEPENDENCIES)


def find_in_current_folder() -> None:
    """Let modules of the current folder be imported, after all that is installed."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))


def _imported(name: str, source: Path) -> Any:
    find_in_current_folder()
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(f"{source} uses {name}, which cannot be imported from {Path.cwd()}: {error}") from error


def _targets(config: Any) -> Iterator[str]:
    if isinstance(config, Mapping):
        if isinstance(target := config.get("_target_"), str):
            yield target
        config = list(config.values())
    if isinstance(config, (list, tuple)):
        for item in config:
            yield from _targets(item)
