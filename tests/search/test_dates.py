"""Dates as people say them: a year before its month, years beside figures, weekdays, the end of a run, feasts."""

from __future__ import annotations

import pytest

from diffusionlab.search.query.query import Facts
from diffusionlab.search.time.periods import easter
from tests.search.fixture_runs import RUNS


def found_ids(result):
    return {row["run_id"] for row in result.rows}


def ids(wanted):
    return {run.id for run in RUNS if wanted(run)}


def created(run, first, last):
    return first <= f"{run.created:%Y-%m-%d}" <= last


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("2025 May runs", lambda r: created(r, "2025-05-01", "2025-05-31")),
        ("2025 march runs", lambda r: created(r, "2025-03-01", "2025-03-31")),
        (
            "runs in 2025 Q2 with FID under 10",
            lambda r: created(r, "2025-04-01", "2025-06-30") and r.fid and r.fid < 10,
        ),
        ("2025 first quarter MNIST runs", lambda r: created(r, "2025-01-01", "2025-03-31") and r.dataset == "MNIST"),
        ("runs in 2025 March or April", lambda r: created(r, "2025-03-01", "2025-04-30")),
        ("runs in 2025 spring", lambda r: created(r, "2025-03-01", "2025-05-31")),
        ("2025 early May runs", lambda r: created(r, "2025-05-01", "2025-05-10")),
        ("2024 last quarter", lambda r: created(r, "2024-10-01", "2024-12-31")),
        ("2025 second half runs", lambda r: created(r, "2025-07-01", "2025-12-31")),
        ("runs in 2025, between March and May", lambda r: created(r, "2025-03-01", "2025-05-31")),
        ("runs in 2025 before March", lambda r: created(r, "2025-01-01", "2025-02-28")),
        ("2024 Q4 and 2025 Q1", lambda r: created(r, "2024-10-01", "2025-03-31")),
        ("2024 November to 2025 February", lambda r: created(r, "2024-11-01", "2025-02-28")),
        ("2024-2025 runs", lambda r: True),
        ("November runs of 2024", lambda r: created(r, "2024-11-01", "2024-11-30")),
        (
            "runs in 2025 on MNIST in March or June",
            lambda r: r.dataset == "MNIST" and created(r, "2025-06-01", "2025-06-30"),
        ),
        ("May runs of 2025 with attention", lambda r: created(r, "2025-05-01", "2025-05-31") and "attention" in r.tags),
        ("runs of 2024 and of May", lambda r: r.created.year == 2024 or created(r, "2025-05-01", "2025-05-31")),
        ("runs of 2024 and May 2025", lambda r: r.created.year == 2024 or created(r, "2025-05-01", "2025-05-31")),
    ],
)
def test_a_year_before_its_month(ask, question, wanted):
    found = ask(question)
    assert found_ids(found) == ids(wanted) and not found.unread


@pytest.mark.parametrize(
    ("question", "wanted", "columns"),
    [
        (
            "adamw mnist val loss 2024",
            lambda r: r.optimizer == "AdamW" and r.dataset == "MNIST" and r.created.year == 2024,
            ["val_loss"],
        ),
        ("MNIST fid 2025", lambda r: r.dataset == "MNIST" and r.created.year == 2025, ["fid"]),
        ("unet params 2024", lambda r: "unet" in r.tags and r.created.year == 2024, ["num_parameters"]),
        ("mnist epochs 2025", lambda r: r.dataset == "MNIST" and r.created.year == 2025, ["epochs"]),
        ("fid 2024 and 2025", lambda r: True, ["fid"]),
        ("fid under 2024", lambda r: r.fid is not None, []),
        ("batch size 2025", lambda r: False, []),
        ("epochs 2024 to 4000", lambda r: False, []),
        ("epochs = 2024", lambda r: False, []),
        ("epochs 2000", lambda r: False, []),
    ],
)
def test_a_year_beside_a_figure_is_no_value_of_it(ask, question, wanted, columns):
    found = ask(question)
    assert found_ids(found) == ids(wanted) and list(found.query.show) == columns and not found.unread


def test_the_best_of_a_year(ask):
    best = min((run for run in RUNS if run.created.year == 2024), key=lambda run: run.val_loss)
    assert found_ids(ask("best val loss 2024")) == {best.id}
    mean = sum(run.val_loss for run in RUNS if run.created.year == 2024) / sum(run.created.year == 2024 for run in RUNS)
    assert [row.value for row in ask("mean val loss 2024").groups.rows] == [pytest.approx(mean)]


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("the Monday runs", {0}),
        ("wed runs", {2}),
        ("the Saturday and Sunday runs", {5, 6}),
        ("weekend runs", {5, 6}),
        ("all Friday runs", {4}),
    ],
)
@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("", lambda r: True),
        (" with FID < 10", lambda r: r.fid and r.fid < 10),
        (" in 2025", lambda r: r.created.year == 2025),
    ],
)
def test_a_weekday_before_several_runs_comes_again(ask, question, days, more, wanted):
    found = ask(question + more)
    assert found_ids(found) == ids(lambda r: r.created.weekday() in days and wanted(r)) and not found.unread


