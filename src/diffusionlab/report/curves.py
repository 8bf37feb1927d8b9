"""What Lightning's CSV logger wrote, as series over the training step."""

import csv
import math
from pathlib import Path

from diffusionlab.untrusted import inside

Series = list[tuple[int, float]]
"""(training step, value), steps ascending."""


def read_curves(folder: Path) -> dict[str, Series]:
    """Logged name ("val/loss") -> its series, from all `logs/version_N/metrics.csv` of a run folder.

    A run that went on has several versions; from the step on at which a later one begins, the later one counts.
    Means over an epoch stand at its middle.
    Cells that are no finite number are left out: a running training may just be writing the last line.
    """
    curves: dict[str, Series] = {}
    names = (str(file.relative_to(folder)) for file in folder.glob("logs/version_*/metrics.csv"))
    for file in sorted((file for name in names if (file := inside(folder, name))), key=_version):
        own = _read(file)
        begin = min((series[0][0] for series in own.values()), default=math.inf)
        for series in curves.values():
            series[:] = [point for point in series if point[0] < begin]
        for name, series in own.items():
            curves.setdefault(name, []).extend(series)
    return {name: _centred(series) if _is_mean(name) else series for name, series in curves.items() if series}


def _is_mean(name: str) -> bool:
    """Whether it is logged at the end of an epoch as the mean over its steps."""
    return name.endswith("_epoch") or "/loss_t_" in name


def _centred(series: Series) -> Series:
    """Each mean at the middle of its epoch rather than at the end, where it would lag behind other curves."""
    begins = [0, *(step + 1 for step, _ in series[:-1])]
    return [((begin + end) // 2, value) for begin, (end, value) in zip(begins, series, strict=True)]


def _version(file: Path) -> int:
    number = file.parent.name.removeprefix("version_")
    return int(number) if number.isdecimal() else -1


def _read(file: Path) -> dict[str, Series]:
    curves: dict[str, dict[int, float]] = {}
    with file.open(newline="", encoding="utf-8", errors="replace") as lines:
        for row in csv.DictReader(lines):
            step = _number(row.get("step"))
            if step is None:
                continue
            for name, cell in row.items():
                if name not in (None, "step", "epoch") and (value := _number(cell)) is not None:
                    curves.setdefault(name, {})[int(step)] = value
    return {name: sorted(points.items()) for name, points in curves.items()}


def _number(cell: object) -> float | None:
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def thinned(series: Series, most: int = 300) -> Series:
    """At most `most` points, each the mean of equally many neighbours."""
    size = -(-len(series) // most)
    if size <= 1:
        return series
    groups = [series[start : start + size] for start in range(0, len(series), size)]
    return [(group[len(group) // 2][0], sum(value for _, value in group) / len(group)) for group in groups]
