"""Labelled questions, each answered with exactly the runs that an independent criterion picks."""

from __future__ import annotations

import re

import pytest

from diffusionlab.search.answer.answer import answer
from tests.search import questions


@pytest.mark.parametrize(("question", "wanted"), [pytest.param(*pair, id=pair[0]) for pair in questions.filters()])
def test_filter_questions_find_every_match_and_nothing_else(ask, question, wanted):
    assert {row["run_id"] for row in ask(question).rows} == wanted


@pytest.mark.parametrize(("question", "wanted"), [pytest.param(*pair, id=pair[0]) for pair in questions.ordered()])
def test_ordered_questions_list_the_runs_in_order(ask, question, wanted):
    assert [row["run_id"] for row in ask(question).rows] == wanted


def test_there_are_enough_questions_and_few_are_trivial():
    labelled = questions.filters()
    assert len(labelled) + len(questions.ordered()) >= 350
    assert sum(not wanted for _, wanted in labelled) < 25


def test_superlative_without_a_number_lists_all_that_tie(ask):
    assert [row["run_id"] for row in ask("highest learning rate below 2e-3").rows] == [
        "run-001",
        "run-004",
        "run-011",
        "run-018",
        "run-019",
        "run-022",
        "run-029",
        "run-032",
    ]
    exact = ask("the 2 highest learning rates below 2e-3")
    assert [row["run_id"] for row in exact.rows] == ["run-001", "run-004"]
    assert len(exact.tied) == 6


def test_best_of_each(ask):
    rows = ask("best FID on each dataset").rows
    assert {row["dataset"]: row["run_id"] for row in rows} == {
        "MNIST": "run-003",
        "Fashion-MNIST": "run-009",
        "CIFAR-10": "run-032",
        "CIFAR-10 cat/dog": "run-025",
        "CelebA": "run-026",
        "STL-10": "run-034",
    }


def test_best_of_each_side_of_a_comparison(ask):
    found = ask("compare the best unet and the best dit on CIFAR-10")
    assert [row["run_id"] for row in found.rows] == ["run-032", "run-020"]


def test_likeness_puts_the_sibling_first_and_the_run_itself_nowhere(ask):
    found = ask("runs like run-015")
    assert found.rows[0]["run_id"] == "run-014"
    assert "run-015" not in {row["run_id"] for row in found.rows}
    assert found.scores == sorted(found.scores, reverse=True)
    assert all(-1 <= score <= 1 for score in found.scores)
    assert {row["dataset"] for row in ask("like run-015 on STL-10").rows} == {"STL-10"}
    assert {row["parameterization"] for row in ask("like run-015 but with v-prediction").rows} == {"v"}
    assert len(ask("3 runs most similar to run-015").rows) == 3


def test_unknown_value_says_what_is_near_and_what_each_condition_costs(ask, engine):
    found = ask("ImageNet unets with fid below 20")
    text = answer(found, engine)
    assert text.startswith("None.")
    assert "No run has data set ImageNet" in text
    assert dict(found.dropped)["dataset = ImageNet"] == len(ask("unets with fid below 20").rows)


def test_only_words_that_look_alike_are_offered_for_a_word_that_no_run_mentions(ask, engine):
    assert "nearest" not in answer(ask("demo runs"), engine)
    assert "mnist-mlp-toy" in answer(ask('runs that mention "mnist-mlp-toi"'), engine)


def test_cat_dog_is_offered_apart_and_labelled(ask, engine):
    found = ask("runs on CIFAR-10")
    assert {row["dataset"] for row in found.rows} == {"CIFAR-10"}
    assert [row["run_id"] for row in found.offered["CIFAR-10 cat/dog"]] == ["run-024", "run-025"]
    assert "2 runs on CIFAR-10 cat/dog, which is a subset" in answer(found, engine)


def test_groups_are_compared_as_groups(ask, engine):
    found = ask("compare CIFAR-10 and MNIST")
    assert [side.label for side in found.query.sides] == ["CIFAR-10", "MNIST"]
    text = answer(found, engine)
    assert "Best FID: CIFAR-10 3.2 by run-032" in text and "MNIST 9.7 by run-003" in text
    assert "FID does not compare between data sets" in text
    text = answer(ask("compare unets and dits"), engine)
    assert "on MNIST: unet 9.7 (run-003), dit" in text and "on CIFAR-10: unet 3.2 (run-032), dit" in text


def test_two_runs_are_compared_fact_by_fact(ask, engine):
    text = answer(ask("what differs between run-014 and run-015?"), engine)
    assert "differ in schedule (linear against cosine)" in text
    assert "run-015 is better: FID 6.4 against 7.9" in text
    assert "optimizer" not in text


def test_count_average_and_asked_fields(ask, engine):
    assert answer(ask("how many runs failed?"), engine).startswith("2 runs: run-023, run-006.")
    assert "Mean FID of 6 runs: 44.6" in answer(ask("average FID of MNIST runs"), engine)
    assert "Learning rate: 0.0005 (run-006)" in answer(ask("what lr did run-006 use?"), engine)
    assert answer(ask("how many different optimizers did I use on MNIST?"), engine).startswith(
        "3 different values of optimizer"
    )


def test_every_claim_of_an_answer_cites_a_run_that_was_found(ask, engine):
    for question in (
        "best FID on CIFAR-10",
        "runs on MNIST",
        "compare unet and dit on CIFAR-10",
        "worst 3 by val loss",
        "like run-003",
    ):
        found = ask(question)
        cited = set(re.findall(r"run-\d{3}", answer(found, engine)))
        rows = {*found.rows[0:0]} | {row["run_id"] for row in (*found.rows, *found.lacking, *found.tied)}
        rows |= {row["run_id"] for rows in found.offered.values() for row in rows} | {found.query.like}
        rows |= {found.runner_up["run_id"]} if found.runner_up else set()
        assert cited and cited <= rows


def test_words_that_no_run_says_together_are_left_out_aloud(ask):
    found = ask("preconditioned network rebooted")
    assert {row["run_id"] for row in found.rows} <= {"run-028", "run-032", "run-033"} and found.rows
    assert "left out" in found.warnings[0]


def test_typos_are_said(ask):
    assert ask("unett on mnist").warnings == ['read "unett" as "unet"']


@pytest.mark.parametrize("question", ["may I see the DiTs", "which unets may be overfitting", "march of the unets"])
def test_may_and_march_are_words_where_no_date_is_meant(ask, question):
    assert not {"created_at", "modified_at"} & ask(question).query.condition.columns()


def test_both_sides_of_a_comparison_keep_their_own_conditions(ask):
    found = ask("compare latent unets with pixel unets")
    assert [side.label for side in found.query.sides] == ["latent and unet", "not latent and unet"]
    found = ask("compare unets with attention and unets without attention on CIFAR-10")
    assert [side.label for side in found.query.sides] == ["unet and attention", "unet and not attention"]


@pytest.mark.parametrize(
    ("question", "words"),
    [("runs with the same", "same"), ("runs above on MNIST", "above")],
)
def test_what_cannot_be_joined_is_said(ask, question, words):
    found = ask(question)
    assert found.unread == (words,)
    assert any(words in warning for warning in found.warnings)


def test_leaving_out_what_nobody_mentions_is_said(ask):
    assert 'no run mentions "zebra"' in ask("MNIST runs that do not mention zebra").warnings[0]


@pytest.mark.parametrize("question", ["same dataset as run-777", "lower fid than run-777", "with the lr of run-777"])
def test_nothing_compares_with_a_run_that_is_not_there(ask, question):
    found = ask(question)
    assert not found.rows and "there is no run run-777 to compare with" in found.warnings
