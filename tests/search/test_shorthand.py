"""Slips of the fingers, shorthand and short ways to name a day or an hour; against plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from tests.search.fixture_runs import RUNS


def ids(wanted):
    return {run.id for run in RUNS if wanted(run)}


def found(result):
    return {row["run_id"] for row in result.rows}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("wich runs use AdamW", lambda r: r.optimizer == "AdamW"),
        ("how mny runs on CIFAR-10", lambda r: r.dataset == "CIFAR-10"),
        ("how many rns on mnist", lambda r: r.dataset == "MNIST"),
        ("runs form march with adamw", lambda r: r.c.startswith("2025-03") and r.optimizer == "AdamW"),
        ("runs form may", lambda r: r.c.startswith("2025-05")),
    ],
)
def test_slips_are_put_right_and_told(ask, question, wanted):
    result = ask(question)
    assert found(result) == ids(wanted) and not result.unread
    assert any(note.startswith("read ") for note in result.query.notes)


def test_wich_is_which(ask):
    assert ask("wich run is the best").query.notes == ('read "wich" as "which"',)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("bs=256 opt=adamw sched=cosine", lambda r: (r.batch, r.optimizer, r.schedule) == (256, "AdamW", "cosine")),
        ("runs started on the 16th", lambda r: r.c == "2025-06-16"),
        ("runs from the 2nd", lambda r: r.c == "2025-06-02"),
        ("runs launched at 10 am", lambda r: r.created.hour == 10),
        ("runs started at 09:00", lambda r: r.created.hour == 9),
        ("runs at noon", lambda r: r.created.hour == 12),
        (
            "weeks 10 to 12 of 2025",
            lambda r: datetime(2025, 3, 3, tzinfo=UTC) <= r.created < datetime(2025, 3, 24, tzinfo=UTC),
        ),
    ],
)
def test_short_ways_to_name_them(ask, question, wanted):
    result = ask(question)
    assert found(result) == ids(wanted) and not result.unread


def test_a_place_is_no_day(ask):
    assert ask("the 3rd MNIST run").query.order is not None
    assert ask("the 3rd best run").query.order.skip == 2


@pytest.mark.parametrize(("question", "count"), [("top5 fid CIFAR-10", 5), ("top3 CIFAR-10", 3)])
def test_a_number_glued_to_its_superlative(ask, question, count):
    runs = sorted((r for r in RUNS if r.dataset == "CIFAR-10" and r.fid is not None), key=lambda r: r.fid)
    result = ask(question)
    assert [row["run_id"] for row in result.rows] == [run.id for run in runs[:count]] and not result.unread


@pytest.mark.parametrize(
    ("question", "key", "wanted"),
    [
        ("failures per month", lambda r: r.c[:7], lambda r: r.status in ("failed", "crashed")),
        ("unets per dataset", lambda r: r.dataset, lambda r: "unet" in r.tags),
        ("DiTs by optimizer", lambda r: r.optimizer, lambda r: "dit" in r.tags),
    ],
)
def test_what_runs_are_counts_them_per_group(ask, question, key, wanted):
    result = ask(question)
    assert {group.key: group.value for group in result.groups.rows} == Counter(key(r) for r in RUNS if wanted(r))
    assert not result.unread
