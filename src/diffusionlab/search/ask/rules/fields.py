"""A field and its quantity or value, in the orders in which people say them."""

from __future__ import annotations

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.filters.filter import And, Filter, Or
from diffusionlab.registry.record.columns import MEASURES, label
from diffusionlab.search.ask.rules.quantity import equal, read_quantity, read_range
from diffusionlab.search.ask.rules.reading import Reading, directed, is_numeric, is_setting
from diffusionlab.search.read.tokens import Number
from diffusionlab.search.words.grammar_words import COMPARATIVES as _WORDS
from diffusionlab.search.words.grammar_words import OPERATOR_SIGNS
from diffusionlab.search.words.lexicon import listed

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
COMPARATIVES = {word: operator for operator, words in _WORDS.items() for word in listed(words) if operator}
_QUANTITY = ("number", "comparator", "between")
_NEW_CLAUSE = ("with", "having", "using", "on", "trained", "where", "whose")
_COUNTED = ("noun", "superlative")  # "better than 3 runs", "than the 3 best"
_LINKING = ("training", "of", "in", "the", "-", "for", "as")


def bound_of_field(r: Reading, i: int) -> int:
    """COMPARATOR [a] FIELD of NUMBER: "under an FID of 20", "between epochs 50 and 100"."""
    j = r.skip(i + 1, 2, ("filler",))
    if r.kind(j) != "field" or not is_numeric(r.items[j].payload):
        return 0
    if r.kind(i) == "between" and r.kind(j + 1) == "number" and (found := read_range(r, j + 1, r.items[j].payload)):
        r.field = r.items[j].payload
        return r.emit(i, found.after, r.items[j].payload, found.condition)
    passed = {"before": "<", "after": ">"}.get(r.words(i)) if r.items[j].payload == "epochs" else None
    if r.kind(i) != "comparator" and not passed:  # passed: "stopped before epoch 15"
        return 0
    k = r.skip(j + 1, 2, ("filler", "carrier"))
    if r.kind(k) != "number":
        return 0
    column, number = r.items[j].payload, r.items[k].payload
    operator = passed or directed(r.items[i].payload, column)
    if operator not in ("<", "<=", ">", ">=") or number.column not in (None, column):
        return 0
    r.field = column
    return r.emit(i, k + 1, column, Compare(column, operator, number.value))


def flipped(r: Reading, i: int) -> int:
    """NUMBER < FIELD: "5 < fid < 9"; what follows the field is read on its own."""
    if not (r.kind(i) == "number" and r.kind(i + 1) == "comparator" and r.kind(i + 2) == "field"):
        return 0
    column, operator = r.items[i + 2].payload, _FLIPPED.get(r.items[i + 1].payload)
    number: Number = r.items[i].payload
    signed = r.items[i + 1].words in OPERATOR_SIGNS
    if not signed or operator is None or not is_numeric(column) or number.column not in (None, column):
        return 0
    return r.emit(i, i + 2, column, Compare(column, operator, number.value))


def comparative(r: Reading, i: int) -> int:
    """Smaller FIELD than NUMBER: "fewer epochs than 100", "smaller files than 5 MB"."""
    operator = COMPARATIVES.get(r.words(i))
    j = r.skip(i + 1, 2, ("filler",))
    k = r.skip(i + 1, 3)
    if operator and [r.kind(k), r.kind(k + 1)] == ["than", "number"] and (column := r.items[k + 1].payload.column):
        return r.emit(i, k + 2, column, Compare(column, directed(operator, column), r.items[k + 1].payload.value))
    if operator is None or [r.kind(k) for k in (j, j + 1, j + 2)] != ["field", "than", "number"]:
        return 0
    column, number = r.items[j].payload, r.items[j + 2].payload
    if not is_numeric(column) or number.column not in (None, column):
        return 0
    r.field = column
    return r.emit(i, j + 3, column, Compare(column, directed(operator, column), number.value))


def number_list(r: Reading, i: int) -> int:
    """NUMBER, NUMBER or NUMBER FIELD: "60, 80 or 90 epochs"."""
    if r.kind(i) != "number" or (r.out and r.out[-1].kind in ("superlative", "field", "between")):
        return 0
    places = [i]
    while (more := _next_in_list(r, places[-1] + 1)) is not None:
        places.append(more)
    end = places[-1] + 1
    if len(places) < 2 or r.kind(end) != "field" or _starts_its_own(r, end):
        return 0
    column, numbers = r.items[end].payload, [r.items[p].payload for p in places]
    if not is_numeric(column) or any(number.column not in (None, column) for number in numbers):
        return 0
    r.field = column
    return r.emit(i, end + 1, column, Or(*(equal(column, number) for number in numbers)), True)


