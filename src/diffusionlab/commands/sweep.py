"""The end of a sweep: its trials, best first, with the settings in which they differ."""

import logging
import math
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.table import Table

from diffusionlab.registry.errors import reason
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.comparison import write_comparison
from diffusionlab.report.folder import folder_of, read_run
from diffusionlab.report.run_page import REPORT_FILE

log = logging.getLogger(__name__)


class SweepTable(Callback):
    """Hydra calls it once all trials have ended, whichever launcher ran them."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the table; the trials are found in the registry, their settings in their folders."""
        sweep = Path(config.hydra.sweep.dir).name
        trials = [run for run in Registry(config.registry.uri).records() if run.sweep == sweep]
        console = Console()
        console.print(sweep_table(trials))
        if report := _report(trials, Path(config.hydra.sweep.dir)):
            console.print(f"report   {report}", highlight=False, soft_wrap=True)
        console.print(f"again    python search.py --where 'sweep = {sweep}' --sort val_loss", highlight=False)


def _report(trials: list[RunRecord], folder: Path) -> Path | None:
    """The trials side by side on one page; None, with a warning, where there are not two, or it cannot be written."""
    if len(trials) < 2:
        return None
    try:
        contents = [read_run(trial, folder_of(trial.path, trial.run_id)) for trial in trials]
        return write_comparison(contents, folder / REPORT_FILE, title=f"Sweep {folder.name}")
    except Exception as error:  # whatever lies in the trials' folders: they themselves have ended as they have
        log.warning("no report of the sweep was written: %s", reason(error))
        return None


def sweep_table(trials: list[RunRecord]) -> Table:
    """Lowest validation loss first (training loss where none was measured), trials without a loss last."""
    settings = {trial.run_id: _overrides(trial) for trial in trials}
    varied = list(dict.fromkeys(key for own in settings.values() for key in own))
    varied = [key for key in varied if len({own.get(key) for own in settings.values()}) > 1]
    metric = "val_loss" if any(trial.metrics.get("val_loss") is not None for trial in trials) else "train_loss"
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("trial", no_wrap=True)
    for heading in (*map(_short, varied), metric, "seconds", "status"):
        table.add_column(heading, overflow="fold")
    losses = {trial.run_id: trial.metrics.get(metric) for trial in trials}
    for trial in sorted(trials, key=lambda trial: _or_last(losses[trial.run_id])):
        chosen = [settings[trial.run_id].get(key, "") for key in varied]
        measured = [_number(losses[trial.run_id], ".4f"), _number(trial.seconds, ".0f")]
        table.add_row(trial.run_id, *chosen, *measured, trial.status)
    return table


def _or_last(loss: float | None) -> float:
    return math.inf if loss is None else loss


def _short(key: str) -> str:
    """optimizer.lr -> lr, as long as a heading in a narrow terminal should be."""
    return key.rpartition(".")[2]


def _overrides(trial: RunRecord) -> dict[str, str]:
    """What was typed for this trial, as Hydra keeps it beside the run."""
    file = Path(trial.path or "") / ".hydra/overrides.yaml"
    typed = OmegaConf.to_object(OmegaConf.load(file)) if file.is_file() else []
    assert isinstance(typed, list)
    return dict(str(override).lstrip("+~").split("=", 1) for override in typed if "=" in str(override))


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
