"""Runs beside the best of others, and figures that are reached; against plain Python."""

from __future__ import annotations

import pytest

from tests.search.fixture_runs import RUNS


def extreme(wanted, column="fid", take=min):
    """The best of a column among some runs, for each data set."""
    found = {}
    for run in RUNS:
        if wanted(run) and getattr(run, column) is not None:
            found.setdefault(run.dataset, []).append(getattr(run, column))
    return {dataset: take(values) for dataset, values in found.items()}


def ids(wanted):
    return {run.id for run in RUNS if wanted(run)}


def beats(run, bounds, column="fid", worse=False):
    """Whether a run is better (or worse) than the bound of its data set."""
    value, bound = getattr(run, column), bounds.get(run.dataset)
    return value is not None and bound is not None and (value > bound if worse else value < bound)


DIT = extreme(lambda r: "dit" in r.tags)
DIT_LOSS = extreme(lambda r: "dit" in r.tags, "val_loss")
UNET = extreme(lambda r: "unet" in r.tags, take=max)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (
            "unets that beat the best DiT on CIFAR-10",
            lambda r: "unet" in r.tags and r.dataset == "CIFAR-10" and beats(r, DIT),
        ),
        (
            "everything on CIFAR-10 that is worse than the best DiT",
            lambda r: r.dataset == "CIFAR-10" and beats(r, DIT, worse=True),
        ),
        ("runs better than the best DiT", lambda r: beats(r, DIT)),
        ("runs with a lower val loss than the best DiT", lambda r: beats(r, DIT_LOSS, "val_loss")),
        ("runs worse than the worst unet", lambda r: beats(r, UNET, worse=True)),
        (
            "runs that are better than the best DiT and use AdamW",
            lambda r: r.optimizer == "AdamW" and beats(r, DIT),
        ),
        (
            "models larger than the largest MLP",
            lambda r: r.params > max(run.params for run in RUNS if "mlp" in run.tags),
        ),
        (
            "which runs are smaller than the smallest DiT?",
            lambda r: r.params < min(run.params for run in RUNS if "dit" in run.tags),
        ),
    ],
)
def test_beside_the_best_of_others(ask, question, wanted):
    result = ask(question)
    assert {row["run_id"] for row in result.rows} == ids(wanted) and not result.unread
    assert not result.query.order and result.query.notes


@pytest.mark.parametrize(
    ("question", "column", "bound"),
    [
        ("which runs reached an FID of 10?", "fid", 10),
        ("runs that reach fid 15", "fid", 15),
        ("runs hitting a validation loss of 0.025", "val_loss", 0.025),
        ("runs that reached 15 fid", "fid", 15),
    ],
)
def test_a_figure_that_is_reached_is_a_bound(ask, question, column, bound):
    result = ask(question)
    assert {row["run_id"] for row in result.rows} == ids(
        lambda r: getattr(r, column) is not None and getattr(r, column) <= bound
    )
    assert not result.unread


def test_the_smallest_that_reaches_a_figure(ask):
    result = ask("cheapest model to reach fid 15 on mnist")
    reached = [r for r in RUNS if r.dataset == "MNIST" and r.fid is not None and r.fid <= 15]
    smallest = min(run.params for run in reached)
    assert {row["run_id"] for row in result.rows} == {run.id for run in reached if run.params == smallest}


def test_a_setting_that_is_reached_is_none(ask):
    assert {row["run_id"] for row in ask("runs that reached 100 epochs").rows} == ids(lambda r: r.epochs == 100)
