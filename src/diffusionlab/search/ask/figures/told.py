"""What is told of all runs, or of most, that the conditions before it name.

are all runs with an FID under 10 unets?        unets, of those with such a FID
did every run with attention finish in May?     finished in May, of those with attention
are all MNIST runs finished and on CPU?         both, of those on MNIST
"""

from __future__ import annotations

from collections.abc import Sequence

from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.figures.shares import told_of
from diffusionlab.search.ask.joining.scope import Operand

_MOMENTS = ("created_at", "modified_at")
_ASKING = ("use", "have", "employ", "reach", "get", "take", "need", "run")
_DONE = ("trained", "trained on", "used", "ran", "run", "made", "started")
_HAPPENS = ("finish", "fail", "crash", "diverge", "succeed", "complete")
"""Verbs after "do all runs ..." and after "are all runs ...", and those that are conditions by themselves."""


def told_last(a: Asked, found: Sequence[Operand], start: int) -> list[Operand]:
    """What is told of the runs that all conditions before it name: what stands after the verb, or the last condition
    and those that "and" joins to it: "unets" in "are all runs with an FID under 10 unets?"."""
    asked = [operand for operand in found if operand.start > start]
    if len(asked) < 2:
        return asked
    verbs = [k for k in range(len(asked)) if _is_asked(a, asked, k, start)]
    if verbs == [0]:  # "do all runs use AdamW on MNIST"
        return told_of(a, found, start, verb=True)
    first = verbs[-1] if verbs else len(asked) - 1
    if not verbs and asked[first].category in _MOMENTS and asked[first - 1].category == "status":
        between = (item for item in a.items if asked[first - 1].start < item.start < asked[first].start)
        first -= not any(item.kind == "noun" for item in between)  # "are all MNIST runs (finished in May)"
    while first and asked[first].joined:
        first -= 1
    return asked[first:]


def _is_asked(a: Asked, asked: Sequence[Operand], k: int, start: int) -> bool:
    """Whether the verb of the question stands just before condition k, or is that condition."""
    since = asked[k - 1].start if k else start
    before = [item.words.lower() for item in a.items if since < item.start < asked[k].start]
    if a.text[: a.whether].split()[-1] in ("do", "does", "did", "don't", "doesn't", "didn't"):
        relative = any(word in ("that", "which") for word in before)
        return asked[k].words.lower() in _HAPPENS or (not relative and any(word in _ASKING for word in before))
    done = any(word in _DONE for word in before)  # "are all unets (trained on) MNIST finished" names the runs
    return k > 0 and done and asked[-1].carried
