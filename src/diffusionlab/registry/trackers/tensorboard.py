"""TensorBoard event files: scalars, hyperparameters and texts.

The messages are read by `tensorboard` (a dependency anyway), record by record; its own loader would start TensorFlow
where that is installed, and keeps pictures and histograms in memory, which are passed over here.
"""

import hashlib
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from diffusionlab.registry.trackers.run import Refused, TrackedRun, each, in_a_line, moment, number

EVENTS = "tfevents"
MOST_RECORD = 1_000_000
"""Bytes: larger ones hold pictures, sounds, histograms or graphs, and are passed over."""
SPLITS = {"train", "training", "validation", "valid", "val", "test", "eval"}
"""Folders that Keras and others make for the parts of one run."""
_HOST = re.compile(r"tfevents\.\d+\.(.+?)(?:\.\d+)*(?:\.v2)?$")
_STATUS = {1: "finished", 2: "failed", 3: "running"}
_LONGEST_TEXT = 20_000


def is_events(file: Path) -> bool:
    return EVENTS in file.name


def read_folders(root: Path, files: list[Path], refused: Refused) -> Iterator[TrackedRun]:
    """One run a folder; those that `add_hparams` and Keras make below one belong to the folder above."""
    runs: dict[Path, list[Path]] = {}
    for file in files:
        runs.setdefault(_run_folder(file.parent, root), []).append(file)
    yield from each(runs, lambda folder: _read_run(folder, root, sorted(runs[folder], key=_order), refused), refused)


def _order(file: Path) -> tuple[str, str]:
    """By the time in their names, so that what was continued comes later."""
    return file.name, str(file)


def _run_folder(folder: Path, root: Path) -> Path:
    part = folder.name.lower() in SPLITS or re.fullmatch(r"\d+\.\d+", folder.name)
    return folder.parent if part and folder != root else folder


def _read_run(folder: Path, root: Path, files: list[Path], refused: Refused) -> TrackedRun | None:
    name = folder.name if folder == root else folder.relative_to(root).as_posix()
    run = TrackedRun(tracker="tensorboard", run_id=_identity(files[0]), unique=True, name=name)
    for file in files:
        prefix = f"{file.parent.name}/" if file.parent.name.lower() in SPLITS and file.parent != folder else ""
        try:
            with file.open("rb") as stream:
                for data in records(stream):
                    _add_event(run, data, prefix)
        except Exception as error:  # what stands before the damage is the run's
            refused(f"{file}: {in_a_line(error)}; read up to there")
    host = _HOST.search(files[0].name)
    run.host = host[1] if host else None
    return run if run.metrics or run.settings or run.notes else None


def _identity(first: Path) -> str:
    """By the first event file's name (second, host, process) and its first record (microsecond): both move with it."""
    with first.open("rb") as stream:
        start = stream.read(48)
    return hashlib.sha256(first.name.encode("utf-8", "surrogateescape") + start).hexdigest()[:12]


def records(stream: IO[bytes]) -> Iterator[bytes]:
    """The records of an event file of at most MOST_RECORD bytes. One that is cut off ends it: its run was killed.

    Raises ValueError where a checksum does not hold.
    """
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    while len(header := stream.read(12)) == 12:
        length, checksum = struct.unpack("<QI", header)
        if masked_crc32c(header[:8]) != checksum:
            raise ValueError(f"damaged at byte {stream.tell() - 12:,}")
        if length > MOST_RECORD:
            stream.seek(length + 4, 1)
            continue
        data, footer = stream.read(length), stream.read(4)
        if len(footer) < 4:
            return
        if masked_crc32c(data) != struct.unpack("<I", footer)[0]:
            raise ValueError(f"damaged at byte {stream.tell() - length - 16:,}")
        yield data


def _add_event(run: TrackedRun, data: bytes, prefix: str) -> None:
    from tensorboard.compat.proto import event_pb2

    event = event_pb2.Event.FromString(data)
    if not event.HasField("summary"):
        return
    at = moment(event.wall_time)
    for value in event.summary.value:
        plugin = value.metadata.plugin_data.plugin_name
        if plugin == "hparams":
            _add_hparams(run, value.metadata.plugin_data.content)
        elif value.HasField("simple_value"):
            run.metrics[prefix + value.tag] = number(value.simple_value)
        elif plugin == "scalars":
            run.metrics[prefix + value.tag] = _scalar(value.tensor)
        elif value.HasField("tensor") and (plugin == "text" or value.tensor.string_val):
            _add_text(run, value)
        else:
            continue
        if at is not None:
            run.started, run.ended = min(run.started or at, at), max(run.ended or at, at)


def _scalar(tensor: Any) -> float | None:
    """The one number of a tensor of floats, doubles or whole numbers."""
    for held in (tensor.float_val, tensor.double_val, tensor.int_val, tensor.int64_val):
        if held:
            return number(held[0])
    form = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}.get(tensor.dtype)
    if form is None or len(tensor.tensor_content) != struct.calcsize(form):
        return None
    return number(struct.unpack(form, tensor.tensor_content)[0])


def _add_hparams(run: TrackedRun, content: bytes) -> None:
    from tensorboard.plugins.hparams import plugin_data_pb2

    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    for name, value in data.session_start_info.hparams.items():
        kind = value.WhichOneof("kind")
        found = getattr(value, kind) if kind in ("string_value", "number_value", "bool_value") else None
        run.settings[name] = int(found) if isinstance(found, float) and found.is_integer() else found
    if data.HasField("session_end_info"):
        run.status = _STATUS.get(data.session_end_info.status, run.status)


def _add_text(run: TrackedRun, value: Any) -> None:
    tag = value.tag.removesuffix("/text_summary")
    text = b"\n".join(value.tensor.string_val).decode("utf-8", "replace").strip()
    line = f"{tag}: {text}"
    if text and line not in (run.notes or "") and len(run.notes or "") + len(line) < _LONGEST_TEXT:
        run.notes = f"{run.notes}\n{line}" if run.notes else line
