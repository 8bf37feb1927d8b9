"""The values of a column that are listed, each with the number of its runs.

list all architectures                          count of each architecture
which optimizers have I used on MNIST?          count of each optimizer, of the runs on MNIST
list every GPU I used                           count of each kind of hardware that is a GPU
"""

from __future__ import annotations

from diffusionlab.registry.record.columns import kind_of
from diffusionlab.search.ask.asked import Asked, beginning
from diffusionlab.search.ask.keys import Key, ask_figure, is_measure, key_at, with_others
from diffusionlab.search.words.asking_words import LISTED, OF_ALL, OWN
from diffusionlab.search.words.lexicon import listed

_BEGINS = beginning(listed(LISTED))
_EACH = ("every", "each")
_MASS = ("hardware", "gpu", "graphics card")  # of many runs, though no plural
_KEPT = (
    *("filler", "carrier", "condition", "when", "recurring", "noun", "connector", "break", "text", "moment", "between"),
    "to",
)
"""Kinds of items that tell of which runs the values are; any other asks for something else."""


def values_listed(a: Asked) -> None:
    """LIST [ALL] KEYS, WHICH KEYS: the values that the runs have, with how many have each."""
    other = a.whether or a.figure or a.order or a.facts or a.compare or a.like or a.pictures
    m = None if other else _BEGINS.match(a.text)
    begins = next((i for i, item in enumerate(a.items) if m and item.start >= m.end()), None)
    if begins is None:
        return
    i = begins
    while a.words(i) in OF_ALL.split() or (a.kind(i) == "condition" and key_at(a, i, 0) is None):
        i += 1  # "all the conditional architectures"
    key = key_at(a, i, 0)
    if key is None or not _are_several(a, key) or kind_of(key.column) == "time":
        return
    if key.column in OWN and not key.unit:  # a folder is that of several runs
        return
    named = set().union(*(one.places for one in with_others(a, key)))
    rest = [k for k in range(i, len(a.items)) if k not in named]
    by = {k for k in rest if a.kind(k) == "by" and a.kind(k + 1) == "condition"}  # "used by failed runs"
    told = all(_tells_runs(a, k, key) for k in rest if k not in by)
    if is_measure(key.column) or not told:
        return
    ask_figure(a, {*by, *(k for k in range(i) if a.kind(k) != "condition")}, key, "count")
    a.used -= {i} if a.items[i].kind == "condition" else set()  # "GPUs" tells of which runs as well
    a.show.clear()


def _tells_runs(a: Asked, i: int, key: Key) -> bool:
    """Whether the item at i may tell of which runs the values are, or which of the values are not meant."""
    if a.items[i].kind == "not":  # "all optimizers except Adam"; without attention are runs
        named = a.skip(i + 1, 2, ("filler",))
        return a.kind(named) == "condition" and a.items[named].payload.category == key.column
    return a.items[i].kind in _KEPT and a.items[i].payload != "vs"


def _are_several(a: Asked, key: Key) -> bool:
    """Whether the key is a plural, or stands after "every"."""
    words = a.words(max(key.places))
    plural = any(word.endswith("s") and not word.endswith("ss") for word in words.split())
    mass = words in _MASS and a.kind(max(key.places) + 1) != "noun"  # "which gpu did we use", but "which gpu runs"
    return plural or mass or a.words(min(key.places) - 1) in _EACH
