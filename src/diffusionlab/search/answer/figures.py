"""Figures of groups, over Arrow columns: "mean FID by data set", "runs per month", "the most used optimizer"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from diffusionlab.registry.filters.days import WEEKDAYS
from diffusionlab.registry.record.columns import compares_within, kind_of, label, value_of
from diffusionlab.search.answer.result import GroupRow, Groups, Row
from diffusionlab.search.query.query import SHARES, Figure, How, Order, Unit
from diffusionlab.search.query.where_values import DAYS

if TYPE_CHECKING:
    import pyarrow as pa

MOST_IDS = 12  # run ids named for each group
ALL = "all"


def columns_of(figure: Figure) -> list[str]:
    """The columns of the registry that a figure is worked out from."""
    of = [column for _, column in figure.terms if column]
    apart = [column for name in of for column in compares_within(name)]
    sides = [*figure.sides, *([figure.part] if figure.part else [])]
    read = [column for side in sides for column in sorted(side.condition.reads())]
    return list(dict.fromkeys(["run_id", *of, *([figure.by] if figure.by else []), *apart, *read]))


def figures(table: pa.Table, figure: Figure) -> Groups:
    """The groups of the runs of `table`, which has `columns_of` the figure."""
    groups = _all_terms(table, figure)
    for how, of in figure.terms:
        for column in compares_within(of or ""):
            if _mixes(table, replace(figure, how=how, of=of), column):
                said = f"{label(str(of))} does not compare between {label(column)}s"
                return replace(groups, mixed=column, apart=said, within=_within(table, figure, column))
    return groups


def _all_terms(table: pa.Table, figure: Figure) -> Groups:
    """The groups with the first figure and beside it, if several are asked for, the others."""
    rows, without_key, without_value = _grouped(table, figure)
    others = [_grouped(table, replace(figure, how=how, of=of, descending=None))[0] for how, of in figure.also]
    values = [{row.key: row for row in other} for other in others]
    found = {row.key: row for row in rows}
    for row in (row for other in others for row in other):  # one that only another figure has
        found.setdefault(row.key, replace(row, value=None, count=0))
    told = [
        replace(row, also=tuple(value[key].value if key in value else None for value in values))
        for key, row in found.items()
    ]
    by_number = kind_of(figure.by) in ("int", "float") if figure.by else False
    return Groups(figure, _in_order(told, figure, by_number) if others else rows, without_key, without_value)


def _mixes(table: pa.Table, figure: Figure, column: str) -> bool:
    """Whether some group takes one figure of runs between whose values of `column` it does not compare."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not figure.of or figure.how in ("count", "distinct") or figure.by == column:
        return False
    if figure.sides:
        return any(_mixes(part, replace(figure, sides=()), column) for _, part in _sides(table, figure))
    needed = {name for name in (figure.of, figure.by, column) if name}
    having = table.select(sorted(needed)).filter(pc.is_valid(table[figure.of]))
    if not figure.by or len(having[column].unique()) < 2:
        return bool(pc.count_distinct(having[column]).as_py() > 1)
    keys, parents = _keys(having, figure)
    of = having[column] if parents is None else having[column].take(parents)
    pairs = pa.table({"key": keys, "of": of}).filter(keys.is_valid())
    return pairs.group_by(["key", "of"]).aggregate([]).num_rows > len(pairs["key"].unique())


def _sides(table: pa.Table, figure: Figure) -> list[tuple[str, pa.Table]]:
    """The runs of each side."""
    return [(side.label, table.filter(side.condition.mask(table))) for side in figure.sides]


def _within(table: pa.Table, figure: Figure, column: str) -> tuple[tuple[str, tuple[GroupRow, ...]], ...]:
    import pyarrow.compute as pc

    having = table if figure.also else table.filter(pc.is_valid(table[figure.of]))
    places = _places(having[column].combine_chunks(), None)
    parts = ((value, _all_terms(having.take(places[value]), figure).rows) for value in sorted(places))
    return tuple((value, rows) for value, rows in parts if rows)


