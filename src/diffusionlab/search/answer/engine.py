"""From a Query to rows: filter, order, rank; and what would help where nothing is found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import And, Filter, Leaf, Or
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.canonical import DATASET_FAMILY
from diffusionlab.registry.record.columns import COLUMNS as TABLE_COLUMNS
from diffusionlab.registry.record.columns import METRIC_COLUMNS, held_in, label, value_of
from diffusionlab.registry.record.comparable import by_basis
from diffusionlab.registry.record.pictures import pictures_of
from diffusionlab.registry.record.rows import lazy_rows
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.figures import (
    columns_of,
    figures,
    first_figures,
    first_of_each,
    side_by_side,
    sides_of,
)
from diffusionlab.search.answer.rank import best_subset, likeness, text_scores
from diffusionlab.search.answer.result import Result, Row, not_comparable
from diffusionlab.search.answer.verdict import verdict
from diffusionlab.search.query.query import LISTING, Check, Comparison, Facts, Figure, Order, Pictures, Query, Side
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.text import Mentions, nearest

EXTRA = "extra"
_UNREAD = ("packages", "layers", EXTRA, "linked_pictures")  # long, and no part of an answer
COLUMNS = tuple(name for name in TABLE_COLUMNS if name not in _UNREAD)
LINKED = ("run_id", "linked_pictures")
LIKE_COUNT = 10  # neighbours listed where the question names no number


class Engine:
    """Answers parsed queries from one registry, as of `now`."""

    def __init__(self, registry: Registry, now: datetime) -> None:
        self.registry, self.now = registry, now
        self.known = Known(lambda columns, where: registry.arrow(columns, where, now))

    def rows(self, condition: Filter, columns: Sequence[str] = COLUMNS) -> list[Row]:
        """The runs that meet the condition, by run id; a cell is decoded when it is looked at."""
        return list(lazy_rows(self.registry.arrow(columns, condition, self.now)))

    def answer(self, query: Query) -> Result:
        """Every run that meets the query, in its order. Only a number in the question (or --limit) cuts."""
        if query.parts:
            return self._each_part(query)
        query = self._with_subsets(query)
        if query.figure is not None and (query.intent == "aggregate" or query.order or query.figure.part):
            return self._figures(query, query.figure)
        rows = self.rows(query.condition, _columns_for(query))
        if not rows and (less := self._fewer_words(query)):
            query, rows = less, self.rows(less.condition, _columns_for(less))
        result = Result(query, rows, [1.0] * len(rows), len(rows), warnings=_notes(query))
        self._count_unknown(result)
        self._sort(result)
        self._warn_of_bases(result, rows)
        if not rows:
            self._explain_nothing(result)
        result.warnings += [] if not rows else [self._no_run_has(value, c) for value, c in query.unknown if c]
        self._offer(result)
        result.verdict, result.because = verdict(result)
        if query.order is not None and query.order.per and not query.order.rest:
            result.groups = first_figures(result.rows, query.order)
        if query.figure is not None:
            result.groups = figures(self.registry.arrow(["run_id"], query.condition, self.now), query.figure)
        if isinstance(query.ask, Pictures):
            links = {row["run_id"]: row["linked_pictures"] for row in self.rows(query.condition, LINKED)}
            result.pictures = {row["run_id"]: pictures_of(row, links.get(row["run_id"])) for row in result.rows}
        return result

    def _with_subsets(self, query: Query) -> Query:
        """A comparison of which no run meets one side, with the subset of its data set in place of it, and a note."""
        if not isinstance(query.ask, Comparison) or len(query.sides) < 2:
            return query
        either = Or(*(side.condition for side in query.sides))
        if either not in query.conditions:
            return query
        rest = And(*(condition for condition in query.conditions if condition != either))
        sides, notes = [], []
        for side in query.sides:
            subset = self._subset_of(side.condition, rest)
            sides.append(Side(subset, _swapped(side.condition, subset)) if subset else side)
            if subset:
                notes.append(f"no run on {side.label} meets the rest: compared is {subset}, a subset of it")
        if not notes:
            return query
        conditions = tuple(Or(*(s.condition for s in sides)) if c == either else c for c in query.conditions)
        ask = replace(query.ask, sides=tuple(sides))
        return replace(query, conditions=conditions, ask=ask, notes=(*query.notes, *notes))

    def _subset_of(self, condition: Filter, rest: Filter) -> str | None:
        """The subset of the condition's data set that runs were trained on, where none were on the whole of it."""
        if not isinstance(condition, Compare) or condition.column != "dataset" or self._any(And(condition, rest)):
            return None
        subsets = [subset for subset, whole in DATASET_FAMILY.items() if whole == condition.value]
        return next((s for s in subsets if self._any(And(Compare("dataset", "=", s), rest))), None)

    def _any(self, condition: Filter) -> bool:
        return bool(self.rows(condition, ("run_id",)))

    def _each_part(self, query: Query) -> Result:
        """The runs of each part in turn, every one once."""
        found = [self.answer(part) for part in query.parts]
        rows = list({row["run_id"]: row for result in found for row in result.rows}.values())
        whole = replace(query, conditions=(Query.any_of(query.parts),))
        result = Result(whole, rows, [1.0] * len(rows), len(rows), parts=found, warnings=_notes(query))
        result.warnings += [warning for one in found for warning in one.warnings if warning not in query.notes]
        result.lacking = [row for one in found for row in one.lacking if row not in rows]
        result.everything = self.known.number_of_runs
        result.nearest = [(value, self._near(value, column)) for value, column in query.unknown]
        if isinstance(query.ask, Check):  # "is the largest model also the best?"
            first, other = ({row["run_id"] for row in one.rows} for one in found)
            result.verdict = bool(first & other) if first and other else None
        result.groups = side_by_side([one.groups for one in found if one.groups], sides_of(query.parts, self.known))
        return result

    def _figures(self, query: Query, figure: Figure) -> Result:
        """Figures, and without groups the runs that they are of."""
        first = self.answer(replace(query, ask=LISTING)) if query.order is not None else None
        among = In("run_id", tuple(row["run_id"] for row in first.rows)) if first else query.condition
        table = self.registry.arrow(columns_of(figure), among, self.now)
        rows = (first.rows if first else self.rows(among, _columns_for(query))) if not figure.by else []
        result = Result(query, rows, [1.0] * len(rows), table.num_rows, warnings=_notes(query))
        if first is not None:
            result.taken, result.lacking, result.across = first.rows, first.lacking, first.across
            result.warnings = first.warnings
        result.groups = figures(table, figure)
        result.verdict, result.because = verdict(result)
        if figure.part is not None:  # the runs that the share is of
            result.rows = [row for row in result.rows if figure.part.condition.matches(row)]
            result.scores = [1.0] * len(result.rows)
            result.total = len(result.rows) if figure.how == "count" and not figure.by else result.total
        self._count_unknown(result)
        if not table.num_rows:
            self._explain_nothing(result)
        return result

    def _count_unknown(self, result: Result) -> None:
        """Runs of which it is not recorded whether they meet the conditions."""
        import pyarrow.compute as pc

        condition = result.query.condition
        reads = sorted(condition.reads())
        if not reads:
            return
        table = self.registry.arrow(reads, None, self.now)
        undecided = pc.is_null(condition.mask(table))
        result.unknown = int(pc.sum(undecided).as_py() or 0)
        if result.unknown:
            table = table.filter(undecided)
            lacks: dict[str, int] = {}
            for leaf in condition.leaves():
                count = int(pc.sum(pc.is_null(leaf.mask(table))).as_py() or 0)
                lacks[leaf.column] = max(count, lacks.get(leaf.column, 0))
            result.unrecorded = tuple((column, count) for column, count in lacks.items() if count)

    def _sort(self, result: Result) -> None:
        query = result.query
        rows = sorted(result.rows, key=lambda row: row["run_id"])
        if query.like is not None:
            self._by_likeness(result, rows)
        elif query.order is not None:
            self._by_order(result, rows, query.order)
        elif query.words:
            scores = text_scores(rows, query.words, self.known)
            ranked = sorted(zip(scores, rows, strict=True), key=lambda pair: -pair[0])
            result.rows, result.scores = [row for _, row in ranked], [round(score, 4) for score, _ in ranked]
        else:
            oldest = datetime.min.replace(tzinfo=self.now.tzinfo)
            result.rows = sorted(rows, key=lambda row: row["created_at"] or oldest, reverse=True)
        if query.limit is not None:
            result.rows, result.scores = result.rows[: query.limit], result.scores[: query.limit]

    def _by_likeness(self, result: Result, rows: list[Row]) -> None:
        target = self.rows(Compare("run_id", "=", result.query.like or ""))
        if not target:
            result.rows, result.scores, result.total = [], [], 0
            return
        others = [row for row in rows if row["run_id"] != result.query.like]
        ranked = sorted(zip(likeness(others, target[0]), others, strict=True), key=lambda pair: -pair[0])
        if result.query.limit is None:
            ranked = ranked[:LIKE_COUNT]
        result.total = len(others)
        result.rows, result.scores = [row for _, row in ranked], [round(score, 4) for score, _ in ranked]

    def _by_order(self, result: Result, rows: list[Row], order: Order) -> None:
        known = [row for row in rows if value_of(row, order.column) is not None]
        lacking = [row for row in rows if value_of(row, order.column) is None]
        if not order.keep:
            result.lacking, lacking = lacking, []
        known.sort(key=lambda row: value_of(row, order.column), reverse=order.descending)
        sides = list(by_basis(known, order.column).values()) or [[]]
        sides[-1] += lacking
        result.across = len({row.get("dataset") for row in known}) > 1
        result.total, result.rows = len(known) + len(lacking), []
        for side in sides:
            self._cut(result, side, order)
        if len(sides) > 1:
            result.runner_up, result.tied = None, []
        result.scores = [1.0] * len(result.rows)

    def _cut(self, result: Result, rows: list[Row], order: Order) -> None:
        """Of rows that compare, in their order: those that are shown."""
        if order.per:
            first = first_of_each(rows, order)
            result.rows += [row for row in rows if row not in first] if order.rest else first
        elif order.count is not None and result.query.sides:  # "compare the best unet and the best dit"
            each = ([row for row in rows if group.condition.matches(row)] for group in result.query.sides)
            chosen = {row["run_id"] for side in each for row in side[: order.count]}
            result.rows += [row for row in rows if row["run_id"] in chosen]
        elif order.count is not None or order.percent is not None:
            count = order.count if order.count is not None else math.ceil(len(rows) * (order.percent or 0) / 100)
            last = order.skip + count
            shown, rest = rows[order.skip : last], rows[last:]
            if order.rest:
                result.rows += rows[: order.skip] + rest
                return
            ties = [row for row in rest if shown and value_of(row, order.column) == value_of(shown[-1], order.column)]
            if order.ties:
                shown, rest = shown + ties, rest[len(ties) :]
            else:
                result.tied = ties
            result.rows, result.runner_up = result.rows + shown, next(iter(rest), None)
        else:
            result.rows += rows

    def _warn_of_bases(self, result: Result, rows: list[Row]) -> None:
        """Where figures that the question asks about were taken in different ways."""
        query, order = result.query, result.query.order.column if result.query.order else None
        asked = dict.fromkeys([*([order] if order else []), *query.show, *query.condition.columns()])
        for column in asked:
            if column in METRIC_COLUMNS or column.startswith("metrics."):
                figures = [row for row in rows if value_of(row, column) is not None]
                if note := not_comparable(figures, column, column == order, self.known):
                    result.warnings.append(note)

    def _fewer_words(self, query: Query) -> Query | None:
        """The query with those words only that some run says together, where none says all of them."""
        plain = [c for c in query.conditions if isinstance(c, Mentions) and c in query.words]
        if not query.loose or len(plain) < 2 or any(column is None for _, column in query.unknown):
            return None
        rest = tuple(c for c in query.conditions if c not in plain)
        kept = best_subset(self.rows(And(*rest)), plain, self.known)
        if not kept:
            return None
        left = ", ".join(f'"{word.phrases[0]}"' for word in plain if word not in kept)
        note = f"no run that meets the rest mentions all of the words: {left} left out"
        return replace(query, conditions=(*rest, *kept), words=kept, notes=(*query.notes, note))

    # -- where nothing, or something close by, was found

    def _explain_nothing(self, result: Result) -> None:
        conditions = result.query.conditions
        result.everything = self.known.number_of_runs
        if len(conditions) > 1:
            for place, condition in enumerate(conditions):
                others = And(*conditions[:place], *conditions[place + 1 :])
                result.dropped.append((format_where(condition, self.known), len(self.rows(others, ("run_id",)))))
        for value, column in result.query.unknown:
            result.nearest.append((value, self._near(value, column)))

    def _no_run_has(self, value: str, column: str) -> str:
        """Of one of several values, such as ImageNet in "runs on MNIST and ImageNet"."""
        near = ", ".join(map(printable, self._near(value, column)))
        told = f"there is no run {printable(value)}"
        if column != "run_id":
            told = f"no run has {label(column)} {printable(value)}"
        return f"{told}; nearest known: {near}" if near else told

    def _near(self, value: str, column: str | None) -> list[str]:
        if column == "run_id":
            return nearest(value, self.known.ids)
        if column is not None and self.known.values.get(column):
            return nearest(value, self.known.values[column])
        named = [v for c in ("dataset", "optimizer", "hardware_kind", "architecture") for v in self.known.values[c]]
        return nearest(value, [*named, *self.known.facets, *self.known.names], like_only=True)

    def _offer(self, result: Result) -> None:
        """Subsets of the data set that was asked for, apart and labelled: they are not what was asked."""
        asked = {
            str(value)
            for leaf in _stated(result.query.condition)
            if leaf.column == "dataset"
            for value in (getattr(leaf, "values", None) or (getattr(leaf, "value", ""),))
        }
        for subset, whole in DATASET_FAMILY.items():
            if whole in asked and subset not in asked and subset in self.known.values["dataset"]:
                swapped = _swapped(result.query.condition, subset)
                near = self.rows(And(swapped, Compare("dataset", "=", subset)))
                if near:
                    result.offered[subset] = sorted(near, key=lambda row: row["run_id"])


