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
from diffusionlab.registry.manage import edits, recorder, write
from diffusionlab.registry.manage.rebuild import rebuild
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.manage.transfer import import_runs
from diffusionlab.registry.manage.write import write_run
from diffusionlab.registry.record import run_record
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage import table, upkeep
from diffusionlab.registry.storage.pending import Pending
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
    """Each second writer records as a training does, the others write to the table."""
    registry = _registry(uri, upkeep_every)
    for number in range(count):
        record = RunRecord(run_id=f"w{writer}-{number:03d}", name="many", seed=number)
        write = record_run if writer % 2 else Registry.upsert
        write(registry, record)


def race(uri: Path, writer: int, keys: list[str], barrier: Any, upkeep_every: int) -> None:
    """Insert each new key at the same moment as all other writers."""
    registry = _registry(uri, upkeep_every)
    for key in keys:
        barrier.wait(60)
        record = RunRecord(run_id=key, name=f"writer {writer}", seed=writer)
        if writer % 2:
            record_run(registry, record)
        else:
            registry.upsert(record)


def write_until_killed(uri: Path, runs: Path, writer: int, written: Any) -> None:
    """Record new runs as a training does, start and end, and report each one that is complete."""
    registry = _registry(uri, upkeep_every=7)
    for number in itertools.count():
        record = RunRecord(run_id=f"k{writer}-{number:04d}", name="killed", notes="x" * 2000)
        recording = RunRecorder(str(uri), runs / record.run_id, record)
        recording.start()
        recording.finish("finished")
        if number % 3 == 0:
            registry.flush()
        written.put(record.run_id)


def record_run(registry: Registry, record: RunRecord) -> RunRecord:
    """Write a run as a training does, into a folder beside the registry."""
    assert registry.folder is not None
    folder = Path(f"{registry.folder}-runs", record.run_id)
    folder.mkdir(parents=True, exist_ok=True)
    return write_run(registry, folder, lambda: record)


def _registry(uri: Path, upkeep_every: int = 100) -> Registry:
    table.WRITES_BETWEEN_OPTIMIZE = upkeep_every
    upkeep.ROWS_WORTH_INDEXES = 0
    upkeep.INDEXES |= {"run_id": "BTree"}  # which must not make writers blind to each other
    warnings.filterwarnings("ignore", message=".*fork.*")
    return Registry(uri)


def use_read_only(uri: Path, runs: Path, answers: Any) -> None:
    """Read and write a registry as one who may only read it; report what came of each."""
    # Before the change of user: Python's own folder may be closed to others, and a server that another test started
    # has imported nothing.
    import lancedb  # noqa: F401

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


RECORDED = {
    "folder locked": (Registry, "announce", "before"),
    "announced": (Registry, "announce", "after"),
    "run.json half written": (run_record.json, "dump", "after"),
    "run.json written": (write, "write_record", "after"),
}
MERGED = {
    "before the merge": (Registry, "flush", "before"),
    "row merged": (Registry, "_merge_rows", "after"),
    "no more waiting": (Pending, "keep", "after"),
}
POINTS = {
    "start": RECORDED | {"left waiting": (Registry, "settle", "after")},
    "beat": RECORDED | MERGED,
    "finish": RECORDED | MERGED,
}
"""Where a recording process may be killed, by the step at hand: (owner, function, whether before or after it)."""


def record_until_killed_at(uri: Path, folder: Path, point: str, step: str) -> None:
    """Train a run; SIGKILL from within at `point` of its `step`: "start", "beat" or "finish"."""
    registry = _registry(uri)
    owner, name, when = POINTS[step][point]
    original = getattr(owner, name)

    def killed(*arguments: Any, **options: Any) -> Any:
        if when == "after":
            original(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    recording = RunRecorder(registry.uri, folder, RunRecord(run_id=folder.name, name="killed"))
    if step != "start":
        recording.start()
    table.SECONDS_AT_REST = recorder.SECONDS_BETWEEN_BEATS = 0.0  # so that the step at hand is written, and merged
    setattr(owner, name, killed)
    getattr(recording, step)(*(["finished"] if step == "finish" else []))


def edit_until_killed_at(uri: Path, point: str) -> None:
    """Import two runs over one that is known; SIGKILL before the rows or after them."""
    registry = _registry(uri)

    def killed(*arguments: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(*{"journal written": (Registry, "_merge_rows"), "row merged": (Pending, "keep")}[point], killed)
    import_runs(registry, [RunRecord(run_id=run_id, name="imported") for run_id in ("old", "new")])


def edit_many(uri: Path, editor: int, run_ids: list[str], count: int) -> None:
    """Tag each run `count` times, with tags of this editor's own."""
    registry = _registry(uri)
    for number in range(count):
        for run_id in run_ids:
            edits.tag(registry, run_id, [f"e{editor}-{number}"])


def look_after(uri: Path, runs: Path, what: str, ended: Any) -> None:
    """Rebuild or optimize again and again."""
    registry = _registry(uri)
    while not ended.is_set():
        if what == "rebuild":
            rebuild(registry, [runs])
        else:
            registry.optimize()
