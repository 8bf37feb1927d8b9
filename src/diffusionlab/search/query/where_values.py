"""The fields and values of --where: names, numbers, dates and days as the columns hold them."""

from __future__ import annotations

import re
from datetime import datetime

from diffusionlab.registry.filters.conditions import Compare, Contains
from diffusionlab.registry.filters.days import PERIODS, RECURRING, WEEKDAYS
from diffusionlab.registry.filters.filter import And, Filter, Not
from diffusionlab.registry.filters.literals import Value
from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.registry.record.columns import COLUMNS, kind_of, short
from diffusionlab.registry.record.convert import to_time
from diffusionlab.registry.record.facets import canonical_facet
from diffusionlab.search.query.query import UNITS, Unit
from diffusionlab.search.read.items import any_gpu
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.two_columns import comparable_kind
from diffusionlab.search.read.typos import nearest
from diffusionlab.search.time.period_words import read_period
from diffusionlab.search.time.periods import Period
from diffusionlab.search.words.field_words import FIELDS

_NAMED = {short(name): name for name in COLUMNS}
_SAID = {squeeze(words): column for column, said in FIELDS.items() for words in said.split(",")}
_SAID["facet"] = "arch_tags"
_SUFFIX = {"k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "kb": 1e3, "mb": 1e6, "gb": 1e9, "": 1.0}
DAYS = {
    f"{name}_{unit}": (f"{name}_at", unit) for name in ("created", "modified") for unit in (*RECURRING, *PERIODS)
}  # fields that are worked out of a moment

# to the second, a time is a moment and no period
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)


def column_of(word: str, known: Known) -> str:
    """The column, or `metrics.NAME`, that a field's name means; ValueError with the nearest names for none."""
    name = word.lower()
    if name in _NAMED or name in COLUMNS:
        return _NAMED.get(name, name)
    if name.startswith("metrics.") and len(name) > len("metrics."):
        return "metrics." + word[len("metrics.") :]
    if word in known.metrics or name in known.metrics:
        return f"metrics.{word if word in known.metrics else name}"
    if squeeze(word) in _SAID:
        return _SAID[squeeze(word)]
    if name.startswith("config.") and len(name) > len("config."):
        return "config." + word[len("config.") :]
    if setting := known.setting(word):
        return setting
    names = [*_NAMED, *known.metrics]
    raise ValueError(f"there is no field {word[:40]!r} (nearest: {', '.join(nearest(word, names))})")


def column_beside(column: str, word: str, known: Known) -> str | None:
    """The column that a word names, if it may be compared with `column`: both numbers, or both moments."""
    kind, name = comparable_kind(column), word.lower()
    if kind is None or not (name in _NAMED or name in COLUMNS or name.startswith(("metrics.", "config."))):
        return None
    other = column_of(word, known)
    return other if comparable_kind(other) == kind else None


def group_of(word: str, known: Known) -> tuple[str, Unit | None]:
    """(column, unit of time) that a figure is taken for each value of: "month" and "created_month" are one."""
    name = word.lower()
    for moment in ("created_at", "modified_at"):
        for unit in UNITS:
            if name == f"{moment.removesuffix('_at')}_{unit}" or (name == unit and moment == "created_at"):
                return moment, unit
    column = column_of(word, known)
    if kind_of(column) == "json":
        raise ValueError(f"there are no groups of {word[:40]!r}: name a field such as dataset, optimizer or month")
    return (column, "month") if kind_of(column) == "time" else (column, None)


def read_value(column: str, text: str, known: Known, now: datetime) -> Value | Period:
    """A value as the column is compared with: a period for a date that is no moment. ValueError where it is none."""
    kind = kind_of(column)
    if kind == "time":
        period = read_period(text.lower(), 0, now)
        if not period or period.end < len(text.rstrip()):
            raise ValueError(f'--where: {text[:40]!r} is no date; type 2025-04-30, 2025-04 or "last week"')
        return to_time(text.upper()) if _MOMENT.fullmatch(text) else period
    if kind in ("int", "float"):
        return _number(column, text)
    if kind == "bool":
        if text.lower() not in ("true", "false", "yes", "no"):
            raise ValueError(f"--where: {short(column)} is true or false")
        return text.lower() in ("true", "yes")
    if column == "arch_tags":
        return canonical_facet(text)
    return known.resolve(column, text)


def compare(column: str, operator: str, value: Value | Period, known: Known) -> Filter:
    if isinstance(value, Period):
        return compare_period(column, operator, value.start, value.stop)
    if kind_of(column) == "list":
        if operator not in ("=", "!="):
            raise ValueError(f"--where: {short(column)} takes = and != only")
        has = Contains(column, str(value))
        return has if operator == "=" else Not(has)
    if column == "hardware_kind" and value == "gpu" and operator in ("=", "!="):
        return any_gpu(known) if operator == "=" else Not(any_gpu(known))
    return Compare(column, operator, value)


def compare_period(column: str, operator: str, start: datetime, stop: datetime) -> Filter:
    """A moment against a period: `<= 2025-04` reaches to the end of April, `> 2025-04` starts after it."""
    inside = And(Compare(column, ">=", start), Compare(column, "<", stop))
    return {
        "=": inside,
        "!=": Not(inside),
        "<": Compare(column, "<", start),
        ">=": Compare(column, ">=", start),
        "<=": Compare(column, "<", stop),
        ">": Compare(column, ">=", stop),
    }[operator]


def read_day(text: str, unit: str) -> int:
    """The number of a weekday or an hour."""
    if unit == "weekday" and (
        places := [i for i, day in enumerate(WEEKDAYS) if len(text) > 2 and day.startswith(text)]
    ):
        return places[0]
    if unit == "hour" and text.isdecimal() and int(text) < RECURRING["hour"]:
        return int(text)
    raise ValueError(
        f"--where: {text[:40]!r} is no {unit}; type {'monday or saturday' if unit == 'weekday' else '0 to 23'}"
    )


def _number(column: str, text: str) -> int | float:
    m = re.fullmatch(r"([-+]?(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?)([a-zA-Z]{0,2})", text)
    if not m or m[2].lower() not in _SUFFIX:
        raise ValueError(f"--where: {short(column)} takes a number such as 5M or 2e-4, not {text[:40]!r}")
    number = float(m[1].replace("_", "")) * _SUFFIX[m[2].lower()]
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
