"""One quantity of a known column: "below 1e-3", "between 5 and 10M", "64, 128 or 256", "500 or more", "about 0.1"."""

from __future__ import annotations

from dataclasses import dataclass

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.search.ask.rules.reading import Reading, directed
from diffusionlab.search.read.tokens import Number

_DASHES = ("-", "–", "—", "..")  # noqa: RUF001
_ROUNDED = ("num_parameters", "size_bytes", "flops")  # columns in which 35.7M is a rounded number


@dataclass(frozen=True)
class Quantity:
    """The condition that a quantity says, and the index after it; `plain`: values alone, without any bound."""

    after: int
    condition: Filter
    plain: bool = False


def read_quantity(r: Reading, i: int, column: str) -> Quantity | None:
    """`[NOT] [COMPARATOR] NUMBER`, a range, or a list of numbers at i, as a condition on `column`."""
    negated = r.kind(i) == "not"
    j = r.skip(i + 1, 2, ("filler",)) if negated else i
    operator, j = _operator(r, j)
    ranged = r.kind(j) == "between"
    if ranged:
        j = r.skip(j + 1, 2, ("filler",))
    if r.kind(j) != "number" or not (ranged or _fits(r.items[j].payload, column)):
        return None
    if inside := read_range(r, j, column, ranged, operator is None):
        return _negate(inside, negated)
    if ranged:
        return None
    if operator is None:
        operator, after = _afterwards(r, j + 1, column)
    else:
        after = j + 1
    first: Number = r.items[j].payload
    if operator in (None, "="):
        exact = operator == "=" and r.words(i) in ("exactly", "precisely")
        found = _values(r, j, after, column, exact, alone=r.kind(i) == "comparator")
        return Quantity(found.after, Not(found.condition) if negated else found.condition, not negated)
    if operator == "!=":
        return Quantity(after, Not(equal(column, first)))
    if operator == "~":
        low, high = sorted(float(f"{first.value * part:.6g}") for part in (0.9, 1.1))
        return Quantity(after, And(Compare(column, ">=", low), Compare(column, "<=", high)))
    return _negate(Quantity(after, Compare(column, directed(str(operator), column), first.value)), negated)


def equal(column: str, number: Number, exact: bool = False) -> Filter:
    """The column is the number, within what its writing rounds off."""
    if number.step and not exact and column in _ROUNDED:
        half = number.step / 2
        return And(Compare(column, ">=", round(number.value - half)), Compare(column, "<", round(number.value + half)))
    return Compare(column, "=", number.value)


def _negate(found: Quantity, negated: bool) -> Quantity:
    return Quantity(found.after, Not(found.condition)) if negated else found


def _operator(r: Reading, j: int) -> tuple[str | None, int]:
    """(the comparator at j or None, index after it): "> =" and "below or equal" are one."""
    if r.kind(j) != "comparator":
        return None, j
    operator = r.items[j].payload
    j = r.skip(j + 1, 3, ("filler", "than"))
    if r.kind(j) == "comparator" and r.items[j].payload == "=":
        return {"<": "<=", ">": ">="}.get(operator, operator), j + 1
    return operator, j


def _fits(number: Number, column: str) -> bool:
    """Whether the unit of the number, if any, is one of the column."""
    millions = number.column == "num_parameters" and column in ("flops", "size_bytes")
    return number.column in (None, column) or millions


def read_range(r: Reading, j: int, column: str, ranged: bool = True, free: bool = True) -> Quantity | None:
    """NUMBER to NUMBER from j. `ranged`: after "between", where "and" joins them too; `free`: after no comparator."""
    after = j + 1
    dash = r.kind(after) == "filler" and r.items[after].words in _DASHES
    up_to = free and r.kind(after) == "comparator" and r.items[after].words == "up to"
    if not (ranged or dash or up_to or r.kind(after) == "to"):
        return None
    k = r.skip(after, 3, ("field", "filler", "connector", "to", "comparator"))
    if r.kind(k) != "number" or k == after:
        return None
    first, second = r.items[j].payload, r.items[k].payload
    low, high = first.value, second.value
    if second.step and not first.step and first.value * 1e3 <= second.value:  # "5 to 10M"
        low *= 1e9 if second.step >= 1e8 or second.value >= 1e9 else 1e6
    low, high = sorted((low, high))
    return Quantity(k + 1, And(Compare(column, ">=", low), Compare(column, "<=", high)))


def _afterwards(r: Reading, after: int, column: str) -> tuple[str | None, int]:
    """(comparator, index after it) of what follows a number: "or more", "epochs at most"."""
    if r.kind(after) == "afterwards":
        return r.items[after].payload, after + 1
    k = r.skip(after, 1, ("field",))
    if r.kind(k) == "afterwards" and r.items[after].payload == column:
        return r.items[k].payload, k + 1
    bound = r.kind(after) == "comparator" and r.items[after].payload in (">=", "<=")
    if bound and r.kind(after + 1) not in ("number", "between") and r.words(after).startswith(("at ", "max", "min")):
        return r.items[after].payload, after + 1
    return None, after


def _values(r: Reading, j: int, after: int, column: str, exact: bool, alone: bool) -> Quantity:
    """The number at j, and those that go on a list of it: "64, 128 or 256"; behind a comparator (`alone`) only a list
    with "or" in it: "exactly 7.9 or 6.4"."""
    places, first = [j], after
    while more := _next_number(r, after, column):
        places.append(more)
        after = more + 1
    if alone and not any(r.kind(k) == "connector" and r.items[k].payload == "or" for k in range(j, after)):
        places, after = [j], first  # "batch size = 64, 128"
    numbers = [r.items[place].payload for place in places]
    parts = [equal(column, number, exact) for number in numbers]
    return Quantity(after, parts[0] if len(parts) == 1 else Or(*parts), True)


def _next_number(r: Reading, i: int, column: str) -> int:
    """The index of a number that goes on a list at i, or 0."""
    j = i
    while r.kind(j) in ("break", "connector", "filler") and j - i < 2 and (r.kind(j) != "filler" or j > i):
        j += 1
    if j == i or r.kind(j) != "number" or r.items[j].payload.column not in (None, column):
        return 0
    other = r.kind(j + 1) == "field" and r.items[j + 1].payload != column
    return 0 if other else j
