"""Words, parts of words and regular expressions in the texts of runs, over Arrow and for one row alike."""

from __future__ import annotations

import pytest

from diffusionlab.registry.record.rows import to_rows
from diffusionlab.search.query.where import parse_where
from tests.search.fixture_runs import NOW

FOUND = {
    "text ~ garm": {"run-009"},
    "text ~ GARMENTS": {"run-009"},
    "text ~ oom": {"run-023"},
    'text ~ "out of memory"': {"run-023"},
    "text ~ /out.of.mem/": {"run-023"},
    "name ~ /^cifar.*(oom|edm)$/": {"run-023", "run-032"},
    "path ~ stl10": {"run-034", "run-035"},
    "text ~ outputs": {f"run-{n:03d}" for n in range(1, 37)},
    "text ~ /no such thing/": set(),
    "not text ~ /./": set(),
    "sweep ~ lr": set(),
}


@pytest.mark.parametrize("text", FOUND)
def test_texts_are_found(engine, registry, text):
    condition = parse_where(text, engine.known, NOW)
    assert {row["run_id"] for row in registry.rows(condition)} == FOUND[text]
    table = registry.arrow(["run_id", *sorted(condition.reads() - {"run_id"})])
    assert condition.mask(table).to_pylist() == [condition.evaluate(row) for row in to_rows(table)]


def test_a_run_without_texts_neither_matches_nor_fails_to(engine):
    for text in ("text ~ /a/", "text ~ abcd", "notes ~ /a/"):
        assert parse_where(text, engine.known, NOW).evaluate({}) is None


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ('text ~ "garm"', 'text ~ "garm"'),
        ("text contains garm", 'text ~ "garm"'),
        ('name ~ "cifar"', "name ~ /cifar/"),
        ("name ~ /cifar-.*dit/", "name ~ /cifar-.*dit/"),
    ],
)
def test_conditions_on_texts_are_read_in_questions_too(ask, engine, question, condition):
    wanted = {row["run_id"] for row in engine.rows(parse_where(condition, engine.known, NOW))}
    assert wanted and {row["run_id"] for row in ask(question).rows} == wanted


def test_a_question_with_a_wrong_regular_expression_says_so(ask):
    with pytest.raises(ValueError, match="no regular expression"):
        ask("name ~ /cifar(/")
