"""What `hardware=gpu` does on this machine's card: checks, speed, resumption, sampling, and what it learns in minutes.

    python experiments/benchmarks/gpu.py --out FOLDER               at most eight minutes
    python experiments/benchmarks/gpu.py --out FOLDER --miniature   two steps of everything, on any machine

Prints one table and writes FOLDER/gpu.json and FOLDER/samples.png. A part that fails is reported, and the others go on.
Without a CUDA device every figure of the card reads "not measured". Data: the drawn garments, which need no files.
"""

import argparse
import json
import platform
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from alternate import Beside, alternate, seconds_now
from compose import QUIET, experiment_of, settings_of
from loops import tight_loop
from torch import nn
from torch.nn import functional as F

from diffusionlab import tensors
from diffusionlab.diffusion import Labels
from diffusionlab.models.facets import describe
from diffusionlab.runs.build import Experiment
from diffusionlab.visualization.grids import class_grid, save_png

NOT_MEASURED = "not measured"
FULL = ("data.num_train=20000", "data.num_val=1000")
BARE = ("callbacks=quiet", "~callbacks.sample_grid", "~callbacks.panels", "trainer.limit_val_batches=0")
LARGE = ("model.channels=[128,256,256]", "model.blocks_per_level=2", "data.batch_size=512")
TINY = ("model.channels=[8,8]", "model.attention_max_size=0", "data.batch_size=128")


@dataclass
class Bench:
    """The budget, the sizes and the table so far."""

    miniature: bool
    seconds: float
    started: float = field(default_factory=time.monotonic)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def on_gpu(self) -> bool:
        return torch.cuda.is_available()

    @property
    def device(self) -> torch.device:
        return torch.device("cuda" if self.on_gpu else "cpu")

    @property
    def hardware(self) -> tuple[str, ...]:
        """hardware=gpu; in miniature the same, compiled or not, on whatever there is."""
        if self.on_gpu:
            return ("hardware=gpu",)
        return ("hardware=cpu", "hardware.precision=bf16-mixed")

    @property
    def left(self) -> float:
        """Seconds of the budget."""
        return self.seconds - (time.monotonic() - self.started)

    def add(self, what: str, value: Any, unit: str = "", *, of_card: bool = False) -> None:
        """A row of the table; one that only a card can give is not measured without."""
        value = NOT_MEASURED if of_card and not self.on_gpu else value
        self.rows.append({"what": what, "value": value, "unit": "" if value == NOT_MEASURED else unit})
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        print(f"{what:<58} {shown} {self.rows[-1]['unit']}", flush=True)

    def compose(self, *overrides: str, folder: Path | None = None) -> Experiment:
        """The parts of a run on this machine, with miniature data in miniature."""
        small = ("data.num_train=600", "data.num_test=100", "data.num_val=60") if self.miniature else FULL
        return experiment_of(*self.hardware, *QUIET, "logger=none", *small, *self.fitted(overrides), folder=folder)

    def fitted(self, overrides: tuple[str, ...]) -> tuple[str, ...]:
        """In miniature: few and small batches of a small network."""
        if not self.miniature:
            return overrides
        kept = tuple(o for o in overrides if not o.startswith(("data.batch_size", "model.channels", "model.blocks")))
        return (*kept, "data.batch_size=16", "model.channels=[8,16]")


# ---- the parts ----


