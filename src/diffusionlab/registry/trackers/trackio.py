"""Trackio: one SQLite database a project.

Trackio itself brings dozens of packages, a web server among them, for a few columns of JSON.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diffusionlab.registry.trackers.run import Refused, TrackedRun, each, flat, json_object, number, time_of
from diffusionlab.registry.trackers.sqlite import columns, opened, tables


def is_database(connection: sqlite3.Connection) -> bool:
    return "metrics" in tables(connection) and {"run_name", "step", "metrics"} <= columns(connection, "metrics")


def read_database(file: Path, refused: Refused) -> Iterator[TrackedRun]:
    """The runs of a project, which the file is named after."""
    with opened(file) as connection:
        # before version 0.20 a run was known by its name alone
        known = "run_id" in columns(connection, "metrics")
        ids = [row[0] for row in connection.execute(_RUNS_BY_ID if known else _RUNS_BY_NAME)]
        configs = _configs(connection, known)
        yield from each(ids, lambda run_id: _read_run(connection, file.stem, run_id, known, configs), refused)


_RUNS_BY_ID = "select run_id from metrics group by run_id order by min(id)"
_RUNS_BY_NAME = "select run_name from metrics group by run_name order by min(id)"
_HISTORY_BY_ID = "select timestamp, run_name, metrics from metrics where run_id = ? order by step, id"
_HISTORY_BY_NAME = "select timestamp, run_name, metrics from metrics where run_name = ? order by step, id"


def _configs(connection: sqlite3.Connection, known: bool) -> dict[str, Any]:
    if "configs" not in tables(connection):
        return {}
    rows = connection.execute("select run_id, config from configs" if known else "select run_name, config from configs")
    return dict(rows)


def _read_run(
    connection: sqlite3.Connection, project: str, run_id: str, known: bool, configs: dict[str, Any]
) -> TrackedRun:
    run = TrackedRun(tracker="trackio", run_id=str(run_id), project=project)
    config = json_object(configs.get(run_id) or "{}")
    run.settings = {key: value for key, value in flat(config).items() if not key.startswith("_")}
    run.started = time_of(config.get("_Created"))
    for timestamp, name, metrics in connection.execute(_HISTORY_BY_ID if known else _HISTORY_BY_NAME, (run_id,)):
        run.name = name
        at = time_of(timestamp)
        run.started, run.ended = run.started or at, at or run.ended
        for key, value in flat(json_object(metrics)).items():
            if isinstance(value, (int, float)) or value is None or value in _NOT_FINITE:
                run.metrics[key] = number(value)
    return run


_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
