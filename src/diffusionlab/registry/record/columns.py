"""The table of columns: all that is known of a column in one row, from which schema, search, and display derive theirs.

A new fact of runs is a row here and a field of RunRecord, a new metric a row. A row may name the setting, or the name
in the training's log, that its value comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the `runs` table, or a metric.

    `source` is where its value comes from: "record", a field of RunRecord; "metric" or "json", one of the record's
    `metrics` ("json": it has no column of its own and is named `metrics.NAME`); "made", worked out from the others.
    """

    name: str
    kind: str  # text | time | int | float | bool | list | json
    label: str = ""  # in a sentence; the name with blanks if empty
    head: str = ""  # above a table; the name if empty
    short: str = ""  # in --where and flags; the name if empty
    said: str = ""  # what people call it, with commas between
    group: str = ""  # of facts: about | training | architecture | result | where from; empty: no fact by itself
    unit: str = ""  # of a number: "s", "B", "count" (parameters, operations) or "step" (of an optimizer)
    better: str = ""  # "low" or "high" if it rates a run
    measure: bool = False  # what "best" means by itself; of several, the first that is recorded
    within: tuple[str, ...] = ()  # columns between whose values it does not compare
    values: str = ""  # "named": its values are said without naming it; "listed": they are known, and named with it
    shown: int = 0  # place in order of worth among the columns of an answer; 0: only if asked for
    index: str = ""  # of LanceDB: BTree, Bitmap or LabelList
    logged: str = ""  # what the training logs the metric as
    setting: str = ""  # the setting that states it, as a dotted key
    source: str = "record"


_WITHIN = ("dataset", "protocol")
_OF_A_LOSS = ("dataset", "objective")

