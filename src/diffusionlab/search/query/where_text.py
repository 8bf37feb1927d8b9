"""The fields and values of --where as the columns hold them, and filters as the --where text that means them.

`parse_where` (where.py) gives the filter back.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from diffusionlab.registry.filters.conditions import Compare, Contains, In, IsNull
from diffusionlab.registry.filters.days import PERIODS, RECURRING, WEEKDAYS, Recurring, SamePeriod
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.registry.filters.literals import Value
from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.registry.record.columns import COLUMNS, kind_of, label, short
from diffusionlab.registry.record.convert import to_time
from diffusionlab.registry.record.facets import canonical_facet
from diffusionlab.search.query.query import UNITS, GroupKey, GroupKeys, Side
from diffusionlab.search.read.items import any_gpu
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.special_filters import (
    PREFIXES,
    CompareColumns,
    HasFiles,
    IsDiffusion,
    IsOn,
    SettingIs,
    comparable_kind,
)
from diffusionlab.search.read.text import Matches, Mentions, nearest
from diffusionlab.search.time.period_words import read_period
from diffusionlab.search.time.periods import Period
from diffusionlab.search.words.lexicon import FIELDS

# -- fields and values

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
    if name.startswith(PREFIXES) and not name.endswith("."):
        return name[: name.index(".")] + word[name.index(".") :]
    if setting := known.setting(word):
        return setting
    names = [*_NAMED, *known.metrics]
    raise ValueError(f"there is no field {word[:40]!r} (nearest: {', '.join(nearest(word, names))})")


def column_beside(column: str, word: str, known: Known) -> str | None:
    """The column that a word names, if it may be compared with `column`: both numbers, or both moments."""
    kind, name = comparable_kind(column), word.lower()
    if kind is None or not (name in _NAMED or name in COLUMNS or name.startswith(("metrics.", *PREFIXES))):
        return None
    other = column_of(word, known)
    return other if comparable_kind(other) == kind else None


def keys_named(words: str, known: Known) -> GroupKeys:
    """What groups are made by: "dataset,month"."""
    return tuple(_key_named(word.strip(), known) for word in words.split(","))


def _key_named(word: str, known: Known) -> GroupKey:
    """ "Month" and "created_month" are one."""
    name = word.lower()
    if name == "folder":
        return GroupKey("path", "folder")
    for moment in ("created_at", "modified_at"):
        for unit in UNITS:
            if name == f"{moment.removesuffix('_at')}_{unit}" or (name == unit and moment == "created_at"):
                return GroupKey(moment, unit)
    column = column_of(word, known)
    if kind_of(column) == "json":
        raise ValueError(f"there are no groups of {word[:40]!r}: name a field such as dataset, optimizer or month")
    return GroupKey(column, "month" if kind_of(column) == "time" else None)


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


# -- filters as text

_RESERVED = {"and", "or", "not", "in", "is", "between", "text"}


def format_where(condition: Filter, known: Known) -> str:
    """The --where text that means `condition`: `parse_where` gives it back."""
    match condition:
        case And(parts=()):
            return "anything"
        case Or(parts=()):
            return "nothing"
        case And(parts=(one,)) | Or(parts=(one,)):
            return format_where(one, known)
        case And():
            return " and ".join(_wrap(part, known) for part in condition.parts)
        case Or():
            return " or ".join(_wrap(part, known) for part in condition.parts)
        case Not(part=In(column="hardware_kind", values=values)) if values == known.not_gpus:
            return "hardware = gpu"
        case Not(part=IsNull(column=column)):
            return f"{short(column)} is known"
        case Not(part=Compare(op="=") as same) if kind_of(same.column) != "time":
            return f"{short(same.column)} != {_format_value(same.value)}"
        case Not(part=Recurring(values=(_,)) | SamePeriod()):
            return format_where(condition.part, known).replace(" = ", " != ")
        case Not(part=IsOn(column=column)):
            return f"{column} is off"
        case Not():
            return f"not {_wrap(condition.part, known)}"
        case Compare():
            return f"{short(condition.column)} {condition.op} {_format_value(condition.value)}"
        case In():
            return f"{short(condition.column)} in ({', '.join(map(_format_value, condition.values))})"
        case IsDiffusion():
            return "diffusion"
        case SettingIs():
            return f"{condition.column} = {_format_value(condition.value)}"
        case IsOn(column=column):
            return f"{column} is on"
        case HasFiles(files=files):
            return f"has_{files}"
        case Contains(column="arch_tags", value=tag):
            return tag if re.fullmatch(r"\w+", tag) and tag not in _RESERVED else f"arch = {_format_value(tag)}"
        case Contains():
            return f"{short(condition.column)} = {_format_value(condition.value)}"
        case IsNull():
            return f"{short(condition.column)} is unknown"
        case SamePeriod(unit=unit):
            return f"created_{unit} = modified_{unit}"
        case CompareColumns(left=left, op=op, right=right):
            return f"{short(left)} {op} {short(right)}"
        case Recurring(values=values):
            names = [WEEKDAYS[v] if condition.unit == "weekday" else str(v) for v in values]
            return (
                f"{condition.column} = {names[0]}" if len(names) == 1 else f"{condition.column} in ({', '.join(names)})"
            )
        case Matches(pattern=pattern, where=where):
            return f"{where} ~ /{pattern}/"
        case Mentions(phrases=phrases, where=where):
            quoted = [_quote(phrase) for phrase in phrases]
            return f"{where} ~ {quoted[0]}" if len(quoted) == 1 else f"{where} ~ ({', '.join(quoted)})"
    raise TypeError(f"no --where text for {condition!r}")


def condition_side(condition: Filter, known: Known) -> Side:
    """A condition as a side that is labeled by its text: "status = failed"."""
    condition = _single(condition)
    return Side(format_where(condition, known), condition)


def days_of(condition: Filter) -> tuple[str, datetime | None, datetime | None] | None:
    """(column, first day, day after the last) of a range of whole days, else None."""
    parts = condition.parts if isinstance(condition, And) else (condition,)
    start = stop = None
    column = ""
    for part in parts:
        if not isinstance(part, Compare) or not isinstance(part.value, datetime) or column not in ("", part.column):
            return None
        if part.value.astimezone(UTC).time().isoformat() != "00:00:00" or not 1 < part.value.year < 9999:
            return None
        column = part.column
        if part.op == ">=" and start is None:
            start = part.value
        elif part.op == "<" and stop is None:
            stop = part.value
        else:
            return None
    if start and stop and stop <= start:
        return None
    return (column, start, stop) if column else None


def _span(start: datetime, stop: datetime) -> str:
    """ "2025-04", "2025-04-30", "2025-04-01 to 2025-04-14"."""
    last = stop - timedelta(days=1)
    if start.date() == last.date():
        return f"{start:%Y-%m-%d}"
    month = start.day == 1 and (start.year, start.month) == (last.year, last.month) and stop.day == 1
    return f"{start:%Y-%m}" if month else f"{start:%Y-%m-%d} to {last:%Y-%m-%d}"


def side_of(condition: Filter, known: Known) -> Side:
    """A condition as a side of a comparison, labeled by its value alone if that says enough: "CIFAR-10"."""
    condition = _single(condition)
    match condition:
        case Compare(op="=", value=value):
            return Side(str(value), condition)
        case In(values=values):
            return Side(" or ".join(map(str, values)), condition)
        case And() if (days := days_of(condition)) and days[1] and days[2]:
            return Side(_span(days[1], days[2]), condition)
        case Not(part=Compare(column="run_id") | In(column="run_id")) | Compare(column="run_id", op="!="):
            return Side("the others", condition)
        case Mentions(phrases=(phrase, *_)):
            return Side(phrase, condition)
        case Not(part=Mentions(phrases=(phrase, *_))):
            return Side(f"not {phrase}", condition)
        case IsOn(column=column):
            return Side(f"{label(column)} on", condition)
        case Not(part=IsOn(column=column)):
            return Side(f"{label(column)} off", condition)
    return condition_side(condition, known)


def _single(condition: Filter) -> Filter:
    """A condition without the conjunctions and alternatives around it that have no other part."""
    while isinstance(condition, And | Or) and len(condition.parts) == 1:
        condition = condition.parts[0]
    return condition


def _wrap(part: Filter, known: Known) -> str:
    part = _single(part)
    text = format_where(part, known)
    return f"({text})" if isinstance(part, And | Or) and len(part.parts) > 1 else text


def _format_value(value: Value) -> str:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        plain = moment.replace(tzinfo=None)
        if plain == plain.replace(hour=0, minute=0, second=0, microsecond=0):
            return plain.date().isoformat()
        return plain.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format_number(value)
    return value if re.fullmatch(r"[\w.+-]+", value) else _quote(value)


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def format_number(value: int | float) -> str:
    """A number that reads back as the same number: 5M, 2e-4, 0.03."""
    for size, suffix in ((1e9, "B"), (1e6, "M")):
        if abs(value) >= size and float(f"{value / size:.6g}") * size == value:
            return f"{value / size:.6g}{suffix}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value).replace("e-0", "e-")
