"""Runs and kinds of runs beside each other, by a moment, a setting or a mean, with a verdict; against plain Python."""

from __future__ import annotations

import pytest

from diffusionlab.search.answer.answer import answer
from tests.search.fixture_runs import RUNS

BY_ID = {run.id: run for run in RUNS}


@pytest.mark.parametrize(
    ("question", "first", "later", "other"),
    [
        ("is run-035 newer than run-036", "run-035", True, "run-036"),
        ("is run-036 newer than run-035?", "run-036", True, "run-035"),
        ("is run-002 older than run-003?", "run-002", False, "run-003"),
        ("was run-020 earlier than run-019", "run-020", False, "run-019"),
    ],
)
def test_one_run_is_newer_than_another(ask, engine, question, first, later, other):
    result = ask(question)
    assert result.verdict is ((BY_ID[first].created > BY_ID[other].created) == later)
    assert all(run in answer(result, engine) for run in (first, other))
    assert not result.unread


@pytest.mark.parametrize("question", ["is run-019 slower than run-020", "are the DiTs newer than the U-Nets"])
def test_a_comparison_that_is_not_understood_gets_no_verdict(ask, question):
    result = ask(question)
    assert result.verdict is None
    assert result.unread
