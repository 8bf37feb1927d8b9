"""Greetings, wishes and what an answer is wanted for ask for nothing: the reading is that of the bare question."""

from __future__ import annotations

import pytest

from tests.search.fixture_runs import RUNS


@pytest.mark.parametrize(
    ("question", "bare"),
    [
        ("Good evening, which runs failed this year?", "which runs failed this year?"),
        ("Good afternoon, can you list the CelebA runs?", "the CelebA runs"),
        ("Good morning! Could you please show me the best run?", "the best run"),
        ("Hello, have a nice weekend! Which runs use Lion?", "which runs use Lion?"),
        ("Which runs use Lion? Have a nice weekend!", "which runs use Lion?"),
        ("hey which runs used Lion", "which runs used Lion"),
        ("Hi all, is run-019 finished?", "is run-019 finished?"),
        ("best fid on CIFAR-10? Best regards", "best fid on CIFAR-10"),
        ("quick question: how many runs failed?", "how many runs failed?"),
        ("Can somebody tell me whether run-019 finished", "did run-019 finish"),
        ("I'm writing my thesis and need the best FID on CIFAR-10", "the best FID on CIFAR-10"),
        ("for my presentation: the best MNIST run", "the best MNIST run"),
        ("I am giving a talk tomorrow and want the largest model", "the largest model"),
        ("the best MNIST run for my talk", "the best MNIST run"),
        ("My supervisor wants the average FID of U-Nets", "the average FID of U-Nets"),
        ("we need a table of all DiT runs", "all DiT runs"),
    ],
)
def test_courtesy_changes_nothing(ask, question, bare):
    polite, plain = ask(question), ask(bare)
    assert polite.query.conditions == plain.query.conditions and polite.query.order == plain.query.order
    assert [row["run_id"] for row in polite.rows] == [row["run_id"] for row in plain.rows]
    assert polite.query.ask == plain.query.ask and polite.verdict == plain.verdict
    assert polite.query.question == question and not polite.unread and not polite.query.notes


def test_an_hour_without_a_greeting(ask):
    early = {run.id for run in RUNS if 5 <= run.created.hour < 12}
    for question in ("Morning runs", "which runs were started in the morning"):
        assert {row["run_id"] for row in ask(question).rows} == early


def test_a_form_that_no_answer_has_is_named(ask):
    result = ask("plot the fid of MNIST runs")
    assert result.unread == ("plot",)
    assert {row["run_id"] for row in result.rows} == {run.id for run in RUNS if run.dataset == "MNIST"}
