"""A sweep as a table: its settings, best first, with mean and standard deviation over seeds.

`python registry.py sweep NAME` prints it, and so does a sweep when it ends.
"""

import json
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from diffusionlab.errors import did_you_mean
from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.manage.compare import settings_of
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import label, lower_is_better
from diffusionlab.registry.record.comparable import basis_column, basis_name, by_basis
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.run_record import RECORD_FILE, RunRecord, read_record
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.folder import folder_of
from diffusionlab.untrusted import inside, say

if TYPE_CHECKING:
    from rich.table import Table

PREFERRED = ("val_loss", "train_loss")
"""What trials are ranked by unless asked for otherwise: the first that any of them has, else any metric."""

OVERRIDES = ".hydra/overrides.yaml"
_IS_OF_A_TRIAL = re.compile(r"(^|\.)seed$|^(ckpt_path|resume|allow_changed_data|tags|notes|registry)\b")
"""Settings in which trials of one row may differ."""

LARGEST_OVERRIDES = 100_000  # bytes


@dataclass(frozen=True)
class Setting:
    """Trials that differ in their seed alone; `values` are those of the metric, of the trials that have it."""

    chosen: dict[str, str]
    """What was typed."""
    config: dict[str, Any]
    """All settings under dotted keys: the files in conf/ may have changed between two trials."""
    trials: list[RunRecord]
    values: list[float]

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.values) if self.values else None

    @property
    def std(self) -> float | None:
        """Standard deviation of a sample; None for fewer than two values."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None


def trials_in(folder: Path) -> list[RunRecord]:
    """The runs below the folder of a sweep, as their own files state them; deleted and unreadable ones omitted."""
    records = []
    for file in sorted(folder.rglob(RECORD_FILE)):
        if inside(folder, str(file.relative_to(folder))) is None:
            continue
        try:
            record = read_record(file.parent)
        except (ValueError, OSError):
            continue  # `registry.py check` names it
        record.path = str(file.parent.absolute())  # where it is now, wherever it was made
        records.append(record)
    return [record for record in records if record.deleted_at is None]


def trials_of(registry: Registry, name: str) -> list[RunRecord]:
    """The trials of a sweep by its name in the registry, or by its folder.

    Raises RegistryError if there is no such sweep, or there are several in different folders.
    """
    if Path(name).is_dir():
        if trials := trials_in(Path(name)):
            return trials
        raise RegistryError(f"{name} holds no trials")
    trials = registry.records(Compare("sweep", "=", name))
    if not trials:
        known = sorted({row["sweep"] for row in registry.rows(columns=["sweep"]) if row["sweep"]})
        hint = did_you_mean(name, known) or (f": there are {', '.join(known[:5])}" if known else ": it has none")
        raise RegistryError(f"no sweep {name[:80]!r} in {registry.uri}{hint}")
    folders = sorted({str(Path(trial.path).parent) for trial in trials if trial.path})
    if len(folders) > 1:
        raise RegistryError(f"{len(folders)} sweeps are called {name}: type one of their folders, {', '.join(folders)}")
    return trials


def choose_metric(trials: Sequence[RunRecord], wanted: str | None = None) -> str:
    """The metric to rank by; raises RegistryError if no trial has the one that is wanted."""
    known = sorted({name for trial in trials for name, value in trial.metrics.items() if value is not None})
    if wanted is None:
        return next((name for name in (*PREFERRED, *known) if name in known), PREFERRED[0])
    if wanted not in known:
        have = f"they have {', '.join(known)}" if known else "they have none"
        raise RegistryError(f"no trial has the metric {wanted!r}{did_you_mean(wanted, known)} ({have})")
    return wanted


def ranked(trials: Sequence[RunRecord], metric: str) -> list[Setting]:
    """One Setting for the trials that differ in their seed alone, best mean first, those without a value last.

    Settings whose figures do not compare are ranked apart, one protocol or objective after the other.
    """
    settings: dict[str, Setting] = {}
    for trial in trials:
        chosen = {key: value for key, value in overrides_of(trial).items() if key != "seed"}
        config = {key: value for key, value in settings_of(trial).items() if not _IS_OF_A_TRIAL.search(key)}
        own = json.dumps([chosen, config], sort_keys=True, default=str)
        setting = settings.setdefault(own, Setting(chosen, config, [], []))
        setting.trials.append(trial)
        if (value := trial.metrics.get(metric)) is not None:
            setting.values.append(value)
    sign = 1 if lower_is_better(metric) else -1

    def rank(one: Setting) -> tuple[bool, str, float]:
        return one.mean is None, basis_of_setting(one, metric), sign * (one.mean or 0.0)

    return sorted(settings.values(), key=rank)


def basis_of_setting(setting: Setting, metric: str) -> str:
    """What the figures of a setting's trials compare within; several of them with commas between."""
    measured = [vars(trial) for trial in setting.trials if trial.metrics.get(metric) is not None]
    return ", ".join(basis_name(basis, metric) for basis in by_basis(measured, metric))


