"""Runs and kinds of runs beside each other, by a moment, a setting or a mean, with a verdict; against plain Python."""

from __future__ import annotations

import statistics

import pytest

from diffusionlab.search.answer.answer import answer
from tests.search.fixture_runs import RUNS

BY_ID = {run.id: run for run in RUNS}


@pytest.mark.parametrize(
    ("question", "first", "later", "other"),
    [
        ("is run-035 newer than run-036", "run-035", True, "run-036"),
        ("is run-036 newer than run-035?", "run-036", True, "run-035"),
        ("is run-002 older than run-003?", "run-002", False, "run-003"),
        ("was run-020 earlier than run-019", "run-020", False, "run-019"),
    ],
)
def test_one_run_is_newer_than_another(ask, engine, question, first, later, other):
    result = ask(question)
    assert result.verdict is ((BY_ID[first].created > BY_ID[other].created) == later)
    assert all(run in answer(result, engine) for run in (first, other))
    assert not result.unread


@pytest.mark.parametrize("question", ["is run-019 slower than run-020", "are the DiTs newer than the U-Nets"])
def test_a_comparison_that_is_not_understood_gets_no_verdict(ask, question):
    result = ask(question)
    assert result.verdict is None
    assert result.unread


def on(dataset, runs=RUNS):
    return [run for run in runs if run.dataset == dataset]


def with_(runs=RUNS, **settings):
    return [run for run in runs if all(getattr(run, key) == value for key, value in settings.items())]


def is_better(first, second):
    """Whether the best of the first has the lower FID on each data set that both have; None if it depends."""
    wins = set()
    for dataset in {run.dataset for run in first} & {run.dataset for run in second}:
        fids = [[run.fid for run in on(dataset, side) if run.fid is not None] for side in (first, second)]
        wins |= {min(fids[0]) < min(fids[1])} if all(fids) else set()
    return wins.pop() if len(wins) == 1 else None


MNIST, CIFAR, FASHION = on("MNIST"), on("CIFAR-10"), on("Fashion-MNIST")


@pytest.mark.parametrize(
    ("question", "first", "second", "asked"),
    [
        (
            "is batch size 64 better than batch size 128 on fashion mnist",
            with_(FASHION, batch=64),
            with_(FASHION, batch=128),
            True,
        ),
        ("is a batch size of 256 better than 128 on MNIST", with_(MNIST, batch=256), with_(MNIST, batch=128), True),
        ("is lr 1e-3 worse than lr 2e-4 on MNIST?", with_(MNIST, lr=1e-3), with_(MNIST, lr=2e-4), False),
        ("does lr 1e-4 beat 2e-4 on CIFAR-10?", with_(CIFAR, lr=1e-4), with_(CIFAR, lr=2e-4), True),
        ("does lr=1e-4 do better than lr=2e-4 on CIFAR-10", with_(CIFAR, lr=1e-4), with_(CIFAR, lr=2e-4), True),
        (
            "are models trained for 500 epochs better than those trained for 300 epochs on CIFAR-10",
            with_(CIFAR, epochs=500),
            with_(CIFAR, epochs=300),
            True,
        ),
        ("are 500 epochs better than 300 on CIFAR-10", with_(CIFAR, epochs=500), with_(CIFAR, epochs=300), True),
        ("is 512 a better batch size than 128", with_(batch=512), with_(batch=128), True),
        (
            "does batch size 256 give a lower FID than batch size 128 on MNIST",
            with_(MNIST, batch=256),
            with_(MNIST, batch=128),
            True,
        ),
        (
            "is AdamW with lr 1e-4 better than AdamW with lr 2e-4 on CIFAR-10",
            with_(CIFAR, optimizer="AdamW", lr=1e-4),
            with_(CIFAR, optimizer="AdamW", lr=2e-4),
            True,
        ),
        (
            "is AdamW with lr 1e-4 better than Adam with lr 1e-3 on MNIST",
            with_(MNIST, optimizer="AdamW", lr=1e-4),
            with_(MNIST, optimizer="Adam", lr=1e-3),
            True,
        ),
        ("is AdamW a better optimizer than Adam", with_(optimizer="AdamW"), with_(optimizer="Adam"), True),
        (
            "is training for 500 epochs better than training for 300 epochs on CIFAR-10",
            with_(CIFAR, epochs=500),
            with_(CIFAR, epochs=300),
            True,
        ),
    ],
)
def test_one_setting_is_better_than_another(ask, question, first, second, asked):
    result = ask(question)
    sides = [{row["run_id"] for row in result.rows if side.condition.matches(row)} for side in result.query.sides]
    assert sides == [{run.id for run in side} for side in (first, second)]
    better = is_better(first, second)
    assert result.verdict is (None if better is None else better == asked)
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "runs"),
    [
        ("is any CIFAR-10 run with batch size 128 better than 7", with_(CIFAR, batch=128)),
        ("is the fid of batch size 128 better than 7 on CIFAR-10", with_(CIFAR, batch=128)),
    ],
)
def test_a_bound_of_the_fid_is_no_setting(ask, question, runs):
    assert {row["run_id"] for row in ask(question).rows} == {run.id for run in runs if run.fid and run.fid < 7}


def having(tag, runs=RUNS):
    return [run for run in runs if tag in run.tags]


def lacking(tag, runs=RUNS):
    return [run for run in runs if tag not in run.tags]


def mean(runs, key):
    return statistics.mean(value for run in runs if (value := getattr(run, key)) is not None)


@pytest.mark.parametrize(
    ("question", "first", "second", "key", "more"),
    [
        ("are unets bigger than DiTs on average?", having("unet"), having("dit"), "params", True),
        ("are dits on average larger than unets?", having("dit"), having("unet"), "params", True),
        ("on average, are DiTs larger than U-Nets?", having("dit"), having("unet"), "params", True),
        ("is CelebA trained with more parameters than CIFAR-10 on average", on("CelebA"), CIFAR, "params", True),
        ("do unets have on average fewer epochs than DiTs", having("unet"), having("dit"), "epochs", False),
        (
            "are conditional models larger than unconditional ones on average",
            having("conditional"),
            lacking("conditional"),
            "params",
            True,
        ),
        (
            "are unets smaller than the DiTs on average on CIFAR-10",
            having("unet", CIFAR),
            having("dit", CIFAR),
            "params",
            False,
        ),
        ("is the average DiT larger than the average unet?", having("dit"), having("unet"), "params", True),
        (
            "is AdamW better on average than Adam on CIFAR-10",
            with_(CIFAR, optimizer="AdamW"),
            with_(CIFAR, optimizer="Adam"),
            "fid",
            False,
        ),
    ],
)
def test_one_mean_is_higher_than_another(ask, question, first, second, key, more):
    result = ask(question)
    means = [mean(side, key) for side in (first, second)]
    assert [row.value for row in result.groups.rows] == pytest.approx(means)
    assert result.verdict is ((means[0] > means[1]) == more)
    assert not result.unread


def test_single_runs_are_beside_a_mean(ask):
    bound = mean(having("dit"), "params")
    found = {row["run_id"] for row in ask("which unets are bigger than DiTs on average?").rows}
    assert found == {run.id for run in having("unet") if run.params > bound}
