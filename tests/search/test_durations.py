"""Hours that runs took, in all and in groups, and days between two runs; against plain Python."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.answer import answer
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from tests.search.fixture_runs import NOW, RUNS, records

BY_ID = {run.id: run for run in RUNS}
SECONDS = {run.id: (run.modified - run.created).total_seconds() for run in RUNS}
GPU = [run for run in RUNS if run.hardware != "CPU"]


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The same runs, of which it is recorded how long each took."""
    registry = Registry(tmp_path_factory.mktemp("timed") / "registry")
    registry.upsert([replace(record, seconds=SECONDS[record.run_id]) for record in records()])
    return Engine(registry, NOW)


def total(runs):
    return pytest.approx(sum(SECONDS[run.id] for run in runs))


def on(dataset, runs=RUNS):
    return [run for run in runs if run.dataset == dataset]


HOURS = {
    "total number of training hours on cifar-10": on("CIFAR-10"),
    "number of training hours on mnist": on("MNIST"),
    "total hours on mnist": on("MNIST"),
    "total training time in hours": RUNS,
    "how many hours did I train in total?": RUNS,
    "how many hours did I train on mnist": on("MNIST"),
    "gpu hours of the mnist runs": on("MNIST", GPU),
    "how many gpu hours did the fashion mnist runs take": on("Fashion-MNIST", GPU),
    "total A100 hours": [run for run in RUNS if run.hardware == "A100"],
}


@pytest.mark.parametrize("question", HOURS)
def test_hours_are_a_sum_of_durations(timed, ask, engine, question):
    result = timed.answer(parse(question, timed.known, NOW))
    assert [row.value for row in result.groups.rows] == [total(HOURS[question])] and not result.unread
    assert "recorded duration" in answer(ask(question), engine)


@pytest.mark.parametrize(
    ("question", "runs"),
    [
        ("total training hours per dataset", RUNS),
        ("gpu hours per dataset", GPU),
        ("sum of gpu hours per dataset", GPU),
    ],
)
def test_hours_of_groups(timed, ask, engine, question, runs):
    result = timed.answer(parse(question, timed.known, NOW))
    datasets = {run.dataset for run in runs}
    assert {row.key: row.value for row in result.groups.rows} == {name: total(on(name, runs)) for name in datasets}
    assert not result.unread and "recorded duration" in answer(ask(question), engine)


def test_the_mean_in_hours(timed):
    result = timed.answer(parse("training time in hours per dataset", timed.known, NOW))
    means = {name: sum(SECONDS[r.id] for r in on(name)) / len(on(name)) for name in {run.dataset for run in RUNS}}
    assert {row.key: row.value for row in result.groups.rows} == {k: pytest.approx(v) for k, v in means.items()}
    assert not result.unread


@pytest.mark.parametrize(("question", "runs"), [("most gpu hours", GPU), ("most training hours", RUNS)])
def test_the_group_with_the_most_hours(timed, question, runs):
    result = timed.answer(parse(f"which dataset took the {question}", timed.known, NOW))
    sums = {name: sum(SECONDS[run.id] for run in on(name, runs)) for name in {run.dataset for run in runs}}
    assert [row.key for row in result.groups.rows] == [max(sums, key=lambda name: sums[name])]


def test_hours_may_be_a_word(ask):
    assert "hours" in str(ask('runs that mention "hours"').query.conditions)


@pytest.mark.parametrize(
    "question",
    [
        "how many days between run-014 and run-033",
        "how many days between cifar-unet-base and cifar-unet-edm?",
        "how many weeks between run-014 and run-033",
        "how long between run-014 and run-033",
        "the time between run-014 and run-033",
        "when were run-014 and run-033 started",
    ],
)
def test_days_between_two_runs(ask, engine, question):
    result = ask(question)
    names = {run.name: run.id for run in RUNS}
    one, other = (names["cifar-unet-base"], names["cifar-unet-edm"]) if "cifar" in question else ("run-014", "run-033")
    apart = abs(BY_ID[one].created - BY_ID[other].created)
    assert {row["run_id"] for row in result.rows} == {one, other} and not result.unread
    assert f"{apart.days} d" in answer(result, engine)


def test_the_runs_between_two_are_those_by_number(ask):
    between = {run.id for run in RUNS if "run-014" <= run.id <= "run-020"}
    assert {row["run_id"] for row in ask("runs between run-014 and run-020").rows} == between