TABLE = (
    Column("run_id", "text", head="run", shown=1),
    Column("name", "text", said="name, names", shown=2),
    Column("kind", "text", said="kind of record", group="about"),
    # -- about the record
    Column("created_at", "time", "created", "created", "created", group="about", shown=8, index="BTree", said=(
        "created, started, launched, began, made, kicked off, creation, creation date, start date, dated, trained, "
        "begun, create, built, submitted, made, started training, produced, date, recorded, logged, initiated, launch, "
        "start, begin, submit, kick off, initiate")),
    Column("modified_at", "time", "modified", "modified", "modified", group="about", shown=23, said=(
        "modified, updated, changed, touched, edited, last modified, last updated, last changed, modification, update, "
        "modification date, modify, updates, modifications, last edited, last touched, rewritten, revised, altered, "
        "most recently modified, recently modified, recently updated")),
    Column("heartbeat_at", "time", "last heartbeat", short="heartbeat", group="about"),
    Column("deleted_at", "time", "deleted", group="about"),
    Column("description", "text", said="description, descriptions", group="about", shown=24),
    Column("tags", "list", said="tag, tags", group="about"),
    Column("notes", "text", said="notes, note", group="about"),
    Column("sweep", "text", said="sweep, sweeps", group="about", values="listed"),
    Column("parent_run", "text", "parent run", said="parent, parent run", group="about"),
    # -- training
    Column("dataset", "text", "data set", group="training", values="named", shown=3, index="Bitmap",
           said="dataset, datasets, data set, data sets, training data, training set, data"),
    Column("batch_size", "int", "batch size", "batch", "batch", setting="data.batch_size", group="training",
           shown=11, index="BTree", said=(
        "batch size, batch, bs, batches, batch sizes, mini batch, minibatch, mini batch size, batchsize")),
    Column("lr", "float", "learning rate", unit="step", setting="optimizer.lr", group="training", shown=10,
           index="BTree",
           said="lr, learning rate, learning rates, lrs, step size"),
    Column("optimizer", "text", said="optimizer, optimiser, optimizers, optimisers, optim, opt", group="training",
           values="named", shown=12, index="Bitmap"),
    Column("epochs", "int", said="epochs, epoch, number of epochs, num epochs, training epochs, epoch count",
           group="training", shown=13),
    Column("steps", "int", "optimizer steps", "steps", group="training",
           said="steps, optimizer steps, training steps, iterations, number of steps, num steps, step count"),
    Column("hardware_kind", "text", "hardware", "hw", "hardware", group="where from", values="named", shown=14,
           said="hardware, device, devices, accelerator, accelerators, machine, machines, hw"),
    Column("schedule", "text", group="training", values="named", shown=15, said=(
        "schedule, sch, sched, noise schedule, schedules, noise schedules, scheduler, beta schedule, noise scheduler")),
    Column("lr_schedule", "text", "learning-rate schedule", "lr schedule", group="training", values="named", said=(
        "lr schedule, learning rate schedule, lr schedules, learning rate schedules, lr scheduler, "
        "learning rate scheduler, lr decay, learning rate decay")),
    Column("parameterization", "text", head="predicts", short="prediction", group="training", values="named", shown=16,
           said="parameterization, parametrization, parameterisation, parametrisation, prediction, prediction type, "
           "prediction target, predictions, objective, target, targets, parameterizations, objectives, "
           "prediction types"),
    Column("sampler", "text", said="sampler, samplers, solver, solvers, sampling method", group="training",
           values="named", shown=18),
    Column("precision", "text", said="precision, numeric precision", group="training", values="named", shown=19),
    Column("seed", "int", said="seed, random seed, seeds", setting="seed", group="training", shown=20),
    Column("hardware", "text", short="device", group="training", values="listed"),
    Column("framework", "text", said="framework, frameworks, framework version", group="training", values="named"),
    Column("data_hash", "text", "data hash", said="data hash", group="training"),
    Column("git_commit", "text", "commit", said="git commit, commit", group="training"),
    Column("git_dirty", "bool", "uncommitted changes", group="training"),
    # -- architecture
    Column("architecture", "text", group="architecture", values="named", shown=22, said=(
        "architecture, architectures, arch, backbone, backbones, network type, model type, network types, model types, "
        "kind of model, kinds of model, kinds of models, type of model, types of model, types of models, "
        "type of network, types of network, types of networks, model architecture, model architectures, "
        "network architecture, network architectures")),
    Column("arch_tags", "list", "facets", "facets", "arch", group="architecture", shown=4, index="LabelList",
           said="facet, facets, architecture facet, architecture facets, kind of network, kinds of network, "
           "kinds of networks"),
    Column("num_parameters", "int", "parameters", "params", "params", group="architecture", unit="count", shown=9,
           index="BTree", said="parameters, parameter, params, param, parameter count, number of parameters, "
           "num params, size, sizes, model size, network size, parameter counts, num parameters, trainable parameters, "
           "param count"),
    Column("flops", "int", "FLOPs", "FLOPs", unit="count", said="flops, flop, gflops, compute", group="architecture"),
    Column("image_size", "int", "image size", "px", setting="data.image_size", group="architecture", shown=17, said=(
        "image size, resolution, resolutions, pixels, pixel, px, image resolution, image sizes, img size, side length, "
        "pixels wide")),
    Column("size_bytes", "int", "file size", "size", "size", unit="B", group="architecture", said=(
        "file size, disk size, disk space, mb, gb, size on disk, disk usage, checkpoint size, storage, bytes, disk, "
        "on disk, script size, script sizes, file sizes, code size, notebook size")),
    # -- result
    Column("status", "text", said="status, state, statuses", group="result", values="listed", shown=7, index="Bitmap"),
    Column("reason", "text", said="reason, failure reason, error message", group="result"),
    Column("seconds", "float", "duration", "time", group="result", unit="s", better="low", shown=21, said=(
        "duration, runtime, run time, training time, wall time, wall clock, wall clock time, time, durations, "
        "train time, hours of training")),
    Column("images_per_second", "float", "images per second", "img/s", group="result", better="high", said=(
        "throughput, images per second, imgs per second, img s, images s, speed, training speed, samples per second")),
    Column("protocol", "text", group="result", values="listed",
           said="protocol, protocols, evaluation protocol, evaluation protocols"),
    Column("objective", "text", group="result", values="listed",
           said="loss function, loss functions, training objective, training objectives"),
    Column("fid", "float", "FID", source="metric", better="low", measure=True, within=_WITHIN, shown=5, index="BTree",
           said="fid, fids, fid score, frechet inception distance, fréchet inception distance, frechet distance, "
           "fid value, fid scores"),
    Column("kid", "float", "KID", source="metric", better="low", within=_WITHIN,
           said="kid, kid score, kernel inception distance"),
    Column("val_loss", "float", "validation loss", source="metric", better="low", measure=True, within=_OF_A_LOSS,
           shown=6, index="BTree", logged="val/loss", said=(
        "val loss, validation loss, valloss, eval loss, loss, losses, validation losses, test loss, val losses, "
        "validation error, final loss, validation")),
    Column("train_loss", "float", "training loss", source="metric", better="low", measure=True, within=_OF_A_LOSS,
           logged="train/loss_epoch", said="train loss, training loss, train losses, training losses"),
    Column("metrics.fid_floor", "float", "FID of real images", source="json", better="low", within=_WITHIN),
    Column("metrics.cmmd", "float", "CMMD", source="json", better="low", within=_WITHIN),
    Column("metrics.recall", "float", "recall", source="json", better="high", within=_WITHIN),
    Column("metrics.density", "float", "density", source="json", better="high", within=_WITHIN),
    Column("metrics.coverage", "float", "coverage", source="json", better="high", within=_WITHIN),
    Column("metrics.label_accuracy", "float", "classifier accuracy", source="json", better="high"),
    Column("metrics.memorised", "float", "share memorized", source="json", better="low"),
    Column("metrics.val_psnr", "float", "validation PSNR", source="json", better="high", logged="val/psnr"),
    Column("metrics", "json", said="metrics, metric, any metric, any metrics, metrics recorded"),
    Column("evaluations", "json"),
    # -- where from
    Column("dataset_family", "text", "data set family", group="where from", values="listed"),
    Column("path", "text", group="where from",
           said="path, paths, folder, folders, directory, directories, file path, file paths"),
    Column("host", "text", said="host, hostname, server, node name", group="where from", values="listed"),
    Column("pid", "int", "process id", group="where from"),
    Column("process_token", "text", "process", group="where from"),
    Column("command", "text", group="where from"),
    Column("config_hash", "text", "config hash", said="config hash", group="where from"),
    Column("thumbnail", "text", group="where from"),
    Column("linked_pictures", "json"),
    Column("revision", "int"),
    Column("schema_version", "int", "schema version", group="where from"),
    # -- no facts by themselves
    Column("config", "json"),
    Column("packages", "json"),
    Column("layers", "list"),
    Column("sources", "json"),
    Column("extra", "json"),
    Column("search_text", "text", source="made"),
)  # fmt: skip

