"""A condition and its opposite, of each of which a figure or the first run is asked; against plain Python."""

from __future__ import annotations

import statistics

import pytest

from tests.search.fixture_runs import RUNS

CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]
FASHION = [run for run in RUNS if run.dataset == "Fashion-MNIST"]


def sides(runs, tag):
    return [run for run in runs if tag in run.tags], [run for run in runs if tag not in run.tags]


def first_of(runs, key="fid", reverse=False):
    return sorted((r for r in runs if getattr(r, key) is not None), key=lambda r: getattr(r, key), reverse=reverse)


@pytest.mark.parametrize(
    ("question", "runs", "tag", "count"),
    [
        ("the best run with and without attention on CIFAR-10", CIFAR, "attention", 1),
        ("best FID with attention and without attention on Fashion-MNIST", FASHION, "attention", 1),
        ("lowest FID with attention and without on Fashion-MNIST", FASHION, "attention", 1),
        ("best conditional and unconditional run on CIFAR-10", CIFAR, "conditional", 1),
        ("the two best runs on CIFAR-10 with and without attention", CIFAR, "attention", 2),
    ],
)
def test_the_best_of_each(ask, question, runs, tag, count):
    result = ask(question)
    found = [[row["run_id"] for row in part.rows] for part in result.parts]
    assert found == [[run.id for run in first_of(side)[:count]] for side in sides(runs, tag)]
    assert not result.unread


def test_the_latest_of_each(ask):
    found = [part.rows[0]["run_id"] for part in ask("latest run with and without attention").parts]
    assert found == [first_of(side, "created", True)[0].id for side in sides(RUNS, "attention")]


@pytest.mark.parametrize(
    ("question", "figure"),
    [
        ("mean FID of the runs with attention on CIFAR-10 vs without", "fid"),
        ("mean FID with attention and without on CIFAR-10", "fid"),
        ("mean val loss of runs with attention on CIFAR-10 and without", "val_loss"),
    ],
)
def test_a_mean_of_each(ask, question, figure):
    result = ask(question)
    known = [[v for run in side if (v := getattr(run, figure)) is not None] for side in sides(CIFAR, "attention")]
    assert [row.value for row in result.groups.rows] == pytest.approx([statistics.mean(side) for side in known])
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "runs"),
    [
        (
            "best run with attention and without conditioning",
            [run for run in sides(RUNS, "attention")[0] if "conditional" not in run.tags],
        ),
        ("best run with or without attention on CIFAR-10", CIFAR),
    ],
)
def test_the_best_of_all(ask, question, runs):
    result = ask(question)
    assert [row["run_id"] for row in result.rows] == [first_of(runs)[0].id]
    assert not result.parts


@pytest.mark.parametrize(
    "question",
    ["how many runs with attention and how many without?", "number of runs with attention and without"],
)
def test_a_number_of_each(ask, question):
    result = ask(question)
    assert [row.value for row in result.groups.rows] == [len(side) for side in sides(RUNS, "attention")]
    assert not result.unread