def roof(bench: Bench) -> float:
    """FLOP/s of a large bf16 matrix product and of a 3x3 convolution; the better one is the card's roof."""
    size, width = (256, 16) if bench.miniature else (8192, 512)
    a, b = (torch.randn(size, size, device=bench.device, dtype=torch.bfloat16) for _ in range(2))
    images = torch.randn(width // 4, width, 32, 32, device=bench.device, dtype=torch.bfloat16)
    images = images.contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(width, width, 3, 3, device=bench.device, dtype=torch.bfloat16)
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    flops = {"matrix product": 2.0 * size**3, "3x3 convolution": 2.0 * images.numel() * width * 9}
    things = {"matrix product": lambda: a @ b, "3x3 convolution": lambda: F.conv2d(images, kernel, padding=1)}
    timings = alternate(things, turns=5, steps=1 if bench.miniature else 20, warm_up=3)
    rates = {name: flops[name] / timings.of(name) for name in things}
    for name, rate in rates.items():
        bench.add(f"bf16 {name}", rate / 1e12, "TFLOP/s", of_card=True)
    return max(rates.values())


def checks(bench: Bench) -> None:
    """bf16, a compiled network with CUDA graphs, a fused optimizer, data on the device."""
    experiment = bench.compose(*BARE, "trainer.max_steps=12")
    seen: dict[str, Any] = {}

    class Look(pl.Callback):
        def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Any, batch_idx: int) -> None:
            seen["batch"] = str(batch[0].device)
            seen["fused"] = all(group.get("fused") for group in trainer.optimizers[0].param_groups)

    experiment.trainer.callbacks.append(Look())  # type: ignore[attr-defined]
    experiment.trainer.fit(experiment.module, datamodule=experiment.datamodule)
    loader = experiment.datamodule.train_dataloader()
    bench.add("precision", str(experiment.trainer.precision))
    bench.add("optimizer is fused", seen["fused"])
    bench.add("data on the device", loader.source.labels.is_cuda, of_card=True)
    compiled = getattr(experiment.module.network, "_compiled_call_impl", None) is not None
    bench.add("network is compiled", compiled, of_card=True)
    if bench.on_gpu:
        skips = torch._dynamo.utils.counters["inductor"]["cudagraph_skips"]
        bench.add("graphs that Inductor would not capture", skips)
        launches = launches_per_step(bench)
        bench.add("CUDA graph launches a step", launches["graphs"])
        bench.add("other kernel launches a step", launches["kernels"])
        bench.add("waits for the device a step", launches["waits"])


def launches_per_step(bench: Bench, steps: int = 20) -> dict[str, float]:
    """Calls of the driver in a training step, counted by the profiler."""
    experiment = bench.compose(*BARE, f"trainer.max_steps={40 + steps}")  # the last ones save, which is no step's work
    counts = {"graphs": 0.0, "kernels": 0.0, "waits": 0.0}
    kinds = {"cudaGraphLaunch": "graphs", "LaunchKernel": "kernels", "StreamSynchronize": "waits"}

    class Count(pl.Callback):
        def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Any, batch_idx: int) -> None:
            if trainer.global_step == 30:
                self.profiler = torch.profiler.profile()
                self.profiler.start()
            elif trainer.global_step == 30 + steps:
                self.profiler.stop()
                for event in self.profiler.key_averages():
                    for word, kind in kinds.items():
                        if word in event.key:
                            counts[kind] += event.count / steps

    experiment.trainer.callbacks.append(Count())  # type: ignore[attr-defined]
    experiment.trainer.fit(experiment.module, datamodule=experiment.datamodule)
    return counts


