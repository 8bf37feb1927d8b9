"""Write the small stores under `stores/` with the libraries themselves: `python write_stores.py KIND...`.

Versions: mlflow-skinny 3.17.2, wandb 0.31.0, tensorboard 2.21.0 through torch 2.15.0, trackio 0.43.0, and the Parquet
writer of neptune-exporter at 8d3f44a (Apache-2.0, on no index: `PYTHONPATH=neptune-exporter/src`), on Python 3.11. Of
these only wandb and tensorboard are dependencies of the project. What is written here is what the tests expect; nothing
that identifies a machine may get into the stores.
"""

import math
import os
import shutil
import sqlite3
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

STORES = Path(__file__).parent / "stores"
HOST = "bench-01"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

CONFIG = {
    "optimizer.lr": 0.0002,
    "data.batch_size": 128,
    "model.channels": 64,
    "dataset": "fashion_mnist",
    "optimizer.name": "AdamW",
    "max_epochs": 3,
    "seed": 7,
    "note": "plain = text",
}
LOSSES = [0.9, 0.5, 0.031]
VAL_LOSSES = [0.95, 0.6, 0.042]
FID = 31.5
STARTED = 1_741_946_700_000  # 2025-03-14 10:05 UTC, in milliseconds
ENDED = STARTED + 3_600_000


