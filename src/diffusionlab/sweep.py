"""The end of a sweep: its trials, best first."""

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig


class SweepTable(Callback):
    """Hydra calls it once all trials have ended, whichever launcher ran them. Failed trials come last."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the table from the registry."""
        from diffusionlab.search.cli import sweep_table

        sweep_table(config.registry.uri, Path(config.hydra.sweep.dir).name)
