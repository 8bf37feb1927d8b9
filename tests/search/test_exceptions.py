"""Negations of whole noun phrases, signs for "not", and values of a list that no run has."""

from __future__ import annotations

import pytest

from diffusionlab.search.answer.answer import answer
from tests.search.fixture_runs import RUNS


def ids(wanted):
    return {run.id for run in RUNS if wanted(run)}


def found_ids(result):
    return {row["run_id"] for row in result.rows}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("all but the CIFAR-10 unets", lambda r: not (r.dataset == "CIFAR-10" and "unet" in r.tags)),
        ("all runs except CIFAR-10 DiTs", lambda r: not (r.dataset == "CIFAR-10" and "dit" in r.tags)),
        ("all runs excluding the failed MNIST run", lambda r: not (r.dataset == "MNIST" and r.status == "failed")),
        ("everything except DiTs on CIFAR-10", lambda r: not (r.dataset == "CIFAR-10" and "dit" in r.tags)),
        ("everything other than MNIST runs on CPU", lambda r: not (r.dataset == "MNIST" and r.hardware == "CPU")),
        ("runs that are not MNIST unets", lambda r: not (r.dataset == "MNIST" and "unet" in r.tags)),
        (
            "Fashion-MNIST runs except conditional unets",
            lambda r: r.dataset == "Fashion-MNIST" and not {"conditional", "unet"} <= r.tags,
        ),
        (
            "runs except those with attention on CIFAR-10",
            lambda r: r.dataset != "CIFAR-10" or "attention" not in r.tags,
        ),
        (
            "all unets except those trained in April with AdamW",
            lambda r: "unet" in r.tags and not (r.c.startswith("2025-04") and r.optimizer == "AdamW"),
        ),
        (
            "all AdamW runs but not the MNIST unets",
            lambda r: r.optimizer == "AdamW" and not (r.dataset == "MNIST" and "unet" in r.tags),
        ),
        (
            "everything except MNIST unets and CIFAR-10 DiTs",
            lambda r: (
                not ((r.dataset == "MNIST" and "unet" in r.tags) or (r.dataset == "CIFAR-10" and "dit" in r.tags))
            ),
        ),
        (
            "runs that do not use both attention and cosine",
            lambda r: not ("attention" in r.tags and r.schedule == "cosine"),
        ),
        # without a head, or behind a verb, it is the next condition alone
        ("unet not mnist adamw", lambda r: "unet" in r.tags and r.dataset != "MNIST" and r.optimizer == "AdamW"),
        ("runs without attention on MNIST", lambda r: r.dataset == "MNIST" and "attention" not in r.tags),
        # signs
        (
            "unet -attention cifar-10",
            lambda r: r.dataset == "CIFAR-10" and "unet" in r.tags and "attention" not in r.tags,
        ),
        ("-mnist +unet", lambda r: r.dataset != "MNIST" and "unet" in r.tags),
        ("!mnist unet", lambda r: r.dataset != "MNIST" and "unet" in r.tags),
        ("MNIST excl. unets", lambda r: r.dataset == "MNIST" and "unet" not in r.tags),
        ("no attn cifar-10", lambda r: r.dataset == "CIFAR-10" and "attention" not in r.tags),
        ("unets that are also autoencoders", lambda r: {"unet", "autoencoder"} <= r.tags),
    ],
)
def test_what_is_left_out(ask, question, wanted):
    found = ask(question)
    assert found_ids(found) == ids(wanted) and not found.unread


def test_a_subset_of_what_is_left_out_is_not_offered(ask):
    assert not ask("all but the CIFAR-10 unets").offered


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("run-003, run-017 and run-941", "run-941"),
        ("compare run-020 and run-977", "run-977"),
        ("runs on MNIST and ImageNet", "ImageNet"),
    ],
)
def test_a_value_of_several_that_no_run_has_is_named(ask, question, unknown):
    found = ask(question)
    assert found.rows and any(unknown in warning for warning in found.warnings)


def test_which_of_the_values_that_are_named(ask):
    counts = {name: sum(run.optimizer == name for run in RUNS) for name in ("AdamW", "Adam", "SGD")}
    found = ask("which of AdamW, Adam and SGD has the most runs?")
    assert {row.key: row.value for row in found.groups.rows} == {"AdamW": counts["AdamW"]}
    assert max(counts, key=counts.get) == "AdamW"


def test_values_by_the_number_of_their_runs(ask):
    counts = {run.batch: sum(other.batch == run.batch for other in RUNS) for run in RUNS}
    found = ask("batch sizes used by fewer than 5 runs")
    assert {row.key for row in found.groups.rows} == {str(batch) for batch, count in counts.items() if count < 5}


def test_the_gap_between_two_runs(ask, engine):
    found = ask("what's the gap between the best and the worst FID on CIFAR-10?")
    known = sorted((run for run in RUNS if run.dataset == "CIFAR-10" and run.fid), key=lambda run: run.fid)
    assert found_ids(found) == {known[0].id, known[-1].id} and answer(found, engine)


