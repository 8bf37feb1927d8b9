"""The --where grammar: text -> filter (where_text.py has the way back). Never SQL.

fid < 20 and (dataset = mnist or dataset = cifar-10)      and, or, not, parentheses
unet and not conditional                                  a bare word is an architecture facet
lr between 1e-4 and 1e-3, params >= 5M, optimizer in (Adam, AdamW)
created >= 2025-04-01, modified = 2025-04, created = "last week"
created_weekday in (saturday, sunday), created_hour = 9, created_day = modified_day      in UTC
val_loss < train_loss, modified < created                 two columns of one run
fid is unknown, description is known, text ~ "moving average", name ~ cifar, hardware = gpu
"""

from __future__ import annotations

import re
from datetime import datetime

from diffusionlab.registry.filters.conditions import Contains, In, IsNull
from diffusionlab.registry.filters.days import PERIODS, Recurring, SamePeriod
from diffusionlab.registry.filters.filter import EVERYTHING, NOTHING, And, Filter, Not, Or
from diffusionlab.registry.filters.literals import Value
from diffusionlab.registry.record.columns import kind_of
from diffusionlab.registry.record.facets import FACETS, canonical_facet
from diffusionlab.search.query.where_text import DAYS, column_beside, column_of, compare, read_day, read_value
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.special_filters import (
    FILES,
    PREFIXES,
    CompareColumns,
    HasFiles,
    IsOn,
    SettingIs,
    has_facet,
)
from diffusionlab.search.read.text import Matches, Mentions, nearest
from diffusionlab.search.time.periods import Period

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"]|"")*"|'[^']*')|(?P<op><=|>=|==|!=|<>|[<>=~])|(?P<mark>[(),])|(?P<regex>/(?:[^/\\]|\\.)+/(?=[\s)]|$))|(?P<word>[^\s()<>=!~,"']+))"""
)


def parse_where(text: str, known: Known, now: datetime) -> Filter:
    """The filter that a --where text means. ValueError (one line) where it cannot be read."""
    reader = _Reader(text, known, now)
    found = reader.either()
    if reader.kind != "end":
        raise ValueError(f"--where: expected `and` or `or` before {reader.text!r}")
    return found


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[-+]?\.?\d[\d_.eE+-]*[a-zA-Z]{0,2}", text))


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

    @property
    def next_text(self) -> str:
        return self.tokens[self.at + 1][1] if self.at + 1 < len(self.tokens) else ""

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
            if lower.startswith("has_") and lower[4:] in FILES:
                return HasFiles(lower[4:])
            if lower in ("anything", "nothing"):
                return EVERYTHING if lower == "anything" else NOTHING
            return self.facet(word)
        if lower in DAYS:
            return self.days(lower)
        column = self.column(word)
        if self.take("is"):
            return self.lack(column, word)
        if self.take("between"):
            low = self.value(column)
            if not self.take("and"):
                raise ValueError(f"--where: `{word} between` needs two values: {word} between 10 and 20")
            high = self.value(column)
            return And(compare(column, ">=", low, self.known), compare(column, "<=", high, self.known))
        if self.take("in"):
            return self.one_of(column)
        operator = {"==": "=", "<>": "!="}.get(self.text, self.text)
        plain = not _is_number(self.next_text) and not self.next_text.startswith(PREFIXES)
        if column.startswith(PREFIXES) and operator in ("=", "!=") and plain:
            self.at += 1
            same = SettingIs(column, str(self.word()))
            return same if operator == "=" else Not(same)
        if operator == "~":
            if kind_of(column) not in ("text", "list") and column not in ("config", "packages", "extra"):
                raise ValueError(
                    f"--where: `~` looks into texts such as text, name, layers or command, not into {word}"
                )
            return self.mention(column)
        self.at += 1
        if self.kind == "word" and (other := column_beside(column, self.text, self.known)):
            self.at += 1
            return CompareColumns(column, operator, other)
        return compare(column, operator, self.value(column), self.known)

    def lack(self, column: str, word: str) -> Filter:
        """What follows `is`: known, unknown, not known; of a setting also on, off."""
        absent = self.take("not")
        if column.startswith(PREFIXES) and self.text.lower() in ("on", "off"):
            off = self.text.lower() == "off"
            self.at += 1
            return Not(IsOn(column)) if off != absent else IsOn(column)
        if not self.kind == "word" or self.text.lower() not in ("known", "unknown", "null"):
            raise ValueError(f"--where: after `{word} is` type known or unknown")
        unknown = self.text.lower() != "known"
        self.at += 1
        missing = IsNull(column)
        return missing if unknown != absent else Not(missing)

    def one_of(self, column: str) -> Filter:
        """What follows `in`."""
        values = self.list_of(column)
        if kind_of(column) == "list":
            return Or(*(Contains(column, str(v)) for v in values))
        if kind_of(column) == "time":
            return Or(*(compare(column, "=", v, self.known) for v in values))
        return In(column, tuple(values))  # type: ignore[arg-type]

    def days(self, word: str) -> Filter:
        """What follows created_weekday, modified_hour and the like."""
        moment, unit = DAYS[word]
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
            condition = Recurring(moment, unit, tuple(read_day(str(text).lower(), unit) for text in texts))
        return Not(condition) if negated else condition

    def facet(self, word: str) -> Filter:
        tag = canonical_facet(word)
        if tag in FACETS or tag in self.known.facets:
            return has_facet(tag)
        known = sorted({*FACETS, *self.known.facets})
        raise ValueError(
            f"--where: {word!r} is no facet (nearest: {', '.join(nearest(word, known))}); a field needs =, <, in or is"
        )

    def mention(self, column: str) -> Filter:
        if self.text != "~":
            raise ValueError('--where: text is looked into with ~, as in text ~ "moving average"')
        self.at += 1
        if self.kind == "regex":
            self.at += 1
            return Matches(self.tokens[self.at - 1][1][1:-1], column)
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

    def value(self, column: str) -> Value | Period:
        return read_value(column, self.word(), self.known, self.now)

    def word(self) -> str:
        if self.kind not in ("word", "quoted", "regex"):
            raise ValueError(f"--where: expected a value, found {self.text or 'the end'!r}")
        text = self.text[1:-1].replace('""', '"') if self.kind == "quoted" else self.text
        self.at += 1
        return text
