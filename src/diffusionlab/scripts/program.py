"""What the commands that Hydra composes have in common: quick help, errors in one line, one job."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from diffusionlab.invocation import CONF
from diffusionlab.scripts import help
from diffusionlab.scripts.words import as_hydra_reads

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run_program(name: str, text: str, job: "Callable[[DictConfig], Any]") -> None:
    """Compose conf/<name>.yaml with the command line and call `job` with it, once or for each trial of a sweep.

    `text`: what `--help` says beside groups and settings, a summary and an empty line first.
    """
    if help.is_asked_for():
        help.show(CONF, name, text)
        return
    import hydra

    from diffusionlab.errors import cli_errors
    from diffusionlab.runs.allocator import keep_freed_memory
    from diffusionlab.runs.explain import explain
    from diffusionlab.runs.schemas import register
    from diffusionlab.untrusted import say_in_logs

    def in_words(error: Exception) -> str | None:
        return explain(error, config_name=name)

    def guarded(cfg: "DictConfig") -> Any:
        with cli_errors(in_words):
            return job(cfg)

    keep_freed_memory()
    say_in_logs()
    register()
    sys.argv[1:] = as_hydra_reads(sys.argv[1:])
    with cli_errors(in_words):
        hydra.main(version_base="1.3", config_path=str(CONF), config_name=name)(guarded)()
