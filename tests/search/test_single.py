"""Sizes, dates and all facts of one run; against plain Python."""

from __future__ import annotations

import pytest

from diffusionlab.search.answer.answer import answer
from tests.search.fixture_runs import NOW, RUNS

OLDEST = min(RUNS, key=lambda run: run.created)
LATEST_DIT = max((run for run in RUNS if "dit" in run.tags), key=lambda run: run.created)
BEST_MNIST = min((run for run in RUNS if run.dataset == "MNIST" and run.fid), key=lambda run: run.fid)


def asked(result):
    """The columns that an answer tells."""
    return {*getattr(result.query.ask, "columns", ()), *result.query.show}


@pytest.mark.parametrize(
    ("question", "column"),
    [
        ("how big is the checkpoint of run-020", "size_bytes"),
        ("how large is the checkpoint of run-019", "size_bytes"),
        ("what size is run-020's checkpoint", "size_bytes"),
        ("how big is run-020's file", "size_bytes"),
        ("how large are the images in run-020", "image_size"),
        ("how big are the pictures of run-020", "image_size"),
        ("what size are the images in run-020", "image_size"),
        ("the size of the images of run-020", "image_size"),
        ("how large is the batch of run-020", "batch_size"),
        ("how large was the largest batch size", "batch_size"),
        ("tell me about the learning rate of run-020", "lr"),
        ("how big is run-020", "num_parameters"),
        ("how big is the checkpoint of the best CIFAR-10 run", "size_bytes"),
    ],
)
def test_a_size_is_that_of_what_is_named(ask, question, column):
    result = ask(question)
    assert asked(result) == {column}
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "columns", "run"),
    [
        ("when did run-019 start and end", {"created_at", "modified_at"}, RUNS[18]),
        ("when was run-014 created and when did it finish", {"created_at", "modified_at"}, RUNS[13]),
        ("when did run-032 start and when was it last modified", {"created_at", "modified_at"}, RUNS[31]),
        ("created and modified date of run-002", {"created_at", "modified_at"}, RUNS[1]),
        ("start and end date of run-019", {"created_at", "modified_at"}, RUNS[18]),
        ("when did the best MNIST run start and end", {"created_at", "modified_at"}, BEST_MNIST),
        ("when was the latest DiT started and when was it completed", {"created_at", "modified_at"}, LATEST_DIT),
        ("modified date of run-002", {"modified_at"}, RUNS[1]),
        ("when did run-019 start", {"created_at"}, RUNS[18]),
        ("when did run-019 end", {"modified_at"}, RUNS[18]),
    ],
)
def test_each_date_that_is_named_is_told(ask, question, columns, run):
    result = ask(question)
    assert asked(result) == columns
    assert [row["run_id"] for row in result.rows] == [run.id]
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "run"),
    [("how old is the oldest run", OLDEST), ("how old is run-014", RUNS[13]), ("when did run-014 start", RUNS[13])],
)
def test_an_age_is_told(ask, engine, question, run):
    assert f"{(NOW - run.created).days} days ago" in answer(ask(question), engine)


@pytest.mark.parametrize(
    "question",
    ["tell me about run-014", "describe run-014", "tell me more about run-014", "give me an overview of run-014"],
)
def test_all_is_told_of_a_run_that_is_asked_about(ask, question):
    assert ask(question).query.ask == ask("details of run-014").query.ask
    assert not ask(question).unread


def test_all_is_told_of_the_best_run(ask):
    result = ask("tell me about the best MNIST run")
    assert result.query.ask == ask("details of run-014").query.ask
    assert [row["run_id"] for row in result.rows] == [BEST_MNIST.id]