def speed(bench: Bench, name: str, *overrides: str, roof_flops: float) -> None:
    """The lab's step beside the tight loop: eager, and compiled as the lab's is."""
    torch.compiler.reset()  # graphs of another network and batch size would make this one's sizes dynamic
    # no checkpoint at the end of an epoch, of which the loops beside know nothing: the large network's has 39 steps
    experiment = bench.compose(*BARE, "trainer.max_epochs=-1", "trainer.enable_checkpointing=false", *overrides)
    module, data, device = experiment.module, experiment.datamodule, bench.device
    rivals: dict[str, Callable[[], Any]] = {"eager": tight_loop(module, data, device, bf16=True)}
    if bench.on_gpu:
        rivals["compiled"] = tight_loop(module, data, device, bf16=True, compile_mode="reduce-overhead")
    turns, steps = (2, 2) if bench.miniature else (8, 20)
    clock = Beside(rivals, turns=turns, steps=steps, warm_up=2 if bench.miniature else 12)
    experiment.trainer.fit_loop.epoch_loop.max_steps = clock.num_batches
    experiment.trainer.callbacks.append(clock)  # type: ignore[attr-defined]
    flops = 3 * describe(module.network).flops_per_image * data.batch_size
    experiment.trainer.fit(module, datamodule=data)
    lab = clock.timings.of("lab")
    bench.add(f"{name}: images/s", data.batch_size / lab, of_card=True)
    bench.add(f"{name}: share of the bf16 roof", 100 * flops / lab / roof_flops, "%", of_card=True)
    bench.add(f"{name}: times as fast as the eager tight loop", clock.timings.ratio("eager", "lab"), of_card=True)
    if bench.on_gpu:
        overhead = 1000 * (lab - clock.timings.of("compiled"))
        bench.add(f"{name}: overhead over the compiled tight loop", overhead, "ms a step")
        bench.add(f"{name}: peak memory", torch.cuda.max_memory_allocated() / 2**30, "GiB")


def resumption(bench: Bench) -> None:
    """Two epochs in one go, beside one epoch, a checkpoint, and a second one from it."""
    weights = []
    with tempfile.TemporaryDirectory() as root:
        for name, lengths in (("whole", (2,)), ("parts", (1, 2))):
            folder = Path(root) / "2026-01-01" / name
            for epochs in lengths:
                length = (f"trainer.max_epochs={epochs}", "trainer.limit_train_batches=30")
                experiment = bench.compose(*BARE, *length, folder=folder)
                start = folder / "checkpoints/last.ckpt" if name == "parts" and epochs == 2 else None
                experiment.trainer.fit(
                    experiment.module, datamodule=experiment.datamodule, ckpt_path=start, weights_only=True
                )
            weights.append(torch.cat([weight.detach().flatten().cpu() for weight in experiment.module.parameters()]))
    difference = float((weights[0] - weights[1]).norm() / weights[0].norm())
    bench.add("resumed run: relative difference of the weights", difference)


def sampling(bench: Bench, experiment: Experiment) -> None:
    """Guided samples a second, and what the arithmetic beside the network costs."""
    num_samples = 8 if bench.miniature else 2048
    for sampler in ("ddim", "dpmpp_2m", "heun"):
        settings = settings_of(
            f"sampler={sampler}", "sampler.num_steps=20" if not bench.miniature else "sampler.num_steps=2"
        )
        start = seconds_now()
        samples(bench, experiment, settings.make("sampler"), num_samples)  # the first one warms up
        start = seconds_now()
        samples(bench, experiment, settings.make("sampler"), num_samples)
        bench.add(
            f"sampling, {sampler}, 20 steps, guided", num_samples / (seconds_now() - start), "images/s", of_card=True
        )


