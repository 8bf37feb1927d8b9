"""What is asked of the runs that an order takes: the order first, then the question."""

from __future__ import annotations

import shlex
import statistics

import pytest

from diffusionlab.search.answer.answer import answer
from diffusionlab.search.show.cli import _found, parser
from diffusionlab.search.show.flags import flag_line
from diffusionlab.search.show.options import query_of
from tests.search.fixture_runs import RUNS


def best(count, runs=RUNS, key="fid", reverse=False):
    """The first runs by a column, the smallest values of it first."""
    known = [run for run in runs if getattr(run, key) is not None]
    return sorted(known, key=lambda run: getattr(run, key), reverse=reverse)[:count]


def latest(count, runs=RUNS):
    return sorted(runs, key=lambda run: run.created, reverse=True)[:count]


CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]
MNIST = [run for run in RUNS if run.dataset == "MNIST"]


@pytest.mark.parametrize(
    ("question", "runs", "figure"),
    [
        ("mean fid of the top 5", best(5), lambda runs: statistics.mean(run.fid for run in runs)),
        ("average fid of the five best CIFAR-10 runs", best(5, CIFAR), lambda r: statistics.mean(x.fid for x in r)),
        ("total epochs of the three latest runs", latest(3), lambda runs: sum(run.epochs for run in runs)),
        (
            "median batch size of the two runs with the lowest fid",
            best(2),
            lambda r: statistics.median(x.batch for x in r),
        ),
    ],
)
def test_a_figure_of_the_first_runs(ask, engine, question, runs, figure):
    found = ask(question)
    assert [row.value for row in found.groups.rows] == [pytest.approx(figure(runs))]
    assert {row["run_id"] for row in found.rows} == {run.id for run in runs}
    assert all(run.id in answer(found, engine) for run in runs) and not found.unread


@pytest.mark.parametrize(
    ("question", "runs", "told"),
    [
        ("how many of the top 10 by fid use attention", best(10), lambda run: "attention" in run.tags),
        ("which of the top 5 are transformers", best(5), lambda run: "transformer" in run.tags),
        ("of the ten latest runs, which failed?", latest(10), lambda run: run.status == "failed"),
        ("failed runs among the ten latest", latest(10), lambda run: run.status == "failed"),
        ("did any of the last ten runs fail?", latest(10), lambda run: run.status == "failed"),
        ("is none of the top 5 a transformer", best(5), lambda run: "transformer" not in run.tags),
        ("U-Nets in the top 10", best(10), lambda run: "unet" in run.tags),
        ("how many of the five best MNIST runs used AdamW", best(5, MNIST), lambda run: run.optimizer == "AdamW"),
    ],
)
def test_those_of_the_first_runs_that_are_so(ask, question, runs, told):
    found = ask(question)
    wanted = {run.id for run in runs if told(run)}
    assert {row["run_id"] for row in found.rows} == wanted
    assert [(row.value, row.count) for row in found.groups.rows] == [(len(wanted), len(runs))]


@pytest.mark.parametrize(
    ("question", "runs", "told"),
    [
        ("is the best CIFAR-10 run a transformer", best(1, CIFAR), lambda run: "transformer" in run.tags),
        ("did the latest run fail", latest(1), lambda run: run.status == "failed"),
        ("was the best run on MNIST trained with AdamW?", best(1, MNIST), lambda run: run.optimizer == "AdamW"),
        ("did I train my best run on MNIST", best(1), lambda run: run.dataset == "MNIST"),
        ("does the best CIFAR-10 run have fid below 5", best(1, CIFAR), lambda run: run.fid < 5),
        ("are the 3 best MNIST runs all U-Nets", best(3, MNIST), lambda run: "unet" in run.tags),
        ("are the five latest runs finished", latest(5), lambda run: run.status == "finished"),
    ],
)
def test_yes_or_no_of_the_first_runs(ask, engine, question, runs, told):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == {run.id for run in runs}
    assert found.verdict is all(told(run) for run in runs)
    assert answer(found, engine).startswith("Yes" if found.verdict else "No")


def test_most_of_the_first_runs(ask):
    runs = best(10)
    attention = sum("attention" in run.tags for run in runs)
    assert ask("do most of the ten best runs use attention?").verdict is (attention > len(runs) / 2)


