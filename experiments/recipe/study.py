"""What each part of a recipe gives on Fashion-MNIST: one change at a time, at equal images.

    python experiments/recipe/study.py --out FOLDER                       every row of the ablation
    python experiments/recipe/study.py --out FOLDER --only "base|edm"     some of them
    python experiments/recipe/study.py --out FOLDER --rows long           the longer trainings
    python experiments/recipe/study.py --out FOLDER --table               the tables of what is there

A row is a process of its own: it trains with `train.py`, judges its samples, and writes FOLDER/NAME.json; what is there
is not done again. DIFFUSIONLAB_DATA_DIR names the folder of the data.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

NETWORK = ("model=conditional_unet", "model.channels=[64,128]", "model.patch_size=2", "model.attention_max_size=7")
BASE = (
    "data=fashion_mnist", "data.batch_size=128", "schedule=flow", "parameterization=flow",
    "loss.times.kind=logit_normal", "optimizer=muon", "optimizer.lr=3e-3", "lr_schedule=cosine", "ema_decay=0.999",
)  # fmt: skip
"""What every row has, but for its change; a row of another model has its own `NETWORK`."""

V_COSINE = ("schedule=cosine", "parameterization=v", "schedule.zero_terminal_snr=true", "loss.times.kind=schedule")

ABLATION: dict[str, tuple[str, ...]] = {
    "base": (),
    "base, seed 1": ("seed=1",),
    "base, seed 2": ("seed=2",),
    "network: [16, 64, 64] on pixels": ("model=conditional_unet",),
    "network: pixel transformer, x0": ("model=pixel_transformer", "parameterization=x0"),
    "v, cosine schedule": V_COSINE,
    "v, cosine schedule, min-SNR": (*V_COSINE, "loss.weighting=min_snr"),
    "edm": ("schedule=edm", "parameterization=edm", "loss.weighting=edm", "loss.times.kind=schedule"),
    "x0 on the straight path": ("parameterization=x0",),
    "times: uniform": ("loss.times.kind=uniform",),
    "optimizer: AdamW, lr 1e-3": ("optimizer=adamw", "optimizer.lr=1e-3"),
    "optimizer: AdamW, lr 2e-3": ("optimizer=adamw", "optimizer.lr=2e-3"),
    "optimizer: Muon, lr 1.5e-3": ("optimizer.lr=1.5e-3",),
    "optimizer: Muon, lr 6e-3": ("optimizer.lr=6e-3",),
    "lr schedule: constant": ("lr_schedule=constant",),
    "EMA: none": ("ema_decay=0",),
    "EMA: 0.9995": ("ema_decay=0.9995",),
    "labels never dropped": ("loss.label_dropout=0",),
    "batch 64": ("data.batch_size=64",),
    "batch 256": ("data.batch_size=256",),
}
"""Name -> what it changes of `BASE`."""

LONG: dict[str, tuple[str, ...]] = {"base": (), "EMA: 0.9995": ("ema_decay=0.9995",)}
"""Rows that are worth an hour of two cores."""

SHORT_SAMPLERS: tuple[dict[str, Any], ...] = (
    {"sampler": "dpmpp_2m", "num_steps": 10, "spacing": "log_snr", "guidance_scale": 1.0},
    {"sampler": "heun", "num_steps": 18, "spacing": "uniform", "guidance_scale": 1.0},
)
LONG_SAMPLERS: tuple[dict[str, Any], ...] = (
    *(
        {"sampler": sampler, "num_steps": num_steps, "spacing": spacing, "guidance_scale": 1.0}
        for sampler, num_steps in (("dpmpp_2m", 5), ("dpmpp_2m", 10), ("dpmpp_2m", 20), ("euler", 10), ("heun", 5))
        for spacing in ("uniform", "log_snr", "edm")
    ),
    {"sampler": "heun", "num_steps": 18, "spacing": "uniform", "guidance_scale": 1.0},
    *(
        {"sampler": "dpmpp_2m", "num_steps": num_steps, "spacing": "log_snr", "guidance_scale": scale}
        for num_steps, scale in ((5, 1.5), (5, 2.0), (10, 1.25), (10, 1.5), (10, 2.0))
    ),
)


def row(name: str, overrides: tuple[str, ...], arguments: argparse.Namespace) -> None:
    """Train and judge one row in processes of their own, its output in a file."""
    path = arguments.out / f"{file_name(name)}.json"
    if path.is_file():
        return
    folder = arguments.out / "runs" / file_name(name)
    changed = [*BASE, *overrides] if overrides and overrides[0].startswith("model=") else [*BASE, *NETWORK, *overrides]
    batch_size = int(next(one.split("=")[1] for one in reversed(changed) if one.startswith("data.batch_size=")))
    command = [
        sys.executable, "train.py", *changed, f"name=recipe_{file_name(name)}",
        f"hydra.run.dir={folder.absolute()}", "trainer.max_epochs=-1",
        f"trainer.max_steps={arguments.images // batch_size}", "callbacks=quiet", "~callbacks.sample_grid",
        "~callbacks.panels", f"registry.uri={(arguments.out / 'registry').absolute()}", *arguments.set,
    ]  # fmt: skip
    judge = [sys.executable, __file__, "--judge", str(folder), "--out", str(path), "--rows", arguments.rows]
    judge += ["--samples", str(arguments.samples)]
    with path.with_suffix(".log").open("w") as log:
        for one in (command, judge):
            print(" ".join(one), file=log, flush=True)
            subprocess.run(one, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=True)


def judge(folder: Path, path: Path, arguments: argparse.Namespace) -> None:
    """Figures of the run's samples under each protocol, into a JSON file."""
    from diffusionlab.runs.run import load_run
    from diffusionlab.runs.settings import make, option

    run = load_run(folder)
    protocols = LONG_SAMPLERS if arguments.rows == "long" else SHORT_SAMPLERS
    found = []
    for one in protocols:
        config = option("sampler", str(one["sampler"])) | {"num_steps": one["num_steps"], "spacing": one["spacing"]}
        sampler = make({"sampler": config}, "sampler")
        guidance = float(one["guidance_scale"]) if run.can_be_guided else 1.0
        start = time.monotonic()
        evaluation = run.evaluate(
            arguments.samples, sampler=sampler, guidance_scale=guidance, per_class=False, batch_size=1000,
            cache_dir=arguments.out.parent / "cache",
        )  # fmt: skip
        calls = (2 * one["num_steps"] - 1 if one["sampler"] == "heun" else one["num_steps"]) * (1 + (guidance != 1))
        found.append(
            {
                **one,
                "calls": calls,
                "seconds": time.monotonic() - start,
                **evaluation.metrics,
                "floor": evaluation.floor,
            }
        )
    record = run.record
    whole = {
        "num_parameters": record.num_parameters, "val_loss": record.metrics.get("val_loss"),
        "seconds": record.seconds, "hardware": record.hardware, "figures": found,
    }  # fmt: skip
    path.write_text(json.dumps(whole, indent=1))


