"""Two settings, or two phrases of several conditions, of which it is asked whether the first is better.

is batch size 64 better than 128?                           64 with 128, is the first better
is 512 a better batch size than 128?                        likewise
does lr 1e-3 give a lower FID than lr 2e-4?                 likewise, by the FID
is AdamW with lr 1e-4 better than AdamW with lr 2e-4?       each side has both conditions
is AdamW a better optimizer than Adam?                      AdamW with Adam
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diffusionlab.registry.record.columns import MEASURES
from diffusionlab.search.ask.rules.fields import COMPARATIVES
from diffusionlab.search.ask.rules.quantity import Quantity, equal, read_quantity
from diffusionlab.search.ask.rules.reading import SOFT, Reading, is_numeric, is_setting
from diffusionlab.search.read.items import Condition, Item

_RATING = ("best", "worst")
_BEHIND = ("created_at", "modified_at", "dataset")  # when and where, which may be said of the first side for both
_TRAINING = (
    "training",
    "is training",
)  # of "is training with batch size 64 better", where no run is meant that still trains


@dataclass(frozen=True)
class _Comparison:
    """The words between the sides: what they ask of the first, by which measure, of which field, and where they end."""

    operator: str
    after: int
    measure: str | None = None
    field: str | None = None


def settings_beside(r: Reading, i: int) -> int:
    """(Is batch size 64) BETTER THAN 128, (is 512) A BETTER batch size THAN 128, (does Adam give) BETTER results THAN
    AdamW."""
    if not r.whether(i) or (said := _comparing(r, i)) is None:
        return 0
    before = [item for item in r.out if item.kind in ("condition", "number")]
    k = r.skip(said.after, 5, (*SOFT, "those", "moment"))
    k = r.skip(k + 1, 2, SOFT) if k < len(r.items) and _is_subject(r.items[k]) else k
    if not before:
        return 0
    if r.kind(k) == "condition":
        if not _is_mirrored(r, before, r.items[k].payload.category, k + 1):
            return 0
        _versus(r, i, said)
        return k
    column = r.items[k].payload if r.kind(k) == "field" else said.field or _column_of(before[-1])
    if column is None or not (is_setting(column) and is_numeric(column)):
        return 0
    found = _quantity(r, k, column)
    named = r.kind(k) == "field" or said.field is not None or (found and r.kind(found.after) == "field")
    if found is None or not (named or _goes_on(r, k, column)) or not _takes(r, before, column, found.after):
        return 0
    after = found.after + (r.kind(found.after) == "field" and r.items[found.after].payload == column)
    _versus(r, i, said)
    return r.emit(k, after, column, found.condition, True)


def _comparing(r: Reading, i: int) -> _Comparison | None:
    """BETTER THAN, or BETTER [FIELD or results] THAN."""
    if r.kind(i) == "comparator" and r.items[i].payload in _RATING:
        return _Comparison(r.items[i].payload, i + 1)
    operator, j = COMPARATIVES.get(r.words(i), ""), r.skip(i + 1, 2)
    if operator in _RATING and r.kind(j) == "than":
        return _Comparison(operator, j + 1)
    if not operator or r.kind(j) != "field" or r.kind(j + 1) != "than":
        return None
    field = r.items[j].payload
    if field in MEASURES:
        return _Comparison(operator, j + 2, measure=field)
    return _Comparison(operator, j + 2, field=field) if operator in _RATING else None


def _column_of(item: Item) -> str | None:
    return item.payload.category if item.kind == "condition" else None


def _quantity(r: Reading, k: int, column: str) -> Quantity | None:
    """[FIELD of] NUMBER at k, if it is a value and no bound."""
    j = r.skip(k + 1, 2, ("filler", "carrier")) if r.kind(k) == "field" else k
    equals = r.kind(j) == "comparator" and r.items[j].payload == "="
    found = read_quantity(r, j, column) if equals or r.kind(j) == "number" else None
    return found if found and found.plain else None


def _goes_on(r: Reading, k: int, column: str) -> bool:
    """Whether a bare number at k is one more value of the column, and no bound of the FID: nothing but the setting is
    spoken of before it, or some run has this value."""
    runs = any(
        item.kind in ("noun", "field", "how") or (item.kind == "condition" and item.payload.category != column)
        for item in r.out
    )
    return not runs or r.items[k].payload.value in r.known.setting_values(column)


def _takes(r: Reading, before: Sequence[Item], column: str, after: int) -> bool:
    """Whether what stands before is a value of the column too; a bare number becomes one: "(is 512) a better batch size
    than 128"."""
    first = before[-1]
    if first.kind == "condition":
        return _is_mirrored(r, before, column, after)
    if first.payload.column not in (None, column):
        return False
    made = Condition(column, equal(column, first.payload), True, first.words)
    r.out = [replace(item, kind="condition", payload=made) if item is first else item for item in r.out]
    return True


def _is_mirrored(r: Reading, before: Sequence[Item], category: str, after: int) -> bool:
    """Whether the phrase before has a condition of this category, and those behind it have their like after it."""
    said = [item.payload.category for item in before if item.kind == "condition"]
    if category not in said or (category == "text" and said[-1] != category):
        return False
    start = len(said) - 1 - said[::-1].index(category)
    again = [
        item.payload.category if item.kind == "condition" else item.payload
        for item in r.items[after:]
        if item.kind in ("condition", "field")
    ]
    return all(other in again or other in _BEHIND for other in said[start + 1 :])


def _versus(r: Reading, i: int, said: _Comparison) -> None:
    r.versus(i, said.operator, said.measure)
    r.out = [replace(item, kind="noun") if _is_subject(item) else item for item in r.out]


def _is_subject(item: Item) -> bool:
    """Whether "training" is what is done, rather than a status."""
    return item.kind == "condition" and item.payload.category == "status" and item.words.lower() in _TRAINING
