"""The registry and the search against MLflow, on the same runs in the same minute.

    python experiments/search_benchmark/bench.py                     2,000 runs, with mlflow where it is installed
    python experiments/search_benchmark/bench.py --runs 100000 --skip-mlflow

Measured: logging one finished run; a warm filter; a cold question from the shell beside a cold `import lancedb`
and a cold `mlflow.search_runs`. Medians with their range; every figure is printed with its number of repeats.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from diffusionlab.registry.filter import And, Compare, Contains
from diffusionlab.registry.record import RunRecord
from diffusionlab.registry.table import Registry

ROOT = Path(__file__).resolve().parents[2]
DATASETS = ("MNIST", "Fashion-MNIST", "CIFAR-10", "CelebA", "STL-10")
OPTIMIZERS = ("Adam", "AdamW", "SGD", "Lion")
FACETS = (["unet"], ["unet", "attention"], ["dit", "conditional"], ["mlp"], ["unet", "latent", "cfg"])
QUESTION = "conditional models on CIFAR-10 with fid below 20"


def record(number: int) -> RunRecord:
    """Run `number` of the benchmark: the same for both registries."""
    made = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    return RunRecord(
        run_id=f"bench-{number:07d}",
        name=f"bench run {number}",
        created_at=made,
        modified_at=made + timedelta(hours=1),
        status="failed" if number % 31 == 0 else "finished",
        framework="PyTorch 2.8",
        architecture="UNet",
        arch_tags=FACETS[number % 5],
        dataset=DATASETS[number // 5 % 5],
        batch_size=2 ** (5 + number % 5),
        lr=(number % 40 + 1) * 1e-5,
        optimizer=OPTIMIZERS[number % 4],
        epochs=number % 300 + 1,
        hardware="RTX 4090",
        num_parameters=1_000_000 + 997 * number,
        image_size=32,
        schedule="cosine",
        parameterization="epsilon",
        metrics={"fid": number % 97 + 0.5, "val_loss": 0.02 + number % 50 / 1000},
        description=f"benchmark run number {number}",
        path=f"outputs/bench/{number}",
    )


def timed(action: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each of `repeats` calls."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        found.append(time.perf_counter() - start)
    return found


def report(what: str, seconds: list[float]) -> float:
    """Print one line, give the median."""
    middle = statistics.median(seconds)
    print(
        f"{what:<58} {middle * 1e3:10.1f} ms   ({min(seconds) * 1e3:.1f} to {max(seconds) * 1e3:.1f}, {len(seconds)} times)",  # noqa: E501
        flush=True,
    )
    return middle


def cold(code: list[str], environment: dict[str, str] | None = None) -> Callable[[], None]:
    """A fresh Python process that must succeed."""

    def run() -> None:
        subprocess.run(
            [sys.executable, *code], check=True, capture_output=True, cwd=ROOT, env=os.environ | (environment or {})
        )

    return run


def bench_registry(folder: Path, runs: int, repeats: int) -> dict[str, float]:
    """Log, filter and ask with this project's registry."""
    uri = str(folder / "registry")
    registry = Registry(uri)
    for start in range(0, runs, 10_000):
        registry.upsert([record(n) for n in range(start, min(start + 10_000, runs))])
    registry.optimize()
    numbers = iter(range(runs, runs + repeats + 1))
    registry.upsert(record(next(numbers)))
    logged = report("diffusionlab: log one run", timed(lambda: registry.upsert(record(next(numbers))), repeats))
    wanted = And(Compare("dataset", "=", "CIFAR-10"), Contains("arch_tags", "conditional"), Compare("fid", "<", 20.0))
    columns = ["run_id", "name", "fid", "val_loss"]
    matches = len(registry.rows(wanted, columns=columns))
    report(
        f"diffusionlab: warm filter, all {matches} matches",
        timed(lambda: registry.rows(wanted, columns=columns), repeats),
    )
    report(
        "diffusionlab: warm filter, first 50 by fid",
        timed(lambda: registry.rows(wanted, columns=columns, order_by="fid", limit=50), repeats),
    )
    bare = report("cold process: import lancedb", timed(cold(["-c", "import lancedb"]), max(3, repeats // 4)))
    asked = report(
        "cold process: python search.py QUESTION --json",
        timed(cold(["search.py", QUESTION, "--json", "--registry", uri]), max(3, repeats // 4)),
    )
    print(f"{'':<58} {asked / bare:10.2f} x a bare import lancedb")
    return {"log": logged, "cold": asked}


def bench_mlflow(folder: Path, runs: int, repeats: int) -> dict[str, float]:
    """The same with MLflow's default store of today, a SQLite file."""
    import mlflow

    uri = f"sqlite:///{folder / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("bench")

    def log(number: int) -> None:
        run = record(number)
        with mlflow.start_run(run_name=run.name):
            mlflow.log_params(
                {
                    "dataset": run.dataset,
                    "batch_size": run.batch_size,
                    "lr": run.lr,
                    "optimizer": run.optimizer,
                    "epochs": run.epochs,
                    "conditional": "conditional" in run.arch_tags,
                    "schedule": run.schedule,
                    "num_parameters": run.num_parameters,
                }
            )
            mlflow.log_metrics({name: value for name, value in run.metrics.items() if value is not None})

    for number in range(runs):
        log(number)
    numbers = iter(range(runs, runs + repeats))
    logged = report("mlflow: log one run", timed(lambda: log(next(numbers)), repeats))
    condition = "params.dataset = 'CIFAR-10' and params.conditional = 'True' and metrics.fid < 20"
    report(
        "mlflow: warm filter", timed(lambda: mlflow.search_runs(filter_string=condition, max_results=50_000), repeats)
    )
    code = f"import mlflow; mlflow.set_tracking_uri({uri!r}); mlflow.search_runs(experiment_names=['bench'], filter_string={condition!r}, max_results=50000)"  # noqa: E501
    asked = report("cold process: mlflow.search_runs", timed(cold(["-c", code]), max(3, repeats // 4)))
    return {"log": logged, "cold": asked}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--skip-mlflow", action="store_true", help="measure only this project")
    options = parser.parse_args()
    with_mlflow = not options.skip_mlflow
    if with_mlflow and importlib.util.find_spec("mlflow") is None:
        print("mlflow is not installed (pip install mlflow): its half is left out", file=sys.stderr)
        with_mlflow = False
    print(
        f"{options.runs:,} runs, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"  # noqa: E501
    )
    with tempfile.TemporaryDirectory() as folder:
        ours = bench_registry(Path(folder), options.runs, options.repeats)
        if with_mlflow:
            theirs = bench_mlflow(Path(folder), options.runs, options.repeats)
            print(
                f"logging {theirs['log'] / ours['log']:.1f} x faster than mlflow, a cold question {theirs['cold'] / ours['cold']:.1f} x faster"  # noqa: E501
            )


if __name__ == "__main__":
    main()
