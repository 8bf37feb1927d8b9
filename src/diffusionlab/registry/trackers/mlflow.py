"""MLflow: the file store (`mlruns/`) and the SQLite store (`mlflow.db`).

Both are plain: YAML and one small text file a value, or tables that have kept their names since version 1.
MLflow itself brings dozens of packages, and opens a file store only where an environment variable allows it.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diffusionlab.registry.trackers.run import (
    Refused,
    TrackedRun,
    each,
    files_below,
    moment,
    number,
    pictures,
    read_text,
    read_yaml,
    typed_value,
)  # fmt: skip
from diffusionlab.registry.trackers.sqlite import opened, tables

TABLES = {"experiments", "runs", "params", "latest_metrics", "tags"}
STATUS = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "running"}
_STATUS_OF_FILES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
LONGEST_LINE = 1000  # of a metric's file: time, value, step


def is_database(connection: sqlite3.Connection) -> bool:
    return tables(connection) >= TABLES


def is_meta(file: Path) -> bool:
    """Whether it is the `meta.yaml` of an experiment or a run."""
    return file.name == "meta.yaml" and "lifecycle_stage:" in read_text(file)


def read_files(metas: list[Path], refused: Refused) -> Iterator[TrackedRun]:
    """The runs of a file store, those that were deleted left out."""
    names: dict[Path, str] = {}

    def read(meta: Path) -> TrackedRun | None:
        facts = read_yaml(meta)
        if "run_id" not in facts and "run_uuid" not in facts:
            names[meta.parent] = str(facts.get("name"))
            return None
        return _of_files(meta.parent, facts, names.get(meta.parent.parent))

    yield from each(sorted(metas, key=lambda meta: len(meta.parts)), read, refused)


def _of_files(folder: Path, facts: dict[str, Any], experiment: str | None) -> TrackedRun | None:
    if facts.get("lifecycle_stage") == "deleted":
        return None
    status = facts.get("status")
    run = TrackedRun(
        tracker="mlflow",
        run_id=str(facts.get("run_id") or facts["run_uuid"]),
        unique=True,
        project=experiment,
        name=facts.get("run_name") or facts.get("name") or None,
        started=moment((facts.get("start_time") or 0) / 1000),
        ended=moment((facts.get("end_time") or 0) / 1000),
        status=STATUS.get(_STATUS_OF_FILES.get(status, "") if isinstance(status, int) else str(status)),
        settings={name: typed_value(read_text(file)) for name, file in _values(folder, "params")},
        metrics={name: _last(file) for name, file in _values(folder, "metrics")},
        pictures=pictures(folder / "artifacts", folder),
    )
    _add_tags(run, {name: read_text(file) for name, file in _values(folder, "tags")})
    return run


def _values(run: Path, kind: str) -> Iterator[tuple[str, Path]]:
    """Name and file of each value; a name with slashes lies in folders."""
    return ((file.relative_to(run / kind).as_posix(), file) for file in files_below(run / kind, run))


def _last(file: Path) -> float | None:
    """The value of the highest step, the latest of several, as MLflow takes it."""
    best: tuple[int, int] | None = None
    value = None
    with file.open("rb") as lines:
        while line := lines.readline(LONGEST_LINE):
            parts = line.split()
            if len(parts) < 2:
                continue
            order = (int(parts[2]) if len(parts) > 2 else 0, int(parts[0]))
            if best is None or order >= best:
                best, value = order, number(parts[1])
    return value


def read_database(file: Path, refused: Refused) -> Iterator[TrackedRun]:
    """The runs of a SQLite store, those that were deleted left out."""
    with opened(file) as connection:
        rows = connection.execute(
            "select run_uuid, runs.name, status, start_time, end_time, experiments.name from runs "
            "left join experiments using (experiment_id) "
            "where runs.lifecycle_stage = 'active' order by start_time, run_uuid"
        )
        yield from each(rows.fetchall(), lambda row: _of_database(connection, row), refused)


def _of_database(connection: sqlite3.Connection, row: tuple[Any, ...]) -> TrackedRun:
    run_id, name, status, started, ended, experiment = row
    params = connection.execute("select key, value from params where run_uuid = ?", (run_id,))
    settings = {key: typed_value(value) for key, value in params}
    metrics = connection.execute("select key, value, is_nan from latest_metrics where run_uuid = ?", (run_id,))
    run = TrackedRun(
        tracker="mlflow",
        run_id=str(run_id),
        unique=True,
        project=experiment,
        name=name,
        started=moment((started or 0) / 1000),
        ended=moment((ended or 0) / 1000),
        status=STATUS.get(status),
        settings=settings,
        metrics={key: None if is_nan else number(value) for key, value, is_nan in metrics},
    )
    _add_tags(run, dict(connection.execute("select key, value from tags where run_uuid = ?", (run_id,))))
    return run


def _add_tags(run: TrackedRun, tags: dict[str, Any]) -> None:
    run.name = tags.get("mlflow.runName") or run.name
    run.notes = tags.get("mlflow.note.content")
    run.git_commit = tags.get("mlflow.source.git.commit")
    run.command = tags.get("mlflow.source.name")
    run.host = tags.get("host")
    run.tags = [f"{key}={value}" for key, value in sorted(tags.items()) if not key.startswith("mlflow.")]
