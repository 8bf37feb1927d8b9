"""Lines over the training step as an SVG chart: scales, ticks and paths. The templates draw it, CSS colours it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from diffusionlab.report.curves import Series, thinned

WIDTH, HEIGHT = 460, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 34
COLOURS = 8
"""Series colours in style.css; further series begin again with the first."""


@dataclass(frozen=True)
class Line:
    """One series to draw. `colour` counts the colours of the style sheet; a `faint` line is background to others."""

    label: str
    points: Series
    colour: int = 0
    faint: bool = False

    @property
    def last(self) -> float:
        return self.points[-1][1]

    @property
    def lowest(self) -> float:
        return min(value for _, value in self.points)


@dataclass(frozen=True)
class Path:
    """A line in the chart's units: its SVG path, and its points as (x, y, step, value) for the reader's cursor."""

    line: Line
    d: str
    marks: list[tuple[float, float, int, float]]


@dataclass(frozen=True)
class Chart:
    """A titled chart; `ticks` are (position in chart units, text)."""

    title: str
    lines: list[Line]
    log_scale: bool = False
    x_ticks: list[tuple[float, str]] = field(default_factory=list)
    y_ticks: list[tuple[float, str]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """The chart in words, for those who do not see it."""
        trends = [f"{line.label} from {line.points[0][1]:.4g} to {line.last:.4g}" for line in self.lines if line.points]
        last = max(line.points[-1][0] for line in self.lines)
        return f"{self.title} over {last:,} steps: {'; '.join(trends)}"


def chart(title: str, lines: Sequence[Line]) -> Chart | None:
    """Lay out a chart; None without any point. Values that span a factor of five and more get a logarithmic scale."""
    lines = [Line(line.label, thinned(line.points), line.colour, line.faint) for line in lines if line.points]
    if not lines:
        return None
    steps = [step for line in lines for step, _ in line.points]
    values = [value for line in lines for _, value in line.points]
    low, high = min(values), max(values)
    log_scale = low > 0 and high / low >= 5
    y = _Scale(low, high, HEIGHT - BOTTOM, TOP, log=log_scale)
    x = _Scale(min(0, *steps), max(steps), LEFT, WIDTH - RIGHT, margin=0.0)
    return Chart(
        title,
        list(lines),
        log_scale,
        [(x(tick), _step(tick)) for tick in x.ticks(5) if tick == int(tick)],
        [(y(tick), f"{tick:.6g}") for tick in y.ticks(5)],
        [_path(line, x, y) for line in lines],
    )


def _path(line: Line, x: "_Scale", y: "_Scale") -> Path:
    marks = [(round(x(step), 1), round(y(value), 1), step, float(f"{value:.6g}")) for step, value in line.points]
    return Path(line, "M" + "L".join(f"{px:g} {py:g}" for px, py, _, _ in marks), marks)


def _step(step: float) -> str:
    return f"{step / 1000:g}k" if abs(step) >= 10_000 else f"{step:,.0f}"


class _Scale:
    """Maps [low, high], widened by `margin` of its span at both ends, onto [start, end]."""

    def __init__(
        self, low: float, high: float, start: float, end: float, *, log: bool = False, margin: float = 0.05
    ) -> None:
        self.log = log
        low, high = (math.log10(low), math.log10(high)) if log else (low, high)
        if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):  # a flat line lies in the middle
            room = abs(low) / 2 or 1.0
            low, high = low - room, high + room
        self.low, self.high = low - margin * (high - low), high + margin * (high - low)
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        place = math.log10(value) if self.log else value
        return self.start + (place - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, about: int) -> list[float]:
        """Round numbers inside the range, about so many; on a logarithmic scale some of each power of ten."""
        if not self.log:
            size = (self.high - self.low) / about
            power = 10.0 ** math.floor(math.log10(size))
            size = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= size)
            first, last = math.ceil(self.low / size), math.floor(self.high / size)
            return [float(f"{number * size:.12g}") for number in range(first, last + 1)]
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        for factors in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
            ticks = [float(f"{factor * 10.0**power:.3g}") for power in powers for factor in factors]
            ticks = [tick for tick in ticks if self.low <= math.log10(tick) <= self.high]
            if len(ticks) >= 3:
                break
        every = -(-len(ticks) // 8)
        return ticks[::every]
