"""Recurring days and hours, and created against modified: as words, as --where, and as rows of a registry."""

from __future__ import annotations

import pytest

from diffusionlab.registry.filters.days import Recurring, SamePeriod
from diffusionlab.registry.filters.filter import Not
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.show.output import evidence
from tests.search.fixture_runs import NOW, RUNS

WRITTEN = {
    "created_weekday = monday": lambda r: r.created.weekday() == 0,
    "created_weekday != monday": lambda r: r.created.weekday() != 0,
    "modified_weekday in (saturday, sunday)": lambda r: r.modified.weekday() >= 5,
    "created_hour in (9, 10)": lambda r: r.created.hour in (9, 10),
    "created_day = modified_day": lambda r: r.created.date() == r.modified.date(),
    "created_day != modified_day": lambda r: r.created.date() != r.modified.date(),
    "created_week = modified_week": lambda r: r.created.isocalendar()[:2] == r.modified.isocalendar()[:2],
    "created_month != modified_month": lambda r: r.created.strftime("%Y%m") != r.modified.strftime("%Y%m"),
    "dataset = MNIST and created_weekday in (monday, tuesday) and fid < 20": lambda r: (
        r.dataset == "MNIST" and r.created.weekday() < 2 and r.fid is not None and r.fid < 20
    ),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_where_text_means_what_it_says_and_comes_back(engine, registry, text):
    condition = parse_where(text, engine.known, NOW)
    assert format_where(condition, engine.known) == text
    assert {row["run_id"] for row in registry.rows(condition)} == {r.id for r in RUNS if WRITTEN[text](r)}


@pytest.mark.parametrize(
    "text",
    [
        "created_weekday = someday",
        "created_hour = 24",
        "created_day = modified_week",
        "created_weekday < monday",
        "created_weekday",
    ],
)
def test_where_says_in_one_line_what_is_no_day(engine, text):
    with pytest.raises(ValueError, match=r"^--where: [^\n]+$"):
        parse_where(text, engine.known, NOW)


def test_a_run_without_the_moment_meets_neither_the_condition_nor_its_negation():
    for condition in (Recurring("modified_at", "weekday", (0,)), SamePeriod("day")):
        row = {"created_at": NOW, "modified_at": None}
        assert not condition.matches(row) and not Not(condition).matches(row)


def test_evidence_of_a_day_is_the_moment_it_was_told_from(ask):
    found = ask("runs created and modified on the same day on MNIST")
    assert found.rows
    for row, proof in zip(found.rows, evidence(found), strict=True):
        assert proof["created_at"]["value"][:10] == proof["modified_at"]["value"][:10]
        assert proof["created_at"]["value"] == row["created_at"].isoformat()
