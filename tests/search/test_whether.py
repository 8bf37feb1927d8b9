"""Yes or no of one run beside another, of "never", and of the run that comes first; against plain Python."""

from __future__ import annotations

import pytest

from diffusionlab.search.answer.answer import answer
from tests.search.fixture_runs import RUNS

BY_ID = {run.id: run for run in RUNS}
MNIST = [run for run in RUNS if run.dataset == "MNIST"]
CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]


def first_by(key, runs=RUNS, reverse=False):
    known = [run for run in runs if getattr(run, key) is not None]
    return sorted(known, key=lambda run: getattr(run, key), reverse=reverse)[0]


@pytest.mark.parametrize(
    ("question", "first", "told", "yes"),
    [
        (
            "is run-020 more than twice as large as run-017?",
            "run-020",
            f"{2 * BY_ID['run-017'].params / 1e6:.4g}M",
            BY_ID["run-020"].params > 2 * BY_ID["run-017"].params,
        ),
        (
            "was run-019 started after run-020?",
            "run-019",
            f"{BY_ID['run-020'].created:%Y-%m-%d %H:%M}",
            BY_ID["run-019"].created > BY_ID["run-020"].created,
        ),
        (
            "does run-017 have more than twice the epochs of run-020",
            "run-017",
            f"{2 * BY_ID['run-020'].epochs}",
            BY_ID["run-017"].epochs > 2 * BY_ID["run-020"].epochs,
        ),
    ],
)
def test_the_bound_is_told_where_the_question_does_not_spell_it(ask, engine, question, first, told, yes):
    result = ask(question)
    assert result.verdict is yes
    assert first in result.because
    assert told in answer(result, engine)


def test_a_bound_that_the_question_spells_is_not_repeated(ask):
    assert "asked" not in ask("is the FID of run-020 below 10?").because


@pytest.mark.parametrize(
    ("question", "runs"),
    [
        ("have we never used Lion on CIFAR-10?", [run for run in CIFAR if run.optimizer == "Lion"]),
        ("have we never used AdamW on CIFAR-10?", [run for run in CIFAR if run.optimizer == "AdamW"]),
        ("did we never train a DiT on MNIST", [run for run in MNIST if "dit" in run.tags]),
        ("did I never use RMSprop?", [run for run in RUNS if run.optimizer == "RMSprop"]),
    ],
)
def test_never_is_of_all_conditions_together(ask, question, runs):
    result = ask(question)
    assert result.verdict is (not runs)
    assert len(result.rows) == len(RUNS)
    assert all(run.id in result.because for run in runs)


@pytest.mark.parametrize(
    ("question", "names", "key", "reverse"),
    [
        ("did run-017 or run-020 get the lower FID?", ("run-017", "run-020"), "fid", False),
        ("does run-019 or run-020 have more parameters", ("run-019", "run-020"), "params", True),
        ("is run-019 or run-020 newer", ("run-019", "run-020"), "created", True),
        ("is run-019 or run-020 larger", ("run-019", "run-020"), "params", True),
    ],
)
def test_which_of_two_runs(ask, question, names, key, reverse):
    result = ask(question)
    assert [row["run_id"] for row in result.rows] == [first_by(key, [BY_ID[name] for name in names], reverse).id]
    assert not result.unread


def test_which_of_two_kinds_has_the_lower_fid(ask):
    result = ask("did Adam or AdamW get the lower FID on MNIST?")
    sides = [{row["run_id"] for row in result.rows if side.condition.matches(row)} for side in result.query.sides]
    assert sides == [{run.id for run in MNIST if run.optimizer == name} for name in ("Adam", "AdamW")]
    assert not result.unread


@pytest.mark.parametrize(
    ("question", "runs", "first", "other", "reverse"),
    [
        ("did the run with the lowest val loss also have the lowest FID?", RUNS, "val_loss", "fid", False),
        ("does the best run on CIFAR-10 have the most parameters?", CIFAR, "fid", "params", True),
        ("did the run with the lowest val loss on MNIST get the lowest FID?", MNIST, "val_loss", "fid", False),
    ],
)
def test_the_first_by_one_column_and_by_another(ask, question, runs, first, other, reverse):
    result = ask(question)
    ids = first_by(first, runs).id, first_by(other, runs, reverse).id
    assert [part.rows[0]["run_id"] for part in result.parts] == [*ids]
    assert result.verdict is (ids[0] == ids[1])
    assert not result.unread


@pytest.mark.parametrize(
    "question",
    [
        "are there runs better than 20 runs",
        "are the unets worse than 3 runs on MNIST",
        "are about half of the runs finished",
        "are there about 10 runs on MNIST",
    ],
)
def test_a_bound_that_is_no_number_of_runs_gets_no_verdict(ask, question):
    result = ask(question)
    assert result.verdict is None
    assert result.unread


def test_a_card_is_no_bound_of_the_fid(ask):
    result = ask("are A100 runs better than 4090 runs on MNIST")
    sides = [[run.fid for run in MNIST if run.hardware == name] for name in ("A100", "RTX_4090")]
    assert len(result.query.sides) == 2
    assert result.verdict is (min(sides[0]) < min(sides[1]) if all(sides) else None)