BY_NAME: dict[str, Column] = {column.name: column for column in TABLE}
COLUMNS: dict[str, str] = {column.name: column.kind for column in TABLE if column.source != "json"}
"""Column of the `runs` table -> kind."""
KINDS: dict[str, str] = {column.name: column.kind for column in TABLE if column.source == "record"}
"""Field of RunRecord -> kind."""
METRIC_COLUMNS: tuple[str, ...] = tuple(column.name for column in TABLE if column.source == "metric")
"""Metrics with a column of their own; any other is named `metrics.NAME` and read from the JSON column `metrics`."""
MEASURES: tuple[str, ...] = tuple(column.name for column in TABLE if column.measure)
"""What runs are rated by if nothing is named, the best measure first."""

ALIASES = {"prediction": "parameterization", "params": "num_parameters", "size": "size_bytes"}
"""Key of the import and export format -> column."""

_LOW = ("loss", "fid", "kid", "error", "distance", "_time", "lpips", "mse", "mae", "nll", "bpd")
"""How the names of metrics end of which less is better."""


_SETTINGS = ("config", "extra")
"""JSON columns of which any key may be asked for, at any depth: settings, and what an import has beside all fields."""


def held_in(column: str) -> str:
    """The column of the table that holds a value: `metrics` for `metrics.NAME`, `config` for `config.KEY`."""
    name, dot, _ = column.partition(".")
    return name if dot and name in ("metrics", *_SETTINGS) else column


