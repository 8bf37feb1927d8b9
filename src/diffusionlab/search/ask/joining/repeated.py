"""What is said twice keeps two sides apart: a preposition, or the words for a figure.

how many runs on MNIST and on CIFAR-10          a number of each
how many use Adam and how many use Lion         likewise
average FID of U-Nets and of DiTs               a mean of each
the latest run on MNIST and on CIFAR-10         the latest of each
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.search.ask.joining.opposites import are_opposites
from diffusionlab.search.ask.joining.scope import NETWORKS
from diffusionlab.search.read.items import Condition, Item
from diffusionlab.search.words.grammar_words import USING

_PLACES = ("on", "for", "of", "in", "from", "among", "by")
_BETWEEN = ("filler", "noun", "condition")


def two_figures(items: list[Item], i: int) -> Item | None:
    """The "and" between two sides of a figure as "versus"; the figure's words after it as nothing more."""
    if any(item.kind in ("by", "compare", "superlative") for item in items):
        return None
    if _is_and(items[i]) and any(item.kind in ("how", "count") for item in items[:i]):
        apart = _place_before(items, i) is not None or _said_again(items, i) or are_opposites(items, i)
        return replace(items[i], payload="vs") if apart else None
    joint = next((k for k in range(i - 1, max(i - 4, -1), -1) if _is_and(items[k])), None)
    if joint is not None and i - joint <= _said_again(items, joint):
        return replace(items[i], kind="filler", words="how")
    return None


def each_place(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """The question without the second and without the first of two places, of which one superlative is asked."""
    joints = [i for i, item in enumerate(items) if _is_and(item)]
    if len(places) != 1 or len(joints) != 1 or (before := _place_before(items, joints[0])) is None:
        return []
    condition = _condition_at(items, joints[0] + 1)
    by_measure = items[places[0]].payload[1] is None
    if condition is None or (condition.payload.category == "dataset" and by_measure):  # best_of_several
        return []
    after = items[joints[0] + 1].start
    return [text[: items[joints[0]].start] + text[condition.end :], text[: items[before].start] + text[after:]]


def each_kind(text: str, items: Sequence[Item], places: Sequence[int]) -> list[str]:
    """The question of each of two kinds, of each group of which the first runs are asked: "best U-Net and best DiT for
    each data set", "best FID of U-Nets and DiTs per data set"."""
    if not any(item.kind in ("per", "per unit") for item in items):
        return []
    for joint in (i for i, item in enumerate(items) if _is_and(item)):
        first, other = _kind_before(items, joint), _kind_after(items, joint, places)
        again = [place for place in places if joint < place]
        alike = len(places) == 1 + len(again) and len({items[place].payload for place in places}) == 1
        if first is None or other is None or not alike or not _of_one_kind(items[first].payload, items[other].payload):
            continue
        start = items[places[0] if again else first].start
        return [
            text[: items[joint].start] + text[items[other].end :],
            text[:start] + text[items[joint + 1].start :],
        ]
    return []


def _kind_before(items: Sequence[Item], joint: int) -> int | None:
    before = next((i for i in range(joint - 1, -1, -1) if items[i].kind not in ("filler", "noun")), None)
    return before if before is not None and items[before].kind == "condition" else None


def _kind_after(items: Sequence[Item], joint: int, places: Sequence[int]) -> int | None:
    """The condition after the "and", with the superlative before it if it is said again."""
    after = joint + 1
    while after < len(items) and (items[after].kind in ("filler", "noun") or after in places):
        after += 1
    return after if after < len(items) and items[after].kind == "condition" else None


def _is_and(item: Item) -> bool:
    return item.kind == "connector" and item.payload == "and"


def _place_before(items: Sequence[Item], i: int) -> int | None:
    """Where the preposition stands before the "and" at i, if it stands after it too, with values of one kind."""
    preposition = items[i + 1].words.lower() if i + 1 < len(items) else ""
    either = preposition in _PLACES
    start = i - 1
    while start > 0 and items[start].kind in _BETWEEN and items[start].words.lower() != preposition:
        start -= 1
    if not (either or preposition in USING) or start < 0 or items[start].words.lower() != preposition:
        return None
    first, other = _condition_at(items, start), _condition_at(items, i + 1)
    if first is None or other is None or not _of_one_kind(first.payload, other.payload):
        return None
    return start if either or first.payload.single else None  # "with Adam and with Lion", but "with EMA and with CFG"


def _condition_at(items: Sequence[Item], i: int) -> Item | None:
    """The condition behind the preposition at i."""
    found = next((item for item in items[i + 1 :] if item.kind not in ("filler", "noun")), None)
    return found if found is not None and found.kind == "condition" else None


def _of_one_kind(first: Condition, other: Condition) -> bool:
    """Whether both are values of one field, or both kinds of networks."""
    networks = all(getattr(condition.filter, "value", "") in NETWORKS for condition in (first, other))
    return first.category == other.category and (networks or (first.single and other.single))


def _said_again(items: Sequence[Item], i: int) -> int:
    """How many items after the "and" at i repeat the figure that stands before it: "how many", "average fid"."""
    for length in (2, 1):
        again = [(item.kind, item.payload) for item in items[i + 1 : i + 1 + length]]
        figure = len(again) == length and (again[0][0], length) in (("how", 2), ("count", 1))
        before = [(item.kind, item.payload) for item in items[:i]]
        if figure and any(before[k : k + length] == again for k in range(i)):
            return length
    return 0
