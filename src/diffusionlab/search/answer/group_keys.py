"""The keys that runs are grouped by: of a list column each element, of a moment its period, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.days import WEEKDAYS
from diffusionlab.registry.record.columns import kind_of, value_of
from diffusionlab.search.answer.result import Row
from diffusionlab.search.query.query import Figure
from diffusionlab.search.query.where_text import DAYS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Numbers = np.ndarray[Any, np.dtype[np.integer[Any]]]

ALL = "all"


@dataclass(frozen=True)
class Keys:
    """Which runs are in which group: `codes[i]` is the number in `names` of the key of row `rows[i]`, -1 for none.

    Of a list column a row stands here once for each element; of sides, for each that it is on.
    """

    codes: Numbers
    rows: Numbers
    names: pa.Array
    numeric: bool = False  # the keys are numbers, which come in their order
    shown: bool = False  # a group without runs is one too


def keys_of(row: Row, per: str) -> list[str]:
    """The keys of one run; `per` is a column or a period of a moment ("created_month")."""
    column, unit = DAYS.get(per, (per, ""))
    found = value_of(row, column)
    if found is None:
        return []
    if not unit:
        return [str(each) for each in found] if isinstance(found, list) else [str(found)]
    year, week, _ = found.isocalendar()
    texts = {"hour": f"{found:%H}", "weekday": WEEKDAYS[found.weekday()], "day": f"{found:%Y-%m-%d}"}
    texts |= {"week": f"{year}-W{week:02}", "month": f"{found:%Y-%m}", "year": f"{found:%Y}"}
    return [texts.get(unit) or f"{found:%Y}-Q{(found.month + 2) // 3}"]


def keys(table: pa.Table, figure: Figure) -> Keys:
    """The groups that a figure of the runs of `table` has."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if figure.sides:
        on = [np.flatnonzero(side.condition.mask(table).fill_null(False)) for side in figure.sides]
        codes = np.repeat(np.arange(len(on)), [len(rows) for rows in on])
        return Keys(codes, np.concatenate(on), pa.array([side.label for side in figure.sides]), shown=True)
    rows = np.arange(table.num_rows, dtype=np.int32)
    if figure.by is None:
        return Keys(np.zeros_like(rows), rows, pa.array([ALL]), shown=True)
    column = table[figure.by].combine_chunks()
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)  # of a setting it may be any
    if pa.types.is_list(column.type):
        rows, column = pc.list_parent_indices(column).to_numpy(), pc.list_flatten(column)
    if kind_of(figure.by) == "time":
        unit = figure.unit or "month"
        column = pc.floor_temporal(column, unit="day" if unit == "weekday" else unit)
    encoded = column.dictionary_encode()
    names = encoded.dictionary
    if kind_of(figure.by) == "time":
        names = _periods(names, figure.unit or "month")
    elif numeric:
        names = pa.array([f"{number:.15g}" for number in names.to_pylist()], pa.string())
    again = names.cast(pa.string()).dictionary_encode()  # several moments are of one hour
    return Keys(numbers(again.take(encoded.indices)), rows, again.dictionary, numeric)


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
