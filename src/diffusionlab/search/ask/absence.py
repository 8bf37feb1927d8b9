"""What a run lacks or has at all: "without a fid", "no description", "fid is unknown", "with a val loss"."""

from __future__ import annotations

from diffusionlab.registry.filters.conditions import IsNull
from diffusionlab.registry.filters.filter import Not
from diffusionlab.registry.record.columns import COLUMNS, METRIC_COLUMNS
from diffusionlab.search.ask.reading import Reading, is_numeric
from diffusionlab.search.read.items import missing_filter
from diffusionlab.search.read.special_filters import PREFIX, HasFiles, IsOn

_HAVING = ("with", "have", "has", "having", "that have", "which have", "had")
_FILES = {
    **dict.fromkeys(("checkpoint", "checkpoints", "weights", "saved weights", "checkpoint files"), "checkpoint"),
    **dict.fromkeys(("pictures", "samples", "images", "sample grids", "sample grid", "thumbnail"), "pictures"),
}
_AT_ALL = ("a", "an", "any", "known", "recorded", "measured")
_QUANTITY = ("number", "comparator", "between")


def absence(r: Reading, i: int) -> int:
    if (r.kind(i) == "not" or (r.kind(i) == "carrier" and r.words(i) in _HAVING)) and (found := _files(r, i)):
        return found
    if r.kind(i) == "not":
        return _without(r, i)
    if r.kind(i) == "field":
        return _unknown(r, i)
    if r.kind(i) == "unknown" and r.kind(j := r.skip(i + 1, 2, ("filler",))) == "field":  # "an unknown fid"
        return _emit(r, i, j, True)
    if r.kind(i) == "unknown" and r.kind(i - 1) == "connector" and r.out[-2:-1] and r.out[-2].kind == "condition":
        column = r.out[-2].payload.category  # "fid at least 20 or unknown"
        if column in COLUMNS:
            return r.emit(i, i + 1, f"known {column}", missing_filter(column, r.known))
    if r.kind(i) == "connector" and r.items[i].payload == "nor" and _last(r) and r.kind(i + 1) in ("field", "filler"):
        return _without(r, i)  # "neither a fid nor a val loss"
    if r.kind(i) == "carrier" and r.words(i) in _HAVING:
        return _having(r, i)
    return 0


def _files(r: Reading, i: int) -> int:
    """WITH or WITHOUT checkpoints or pictures: what the run's folder holds."""
    end = next((k for k in range(i + 1, i + 4) if r.words(k) in _FILES), None)
    if end is None or any(r.kind(k) not in ("filler", "carrier", "known") for k in range(i + 1, end)):
        return 0
    if r.kind(end + 1) in ("condition", "text", "field", "number", "comparator") or r.words(end + 1) in ("of", "that"):
        return 0
    has = HasFiles(_FILES[r.words(end)])
    return r.emit(i, end + 1, has.column, Not(has) if r.kind(i) == "not" else has)


def _without(r: Reading, i: int) -> int:
    """NOT FIELD: "without a fid"."""
    j = r.skip(i + 1, 4, ("filler", "carrier", "known", "moment"))  # "never produced a fid"
    if r.kind(j) == "noun" and r.words(j) == "architecture" and _ends(r, j + 1):
        return r.emit(i, j + 1, "known architecture", IsNull("architecture"))
    if r.kind(j) != "field" or r.kind(r.skip(j + 1, 2, ("filler",))) in _QUANTITY:
        return 0
    if r.items[j].payload.startswith(PREFIX):
        return r.emit(i, j + 1, r.items[j].payload, Not(IsOn(r.items[j].payload)))
    return _emit(r, i, j, True)


def _unknown(r: Reading, i: int) -> int:
    """FIELD [is] UNKNOWN: "fid is missing", "fid not known"."""
    j = r.skip(i + 1, 2, ("filler",))
    if r.kind(j) == "not" and r.kind(k := r.skip(j + 1, 2, ("filler",))) == "known":
        return _emit(r, i, i, True, k + 1)
    if r.kind(j) == "not" and _ends(r, j + 1) and (last := _last(r)) is not None:  # "but fid is not"
        return _emit(r, i, i, not last, j + 1)
    absent = r.kind(j) == "unknown" or (r.kind(j) == "not" and r.words(j) == "missing")
    if not absent and r.kind(j) != "known":
        return 0
    return _emit(r, i, i, absent, j + 1)


def _last(r: Reading) -> bool | None:
    """Whether the last condition says that something is missing; None if it is of another kind."""
    said = [item.payload for item in r.out if item.kind == "condition"][-1:]
    if not said or not said[0].category.startswith("known "):
        return None
    return not isinstance(said[0].filter, Not)


def _having(r: Reading, i: int) -> int:
    """WITH [a] FIELD, and nothing that says which value: "with a fid"."""
    j = r.skip(i + 1, 2, ("filler", "known"))
    between = [r.words(k) for k in range(i + 1, j)]
    if r.kind(j) != "field" or r.items[j].payload in ("dataset", "architecture", "num_parameters", "image_size"):
        return 0
    if any(word not in _AT_ALL for word in between) or not _ends(r, j + 1):
        return 0
    if r.items[j].payload.startswith(PREFIX):
        return r.emit(i, j + 1, r.items[j].payload, IsOn(r.items[j].payload))
    which = any(r.kind(k) == "filler" and r.words(k) in ("which", "what") for k in range(i))
    asked = which and r.words(i) in ("has", "have") and not between
    if asked and r.items[j].payload not in (*METRIC_COLUMNS, "description", "notes"):
        return 0
    return _emit(r, i, j, False)


def _ends(r: Reading, after: int) -> bool:
    """Whether nothing at `after` can be a value."""
    return (
        r.kind(after) in ("", "noun")
        or r.items[after].words in ("?", ".", "!", ",", ";")
        or r.kind(r.skip(after, 2, ("filler",))) in ("connector", "")
        or (r.kind(after) == "not" and r.kind(r.skip(after + 1, 2, ("filler",))) == "field")
        or r.words(after) in ("score", "value")
    )


def _emit(r: Reading, first: int, field: int, absent: bool, after: int = 0) -> int:
    column = r.items[field].payload
    missing = missing_filter(column, r.known)
    if column in ("architecture", "arch_tags"):
        missing = IsNull("architecture")
    elif column in COLUMNS and is_numeric(column):
        r.field = column  # "unknown or above 0.1"
    return r.emit(first, after or field + 1, f"known {column}", missing if absent else Not(missing))
