"""How the seconds and the memory of a training step grow with batch, image, channels, data and callbacks.

    python experiments/benchmarks/growth.py --out FOLDER    writes FOLDER/growth.json and FOLDER/growth.png

Every point is a process of its own, so that its peak memory is its own; the points of all lines take turns, `--turns`
times, and the median counts. Exponents p of size^p are fitted over a whole line. Memory is what a process needs beyond
its imports. Data: the drawn garments.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from memory import peak_mib

SMALL = ("data.batch_size=16", "model.channels=[16,32]", "model.attention_max_size=0", "data.num_val=20", "logger=none")


@dataclass(frozen=True)
class Line:
    """`sizes` of something, and the overrides that make it so large; `callbacks` is no override."""

    name: str
    sizes: tuple[int, ...]
    override: str

    def overrides(self, size: int) -> list[str]:
        """Of a run of this size: `override` with the size, twice the size and so on in it."""
        return [self.override.format(size=size, twice=2 * size)] if self.override else []


LINES = (
    Line("batch", (8, 16, 32, 64), "data.batch_size={size}"),
    Line("image size", (16, 32, 64), "data.image_size={size}"),
    Line("channels", (8, 16, 32, 64), "model.channels=[{size},{twice}]"),
    Line("images", (500, 2000, 8000, 32000), "data.num_train={size}"),
    Line("callbacks", (4, 8, 16, 32), ""),
)


def point(line: Line, size: int) -> dict[str, float]:
    """Median seconds of a step of `Trainer.fit`, and the peak of the process's memory in MiB beyond its imports."""
    import pytorch_lightning as pl
    import torch
    from alternate import Beside
    from compose import QUIET, experiment_of

    class Counting(pl.Callback):
        """What a callback does at least: something at the end of every step."""

        def on_train_batch_end(self, *_: Any) -> None:
            self.seen = getattr(self, "seen", 0) + 1

    torch.set_num_threads(1)
    imported = peak_mib()
    few = () if line.name == "images" else ("data.num_train=500",)
    steps = ("trainer.max_epochs=-1", "trainer.limit_val_batches=0", "callbacks=quiet", "~callbacks.sample_grid")
    experiment = experiment_of(*QUIET, *SMALL, *few, *steps, "~callbacks.panels", *line.overrides(size))
    clock = Beside({}, turns=6, steps=2)
    experiment.trainer.fit_loop.epoch_loop.max_steps = clock.num_batches
    extra = [Counting() for _ in range(size)] if line.name == "callbacks" else []
    experiment.trainer.callbacks += [*extra, clock]  # type: ignore[attr-defined]
    experiment.trainer.fit(experiment.module, datamodule=experiment.datamodule)
    return {"seconds": clock.timings.of("lab"), "MiB": peak_mib() - imported}


def measure(turns: int) -> dict[str, dict[int, dict[str, float]]]:
    """Line -> size -> the medians of its points."""
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    for turn in range(turns):
        for line in LINES:
            for size in line.sizes:
                command = [sys.executable, __file__, "--out", ".", "--point", line.name, str(size)]
                environment = os.environ | {"OMP_NUM_THREADS": "1"}
                told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
                found.setdefault((line.name, size), []).append(json.loads(told.splitlines()[-1]))
        print(f"turn {turn + 1} of {turns}", flush=True)
    return {
        line.name: {
            size: {what: median(one[what] for one in found[line.name, size]) for what in ("seconds", "MiB")}
            for size in line.sizes
        }
        for line in LINES
    }


def exponent(points: dict[int, dict[str, float]], what: str) -> float:
    """p of size^p, fitted to the logarithms of all points."""
    sizes = np.log(list(points))
    return float(np.polyfit(sizes, np.log([point[what] for point in points.values()]), 1)[0])


def draw(lines: dict[str, dict[int, dict[str, float]]], path: Path) -> None:
    """Both figures over the size, each line in multiples of its first point."""
    from matplotlib import pyplot as plt

    from diffusionlab.visualization.style import LOOK

    with plt.rc_context(LOOK):
        figure, axes = plt.subplots(1, 2, figsize=(13, 4.8), layout="constrained")
        for axis, what, title in zip(axes, ("seconds", "MiB"), ("seconds of a step", "memory"), strict=True):
            for name, points in lines.items():
                sizes = list(points)
                values = [points[size][what] for size in sizes]
                label = f"{name}: {exponent(points, what):.2f}"
                axis.plot([size / sizes[0] for size in sizes], [v / values[0] for v in values], "o-", label=label)
            axis.set_xscale("log", base=2)
            axis.set_yscale("log", base=2)
            for scale in (axis.xaxis, axis.yaxis):
                scale.set_major_formatter(lambda value, _: f"{value:g}")
            axis.set(xlabel="size, in multiples of the smallest", title=f"{title}, likewise")
            axis.legend(title="exponent", frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        figure.savefig(path, dpi=100)


def main() -> None:
    """One point, or all of them and the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for growth.json and growth.png")
    parser.add_argument("--turns", type=int, default=3, help="of every point (default: %(default)s)")
    parser.add_argument("--point", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.point:
        name, size = arguments.point
        print(json.dumps(point(next(line for line in LINES if line.name == name), int(size))))
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    lines = measure(arguments.turns)
    (arguments.out / "growth.json").write_text(json.dumps(lines, indent=1))
    draw(lines, arguments.out / "growth.png")
    print("| with | sizes | seconds of a step | exponent | MiB | exponent |\n| --- | --- | --- | ---: | --- | ---: |")
    for name, points in lines.items():
        seconds = " ".join(f"{point['seconds']:.3g}" for point in points.values())
        memory = " ".join(f"{point['MiB']:.0f}" for point in points.values())
        sizes = " ".join(map(str, points))
        cells = (name, sizes, seconds, f"{exponent(points, 'seconds'):.2f}", memory, f"{exponent(points, 'MiB'):.2f}")
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