def mlflow_runs(uri: str, artifacts: Path) -> None:
    """A finished run with everything, a failed one with a loss that is NaN, and a deleted one."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag, ViewType

    client = MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("garments", artifact_location=artifacts.as_uri())
    tags = {
        "mlflow.user": "someone",
        "mlflow.source.git.commit": COMMIT,
        "mlflow.note.content": "first try",
        "paper": "yes",
    }
    run = client.create_run(experiment, start_time=STARTED, run_name="unet", tags=tags).info.run_id
    client.log_batch(
        run,
        metrics=[
            *(Metric("train_loss", value, STARTED + step, step) for step, value in enumerate(LOSSES)),
            *(Metric("val/loss", value, STARTED + step, step) for step, value in enumerate(VAL_LOSSES)),
            Metric("eval/FID", FID, STARTED, 0),
        ],
        params=[Param(key, str(value)) for key, value in CONFIG.items()],
        tags=[RunTag("stage", "final")],
    )
    client.set_terminated(run, "FINISHED", end_time=ENDED)
    bad = client.create_run(experiment, start_time=STARTED + 60_000, run_name="diverged").info.run_id
    client.log_metric(bad, "loss", 2.5, STARTED + 60_000, 0)
    client.log_metric(bad, "loss", math.nan, STARTED + 61_000, 1)
    client.log_param(bad, "lr", "0.1")
    client.set_terminated(bad, "FAILED", end_time=STARTED + 120_000)
    gone = client.create_run(experiment, start_time=STARTED, run_name="gone").info.run_id
    client.delete_run(gone)
    assert len(client.search_runs([experiment], run_view_type=ViewType.ACTIVE_ONLY)) == 2


def write_mlflow_files(folder: Path) -> None:
    mlflow_runs((folder / "mlruns").as_uri(), Path("/nowhere/artifacts"))
    for meta in (folder / "mlruns").rglob("meta.yaml"):  # the file store keeps where it stood
        meta.write_text(meta.read_text().replace(folder.as_uri(), "file:///nowhere"))


def write_mlflow_sqlite(folder: Path) -> None:
    mlflow_runs(f"sqlite:///{folder / 'mlflow.db'}", Path("/nowhere/artifacts"))
    make_small(folder / "mlflow.db", "update experiments set artifact_location = '/nowhere'")


def make_small(database: Path, *statements: str) -> None:
    """Pages of 512 bytes instead of 4096: most of the tables are empty."""
    with sqlite3.connect(database) as connection:
        for statement in (*statements, "pragma journal_mode = delete", "pragma page_size = 512"):
            connection.execute(statement)
    connection.execute("vacuum")
    connection.close()


def write_wandb(folder: Path) -> None:
    os.chdir(folder)
    os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_CONSOLE": "off"}
    os.environ |= {f"WANDB_{name}_DIR": str(folder / "cache") for name in ("CONFIG", "CACHE", "DATA")}
    import wandb

    settings = {
        "host": HOST, "username": "someone", "x_disable_meta": True, "x_disable_stats": True, "disable_git": True,
        "save_code": False, "disable_code": True, "x_save_requirements": False, "program": "train.py",
        "root_dir": str(folder),
    }  # fmt: skip
    with wandb.init(
        project="garments", name="unet", id="a1b2c3d4", notes="first try", tags=["paper"], config=nested(CONFIG),
        settings=settings,
    ) as run:  # fmt: skip
        for loss, val_loss in zip(LOSSES, VAL_LOSSES, strict=True):
            run.log({"train/loss": loss, "val/loss": val_loss})
        run.log({"eval": {"FID": FID}})
    run = wandb.init(project="garments", name="diverged", id="e5f6a7b8", config={"lr": 0.1}, settings=settings)
    run.log({"loss": 2.5})
    run.log({"loss": math.nan})
    run.finish(exit_code=1)
    shutil.rmtree(folder / "cache")
    for logs in folder.glob("wandb/*/logs"):  # these name the machine's folders
        shutil.rmtree(logs)
    for link in [path for path in folder.rglob("*") if path.is_symlink()]:
        link.unlink()


def nested(config: dict) -> dict:
    """{"a.b": 1} -> {"a": {"b": 1}}."""
    made: dict = {}
    for key, value in config.items():
        *above, last = key.split(".")
        place = made
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return made


def write_tensorboard(folder: Path) -> None:
    import itertools
    import socket
    import time

    clock = itertools.count(STARTED // 1000)  # in seconds, one more whenever it is asked
    socket.gethostname, time.time = lambda: HOST, lambda: float(next(clock))
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder / "unet")) as writer:
        for step, (loss, val_loss) in enumerate(zip(LOSSES, VAL_LOSSES, strict=True)):
            writer.add_scalar("train/loss", loss, step)
            writer.add_scalar("val/loss", val_loss, step)
        writer.add_text("notes", "first try", 0)
        writer.add_hparams(CONFIG, {"eval/FID": FID}, run_name=str(STARTED / 1000 + 0.25))
    with SummaryWriter(str(folder / "diverged")) as writer:
        writer.add_scalar("loss", 2.5, 0)
        writer.add_scalar("loss", math.nan, 1)


def write_trackio(folder: Path) -> None:
    os.environ |= {"TRACKIO_DIR": str(folder), "HF_HUB_OFFLINE": "1"}
    import trackio

    trackio.init(project="garments", name="unet", config=CONFIG, embed=False)
    for loss, val_loss in zip(LOSSES, VAL_LOSSES, strict=True):
        trackio.log({"train/loss": loss, "val/loss": val_loss})
    trackio.log({"eval/FID": FID})
    trackio.finish()
    trackio.init(project="garments", name="diverged", config={"lr": 0.1}, embed=False)
    trackio.log({"loss": 2.5})
    trackio.log({"loss": math.nan})
    trackio.finish()
    make_small(folder / "garments.db")
    (folder / "garments.lock").unlink()


def write_neptune(folder: Path) -> None:
    import pyarrow as pa
    from neptune_exporter.model import SCHEMA
    from neptune_exporter.storage.parquet_writer import ParquetWriter

    def rows(run_id: str, name: str, settings: dict, series: dict, failed: bool, about: dict) -> pa.RecordBatch:
        started = datetime.fromtimestamp(STARTED / 1000, UTC)
        values = {"sys/name": name, "sys/creation_time": started, "sys/failed": failed} | about
        values |= {f"parameters/{key}": value for key, value in settings.items()}
        kinds = {str: "string", bool: "bool", int: "int", float: "float", datetime: "datetime", list: "string_set"}
        made = [
            {"attribute_path": path, "attribute_type": kinds[type(value)], f"{kinds[type(value)]}_value": value}
            for path, value in values.items()
        ] + [
            {"attribute_path": path, "attribute_type": "float_series", "step": Decimal(step), "float_value": value}
            for path, history in series.items()
            for step, value in enumerate(history)
        ]
        shared = {"project_id": "someone/garments", "run_id": run_id}
        return pa.RecordBatch.from_pylist([shared | row for row in made], schema=SCHEMA)

    series = {"train/loss": LOSSES, "val/loss": VAL_LOSSES, "eval/FID": [FID], "monitoring/cpu": [12.0]}
    about = {"sys/tags": ["paper"], "sys/description": "first try", "sys/hostname": HOST}
    writer = ParquetWriter(folder / "data")
    for run_id, batch in (
        ("GAR-1", rows("GAR-1", "unet", CONFIG, series, False, about)),
        ("GAR-2", rows("GAR-2", "diverged", {"lr": 0.1}, {"loss": [2.5, math.nan]}, True, {})),
    ):
        with writer.run_writer("someone/garments", run_id) as run:
            run.save(batch)


WRITERS = {
    "mlflow_files": write_mlflow_files,
    "mlflow_sqlite": write_mlflow_sqlite,
    "wandb": write_wandb,
    "tensorboard": write_tensorboard,
    "trackio": write_trackio,
    "neptune": write_neptune,
}

if __name__ == "__main__":
    for kind in sys.argv[1:] or WRITERS:
        target = STORES / kind
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        WRITERS[kind](target)
        print(kind, datetime.now(UTC).isoformat(timespec="seconds"))
