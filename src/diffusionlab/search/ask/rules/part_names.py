"""A run by a part of its name: "where is script_unet" means Fashion-MNIST_script_unet, if no other is called so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.search.read.items import Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.words.asking_words import YES_NO

_SAYING = ("named", "called", "mention", "mentions", "mentioning", "contain", "contains", "containing", "says")
_OF_ONE_RUN = ("where", "when", "how", "who", "what", "tell", "describe", "everything", *YES_NO)


def run_by_part(items: list[Item], i: int, known: Known) -> Item | None:
    """ "Where is script_unet", "higher lr than v10": the one run that has this as a part of its name."""
    if not _is_name_like(items[i]):
        return None
    before = items[i - 1] if i else None
    if before and before.words.lower() != "about" and (before.kind in ("field", "comparator") or _says(before)):
        return None
    run_id = known.called_in_part(items[i].words)
    return replace(items[i], kind="run", payload=(run_id,)) if run_id and _is_one(items, i, known) else None


def _says(item: Item) -> bool:
    return item.words.lower() in _SAYING


def _is_name_like(item: Item) -> bool:
    """Whether these are words with a digit or a dash in them, and no phrase that means something of its own."""
    words = item.words
    if item.kind != "text" or item.payload[0] != words:
        return False
    return bool(re.fullmatch(r"\w+(?:[-.]\w+)*", words) and re.search(r"[\d_-]", words))


def _is_one(items: Sequence[Item], i: int, known: Known) -> bool:
    """Whether the words at i mean one run, whatever other runs say of it."""
    before = next((item.kind for item in reversed(items[:i]) if item.kind != "filler"), "")
    if before == "than":
        return True
    if not all(known.called_in_part(item.words) for item in items if _is_name_like(item)):
        return False  # "v1 and v2", of which several runs are called v1
    beside = any(item.kind == "compare" or item.payload == "vs" for item in items)
    return beside or items[0].words.lower() in _OF_ONE_RUN or known.one_says(items[i].words)
