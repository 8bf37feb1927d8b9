"""Words that mean something by themselves and nothing beside others: "have done", "so far"; against plain Python."""

from __future__ import annotations

import pytest

from tests.search.fixture_runs import RUNS


def ids(wanted):
    return {run.id for run in RUNS if wanted(run)}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("all the experiments I've done on MNIST", lambda r: r.dataset == "MNIST"),
        ("what have I done this month?", lambda r: r.c.startswith("2025-06")),
        ("what experiments were done last month", lambda r: r.c.startswith("2025-05")),
        ("what work was done on CelebA", lambda r: r.dataset == "CelebA"),
        ("what have I done in 2025 so far", lambda r: r.c.startswith("2025")),
        ("runs done with AdamW", lambda r: r.optimizer == "AdamW"),
        ("runs not done on MNIST", lambda r: r.dataset != "MNIST"),
        ("everything we have ever done with attention", lambda r: "attention" in r.tags),
        # the status
        ("the runs that are done", lambda r: r.status == "finished"),
        ("which MNIST runs are done?", lambda r: (r.dataset, r.status) == ("MNIST", "finished")),
        ("done runs on MNIST", lambda r: (r.dataset, r.status) == ("MNIST", "finished")),
        ("which are done", lambda r: r.status == "finished"),
    ],
)
def test_done_is_a_status_only_of_runs(ask, question, wanted):
    result = ask(question)
    assert {row["run_id"] for row in result.rows} == ids(wanted) and not result.unread


@pytest.mark.parametrize("question", ["is everything done?", "has everything finished?"])
def test_is_everything_done(ask, question):
    result = ask(question)
    assert result.verdict is False and not result.unread
