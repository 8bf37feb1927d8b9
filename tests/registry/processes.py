"""Writers in processes of their own. Each is forked from a clean server that has LanceDB imported: quick to start."""

import itertools
import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.record.run_record import RunRecord, write_record
from diffusionlab.registry.storage import table, upkeep
from diffusionlab.registry.storage.table import Registry

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["lancedb", __name__])


def run_all(target: Callable[..., None], arguments: list[tuple[Any, ...]]) -> None:
    """Run one process for each tuple of arguments, all at once; any that fails fails the test."""
    processes = [start(target, *each) for each in arguments]
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def upsert_many(uri: Path, writer: int, count: int, upkeep_every: int) -> None:
    """Each second writer leaves its rows beside the table where it may."""
    registry = _registry(uri, upkeep_every)
    for number in range(count):
        record = RunRecord(run_id=f"w{writer}-{number:03d}", name="many", seed=number)
        (registry.upsert_soon if writer % 2 else registry.upsert)(record)


def race(uri: Path, writer: int, keys: list[str], barrier: Any, upkeep_every: int) -> None:
    """Insert each new key at the same moment as all other writers."""
    registry = _registry(uri, upkeep_every)
    for key in keys:
        barrier.wait(60)
        write = registry.upsert_soon if writer % 2 else registry.upsert
        write(RunRecord(run_id=key, name=f"writer {writer}", seed=writer))


def write_until_killed(uri: Path, runs: Path, writer: int, written: Any) -> None:
    """Record new runs as a training does, run.json first, and report each one that is complete."""
    registry = _registry(uri, upkeep_every=7)
    for number in itertools.count():
        record = RunRecord(run_id=f"k{writer}-{number:04d}", name="killed", notes="x" * 2000)
        record.path = str(runs / record.run_id)
        write_record(record, record.path)
        (registry.upsert_soon if number % 3 else registry.upsert)(record)
        written.put(record.run_id)


def _registry(uri: Path, upkeep_every: int = 100) -> Registry:
    table.WRITES_BETWEEN_OPTIMIZE = upkeep_every
    upkeep.ROWS_WORTH_INDEXES = 0
    upkeep.INDEXES |= {"run_id": "BTree"}  # which must not make writers blind to each other
    warnings.filterwarnings("ignore", message=".*fork.*")
    return Registry(uri)


def use_read_only(uri: Path, runs: Path, answers: Any) -> None:
    """Read and write a registry as one who may only read it; report what came of each."""
    if os.getuid() == 0:  # to whom no folder is read-only
        os.setuid(65534)
    registry = _registry(uri)
    answers.put([row["run_id"] for row in registry.rows(columns=["run_id"])])
    try:
        registry.upsert(RunRecord(run_id="b", name="b"))
        answers.put("written")
    except RegistryError as error:
        answers.put(str(error))
    recording = RunRecorder(str(uri), runs / "run", RunRecord(run_id="b", name="b"))
    recording.start()
    recording.finish("finished")
    answers.put([row["run_id"] for row in registry.rows(columns=["run_id"])])