def table(out: Path) -> str:
    """Markdown: the rows of the folder, the best first, by the least Fréchet distance of each protocol."""
    rows = []
    for path in sorted(out.glob("*.json")):
        whole = json.loads(path.read_text())
        for one in whole["figures"]:
            rows.append((one["calls"], one["fid"], path.stem, whole, one))
    lines = [
        "| calls | row | sampler | guidance | Fréchet distance | KID, 95 % | precision | recall | accuracy "
        "| val_loss |",
        "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for calls, fid, name, whole, one in sorted(rows, key=lambda each: each[:3]):
        accuracy = f"{100 * one['label_accuracy']:.1f} %" if "label_accuracy" in one else ""
        lines.append(
            f"| {calls} | {name} | {one['sampler']} {one['num_steps']}, {one['spacing']} | {one['guidance_scale']:g} "
            f"| {fid:.3f} | {one['kid']:.4f} [{one['kid_low']:.4f}, {one['kid_high']:.4f}] | {one['precision']:.3f} "
            f"| {one['recall']:.3f} | {accuracy} | {whole['val_loss'] or float('nan'):.4f} |"
        )
    return "\n".join(lines)


def file_name(name: str) -> str:
    """A row's name as a file name."""
    return "".join(letter if letter.isalnum() or letter == "." else "_" for letter in name).replace("__", "_")


def main() -> None:
    """The rows that are asked for, some at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--rows", choices=("short", "long"), default="short", help="which rows, and which samplers")
    parser.add_argument("--only", help="names of rows, with | between them")
    parser.add_argument("--images", type=int, default=384_000, help="that a row sees (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=5000, help="that a row is judged by (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="rows at a time (default: %(default)s)")
    parser.add_argument("--set", nargs="*", default=[], help="settings of every row, such as hardware=gpu")
    parser.add_argument("--table", action="store_true", help="print the table of the results, and stop")
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.judge:
        judge(arguments.judge, arguments.out, arguments)
        return
    if not arguments.table:
        arguments.out.mkdir(parents=True, exist_ok=True)
        rows = LONG if arguments.rows == "long" else ABLATION
        chosen = rows if arguments.only is None else {name: rows[name] for name in arguments.only.split("|")}
        with ThreadPoolExecutor(arguments.jobs) as pool:
            started = {name: pool.submit(row, name, changed, arguments) for name, changed in chosen.items()}
            for name, future in started.items():
                error = future.exception()
                print(name, "failed: " + str(error) if error else "done", flush=True)
    print(table(arguments.out))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(ROOT / "src"))
    main()
