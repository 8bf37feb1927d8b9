"""Figures measured of a trained run: evaluations under their protocols, and the scores that a CLIP gave."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from diffusionlab.registry.record.columns import label
from diffusionlab.registry.record.convert import to_time
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.report.images import Picture, picture
from diffusionlab.untrusted import inside

ENOUGH = 2000
"""Samples below which a Fréchet distance is plainly too high."""

FRESH = 0.05
"""Of fresh images, the share that the check for memorised ones points at, by definition."""


@dataclass(frozen=True)
class Table:
    """`rows` have a cell for each of `columns`, None for unknown."""

    columns: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True)
class Evaluation:
    """`figures` are (name, of the samples, of as many real images), texts; the last is empty where it is unknown.

    `step`: how many optimizer steps the weights had behind them, None where it is unknown; `present`: whether the
    record has these figures. A record drops what was measured of weights that are no more.
    """

    protocol: str
    step: int | None
    present: bool
    evaluated_at: datetime | None
    few: bool
    figures: list[tuple[str, str, str]]
    classes: Table | None
    picture: Picture | None


@dataclass(frozen=True)
class ClipScoring:
    """What a CLIP said of one folder of samples; `about` is where the scores are from, `classes` hardest first."""

    title: str
    about: str
    classes: Table
    pictures: list[Picture]


def evaluations(record: RunRecord, folder: Path | None) -> list[Evaluation]:
    """Those that are recorded, the latest first, with details from `evaluations/*.json`; then the files left over."""
    details: dict[str, tuple[dict[str, Any], Path | None]] = {}
    left_over = []
    for file in sorted(folder.glob("evaluations/*.json")) if folder else []:
        data = _read(folder, file) if folder else None
        if not data or not isinstance(protocol := data.get("protocol"), str):
            continue
        measured = _numbers(data.get("metrics"))
        if protocol in record.evaluations and _whole(record.evaluations[protocol]) == measured:
            details[protocol] = (data, file)
        else:
            left_over.append(_evaluation(protocol, measured, folder, data, file, present=False))
    latest_first = sorted(record.evaluations, key=lambda protocol: protocol != record.protocol)
    recorded = []
    for protocol in latest_first:
        figures = record.evaluations[protocol]
        known, source = details.get(protocol, ({}, None))
        recorded.append(_evaluation(protocol, _whole(figures), folder, {"classes": _by_class(figures)} | known, source))
    return recorded + left_over


def _evaluation(
    protocol: str,
    whole: Mapping[str, float | None],
    folder: Path | None,
    data: Mapping[str, Any],
    file: Path | None,
    *,
    present: bool = True,
) -> Evaluation:
    num_samples, step = data.get("num_samples"), data.get("step")
    classes = own if isinstance(own := data.get("classes"), Mapping) else {}
    grid = inside(folder, f"evaluations/{file.stem}.png") if folder and file else None
    return Evaluation(
        protocol,
        step if isinstance(step, int) else None,
        present,
        _moment(data.get("evaluated_at")),
        isinstance(num_samples, int) and num_samples < ENOUGH,
        figures(whole, floor_of(data)),
        _by_class_table({str(name): _numbers(own) for name, own in classes.items()}) if classes else None,
        picture(grid, folder, "Nearest training images") if grid and folder else None,
    )


def _whole(recorded: Mapping[str, float | None]) -> dict[str, float | None]:
    """Without single classes."""
    return {name: value for name, value in _numbers(recorded).items() if "/" not in name}


def floor_of(data: Mapping[str, Any]) -> dict[str, float | None]:
    """What real images score, as far as the content of an evaluation's file says."""
    floor = _numbers(data.get("floor"))
    known = _numbers({"label_accuracy": data.get("classifier_accuracy"), "memorised": FRESH if floor else None})
    return floor | known


def _moment(text: Any) -> datetime | None:
    try:
        return to_time(text)
    except (ValueError, TypeError):
        return None


def figures(metrics: Mapping[str, float | None], floor: Mapping[str, float | None]) -> list[tuple[str, str, str]]:
    """(name, of the samples, of real images in their place), as texts, intervals beside their values."""
    names = [name for name in metrics if not name.endswith(("_low", "_high"))]
    return [(_heading(name, metrics), _text(name, metrics), _text(name, floor)) for name in names]


def _heading(name: str, metrics: Mapping[str, float | None]) -> str:
    return label(name) + (", 95 % interval" if metrics.get(f"{name}_low") is not None else "")


def _text(name: str, figures: Mapping[str, float | None]) -> str:
    """A figure with its interval, where it has one."""
    value, low, high = (figures.get(name + end) for end in ("", "_low", "_high"))
    if value is None:
        return ""
    return f"{value:.4g}" + (f" [{low:.3g},\u00a0{high:.3g}]" if low is not None and high is not None else "")


def _by_class(metrics: Mapping[str, float | None]) -> dict[str, dict[str, float | None]]:
    """{"fid/Bag": 3.0} -> {"Bag": {"fid": 3.0}}."""
    classes: dict[str, dict[str, float | None]] = {}
    for name, value in metrics.items():
        metric, slash, of_class = name.partition("/")
        if slash:
            classes.setdefault(of_class, {})[metric] = value
    return classes


def _by_class_table(rows: Mapping[str, Mapping[str, float | None]]) -> Table:
    columns = list(dict.fromkeys(name for own in rows.values() for name in own if not name.endswith(("_low", "_high"))))
    headings = [_heading(column, {}) for column in columns]
    return Table(
        ["class", *headings], [[name, *(_text(column, own) for column in columns)] for name, own in rows.items()]
    )


def clip_scorings(folder: Path) -> list[ClipScoring]:
    """What `sample.py scores=true` left beside its samples."""
    found = []
    for file in sorted(folder.glob("samples/*/scores.json")):
        data = _read(folder, file) or {}
        rows = [row for row in data.get("classes") or [] if isinstance(row, Mapping)]
        if not rows:
            continue
        columns = [str(key) for key in rows[0]]
        names = (file.relative_to(folder).parent / f"{stem}.png" for stem in ("best_and_worst", "difficulty"))
        files = [(path, path.stem) for name in names if (path := inside(folder, str(name)))]
        pictures = [one for path, stem in files if (one := picture(path, folder, stem.replace("_", " ").capitalize()))]
        about = [f"{key} {value}" for key, value in data.items() if isinstance(value, str | int | float)]
        table = Table(columns, [[row.get(column) for column in columns] for row in rows])
        found.append(ClipScoring(file.parent.name, ", ".join(about), table, pictures))
    return found


def _read(folder: Path, file: Path) -> dict[str, Any] | None:
    if inside(folder, str(file.relative_to(folder))) is None:
        return None
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _numbers(data: Any) -> dict[str, float | None]:
    """The entries that are finite numbers."""
    entries: Sequence[tuple[Any, Any]] = list(data.items()) if isinstance(data, Mapping) else []
    return {str(name): value for name, value in entries if isinstance(value, int | float) and math.isfinite(value)}
