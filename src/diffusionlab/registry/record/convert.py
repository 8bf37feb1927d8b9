"""Values of other types -> values as a column holds them."""

import math
import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from diffusionlab.registry.record.columns import KINDS

MOST_NESTED = 64
_INT64 = 2**63


def convert(column: str, value: Any) -> Any:
    """`value` as the column's kind holds it, None for null and NaN; ValueError that names the column."""
    if value is None:
        return None
    try:
        return _SPECIAL.get(column, _CONVERTERS[KINDS[column]])(value)
    except (ValueError, TypeError, OverflowError, KeyError):
        shown = type(value).__name__ if isinstance(value, (Mapping, list)) else repr(str(value)[:60])
        raise ValueError(f"{column}: {shown} is not {_EXPECTED[KINDS[column]]}") from None


def _text(value: Any) -> str:
    if isinstance(value, (Mapping, list)):
        raise TypeError
    # A lone surrogate (from an undecodable file name) has no UTF-8 form.
    return str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def to_float(value: Any) -> float | None:
    number = float(value)
    return number + 0.0 if math.isfinite(number) else None  # + 0.0: Arrow orders -0.0 below 0.0


def _int(value: Any) -> int | None:
    if isinstance(value, str):
        value = int(value) if value.strip().lstrip("+-").isdigit() else float(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        if not value.is_integer():
            raise ValueError
    number = int(value)
    if abs(number) >= _INT64:
        raise OverflowError
    return number


def _bool(value: Any) -> bool:
    if isinstance(value, str):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[value.lower()]
    return bool(value)


def to_time(value: Any) -> datetime:
    """A moment in UTC from an ISO string, a date or a datetime; without a zone it is taken as UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise TypeError
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _list(value: Any) -> list[str]:
    return [_text(value)] if isinstance(value, str) else [_text(item) for item in value if item is not None]


def _path(value: Any) -> str:
    """As the file system takes it; `file://` before the name of a file that is not UTF-8 (path_text)."""
    text = str(value).replace("\0", "") if isinstance(value, str) else _text(value)
    if text.startswith("file://"):
        return os.fsdecode(unquote_to_bytes(text.removeprefix("file://"))).replace("\0", "")
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return _text(text)
    return text


def path_text(path: str) -> str:
    """A path as a text that UTF-8 can hold: itself, or `file://` and percent signs if its bytes are not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "file://" + quote_from_bytes(os.fsencode(path))
    return path


def local_path(text: str) -> str:
    """What `path_text` was made from."""
    return _path(text)


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON holds it, NaN and infinities as None; ValueError if it is nested deeper than MOST_NESTED."""
    if depth > MOST_NESTED:
        raise ValueError(f"nested more than {MOST_NESTED} deep")
    match value:
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat()
        case list() | tuple() | set():
            return [plain(item, depth + 1) for item in value]
        case Mapping():
            return {str(key): plain(item, depth + 1) for key, item in value.items()}
    return str(value)


def _json(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError
    return {_text(key): plain(item) for key, item in value.items()}


def _texts(value: Any) -> dict[str, str]:
    return {key: _text(item) for key, item in _json(value).items() if item is not None}


def _metrics(value: Any) -> dict[str, float | None]:
    return {key: None if item is None else to_float(item) for key, item in _json(value).items()}


def _evaluations(value: Any) -> dict[str, dict[str, float | None]]:
    return {protocol: _metrics(metrics) for protocol, metrics in _json(value).items()}


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "text": _text, "time": to_time, "int": _int, "float": to_float, "bool": _bool, "list": _list, "json": _json,
}  # fmt: skip
_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "path": _path, "metrics": _metrics, "evaluations": _evaluations, "packages": _texts, "sources": _texts,
}  # fmt: skip
_EXPECTED = {
    "text": "a text", "time": "a date such as 2025-03-14T10:05:00Z", "int": "a whole number", "float": "a number",
    "bool": "true or false", "list": "a list of texts",
    "json": f"an object nested at most {MOST_NESTED} deep",
}  # fmt: skip
