"""Spans of time beside a run that is named, against plain Python."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.search.fixture_runs import RUNS

BY_ID = {run.id: run for run in RUNS}


def after(name, run, column="created"):
    """How long after the run of that name another one was created."""
    return getattr(run, column) - getattr(BY_ID[name], column)


def days(count):
    return timedelta(days=count)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("runs within five days of run-015", lambda r: abs(after("run-015", r)) <= days(5)),
        ("runs that started within a week of run-036", lambda r: abs(after("run-036", r)) <= days(7)),
        (
            "which runs were started within five days before or after run-015?",
            lambda r: abs(after("run-015", r)) <= days(5),
        ),
        ("runs no more than 2 days after run-017", lambda r: days(0) < after("run-017", r) <= days(2)),
        ("runs in the week before run-036", lambda r: -days(7) <= after("run-036", r) < days(0)),
        ("runs created less than 120 hours before run-036", lambda r: -days(5) <= after("run-036", r) < days(0)),
        ("runs in the 8 days after run-020", lambda r: days(0) < after("run-020", r) <= days(8)),
        ("runs in the month of run-036", lambda r: r.c.startswith("2025-06")),
        ("runs at least two weeks after run-030", lambda r: after("run-030", r) >= days(14)),
        (
            "unets within 10 days of run-020 with attention",
            lambda r: abs(after("run-020", r)) <= days(10) and {"unet", "attention"} <= r.tags,
        ),
        ("runs modified within two days of run-020", lambda r: abs(after("run-020", r, "modified")) <= days(2)),
        ("how many runs started within a week of run-036?", lambda r: abs(after("run-036", r)) <= days(7)),
    ],
)
def test_spans_beside_a_run(ask, question, wanted):
    result = ask(question)
    named = next(name for name in BY_ID if name in question)
    assert {row["run_id"] for row in result.rows} == {run.id for run in RUNS if wanted(run)} - {named}
    assert not result.unread


def test_a_run_that_there_is_not(ask):
    result = ask("runs within a week of run-999")
    assert not result.rows and result.query.notes
