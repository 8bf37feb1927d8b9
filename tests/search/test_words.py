"""Every word is accounted for: one that may change a meaning changes the reading, or is named as not understood."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffusionlab.registry.filters.conditions import In
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.query.query import Query
from diffusionlab.search.words.english import harmless
from diffusionlab.search.words.lexicon import phrases

LOADED = (
    *(
        "not",
        "without",
        "no",
        "never",
        "neither",
        "but not",
        "all but",
        "except",
        "excluding",
        "not counting",
        "other than",
        "minus",
    ),
    *("by", "per", "each", "for each", "those", "these", "of those", "%", "10%", "percent"),
    *("most common", "most used", "rarest", "most often", "total", "average", "median", "sum of", "different"),
    *("more", "less", "fewer", "lower", "higher", "better", "worse", "older", "newer", "larger than", "at least"),
    *("same", "half", "again", "next", "previous", "until", "since", "always", "rarely", "only half"),
)
QUESTIONS = (
    "unets on MNIST",
    "runs on CIFAR-10",
    "failed runs",
    "best FID on CIFAR-10",
    "transformers with guidance since March",
    "latent models trained on an A100",
    "runs with lr below 1e-3",
    "runs with batch size 128",
    "how many runs on MNIST",
    "average fid of unets",
    "runs per dataset",
    "compare run-014 and run-015",
    "is run-020 conditional",
    "runs like run-015",
    "top 3 by val loss",
)


SAME = ("best by FID on CIFAR-10", "runs per each dataset", "runs per for each dataset", "runs per by dataset")
"""Questions in which the word is used, and says what the others say already."""


def reading(query: Query) -> Query:
    """What the query asks for, without what is said about the reading."""
    return replace(query, question="", notes=(), unread=())


def parts(question: str) -> list[str]:
    return question.split()


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.sampled_from(QUESTIONS), word=st.sampled_from(LOADED), place=st.integers(0, 8))
def test_a_word_that_may_change_a_meaning_is_used_or_named(engine, question, word, place):
    words = parts(question)
    asked = " ".join([*words[:place], word, *words[place:]])
    query, plain = (parse(text, engine.known, engine.now) for text in (asked, question))
    named = " ".join(query.unread).lower()
    counted = word == "total" and question.startswith("how many")  # a count is a total
    assert (
        asked in SAME or counted or reading(query) != reading(plain) or any(piece in named for piece in parts(word))
    ), asked


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    question=st.sampled_from(QUESTIONS), word=st.text("abcdefghijklmnopqrstuvwxyz", min_size=5), place=st.integers(0, 8)
)
def test_a_word_that_nobody_knows_is_looked_for_repaired_or_named(engine, question, word, place):
    words = parts(question)
    asked = " ".join([*words[:place], word, *words[place:]])
    query, plain = (parse(text, engine.known, engine.now) for text in (asked, question))
    accounted = query.notes or query.unread or reading(query) != reading(plain)
    assert accounted or word in harmless() or word in phrases(), asked


@pytest.mark.parametrize(
    "kind", ["not", "per", "by", "those", "percent", "frequent", "how", "comparator", "comparative"]
)
def test_no_word_of_the_grammar_is_harmless(kind):
    assert not {phrase for phrase, (found, _) in phrases().items() if found == kind} & harmless()


def test_those_means_the_runs_of_the_answer_before(engine):
    before = In("run_id", ("run-002", "run-006"))
    query = parse("which of those finished", engine.known, engine.now, among=before)
    assert query.conditions[0] == before and not query.unread
    assert "those" in " ".join(parse("which of those finished", engine.known, engine.now).unread)
