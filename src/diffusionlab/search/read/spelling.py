"""Misspelt words put right in the text of a question, before anything is read."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.days import WEEKDAYS
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.numerals import UNITS
from diffusionlab.search.read.text import stem
from diffusionlab.search.read.tokens import Token, tokenize
from diffusionlab.search.read.typos import near, repair
from diffusionlab.search.words.calendar_words import MONTH_NAMES, NUMBER_WORDS
from diffusionlab.search.words.english import common, filler
from diffusionlab.search.words.lexicon import phrases, spellable, words_in_phrases

_SMALL_WORDS = ("with", "without", "which", "that", "those", "have", "where", "from", "show", "list", "find")
_DATES = (*MONTH_NAMES, *WEEKDAYS, "weekend")


def respell(text: str, known: Known) -> tuple[str, list[str]]:
    """The text with misspelt words put right, and a note on each."""
    notes: list[str] = []
    tokens = tokenize(text, known.is_run)
    shouted = len(tokens) > 1 and text.isupper()
    for token in reversed([t for t in tokens if t.kind == "word" and _misspelt(t, known)]):
        # from the end, so that places stay true
        better = repair(token.text, _candidates(known)) or repair(token.text, _SMALL_WORDS)
        if better and better != token.text and not _is_name(token, better, shouted, known):
            notes.insert(0, f'read "{token.raw}" as "{better}"')
            text = text[: token.start] + better + text[token.end :]
    return text, notes


def _is_name(token: Token, better: str, shouted: bool, known: Known) -> bool:
    """ "RNNs" among words in small letters is a name, no misspelt "runs"; "AdamP" is no misspelt "Adam"."""
    raw = token.raw
    if raw[:-1].lower() == better and raw[-1].isupper() and not raw.isupper():
        return True
    named = phrases().get(better, ("",))[0] in ("value", "facet", "field") or better in known.spellings
    return raw.rstrip("s").isupper() and not shouted and not named


def _candidates(known: Known) -> list[str]:
    values = {w for pair in known.spellings.values() for w in re.findall(r"[a-z]{4,}", pair[1].lower())}
    ordered = sorted(spellable() | values)
    return ordered + sorted(w for w in known.words if len(w) >= 5 and w not in spellable())


def _is_cut(word: str) -> bool:
    """Whether a word lacks the last letter of a known one: "cosin"."""
    return len(word) >= 5 and any(k[:-1] == word and k[-1] != "s" for k in spellable())


def _misspelt(token: Token, known: Known) -> bool:
    word = token.compact
    if len(word) < 4 or not word.isalpha() or not word.isascii():
        return False
    plain = {word, word.removesuffix("s"), word.removesuffix("es"), word.removeprefix("non")}
    return not (
        plain & phrases().keys()
        or word in spellable()
        or word in words_in_phrases()
        or word in filler()
        or word in common()
        or plain & known.spellings.keys()
        or word in known.words
        or (stem(word) in known.stems and not near(word, spellable()) and not _is_cut(word))
        or word in NUMBER_WORDS
        or word in UNITS
        or word in known.metrics
        or any(name.startswith(word.removesuffix("s")) for name in _DATES)
    )
