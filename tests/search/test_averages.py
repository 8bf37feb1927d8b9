"""Runs beside the average of those with which their figures compare."""

from __future__ import annotations

import statistics

import pytest

from diffusionlab.search.show.flags import reading
from tests.search.fixture_runs import RUNS


def beside(column, average, runs=RUNS, within=None):
    """Id -> the value less the average, of all runs or of those that are alike in `within`."""
    known = [run for run in RUNS if getattr(run, column) is not None]

    def alike(run):
        return [other for other in known if within is None or getattr(other, within) == getattr(run, within)]

    return {
        run.id: getattr(run, column) - average(getattr(other, column) for other in alike(run))
        for run in known
        if run in runs
    }


FID = beside("fid", statistics.mean, within="dataset")
MNIST = beside("fid", statistics.mean, [run for run in RUNS if run.dataset == "MNIST"], "dataset")


def among(runs, column, average):
    """Likewise of these runs alone."""
    values = [getattr(run, column) for run in runs]
    return {run.id: getattr(run, column) - average(values) for run in runs}


CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]
CIFAR_SIZES, CIFAR_EPOCHS = among(CIFAR, "params", statistics.mean), among(CIFAR, "epochs", statistics.mean)
DIT_SIZES = among([run for run in RUNS if "dit" in run.tags], "params", statistics.median)


@pytest.mark.parametrize(
    ("question", "difference", "sign"),
    [
        ("runs better than average", FID, -1),
        ("above-average runs", FID, -1),
        ("above average fid", FID, 1),
        ("runs with a lower fid than average", FID, -1),
        ("worse than the average run on MNIST", MNIST, 1),
        ("better than the MNIST average", MNIST, -1),
        ("MNIST runs that beat the MNIST average FID", MNIST, -1),
        ("runs whose fid is lower than the average of all MNIST runs", MNIST, -1),
        ("CIFAR-10 models larger than the average CIFAR-10 model", CIFAR_SIZES, 1),
        ("DiTs with fewer parameters than the median DiT", DIT_SIZES, -1),
        ("above-average number of epochs on CIFAR-10", CIFAR_EPOCHS, 1),
        ("larger than average CIFAR-10 models", CIFAR_SIZES, 1),
        ("better than the median val loss", beside("val_loss", statistics.median, within="dataset"), -1),
        ("more parameters than average", beside("params", statistics.mean), 1),
        ("larger than the median model", beside("params", statistics.median), 1),
        ("runs with fewer epochs than the average", beside("epochs", statistics.mean), -1),
    ],
)
def test_runs_beside_the_average(ask, question, difference, sign):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == {name for name, value in difference.items() if sign * value > 0}
    assert not found.unread and any("is read as the me" in note for note in found.query.notes)


def test_whether_a_run_is_better_than_the_average(ask):
    one, other = min(FID, key=FID.get), max(FID, key=FID.get)
    assert ask(f"is {one} better than average?").verdict is True
    assert ask(f"is {other} better than the average?").verdict is False


def test_a_condition_of_alternatives_stands_in_brackets(ask, engine):
    assert "and ((dataset" in reading(ask("U-Nets that are better than average").query, engine.known)
