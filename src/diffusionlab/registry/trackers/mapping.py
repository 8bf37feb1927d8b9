"""From what a tracker calls things to the columns of a record: two stated tables, and nothing guessed beyond them."""

import re
from collections.abc import Iterable
from typing import Any

from diffusionlab.registry.record.convert import convert
from diffusionlab.registry.record.derived import SOURCE, derive_facets
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.trackers.run import DEEPEST, TrackedRun

LABELS = {
    "mlflow": "MLflow",
    "wandb": "W&B",
    "tensorboard": "TensorBoard",
    "trackio": "Trackio",
    "neptune": "Neptune",
}
SETTINGS = {
    "lr": ("lr", "learning_rate", "base_lr"),
    "batch_size": ("batch_size", "train_batch_size", "bs"),
    "optimizer": ("optimizer", "optim", "optimizer_name", "optimizer_type"),
    "epochs": ("epochs", "max_epochs", "num_epochs", "n_epochs", "num_train_epochs"),
    "dataset": ("dataset", "dataset_name", "data_name"),
    "architecture": ("architecture", "arch", "model", "model_name", "model_type"),
    "image_size": ("image_size", "img_size", "resolution"),
    "schedule": ("noise_schedule", "beta_schedule"),
    "parameterization": ("parameterization", "prediction_type"),
    "sampler": ("sampler",),
    "precision": ("precision", "mixed_precision"),
    "seed": ("seed", "random_seed"),
    "num_parameters": ("num_parameters", "num_params", "n_params", "n_parameters"),
    "hardware": ("device_name", "gpu_name"),
}
"""Column -> names of settings, whole (`optimizer.name`) or their last part (`trainer.max_epochs`)."""
METRICS = {
    "val_loss": ("val_loss", "validation_loss", "valid_loss", "eval_loss", "val_loss_epoch", "validation_epoch_loss"),
    "train_loss": ("train_loss", "training_loss", "train_loss_epoch", "train_epoch_loss"),
    "fid": ("fid", "fid_score", "val_fid", "eval_fid"),
    "kid": ("kid", "kid_score", "val_kid", "eval_kid"),
    "val_psnr": ("val_psnr", "validation_psnr", "eval_psnr"),
}
"""Figure -> names of metrics, with underscores for what is no letter or digit. All others keep their own names."""


def to_record(run: TrackedRun) -> RunRecord:
    """The record of a tracked run; ValueError if it has no id.

    Its settings and metrics are all kept, the mapped ones in their columns too. What a column cannot hold is in the
    settings alone.
    """
    columns, sources = _columns(run)
    metrics, renamed = _metrics(run.metrics)
    seconds = (run.ended - run.started).total_seconds() if run.started and run.ended else None
    facts = columns | {
        "name": run.name,
        "created_at": run.started,
        "modified_at": run.ended,
        "seconds": seconds if seconds and seconds > 0 else None,
        "status": run.status,
        "metrics": metrics,
        "notes": run.notes,
        "host": run.host,
        "command": run.command,
        "git_commit": run.git_commit,
    }
    kept = {column: value for column, value in facts.items() if _fits(column, value)}
    label = LABELS[run.tracker]
    record = RunRecord.from_json(
        {key: value for key, value in kept.items() if value is not None}
        | {"run_id": _run_id(run), "config": nested(run.settings), "tags": [run.tracker, *run.tags]}
        | {"extra": {"tracker": _origin(run, renamed)}}
    )
    record.sources = {column: sources.get(column, label) for column, value in kept.items() if value not in (None, {})}
    record.sources |= dict.fromkeys(("config", "tags") if run.settings else ("tags",), label)
    if facets := derive_facets(record.architecture, record.name, None):
        record.arch_tags = facets
        record.sources["arch_tags"] = SOURCE
    record.description = f"{label} run" + (f" of {run.project}" if run.project else "")
    record.sources["description"] = label
    record.normalise()
    return record


def _run_id(run: TrackedRun) -> str:
    """The same whenever the run is imported: "mlflow-6f3e...", "wandb-garments-a1b2c3d4"."""
    if not run.run_id:
        raise ValueError("a run without an id")
    parts = [run.tracker, run.run_id] if run.unique or not run.project else [run.tracker, run.project, run.run_id]
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))


def _origin(run: TrackedRun, renamed: dict[str, str]) -> dict[str, Any]:
    """Where the record is from, and what its figures were called there."""
    facts = {
        "kind": run.tracker,
        "project": run.project,
        "run": run.run_id,
        "metrics": renamed,
        "pictures": run.pictures,
    }
    return {key: value for key, value in facts.items() if value}


def _columns(run: TrackedRun) -> tuple[dict[str, Any], dict[str, str]]:
    """Columns that settings state, and the setting that each is from. Two settings that disagree state nothing."""
    columns: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for column, names in SETTINGS.items():
        if found := _stated(run.settings, names):
            name, value = found
            if value is not None and _fits(column, value):
                columns[column], sources[column] = value, f"{LABELS[run.tracker]}: {name}"
    return columns, sources


def _stated(settings: dict[str, Any], names: Iterable[str]) -> tuple[str, Any] | None:
    for name_of in (_whole, _last_part):
        named = [(key, value) for key, value in settings.items() if name_of(key) in names and _is_plain(value)]
        if named:
            return named[0] if all(value == named[0][1] for _, value in named) else None
    return None


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != ""


def _whole(key: str) -> str:
    return re.sub(r"\W+", "_", key.lower()).strip("_")


def _last_part(key: str) -> str:
    return _whole(re.split(r"[./]", key)[-1])


def _metrics(metrics: dict[str, float | None]) -> tuple[dict[str, float | None], dict[str, str]]:
    """The metrics under this registry's names, and the tracker's name of each that has another one here."""
    figures: dict[str, float | None] = {}
    renamed: dict[str, str] = {}
    for figure, names in METRICS.items():
        by_name = {_whole(key): key for key in reversed(metrics)}
        if key := next((by_name[name] for name in names if name in by_name), None):
            figures[figure] = metrics[key]
            if key != figure:
                renamed[figure] = key
    taken = set(renamed.values())
    return figures | {key: value for key, value in metrics.items() if key not in taken and key not in figures}, renamed


def _fits(column: str, value: Any) -> bool:
    try:
        convert(column, value)
    except ValueError:
        return False
    return True


def nested(settings: dict[str, Any]) -> dict[str, Any]:
    """{"a.b": 1} -> {"a": {"b": 1}}, as this lab's own settings are; a key in whose way another stands stays flat."""
    made: dict[str, Any] = {}
    for key, value in settings.items():
        *above, last = key.split(".")
        if len(above) > DEEPEST or "" in (*above, last):
            made[key] = value
            continue
        place: Any = made
        for part in above:
            place = place.setdefault(part, {}) if isinstance(place, dict) else None
        if isinstance(place, dict) and last not in place:
            place[last] = value
        else:
            made[key] = value
    return made
