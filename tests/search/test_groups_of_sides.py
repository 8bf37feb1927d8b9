"""A figure, or the first run, of each of two kinds in each group; against plain Python."""

from __future__ import annotations

import csv
import io
import statistics

import pytest

from diffusionlab.search.show.output import write_groups_csv
from tests.search.fixture_runs import RUNS
from tests.search.test_sides import again, having, lacking


def of_each(key, *sides, figure=len):
    """(value of the key, number of the side) -> the figure, where there is any run."""
    found = {}
    for place, side in enumerate(sides):
        for value in {key(run) for run in side}:
            found[value, place] = figure([run for run in side if key(run) == value])
    return {group: value for group, value in found.items() if value is not None}


def dataset(run):
    return run.dataset


def month(run):
    return f"{run.created:%Y-%m}"


def mean_fid(runs):
    known = [run.fid for run in runs if run.fid is not None]
    return statistics.mean(known) if known else None


def with_status(status):
    return [run for run in RUNS if run.status == status]


KINDS = having("unet"), having("dit")


@pytest.mark.parametrize(
    ("question", "key", "sides", "figure"),
    [
        ("number of unets and dits per dataset", dataset, KINDS, len),
        ("for every dataset give me the number of unets and DiTs", dataset, KINDS, len),
        ("how many unets and how many DiTs are there on each dataset", dataset, KINDS, len),
        (
            "number of runs with and without attention per dataset",
            dataset,
            (having("attention"), lacking("attention")),
            len,
        ),
        (
            "count of conditional vs unconditional per dataset",
            dataset,
            (having("conditional"), lacking("conditional")),
            len,
        ),
        ("unets vs dits per dataset: mean fid", dataset, KINDS, mean_fid),
        ("average FID of unets and dits per dataset", dataset, KINDS, mean_fid),
        ("how many finished and failed runs per month", month, (with_status("finished"), with_status("failed")), len),
    ],
)
def test_a_figure_of_each_side_in_each_group(ask, engine, question, key, sides, figure):
    result = ask(question)
    labels = [side.label for side in result.query.sides]
    found = {(row.keys[0], labels.index(row.keys[1])): row.value for row in result.groups.rows}
    assert found == pytest.approx(of_each(key, *sides, figure=figure))
    assert not result.unread
    assert again(result, engine).groups == result.groups


def test_their_table_of_values_has_a_column_for_the_side(ask, capsys):
    write_groups_csv(ask("number of unets and dits per dataset").groups)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {(row["dataset"], row["side"]) for row in rows} >= {("MNIST", "unet"), ("MNIST", "dit")}


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("best unet and best DiT for each dataset", KINDS),
        ("best fid of unets and dits per dataset", KINDS),
        ("best conditional and unconditional run per dataset", (having("conditional"), lacking("conditional"))),
    ],
)
def test_the_best_of_each_kind_in_each_group(ask, question, sides):
    result = ask(question)
    expected = of_each(dataset, *[[run for run in side if run.fid is not None] for side in sides], figure=best)
    labels = [side.label for side in result.groups.figure.sides]
    found = {(row.keys[0], labels.index(row.keys[1])): row.runs[0] for row in result.groups.rows}
    assert found == expected
    assert {row["run_id"] for row in result.rows} == set(expected.values())
    assert not result.unread


def best(runs):
    return min(runs, key=lambda run: run.fid).id


def test_two_words_for_groups_that_stand_apart(ask):
    result = ask("how many runs of each optimizer are there on each dataset")
    expected = {}
    for run in RUNS:
        expected[run.optimizer, run.dataset] = expected.get((run.optimizer, run.dataset), 0) + 1
    assert {row.keys: row.value for row in result.groups.rows} == expected
    assert not result.unread


def test_groups_by_what_the_sides_differ_in_are_no_sides(ask):
    result = ask("mean fid per dataset of runs on MNIST and CIFAR-10")
    assert {row.keys for row in result.groups.rows} == {("MNIST",), ("CIFAR-10",)}