def samples(bench: Bench, experiment: Experiment, sampler: Any, num_samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images in uint8 and their labels, equally many of each class."""
    module = experiment.module.to(bench.device)
    labels = torch.arange(num_samples) % module.null_labels[0]
    drawn = Labels.of([labels], module.null_labels)
    with experiment.trainer.precision_plugin.forward_context():
        return module.samples(sampler, drawn, num_samples=num_samples, guidance_scale=2.0, seed=0), labels


def quality(bench: Bench, out: Path) -> Experiment:
    """What the rest of the budget teaches the larger network: its loss, and whether a classifier sees the classes."""
    seconds = 5 if bench.miniature else max(45.0, min(600.0, bench.left - 75))
    length = f"00:00:{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
    experiment = bench.compose(
        *LARGE, "callbacks=quiet", "~callbacks.sample_grid", "~callbacks.panels", f"trainer.max_time={length}",
        "trainer.max_epochs=100000", "optimizer.lr=5e-4", "trainer.check_val_every_n_epoch=10",
        *(("trainer.max_steps=4", "trainer.check_val_every_n_epoch=1") if bench.miniature else ()),
    )  # fmt: skip
    experiment.trainer.fit(experiment.module, datamodule=experiment.datamodule)
    rate = experiment.totals.images_per_second
    bench.add(f"quality: {seconds:.0f} s of training, images seen", experiment.totals.num_images, of_card=True)
    bench.add("quality: images/s, loading, logging and the first steps' pauses included", rate or 0.0, of_card=True)
    losses = {name: float(value) for name, value in experiment.trainer.callback_metrics.items()}
    bench.add("quality: validation loss", losses.get("val/loss", float("nan")), of_card=True)
    sampler = settings_of("sampler=dpmpp_2m", f"sampler.num_steps={2 if bench.miniature else 20}").make("sampler")
    images, labels = samples(bench, experiment, sampler, 20 if bench.miniature else 1000)
    bench.add("quality: samples of the class asked for", accuracy(bench, experiment, images, labels), "%", of_card=True)
    save_png(class_grid(images[:100], labels[:100], experiment.datamodule.class_names), out / "samples.png")
    return experiment


def accuracy(bench: Bench, experiment: Experiment, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Percent of the samples that a small classifier of the real images takes for the class asked for."""
    train = experiment.datamodule.train
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(train.images.shape[1], 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(),
        nn.LazyLinear(128), nn.ReLU(), nn.Linear(128, experiment.datamodule.num_classes),
    ).to(bench.device)  # fmt: skip
    pixels, classes = train.images.to(bench.device), train.labels.to(bench.device)
    network(tensors.to_float(pixels[:2]))
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    for _ in range(5 if bench.miniature else 1500):
        rows = torch.randint(len(classes), (256,), device=bench.device)
        optimizer.zero_grad()
        F.cross_entropy(network(tensors.to_float(pixels[rows])), classes[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        taken_for = network(tensors.to_float(images.to(bench.device))).argmax(1).cpu()
    return 100 * float((taken_for == labels).float().mean())


def parts(bench: Bench, out: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The parts in the order in which they are worth having, should the time run out."""
    found: dict[str, Any] = {"roof": 1e12}
    yield "roof", lambda: found.update(roof=roof(bench))
    yield "checks", lambda: checks(bench)
    yield "speed, near-zero network", lambda: speed(bench, "near-zero network", *TINY, roof_flops=found["roof"])
    yield "speed, default network", lambda: speed(bench, "default network", roof_flops=found["roof"])
    yield "speed, large network", lambda: speed(bench, "large network", *LARGE, roof_flops=found["roof"])
    yield "resumption", lambda: resumption(bench)
    yield "quality", lambda: found.update(experiment=quality(bench, out))
    yield "sampling", lambda: sampling(bench, found["experiment"])


def main() -> None:
    """Every part, then the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for gpu.json and samples.png")
    parser.add_argument("--seconds", type=float, default=460.0, help="budget of all parts (default: %(default)s)")
    parser.add_argument("--miniature", action="store_true", help="two steps of everything, on any machine")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    bench = Bench(arguments.miniature, arguments.seconds)
    bench.add("torch", torch.__version__)
    bench.add("card", torch.cuda.get_device_name() if bench.on_gpu else NOT_MEASURED)
    bench.add("machine", platform.platform(terse=True))
    failed = []
    for name, part in parts(bench, arguments.out):
        if bench.left < 20:
            bench.add(name, "out of time")
            continue
        start = time.monotonic()
        try:
            part()
        except Exception as error:  # the other parts are worth having
            failed.append(name)
            bench.add(name, f"failed: {type(error).__name__}: {str(error).splitlines()[:1]}")
            traceback.print_exc()
        print(f"-- {name}: {time.monotonic() - start:.0f} s", flush=True)
        (arguments.out / "gpu.json").write_text(json.dumps(bench.rows, indent=1))
    raise SystemExit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
