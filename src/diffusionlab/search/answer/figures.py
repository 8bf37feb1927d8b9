"""Figures of groups, over Arrow columns: "mean FID by data set", "runs per month", "the most used optimizer"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.filter import And
from diffusionlab.registry.record.columns import compares_within, held_in, in_settings, kind_of, label, value_of
from diffusionlab.search.answer.group_keys import Keys, arranged, keys, keys_of, numbers
from diffusionlab.search.answer.result import GroupRow, Groups, Row
from diffusionlab.search.query.query import Figure, Having, How, Order, Query, Side
from diffusionlab.search.query.where_text import side_of
from diffusionlab.search.read.known import Known

if TYPE_CHECKING:
    import pyarrow as pa

    from diffusionlab.search.answer.group_keys import Numbers

MOST_IDS = 12  # run ids named for each group


def columns_of(figure: Figure) -> list[str]:
    """The columns of the registry that a figure is worked out from."""
    of = [column for _, column in figure.terms if column]
    apart = [column for name in of for column in compares_within(name)]
    sides = [*figure.sides, *([figure.part] if figure.part else [])]
    read = [column for side in sides for column in sorted(side.condition.reads())]
    by = [key.column for key in figure.by]
    held = [held_in(column) for column in by if in_settings(column)]  # a setting that is null has no value, and is off
    return list(dict.fromkeys(["run_id", *of, *by, *held, *apart, *read]))


def figures(table: pa.Table, figure: Figure) -> Groups:
    """The groups of the runs of `table`, which has `columns_of` the figure."""
    import numpy as np

    groups = keys(table, figure)
    without_key = 0 if groups.shown else _without_key(table, groups)
    groups = _of_so_many_runs(groups, figure.runs) if figure.runs else groups
    (rows,), lacking = _all_terms(table, figure, groups, np.zeros(table.num_rows, np.int32), 1)
    found = Groups(figure, rows, without_key, lacking, _without_figure(table, figure, groups))
    for how, of in figure.terms:
        for column in () if how in ("count", "distinct") else compares_within(of or ""):
            if column in [key.column for key in figure.by]:
                continue
            values = table[column].combine_chunks().dictionary_encode()
            parts = numbers(values)
            if _mixes(table, str(of), groups, parts):
                said = f"{label(str(of))} does not compare between {label(column)}s"
                told, _ = _all_terms(table, figure, groups, parts, len(values.dictionary))
                within = sorted(zip(values.dictionary.to_pylist(), told, strict=True))
                return replace(found, mixed=column, apart=said, within=tuple((name, of) for name, of in within if of))
    return found


def _of_so_many_runs(groups: Keys, bound: Having) -> Keys:
    """The groups with as many runs as are asked for, whatever is recorded of these."""
    import numpy as np

    counts = np.bincount(groups.codes[groups.codes >= 0], minlength=len(groups.names))
    kept = np.array([bool(bound.meets(float(count))) for count in counts], bool)
    return replace(groups, codes=np.where((groups.codes >= 0) & kept[groups.codes], groups.codes, -1))


def _without_figure(table: pa.Table, figure: Figure, groups: Keys) -> int:
    """Where it is asked if every group meets a bound: those that have runs and no figure."""
    import numpy as np

    if figure.whether is not False or figure.of is None:
        return 0
    present = len(np.unique(groups.codes[groups.codes >= 0]))
    return present - len(_grouped(table, figure, groups, np.zeros(table.num_rows, np.int32), 1)[0])


def _without_key(table: pa.Table, groups: Keys) -> int:
    import numpy as np

    having = np.zeros(table.num_rows, bool)
    having[groups.rows[groups.codes >= 0]] = True
    return table.num_rows - int(np.count_nonzero(having))


def _mixes(table: pa.Table, of: str, groups: Keys, parts: Numbers) -> bool:
    """Whether some group takes its figure of runs that do not compare: of several `parts`."""
    import numpy as np

    having = table[of].combine_chunks().is_valid().to_numpy(zero_copy_only=False)[groups.rows]
    having &= groups.codes >= 0
    parts = parts[groups.rows]
    if groups.shown:  # runs of which it is not known compare with all others
        having &= parts >= 0
    codes, parts = groups.codes[having], parts[having]
    last = np.zeros(len(groups.names), parts.dtype)
    last[codes] = parts
    return bool((last[codes] != parts).any())


def _all_terms(
    table: pa.Table, figure: Figure, groups: Keys, parts: Numbers, num_parts: int
) -> tuple[list[tuple[GroupRow, ...]], int]:
    """The groups of each part with the first figure and beside it, if several are asked for, the others.

    Also how many runs with a key have no value for the first. `parts`: of each run, -1 for none.
    """
    rows, lacking = _grouped(table, figure, groups, parts, num_parts)
    others = [_grouped(table, replace(figure, how=how, of=of), groups, parts, num_parts)[0] for how, of in figure.also]
    for place, row in ((place, row) for other in others for place, row in other.items()):
        rows.setdefault(place, replace(row, value=None, count=0))  # one that only another figure has
    told: list[list[GroupRow]] = [[] for _ in range(num_parts)]
    for place, row in sorted(rows.items()):
        if figure.having is not None and figure.by and not figure.having.meets(row.value):
            continue
        also = tuple(other[place].value if place in other else None for other in others)
        told[place // len(groups.names)].append(replace(row, also=also) if also else row)
    return [_in_order(part, figure) for part in told], lacking


def _grouped(
    table: pa.Table, figure: Figure, groups: Keys, parts: Numbers, num_parts: int
) -> tuple[dict[int, GroupRow], int]:
    """(number of part and key -> its group, runs with a key and without a value)."""
    import numpy as np

    num_names, sizes = len(groups.names), np.bincount(parts[parts >= 0], minlength=num_parts)
    codes = groups.codes
    if parts.any():
        parts = parts[groups.rows]
        codes = np.where((parts < 0) | (codes < 0), -1, parts * num_names + codes)
    order, places = arranged(codes)
    order = groups.rows[order]
    if groups.shown:
        found = {place: (start, end) for place, start, end in places}
        places = [(place, *found.get(place, (0, 0))) for place in range(num_parts * num_names)]
    ids, cells = table["run_id"].combine_chunks().take(order), _values(table, figure)
    cells = cells.take(order) if cells is not None else None
    rows, lacking = {}, 0
    for place, start, end in places:  # of what lies in the order of the keys each group is a slice
        own, among = cells[start:end] if cells is not None else None, int(sizes[place // num_names])
        lacking += own.null_count if own is not None else 0
        if row := _group(groups.names[place % num_names], ids[start:end], own, among, figure):
            rows[place] = row
    return rows, lacking


def _values(table: pa.Table, figure: Figure) -> pa.Array | None:
    """What the figure is taken of, of each run."""
    if figure.part is not None:
        return figure.part.condition.mask(table)
    return table[figure.of].combine_chunks() if figure.of else None


def _group(keys: tuple[str, ...], ids: pa.Array, cells: pa.Array | None, among: int, figure: Figure) -> GroupRow | None:
    """The figure of one group; None if it has none."""
    import pyarrow.compute as pc

    if cells is not None and cells.null_count:
        ids, cells = ids.filter(cells.is_valid()), cells.drop_null()
    count = len(ids)
    if figure.how == "count":
        value: float | None = count if cells is None else len(cells.filter(cells)) if figure.part else count
    elif not count:
        return None
    elif cells is not None:
        value = _HOW[figure.how](cells)
    else:  # a share of all runs
        value = count / among * (100 if figure.how == "percent" else 1)
    if value is None:
        return None
    own = ids.filter(cells) if figure.part and cells is not None else ids
    return GroupRow(keys, value, count, tuple(own.take(pc.bottom_k_unstable(own, MOST_IDS)).to_pylist()))


def first_of_each(rows: Sequence[Row], order: Order) -> list[Row]:
    """Of rows in their order those that it takes of each group, with `ties` also equals of the last of them."""
    last, seen = order.skip + (order.count or 1), Counter[tuple[str, ...]]()
    cut: dict[tuple[str, ...], Any] = {}  # the value of the last that is taken
    kept = []
    for row in rows:
        value, taken = value_of(row, order.column), False
        for key in keys_of(row, order.per):
            seen[key] += 1
            taken |= order.skip < seen[key] <= last or (order.ties and seen[key] > last and value == cut[key])
            if seen[key] == last:
                cut[key] = value
        if taken:
            kept.append(row)
    return kept


def first_figures(rows: Sequence[Row], order: Order) -> Groups | None:
    """The lowest or highest value of each group, of rows that are the first ones of each; None if it is no number."""
    if kind_of(order.column) not in ("int", "float") or (order.count or 1) > 1:
        return None
    how: How = "max" if order.descending else "min"
    figure = Figure(how, order.column, order.per, order.descending)
    found: dict[tuple[str, ...], GroupRow] = {}
    for row in rows:
        for key in keys_of(row, order.per):
            found.setdefault(key, GroupRow(key, value_of(row, order.column), 1, (row["run_id"],)))
    return Groups(figure, tuple(found.values()))


def sides_of(parts: Sequence[Query], known: Known) -> list[Side]:
    """Each part as the conditions that not all of the parts have; none if nothing tells some part apart."""
    own = [[c for c in part.conditions if any(c not in other.conditions for other in parts)] for part in parts]
    return [side_of(And(*conditions), known) for conditions in own] if all(own) else []


def side_by_side(groups: Sequence[Groups], sides: Sequence[Side]) -> Groups | None:
    """Groups by the same key as one, with the figures of each; None if the keys differ or there are no two. Of one
    figure of several `sides`, each group has a row for each side."""
    if len(groups) < 2 or len({one.figure.by for one in groups}) > 1:
        return None
    first, *others = groups
    if all(one.figure == first.figure for one in others) and len(sides) == len(groups):
        named = [
            replace(row, keys=(*row.keys, side.label))
            for one, side in zip(groups, sides, strict=True)
            for row in one.rows
        ]
        places = {row.keys[:-1]: place for place, row in reversed([*enumerate(named)])}
        named.sort(key=lambda row: places[row.keys[:-1]])
        return Groups(replace(first.figure, sides=tuple(sides)), tuple(named))
    figure = replace(first.figure, also=tuple((one.figure.how, one.figure.of) for one in others))
    values = [{row.keys: row.value for row in one.rows} for one in others]
    return Groups(figure, tuple(replace(row, also=tuple(v.get(row.keys) for v in values)) for row in first.rows))


def _in_order(rows: list[GroupRow], figure: Figure) -> tuple[GroupRow, ...]:
    """Groups, which come by key, by their figure if that is asked for, and as many as are asked for."""
    if figure.descending is None:
        return tuple(rows)
    if figure.per:
        outer = len(figure.per)
        apart = groupby(rows, key=lambda row: row.keys[:outer])
        return tuple(row for _, part in apart for row in _in_order(list(part), replace(figure, per=())))
    sign = -1 if figure.descending else 1
    rows = sorted(rows, key=lambda row: (row.value is None, sign * (row.value or 0)))
    if figure.skip:  # "the second most common": of several that have as many, all
        values = list(dict.fromkeys(row.value for row in rows))
        asked = values[figure.skip : figure.skip + (figure.count or len(values))]
        return tuple(row for row in rows if row.value in asked)
    last = rows[figure.count - 1].value if figure.count is not None and figure.count <= len(rows) else None
    tied = figure.count == 1 and last is not None  # "which has the most": all that have as many
    return tuple(
        row for i, row in enumerate(rows) if figure.count is None or i < figure.count or (tied and row.value == last)
    )


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
