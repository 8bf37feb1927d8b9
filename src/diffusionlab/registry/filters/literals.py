"""Values and column names as a predicate holds them: typed by their column, quotes doubled."""

import math
from datetime import UTC, datetime
from typing import TypeAlias

from diffusionlab.registry.record.columns import held_in, kind_of
from diffusionlab.registry.record.convert import to_time

Value: TypeAlias = str | int | float | bool | datetime


def literal_value(column: str, value: Value) -> Value:
    """`value` as the column's kind compares it; ValueError where it cannot be compared."""
    kind = kind_of(column)
    try:
        if kind == "time":
            return to_time(value)
        if kind == "bool" and isinstance(value, bool):
            return value
        if kind == "text" and isinstance(value, str):
            return value.encode("utf-8").decode("utf-8")
        if kind in ("int", "float") and isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value)
            if kind == "int" and number.is_integer():
                return int(value)
            if math.isfinite(number):
                return number + 0.0  # Arrow holds -0.0 for less than 0.0
    except (ValueError, TypeError, OverflowError):
        pass
    raise ValueError(f"{column} cannot be compared with {str(value)[:60]!r}: it holds {kind} values")


def is_int64(value: Value) -> bool:
    return isinstance(value, int) and abs(value) < 2**63


def column_name(column: str) -> str:
    if held_in(column) != column:
        raise ValueError(f"{column} has no column of its own, so no predicate: evaluate it in Python")
    return column


def literal(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return f"TIMESTAMP '{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z'"
        case float():
            return repr(value)
    return str(value)
