"""One run as a record, and its file `run.json`, which is the truth that the registry's table indexes."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diffusionlab.atomic import replaced
from diffusionlab.registry.record.canonical import canonical, dataset_family, hardware_kind
from diffusionlab.registry.record.columns import ALIASES, KINDS
from diffusionlab.registry.record.comparable import objective_of
from diffusionlab.registry.record.convert import convert, plain, to_float
from diffusionlab.registry.record.facets import close

SCHEMA_VERSION = 1
RECORD_FILE = "run.json"


@dataclass(kw_only=True)
class RunRecord:
    """Everything known of a run. None (or empty) means unknown; NaN and infinities become None.

    `sources` says for a column where its value came from: config, module graph, measured, script line,
    import or person. What a person said is never overwritten by a training that is still writing.
    """

    run_id: str
    name: str
    kind: str | None = None  # "script" for one that was read from code; None for a run
    created_at: datetime | None = None
    modified_at: datetime | None = None
    revision: int | None = None  # one more with each change of the record; an older one never replaces a newer one
    heartbeat_at: datetime | None = None
    deleted_at: datetime | None = None
    status: str | None = None
    reason: str | None = None  # why it failed or was interrupted, in one line
    framework: str | None = None
    architecture: str | None = None
    arch_tags: list[str] = field(default_factory=list)
    dataset: str | None = None
    dataset_family: str | None = None
    batch_size: int | None = None
    lr: float | None = None
    optimizer: str | None = None
    epochs: int | None = None
    steps: int | None = None  # of the optimizer
    hardware: str | None = None  # as found: "NVIDIA GeForce RTX 4090"
    hardware_kind: str | None = None  # canonical: "rtx-4090"
    num_parameters: int | None = None
    flops: int | None = None  # of one forward pass of one image
    image_size: int | None = None  # pixels along one side
    lr_schedule: str | None = None
    schedule: str | None = None
    parameterization: str | None = None
    sampler: str | None = None
    precision: str | None = None
    seed: int | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    protocol: str | None = None  # under which the latest evaluation took its metrics
    objective: str | None = None  # what the losses are of: "v on cosine, Fashion-MNIST at 28 px"
    evaluations: dict[str, dict[str, float | None]] = field(default_factory=dict)  # all of these weights, by protocol
    description: str | None = None
    notes: str | None = None
    tags: list[str] = field(default_factory=list)
    path: str | None = None  # the run folder
    size_bytes: int | None = None
    seconds: float | None = None
    images_per_second: float | None = None
    git_commit: str | None = None
    git_dirty: bool | None = None
    packages: dict[str, str] = field(default_factory=dict)
    host: str | None = None
    pid: int | None = None
    process_token: str | None = None  # tells this process from a later one with the same pid (liveness.py)
    command: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    config_hash: str | None = None
    data_hash: str | None = None
    parent_run: str | None = None
    sweep: str | None = None
    layers: list[str] = field(default_factory=list)  # one "path: Type(shape)" a line
    thumbnail: str | None = None  # path of a sample grid, relative to the run folder
    linked_pictures: dict[str, Any] = field(default_factory=dict)  # outside a run folder (pictures.py)
    schema_version: int = SCHEMA_VERSION
    sources: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)  # unknown keys, kept and given back

    def __post_init__(self) -> None:
        self.normalise()

    def show_evaluation(self, protocol: str) -> None:
        """Put the figures of one of the `evaluations` into `metrics`, in place of those of the one shown there now."""
        self.hide_evaluation()
        self.metrics |= {name: value for name, value in self.evaluations[protocol].items() if "/" not in name}
        self.protocol = protocol

    def hide_evaluation(self) -> None:
        """Take the figures of the evaluation that is shown out of `metrics`."""
        for name in self.evaluations.get(self.protocol or "", {}):
            self.metrics.pop(name, None)
        self.protocol = None

    def forget_evaluations(self) -> None:
        """Drop what was measured of weights that are no more."""
        self.hide_evaluation()
        self.evaluations = {}

    def normalise(self) -> None:
        """Bring names to their canonical form and close the facets; call it after setting fields by hand."""
        for column in (
            "dataset",
            "optimizer",
            "lr_schedule",
            "schedule",
            "parameterization",
            "sampler",
            "precision",
            "status",
        ):
            setattr(self, column, canonical(column, getattr(self, column)))
        self.dataset_family = self.dataset_family or dataset_family(self.dataset)
        stated = objective_of(self.config, self.dataset, self.image_size, self.parameterization, self.schedule)
        self.objective = stated or self.objective
        self.hardware_kind = self.hardware_kind or hardware_kind(self.hardware)
        self.arch_tags = close(self.arch_tags)
        self.tags = list(dict.fromkeys(self.tags))
        self.metrics = {name: None if value is None else to_float(value) for name, value in self.metrics.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "RunRecord":
        """Read a mapping as `run.json` or an import line has it; keys that no field has go to `extra`.

        Raises ValueError, naming the key, where a value cannot be what its column holds.
        """
        known: dict[str, Any] = {}
        extra: dict[str, Any] = dict(data.get("extra") or {}) if isinstance(data.get("extra"), Mapping) else {}
        for key, value in data.items():
            column = ALIASES.get(key, key)
            if column in _FIELDS and column != "extra":
                if (converted := convert(column, value)) is not None:
                    known[column] = converted
            elif key != "extra":
                extra[key] = value
        try:
            extra = plain(extra)
        except ValueError as error:
            raise ValueError(f"unknown keys: {error}") from None
        if not known.get("run_id"):
            raise ValueError('run_id is missing: each run needs one, such as "run_id": "run-001"')
        known.setdefault("name", known["run_id"])
        return cls(**known, extra=extra)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values, unknown keys beside them as they came."""
        data = {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name != "extra"}
        return data | {key: plain(value) for key, value in self.extra.items() if key not in data}


_FIELDS = {f.name for f in fields(RunRecord)}
assert set(KINDS) == _FIELDS, "the table of columns must name the fields of RunRecord"


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_run_id(now: datetime | None = None) -> str:
    """A unique id that sorts by time: "20250314-100500-3fa9c1"."""
    return f"{now or utc_now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def write_record(record: RunRecord, folder: Path | str) -> Path:
    """Write `run.json`, whole. Bytes of a path that are not UTF-8 stand in it as JSON escapes."""
    target = Path(folder) / RECORD_FILE
    with replaced(target) as temporary, temporary.open("w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(record.to_json(), file, indent=1, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    return target


def read_record(folder: Path | str) -> RunRecord:
    """Read a run folder's `run.json`.

    Raises FileNotFoundError if there is none, and ValueError in one line if it cannot be read or is a link to a file
    elsewhere.
    """
    file = Path(folder) / RECORD_FILE
    if file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder)):
        raise ValueError(f"{file} is a link that leads out of the run folder")
    text = file.read_text(encoding="utf-8", errors="replace").removeprefix("\ufeff")  # a byte-order mark
    try:
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError("not a JSON object")
        return RunRecord.from_json(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: {error}") from None