def in_settings(column: str) -> bool:
    """Whether it is `config.KEY` or `extra.KEY`, whose values may be of any type."""
    return held_in(column) in _SETTINGS and "." in column


def kind_of(column: str) -> str:
    """The kind of a column, of `metrics.NAME` or of `config.KEY`; ValueError with the nearest names for any other."""
    if column in COLUMNS:
        return COLUMNS[column]
    if held_in(column) != column and not column.endswith("."):
        return "float"
    import difflib

    near = difflib.get_close_matches(column.lower(), [*COLUMNS, *ALIASES], n=3, cutoff=0.5)
    hint = f"try {', '.join(near)}" if near else "metrics are named metrics.NAME"
    raise ValueError(f"there is no column {column[:60]!r}: {hint}")


def value_of(row: Mapping[str, Any], column: str) -> Any:
    """The value of a column, of `metrics.NAME` or of `config.KEY` in a decoded row; None if unknown."""
    if in_settings(column):
        holder, name = _holder_of(row, column)
        return holder.get(name)
    if column.startswith("metrics."):
        return (row.get("metrics") or {}).get(column.removeprefix("metrics."))
    return row.get(column)


def is_recorded(row: Mapping[str, Any], column: str) -> bool:
    """Whether the row has the value; a setting that is null is recorded: it is off."""
    if in_settings(column):
        holder, name = _holder_of(row, column)
        return name in holder
    return value_of(row, column) is not None


def _holder_of(row: Mapping[str, Any], column: str) -> tuple[Mapping[str, Any], str]:
    """The mapping that a setting stands in, which is empty if the row has none, and its name there."""
    *path, name = column.split(".")
    found: Any = row
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return (found if isinstance(found, Mapping) else {}), name


def about(column: str) -> Column:
    """The row of a column or metric, with or without `metrics.` before its name; a plain one for a metric without."""
    name = column.removeprefix("metrics.")
    return BY_NAME.get(f"metrics.{name}") or BY_NAME.get(name) or Column(column, "float", better=_better(name))


def _better(metric: str) -> str:
    return "low" if metric.lower().endswith(_LOW) else "high"


def label(column: str) -> str:
    """A column or `metrics.NAME` as a sentence calls it: "validation loss"."""
    if (known := about(column).label) or not in_settings(column):
        return known or column.removeprefix("metrics.").replace("_", " ")
    words = _last_names(column).replace("_", " ").replace(".", " ").split()
    return " ".join(word.upper() if word in _SHORT else word for word in words)


_SHORT = ("ema", "lr", "snr", "cfg", "fid")  # written in capitals
_VAGUE = ("name", "kind", "type", "value", "mode", "size", "scale", "rate", "decay", "steps", "eps", "p", "enabled")
"""Last names of settings that say little without the one before."""


def _last_names(column: str) -> str:
    """What a setting is called where it stands: "gradient_clip_val", "loss.scale"."""
    before, last = column.split(".")[-2:]
    return f"{before}.{last}" if last in _VAGUE and before not in _SETTINGS else last


def head(column: str) -> str:
    """A column or `metrics.NAME` as a table calls it: "params"."""
    return about(column).head or column.removeprefix("metrics.")


def short(column: str) -> str:
    """A column as `--where` and the flags call it: "created"."""
    return about(column).short or column


def lower_is_better(column: str) -> bool:
    """Whether a smaller value of a column or metric is the better one (FID, losses, times)."""
    return about(column).better == "low"


def compares_within(column: str) -> tuple[str, ...]:
    """The columns between whose values a metric does not compare."""
    return about(column).within


def grouped(group: str) -> tuple[str, ...]:
    """The columns of a group of facts, in order."""
    return tuple(column.name for column in TABLE if column.group == group)
