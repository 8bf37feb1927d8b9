"""Every labelled question is read as readings.txt says, in all its parts."""

from __future__ import annotations

import pytest

from tests.search import readings

KEPT = readings.parse_file(readings.FILE.read_text())


def test_every_labelled_question_has_a_reading():
    assert list(KEPT) == readings.questions(), "run python -m tests.search.readings and review the difference"


@pytest.mark.parametrize("question", KEPT)
def test_reading_is_the_one_on_file(engine, question):
    assert readings.describe(question, engine) == readings.without_remarks(KEPT[question])