def test_groups_of_the_first_runs(ask):
    wanted = {}
    for run in best(10):
        wanted[run.optimizer] = wanted.get(run.optimizer, 0) + 1
    found = ask("count per optimizer among the top 10 by fid")
    assert {row.key: row.value for row in found.groups.rows} == wanted
    most = ask("which optimizer is most common among the ten best runs").groups.rows
    assert {row.key for row in most} == {name for name, count in wanted.items() if count == max(wanted.values())}


@pytest.mark.parametrize(
    ("question", "column", "how"),
    [
        ("top 3 optimizers by mean fid", "optimizer", "fid"),
        ("optimizers sorted by mean fid, worst first", "optimizer", "fid"),
        ("worst data set by mean val loss", "dataset", "val_loss"),
    ],
)
def test_values_in_the_order_of_their_mean(ask, question, column, how):
    means = {}
    for value in {getattr(run, column) for run in RUNS}:
        known = [getattr(run, how) for run in RUNS if getattr(run, column) == value]
        if known := [number for number in known if number is not None]:
            means[value] = statistics.mean(known)
    ranked = sorted(means, key=lambda value: means[value], reverse="worst" in question)
    found = ask(question)
    count = 3 if "3" in question else 1 if "data set" in question else len(ranked)
    assert [row.key for row in found.groups.rows] == ranked[:count] and not found.unread


@pytest.mark.parametrize(
    "question",
    [
        "mean fid of the top 5",
        "how many of the ten best runs use attention",
        "which optimizer is most common among the ten best runs",
        "count per optimizer among the top 10 by fid",
        "mean epochs of all but the best three",
        "total epochs of the best 10%",
        "is the best CIFAR-10 run a transformer",
    ],
)
def test_the_flags_ask_the_same(ask, engine, question):
    found = ask(question)
    options = parser().parse_intermixed_args(shlex.split(flag_line(found, engine.known)))
    again = engine.answer(query_of(options, "", engine.known, engine.now, False))
    told = [(row.key, row.value, row.count) for row in found.groups.rows] if found.groups else found.verdict
    assert told == ([(row.key, row.value, row.count) for row in again.groups.rows] if again.groups else again.verdict)


@pytest.mark.parametrize(
    ("question", "asked", "told"),
    [
        ("is the Lion run finished?", lambda run: run.optimizer == "Lion", lambda run: run.status == "finished"),
        ("is the RAdam run a transformer?", lambda run: run.optimizer == "RAdam", lambda run: "dit" in run.tags),
        ("are the CIFAR-10 runs finished?", lambda run: run in CIFAR, lambda run: run.status == "finished"),
        ("do my DiTs use attention?", lambda run: "dit" in run.tags, lambda run: "attention" in run.tags),
    ],
)
def test_yes_or_no_of_the_runs_that_conditions_name(ask, engine, question, asked, told):
    found = ask(question)
    runs = [run for run in RUNS if asked(run)]
    assert {row["run_id"] for row in found.rows} == {run.id for run in runs}
    assert found.verdict is all(told(run) for run in runs)
    assert len(runs) > 1 or runs[0].id in answer(found, engine)


@pytest.mark.parametrize(
    ("question", "column"),
    [
        ("when did the Lion run start", "created_at"),
        ("where is the Lion run stored", "path"),
        ("which GPU did the Lion run use", "hardware"),
    ],
)
def test_facts_of_the_run_that_a_condition_names(ask, question, column):
    found = ask(question)
    assert [row["run_id"] for row in found.rows] == [run.id for run in RUNS if run.optimizer == "Lion"]
    assert column in found.query.ask.columns


@pytest.mark.parametrize(
    ("question", "those"),
    [
        ("which of the top 5 are transformers", [run for run in best(5) if "transformer" in run.tags]),
        ("mean fid of the top 5", best(5)),
        ("count per optimizer among the top 10 by fid", best(10)),
    ],
)
def test_those_are_the_runs_of_the_answer(ask, question, those):
    found = _found(ask(question))
    assert {run.id for run in RUNS if found.evaluate({"run_id": run.id})} == {run.id for run in those}
