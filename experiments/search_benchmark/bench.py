"""The registry and the search against MLflow, on the same runs in the same minute: `make bench-search`.

    python experiments/search_benchmark/bench.py --mlflow-python PYTHON    2,000 runs, against the mlflow of that Python
    python experiments/search_benchmark/bench.py --runs 100000             this project alone

Measured: logging runs from start to finish, one after another until all are in the table (the mean of many), and
one by itself; a warm filter; figures of groups; a cold question from the shell, also the first after a write,
beside a cold `import lancedb` and a cold `mlflow.search_runs`. Medians, but for the mean, with their range and number
of repeats.
"""

from __future__ import annotations

import argparse
import json
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

from diffusionlab.registry.filters.conditions import Compare, Contains
from diffusionlab.registry.filters.filter import And
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import SECONDS_AT_REST, Registry
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.query.query import Figure, GroupKey, Query, flag_of

ROOT = Path(__file__).resolve().parents[2]
DATASETS = ("MNIST", "Fashion-MNIST", "CIFAR-10", "CelebA", "STL-10")
OPTIMIZERS = ("Adam", "AdamW", "SGD", "Lion")
FACETS = (["unet"], ["unet", "attention"], ["dit", "conditional"], ["mlp"], ["unet", "latent", "cfg"])
LOGGED = 200
# compiled modules are kept, as for most people: a container may have it that no process ever writes one
BYTE_CODE = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
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
    spread = f"({min(seconds) * 1e3:.1f} to {max(seconds) * 1e3:.1f}, {len(seconds)} times)"
    print(f"{what:<52} {middle * 1e3:8.1f} ms   {spread}", flush=True)
    return middle


def cold(code: list[str]) -> Callable[[], None]:
    """A fresh Python process that must succeed."""

    def run() -> None:
        subprocess.run([sys.executable, *code], check=True, capture_output=True, cwd=ROOT, env=BYTE_CODE)

    return run


def bench_registry(folder: Path, runs: int, repeats: int) -> dict[str, float]:
    """Log, filter and ask with this project's registry."""
    uri = str(folder / "registry")
    registry = Registry(uri)
    for start in range(0, runs, 10_000):
        registry.upsert([record(number) for number in range(start, min(start + 10_000, runs))])
    registry.optimize()
    numbers = iter(range(runs, runs + LOGGED + 10))

    def log() -> None:
        run = record(next(numbers))
        recorder = RunRecorder(uri, folder / "runs" / run.run_id, run)
        recorder.start()
        recorder.finish("finished")

    def log_many() -> None:
        for _ in range(LOGGED):
            log()
        registry.flush()

    alone = []
    for _ in range(5):
        time.sleep(SECONDS_AT_REST + 0.1)
        alone += timed(log, 1)
    report("log one run by itself (run.json and row)", alone)
    logged = timed(log_many, 1)[0] / LOGGED
    print(f"{f'log one of {LOGGED} runs in a row, mean, all in the table':<52} {logged * 1e3:8.1f} ms", flush=True)
    wanted = And(Compare("dataset", "=", "CIFAR-10"), Contains("arch_tags", "conditional"), Compare("fid", "<", 20.0))
    columns = ["run_id", "name", "fid", "val_loss"]

    def by_lancedb() -> None:
        registry.remove_snapshot()
        registry.rows(wanted, columns=columns)

    report("filter by LanceDB, as after a change", timed(by_lancedb, repeats))
    registry.leave_snapshot()
    matches = len(registry.rows(wanted, columns=columns))
    warm = report(f"warm filter, all {matches} matches", timed(lambda: registry.rows(wanted, columns=columns), repeats))
    top = timed(lambda: registry.rows(wanted, columns=columns, order_by="fid", limit=50), repeats)
    report("warm filter, first 50 by fid", top)
    bench_groups(registry, repeats)
    question = ["search.py", QUESTION, "--json", "--registry", uri]
    turns, others = [], iter(range(runs + LOGGED + 10, runs + LOGGED + 100))
    for _ in range(6):  # turn by turn, so that all meet the same machine; the first turn fills the caches
        registry.leave_snapshot()
        registry.upsert(record(next(others)))
        written, again = timed(cold(question), 2)
        registry.remove_snapshot()
        (missing,) = timed(cold(question), 1)
        turns.append([*timed(cold(["-c", "import lancedb"]), 1), written, again, missing])
    bare, *asked = zip(*turns[1:], strict=True)
    alone = report("cold process: import lancedb", list(bare))
    for what, seconds in zip(("first after a write", "again", "without the file of rows"), asked, strict=True):
        middle = report(f"cold process: search.py, {what}", list(seconds))
        print(f"{'':<52} {middle / alone:8.2f} x a bare import lancedb")
    return {"log": logged, "warm": warm, "cold": statistics.median(asked[1])}


def bench_groups(registry: Registry, repeats: int) -> None:
    """Figures of groups of all runs, warm."""
    for figure in (
        Figure("count", by=(GroupKey("dataset"),)),
        Figure("mean", "val_loss", (GroupKey("optimizer"),)),
        Figure("mean", "fid", (GroupKey("dataset"),)),
        Figure("mean", "fid", (GroupKey("arch_tags"),)),
        Figure("median", "lr", (GroupKey("arch_tags"),)),
        Figure("count", by=(GroupKey("created_at", "month"),)),
    ):
        query = Query("", ask=figure)

        def answer(query: Query = query) -> None:
            Engine(registry, datetime.now(UTC)).answer(query)

        answer()
        what = f"{figure.how} {figure.of or 'runs'} by {flag_of(figure.by)}"
        report(f"warm group-by, {what}", timed(answer, repeats))


def bench_mlflow(python: str, folder: Path, runs: int, repeats: int) -> dict[str, float]:
    """The same runs in MLflow, in a process of the Python that has it."""
    file = folder / "runs.jsonl"
    file.write_text("".join(json.dumps(record(number).to_json()) + "\n" for number in range(runs + LOGGED)))
    script = Path(__file__).with_name("bench_mlflow.py")
    done = subprocess.run(
        [python, script, file, folder, str(LOGGED), str(repeats)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=BYTE_CODE,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--mlflow-python", help="a Python that has mlflow; without it this project alone is measured")
    options = parser.parse_args()
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{options.runs:,} runs, {machine}, {when}")
    with tempfile.TemporaryDirectory() as folder:
        ours = bench_registry(Path(folder), options.runs, options.repeats)
        if options.mlflow_python:
            theirs = bench_mlflow(options.mlflow_python, Path(folder), options.runs, options.repeats)
            for what in ("log", "warm", "cold"):
                ratio = theirs[what] / ours[what]
                print(f"mlflow {what:<45} {theirs[what] * 1e3:8.1f} ms   {ratio:.1f} x as long")


if __name__ == "__main__":
    main()
