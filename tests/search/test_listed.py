"""Values of a column that are listed, and the architecture where it is asked for; against plain Python."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.search.fixture_runs import RUNS

ALL = RUNS
MNIST = [run for run in RUNS if run.dataset == "MNIST"]
FASHION = [run for run in RUNS if run.dataset == "Fashion-MNIST"]
CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]
ADAMW = [run for run in RUNS if run.optimizer == "AdamW"]
ATTENTION = [run for run in RUNS if "attention" in run.tags]
FAILED = [run for run in RUNS if run.status == "failed"]
GPU = [run for run in RUNS if run.hardware != "CPU"]


def card(run):
    return "mps" if "Apple" in run.hardware else run.hardware.removeprefix("8x ").lower().replace(" ", "-")


def field(name):
    return lambda run: str(getattr(run, name))


@pytest.mark.parametrize(
    ("question", "runs", "value"),
    [
        ("list all architectures", ALL, field("architecture")),
        ("show all architectures used on MNIST", MNIST, field("architecture")),
        ("which architectures have I used on Fashion-MNIST?", FASHION, field("architecture")),
        ("which model types have I trained?", ALL, field("architecture")),
        ("what kinds of models do we have?", ALL, field("architecture")),
        ("name the architectures used with AdamW", ADAMW, field("architecture")),
        ("what types of network did I train on CIFAR-10?", CIFAR, field("architecture")),
        ("which optimizers have I used on MNIST?", MNIST, field("optimizer")),
        ("list every optimizer", ALL, field("optimizer")),
        ("which batch sizes were used by failed runs", FAILED, field("batch")),
        ("what prediction targets have been used?", ALL, field("prediction")),
        ("which targets did I use on MNIST", MNIST, field("prediction")),
        ("which datasets did I train with AdamW?", ADAMW, field("dataset")),
        ("can you list all architectures?", ALL, field("architecture")),
        ("please give me a list of the data sets", ALL, field("dataset")),
        ("which attention architectures have I trained", ATTENTION, field("architecture")),
        ("list all optimizers except Adam", [run for run in RUNS if run.optimizer != "Adam"], field("optimizer")),
        ("list every gpu I used", GPU, card),
        ("which graphics cards did we use on MNIST", [run for run in GPU if run.dataset == "MNIST"], card),
        ("what hardware have I used on CIFAR-10", CIFAR, card),
    ],
)
def test_values_come_with_the_number_of_their_runs(ask, question, runs, value):
    result = ask(question)
    assert {row.key: row.value for row in result.groups.rows} == Counter(value(run) for run in runs)
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "runs"),
    [
        ("what model architecture does run-013 have", [RUNS[12]]),
        ("give me the architecture and hardware of run-013", [RUNS[12]]),
        ("what was the architecture of the best CIFAR-10 model", [RUNS[31]]),
        ("which architecture is the best on CIFAR-10", [RUNS[31]]),
        ("which backbone has the lowest FID on CIFAR-10", [RUNS[31]]),
        ("the architecture of each MNIST run", MNIST),
    ],
)
def test_an_architecture_that_is_asked_for_is_shown(ask, question, runs):
    result = ask(question)
    assert {row["run_id"] for row in result.rows} == {run.id for run in runs}
    assert "architecture" in result.query.show
    assert not result.unread


def test_the_architecture_of_the_first_of_each_group_is_shown(ask):
    result = ask("which architecture has the lowest FID on each dataset?")
    best = {}
    for run in RUNS:
        if run.fid is not None and (run.dataset not in best or run.fid < best[run.dataset].fid):
            best[run.dataset] = run
    assert {row["run_id"] for row in result.rows} == {run.id for run in best.values()}
    assert "architecture" in result.query.show


def test_a_number_of_architectures_is_that_of_groups(ask):
    counts = Counter(run.architecture for run in RUNS).most_common(2)
    assert [(row.key, row.value) for row in ask("the 2 architectures with the most runs").groups.rows] == counts
