"""Yes or no of all runs or of most, of numbers alone and of the largest number.

The conditions before the last tell the runs, the last is what is asked of them.
"""

from __future__ import annotations

import pytest

from tests.search.fixture_runs import RUNS

MNIST = [run for run in RUNS if run.dataset == "MNIST"]
BEST = min((run for run in RUNS if run.fid), key=lambda run: run.fid)


def in_april(run):
    return (run.created.year, run.created.month) == (2025, 4)


def under(run, bound):
    return run.fid is not None and run.fid < bound


@pytest.mark.parametrize(
    ("question", "subject", "told"),
    [
        ("are all runs with an FID under 10 unets?", lambda r: under(r, 10), lambda r: "unet" in r.tags),
        ("are the runs with an FID under 10 unets?", lambda r: under(r, 10), lambda r: "unet" in r.tags),
        (
            "are all runs on CPU with lr 1e-3 finished?",
            lambda r: r.hardware == "CPU" and r.lr == 1e-3,
            lambda r: r.status == "finished",
        ),
        (
            "did every run started in April with attention finish?",
            lambda r: in_april(r) and "attention" in r.tags,
            lambda r: r.status == "finished",
        ),
        ("are all runs above FID 50 on CPU?", lambda r: r.fid and r.fid > 50, lambda r: r.hardware == "CPU"),
        (
            "are all finished runs on MNIST with AdamW unets?",
            lambda r: r.status == "finished" and r.dataset == "MNIST" and r.optimizer == "AdamW",
            lambda r: "unet" in r.tags,
        ),
        (
            "are all MNIST runs finished and on CPU?",
            lambda r: r.dataset == "MNIST",
            lambda r: r.status == "finished" and r.hardware == "CPU",
        ),
        (
            "were all MNIST runs trained on CPU with AdamW?",
            lambda r: r.dataset == "MNIST",
            lambda r: r.hardware == "CPU" and r.optimizer == "AdamW",
        ),
        (
            "are all unets trained on MNIST finished?",
            lambda r: "unet" in r.tags and r.dataset == "MNIST",
            lambda r: r.status == "finished",
        ),
        (
            "do all runs with attention use AdamW and cosine?",
            lambda r: "attention" in r.tags,
            lambda r: r.optimizer == "AdamW" and r.schedule == "cosine",
        ),
        (
            "have no runs failed in April?",
            lambda r: True,
            lambda r: not (r.status == "failed" and in_april(r)),
        ),
        ("were all failed runs from April?", lambda r: r.status == "failed", in_april),
        ("do all runs use AdamW on MNIST?", lambda r: r.dataset == "MNIST", lambda r: r.optimizer == "AdamW"),
        (
            "did all MNIST runs finish in June?",
            lambda r: r.dataset == "MNIST",
            lambda r: r.status == "finished" and f"{r.modified:%Y-%m}" == "2025-06",
        ),
        (
            "are all unets on MNIST or CIFAR-10?",
            lambda r: "unet" in r.tags,
            lambda r: r.dataset in ("MNIST", "CIFAR-10"),
        ),
        (
            "has every finished MNIST run got a FID?",
            lambda r: r.status == "finished" and r.dataset == "MNIST",
            lambda r: r.fid is not None,
        ),
        (
            "is no unet on MNIST failed?",
            lambda r: "unet" in r.tags and r.dataset == "MNIST",
            lambda r: r.status != "failed",
        ),
    ],
)
def test_what_is_asked_of_all_of_some_runs(ask, question, subject, told):
    runs = [run for run in RUNS if subject(run)]
    found = ask(question)
    assert runs and {row["run_id"] for row in found.rows} == {run.id for run in runs}
    assert found.verdict == all(told(run) for run in runs)
    against = sum(not told(run) for run in runs)
    assert f"{against} of {len(runs)} runs" in found.because if against else "all" in found.because


def test_what_is_asked_of_most_of_some_runs(ask):
    runs = [run for run in RUNS if under(run, 10)]
    on = sum(run.dataset == "CIFAR-10" for run in runs)
    found = ask("are most runs under FID 10 on CIFAR-10?")
    assert found.verdict == (on > len(runs) / 2) and found.because == f"{on} of {len(runs)} runs are"


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("MNIST runs better than 12", lambda r: r.dataset == "MNIST" and under(r, 12)),
        ("runs worse than 50", lambda r: r.fid and r.fid > 50),
        ("runs no worse than 8.3", lambda r: r.fid and r.fid <= 8.3),
        ("runs with a val loss better than 0.03", lambda r: r.val_loss and r.val_loss < 0.03),
        ("runs with batch size 512 better than 10", lambda r: r.batch == 512 and under(r, 10)),
    ],
)
def test_better_and_worse_than_a_number_are_of_the_measure(ask, question, wanted):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == {run.id for run in RUNS if wanted(run)} and not found.unread


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("is no run on CelebA better than 10?", None),  # one of them has no FID
        ("is no run on STL-10 better than 20?", True),
        ("is every MNIST run better than 30?", False),
        (f"is {BEST.id} better than 5?", True),
    ],
)
def test_whether_runs_are_better_than_a_number(ask, question, verdict):
    assert ask(question).verdict is verdict


@pytest.mark.parametrize(
    ("question", "figure"),
    [
        ("is {} the largest batch size?", max(run.batch for run in RUNS)),
        ("is the largest batch size {}?", max(run.batch for run in RUNS)),
        ("is {} the lowest number of epochs?", min(run.epochs for run in RUNS)),
        ("is {} the best FID?", BEST.fid),
        ("is the best FID {}?", BEST.fid),
        ("is {} the highest learning rate on MNIST?", max(run.lr for run in MNIST)),
        ("is the best FID on MNIST {}?", min(run.fid for run in MNIST if run.fid)),
        ("is {} the best batch size?", BEST.batch),
    ],
)
def test_whether_a_number_is_the_largest(ask, question, figure):
    for number, so in ((figure, True), (2 * figure, False)):
        found = ask(question.format(number))
        assert found.verdict is so and not found.unread


def test_a_rounded_number_is_named_as_not_understood(ask):
    found = ask("is 457M the largest number of parameters?")
    assert found.unread == ("457M",) and [row.value for row in found.groups.rows] == [max(run.params for run in RUNS)]