def _next_in_list(r: Reading, i: int) -> int | None:
    j = i
    while j - i < 2 and (r.kind(j) == "break" or (r.kind(j) == "connector" and r.items[j].payload != "vs")):
        j += 1
    return j if j > i and r.kind(j) == "number" else None


def field_quantity(r: Reading, i: int) -> int:
    """`FIELD [is] [COMPARATOR] NUMBER`, and further numbers of the same field."""
    if r.kind(i) != "field" or not is_numeric(r.items[i].payload):
        return 0
    column = r.items[i].payload
    j = near = r.skip(i + 1, 4, ("filler", "carrier"))
    if any(r.kind(k) == "carrier" and r.words(k) in _NEW_CLAUSE for k in range(i + 1, j)):
        return 0
    if r.kind(j) == "field" and r.items[j].payload == column:
        j = r.skip(j + 1, 3, ("filler", "carrier"))
    if r.words(i) == "size" and r.kind(j) == "number":  # "images of size 64"
        column = "image_size" if r.items[j].payload.value in r.known.image_sizes else column
    if r.kind(j) == "digits":
        return _digits(r, i, j, column)
    found = read_quantity(r, j, column)
    if not found or (j == near and r.kind(j) == "number" and _belongs_to_next(r, j, column)):
        return 0
    after_superlative = bool(r.out) and r.out[-1].kind == "superlative"
    if after_superlative and r.kind(found.after) == "field" and is_numeric(r.items[found.after].payload):
        return 0  # "lowest FID under 100 epochs"
    r.field = column
    return r.emit(i, found.after, column, found.condition, found.plain)


_RUNS = ("runs", "models", "trainings", "experiments", "ones")


def _digits(r: Reading, i: int, j: int, column: str) -> int:
    """(FID in the) twenties [or thirties]."""
    parts = [_within(column, r.items[j].payload)]
    while r.kind(k := r.skip(j + 1, 2, ("connector", "break", "filler"))) == "digits":
        parts.append(_within(column, r.items[k].payload))
        j = k
    return r.emit(i, j + 1, column, parts[0] if len(parts) == 1 else Or(*parts))


def _within(column: str, digits: tuple[int, int]) -> Filter:
    return And(Compare(column, ">=", digits[0]), Compare(column, "<", digits[1]))


def _belongs_to_next(r: Reading, j: int, column: str) -> bool:
    """In "fid, 100 epochs", "top fid 3 runs" or "fid of the 3 best" the number is not the field's."""
    following = r.kind(j + 1)
    if r.words(j - 1) in ("the", "my", "our", "of") and (following == "superlative" or r.words(j + 1) in _RUNS):
        return True
    if r.items[j].payload.column not in (None, column) and column != "size_bytes":
        return True
    ranked = any(item.kind in ("superlative", "ordinal") for item in r.out[-3:])
    if r.kind(j + 1) == "noun" and r.words(j + 1) not in ("ones", "one") and ranked:
        return True
    if r.kind(j + 1) != "field" or r.items[j + 1].payload == column or not is_numeric(r.items[j + 1].payload):
        return False
    k = r.skip(j + 2, 3, ("filler", "carrier"))
    return not read_quantity(r, k, r.items[j + 1].payload)


