"""Sides that a repeated preposition or figure keeps apart, and places counted from the end; against plain Python."""

from __future__ import annotations

import statistics

import pytest

from tests.search.fixture_runs import RUNS

MNIST = [run for run in RUNS if run.dataset == "MNIST"]
CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]


def having(tag, runs=RUNS):
    return [run for run in runs if tag in run.tags]


def using(optimizer, runs=RUNS):
    return [run for run in runs if run.optimizer == optimizer]


def of_month(month, runs=RUNS):
    return [run for run in runs if run.c.startswith(month)]


def ordered(runs, key="fid", reverse=False):
    known = [run for run in runs if getattr(run, key) is not None]
    return sorted(known, key=lambda run: getattr(run, key), reverse=reverse)


def mean_fid(runs):
    return statistics.mean(run.fid for run in runs if run.fid is not None)


@pytest.mark.parametrize(
    ("question", "sides", "figure"),
    [
        ("how many runs on MNIST and on CIFAR-10", (MNIST, CIFAR), len),
        ("how many runs on MNIST and how many on CIFAR-10?", (MNIST, CIFAR), len),
        ("how many use Adam and how many use Lion?", (using("Adam"), using("Lion")), len),
        ("average fid of U-Nets and of DiTs", (having("unet"), having("dit")), mean_fid),
        ("mean FID for U-Nets and mean FID for DiTs", (having("unet"), having("dit")), mean_fid),
        ("were there more runs in April than in May?", (of_month("2025-04"), of_month("2025-05")), len),
        (
            "how many AdamW runs on MNIST and on CIFAR-10?",
            (using("AdamW", MNIST), using("AdamW", CIFAR)),
            len,
        ),
    ],
)
def test_a_figure_of_each_side(ask, question, sides, figure):
    result = ask(question)
    assert [row.value for row in result.groups.rows] == pytest.approx([figure(side) for side in sides])
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "sides", "key", "reverse"),
    [
        ("best FID for U-Nets and for DiTs", (having("unet"), having("dit")), "fid", False),
        ("the latest run on MNIST and on CIFAR-10", (MNIST, CIFAR), "created", True),
        ("oldest run of MNIST and of CIFAR-10", (MNIST, CIFAR), "created", False),
    ],
)
def test_the_first_of_each_side(ask, question, sides, key, reverse):
    result = ask(question)
    assert [part.rows[0]["run_id"] for part in result.parts] == [ordered(side, key, reverse)[0].id for side in sides]
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "runs"),
    [
        ("the latest run with EMA and with attention", having("attention")),
        ("the best run on MNIST and with guidance", having("cfg", MNIST)),
    ],
)
def test_conditions_of_one_run_are_no_sides(ask, question, runs):
    result = ask(question)
    assert not result.parts and {row["run_id"] for row in result.rows} <= {run.id for run in runs}


@pytest.mark.parametrize(
    ("question", "run"),
    [
        ("the worst but one FID", ordered(RUNS, reverse=True)[1]),
        ("the best but one on CIFAR-10", ordered(CIFAR)[1]),
        ("the best run but two", ordered(RUNS)[2]),
        ("the last but one run", ordered(RUNS, "created", reverse=True)[1]),
        ("penultimate run on MNIST", ordered(MNIST, "created", reverse=True)[1]),
        ("third to last run", ordered(RUNS, "created", reverse=True)[2]),
        ("next to last CIFAR-10 run", ordered(CIFAR, "created", reverse=True)[1]),
    ],
)
def test_places_from_the_end(ask, question, run):
    result = ask(question)
    assert [row["run_id"] for row in result.rows] == [run.id] and not result.unread


def test_how_many_more_of_a_field_one_run_has(ask, engine):
    result = ask("how many more epochs does run-030 have than run-029?")
    epochs = {run.id: run.epochs for run in RUNS}
    assert "epochs" in result.query.show and not result.unread
    assert {row["epochs"] for row in result.rows} == {epochs["run-029"], epochs["run-030"]}
