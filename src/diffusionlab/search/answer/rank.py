"""Scores: how much a run says what was asked, and how alike two runs are. Deterministic, numpy only."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diffusionlab.search.read.known import Known
from diffusionlab.search.read.text import Mentions, mentioned, stem, words_of

if TYPE_CHECKING:
    import numpy as np

Row = Mapping[str, Any]
DIMENSIONS = 1024
_FACTS = {
    "dataset": 1.5,
    "dataset_family": 0.5,
    "architecture": 0.5,
    "optimizer": 0.8,
    "schedule": 0.8,
    "parameterization": 1.0,
    "hardware_kind": 0.3,
    "framework": 0.1,
    "sampler": 0.4,
    "precision": 0.2,
}
_SCALES = {
    "lr": (10.0, 0.8),
    "batch_size": (2.0, 0.6),
    "epochs": (2.0, 0.4),
    "num_parameters": (2.0, 0.8),
    "image_size": (2.0, 0.6),
}
_FIELD_WEIGHT = {"name": 2.0, "tags": 2.0, "notes": 1.0, "description": 1.0, "architecture": 1.0, "search_text": 0.3}


def vector(row: Row) -> np.ndarray:
    """A run as a unit vector of `DIMENSIONS` floats: facets, settings (near numbers near each other), word n-grams."""
    import numpy as np

    out = np.zeros(DIMENSIONS)
    for tag in row.get("arch_tags") or ():
        _add(out, f"facet {tag}", 1.0)
    for column, weight in _FACTS.items():
        if row.get(column):
            _add(out, f"{column} {row[column]}", weight)
    for column, (base, weight) in _SCALES.items():
        if value := row.get(column):
            place = math.log(abs(value), base)
            low = math.floor(place)  # a number lies between two marks of a log scale and is partly at each
            _add(out, f"{column} {low}", weight * (1 - (place - low)))
            _add(out, f"{column} {low + 1}", weight * (place - low))
    words = [
        stem(w) for w in words_of(f"{row.get('name') or ''} {row.get('description') or ''} {row.get('notes') or ''}")
    ]
    for n, weight in ((1, 0.25), (2, 0.15)):
        for start in range(len(words) - n + 1):
            _add(out, "words " + " ".join(words[start : start + n]), weight)
    return out / (np.linalg.norm(out) or 1.0)


def _add(out: np.ndarray, feature: str, weight: float) -> None:
    """Feature hashing: two places with signs, so that collisions cancel rather than add up."""
    code = zlib.crc32(feature.encode())
    out[code % DIMENSIONS] += weight * (1 if code & 1 << 31 else -1)
    out[(code >> 10) % DIMENSIONS] += weight * (1 if code & 1 << 30 else -1)


def likeness(rows: Sequence[Row], to: Row) -> list[float]:
    """Cosine similarity of each row to the run `to`, in [-1, 1]."""
    target = vector(to)
    return [float(vector(row) @ target) for row in rows]


def text_scores(rows: Sequence[Row], words: Sequence[Mentions], known: Known) -> list[float]:
    """How well each row says the words, in [0, 1]: rare words and words of the name count more."""
    weights = [_rarity(word, known) for word in words]
    most = sum(weights) * max(_FIELD_WEIGHT.values()) or 1.0
    return [sum(w * _best_field(row, word) for w, word in zip(weights, words, strict=True)) / most for row in rows]


def _rarity(word: Mentions, known: Known) -> float:
    return math.log(1 + known.number_of_runs / (1 + known.said_by(word.phrases)))


def _best_field(row: Row, word: Mentions) -> float:
    found = [
        weight
        for column, weight in _FIELD_WEIGHT.items()
        if row.get(column) and any(mentioned(str(row[column]), p) for p in word.phrases)
    ]
    return max(found, default=0.0)


def best_subset(rows: Sequence[Row], words: Sequence[Mentions], known: Known) -> tuple[Mentions, ...]:
    """Where no row says all the words: those that the best row says. The rarest count most, of equals the longest."""
    weights = {word: _rarity(word, known) for word in words}

    def weight(said: Sequence[Mentions]) -> tuple[float, int]:
        return sum(weights[word] for word in said), sum(len(word.phrases[0]) for word in said)

    best: tuple[Mentions, ...] = ()
    for row in rows:
        said = tuple(word for word in words if word.matches(row))
        if weight(said) > weight(best):
            best = said
    return best
