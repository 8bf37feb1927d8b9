"""What a question asks for in vain: values that no run has, words that nothing could be made of."""

from __future__ import annotations

from collections.abc import Sequence

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import Filter
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.combine import Operand
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.text import Mentions

_ASKS = ("comparator", "digits", "same", "unknown", "afterwards")
_SIZES = ("small", "tiny", "big", "large", "huge", "little")
_SIZED = ("num_parameters", "image_size", "batch_size", "size_bytes")


def unknown_values(found: Sequence[Operand], known: Known) -> list[tuple[str, str | None]]:
    """Values that no run has: (value, column), column None for a word of a text."""
    pairs = (_unknown(operand.condition.filter, known) for operand in found)
    return [pair for pair in pairs if pair]


def _unknown(leaf: Filter, known: Known) -> tuple[str, str | None] | None:
    if isinstance(leaf, Mentions) and leaf.where == "text":
        return None if known.anyone_says(leaf.phrases) else (leaf.phrases[0], None)
    if isinstance(leaf, Compare) and leaf.op == "=" and isinstance(leaf.value, str):
        occurring = known.ids if leaf.column == "run_id" else known.values.get(leaf.column)
        return (leaf.value, leaf.column) if occurring is not None and leaf.value not in occurring else None
    if isinstance(leaf, In) and leaf.values and leaf.column in known.values:
        return (str(leaf.values[0]), leaf.column) if not set(leaf.values) & set(known.values[leaf.column]) else None
    return None


def say_what_is_left(a: Asked, found: Sequence[Operand]) -> None:
    """A note on each word that asks for something and changes nothing."""
    for operand in found:
        said = operand.condition.filter
        if operand.negated and isinstance(said, Mentions) and not a.known.anyone_says(said.phrases):
            a.notes.append(f'no run mentions "{said.phrases[0]}", so leaving out those that do changes nothing')
    for i, item in enumerate(a.items):
        if i in a.used or item.kind not in _ASKS:
            continue
        if item.kind != "comparator" or item.payload in ("<", ">", "<=", ">=", "!="):
            a.notes.append(f'"{item.words}" is left out: nothing beside it says what it compares')
    if vague := next((item.words for item in a.items if item.kind == "filler" and _is_size(item.words, a)), None):
        how = 'as in "under 5M parameters" or "the 3 smallest"'
        a.notes.append(f'"{vague}" is left out: say how {vague}, {how}; in quotes it is looked for as a word')


def _is_size(words: str, a: Asked) -> bool:
    """Whether the words are a size of which nothing else tells how much it is."""
    sized = any(item.kind == "condition" and item.payload.category in _SIZED for item in a.items)
    return words.lower() in _SIZES and a.order is None and not sized
