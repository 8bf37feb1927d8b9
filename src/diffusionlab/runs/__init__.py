"""From settings to the parts of a run, and from a run folder back to them.

schemas.py      the typed root of the settings of every command, for Hydra
frozen.py       plain values that cannot be changed
settings.py     the settings of one run: resolved once, read-only
rules.py        what no single part can check
explain.py      errors of Hydra, OmegaConf and Lightning in one line
folder.py       where a run lives on disk
build.py        settings -> data module, Lightning module, trainer
first_stage.py  the autoencoder of a latent run: found, or trained first
averages.py     the averages of ema=post_hoc, and those made of them
labels.py       what a person types for a class or style -> tensors
trust.py        which classes from outside this package a file may name
run.py          a trained run: settings, model, samples, figures
evaluation.py   measuring the samples of a run
facts.py        what the registry records of a run
checkpoint.py   weights and checkpoints, written and read without unpickling code
"""

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """`diffusionlab.runs` is a package and, in the API, a function."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """See `diffusionlab.search.api.runs`."""
        from diffusionlab.search.api import runs

        return runs(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
