"""How fast the lab is, every figure a ratio of two things that took turns on this machine.

    python experiments/benchmarks/bench.py --out FOLDER            on quiet cores
    python experiments/benchmarks/bench.py --out FOLDER --quick    three minutes

Prints one table and writes FOLDER/bench.json. One thread unless --threads says otherwise; processor time of this
process alone, so that other work on the machine disturbs little. Peers are measured where they can be imported: `make
bench` runs this in .venv-peers. Data: the drawn garments, which need no files.
"""

import argparse
import json
import math
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from alternate import Beside, alternate
from compose import QUIET, experiment_of
from loops import lightning_loop, naive_loop, tight_loop
from memory import of_training
from parts import ema, loading, samplers, start
from peers import PEERS, peer_loop, step_flops

from diffusionlab.models.facets import describe

NETWORKS = (
    "simple_unet", "efficient_unet", "attention_unet", "linear_attention_unet", "conditional_unet", "pixel_transformer",
    "autoencoder",
)  # fmt: skip
QUICK_NETWORKS = ("simple_unet", "conditional_unet")
BARE = ("logger=none", "data.num_train=2000", "data.num_val=100")
TINY = ("model.channels=[8,8]", "model.attention_max_size=0", "data.batch_size=16")
CPU = torch.device("cpu")


@dataclass
class Table:
    """The rows so far; printed as they come."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, what: str, value: float, unit: str, goal: str = "") -> None:
        """A row; `goal`: such as "<= 0.3", empty for none."""
        met = ""
        if goal:
            sign, bound = goal.split()
            met = "met" if (value <= float(bound) if sign == "<=" else value >= float(bound)) else "missed"
        self.rows.append({"what": what, "value": value, "unit": unit, "goal": goal, "met": met})
        print(f"{what:<66} {value:>9.3g} {unit:<10} {goal:<9} {met}", flush=True)


def steps(table: Table, names: tuple[str, ...], turns: int, batch_size: int) -> None:
    """A training step of each network: the lab's precision and layout, and float32, as a tight and as a naive loop."""
    for name in names:
        experiment = experiment_of(*QUIET, *BARE, f"model={name}", f"data.batch_size={batch_size}")
        module, data = experiment.module, experiment.datamodule
        bf16 = str(experiment.trainer.precision) == "bf16-mixed"
        loops = {
            "lab": tight_loop(module, data, CPU, bf16=bf16),
            "again": tight_loop(module, data, CPU, bf16=bf16),
            "fp32": tight_loop(module, data, CPU, bf16=False),
            "naive": naive_loop(module, data),
        }
        timings = alternate(loops, turns=turns)
        goal = ">= 1.9" if name in ("simple_unet", "efficient_unet") else ">= 1.5"
        table.add(f"{name}: noise floor, the same step again", timings.ratio("again", "lab"), "times")
        table.add(f"{name}: as fast as the same step in float32", timings.ratio("fp32", "lab"), "times", goal)
        table.add(f"{name}: as fast as a naive float32 loop", timings.ratio("naive", "lab"), "times")
        table.add(f"{name}: images a second", batch_size / timings.of("lab"), "images/s")


def memory(table: Table, names: tuple[str, ...], batch_size: int) -> None:
    """The peak of a training of each network beyond the imports, and of the same in float32."""
    for name in names:
        sized = (f"model={name}", f"data.batch_size={batch_size}")
        lab, fp32 = of_training(*sized), of_training(*sized, "hardware.precision=32-true")
        table.add(f"{name}: peak memory of a training", lab, "MiB")
        table.add(f"{name}: peak memory over the same in float32", lab / fp32, "times")


def overhead(table: Table, turns: int) -> None:
    """What a step of a network that is almost nothing costs more than the tight loop, and than Lightning alone."""
    experiment = experiment_of(*QUIET, *BARE[1:], *TINY, "trainer.max_epochs=-1", "trainer.limit_val_batches=0")
    module, data, trainer = experiment.module, experiment.datamodule, experiment.trainer
    precision = str(trainer.precision)
    rivals = {
        "tight": tight_loop(module, data, CPU, bf16=precision == "bf16-mixed"),
        "Lightning": lightning_loop(module, data, precision=precision),
    }
    clock = Beside(rivals, turns=turns, steps=20, warm_up=20)
    trainer.fit_loop.epoch_loop.max_steps = clock.num_batches
    trainer.callbacks.append(clock)  # type: ignore[attr-defined]
    trainer.fit(module, datamodule=data)
    for rival, name, goal in (("tight", "the tight loop", "<= 0.3"), ("Lightning", "Lightning alone", "")):
        milliseconds = 1000 * (clock.timings.of("lab") - clock.timings.of(rival))
        table.add(f"default callbacks and logging: overhead over {name}", milliseconds, "ms a step", goal)


