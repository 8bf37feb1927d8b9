"""The words of the question language: what each phrase means, keyed by its letters alone.

A key is `squeeze`d ("U-Net", "u net", "unet" and "U_NET" are one), so spelling is no concern of the grammar.
A meaning is (kind, payload); `parse.py` reads a question as a sequence of them. Values come from the
registry's own vocabulary (canonical.py, facets.py), the names of fields from its table of columns, further ways in
which people say them from the `..._words.py` modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from diffusionlab.registry.record.canonical import VOCABULARY, squeeze
from diffusionlab.registry.record.columns import BY_NAME, TABLE
from diffusionlab.registry.record.facets import FACETS
from diffusionlab.search.words.asking_words import DIRECTIONS, EACH, FREQUENT, HOWS, ORDERS, RATES, SHARES, SUPERLATIVES
from diffusionlab.search.words.grammar_words import (
    AFTERWARDS,
    ASKED,
    CARRIERS,
    COMPARATIVES,
    COMPARATORS,
    CONNECTORS,
    DIGITS,
    JOINING,
    NEGATIONS,
    NOTEBOOKS,
    NOUNS,
    PERCENT,
    RANGES,
    SCRIPTS,
    STATES,
    THOSE,
)
from diffusionlab.search.words.value_words import (
    AUTOGUIDED,
    BROKEN,
    CARDS,
    DATASET_WORDS,
    DONE_BY_SETTINGS,
    FACET_WORDS,
    FULL_ATTENTION,
    GPU_FAMILIES,
    NAMED_SETTINGS,
    NOT_FACET,
    NOT_FINISHED,
    RTX,
    SETTING_WORDS,
    SEVERAL,
    SINGLE,
    STATUSES,
    TEXT_PHRASES,
    TEXT_WORDS,
    UNSUCCESSFUL,
    VALUE_WORDS,
)

FIELDS: dict[str, str] = {column.name: column.said for column in TABLE if column.said and column.kind != "time"}
"""Column -> the ways to name it."""
CREATED = BY_NAME["created_at"].said
MODIFIED = BY_NAME["modified_at"].said

Meaning = tuple[str, Any]
Entry = tuple[str, str, Any]  # phrases with commas between them, kind, payload

_TOO_SHORT_OR_COMMON = (
    "half",
    "cos",
    "extendedmnist",
    "constant",
)  # spellings of values that mean something else in a question


@cache
def phrases() -> dict[str, Meaning]:
    """Squeezed phrase -> meaning. Later entries win over earlier ones."""
    table: dict[str, Meaning] = {}
    for entries in (_bounds_after, _values, _facets, _relations, _superlatives, _asked, _texts, _others):
        for words, kind, payload in entries():
            table.update({key: (kind, payload) for key in _phrases(words) if key})
    return table


def listed(text: str) -> list[str]:
    """The phrases of a table's entry."""
    return [part.strip() for part in text.split(",")]


def _phrases(text: str) -> list[str]:
    return [squeeze(part.replace("&", "ampersand").replace("!", "exclamation")) for part in text.split(",")]


def _bounds_after() -> Iterator[Entry]:
    for operator, words in AFTERWARDS.items():
        yield words, "afterwards", operator


def _values() -> Iterator[Entry]:
    for column, values in VOCABULARY.items():
        for value, others in values.items():
            names = [value, *others] if value != "none" and column != "status" else []
            for key in map(squeeze, names):
                if len(key) > 2 and not key.isdigit() and key not in _TOO_SHORT_OR_COMMON:
                    yield key, "value", (column, (value,))
    for words, datasets in DATASET_WORDS.items():
        yield words, "value", ("dataset", datasets)
    for (column, value), words in VALUE_WORDS.items():
        yield words, "value", (column, (value,))
    for status, words in STATUSES.items():
        yield words, "value", ("status", (status,))
    yield NOT_FINISHED, "not finished", None
    yield UNSUCCESSFUL, "unsuccessful", None
    yield BROKEN, "broken", None


def _facets() -> Iterator[Entry]:
    for facet, others in FACETS.items():
        yield ", ".join([facet, *others]), "facet", facet
    for facet, words in FACET_WORDS.items():
        yield words, "facet", facet
    for facet, words in NOT_FACET.items():
        yield words, "not facet", facet
    yield FULL_ATTENTION, "full attention", None


