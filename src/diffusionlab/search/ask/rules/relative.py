"""Conditions relative to a run ("same dataset as run-020", "lower fid than run-019") or to another condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diffusionlab.registry.filters.conditions import Compare, In, IsNull
from diffusionlab.registry.filters.filter import NOTHING, And, Filter, Not
from diffusionlab.registry.record.columns import (
    MEASURES,
    compares_within,
    in_settings,
    is_recorded,
    kind_of,
    label,
    value_of,
)
from diffusionlab.registry.record.comparable import basis_column, basis_of
from diffusionlab.search.ask.rules.fields import COMPARATIVES
from diffusionlab.search.ask.rules.reading import NUMERIC, SOFT, Reading, directed
from diffusionlab.search.read.files import as_pattern
from diffusionlab.search.read.special_filters import SettingIs
from diffusionlab.search.read.text import Matches
from diffusionlab.search.time.periods import floor, shift

_TEMPORAL = {
    "after": ">",
    "since": ">=",
    "newer": ">",
    "later": ">",
    "younger": ">",
    "before": "<",
    "older": "<",
    "earlier": "<",
    "until": "<=",
    "preceding": "<",
    **dict.fromkeys(("precedes", "preceded"), "<"),
    **dict.fromkeys(("following", "followed", "follows", "succeeded", "succeeds"), ">"),
}
_WITHIN_SAME = ("field", "filler", "connector", "carrier", "break", "noun", "than", "moment")
_HAVING = ("with", "having", "have", "has", "using", "use", "that have", "which have")
_SHARING = ("sharing", "share", "shares", "shared")
_CARDS = ("gpu", "gpus", "graphics card", "card")
_PERIODS = ("day", "week", "month", "quarter", "year", "hour")


def same_as(r: Reading, i: int) -> int:
    """Same dataset and optimizer as run-020, as many epochs as run-020, on the same day as run-020."""
    if r.kind(i) != "same":
        return 0
    columns, periods, j = [], [], i + 1
    while r.kind(j) in _WITHIN_SAME or r.words(j) in _CARDS:
        if r.kind(j) == "field":
            columns.append(r.items[j].payload)
        elif r.words(j) in ("architecture", "architectures"):
            columns.append("architecture")
        elif r.words(j) in _CARDS:
            columns.append("hardware_kind")
        elif r.words(j) in (*_PERIODS, "date"):
            periods.append(r.words(j).replace("date", "day"))
        j += 1
    if r.kind(j) != "run" or not (columns or periods):
        return 0
    row = r.facts(j)
    if row is None:
        return r.emit(i, j + 1, "run_id", NOTHING)
    if bounded := _as_many(r, i, j, columns, row):
        return bounded
    parts = [_equal(r, row, column) for column in columns]
    parts += [_in_period(r, row, unit) for unit in periods]
    after, other = _but_another(r, j + 1, row)
    others = Not(In("run_id", r.items[j].payload))
    return r.emit(i, after, "same", And(*parts, *other, others))


def _as_many(r: Reading, i: int, run: int, columns: list[str], row: Mapping[str, Any]) -> int:
    """ "AT LEAST as many epochs as run-019"."""
    bound = r.out[-1].payload if r.out and r.out[-1].kind == "comparator" else ""
    if bound not in (">=", "<=") or len(columns) != 1 or not is_recorded(row, columns[0]):
        return 0
    if kind_of(columns[0]) not in NUMERIC:
        return 0
    r.out.pop()
    after, other = _but_another(r, run + 1, row)
    return r.emit(i, after, columns[0], And(Compare(columns[0], bound, value_of(row, columns[0])), *other))


def of_run(r: Reading, i: int) -> int:
    """With the batch size of run-030: the same one."""
    j = r.skip(i + 1, 2, ("filler",))
    k = r.skip(j + 1, 2, ("filler",))
    if r.words(i) not in (*_HAVING, *_SHARING) or r.kind(j) != "field" or r.kind(k) != "run":
        return 0
    if "of" not in (r.words(place) for place in range(j + 1, k)):
        return 0
    row = r.facts(k)
    if row is None:
        return r.emit(i, k + 1, "run_id", NOTHING)
    equal = _equal(r, row, r.items[j].payload)
    return r.emit(i, k + 1, "same", And(equal, Not(In("run_id", r.items[k].payload))))


def _equal(r: Reading, row: Mapping[str, Any], column: str) -> Filter:
    column = "arch_tags" if column == "architecture" and not row.get("architecture") else column
    value = value_of(row, column)
    if not is_recorded(row, column):
        r.notes.append(f"{row['run_id']} has no recorded {label(column)} to compare with")
        return NOTHING
    if in_settings(column) and (isinstance(value, bool) or not isinstance(value, int | float)):
        return SettingIs(column, str(value))  # off, too
    if column == "path":  # "the same folder"
        return Matches(rf"^{as_pattern(str(value).rpartition('/')[0])}\/[^\/]*$", column)
    return Compare(column, "=", value)


def _in_period(r: Reading, row: Mapping[str, Any], unit: str) -> Filter:
    """In the day (week, ...) in which the run of the row was created, or modified where that was spoken of."""
    spoken = [item.payload for item in r.out if item.kind == "moment"]
    column = spoken[-1] if spoken else "created_at"
    if not (moment := row.get(column)):
        return NOTHING
    start = floor(moment, unit)
    return And(Compare(column, ">=", start), Compare(column, "<", shift(start, unit, 1)))


def _but_another(r: Reading, after: int, row: Mapping[str, Any]) -> tuple[int, list[Filter]]:
    """ "(same architecture as run-017) but another dataset": (index after it, its condition)."""
    k = r.skip(after, 4, (*SOFT, "connector", "break", "not"))
    said = {r.words(place) for place in range(after, k)}
    if r.kind(k) == "field" and said & {"another", "different", "other"}:
        return k + 1, [Not(_equal(r, row, r.items[k].payload))]
    return after, []


def apart(r: Reading, i: int) -> int:
    """What sets run-019 apart from run-021: a comparison, no exception."""
    if not (r.kind(i) == "not" and r.words(i) == "apart from" and r.kind(i + 1) == "run"):
        return 0
    return r.versus(i) if r.out and r.out[-1].kind == "run" else 0


def against_run(r: Reading, i: int) -> int:
    """Lower fid than run-019, more parameters than run-020, newer than run-020."""
    for read in (_temporal, _neighbour, _comparator, _comparative):
        if found := read(r, i):
            operator, column, run, after = found
            break
    else:
        return 0
    if column is None:
        column = r.field or meant(r, i)
    if _is_pair(r):  # "is run-036 better than run-023?"
        r.versus(i, operator, None if operator in ("best", "worst") and not r.field else column)
        return run
    if kind_of(column) not in (*NUMERIC, "time"):
        return 0
    facts = r.facts(run)
    if facts is None:
        return r.emit(i, after, "run_id", NOTHING)
    value = value_of(facts, column)
    if value is None:
        r.notes.append(f"{facts['run_id']} has no {label(column)} to compare with")
        return r.emit(i, after, column, NOTHING)
    counted = len(r.out) > 1 and r.out[-1].kind == "noun" and r.out[-2].kind == "number"  # "the two runs after"
    if column == "created_at" and (counted or _is_one(r)):
        r.neighbour = operator == ">"
    r.against = facts
    bound = comparable(r, Compare(column, directed(operator, column), value), facts)
    if operator in ("best", "worst"):
        bound = _on_its_data(r, bound, column, facts)
    emitted = r.emit(i, after, column, bound)
    r.passed = [item for item in r.passed if item is not r.items[i]]  # "previous run to run-020"
    return emitted


def also_against(r: Reading, i: int) -> int:
    """(Better FID than run-019) but with fewer parameters: than that run has."""
    operator = COMPARATIVES.get(r.words(i))
    j = r.skip(i + 1, 2, ("filler",))
    if r.against is None or operator is None or r.kind(j) != "field" or kind_of(r.items[j].payload) not in NUMERIC:
        return 0
    column = r.items[j].payload
    value = r.against.get(column)
    if value is None or r.kind(r.skip(j + 1, 2, ("filler",))) in ("number", "than", "comparator", "run"):
        return 0
    return r.emit(i, j + 1, column, comparable(r, Compare(column, directed(operator, column), value), r.against))


def meant(r: Reading, i: int) -> str:
    """The column that the comparing word at i is about by itself."""
    if r.words(i).startswith(("larger", "bigger", "smaller", "lighter", "heavier")):
        return "num_parameters"
    if r.words(i).startswith(("longer", "shorter")):
        if r.known.has("seconds"):
            return "seconds"
        r.notes.append(f'"{r.words(i)}" is read as a number of epochs, as no run has a recorded duration')
        return "epochs"
    return MEASURES[0]


Relation = tuple[str, str | None, int, int]  # operator, column if said, place of the run, place after all


def _neighbour(r: Reading, i: int) -> Relation | None:
    """Previous run to run-020, next run after run-020."""
    operator = {"previous": "<", "preceding": "<", "next": ">", "following": ">"}.get(r.words(i))
    j = r.skip(i + 2, 3, (*SOFT, "to", "than"))
    if operator is None or r.kind(i + 1) != "noun" or r.words(i + 1).endswith("s") or r.kind(j) != "run":
        return None
    r.neighbour = operator == ">"
    return operator, "created_at", j, j + 1


def _temporal(r: Reading, i: int) -> Relation | None:
    """Newer than run-020, since run-020."""
    operator = _TEMPORAL.get(r.words(i))
    j = r.skip(i + 1, 4, (*SOFT, "than"))
    if (
        operator is None
        or r.kind(i) not in ("filler", "comparative", "afterwards", "text", "connector")
        or r.kind(j) != "run"
    ):
        return None
    return operator, "created_at", j, j + 1


def _comparator(r: Reading, i: int) -> Relation | None:
    """COMPARATOR [FIELD] RUN [in FIELD]: "more parameters than run-020", "better than run-020 in fid"."""
    if r.kind(i) != "comparator" or r.items[i].payload not in ("<", "<=", ">", ">=", "best", "worst"):
        return None
    j, column = r.skip(i + 1), None
    if r.kind(j) == "field":
        column, j = r.items[j].payload, r.skip(j + 1, 3, (*SOFT, "than"))
    elif r.kind(j) == "than":
        j += 1
    if r.kind(j) != "run":
        return None
    k = r.skip(j + 1, 4)
    if r.kind(k) == "field" and column is None and kind_of(r.items[k].payload) in NUMERIC:
        return r.items[i].payload, r.items[k].payload, j, k + 1
    return r.items[i].payload, column, j, j + 1


def _comparative(r: Reading, i: int) -> Relation | None:
    """Lower FIELD [and fewer FIELD] than RUN."""
    operator = COMPARATIVES.get(r.words(i))
    j = r.skip(i + 1)
    if r.kind(i) not in ("filler", "comparative") or operator is None or r.kind(j) != "field":
        return None
    joint = r.skip(j + 1, 2, ("connector", "break"))
    if joint > j + 1 and (other := _comparative(r, r.skip(joint, 1, ("filler",)))):
        return operator, r.items[j].payload, other[2], joint
    k = r.skip(j + 1, 3)
    run = r.skip(k + 1)
    return (operator, r.items[j].payload, run, run + 1) if r.kind(k) == "than" and r.kind(run) == "run" else None


def comparable(r: Reading, condition: Compare, facts: Mapping[str, Any]) -> Filter:
    """A condition on a figure, for the runs whose figure was taken as that of the run with `facts` was."""
    taken = basis_column(condition.column)
    if not r.known.values[taken] or taken not in compares_within(condition.column):
        return condition
    basis = basis_of(facts, condition.column)
    return And(condition, Compare(taken, "=", basis) if basis else IsNull(taken))


def _on_its_data(r: Reading, bound: Filter, column: str, facts: Mapping[str, Any]) -> Filter:
    """Better or worse than a run is one on the same data set, where the figure compares within it alone."""
    named = any(item.kind == "condition" and item.payload.category == "dataset" for item in r.items)
    if named or "dataset" not in compares_within(column) or not facts.get("dataset"):
        return bound
    r.notes.append(f"{label(column)} does not compare between data sets: read as runs on {facts['dataset']}")
    return And(bound, Compare("dataset", "=", facts["dataset"]))


def _is_one(r: Reading) -> bool:
    """Whether one run is spoken of just before: "the run before run-020", "what came after run-020"."""
    last = [item for item in r.out if item.kind not in ("filler", "carrier")][-1:]
    if not last:
        said = [item.words.lower() for item in r.out]
        return said[:1] == ["what"] and any(word in ("came", "comes", "followed", "is", "was") for word in said)
    return last[0].kind == "noun" and not last[0].words.lower().endswith("s")


def _is_pair(r: Reading) -> bool:
    """Whether a run was named just before what compares with another."""
    said = [item.kind for item in r.out if item.kind not in SOFT]
    return said[-1:] == ["run"]


def against_value(r: Reading, i: int) -> int:
    """Is attention better than no attention, do transformers outperform unets: a comparison of two conditions."""
    if r.kind(i) != "comparator" or r.items[i].payload not in ("best", "worst"):
        return 0
    before = [item for item in r.out if item.kind not in SOFT][-1:]
    j = r.skip(i + 1, 4, (*SOFT, "than", "not"))
    if not (before and before[0].kind == "condition" and r.kind(j) == "condition"):
        return 0
    if before[0].payload.category != r.items[j].payload.category:
        return 0
    return r.versus(i, r.items[i].payload, r.field)


def without_it(r: Reading, i: int) -> int:
    """(Runs with attention and runs) without it, (more runs with attention than) without: not what was said before."""
    compared = bool(r.out) and r.out[-1].kind == "connector" and r.out[-1].payload == "vs"
    if r.kind(i) == "not" and compared and all(item.words in "?.!" for item in r.items[i + 1 :]):
        before = [item.payload for item in r.out if item.kind == "condition"]
        return r.emit(i, i + 1, before[-1].category, Not(before[-1].filter)) if before else 0
    if r.kind(i) != "not" or r.words(i + 1) not in ("it", "them", "one", "that"):
        return 0
    if r.kind(r.skip(i + 2, 2, ("filler",))) in ("condition", "field", "text", "run"):
        return 0
    said = [item.payload for item in r.out if item.kind == "condition" and item.payload.category == "facet"]
    return r.emit(i, i + 2, "facet", Not(said[-1].filter)) if said else 0


def no_measure(r: Reading, i: int) -> int:
    """Easier than run-020, more beautiful than the others: nothing that is recorded tells, so all of it is unread."""
    said = i + (r.words(i) in ("more", "less"))
    if r.kind(said) not in ("text", "filler") or r.kind(said + 1) != "than":
        return 0
    if said == i and not (r.kind(i) == "text" and r.words(i).endswith("er")):
        return 0
    after = r.skip(said + 2, 2, ("filler", "noun")) + 1
    r.passed += r.items[i : min(after, len(r.items))]
    return min(after, len(r.items))
