"""Words that mean something by themselves and nothing beside others: "have done", "so far"; against plain Python."""

from __future__ import annotations

import pytest

from diffusionlab.search.query.where_text import format_where
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


def test_did_everything_fail_in_a_month(ask):
    result = ask("did everything fail in May?")
    assert {row["run_id"] for row in result.rows} == ids(lambda r: r.c.startswith("2025-05"))
    assert result.verdict is False and not result.unread


@pytest.mark.parametrize(
    ("question", "wanted", "shown"),
    [
        ("lr of every MNIST unet", lambda r: r.dataset == "MNIST" and "unet" in r.tags, "lr"),
        ("fid of each unet", lambda r: "unet" in r.tags, "fid"),
        ("the batch size of every run on CelebA", lambda r: r.dataset == "CelebA", "batch_size"),
        ("I would like to see the MNIST runs", lambda r: r.dataset == "MNIST", None),
    ],
)
def test_every_one_of_them(ask, question, wanted, shown):
    result = ask(question)
    assert {row["run_id"] for row in result.rows} == ids(wanted) and not result.unread
    assert shown is None or shown in result.query.show


@pytest.mark.parametrize(
    ("question", "column", "runs"),
    [
        ("runs by learning rate, lowest first", "lr", RUNS),
        ("MNIST runs by fid, best first", "fid", [run for run in RUNS if run.dataset == "MNIST"]),
    ],
)
def test_by_what_they_are_in_order(ask, question, column, runs):
    values = sorted(value for run in runs if (value := getattr(run, column)) is not None)
    result = ask(question)
    assert [row[column] for row in result.rows if row[column] is not None] == values and not result.unread


def test_by_what_two_sides_are_compared(ask):
    result = ask("compare adam and adamw by average number of epochs")
    epochs = [[run.epochs for run in RUNS if run.optimizer == name] for name in ("Adam", "AdamW")]
    assert [row.value for row in result.groups.rows] == pytest.approx([sum(side) / len(side) for side in epochs])
    assert not result.unread


def test_how_many_of_a_field_the_best_run_has(ask):
    best = min((run for run in RUNS if run.dataset == "CelebA" and run.fid is not None), key=lambda run: run.fid)
    result = ask("how many epochs did the best CelebA model need")
    assert [row["epochs"] for row in result.rows] == [best.epochs] and not result.unread


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("best and worst FID on MNIST", ["dataset = MNIST"]),
        ("best and worst FID", []),
        ("failed runs or failures", ["status in (failed, crashed)"]),
    ],
)
def test_a_value_is_shown_once(ask, engine, question, said):
    conditions = ask(question).query.conditions
    assert [format_where(one, engine.known) for one in conditions if list(one.leaves())] == said
