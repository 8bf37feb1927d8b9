"""MLflow's half of the benchmark, in a Python that has mlflow: logs the runs of a file, filters, asks cold.

    PYTHON-WITH-MLFLOW experiments/search_benchmark/bench_mlflow.py RUNS.jsonl FOLDER LOGGED REPEATS

Its store is today's default, a SQLite file. A transaction of it is on the disk when it
ends, as `run.json` is. The last line is JSON: seconds, the mean for logging and medians for the rest.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import mlflow

CONDITION = "params.dataset = 'CIFAR-10' and params.conditional = 'True' and metrics.fid < 20"
PARAMS = ("dataset", "batch_size", "lr", "optimizer", "epochs", "schedule", "num_parameters")


def main(runs: Path, folder: Path, logged: int, repeats: int) -> None:
    """`runs`: one JSON object a line; the logging of the last `logged` is timed."""
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("bench")
    records = [json.loads(line) for line in runs.read_text().splitlines()]
    for record in records[:-logged]:
        log(record)
    logging = timed(lambda: [log(record) for record in records[-logged:]]) / logged
    warm = [timed(lambda: mlflow.search_runs(filter_string=CONDITION, max_results=50_000)) for _ in range(repeats)]
    code = (
        f"import mlflow; mlflow.set_tracking_uri({uri!r}); "
        f"mlflow.search_runs(experiment_names=['bench'], filter_string={CONDITION!r}, max_results=50000)"
    )
    cold = [
        timed(lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)) for _ in "12345"
    ]
    print(json.dumps({"log": logging, "warm": statistics.median(warm), "cold": statistics.median(cold)}))


def log(record: dict[str, Any]) -> None:
    """One finished run with its parameters and metrics."""
    with mlflow.start_run(run_name=record["name"]):
        mlflow.log_params(
            {name: record[name] for name in PARAMS} | {"conditional": "conditional" in record["arch_tags"]}
        )
        mlflow.log_metrics(record["metrics"])


def timed(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