def quantity_of_field(r: Reading, i: int) -> int:
    """[COMPARATOR] NUMBER [FIELD]: "at least 5M parameters", "500 epochs", "under 10M"."""
    if r.kind(i) == "digits" and r.kind(j := r.skip(i + 1, 2)) == "field" and is_numeric(r.items[j].payload):
        return r.emit(i, j + 1, r.items[j].payload, _within(r.items[j].payload, r.items[i].payload))
    negated = r.kind(i) == "not" and r.kind(i + 1) in ("number", "comparator")
    compared = r.kind(i) in ("comparator", "between") or negated
    if not compared and r.kind(i) != "number":
        return 0
    if r.out and r.out[-1].kind == "superlative" and r.kind(i) == "number":  # "top 3 FID"
        return 0
    numbers = [item.payload for item in r.items[i : i + 5] if item.kind == "number"]
    probe = read_quantity(r, i, (numbers[0].column if numbers else None) or "num_parameters")
    if not probe:
        return 0
    if r.kind(i - 1) == "by" and compared and r.kind(probe.after) == "noun":  # "used by fewer than 5 runs"
        return 0
    if compared and _bounds_runs(r, i, probe.after, numbers[0]):
        return 0
    column, end = _field_after(r, probe.after)
    column = column or _field_of_next(r, i, probe.after) or _field_meant(r, i, probe.after, compared)
    found = read_quantity(r, i, column) if column else None
    if not found or not column:
        return 0
    r.field = column
    return r.emit(i, max(end, found.after), column, found.condition, found.plain)


_WITH = ("with", "having", "have", "has", "had", "where", "that have", "which have", "of")


def _bounds_runs(r: Reading, i: int, after: int, number: Number) -> bool:
    """ "Mean fid per data set (with AT LEAST 4 runs)": a bound on the runs of a group, and none on their FID."""
    led = r.skip(i - 1, 3, ("filler",), -1)
    noun = r.skip(after, 2, ("filler", "condition"))
    grouped = any(item.kind in ("how", "rate", "share", "per", "by", "superlative") for item in r.items[:i])
    plain = number.column is None and number.value == int(number.value)
    return grouped and plain and r.words(led) in _WITH and r.kind(noun) == "noun" and r.words(noun) in _RUNS


def _field_after(r: Reading, after: int) -> tuple[str | None, int]:
    """(the field whose quantity ended before `after`, the index after that field)."""
    k = r.skip(after, 2, ("filler", "than")) if r.words(after) == "as" else r.skip(after, 1, ("filler",))
    for place in (after, k) if r.words(after) in _LINKING else (after,):
        if r.kind(place) == "field" and is_numeric(r.items[place].payload) and not _starts_its_own(r, place):
            return r.items[place].payload, place + 1
    return None, after


def _field_of_next(r: Reading, start: int, after: int) -> str | None:
    """In "more than 10 but fewer than 60 epochs" the field of the second bound is that of the first."""
    if any(item.kind == "number" and item.payload.column for item in r.items[start:after]):
        return None
    k = r.skip(after, 2, ("connector", "break"))
    if r.kind(start) != "comparator" or k == after or r.kind(k) != "comparator":
        return None
    following = read_quantity(r, k, "num_parameters")
    return _field_after(r, following.after)[0] if following else None


def _field_meant(r: Reading, start: int, after: int, compared: bool) -> str | None:
    """The column that the unit of the number, or what was last spoken of, tells."""
    hints = [item.payload.column for item in r.items[start:after] if item.kind == "number" and item.payload.column]
    hint = hints[-1] if hints else None
    if hint and hint != "num_parameters":
        return str(hint)
    if compared and hint is None and r.kind(after) not in _COUNTED and any(_rates(r, k) for k in range(start, after)):
        return _measure_meant(r, r.words(start))
    if compared and r.field:
        return r.field
    about_size = compared and r.words(start).startswith(("larger", "bigger", "smaller"))
    return hint or ("num_parameters" if about_size else None)


def _rates(r: Reading, i: int) -> bool:
    """Whether "better than" or "worse than" is at i."""
    return r.kind(i) == "comparator" and str(r.items[i].payload).removesuffix("=") in ("best", "worst")


def _measure_meant(r: Reading, words: str) -> str:
    """ "Worse than 60": what the runs are rated by, unless a figure that has a better side was just spoken of."""
    if r.field and not is_setting(r.field):
        return r.field
    measure = next((measure for measure in MEASURES if r.known.has(measure)), MEASURES[0])
    r.notes.append(f'"{words}" is read of the {label(measure)}')
    return measure


def _starts_its_own(r: Reading, j: int) -> bool:
    """Whether the field at j has its own number after it ("128, epochs 50")."""
    k = r.skip(j + 1, 3, ("filler", "carrier"))
    if r.kind(k) not in _QUANTITY:
        return False
    plain = r.kind(k) == "number" and r.kind(k + 1) != "field" and r.kind(k - 1) != "connector"
    return r.kind(j - 1) == "break" or plain
