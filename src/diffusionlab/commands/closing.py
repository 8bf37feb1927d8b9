"""What a command says at its end: where things lie, and what to type next about this very run."""

import os
import re
from collections.abc import Collection
from pathlib import Path

from diffusionlab.invocation import as_typed
from diffusionlab.registry.errors import typed
from diffusionlab.registry.storage.table import default_uri

_OF_HYDRA = ("train", "sample", "evaluate", "visualize")


def here(path: Path | str) -> Path:
    """The path from the current folder, where it lies below it."""
    path, current = Path(path), Path.cwd()
    return path.relative_to(current) if path.is_relative_to(current) else path


def to_type(command: str, *words: str, registry: str, trust: Collection[str] = ()) -> str:
    """`python COMMAND.py WORDS`, with the registry if it is not where commands look by themselves, and with `trust`."""
    elsewhere = os.path.abspath(registry) != os.path.abspath(default_uri())
    if command in _OF_HYDRA:
        also = [f"registry.uri={hydra_value(str(registry))}"] if elsewhere else []
        also += [f"trust=[{','.join(trust)}]"] if trust else []
    else:
        also = ["--registry", str(registry)] if elsewhere else []
    return as_typed(typed("python", f"{command}.py", *words, *also))


def to_find(name: str, run_id: str, *, registry: str) -> str:
    """A question that finds runs of this name; of a name that no question can hold, what is known of the run."""
    if re.fullmatch(r"[\w .-]+", name):
        return to_type("search", f'runs named "{name}"', registry=registry)
    return to_type("registry", "show", run_id, registry=registry)


def hydra_value(text: str) -> str:
    """`text` as the value of a setting, in Hydra's quotes where its grammar would read something else."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return text if re.fullmatch(r"[\w./:-]+", text) else f"'{escaped}'"