def test_nothing_is_found_of_two_orders(ask, engine):
    assert "zyxgraph" in answer(ask("the best and the worst zyxgraph run on CIFAR-10"), engine)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("no failed CIFAR-10 runs", lambda r: r.dataset == "CIFAR-10" and r.status != "failed"),
        ("not finished DiTs", lambda r: "dit" in r.tags and r.status != "finished"),
        ("no attention unets", lambda r: "unet" in r.tags and "attention" not in r.tags),
        ("all runs except unets with attention", lambda r: not {"unet", "attention"} <= r.tags),
    ],
)
def test_an_adjective_is_negated_before_its_noun(ask, question, wanted):
    assert found_ids(ask(question)) == ids(wanted)


@pytest.mark.parametrize(
    ("question", "key", "decided"),
    [
        ("is RAdam the best optimizer on CIFAR-10", "RAdam", False),
        ("is Adam the best optimizer on CIFAR-10", "Adam", True),
    ],
)
def test_whether_a_value_is_that_of_the_best_run(ask, question, key, decided):
    best = min((run for run in RUNS if run.dataset == "CIFAR-10" and run.fid), key=lambda run: run.fid)
    assert (best.optimizer == key) is decided and ask(question).verdict is decided


def test_the_most_used_value_is_of_all_runs(ask):
    found = ask("is SGD the most used optimizer")
    most = max({run.optimizer for run in RUNS}, key=lambda name: sum(run.optimizer == name for run in RUNS))
    assert [row.key for row in found.groups.rows] == [most]


def test_why_runs_failed_is_told_with_them(ask, engine):
    said = answer(ask("which runs failed and why"), engine)
    assert all(run.description in said for run in RUNS if run.status == "failed")


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("everything except the two failed runs", lambda r: r.status != "failed"),
        ("MNIST runs without the two MLPs", lambda r: r.dataset == "MNIST" and "mlp" not in r.tags),
        (
            "every run on CIFAR-10 except the two dits with cfg",
            lambda r: r.dataset == "CIFAR-10" and not {"dit", "cfg"} <= r.tags,
        ),
        ("all MNIST models other than the four unets", lambda r: r.dataset == "MNIST" and "unet" not in r.tags),
        ("all runs but the three on CelebA", lambda r: r.dataset != "CelebA"),
        ("unets excluding those two with SGD", lambda r: "unet" in r.tags and r.optimizer != "SGD"),
        ("everything except the two runs on STL-10", lambda r: r.dataset != "STL-10"),
    ],
)
def test_how_many_are_excepted_limits_nothing(ask, question, wanted):
    result = ask(question)
    assert found_ids(result) == ids(wanted) and result.query.limit is None and not result.unread


def test_a_number_that_leaves_it_open_which_are_excepted_is_named(ask):
    result = ask("all but two MNIST unets")
    assert found_ids(result) == ids(lambda r: not (r.dataset == "MNIST" and "unet" in r.tags))
    assert result.unread == ("two",)


@pytest.mark.parametrize("number", ["3 runs except the two failed ones", "two runs without attention"])
def test_a_number_of_runs_before_an_exception_is_a_limit(ask, number):
    assert ask(number).query.limit == (3 if number[0] == "3" else 2)


@pytest.mark.parametrize(
    ("question", "dataset", "column", "left"),
    [
        ("all CIFAR-10 runs except the best and the worst", "CIFAR-10", "fid", "worst"),
        ("all MNIST runs but the best and the worst", "MNIST", "fid", "worst"),
        ("everything but the newest and the oldest run on STL-10", "STL-10", "created", "oldest"),
    ],
)
def test_one_end_is_excepted_and_the_other_named(ask, question, dataset, column, left):
    runs = [run for run in RUNS if run.dataset == dataset and getattr(run, column) is not None]
    runs.sort(key=lambda run: getattr(run, column), reverse=column == "created")
    result = ask(question)
    assert [row["run_id"] for row in result.rows] == [run.id for run in runs[1:]] and result.unread == (left,)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("all MNIST runs but the one with SGD", lambda r: r.dataset == "MNIST" and r.optimizer != "SGD"),
        ("every SGD run but the one on MNIST", lambda r: r.optimizer == "SGD" and r.dataset != "MNIST"),
        ("all CelebA runs but the one that crashed", lambda r: r.dataset == "CelebA" and r.status != "crashed"),
        ("all CIFAR-10 runs but the ones with AdamW", lambda r: r.dataset == "CIFAR-10" and r.optimizer != "AdamW"),
    ],
)
def test_but_the_one(ask, question, wanted):
    assert {row["run_id"] for row in ask(question).rows} == {run.id for run in RUNS if wanted(run)}
