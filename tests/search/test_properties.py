"""Whatever is asked: no exception, no hit that breaks the printed reading, and flags that find the same rows."""

from __future__ import annotations

import shlex
import string
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffusionlab.registry.filters.filter import EVERYTHING
from diffusionlab.registry.record.columns import COLUMNS
from diffusionlab.registry.record.rows import to_rows
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.show.cli import parser
from diffusionlab.search.show.flags import flag_line, reading
from diffusionlab.search.show.options import query_of
from diffusionlab.search.words.english import filler
from diffusionlab.search.words.lexicon import phrases
from tests.search.fixture_runs import NOW
from tests.search.questions import filters, ordered

WORDS = sorted({w for q, _ in (*filters(), *ordered()) for w in q.split()})
PHRASES = sorted({q for q, _ in (*filters(), *ordered())})
NUMBERS = st.one_of(
    st.integers(0, 10**7).map(str),
    st.floats(1e-6, 1e6, allow_nan=False).map(lambda x: f"{x:.3g}"),
    st.sampled_from(
        [
            "5M",
            "2e-4",
            "1,000",
            "32x32",
            "10^-3",
            "half a million",
            "20+",
            "-3",
            "2025",
            "9999999999999999999999",
            "1e400",
        ]
    ),
)
DATES = st.sampled_from(
    "yesterday|last week|since March|2025-04-09|until the end of May|in Q2 2025|April 9th|31 February 2025|may|between March and May 2025|"  # noqa: E501, SIM905
    "two weeks ago|the last 3 days|999999 years ago|2025-99-99|week 53|first half of April|on Monday|0000-00-00|winter".split(  # noqa: E501
        "|"
    )
)
JUNK = st.text(st.one_of(st.characters(), st.sampled_from(string.punctuation + " \t\n\x00\u202e")), max_size=12)
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(sorted(phrases())),
    st.sampled_from(sorted(filler())),
    NUMBERS,
    DATES,
    JUNK,
    st.sampled_from(
        [
            "not",
            "without",
            "or",
            "and",
            "neither",
            "nor",
            "but",
            "(",
            ")",
            ",",
            "top 3",
            "best",
            "compare",
            "how many",
            "like run-015",
            "run-007",
            "'; DROP TABLE runs",
            "OR 1=1",
            '"quoted words"',
            "O'Brien",
            "lr below",
            "fid between 5 and",
            "at least",
        ]
    ),
)
QUESTIONS = st.one_of(
    st.lists(PIECES, min_size=1, max_size=9).map(" ".join),
    st.tuples(
        st.sampled_from(PHRASES), st.sampled_from(["and", "or", "but not", ",", "vs", ""]), st.sampled_from(PHRASES)
    ).map(" ".join),
    st.text(max_size=60),
)


class InMemory(Registry):
    """The rows of a registry, filtered by the filter's own meaning: thousands of questions in a minute."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry.uri)
        self.held = super().arrow([*COLUMNS])
        self.held_rows = to_rows(self.held)

    def rows(self, where=None, *, columns=None, **options):
        return [row for row in self.held_rows if where is None or where.matches(row)]

    def arrow(self, columns, where=None, now=None):
        if not {*columns} <= {*self.held.column_names}:  # a setting, which is no column
            return super().arrow(columns, where, now)
        return self.held.filter((where or EVERYTHING).mask(self.held)).select(columns)


@pytest.fixture(scope="module")
def fast(registry) -> Engine:
    return Engine(InMemory(registry), NOW)


def check(engine: Engine, question: str) -> None:
    """The promises, for one question."""
    try:
        query = parse(question, engine.known, engine.now)
    except ValueError as error:  # empty, too long or without any word: one line
        assert len(str(error).splitlines()) == 1
        return
    found = engine.answer(query)
    where = format_where(found.query.condition, engine.known)
    again = parse_where(where, engine.known, engine.now)
    assert format_where(again, engine.known) == where
    assert all(again.matches(row) for row in found.rows), (question, where)
    assert len(reading(found.query, engine.known).splitlines()) == 1
    options = parser().parse_intermixed_args(shlex.split(flag_line(found, engine.known)))
    by_flags = engine.answer(query_of(options, "", engine.known, engine.now, False))
    if by_flags.groups is not None and found.groups is not None:  # `not x = 0` is typed `x != 0`
        told = replace(by_flags.groups, figure=found.groups.figure)
        assert told == found.groups, (question, flag_line(found, engine.known))
    if found.query.order is not None or found.query.like is not None:
        if found.rows:
            rows = (
                by_flags.rows[options.skip :]
                if not (by_flags.query.order and by_flags.query.order.skip)
                else by_flags.rows
            )
            assert [row["run_id"] for row in rows] == [row["run_id"] for row in found.rows], (
                question,
                flag_line(found, engine.known),
            )
    else:
        assert {row["run_id"] for row in by_flags.rows} == {row["run_id"] for row in found.rows}, (question, where)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=QUESTIONS)
def test_any_question(fast, question):
    check(fast, question)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=QUESTIONS)
def test_ten_thousand_questions(fast, question):
    check(fast, question)


@pytest.mark.parametrize(
    "question",
    [
        "1e400 B",
        "MULT&GPU",
        "0/0",
        "batch size " + "9" * 400,
        "may may may",
        "not " * 200,
        "2000VS:COUN:B",
        "V",
        "failurerate",
        "v v v",
        "pixel",
        "one",
    ],
)
def test_questions_that_once_broke(engine, question):
    check(engine, question)


@pytest.mark.parametrize("question", PHRASES[::4])
def test_flags_find_the_rows_of_the_words(engine, question):
    check(engine, question)
