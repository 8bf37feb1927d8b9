"""Yes or no of groups, bounds on the number of their runs, and what an order leaves out; by plain Python."""

from __future__ import annotations

import pytest

from diffusionlab.search.answer.answer import answer
from tests.search.fixture_runs import RUNS

CAUTION = "FID is not comparable between data sets."


def ids(result):
    return {row["run_id"] for row in result.rows}


def of(**values):
    return [run for run in RUNS if all(getattr(run, key) == value for key, value in values.items())]


@pytest.mark.parametrize(
    ("question", "among", "left_out"),
    [
        ("all fashion mnist runs except the two worst by fid", of(dataset="Fashion-MNIST"), slice(-2, None)),
        ("cifar-10 runs except the best one", of(dataset="CIFAR-10"), slice(1)),
        ("all but the top 3 fashion mnist runs", of(dataset="Fashion-MNIST"), slice(3)),
    ],
)
@pytest.mark.parametrize("table", [False, True])
def test_runs_without_the_measure_are_named_beside_all_but_the_best(ask, engine, question, among, left_out, table):
    known = sorted((run for run in among if run.fid is not None), key=lambda run: run.fid)
    result = ask(question)
    assert ids(result) == {run.id for run in known} - {run.id for run in known[left_out]}
    lacking = sorted(run.id for run in among if run.fid is None)
    assert f"Skipped (no FID): {', '.join(lacking)}." in answer(result, engine, table)


@pytest.mark.parametrize(
    ("question", "among"),
    [
        ("best run", RUNS),
        ("best FID", RUNS),
        ("best dit", [run for run in RUNS if "dit" in run.tags]),
        ("which A100 run is best?", of(hardware="A100")),
        ("top 5 runs", RUNS),
        ("mean fid of the top 5 runs", RUNS),
        ("mean fid of the top 15 runs", RUNS),
        ("all but the best run", RUNS),
        ("when did I train my best run?", RUNS),
        ("best mnist run", of(dataset="MNIST")),
        ("top 3 cifar-10 runs", of(dataset="CIFAR-10")),
        ("best run of each optimizer", RUNS),
    ],
)
def test_a_best_across_data_sets_is_told_with_caution(ask, engine, question, among):
    across = len({run.dataset for run in among if run.fid is not None}) > 1
    for table in (False, True):
        said = answer(ask(question), engine, table)
        mixed = "FID does not compare between data sets" in said
        assert said.count(CAUTION) + mixed == across


@pytest.mark.parametrize("question", ["largest model", "newest run", "best run of each data set", "best dit on stl-10"])
def test_what_compares_is_told_without_caution(ask, engine, question):
    assert CAUTION not in answer(ask(question), engine)