def _relations() -> Iterator[Entry]:
    for column, words in FIELDS.items():
        yield words, "field", column
    for operator, words in COMPARATIVES.items():
        yield words, "comparative", operator
    yield THOSE, "those", None
    yield PERCENT, "percent", None
    for operator, words in COMPARATORS.items():
        yield words, "comparator", operator
    for strength, words in NEGATIONS.items():
        yield words, "not", strength
    for word, words in CONNECTORS.items():
        yield words, "connector", word
    yield CARRIERS, "carrier", None


def _superlatives() -> Iterator[Entry]:
    for payload, words in SUPERLATIVES.items():
        for word in _phrases(words):
            yield word, "superlative", (*payload, word)


def _asked() -> Iterator[Entry]:
    for word in _phrases(NOUNS):
        yield word, "noun", word
    yield SCRIPTS, "script", ".py"
    yield NOTEBOOKS, "script", ".ipynb"
    yield from ASKED
    yield from ORDERS
    yield MODIFIED, "moment", "modified_at"
    yield CREATED, "moment", "created_at"


def _texts() -> Iterator[Entry]:
    yield AUTOGUIDED, "autoguided", None
    for setting, words in SETTING_WORDS.items():
        yield words, "setting", setting
    for names, words in NAMED_SETTINGS.items():
        yield words, "named setting", names
        yield DONE_BY_SETTINGS.get(names[0], ""), "named setting", names
    for said, words in TEXT_WORDS.items():
        yield words, "text", said
    for phrase in listed(TEXT_PHRASES):
        yield phrase, "text", (phrase,)


def _others() -> Iterator[Entry]:
    yield from JOINING
    yield RTX, "family", ("rtx",)
    for names, kinds in GPU_FAMILIES.items():
        yield ", ".join(f"{name.strip()}{tail}" for name in names.split(",") for tail in CARDS), "family", kinds
    yield SEVERAL, "multi", None
    yield SINGLE, "single gpu", None
    yield from RANGES
    yield from DIRECTIONS
    yield from STATES
    yield "missing", "not", "without"
    for how, words in HOWS.items():
        yield words, "how", how
    for how, words in SHARES.items():
        yield words, "share", how
    for statuses, words in RATES.items():
        yield words, "rate", statuses
    for descending, words in FREQUENT.items():
        yield words, "frequent", descending
    for unit, words in EACH.items():
        yield words, "per unit", unit
    for words, digits in DIGITS.items():
        yield words, "digits", digits
    yield "up to", "comparator", "<="


@cache
def words_in_phrases() -> frozenset[str]:
    """Every word that stands in some phrase."""
    entries = (_bounds_after, _values, _facets, _relations, _asked, _texts, _others)
    texts = (words for read in entries for words, _, _ in read())
    return frozenset(word for text in (*texts, *SUPERLATIVES.values()) for word in re.findall(r"[a-z]+", text.lower()))


@cache
def longest() -> int:
    """Letters in the longest phrase; a span longer than that means nothing."""
    return max(map(len, phrases()))


@cache
def spellable() -> frozenset[str]:
    """Single words to which a misspelt one may be repaired, in a fixed order by the caller."""
    kinds = (
        "facet",
        "not facet",
        "value",
        "field",
        "superlative",
        "moment",
        "noun",
        "script",
        "compare",
        "comparator",
        "not",
        "count",
        "how",
        "frequent",
        "sorted",
        "not finished",
        "unsuccessful",
        "broken",
    )
    words = {key for key, (kind, _) in phrases().items() if kind in kinds and key.isalpha() and len(key) >= 4}
    for column in VOCABULARY.values():
        words |= {w for names in column for w in re.findall(r"[a-z]{4,}", names.lower())}
    for text in (*FIELDS.values(), *FACET_WORDS.values(), *VALUE_WORDS.values(), *DATASET_WORDS, *OFTEN_MISSPELT):
        words |= set(re.findall(r"[a-z]{4,}", text.lower()))
    stubs = {squeeze(p) for text in VALUE_WORDS.values() for p in text.split(",") if len(p.split()[-1]) == 1}
    return frozenset(words - stubs)  # "predictv" is no word to which "predict" may be repaired


OFTEN_MISSPELT = (
    "below above least most fewer greater larger smaller under between exactly approximately",
    "january february march april june july august september october november december monday tuesday "
    "wednesday thursday "
    "friday saturday sunday yesterday today fall christmas week month quarter year spring summer autumn "
    "winter diffusion models",
)
