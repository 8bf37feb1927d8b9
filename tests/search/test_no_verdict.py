"""No yes or no where what is told is not understood: the word is named, and the runs are listed."""

from __future__ import annotations

import pytest

from tests.search.fixture_runs import RUNS


@pytest.mark.parametrize(
    ("question", "word", "wanted"),
    [
        ("is it any good?", "good", lambda r: True),
        ("is our CIFAR-10 result state of the art?", "state of the art", lambda r: r.dataset == "CIFAR-10"),
        ("are the MNIST runs reproducible?", "reproducible", lambda r: r.dataset == "MNIST"),
        ("is there anything wrong with run-031?", "wrong", lambda r: r.id == "run-031"),
        ("is everything ok?", "ok", lambda r: True),
        ("are all runs fine?", "fine", lambda r: True),
        ("are there any good runs on MNIST?", "good", lambda r: r.dataset == "MNIST"),
        ("did anything interesting happen in May?", "happen", lambda r: r.c.startswith("2025-05")),
        ("have I ever trained on anything other than images?", "other than", lambda r: True),
    ],
)
def test_no_verdict_on_what_is_not_understood(ask, question, word, wanted):
    result = ask(question)
    assert result.verdict is None and result.query.intent == "list" and result.unread == (word,)
    assert {row["run_id"] for row in result.rows} == {run.id for run in RUNS if wanted(run)}


@pytest.mark.parametrize(
    ("question", "verdict"),
    [("is run-019 done yet?", True), ("have I ever used SGD?", True), ("is there a run with flowers?", False)],
)
def test_a_verdict_on_what_is(ask, question, verdict):
    assert ask(question).verdict is verdict


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("can you tell me whether run-019 finished", True),
        ("tell me if run-011 failed", False),
        ("do you know whether any run used SGD?", True),
        ("could you tell me if all MNIST runs finished?", False),
        ("I wonder whether the best CIFAR-10 run is a transformer", False),
    ],
)
def test_a_yes_or_no_that_is_asked_indirectly(ask, question, verdict):
    result = ask(question)
    assert result.verdict is verdict and not result.unread
