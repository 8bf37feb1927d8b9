"""One run as a page."""

import logging
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from diffusionlab.registry.errors import reason
from diffusionlab.registry.manage.compare import flatten
from diffusionlab.registry.manage.display import facts_by_group, printable
from diffusionlab.registry.record.columns import METRIC_COLUMNS, about, label
from diffusionlab.registry.record.provenance import DIFF_FILE
from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.report.chart import Chart, Line, chart
from diffusionlab.report.curves import Series
from diffusionlab.report.folder import RunContent, read_run
from diffusionlab.report.page import count, duration, num_bytes, write_page

log = logging.getLogger(__name__)

REPORT_FILE = "report.html"
_FIRST = ("data", "model", "codec", "condition", "schedule", "parameterization", "loss", "sampler", "optimizer")
_SYSTEM = (
    "hardware", "framework", "precision", "host", "path", "git_commit", "git_dirty", "data_hash", "config_hash",
)  # fmt: skip
_SHOWN_ELSEWHERE = {
    *_SYSTEM, "status", "reason", "created_at", "modified_at", "heartbeat_at", "description", "notes", "tags",
    "command", "thumbnail", "pid", "process_token", "schema_version", "dataset_family", "hardware_kind",
}  # fmt: skip
"""Groups of the settings that stand open, in this order; the others follow, closed."""


_AT_A_GLANCE = ("epochs", "steps", "seconds", "images_per_second", "num_parameters", "flops", "size_bytes")
IN_UNIT: dict[str, Callable[[Any], str]] = {"s": duration, "count": count, "B": num_bytes}


def write_report(folder: Path) -> Path:
    """Write `report.html` into a run folder; returns its path."""
    record = read_record(folder)
    return write_run_page(read_run(record, folder), folder / REPORT_FILE)


def refresh_report(folder: Path) -> Path | None:
    """As `write_report`; None, with a warning, where it cannot be written: whatever led here has been done."""
    try:
        return write_report(folder)
    except Exception as error:  # whatever lies in the folder
        again = shlex.quote(str(folder))
        log.warning("no report was written: %s; try `python registry.py report %s`", reason(error), again)
        return None


def write_run_page(run: RunContent, target: Path) -> Path:
    """Write the page of a run to `target`."""
    return write_page(
        target,
        "run.html.jinja",
        "copy.js",
        "page.js",
        run=run,
        record=run.record,
        figures=list(_figures(run.record)),
        charts=charts(run.curves),
        facts=list(_facts(run)),
        system=list(_system(run)),
        settings=_settings(run.record.config),
        uncommitted=run.folder is not None and (run.folder / DIFF_FILE).is_file(),
        diff_file=DIFF_FILE,
    )


def _facts(run: RunContent) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    for group, facts in facts_by_group(run.record, run.status):
        shown = [(fact.removeprefix("metrics."), value) for fact, value in facts if fact not in _SHOWN_ELSEWHERE]
        if shown and group != "evaluations":  # these have a section of their own
            yield group, shown


def _system(run: RunContent) -> Iterator[tuple[str, Any]]:
    for name in _SYSTEM:
        if (value := getattr(run.record, name)) is not None:
            yield name, value


def metric_names(metrics: Mapping[str, Any]) -> list[str]:
    """Without single classes and ends of intervals; those with a column of their own come first."""
    names = [name for name in metrics if "/" not in name and not name.endswith(("_low", "_high"))]
    return sorted(names, key=lambda name: METRIC_COLUMNS.index(name) if name in METRIC_COLUMNS else 99)


def _figures(record: RunRecord) -> Iterator[tuple[str, str]]:
    """What is to be seen at a glance: (name, text)."""
    for name in metric_names(record.metrics)[:5]:
        if (value := record.metrics[name]) is not None:
            yield label(name), f"{value:.4g}"
    for column in _AT_A_GLANCE:
        if (value := getattr(record, column)) is not None:
            yield label(column), IN_UNIT.get(about(column).unit, printable)(value)


def charts(curves: Mapping[str, Series]) -> list[Chart]:
    """One chart a quantity: the loss, the loss by ranges of t, then whatever else was logged."""
    by_quantity: dict[str, list[tuple[str, Series]]] = {}
    for name, series in curves.items():
        quantity, label = reading(name)
        by_quantity.setdefault(quantity, []).append((label, series))
    drawn = (_chart(quantity, by_quantity[quantity]) for quantity in sorted(by_quantity, key=_importance))
    return [one for one in drawn if one is not None]


def reading(name: str) -> tuple[str, str]:
    """(quantity, label) of a logged name: "train/loss_step" is ("loss", "train, each step")."""
    split, _, quantity = name.rpartition("/")
    split = {"val": "validation", "": quantity}.get(split, split)
    if quantity.startswith("loss_t_"):
        return "loss by range of t", f"{quantity.removeprefix('loss_t_')} t"
    if quantity.endswith("_step"):
        return quantity.removesuffix("_step").replace("_", " "), f"{split}, each step"
    return quantity.removesuffix("_epoch").replace("_", " "), split


def _importance(quantity: str) -> tuple[int, str]:
    order = ("loss", "loss by range of t")
    return (order.index(quantity) if quantity in order else len(order), quantity)


def _chart(quantity: str, labelled: list[tuple[str, Series]]) -> Chart | None:
    """Single steps are the background of means over epochs, where there are enough of these to see a line."""
    order = ("low t", "mid t", "high t")
    labelled.sort(key=lambda pair: (order.index(pair[0]) if pair[0] in order else -1, pair[0]))
    each_step = [pair for pair in labelled if pair[0].endswith("each step")]
    means = [pair for pair in labelled if pair not in each_step]
    faint = any(len(series) > 1 for _, series in means)
    colours = {label: number for number, (label, _) in enumerate(means)}
    lines = [
        Line(label, series, colours.setdefault(label.partition(",")[0], len(colours)), faint)
        for label, series in each_step
    ]
    return chart(quantity, lines + [Line(label, series, colours[label]) for label, series in means])


def _settings(config: Mapping[str, Any]) -> list[tuple[str, str, bool, list[tuple[str, Any]]]]:
    """(group, its class, whether it stands open, (dotted key, value) pairs); single values come first, as "run"."""
    single = [(key, value) for key, value in config.items() if not isinstance(value, Mapping)]
    groups = {key: value for key, value in config.items() if isinstance(value, Mapping) and value}
    order = sorted(groups, key=lambda key: _FIRST.index(key) if key in _FIRST else len(_FIRST))
    grouped = [(key, str(groups[key].get("_target_", "")), key in _FIRST, _values(groups[key])) for key in order]
    return ([("run", "", True, single)] if single else []) + grouped


def _values(group: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in flatten(group).items() if key not in ("_target_", "_partial_")]