def _stated(condition: Filter) -> list[Leaf]:
    """The leaves that no "not" stands before."""
    match condition:
        case Leaf():
            return [condition]
        case And(parts=parts) | Or(parts=parts):
            return [leaf for part in parts for leaf in _stated(part)]
    return []


def _columns_for(query: Query) -> Sequence[str]:
    """The columns of an answer, and what an import has beside them if that is asked for."""
    asked = {*query.show, *query.condition.columns(), *([query.order.column] if query.order else [])}
    match query.ask:
        case Facts(columns=columns):
            asked |= {*columns}
        case Figure():
            asked |= {*columns_of(query.ask)}
        case Check(condition=Filter() as condition):
            asked |= condition.columns()
    return (*COLUMNS, EXTRA) if any(held_in(column) == EXTRA for column in asked) else COLUMNS


def _swapped(condition: Filter, subset: str) -> Filter:
    """The condition with a subset in the place of its data set."""

    def change(leaf: Leaf) -> Filter:
        named = isinstance(leaf, Compare) and leaf.column == "dataset" and leaf.value == DATASET_FAMILY[subset]
        return Compare("dataset", "=", subset) if named else leaf

    return condition.replace(change)


def restrict(query: Query, *conditions: Filter) -> Query:
    """The query with further conditions."""
    return replace(query, conditions=(*query.conditions, *conditions))


def override(query: Query, columns: Sequence[str]) -> Query:
    """The query without its own conditions on these columns: flags beat the words."""
    kept = tuple(c for c in query.conditions if not c.columns() & set(columns))
    unknown = tuple(u for u in query.unknown if u[1] not in columns)
    words = tuple(w for w in query.words if w in kept or "text" not in columns)
    return replace(query, conditions=kept, unknown=unknown, words=words, ask=LISTING if query.sides else query.ask)


def _notes(query: Query) -> list[str]:
    """What is said of the reading: notes, and the words that nothing was made of."""
    said = ", ".join(f'"{words}"' for words in query.unread)
    return [*query.notes, *([f"not understood, so without effect: {said}"] if said else [])]
