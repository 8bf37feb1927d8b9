"""What the record of a script keeps beside its columns: all facts that its code shows, with their lines.

The package `ingest` writes it under `extra["script"]` (see `ingest.record.Script.as_dict`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

SCRIPT = "script"


def is_called(text: str, name: str | None) -> bool:
    """Whether a script that the registry calls FOLDER/FILE may be called `text` for short: its folder, its file with or
    without the ending, or the version in either ("v3" for cifar_v3/train.py and old/train-v3.py). Case does not count,
    and a mere number is no name.
    """
    folder, _, file = (name or "").lower().rpartition("/")
    stem, text = file.rpartition(".")[0], text.lower()
    if not text or text.isdecimal():
        return False
    version = re.compile(rf"(.*[^a-z0-9])?{text}([^a-z0-9].*)?") if re.fullmatch(r"v\d+", text) else None
    return text in (folder, file, stem) or bool(version and (version.fullmatch(folder) or version.fullmatch(stem)))


def version_of(name: str | None) -> tuple[int, ...]:
    """The numbers in a script's name, by which its versions are in order: (3,) of v3/train.py."""
    return tuple(int(number) for number in re.findall(r"\d{1,9}", (name or "").rpartition(".")[0]))


def sketch_of(extra: Mapping[str, Any]) -> frozenset[str]:
    """Hashes of the lines of code (`ingest.versions`); empty for a run, and where an import brought something else."""
    return frozenset(one for one in _kept(extra, "sketch") if isinstance(one, str))


def layers_of(extra: Mapping[str, Any], layers: list[str]) -> list[tuple[str, str]]:
    """Each layer with the line that makes it, "" where the record does not say."""
    lines = _kept(extra, "layer_lines")
    return [(layer, lines_text(lines[i : i + 1])) for i, layer in enumerate(layers)]


def _kept(extra: Mapping[str, Any], name: str) -> list[Any]:
    details = extra.get(SCRIPT)
    kept = details.get(name) if isinstance(details, Mapping) else None
    return kept if isinstance(kept, list) else []


SKETCH = 512
"""Hashes kept of a script at most."""
SAME_SCRIPT = 0.5
"""Share of all their lines that two scripts have in common, from which on they are versions of one."""


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """The Jaccard index of two sketches: exact below SKETCH lines, else of the smallest hashes of their union."""
    is_sample = max(len(one), len(other)) >= SKETCH
    union = sorted(one | other)[: SKETCH if is_sample else None]
    return sum(line in one and line in other for line in union) / len(union) if union else 0.0


def with_versions(scripts: Mapping[str, tuple[str | None, frozenset[str]]], start: Iterable[str]) -> list[str]:
    """The ids of the scripts that are versions of those in `start`, which are among them, by version, then name.

    `scripts`: id -> (name, sketch). A version of a version is one too: v1 and v12 may have little in common.
    """
    found, left = list(start), scripts.keys() - set(start)
    for one in found:  # grows as it goes
        new = sorted(other for other in left if similarity(scripts[one][1], scripts[other][1]) >= SAME_SCRIPT)
        found += new
        left -= set(new)
    return sorted(found, key=lambda run_id: (version_of(scripts[run_id][0]), scripts[run_id][0] or ""))


def code_facts(extra: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(fact, value, lines) of each fact, in the order of the record; nothing for a run."""
    details = extra.get(SCRIPT)
    if not isinstance(details, Mapping):
        return
    facts = {"facets": details.get("facets"), **(details.get("facts") or {})}
    for name, entries in facts.items():
        for entry in entries or []:
            yield name, _value(entry), lines_text(entry.get("lines") or [])
    for conflict in details.get("conflicts") or []:
        values = " or ".join(_value(entry) for entry in conflict.get("values") or [])
        lines = [line for entry in conflict.get("values") or [] for line in entry.get("lines") or []]
        yield conflict.get("field", ""), f"conflict: {values}", lines_text(lines)
    for name in details.get("depends_on_input") or []:
        yield name, "depends on input", ""


def facts_of_script(extra: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Fact -> each of its values -> the lines that show it."""
    found: dict[str, dict[str, str]] = {}
    for name, value, lines in code_facts(extra):
        found.setdefault(name, {})[value] = lines
    return found


def _value(entry: Mapping[str, Any]) -> str:
    value = entry.get("value")
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    more = "; ".join(str(entry[key]) for key in ("stage", "role", "via") if entry.get(key))
    return f"{text} ({more})" if more else text


def lines_text(lines: list[Any] | tuple[Any, ...]) -> str:
    """ "line 12", "lines 7, 12, 40 and 5 more"; a notebook's are cell:line."""
    lines = sorted(lines) if all(type(line) is int for line in lines) else lines
    shown = ", ".join(map(str, lines[:4])) + (f" and {len(lines) - 4} more" if len(lines) > 4 else "")
    return f"line{'' if len(lines) == 1 else 's'} {shown}" if lines else ""