def roof(table: Table) -> None:
    """Share of the processor's bf16 convolution rate that a training step of conditional_unet reaches."""
    width, batch_size = 64, 64
    images = torch.randn(32, width, 28, 28, dtype=torch.bfloat16).contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(width, width, 3, 3, dtype=torch.bfloat16).contiguous(memory_format=torch.channels_last)
    experiment = experiment_of(*QUIET, *BARE, f"data.batch_size={batch_size}")
    step = tight_loop(experiment.module, experiment.datamodule, CPU, bf16=True)
    things = {"convolution": lambda: torch.nn.functional.conv2d(images, kernel, padding=1), "step": step}
    timings = alternate(things, turns=5)
    rate = 2.0 * images.numel() * width * 9 / timings.of("convolution")
    flops = 3 * describe(experiment.module.network).flops_per_image * batch_size  # type: ignore[arg-type]
    table.add("conditional_unet: share of the bf16 convolution roof", 100 * flops / timings.of("step") / rate, "%")


def growth(table: Table) -> None:
    """Exponents: seconds of a step ~ size^p."""
    for what, small, large in (
        ("batch", "data.batch_size=32", "data.batch_size=128"),
        ("image size", "data.image_size=16", "data.image_size=64"),
        ("channels", "model.channels=[16,32]", "model.channels=[64,128]"),
    ):
        loops = {}
        for size in (small, large):
            few = () if "batch" in size else ("data.batch_size=16",)
            experiment = experiment_of(*QUIET, *BARE, "model.attention_max_size=0", size, *few)
            loops[size] = tight_loop(experiment.module, experiment.datamodule, CPU, bf16=True)
        exponent = math.log(alternate(loops, turns=3).ratio(large, small)) / math.log(4)
        table.add(f"growth of a step with {what}: exponent", exponent, "")


def peers(table: Table, turns: int) -> None:
    """A step of the peers' networks, built at about equal parameters, beside the lab's; per image and per FLOP."""
    batch_size = 64
    experiment = experiment_of(*QUIET, *BARE, f"data.batch_size={batch_size}")
    module, data = experiment.module, experiment.datamodule
    bf16 = str(experiment.trainer.precision) == "bf16-mixed"
    facts = describe(module.network)  # type: ignore[arg-type]
    table.add("conditional_unet: parameters", facts.num_parameters / 1e6, "million")
    for name, make in PEERS.items():
        try:
            network = make()
        except ImportError:
            print(f"{name:<66} not installed: `make bench` installs it")
            continue
        count, flops = sum(parameter.numel() for parameter in network.parameters()), step_flops(network)
        loops = {
            "lab": tight_loop(module, data, CPU, bf16=bf16),
            "peer": peer_loop(network, data, bf16=False),
            "peer in bf16": peer_loop(network, data, bf16=True),
        }
        timings = alternate(loops, turns=turns)
        table.add(f"{name}: parameters", count / 1e6, "million")
        table.add(f"{name}: FLOP of an image over the lab's", flops / facts.flops_per_image, "times")
        for how in ("peer", "peer in bf16"):
            ratio = timings.ratio(how, "lab")
            label = "its own loop, float32" if how == "peer" else "its loop in bf16"
            table.add(f"lab over {name}, {label}: images a second", ratio, "times")
            goal = ">= 2" if how == "peer" else ""
            table.add(f"lab over {name}, {label}: per FLOP", ratio * facts.flops_per_image / flops, "times", goal)


def main() -> None:
    """Every part, then the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for bench.json")
    parser.add_argument("--quick", action="store_true", help="fewer networks, fewer turns")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: %(default)s)")
    parser.add_argument(
        "--only", nargs="*", help="parts: steps memory overhead ema loading samplers peers roof growth start"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    turns, table = (4 if arguments.quick else 8), Table()
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, {arguments.threads} thread(s)")
    everything: dict[str, Callable[[], Any]] = {
        "steps": lambda: steps(table, QUICK_NETWORKS if arguments.quick else NETWORKS, turns, 64),
        "memory": lambda: memory(table, QUICK_NETWORKS[:1] if arguments.quick else NETWORKS, 64),
        "overhead": lambda: overhead(table, turns),
        "ema": lambda: ema(table),
        "loading": lambda: loading(table),
        "samplers": lambda: samplers(table),
        "peers": lambda: peers(table, turns),
        "roof": lambda: roof(table),
        "growth": lambda: None if arguments.quick else growth(table),
        "start": lambda: start(table, 3 if arguments.quick else 5),
    }
    for name, part in everything.items():
        if arguments.only and name not in arguments.only:
            continue
        begun = time.monotonic()
        part()
        print(f"-- {name}: {time.monotonic() - begun:.0f} s", flush=True)
        (arguments.out / "bench.json").write_text(json.dumps(table.rows, indent=1))


if __name__ == "__main__":
    main()
