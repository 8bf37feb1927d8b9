"""The --where grammar: text -> filter and filter -> text. Never SQL.

fid < 20 and (dataset = mnist or dataset = cifar-10)      and, or, not, parentheses
unet and not conditional                                  a bare word is an architecture facet
lr between 1e-4 and 1e-3, params >= 5M, optimizer in (Adam, AdamW)
created >= 2025-04-01, modified = 2025-04, created = "last week"
created_weekday in (saturday, sunday), created_hour = 9, created_day = modified_day      in UTC
fid is unknown, description is known, text ~ "moving average", name ~ cifar, hardware = gpu
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from diffusionlab.registry.columns import COLUMNS, kind_of, to_time
from diffusionlab.registry.days import PERIODS, RECURRING, WEEKDAYS, Recurring, SamePeriod
from diffusionlab.registry.facets import FACETS, canonical_facet
from diffusionlab.registry.filter import (
    EVERYTHING,
    NOTHING,
    And,
    Compare,
    Contains,
    Filter,
    In,
    IsNull,
    Not,
    Or,
    Value,
)
from diffusionlab.search.calendar_words import Period, read_period
from diffusionlab.search.known import Known
from diffusionlab.search.text import TEXT_COLUMNS, Mentions
from diffusionlab.search.typos import nearest

SHORT = {
    "created_at": "created",
    "modified_at": "modified",
    "hardware_kind": "hardware",
    "hardware": "device",
    "num_parameters": "params",
    "size_bytes": "size",
    "parameterization": "prediction",
    "arch_tags": "arch",
    "batch_size": "batch",
}
_LONG = {short: column for column, short in SHORT.items()} | {
    "batch_size": "batch_size",
    "facet": "arch",
    "tag": "tags",
    "bs": "batch_size",
    "heartbeat": "heartbeat_at",
    "parameters": "num_parameters",
    "optimiser": "optimizer",
}
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"]|"")*"|'[^']*')|(?P<op><=|>=|==|!=|<>|[<>=~])|(?P<mark>[(),])|(?P<word>[^\s()<>=!~,"']+))"""
)
_SUFFIX = {"k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "kb": 1e3, "mb": 1e6, "gb": 1e9, "": 1.0}
_RESERVED = {"and", "or", "not", "in", "is", "between", "text"}


def parse_where(text: str, known: Known, now: datetime) -> Filter:
    """The filter that a --where text means. ValueError (one line) where it cannot be read."""
    reader = _Reader(text, known, now)
    found = reader.either()
    if reader.kind != "end":
        raise ValueError(f"--where: expected `and` or `or` before {reader.text!r}")
    return found


def column_of(word: str, known: Known) -> str:
    """The column, or `metrics.NAME`, that a field's name means; ValueError with the nearest names for none."""
    name = _LONG.get(word.lower(), word.lower())
    if name == "arch":
        return "arch_tags"
    if name in COLUMNS or (name.startswith("metrics.") and len(name) > 8):
        return name if name in COLUMNS else "metrics." + word[8:]
    if word in known.metrics or name in known.metrics:
        return f"metrics.{word if word in known.metrics else name}"
    names = [SHORT.get(c, c) for c in COLUMNS] + list(known.metrics)
    raise ValueError(f"there is no field {word[:40]!r} (nearest: {', '.join(nearest(word, names))})")


_DAYS = {
    f"{name}_{unit}": (f"{name}_at", unit) for name in ("created", "modified") for unit in (*RECURRING, *PERIODS)
}  # fields that are worked out of a moment

# to the second, a time is a moment and no period
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)


