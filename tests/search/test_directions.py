"""Runs in a direction that is named, by a column or not; against plain Python."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.search.fixture_runs import RUNS

MNIST = [run for run in RUNS if run.dataset == "MNIST"]
FASHION = [run for run in RUNS if run.dataset == "Fashion-MNIST"]
CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]
A100 = [run for run in RUNS if run.hardware == "A100"]
UNETS = [run for run in RUNS if "unet" in run.tags]


def ordered(runs, key, reverse=False):
    known = [run for run in runs if getattr(run, key) is not None]
    return [run.id for run in sorted(known, key=lambda run: getattr(run, key), reverse=reverse)]


@pytest.mark.parametrize(
    ("question", "runs", "key", "reverse"),
    [
        ("all runs by date, latest first", RUNS, "created", True),
        ("list my runs by month, newest first", RUNS, "created", True),
        ("MNIST runs by day, oldest first", MNIST, "created", False),
        ("show CIFAR-10 runs by date, ascending", CIFAR, "created", False),
        ("all runs by last modified, newest first", RUNS, "modified", True),
        ("Fashion-MNIST runs ordered by batch size, biggest first", FASHION, "batch", True),
        ("runs sorted by image size, biggest first", RUNS, "size", True),
        ("runs sorted by image size, tiniest first", RUNS, "size", False),
        ("sort the A100 runs by number of epochs, most first", A100, "epochs", True),
        ("CIFAR-10 runs, fewest epochs first", CIFAR, "epochs", False),
        ("show the CIFAR-10 runs, best FID first", CIFAR, "fid", False),
        ("rank the MNIST runs, best first", MNIST, "fid", False),
        ("MNIST runs, highest FID first please", MNIST, "fid", True),
        ("MNIST runs, worst validation loss first", MNIST, "val_loss", True),
        ("show MNIST runs with their epochs, lowest val loss first", MNIST, "val_loss", False),
        ("list CIFAR-10 runs by epochs, descending", CIFAR, "epochs", True),
        ("CIFAR-10 runs by learning rate, highest first", CIFAR, "lr", True),
        ("list U-Nets, biggest first", UNETS, "params", True),
        ("list U-Nets, largest first", UNETS, "params", True),
        ("MNIST runs by optimizer, ascending", MNIST, "optimizer", False),
    ],
)
def test_all_runs_in_the_direction_that_is_named(ask, question, runs, key, reverse):
    result = ask(question)
    assert [row["run_id"] for row in result.rows] == ordered(runs, key, reverse)
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "key", "count"),
    [
        ("top 5 runs by batch size, largest first", "batch", 5),
        ("top 5 runs by batch size", "batch", 5),
        ("top 3 runs by epochs, most first", "epochs", 3),
    ],
)
def test_the_top_by_a_setting_are_those_with_most_of_it(ask, question, key, count):
    result = ask(question)
    assert [row["run_id"] for row in result.rows] == ordered(RUNS, key, True)[:count]
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "key", "reverse"),
    [
        ("runs per architecture, most common first", "architecture", True),
        ("runs per optimizer, fewest first", "optimizer", False),
        ("number of runs per dataset, most first", "dataset", True),
        ("runs for each schedule, descending", "schedule", True),
    ],
)
def test_groups_in_the_direction_that_is_named(ask, question, key, reverse):
    result = ask(question)
    values = [row.value for row in result.groups.rows]
    assert {row.key: row.value for row in result.groups.rows} == Counter(getattr(run, key) for run in RUNS)
    assert values == sorted(values, reverse=reverse)
    assert not result.unread


def test_runs_that_are_counted_by_month_are_groups(ask):
    result = ask("count runs by month, most first")
    assert {row.key: row.value for row in result.groups.rows} == Counter(run.c[:7] for run in RUNS)
    assert not result.unread


def test_the_latest_run_by_month_is_one_of_each(ask):
    last = {run.c[:7]: run.id for run in sorted(RUNS, key=lambda run: run.created)}
    assert {row["run_id"] for row in ask("latest run by month").rows} == set(last.values())
    assert {row["run_id"] for row in ask("latest run of each month").rows} == set(last.values())


def test_a_by_that_makes_no_order_is_named(ask):
    result = ask("runs by optimizer, newest first")
    assert [row["run_id"] for row in result.rows] == ordered(RUNS, "created", True)
    assert result.unread


@pytest.mark.parametrize(
    ("question", "group", "key", "reverse"),
    [
        ("runs with the highest batch size for each optimizer", "optimizer", "batch", True),
        ("max batch size for each optimizer", "optimizer", "batch", True),
        ("lowest learning rate per optimizer", "optimizer", "lr", False),
        ("the run with the most epochs of each data set", "dataset", "epochs", True),
    ],
)
def test_equals_of_the_first_of_each_group_are_kept(ask, question, group, key, reverse):
    found = {row["run_id"] for row in ask(question).rows}
    first = {}
    for run in sorted(RUNS, key=lambda run: getattr(run, key), reverse=reverse):
        first.setdefault(getattr(run, group), getattr(run, key))
    assert found == {run.id for run in RUNS if getattr(run, key) == first[getattr(run, group)]}


def test_a_number_of_each_group_is_that_number(ask):
    found = [row["run_id"] for row in ask("the two largest models of each data set").rows]
    for dataset in {run.dataset for run in RUNS}:
        largest = sorted((run.params for run in RUNS if run.dataset == dataset), reverse=True)[:2]
        shown = [run.params for run in RUNS if run.dataset == dataset and run.id in found]
        assert sorted(shown, reverse=True) == largest


def test_a_direction_beside_another_order_is_named(ask):
    assert any("newest first" in note for note in ask("best run of each month, newest first").query.notes)
