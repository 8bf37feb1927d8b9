"""The begin and the end of a sweep: what is already done, and its trials as a table, best first."""

import logging
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from rich.console import Console

from diffusionlab.commands.closing import here, to_type
from diffusionlab.registry.errors import reason
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.report.comparison import write_comparison
from diffusionlab.report.folder import folder_of, read_run
from diffusionlab.report.run_page import REPORT_FILE
from diffusionlab.report.sweep import best_of, choose_metric, show, trials_in
from diffusionlab.runs.trust import foreign_modules
from diffusionlab.untrusted import say

log = logging.getLogger(__name__)


class SweepTable(Callback):
    """Hydra calls it before the first and after the last trial, whichever launcher runs them.

    Of a training on several processes each goes through all trials, and rank 0 alone says so.
    """

    @rank_zero_only
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Say that a sweep which was typed before continues."""
        folder = Path(config.hydra.sweep.dir)
        finished = sum(trial.status == "finished" for trial in trials_in(folder))
        if finished:
            say(
                f"sweep    {folder} continues: {finished} finished trials stay as they are "
                "(hydra.sweep.dir=FOLDER starts a new one)"
            )

    @rank_zero_only
    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the table of all trials in the folder of the sweep."""
        folder = Path(config.hydra.sweep.dir)
        trials = trials_in(folder)
        if not trials:
            return
        console, metric = Console(), choose_metric(trials)
        show(console, trials, metric)
        uri = config.registry.uri
        lines = [f"again    {to_type('registry', 'sweep', str(here(folder)), registry=uri)}"]
        if report := _report(trials, folder):
            lines.insert(0, f"report   {here(report)}")
        best = best_of(trials, metric)
        if best.schedule and best.status == "finished":
            trust = foreign_modules(best.config)
            lines.append(f"sample   {to_type('sample', f'run={best.run_id}', registry=uri, trust=trust)}")
        for line in lines:
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _report(trials: list[RunRecord], folder: Path) -> Path | None:
    """The trials side by side on one page; None for a single trial, and with a warning if it cannot be written."""
    if len(trials) < 2:
        return None
    try:
        contents = [read_run(trial, folder_of(trial.path, trial.run_id)) for trial in trials]
        return write_comparison(contents, folder / REPORT_FILE, title=f"Sweep {folder.name}")
    except Exception as error:  # whatever the folders of the trials hold: the trials themselves have ended
        log.warning("no report of the sweep was written: %s", reason(error))
        return None
