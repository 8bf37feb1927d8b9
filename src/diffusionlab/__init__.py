"""A lab for small image diffusion models: compose, train, sample and find runs again.

    import diffusionlab as lab

    run = lab.load_run("latest")
    images = run.sample(label="Bag", num_samples=16)
    lab.runs(where="val_loss < 0.05")
    lab.search("best fid per dataset")

Names are imported when they are first used, so that `import diffusionlab` costs nothing.
"""

from typing import TYPE_CHECKING, Any

from diffusionlab._version import __version__ as __version__

if TYPE_CHECKING:
    from diffusionlab.errors import LabError as LabError
    from diffusionlab.errors import UsageError as UsageError
    from diffusionlab.registry.storage.table import Registry as Registry
    from diffusionlab.runs.run import Run as Run
    from diffusionlab.runs.run import load_run as load_run
    from diffusionlab.search.api import Answer as Answer
    from diffusionlab.search.api import runs as runs
    from diffusionlab.search.api import search as search

_HOME = {
    "Answer": "diffusionlab.search.api",
    "LabError": "diffusionlab.errors",
    "Registry": "diffusionlab.registry.storage.table",
    "Run": "diffusionlab.runs.run",
    "UsageError": "diffusionlab.errors",
    "load_run": "diffusionlab.runs.run",
}
_CALLABLE = {"runs", "search"}
"""Packages that are functions too."""

__all__ = ["Answer", "LabError", "Registry", "Run", "UsageError", "__version__", "load_run", "runs", "search"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _CALLABLE:
        return import_module(f"diffusionlab.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
