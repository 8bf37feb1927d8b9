"""Words that mean something by themselves and nothing beside others, so that they are passed over.

what have I done on MNIST            "done" is what was trained, not what has finished
what have I done in 2025 so far      "so far" is how things stand
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.search.read.items import Item
from diffusionlab.search.words.grammar_words import HAVE, OF_A_DEED, SUBJECTS

_QUALIFIES = ("carrier", "when", "recurring", "by", "per")


def passed_over(items: list[Item], i: int) -> Item | None:
    """The item at i as a filler, where the words beside it tell that it adds nothing."""
    if _so_far(items, i):
        return replace(items[i], kind="filler", payload=None, words="so")
    return replace(items[i], kind="filler", payload=None) if _is_deed(items, i) else None


def _so_far(items: Sequence[Item], i: int) -> bool:
    return items[i].words.lower() == "far" and i > 0 and items[i - 1].words.lower() == "so"


def _is_deed(items: Sequence[Item], i: int) -> bool:
    """ "I have DONE", "DONE on MNIST", "DONE last month": what was run; "are done", "done runs": the status."""
    if items[i].kind != "condition" or items[i].words.lower() != "done":
        return False
    following = items[i + 1] if i + 1 < len(items) else None
    qualified = following is not None and (
        following.kind in _QUALIFIES or following.words.lower().split()[0] in OF_A_DEED
    )
    before = i - 1
    while before >= 0 and items[before].words.lower() in SUBJECTS:
        before -= 1
    words = items[before].words.lower() if before >= 0 else ""
    passive = before >= 0 and any(item.words.lower() == "been" for item in items[before + 1 : i])
    perfect = (words in HAVE or words.endswith(("'ve", "'d"))) and not passive
    return qualified or perfect
