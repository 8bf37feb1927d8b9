"""A filter as the --where text that means it: `parse_where` gives the filter back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from diffusionlab.registry.filters.conditions import Compare, Contains, In, IsNull
from diffusionlab.registry.filters.days import WEEKDAYS, Recurring, SamePeriod
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.registry.filters.literals import Value
from diffusionlab.registry.record.columns import kind_of, short
from diffusionlab.search.query.query import Side
from diffusionlab.search.read.diffusion import IsDiffusion
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.run_files import HasFiles
from diffusionlab.search.read.settings import IsOn, SettingIs
from diffusionlab.search.read.text import Matches, Mentions
from diffusionlab.search.read.two_columns import CompareColumns

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
            return " and ".join(_wrap(part, known, Or) for part in condition.parts)
        case Or():
            return " or ".join(_wrap(part, known, And) for part in condition.parts)
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
            return f"not {_wrap(condition.part, known, And, Or)}"
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
    if isinstance(condition, And) and len(condition.parts) == 1:
        condition = condition.parts[0]
    return Side(format_where(condition, known), condition)


def side_of(condition: Filter, known: Known) -> Side:
    """A condition as a side of a comparison, labeled by its value alone if that says enough: "CIFAR-10"."""
    if isinstance(condition, And) and len(condition.parts) == 1:
        condition = condition.parts[0]
    match condition:
        case Compare(op="=", value=value):
            return Side(str(value), condition)
        case Mentions(phrases=(phrase, *_)):
            return Side(phrase, condition)
        case Not(part=Mentions(phrases=(phrase, *_))):
            return Side(f"not {phrase}", condition)
    return condition_side(condition, known)


def _wrap(part: Filter, known: Known, *kinds: type) -> str:
    while isinstance(part, And | Or) and len(part.parts) == 1:
        part = part.parts[0]
    text = format_where(part, known)
    return f"({text})" if isinstance(part, (And, Or)) and len(part.parts) > 1 else text


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
