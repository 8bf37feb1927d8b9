"""ON WHICH data sets none or all of the runs are so: groups are asked for, and counted in plain Python."""

from __future__ import annotations

import pytest

from tests.search.fixture_runs import RUNS

DATASETS = {run.dataset for run in RUNS}


def without(met, key="dataset"):
    """The values of a column of which no run meets the condition."""
    return {getattr(run, key) for run in RUNS} - {getattr(run, key) for run in RUNS if met(run)}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("on which datasets did I never use a transformer?", without(lambda r: "transformer" in r.tags)),
        ("on which datasets have I not used attention", without(lambda r: "attention" in r.tags)),
        ("on which datasets was no unet trained", without(lambda r: "unet" in r.tags)),
        ("on which datasets did no run fail?", without(lambda r: r.status == "failed")),
        ("on which datasets do we have no run with attention", without(lambda r: "attention" in r.tags)),
        ("for which datasets is there no DiT?", without(lambda r: "dit" in r.tags)),
        ("on what datasets haven't I tried SGD", without(lambda r: r.optimizer == "SGD")),
        ("with which optimizers did I never train on MNIST?", without(lambda r: r.dataset == "MNIST", "optimizer")),
        ("on which datasets did all runs use AdamW?", without(lambda r: r.optimizer != "AdamW")),
        ("on which datasets did I use only AdamW?", without(lambda r: r.optimizer != "AdamW")),
    ],
)
def test_none_or_all_of_a_group(ask, question, wanted):
    result = ask(question)
    assert {group.key for group in result.groups.rows} == wanted and not result.unread


def test_a_negation_of_the_runs_stays_one(ask):
    result = ask("on which datasets did runs without attention fail?")
    wanted = {run.id for run in RUNS if run.status == "failed" and "attention" not in run.tags}
    assert {row["run_id"] for row in result.rows} == wanted and not result.unread