def test_figures_of_the_runs_of_a_weekday(ask):
    known = [run.fid for run in RUNS if run.created.weekday() == 2 and run.fid]
    assert [row.value for row in ask("mean FID of the Wednesday runs").groups.rows] == [
        pytest.approx(sum(known) / len(known))
    ]
    failed = [run for run in RUNS if run.created.weekday() == 0 and run.status == "failed"]
    assert ask("how many of the Monday runs failed?").total == len(failed)


@pytest.mark.parametrize(
    "question",
    ["the run on Monday", "Monday's run", "runs on Monday", "last Monday runs", "which runs did I start Monday"],
)
def test_one_weekday_is_the_latest(ask, question):
    assert found_ids(ask(question)) == ids(lambda r: created(r, "2025-06-16", "2025-06-16"))


def finished(run):
    return run.status == "finished"


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("which runs finished on a Sunday?", lambda r: finished(r) and r.modified.weekday() == 6),
        ("runs completed on Fridays", lambda r: finished(r) and r.modified.weekday() == 4),
        ("MNIST runs that ended in the morning", lambda r: r.dataset == "MNIST" and 5 <= r.modified.hour < 12),
        ("finished on 13 June", lambda r: finished(r) and f"{r.modified:%Y-%m-%d}" == "2025-06-13"),
        ("ended in May", lambda r: f"{r.modified:%Y-%m}" == "2025-05"),
        ("runs that ended on 2 May", lambda r: f"{r.modified:%Y-%m-%d}" == "2025-05-02"),
        ("runs finished at the weekend", lambda r: finished(r) and f"{r.modified:%m-%d}" in ("06-14", "06-15")),
        ("runs that ended today", lambda r: r.status != "running" and f"{r.modified:%Y-%m-%d}" == "2025-06-18"),
        ("finished Friday runs", lambda r: finished(r) and r.created.weekday() == 4),
        ("finished runs of May", lambda r: finished(r) and f"{r.created:%Y-%m}" == "2025-05"),
    ],
)
def test_a_date_beside_the_end_of_a_run_is_that_of_its_last_change(ask, question, wanted):
    found = ask(question)
    assert found_ids(found) == ids(wanted) and not found.unread


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("since Easter Monday", "2025-04-21", "2025-06-18"),
        ("runs between Easter and Whit Monday", "2025-04-20", "2025-06-09"),
        ("runs before Easter 2025", "2024-01-01", "2025-04-19"),
        ("runs over the Easter weekend", "2025-04-18", "2025-04-21"),
        ("runs on Good Friday", "2025-04-18", "2025-04-18"),
        ("runs since Christmas Eve", "2024-12-24", "2025-06-18"),
        ("runs until Valentine's Day", "2024-01-01", "2025-02-14"),
        ("runs on 20250409", "2025-04-09", "2025-04-09"),
        ("runs in ISO week 2025-W24", "2025-06-09", "2025-06-15"),
        ("runs from 28.4. to 6.5.", "2025-04-28", "2025-05-06"),
        ("runs from 28.12. to 20.1.", "2024-12-28", "2025-01-20"),
        ("runs earlier this week", "2025-06-16", "2025-06-18"),
    ],
)
def test_feasts_and_ways_to_write_a_day(ask, question, first, last):
    found = ask(question)
    assert found_ids(found) == ids(lambda r: created(r, first, last)) and not found.unread


@pytest.mark.parametrize("question", ["params 20250409", "train_20250409.py"])
def test_eight_digits_are_no_day_where_another_number_is_due(ask, question):
    assert not any("created_at" in c.columns() for c in ask(question).query.conditions)


@pytest.mark.parametrize(
    ("year", "day"),
    [(1961, "04-02"), (2000, "04-23"), (2008, "03-23"), (2024, "03-31"), (2025, "04-20"), (2038, "04-25")],
)
def test_easter_is_when_the_church_says(year, day):
    assert f"{easter(year):%Y-%m-%d}" == f"{year}-{day}"


@pytest.mark.parametrize(
    ("question", "column", "run"),
    [
        ("in which month was run-020 started", "created_at", "run-020"),
        ("on which day of the week was run-020 started", "created_at", "run-020"),
        ("how old is run-006", "created_at", "run-006"),
        ("when did run-020 finish?", "modified_at", "run-020"),
        ("when was run-020 completed", "modified_at", "run-020"),
        ("on which day did run-020 end?", "modified_at", "run-020"),
    ],
)
def test_when_a_run_began_and_ended(ask, question, column, run):
    found = ask(question)
    assert found_ids(found) == {run} and found.query.ask == Facts((column,)) and not found.unread


def test_when_the_best_run_ended(ask):
    best = min((run for run in RUNS if run.dataset == "MNIST" and run.fid), key=lambda run: run.fid)
    found = ask("when did the best MNIST run finish?")
    assert found_ids(found) == {best.id} and found.query.ask == Facts(("modified_at",))
