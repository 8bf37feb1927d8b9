"""One run as its tracker recorded it, and what all readers share."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from diffusionlab.registry.record.convert import to_time
from diffusionlab.untrusted import IMAGE_FORMATS

Refused = Callable[[str], None]
"""Takes one line about a run or a file that cannot be read."""
Item = TypeVar("Item")

MOST_BYTES = 4_000_000
"""Of a file, or of one value, that is read whole."""
MOST_PICTURES = 200
DEEPEST = 16
"""How far nested settings are told apart."""


@dataclass(kw_only=True)
class TrackedRun:
    """What a tracker knows of a run. None (or empty) means not recorded; NaN and infinities are None.

    `settings` are flat with dotted keys. `metrics` are the last values, under the tracker's names.
    """

    tracker: str
    run_id: str  # the tracker's; unique within `project`
    project: str | None = None  # or experiment
    unique: bool = False  # the id alone names the run
    name: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    status: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float | None] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    notes: str | None = None
    host: str | None = None
    command: str | None = None
    git_commit: str | None = None
    pictures: list[str] = field(default_factory=list)


def each(items: Iterable[Item], read: Callable[[Item], TrackedRun | None], refused: Refused) -> Iterator[TrackedRun]:
    """What `read` makes of each; one that cannot be read is named, and the others go on."""
    for item in items:
        try:
            run = read(item)
        except Exception as error:  # a damaged store raises what its decoder happens to raise
            refused(f"{item}: {in_a_line(error)}")
            continue
        if run is not None:
            yield run


def in_a_line(error: Exception) -> str:
    """What a decoder says of a damaged file."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def moment(seconds: float | None) -> datetime | None:
    """Seconds since 1970 as a time; None for 0, and for what no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def number(value: Any) -> float | None:
    """A figure; None for NaN, infinities and what is no number."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def time_of(text: Any) -> datetime | None:
    """A time that a tracker wrote as a text; None for none, and for what is no time."""
    try:
        return to_time(text) if text else None
    except (ValueError, TypeError):
        return None


def json_object(text: str | bytes) -> dict[str, Any]:
    """Raises ValueError for JSON of another kind, and for no JSON."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def typed_value(text: str) -> Any:
    """What a tracker that keeps settings as texts was given: "128" -> 128, "True" -> True, "None" -> None."""
    words = text.strip()
    if words in _WORDS:
        return _WORDS[words]
    try:
        value = json.loads(words)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, float) and not math.isfinite(value) else value


_WORDS = {"True": True, "False": False, "None": None}


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}; what is nested deeper than DEEPEST stays nested."""
    made: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and prefix.count(".") < DEEPEST:
            made |= flat(value, f"{name}.")
        else:
            made[name] = value
    return made


def read_text(file: Path) -> str:
    """A text file of at most MOST_BYTES; ValueError for a larger one."""
    if not file.is_file():
        raise ValueError("not a file")
    with file.open("rb") as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES:,} bytes")
    return data.decode("utf-8", "replace")


def read_yaml(file: Path) -> dict[str, Any]:
    """A YAML mapping of plain values. Aliases are refused: a few lines of them hold billions of values."""
    import yaml

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise ValueError("YAML aliases are not read")
            return super().compose_node(parent, index)

    loaded = yaml.load(read_text(file), Loader)
    if not isinstance(loaded, dict):
        raise ValueError("not a YAML mapping")
    return loaded


def files_below(folder: Path, root: Path | None = None) -> Iterator[Path]:
    """All files below, in order, that lie in `root` (or `folder`): links are followed to files inside it alone."""
    import os

    root = (root or folder).resolve()
    if not folder.resolve().is_relative_to(root):
        return
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(root)):
                yield path


def pictures(folder: Path, root: Path) -> list[str]:
    """The paths of the first MOST_PICTURES images below."""
    found: list[str] = []
    for file in files_below(folder, root):
        if file.suffix.lower() in IMAGE_FORMATS:
            found.append(str(file))
        if len(found) == MOST_PICTURES:
            break
    return found