def overrides_of(trial: RunRecord) -> dict[str, str]:
    """What was typed for a trial, as Hydra keeps it beside the run; empty where that cannot be read.

    The file is a stranger's, perhaps: only a list of plain texts is taken, and nothing in it is resolved.
    """
    folder = folder_of(trial.path, trial.run_id)
    file = inside(folder, OVERRIDES) if folder else None
    if file is None or file.stat().st_size > LARGEST_OVERRIDES:
        return {}
    try:
        typed = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError):
        return {}
    texts = [one for one in typed if isinstance(one, str)] if isinstance(typed, list) else []
    return dict(text.lstrip("+~").split("=", 1) for text in texts if "=" in text)


def sweep_table(trials: Sequence[RunRecord], metric: str) -> "Table":
    """One row a setting: the values in which the settings differ, mean and deviation of the metric, and the runs."""
    from rich.table import Table
    from rich.text import Text

    rows = ranked(trials, metric)
    typed = [key for key in dict.fromkeys(key for row in rows for key in row.chosen) if _differ(rows, key)]
    changed = _changed(rows)
    several = any(len(row.trials) > 1 for row in rows)
    table = Table(box=None, padding=(0, 2, 0, 0))
    headings = [
        *(key.rpartition(".")[2] for key in (*typed, *changed)),
        metric,
        *(["seeds"] if several else []),
        "seconds",
        "status",
    ]
    for heading in headings:
        table.add_column(Text(printable(heading)), overflow="fold")
    table.add_column("best run" if several else "run", no_wrap=True)
    for row in rows:
        cells = [*(row.chosen.get(key, "") for key in typed), *(str(row.config.get(key, "")) for key in changed)]
        cells += [_mean(row), *([str(len(row.trials))] if several else []), _seconds(row.trials)]
        cells += [_statuses(row.trials), _best(row.trials, metric).run_id]
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _differ(rows: Sequence[Setting], key: str) -> bool:
    return len({row.chosen.get(key) for row in rows}) > 1


def _changed(rows: Sequence[Setting]) -> list[str]:
    """The first settings in which rows differ that are typed alike."""
    keys: dict[str, None] = {}
    for number, row in enumerate(rows):
        for other in (other for other in rows[:number] if other.chosen == row.chosen):
            both = sorted(row.config.keys() | other.config.keys())
            keys |= dict.fromkeys(key for key in both if row.config.get(key) != other.config.get(key))
    return list(keys)[:3]


def _mean(row: Setting) -> str:
    if row.mean is None:
        return "-"
    return f"{row.mean:.4f}" + ("" if row.std is None else f" ± {row.std:.1g}")


def _seconds(trials: Sequence[RunRecord]) -> str:
    known = [trial.seconds for trial in trials if trial.seconds is not None]
    return f"{sum(known):.0f}" if known else "-"


def _statuses(trials: Sequence[RunRecord]) -> str:
    found = [actual_status(vars(trial)) or "unknown" for trial in trials]
    if len(trials) == 1:
        return found[0]
    return ", ".join(f"{found.count(status)} {status}" for status in dict.fromkeys(found))


def best_of(trials: Sequence[RunRecord], metric: str) -> RunRecord:
    """The run that the table names first."""
    return _best(ranked(trials, metric)[0].trials, metric)


def _best(trials: Sequence[RunRecord], metric: str) -> RunRecord:
    sign = 1 if lower_is_better(metric) else -1

    def key(trial: RunRecord) -> tuple[bool, float]:
        value = trial.metrics.get(metric)
        return value is None, sign * (value or 0.0)

    return min(trials, key=key)


def show(console: Any, trials: Sequence[RunRecord], metric: str) -> None:
    """Print the table, and a warning where its figures do not compare."""
    console.print(sweep_table(trials, metric))
    measured = [vars(trial) for trial in trials if trial.metrics.get(metric) is not None]
    if len(bases := by_basis(measured, metric)) > 1:
        named = "; ".join(printable(basis_name(basis, metric)) for basis in bases)
        say(f"{metric} does not compare between {label(basis_column(metric))}s, each is ranked by itself: {named}")
