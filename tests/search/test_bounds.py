"""Yes or no of a figure: "is the mean fid below 20", "do I have at least three DiTs", "did more than 10 % fail"."""

from __future__ import annotations

import shlex
import statistics

import pytest

from diffusionlab.search.answer.answer import answer
from diffusionlab.search.show.cli import parser
from diffusionlab.search.show.flags import flag_line
from diffusionlab.search.show.options import query_of
from tests.search.fixture_runs import RUNS

MNIST = [run for run in RUNS if run.dataset == "MNIST"]
CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]
DITS = [run for run in RUNS if "dit" in run.tags]


def mean(runs, column="fid"):
    return statistics.mean(value for run in runs if (value := getattr(run, column)) is not None)


def failed(runs):
    return sum(run.status == "failed" for run in runs) / len(runs)


@pytest.mark.parametrize(
    ("question", "figure", "decided"),
    [
        ("is the average fid on CIFAR-10 below 20", mean(CIFAR), mean(CIFAR) < 20),
        ("is my average fid better than 20 on MNIST?", mean(MNIST), mean(MNIST) < 20),
        ("do my MNIST runs average below 15 fid", mean(MNIST), mean(MNIST) < 15),
        ("is the mean number of epochs on MNIST at least 50", mean(MNIST, "epochs"), mean(MNIST, "epochs") >= 50),
        ("are there more than 5 runs on MNIST", len(MNIST), len(MNIST) > 5),
        ("are there more than 6 runs on MNIST", len(MNIST), len(MNIST) > 6),
        ("do I have fewer than 5 DiTs", len(DITS), len(DITS) < 5),
        ("is there more than one run on STL-10?", 2, True),
        ("are there exactly two runs on CIFAR-10", len(CIFAR), len(CIFAR) == 2),
        ("is the number of runs on MNIST above 3", len(MNIST), len(MNIST) > 3),
        ("was SGD used more than once", 2, True),
        ("has SGD been used more than twice", 2, False),
        ("do I have at least 3 data sets", len({run.dataset for run in RUNS}), True),
        ("did I use more than 40 different optimizers", len({run.optimizer for run in RUNS}), False),
        ("is the failure rate on MNIST above 10%", failed(MNIST), failed(MNIST) > 0.1),
        ("did less than a quarter of my MNIST runs fail", failed(MNIST), failed(MNIST) < 1 / 4),
        ("did more than 50 percent of the MNIST runs fail", 100 * failed(MNIST), failed(MNIST) > 0.5),
        ("are more than half of the runs finished", sum(r.status == "finished" for r in RUNS) / len(RUNS), True),
    ],
)
def test_whether_a_figure_meets_a_bound(ask, engine, question, figure, decided):
    found = ask(question)
    said = answer(found, engine)
    assert found.verdict is decided and said.startswith("Yes. " if decided else "No. ") and not found.unread
    assert [row.value for row in found.groups.rows] == [pytest.approx(figure)]
    options = parser().parse_intermixed_args(shlex.split(flag_line(found, engine.known)))
    again = engine.answer(query_of(options, "", engine.known, engine.now, False))
    assert (again.verdict, again.groups.rows) == (decided, found.groups.rows)


def test_a_figure_of_nothing_recorded_decides_nothing(ask, engine):
    found = ask("is the total training time more than 100 hours")
    assert found.verdict is None and answer(found, engine).startswith("That is not known. None: none of these")


@pytest.mark.parametrize(
    ("question", "named"),
    [("is the average fid below 20 and above 5", "5"), ("is the fid per data set below 20", "20")],
)
def test_a_bound_that_nothing_is_made_of_is_named_and_chooses_no_runs(ask, question, named):
    found = ask(question)
    assert found.total == len(RUNS) and any(named in words for words in found.query.unread)


def test_groups_by_a_bound_of_their_share(ask, engine):
    rates = {}
    for run in RUNS:
        rates.setdefault(run.dataset, []).append(run.status == "failed")
    found = ask("which data sets have a failure rate above 5%")
    wanted = {name for name, of in rates.items() if sum(of) / len(of) > 0.05}
    assert wanted and wanted <= {row.key for row in found.groups.rows}
    assert all(row.value > 0.05 for row in found.groups.rows) and "> 5%" in answer(found, engine)


@pytest.mark.parametrize(
    ("question", "column", "values"),
    [
        ("runs with a FID of exactly 8.8 or 9.9", "fid", (8.8, 9.9)),
        ("fid exactly 7.9 or 6.4", "fid", (7.9, 6.4)),
        ("fid = 7.9 or 6.4", "fid", (7.9, 6.4)),
        ("epochs exactly 50, 100 or 200", "epochs", (50, 100, 200)),
        ("batch size equal to 64 or 128 and 100 epochs", "batch", (64, 128)),
    ],
)
def test_an_equal_bound_is_carried_over_or(ask, question, column, values):
    result = ask(question)
    epochs = [100] if "and 100 epochs" in question else {run.epochs for run in RUNS}
    wanted = {run.id for run in RUNS if getattr(run, column) in values and run.epochs in epochs}
    assert {row["run_id"] for row in result.rows} == wanted and not result.unread
