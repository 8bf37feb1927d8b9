"""The parts around the network: the average of the weights, loading, the samplers' arithmetic, starting."""

import copy
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import torch
from alternate import alternate
from compose import QUIET, experiment_of
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from diffusionlab.diffusion import DDIM, CosineSchedule, DPMSolverPP2M, Heun
from diffusionlab.training.ema import EMA

ROOT = Path(__file__).parents[2]


class Rows(Protocol):
    """Where the figures go."""

    def add(self, what: str, value: float, unit: str, goal: str = "") -> None:
        """A row."""


def ema(table: Rows) -> None:
    """An update of the average beside a bare lerp of the same tensors."""
    network = experiment_of(*QUIET, "logger=none", "data.num_train=200", "data.num_val=20").module.network
    average, bare = EMA(network, decay=0.999), list(copy.deepcopy(network).parameters())
    weights = list(network.parameters())

    @torch.no_grad()
    def lerp() -> None:
        torch._foreach_lerp_(bare, weights, 0.001)

    timings = alternate({"ema": lambda: average.update(network), "lerp": lerp}, turns=15, steps=50, warm_up=10)
    table.add("EMA update over a bare foreach lerp", timings.ratio("ema", "lerp"), "times", "<= 1.1")


class Pictures(Dataset[tuple[torch.Tensor, int]]):
    """What a script does: a PIL image and three transforms for every sample."""

    def __init__(self, images: torch.Tensor) -> None:
        self.images = [Image.fromarray(image[0].numpy()) for image in images]
        self.transform = transforms.Compose(
            [transforms.Resize(28), transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[row]), 0


def loading(table: Rows) -> None:
    """An epoch of batches of 128 beside a PIL transform for each sample in a DataLoader."""
    few = ("data.num_train=4000", "data.num_val=100", "data.batch_size=128")
    data = experiment_of(*QUIET, "logger=none", *few).datamodule
    ours, theirs = data.train_dataloader(), DataLoader(Pictures(data.train.images), batch_size=128, shuffle=True)

    def epoch(batches: Any) -> None:
        for batch in batches:
            batch[0].sum()

    timings = alternate({"ours": lambda: epoch(ours), "theirs": lambda: epoch(theirs)}, turns=5)
    table.add("loading, images a second over PIL in a DataLoader", timings.ratio("theirs", "ours"), "times", ">= 50")


def samplers(table: Rows) -> None:
    """What a sampler computes beside the network, a call of the network."""
    schedule, x0_hat = CosineSchedule(), torch.zeros(1, 1, 8, 8)

    def nothing(x_t: torch.Tensor, t: float) -> torch.Tensor:
        return x0_hat

    for sampler, calls in ((DDIM(num_steps=50), 50), (DPMSolverPP2M(num_steps=50), 50), (Heun(num_steps=50), 99)):

        def draw(sampler: Any = sampler) -> None:
            for _ in sampler(nothing, schedule, lambda: torch.zeros(1, 1, 8, 8)):
                pass

        seconds = alternate({"draw": draw}, turns=15, steps=5, warm_up=3).of("draw")
        name = type(sampler).__name__
        table.add(f"sampler {name}: arithmetic beside the network", 1e6 * seconds / calls, "us a call", "<= 15")


def start(table: Rows, turns: int) -> None:
    """Processor time until the first training step is done, beside importing torch and Lightning; `--help`, `--cfg`."""
    train = [sys.executable, str(ROOT / "train.py")]
    first = ["trainer.max_steps=1", "trainer.limit_val_batches=0", "callbacks=quiet", "~callbacks.sample_grid"]
    first += ["~callbacks.panels", "logger=none", "data.num_train=64", "data.num_val=8", "data.batch_size=8"]
    commands = {
        "import": [sys.executable, "-c", "import torch, pytorch_lightning"],
        "first step": [*train, *first, "+callbacks.stop._target_=stop.Stop"],
        "whole": [*train, *first],
        "--help": [*train, "--help"],
        "--cfg job": [*train, "--cfg", "job"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(turns):
        for name, command in commands.items():
            seconds[name].append(_processor_seconds(command))
    for what, name, goal in (
        ("first step", "until the first step", "<= 1.15"),
        ("whole", "a training of one step", ""),
    ):
        ratios = [one / other for one, other in zip(seconds[what], seconds["import"], strict=True)]
        table.add(f"{name}, over importing torch and Lightning", median(ratios), "times", goal)
    for name in ("--help", "--cfg job"):
        table.add(f"train.py {name}", median(seconds[name]), "s", "<= 0.5")


def _processor_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(Path(__file__).parent))),
        "OMP_NUM_THREADS": "1",
    }
    with tempfile.TemporaryDirectory() as folder:
        environment |= {"DIFFUSIONLAB_REGISTRY": str(Path(folder, "registry"))}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