class _Reader:
    def __init__(self, text: str, known: Known, now: datetime) -> None:
        self.known, self.now, self.depth = known, now, 0
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text.rstrip()):
            m = _TOKEN.match(text, position)
            if not m:
                raise ValueError(
                    f"--where: cannot read {text[position : position + 20].strip()!r}; values with blanks need quotes"
                )
            self.tokens.append((str(m.lastgroup), m[str(m.lastgroup)]))
            position = m.end()
        self.at = 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    @property
    def text(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, *words: str) -> bool:
        if self.kind in ("word", "mark", "op") and self.text.lower() in words:
            self.at += 1
            return True
        return False

    def either(self) -> Filter:
        parts = [self.every()]
        while self.take("or"):
            parts.append(self.every())
        return parts[0] if len(parts) == 1 else Or(*parts)

    def every(self) -> Filter:
        parts = [self.one()]
        while self.take("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else And(*parts)

    def one(self) -> Filter:
        if self.take("not"):
            self._deeper()
            return Not(self.one())
        if self.take("("):
            self._deeper()
            inner = self.either()
            if not self.take(")"):
                raise ValueError("--where: a parenthesis is not closed")
            return inner
        if self.kind != "word":
            raise ValueError(
                f"--where: expected a field or a facet, found {self.text or 'the end'!r}: as in 'fid < 20 and unet'"
            )
        word = self.text
        self.at += 1
        return self.condition(word)

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > 100:
            raise ValueError("--where: more than 100 levels of parentheses or `not`")

    def condition(self, word: str) -> Filter:
        lower = word.lower()
        if lower == "text" and self.kind == "op":
            return self.mention("text")
        follows = self.kind == "op" or self.text.lower() in ("in", "is", "between")
        if not follows:
            if lower in ("anything", "nothing"):
                return EVERYTHING if lower == "anything" else NOTHING
            return self.facet(word)
        if lower in _DAYS:
            return self.days(lower)
        column = self.column(word)
        if self.take("is"):
            absent = self.take("not")
            if not self.kind == "word" or self.text.lower() not in ("known", "unknown", "null"):
                raise ValueError(f"--where: after `{word} is` type known or unknown")
            unknown = self.text.lower() != "known"
            self.at += 1
            missing = IsNull(column)
            return missing if unknown != absent else Not(missing)
        if self.take("between"):
            low = self.value(column)
            if not self.take("and"):
                raise ValueError(f"--where: `{word} between` needs two values: {word} between 10 and 20")
            high = self.value(column)
            return And(self.compare(column, ">=", low), self.compare(column, "<=", high))
        if self.take("in"):
            values = self.list_of(column)
            if kind_of(column) == "list":
                return Or(*(Contains(column, str(v)) for v in values))
            if kind_of(column) == "time":
                return Or(*(self.compare(column, "=", v) for v in values))
            return In(column, tuple(values))  # type: ignore[arg-type]
        operator = {"==": "=", "<>": "!="}.get(self.text, self.text)
        if operator == "~":
            if column not in TEXT_COLUMNS:
                raise ValueError(f"--where: `~` looks into text, name, description, notes; {word} takes = and !=")
            return self.mention(column)
        self.at += 1
        return self.compare(column, operator, self.value(column))

    def days(self, word: str) -> Filter:
        """What follows created_weekday, modified_hour and the like."""
        moment, unit = _DAYS[word]
        negated = self.text in ("!=", "<>")
        if self.take("in"):
            texts = self.list_of(None)
        elif self.take("=", "==", "!=", "<>"):
            texts = [self.word()]
        else:
            raise ValueError("--where: a weekday, an hour or a day takes =, != and in")
        if unit in PERIODS:
            if texts not in ([f"created_{unit}"], [f"modified_{unit}"]):
                raise ValueError(f"--where: `{word}` compares so only: created_{unit} = modified_{unit}")
            condition: Filter = SamePeriod(unit)
        else:
            condition = Recurring(moment, unit, tuple(_place(str(text).lower(), unit) for text in texts))
        return Not(condition) if negated else condition

    def facet(self, word: str) -> Filter:
        tag = canonical_facet(word)
        if tag in FACETS or tag in self.known.facets:
            return Contains("arch_tags", tag)
        known = sorted({*FACETS, *self.known.facets})
        raise ValueError(
            f"--where: {word!r} is no facet (nearest: {', '.join(nearest(word, known))}); a field needs =, <, in or is"
        )

    def mention(self, column: str) -> Filter:
        if self.text != "~":
            raise ValueError('--where: text is looked into with ~, as in text ~ "moving average"')
        self.at += 1
        phrases = self.list_of(None) if self.text == "(" else [self.word()]
        return Mentions(tuple(str(p) for p in phrases), column)

    def column(self, word: str) -> str:
        return column_of(word, self.known)

    def list_of(self, column: str | None) -> list[Value | Period]:
        if not self.take("("):
            raise ValueError("--where: `in` needs a list, as in optimizer in (Adam, AdamW)")
        values: list[Value | Period] = []
        while not self.take(")"):
            values.append(self.value(column) if column else self.word())
            if not self.take(",") and self.text != ")":
                raise ValueError("--where: a list is not closed: (Adam, AdamW)")
        return values

    def word(self) -> str:
        if self.kind not in ("word", "quoted"):
            raise ValueError(f"--where: expected a value, found {self.text or 'the end'!r}")
        text = self.text[1:-1].replace('""', '"') if self.kind == "quoted" else self.text
        self.at += 1
        return text

    def value(self, column: str) -> Value | Period:
        text, kind = self.word(), kind_of(column)
        if kind == "time":
            period = read_period(text.lower(), 0, self.now)
            if not period or period.end < len(text.rstrip()):
                raise ValueError(f'--where: {text[:40]!r} is no date; type 2025-04-30, 2025-04 or "last week"')
            return to_time(text.upper()) if _MOMENT.fullmatch(text) else period
        if kind in ("int", "float"):
            return _number(column, text)
        if kind == "bool":
            if text.lower() not in ("true", "false", "yes", "no"):
                raise ValueError(f"--where: {SHORT.get(column, column)} is true or false")
            return text.lower() in ("true", "yes")
        if column == "arch_tags":
            return canonical_facet(text)
        return self.known.resolve(column, text)

    def compare(self, column: str, operator: str, value: Value | Period) -> Filter:
        if isinstance(value, Period):
            return compare_period(column, operator, value.start, value.stop)
        if kind_of(column) == "list":
            if operator not in ("=", "!="):
                raise ValueError(f"--where: {SHORT.get(column, column)} takes = and != only")
            has = Contains(column, str(value))
            return has if operator == "=" else Not(has)
        if column == "hardware_kind" and value == "gpu" and operator in ("=", "!="):
            return any_gpu(self.known) if operator == "=" else Not(any_gpu(self.known))
        return Compare(column, operator, value)


def any_gpu(known: Known) -> Filter:
    """Hardware that is known and is a GPU."""
    return Not(In("hardware_kind", known.not_gpus))


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


def _place(text: str, unit: str) -> int:
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
        raise ValueError(f"--where: {SHORT.get(column, column)} is a number: {text[:40]!r} is none (5M and 2e-4 are)")
    number = float(m[1].replace("_", "")) * _SUFFIX[m[2].lower()]
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


# -- filter -> text


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
            return f"{_short(column)} is known"
        case Not(part=Compare(op="=") as same) if kind_of(same.column) != "time":
            return f"{_short(same.column)} != {_format_value(same.value)}"
        case Not(part=Recurring(values=(_,)) | SamePeriod()):
            return format_where(condition.part, known).replace(" = ", " != ")
        case Not():
            return f"not {_wrap(condition.part, known, And, Or)}"
        case Compare():
            return f"{_short(condition.column)} {condition.op} {_format_value(condition.value)}"
        case In():
            return f"{_short(condition.column)} in ({', '.join(map(_format_value, condition.values))})"
        case Contains(column="arch_tags", value=tag):
            return tag if re.fullmatch(r"\w+", tag) and tag not in _RESERVED else f"arch = {_format_value(tag)}"
        case Contains():
            return f"{_short(condition.column)} = {_format_value(condition.value)}"
        case IsNull():
            return f"{_short(condition.column)} is unknown"
        case SamePeriod(unit=unit):
            return f"created_{unit} = modified_{unit}"
        case Recurring(values=values):
            names = [WEEKDAYS[v] if condition.unit == "weekday" else str(v) for v in values]
            return (
                f"{condition.column} = {names[0]}" if len(names) == 1 else f"{condition.column} in ({', '.join(names)})"
            )
        case Mentions(phrases=phrases, where=where):
            quoted = [_quote(phrase) for phrase in phrases]
            return f"{where} ~ {quoted[0]}" if len(quoted) == 1 else f"{where} ~ ({', '.join(quoted)})"
    raise TypeError(f"no --where text for {condition!r}")


def _wrap(part: Filter, known: Known, *kinds: type) -> str:
    text = format_where(part, known)
    return f"({text})" if isinstance(part, (And, Or)) and len(part.parts) > 1 else text


def _short(column: str) -> str:
    return SHORT.get(column, column)


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
