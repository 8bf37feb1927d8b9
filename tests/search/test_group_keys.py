"""Figures of groups, worked out over Arrow columns, are those that plain Python finds run by run."""

from __future__ import annotations

import statistics
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diffusionlab.registry.filters.conditions import Compare, Contains
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.record.schema import to_table
from diffusionlab.search.answer.figures import figures
from diffusionlab.search.answer.group_keys import ALL, keys_of
from diffusionlab.search.query.query import UNITS, Figure, GroupKey, Side

START = datetime(2024, 11, 25, 20, tzinfo=UTC)
SIDES = (Side("small", Compare("batch_size", "<", 64)), Side("U-Nets", Contains("arch_tags", "unet")))

RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "created_at": st.none() | st.integers(0, 10_000).map(lambda hours: START + timedelta(hours=hours)),
            "arch_tags": st.lists(st.sampled_from(["mlp", "unet", "gan"]), max_size=3),
            "dataset": st.sampled_from([None, "MNIST", "CIFAR-10", "STL-10"]),
            "batch_size": st.sampled_from([None, 32, 64, 128]),
            "metrics": st.fixed_dictionaries({"fid": st.none() | st.integers(0, 9).map(lambda fid: fid + 0.5)}),
        }
    ),
    max_size=40,
)
HOW = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
    "sum": sum,
    "distinct": lambda values: len(set(values)),
    "std": lambda values: statistics.stdev(values) if len(values) > 1 else None,
    "count": len,
}
KEYS = [GroupKey(column) for column in ("dataset", "arch_tags", "batch_size")]
KEYS += [GroupKey("created_at", unit) for unit in UNITS]
GROUPS = st.one_of(
    st.lists(st.sampled_from(KEYS), max_size=3, unique=True).map(lambda keys: {"by": tuple(keys)}),
    st.just({"sides": SIDES}),
)


def run(dataset: str | None, fid: float) -> dict:
    return {"created_at": None, "arch_tags": [], "dataset": dataset, "batch_size": 32, "metrics": {"fid": fid}}


def groups_of(run: dict, figure: Figure) -> list[tuple[str, ...]]:
    if figure.sides:
        return [(side.label,) for side in figure.sides if side.condition.matches(run)]
    return keys_of(run, figure.by) if figure.by else [(ALL,)]


def by_hand(runs: list[dict], figure: Figure) -> tuple[dict, int]:
    """(keys -> value, number of runs and the first ids; runs without a key)."""
    found: dict[tuple[str, ...], list[dict]] = defaultdict(list)
    for run in runs:
        for key in groups_of(run, figure):
            found[key].append(run)
    told = {}
    for key, among in found.items():
        having = [run for run in among if not figure.of or run["fid"] is not None]
        value = HOW[figure.how]([run["fid"] for run in having]) if having else None
        if having and value is not None:
            told[key] = (pytest.approx(value), len(having), tuple(sorted(run["run_id"] for run in having)[:12]))
    return told, sum(not groups_of(run, figure) for run in runs)


@settings(max_examples=100, deadline=None)
@example(runs=[run("MNIST", 2.5), run(None, 3.5)], groups={"by": (GroupKey("batch_size"),)}, how="mean")
@given(runs=RUNS, groups=GROUPS, how=st.sampled_from(sorted(HOW)))
def test_figures_are_those_of_plain_python(runs, groups, how):
    records = [RunRecord(run_id=f"run-{i * 37 % 41:02}", name="x", **run) for i, run in enumerate(runs)]
    rows = [record.to_json() | {"created_at": record.created_at, "fid": record.metrics["fid"]} for record in records]
    rows = [row | {"arch_tags": row["arch_tags"] or None} for row in rows]
    figure = Figure(how, None if how == "count" else "fid", **groups)
    found = figures(to_table(records), figure)
    wanted, without_key = by_hand(rows, figure)
    assert {row.keys: (row.value, row.count, row.runs) for row in found.rows if row.count} == wanted
    if not figure.sides:
        assert found.without_key == without_key
    if found.mixed:
        for dataset, part in found.within:
            wanted, _ = by_hand([row for row in rows if row["dataset"] == dataset], figure)
            assert {row.keys: (row.value, row.count, row.runs) for row in part if row.count} == wanted
        assert {dataset for dataset, _ in found.within} <= {"MNIST", "CIFAR-10", "STL-10"}
    elif figure.of and GroupKey("dataset") not in figure.by and how != "distinct":
        for key in {key for row in rows for key in groups_of(row, figure)}:
            among = {row["dataset"] for row in rows if key in groups_of(row, figure) and row["fid"] is not None}
            assert len(among - {None}) < 2


def test_a_slash_in_a_name_parts_no_group():
    """The first value of each data set, of which one is called as another and a value of the second key together."""
    named = [("a", "b"), ("a / b", "c"), ("a", "b / c"), ("a", "b / c")]
    records = [
        RunRecord(run_id=f"run-{i}", name="x", dataset=dataset, optimizer=optimizer)
        for i, (dataset, optimizer) in enumerate(named)
    ]
    by = (GroupKey("dataset"), GroupKey("optimizer"))
    counted = figures(to_table(records), Figure("count", by=by))
    assert {row.keys: row.value for row in counted.rows} == {("a", "b"): 1, ("a", "b / c"): 2, ("a / b", "c"): 1}
    first = figures(to_table(records), Figure("count", by=by, descending=True, count=1, per=by[:1]))
    assert [row.keys for row in first.rows] == [("a", "b / c"), ("a / b", "c")]
