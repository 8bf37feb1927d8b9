"""Repair of misspelt words: Damerau-Levenshtein, same first letter, at least four letters.

The limits are measured ones: one edit below eight letters and two from there on repair nearly all slips and
spoil few correct words; two edits for short words spoil most of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile


def distance(a: str, b: str, limit: int = 2) -> int:
    """Optimal string alignment distance (insert, delete, replace, swap neighbours); `limit + 1` if above."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def repair(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely was meant to be, or None. Of equally near ones, that with most letters in place."""  # noqa: E501
    if len(word) < 4 or not word.isalpha():
        return None
    limit = 2 if len(word) >= 8 else 1
    best, nearest = (limit + 1, 0), None
    for candidate in known:
        if len(candidate) < 4 or candidate[0] != word[0] or abs(len(candidate) - len(word)) > limit:
            continue
        found = (distance(word, candidate, limit), -_shared(word, candidate))
        if found[0] <= limit and found < best:
            best, nearest = found, candidate
    return nearest


def near(word: str, known: Iterable[str]) -> bool:
    """Whether one slip parts `word` from a known word of seven letters or more."""
    return len(word) >= 7 and any(
        abs(len(k) - len(word)) <= 1 and distance(word, k, 1) <= 1 for k in known if k[0] == word[0]
    )


def _shared(a: str, b: str) -> int:
    """Letters that two words share at their beginning and at their end."""
    return sum(
        sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(x, y, strict=False)))
        for x, y in ((a, b), (a[::-1], b[::-1]))
    )


def nearest(word: str, known: Iterable[str], count: int = 3, like_only: bool = False) -> list[str]:
    """Known values to offer for an unknown one: the nearest by edits per letter, then by shared pieces.

    With `like_only`, those alone that a slip or two part from the word, or that begin as it does."""

    def alike(value: str) -> bool:
        a, b = word.lower(), value.lower()
        return distance(a, b) <= max(1, min(len(a), len(b)) // 4) or (len(a) >= 3 and (b.startswith(a) or a in b))

    def unlikeness(value: str) -> tuple[float, str]:
        a, b = word.lower(), value.lower()
        edits = distance(a, b, limit=max(len(a), len(b))) / max(len(a), len(b), 1)
        grams = {a[i : i + 2] for i in range(len(a) - 1)} & {b[i : i + 2] for i in range(len(b) - 1)}
        return edits - 0.5 * len(grams) / max(len(a) - 1, len(b) - 1, 1), value

    return sorted({v for v in known if alike(v)} if like_only else set(known), key=unlikeness)[:count]
