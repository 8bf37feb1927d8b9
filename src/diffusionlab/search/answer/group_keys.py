"""The keys that runs are grouped by: of a list column each element, of a moment its period, as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.conditions import IsNull
from diffusionlab.registry.filters.days import WEEKDAYS
from diffusionlab.registry.filters.filter import Not
from diffusionlab.registry.record.columns import in_settings, is_recorded, value_of
from diffusionlab.search.answer.result import Row
from diffusionlab.search.query.query import Figure, GroupKey, GroupKeys
from diffusionlab.search.words.asking_words import Unit

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Numbers = np.ndarray[Any, np.dtype[np.integer[Any]]]

ALL = "all"
_LAST_PART = r"/*[^/]*/*$"  # of a path
OFF = "off"  # the key of runs in which a setting is null


@dataclass(frozen=True)
class Keys:
    """Which runs are in which group: `codes[i]` is the place in `names` of the values of row `rows[i]`, -1 for none.

    Of a list column a row stands here once for each element; of sides, for each that it is on.
    """

    codes: Numbers
    rows: Numbers
    names: list[tuple[str, ...]]  # in the order of the values
    shown: bool = False  # a group without runs is one too


def keys_of(row: Row, by: GroupKeys) -> list[tuple[str, ...]]:
    """The groups that one run is in, each as a value of each key."""
    return list(product(*(_values_of(row, *key) for key in by)))


def _values_of(row: Row, column: str, unit: Unit | None) -> list[str]:
    found = value_of(row, column)
    if found is None:
        return [OFF] if is_recorded(row, column) else []
    if unit == "folder":
        return [re.sub(_LAST_PART, "", found) or "."]
    if not unit:
        return [str(each) for each in found] if isinstance(found, list) else [str(found)]
    year, week, _ = found.isocalendar()
    texts = {"hour": f"{found:%H}", "weekday": WEEKDAYS[found.weekday()], "day": f"{found:%Y-%m-%d}"}
    texts |= {"week": f"{year}-W{week:02}", "month": f"{found:%Y-%m}", "year": f"{found:%Y}"}
    return [texts.get(unit) or f"{found:%Y}-Q{(found.month + 2) // 3}"]


def keys(table: pa.Table, figure: Figure) -> Keys:
    """The groups that a figure of the runs of `table` has."""
    import numpy as np

    if figure.sides and not figure.by:
        return _sides(table, figure)
    if not figure.by:
        return Keys(np.zeros(table.num_rows, np.int32), np.arange(table.num_rows), [(ALL,)], shown=True)
    first, *others = (_keys(table, key) for key in figure.by)
    found = reduce(_combined, others, first)
    return _combined(found, _sides(table, figure)) if figure.sides else found


def _sides(table: pa.Table, figure: Figure) -> Keys:
    """The sides as groups; by row, so that they combine with others."""
    import numpy as np

    on = [np.flatnonzero(side.condition.mask(table).fill_null(False)) for side in figure.sides]
    codes, rows = np.repeat(np.arange(len(on)), [len(side) for side in on]), np.concatenate(on)
    order = np.argsort(rows, kind="stable")
    return Keys(codes[order], rows[order], [(side.label,) for side in figure.sides], shown=True)


def _keys(table: pa.Table, key: GroupKey) -> Keys:
    """The groups that one key makes, numbered in the order of its values."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows, column = np.arange(table.num_rows, dtype=np.int32), table[key.column].combine_chunks()
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)  # of a setting it may be any
    if pa.types.is_list(column.type):
        rows, column = pc.list_parent_indices(column).to_numpy(), pc.list_flatten(column)
    if key.unit == "folder":
        column = pc.replace_substring_regex(column, _LAST_PART, "")
        column = pc.if_else(pc.equal(column, ""), ".", column)
    elif key.unit:
        column = pc.floor_temporal(column, unit="day" if key.unit == "weekday" else key.unit)
    encoded = column.dictionary_encode()
    names = encoded.dictionary
    if key.unit and key.unit != "folder":
        names = _periods(names, key.unit)
    elif numeric:
        names = pa.array([f"{number:.15g}" for number in names.to_pylist()], pa.string())
    again = names.cast(pa.string()).dictionary_encode()  # several moments are of one hour
    rank = float if numeric else WEEKDAYS.index if key.unit == "weekday" else str
    in_order = sorted(again.dictionary.to_pylist(), key=rank)
    codes = pc.index_in(again.dictionary, pa.array(in_order, pa.string())).take(again.indices).take(encoded.indices)
    numbered = codes.fill_null(-1).to_numpy(zero_copy_only=False)
    if in_settings(key.column):
        off = (numbered < 0) & Not(IsNull(key.column)).mask(table).to_numpy(zero_copy_only=False)[rows]
        numbered = np.where(off, len(in_order), numbered)
        in_order += [OFF] if off.any() else []
    return Keys(numbered, rows, [(name,) for name in in_order])


def _combined(first: Keys, other: Keys) -> Keys:
    """The groups of both: of a run in two of the one and three of the other, six. None without a run."""
    import numpy as np

    start, end = (np.searchsorted(other.rows, first.rows, side) for side in ("left", "right"))  # rows are in order
    times = end - start
    places = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times - start, times)
    one, two = np.repeat(first.codes, times), other.codes[places]
    both = np.where((one < 0) | (two < 0), -1, one.astype(np.int64) * len(other.names) + two)
    pairs, codes = np.unique(both, return_inverse=True)
    lacking = int(len(pairs) > 0 and pairs[0] < 0)
    named = (divmod(pair, len(other.names)) for pair in pairs[lacking:].tolist())
    return Keys(codes - lacking, np.repeat(first.rows, times), [first.names[i] + other.names[j] for i, j in named])


def _periods(moments: pa.Array, unit: str) -> pa.Array:
    """The period of each moment: "2025-04", "2025-W15", "2025-Q2", "monday", "9"."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def text(numbers: pa.Array, width: int = 2) -> pa.Array:
        return pc.utf8_lpad(numbers.cast(pa.string()), width, "0")

    year = text(pc.year(moments), 4)
    match unit:
        case "year":
            return year
        case "quarter":
            return pc.binary_join_element_wise(year, text(pc.quarter(moments), 1), "-Q")
        case "week":
            days = pc.iso_calendar(moments)
            return pc.binary_join_element_wise(text(days.field("iso_year"), 4), text(days.field("iso_week")), "-W")
        case "day":
            return pc.binary_join_element_wise(year, text(pc.month(moments)), text(pc.day(moments)), "-")
        case "weekday":
            return pa.array(WEEKDAYS).take(pc.day_of_week(moments))
        case "hour":
            return text(pc.hour(moments))
    return pc.binary_join_element_wise(year, text(pc.month(moments)), "-")


def numbers(encoded: pa.DictionaryArray) -> Numbers:
    """The number of each value in the dictionary, -1 if there is none."""
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def arranged(codes: Numbers) -> tuple[Numbers, list[tuple[int, int, int]]]:
    """(the places of the codes by code, each code's in their order; (code, start, end) of each code in that order)."""
    import numpy as np

    few = codes.astype(np.int16) if codes.max(initial=0) < 2**15 else codes  # few codes are sorted in one pass
    counts = np.bincount(codes + 1)
    order = np.argsort(few, kind="stable")[counts[0] if len(counts) else 0 :]
    ends = np.cumsum(counts[1:])
    return order, [
        (code, int(ends[code] - counts[code + 1]), int(ends[code])) for code in np.flatnonzero(counts[1:]).tolist()
    ]
