"""Settings in a question: by the names that they have in configurations, or by those that people give them.

Where a setting is recorded, it decides. Where it is not, a text may say that it is on, and nothing says that it is off.
"""

from __future__ import annotations

from diffusionlab.registry.filters.conditions import Compare, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Or
from diffusionlab.search.read.items import Condition, Scan
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.special_filters import PREFIX, IsOn, stems_of
from diffusionlab.search.read.text import Mentions, stems
from diffusionlab.search.read.tokens import Token
from diffusionlab.search.words.english import common, filler
from diffusionlab.search.words.grammar_words import USING
from diffusionlab.search.words.lexicon import Meaning, listed, phrases
from diffusionlab.search.words.value_words import NAMED_SETTINGS, VALUE_ASKED


def setting_at(s: Scan, words: str, i: int, j: int) -> Meaning | None:
    """A setting without a column of its own; what the texts of runs say is one only if it is ever on, by that name."""
    if not any(_is_unknown(token) for token in s.tokens[i : j + 1]):  # to look through all settings takes a while
        return None
    if i < j and (_adds_nothing(s, i, words, s.words(i + 1, j + 1)) or _adds_nothing(s, j, words, s.words(i, j))):
        return None
    said = s.known.anyone_says([words])
    column = s.known.setting(words)
    if column is None and not said and _is_asked_for(s, i, j + 1):
        column = s.known.setting_partly(words)
    if column is None or (said and (not s.known.is_ever_on(column) or _is_end_of_phrase(s, i, words))):
        return None
    return "field", column


def _is_asked_for(s: Scan, i: int, after: int) -> bool:
    """Whether the words can only be a setting: "with clipping", "no clipping", "clipping of 0.5", or nothing else."""
    before = s.word(i - 1 - (s.word(i - 1) in ("a", "an", "any", "some")))
    alone = i == 0 and all(token.kind == "punct" for token in s.tokens[after:])
    return alone or asks_value(s, i, after) or before in (*USING, *_NO_OR_IS)


_NO_OR_IS = ("no", "without", "not", "is", "was", "are", "were")


def _adds_nothing(s: Scan, i: int, words: str, others: str) -> bool:
    """Whether the word at i is no part of the name: the "use" of "use weight decay", but not of "use_ema"."""
    glued = i + 1 < len(s.tokens) and s.tokens[i + 1].glued
    return not glued and s.word(i) in filler() and stems_of(words) == stems_of(others)


def _is_end_of_phrase(s: Scan, i: int, words: str) -> bool:
    """Whether some text says the word before the words at i with them: "style dropout" is no dropout."""
    before = s.tokens[i - 1] if i else None
    return before is not None and _is_unknown(before) and s.known.anyone_says([f"{before.text} {words}"])


def _is_unknown(token: Token) -> bool:
    """Whether a word has no meaning by itself."""
    if token.kind != "word" or len(token.text) < 3:
        return False
    return token.text not in filler() and token.text not in common() and token.compact not in phrases()


# -- those that people have a name for: "gradient clipping", "EMA"


def named_setting(s: Scan, names: tuple[str, ...], i: int, after: int) -> int:
    """The setting as a field. Where no run has it recorded, the texts tell that it is on, but never that it is off."""
    column, words = column_named(s, names), s.words(i, after)
    recorded = column in s.known.settings.values()
    if recorded and _is_end_of_phrase(s, i, words):
        return s.add("text", (words, words), i, after)
    if recorded or asks_value(s, i, after):
        return s.add("field", column, i, after)
    said = Or(Mentions(_as_texts_say(names)), IsOn(column))
    return s.add("condition", Condition("setting", said, words=words), i, after)


def _as_texts_say(names: tuple[str, ...]) -> tuple[str, ...]:
    """The first two ways to name a setting, or one if they are of one stem."""
    first, second, *_ = [*listed(NAMED_SETTINGS[names])[:2], ""]
    return (first,) if stems(first).strip() in stems(second) or not second else (first, second)


def column_named(s: Scan, names: tuple[str, ...]) -> str:
    """The setting that has one of the names, or would have the first."""
    return next((column for name in names if (column := s.known.setting(name))), PREFIX + names[0])


def asks_value(s: Scan, i: int, after: int) -> bool:
    """Whether the value is asked for or given: "which dropout", "dropout of 0.1", "dropout above 0"."""
    counted = any(after + k < len(s.tokens) and s.tokens[after + k].kind in ("number", "op") for k in range(2))
    return s.word(i - 1) in VALUE_ASKED.split() or s.word(after) in ("of", ":") or counted


def averaged(phrases: tuple[str, ...], known: Known) -> Filter:
    """Weights are averaged: by the setting, and where none is recorded by the text, which tells only that they are."""
    decay = known.setting("ema decay") or f"{PREFIX}ema_decay"
    return Or(Compare(decay, ">", 0), And(IsNull(decay), Mentions(phrases)))
