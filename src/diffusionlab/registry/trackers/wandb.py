"""Weights & Biases: run folders with the binary `.wandb` log, and the files that a run with a connection leaves.

The log is records in LevelDB's framing, each a message of `wandb.proto`. wandb, a dependency anyway, has the messages
and no reader of the framing, which is read here.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from diffusionlab.registry.trackers.run import (
    Refused,
    TrackedRun,
    each,
    flat,
    in_a_line,
    json_object,
    moment,
    number,
    pictures,
    read_text,
    read_yaml,
    time_of,
)  # fmt: skip
from diffusionlab.untrusted import inside

MAGIC = b":W&B"
FILES = ("wandb-metadata.json", "wandb-summary.json")
BLOCK, HEADER = 32768, 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
MOST_RECORD = 64_000_000
"""Bytes of one record that is put together from its fragments."""


def run_folder(file: Path) -> Path | None:
    """The run folder that a file shows; None for a file of another kind."""
    if file.suffix == ".wandb":
        return file.parent
    return file.parent.parent if file.name in FILES and file.parent.name == "files" else None


def read_folders(folders: list[Path], refused: Refused) -> Iterator[TrackedRun]:
    """The runs of run folders, in the order of time: one that was resumed has several, and later values win."""
    runs: dict[tuple[str | None, str], TrackedRun] = {}
    for run in each(folders, lambda folder: _read_folder(folder, refused), refused):
        if before := runs.get((run.project, run.run_id)):
            run.settings, run.metrics = before.settings | run.settings, before.metrics | run.metrics
            run.started, run.pictures = before.started, before.pictures + run.pictures
        runs[run.project, run.run_id] = run
    yield from runs.values()


def _read_folder(folder: Path, refused: Refused) -> TrackedRun:
    run = TrackedRun(tracker="wandb", run_id=folder.name.rpartition("-")[2])
    for log in sorted(folder.glob("*.wandb"))[:1]:
        if inside(folder, log.name):
            _add_log(run, log, refused)
    _add_files(run, folder, refused)
    run.settings = {key: value for key, value in run.settings.items() if not key.startswith("_wandb")}
    run.ended = moment(run.metrics.get("_timestamp"))  # of the last values
    run.metrics = {key: value for key, value in run.metrics.items() if not key.startswith("_")}
    return run


def _add_log(run: TrackedRun, log: Path, refused: Refused) -> None:
    from wandb.proto import wandb_internal_pb2

    messages: Any = wandb_internal_pb2
    try:
        with log.open("rb") as stream:
            for data in records(stream):
                _add_record(run, messages.Record.FromString(data))
    except Exception as error:  # what stands before the damage is the run's
        refused(f"{log}: {in_a_line(error)}; read up to there")


def records(stream: IO[bytes]) -> Iterator[bytes]:
    """The records of a log, one at a time. A log that ends inside a record ends there: its run was killed.

    Raises ValueError where the log is no log, or a record is not what its checksum says.
    """
    if stream.read(HEADER)[:4] != MAGIC:
        raise ValueError("not a W&B log")
    parts: list[bytes] = []
    position, size = HEADER, 0
    while True:
        left = BLOCK - position % BLOCK
        if left < HEADER:
            position += len(stream.read(left))
        header = stream.read(HEADER)
        if len(header) < HEADER:
            return
        checksum, length, kind = struct.unpack("<IHB", header)
        data = stream.read(length)
        position += HEADER + length
        if len(data) < length:
            return
        if zlib.crc32(header[6:] + data) != checksum or kind not in (FULL, FIRST, MIDDLE, LAST):
            raise ValueError(f"damaged at byte {position - length - HEADER:,}")
        parts, size = ([data], length) if kind in (FULL, FIRST) else ([*parts, data], size + length)
        if size > MOST_RECORD:
            raise ValueError(f"a record larger than {MOST_RECORD:,} bytes")
        if kind in (FULL, LAST):
            yield b"".join(parts)
            parts, size = [], 0


def _add_record(run: TrackedRun, record: Any) -> None:
    match record.WhichOneof("record_type"):
        case "run":
            _add_run(run, record.run)
        case "config":
            run.settings |= _updates(record.config.update)
        case "summary":
            _add_metrics(run, _updates(record.summary.update))
        case "history":
            _add_metrics(run, _updates(record.history.item))
        case "environment":
            run.host = run.host or record.environment.host or None
            run.git_commit = run.git_commit or record.environment.git.commit or None
            run.command = run.command or record.environment.program or None
        case "exit":
            run.status = "failed" if record.exit.exit_code else "finished"


def _add_run(run: TrackedRun, facts: Any) -> None:
    run.run_id = facts.run_id or run.run_id
    run.project = facts.project or run.project
    run.name = facts.display_name or run.name
    run.notes = facts.notes or run.notes
    run.tags = list(facts.tags) or run.tags
    run.host = facts.host or run.host
    run.git_commit = facts.git.commit or run.git_commit
    run.started = moment(facts.start_time.seconds) or run.started
    run.settings |= _updates(facts.config.update)


def _updates(updates: Any) -> dict[str, Any]:
    """Dotted key -> value of the changes to a config, a summary or a history."""
    values = {".".join(one.nested_key) or one.key: json.loads(one.value_json) for one in updates if one.value_json}
    return flat({key: value for key, value in values.items() if not (isinstance(value, dict) and "_type" in value)})


def _add_metrics(run: TrackedRun, values: dict[str, Any]) -> None:
    for key, value in values.items():
        if value in ("NaN", "Infinity", "-Infinity") or (isinstance(value, (int, float)) and key != "_step"):
            run.metrics[key] = number(value)


def _add_files(run: TrackedRun, folder: Path, refused: Refused) -> None:
    for name, add in (
        ("config.yaml", _add_config),
        ("wandb-summary.json", _add_summary),
        ("wandb-metadata.json", _add_metadata),
    ):
        if file := inside(folder, f"files/{name}"):
            try:
                add(run, file)
            except Exception as error:
                refused(f"{file}: {in_a_line(error)}")
    run.pictures = pictures(folder / "files" / "media", folder)


def _add_config(run: TrackedRun, file: Path) -> None:
    entries = {key: entry for key, entry in read_yaml(file).items() if isinstance(entry, dict)}
    run.settings |= flat({key: entry["value"] for key, entry in entries.items() if "value" in entry})


def _add_summary(run: TrackedRun, file: Path) -> None:
    _add_metrics(run, flat(json_object(read_text(file))))


def _add_metadata(run: TrackedRun, file: Path) -> None:
    facts = json_object(read_text(file))
    git = facts.get("git")
    run.host = run.host or facts.get("host")
    run.git_commit = run.git_commit or (git.get("commit") if isinstance(git, dict) else None)
    run.command = run.command or facts.get("program")
    run.started = run.started or time_of(facts.get("startedAt"))