def _grouped(table: pa.Table, figure: Figure) -> tuple[tuple[GroupRow, ...], int, int]:
    """(rows in their order, runs without a key, runs with a key and without a value)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if figure.sides:
        whole = replace(figure, sides=())
        found = [(name, _grouped(part, whole)) for name, part in _sides(table, figure)]
        groups = tuple(replace(row, key=name) for name, (rows, _, _) in found for row in rows)
        return groups, 0, sum(lacking for _, (_, _, lacking) in found)
    values = table[figure.of] if figure.of else None
    if figure.part is not None:
        values = pa.chunked_array([figure.part.condition.mask(table)])
    numbers = table[figure.by] if figure.by and kind_of(figure.by) in ("int", "float") else None
    if figure.by is None:
        places, without_key = {ALL: pa.array(range(table.num_rows), pa.int64())}, 0
    else:
        keys, parents = _keys(table, figure)
        places = _places(keys, parents)
        if parents is not None:
            without_key = table.num_rows - len(parents.filter(keys.is_valid()).unique())
        else:
            without_key = keys.null_count
    ids = table["run_id"]
    rows, lacking = [], 0
    for key, at in places.items():
        cells = values.take(at) if values is not None else None
        if cells is not None and cells.null_count:
            at, lacking = at.filter(cells.is_valid().combine_chunks()), lacking + cells.null_count
            cells = cells.drop_null()
        if figure.how != "count" and not len(at):
            continue
        value = _HOW[figure.how](cells) if cells is not None and figure.how != "count" else len(at)
        if cells is None and figure.how in SHARES:
            value = len(at) / table.num_rows * (100 if figure.how == "percent" else 1)
        if value is not None:
            own = ids.take(at).combine_chunks()
            own = own.filter(cells.combine_chunks()) if figure.part and cells is not None else own
            first = own.take(pc.bottom_k_unstable(own, MOST_IDS))
            rows.append(GroupRow(key, value, len(at), tuple(first.to_pylist())))
    return _in_order(rows, figure, numbers is not None), without_key, lacking


def keys_of(row: Row, per: str) -> list[str]:
    """The keys under which a run is grouped: of a list each element, of a moment its period ("created_month")."""
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


def first_figures(rows: Sequence[Row], order: Order) -> Groups | None:
    """The lowest or highest value of each group, of rows that are the first ones of each; None if it is no number."""
    if kind_of(order.column) not in ("int", "float") or (order.count or 1) > 1:
        return None
    column, unit = DAYS.get(order.per or "", (order.per, None))
    how: How = "max" if order.descending else "min"
    figure = Figure(how, order.column, column, cast("Unit | None", unit), order.descending)
    found: dict[str, GroupRow] = {}
    for row in rows:
        for key in keys_of(row, order.per or ""):
            found.setdefault(key, GroupRow(key, value_of(row, order.column), 1, (row["run_id"],)))
    return Groups(figure, tuple(found.values()))


def side_by_side(groups: Sequence[Groups]) -> Groups | None:
    """Groups by the same key as one, with the figures of each; None if the keys differ or there are no two."""
    if len(groups) < 2 or len({(one.figure.by, one.figure.unit) for one in groups}) > 1:
        return None
    first, *others = groups
    figure = replace(first.figure, also=tuple((one.figure.how, one.figure.of) for one in others))
    values = [{row.key: row.value for row in one.rows} for one in others]
    return Groups(figure, tuple(replace(row, also=tuple(v.get(row.key) for v in values)) for row in first.rows))


def _in_order(rows: list[GroupRow], figure: Figure, numeric: bool) -> tuple[GroupRow, ...]:
    """By key, the figure breaking no tie, or by figure and then key."""
    by_key = sorted(rows, key=lambda row: (float(row.key),) if numeric else _calendar(row.key, figure))
    if figure.descending is None:
        return tuple(by_key)
    sign = -1 if figure.descending else 1
    rows = sorted(by_key, key=lambda row: (row.value is None, sign * (row.value or 0)))
    last = rows[figure.count - 1].value if figure.count is not None and figure.count <= len(rows) else None
    tied = figure.count == 1 and last is not None  # "which has the most": all that have as many
    return tuple(
        row for i, row in enumerate(rows) if figure.count is None or i < figure.count or (tied and row.value == last)
    )


def _calendar(key: str, figure: Figure) -> Any:
    return (WEEKDAYS.index(key), key) if figure.unit == "weekday" else (0, key)


def _keys(table: pa.Table, figure: Figure) -> tuple[pa.Array, pa.Array | None]:
    """The key of each run as text; of a list column one for each element, with the rows they belong to."""
    import pyarrow as pa
    import pyarrow.compute as pc

    assert figure.by is not None
    column = table[figure.by].combine_chunks()
    if kind_of(figure.by) == "list":
        return pc.list_flatten(column), pc.list_parent_indices(column)
    if kind_of(figure.by) == "time":
        unit = figure.unit or "month"
        whole = pc.floor_temporal(column, unit="day" if unit == "weekday" else unit).dictionary_encode()
        return _periods(whole.dictionary, unit).take(whole.indices), None
    if kind_of(figure.by) in ("int", "float"):
        encoded = column.dictionary_encode()
        texts = [f"{number:.15g}" for number in encoded.dictionary.to_pylist()]
        return pa.array(texts, pa.string()).take(encoded.indices), None
    return column, None


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


def _places(keys: pa.Array, parents: pa.Array | None) -> dict[str, pa.Array]:
    """Key -> the rows that have it, in their order."""
    import numpy as np
    import pyarrow as pa

    encoded = keys.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    codes = codes.astype(np.int16) if len(encoded.dictionary) < 2**15 else codes  # few codes are sorted in one pass
    rows = np.arange(len(codes)) if parents is None else parents.to_numpy(zero_copy_only=False)
    in_order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[in_order], np.arange(len(encoded.dictionary) + 1))
    names = encoded.dictionary.to_pylist()
    return {name: pa.array(rows[in_order[starts[i] : starts[i + 1]]], pa.int64()) for i, name in enumerate(names)}


def _std(cells: Any) -> float | None:
    """The sample standard deviation, which one value does not have."""
    import pyarrow.compute as pc

    return pc.stddev(cells, ddof=1).as_py() if len(cells) > 1 else None


def _share(cells: Any) -> float:
    """The part of true ones."""
    import pyarrow.compute as pc

    return float(pc.sum(cells).as_py() or 0) / len(cells)


def _median(cells: Any) -> float:
    import numpy as np

    return float(np.median(cells.to_numpy()))


def _by_arrow(function: str) -> Callable[[Any], Any]:
    def figure(cells: Any) -> Any:
        import pyarrow.compute as pc

        return getattr(pc, function)(cells).as_py()

    return figure


_HOW: dict[How, Callable[[Any], Any]] = {
    "distinct": _by_arrow("count_distinct"),
    "mean": _by_arrow("mean"),
    "median": _median,
    "min": _by_arrow("min"),
    "max": _by_arrow("max"),
    "sum": _by_arrow("sum"),
    "std": _std,
    "share": _share,
    "percent": lambda cells: 100 * _share(cells),
}
