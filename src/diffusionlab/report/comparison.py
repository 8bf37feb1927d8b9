"""Several runs as one page: what differs, their curves over each other, their samples side by side."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from diffusionlab.registry.manage.compare import Comparison, Difference, compare
from diffusionlab.registry.record.columns import KINDS, compares_within, lower_is_better
from diffusionlab.report.chart import Chart, Line, chart
from diffusionlab.report.folder import RunContent
from diffusionlab.report.images import Picture
from diffusionlab.report.page import write_page
from diffusionlab.report.run_page import reading


def write_comparison(runs: Sequence[RunContent], target: Path, title: str = "") -> Path:
    """Write the page of two or more runs to `target`."""
    names = short_names(runs)
    comparison = compare([run.record for run in runs])
    return write_page(
        target,
        "comparison.html.jinja",
        "copy.js",
        "page.js",
        title=title or " · ".join(names),
        heading=title or f"{len(runs)} runs compared",
        runs=list(zip(runs, names, strict=True)),
        groups=_groups(comparison),
        layers=comparison.layers,
        same=[fact for fact in comparison.same if not fact.startswith(("config.", "packages."))],
        charts=_charts(runs, names),
        together=_together(runs),
    )


def short_names(runs: Sequence[RunContent]) -> list[str]:
    """Their names, with the end of the id where a name is not the only one of its kind."""
    times = Counter(run.record.name for run in runs)
    return [
        run.record.name if times[run.record.name] == 1 else f"{run.record.name} {run.record.run_id.rpartition('-')[2]}"
        for run in runs
    ]


def _groups(comparison: Comparison) -> list[tuple[str, list[tuple[Difference, float | None]]]]:
    """As `registry.py compare` groups them, result first, settings and packages apart; each with its best value."""
    groups: dict[str, list[tuple[Difference, float | None]]] = {
        "result": [],
        "architecture": [],
        "training": [],
        "settings": [],
        "packages": [],
    }
    apart_in = {one.fact for differences in comparison.groups.values() for one in differences}
    for group, differences in comparison.groups.items():
        for one in differences:
            prefix, _, rest = one.fact.partition(".")
            apart = {"config": "settings", "packages": "packages"}.get(prefix)
            groups[apart or group].append((Difference(rest, one.values) if apart else one, _best(one, apart_in)))
    return [(group, differences) for group, differences in groups.items() if differences]


def _best(difference: Difference, apart_in: set[str]) -> float | None:
    """The lowest of several values of a metric where lower is better, and where they compare at all."""
    fact = difference.fact
    if fact in KINDS or fact.startswith(("config.", "packages.")):
        return None
    numbers = [value for value in difference.values if isinstance(value, float)]
    comparable = apart_in.isdisjoint(compares_within(fact))
    return min(numbers) if len(numbers) > 1 and comparable and lower_is_better(fact) else None


def _together(runs: Sequence[RunContent]) -> list[Picture]:
    """What `visualize.py` drew of these very runs in one picture; it lies with the one that was named first."""
    ids = {run.record.run_id for run in runs}
    return [picture for run in runs for picture in run.pictures if len(ids) > 1 and picture.runs == ids]


def _charts(runs: Sequence[RunContent], names: Sequence[str]) -> list[Chart]:
    """One chart a logged name, validation first; single steps, if logged, are the background of their means."""
    logged = {name for run in runs for name in run.curves}
    own = {name for name in logged if not name.endswith("_step") or _mean_of(name) not in logged}
    drawn = []
    for name in sorted(own, key=lambda name: ("val/" not in name, "loss_t_" in name, name)):
        quantity, split = reading(name)
        split = split.removesuffix(", each step")
        lines = _lines(runs, names, name)
        drawn.append(chart(f"{quantity}, {split}" if split != quantity else quantity, lines))
    return [one for one in drawn if one is not None]


def _mean_of(name: str) -> str:
    return f"{name.removesuffix('_step')}_epoch"


def _lines(runs: Sequence[RunContent], names: Sequence[str], name: str) -> list[Line]:
    """A colour a run: its single steps, and before them the means over epochs, of which one alone is no line."""
    each_step = f"{name.removesuffix('_epoch')}_step" if name.endswith("_epoch") else ""
    steps, means = [], []
    for number, (run, label) in enumerate(zip(runs, names, strict=True)):
        mean, single = run.curves.get(name, []), run.curves.get(each_step, [])
        steps.append(Line(f"{label}, each step", single, number, faint=len(mean) > 1))
        means.append(Line(label, mean if len(mean) > 1 or not single else [], number))
    return steps + means
