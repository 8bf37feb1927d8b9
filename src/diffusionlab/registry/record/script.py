"""What the record of a script keeps beside its columns: all facts that its code shows, with their lines.

The package `ingest` writes it under `extra["script"]` (see `ingest.record.Script.as_dict`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

SCRIPT = "script"


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


def _value(entry: Mapping[str, Any]) -> str:
    value = entry.get("value")
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    more = "; ".join(str(entry[key]) for key in ("stage", "role", "via") if entry.get(key))
    return f"{text} ({more})" if more else text


def lines_text(lines: list[Any] | tuple[Any, ...]) -> str:
    """ "line 12", "lines 12, 40, 7 and 5 more"."""
    shown = ", ".join(map(str, lines[:4])) + (f" and {len(lines) - 4} more" if len(lines) > 4 else "")
    return f"line{'' if len(lines) == 1 else 's'} {shown}" if lines else ""
