"""What a question asks for in vain: values that no run has, words that nothing could be made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import Filter
from diffusionlab.registry.record.columns import COLUMNS, MEASURES
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.joining.scope import Operand
from diffusionlab.search.ask.rules.reading import is_numeric
from diffusionlab.search.read.items import Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.text import Mentions
from diffusionlab.search.words.english import is_harmless, sizes, vague

_NO_WORDS_OF_THEIR_OWN = (  # kinds of items that conditions and orders are made of, or that join them
    *("condition", "run", "text", "field", "carrier", "noun", "connector", "break", "to", "than", "known"),
    *("when", "recurring", "not", "excluded", "either way"),
)


def unknown_values(found: Sequence[Operand], known: Known) -> list[tuple[str, str | None]]:
    """Values that no run has: (value, column), column None for a word of a text."""
    conditions = (operand.condition for operand in found)
    single = (leaf for c in conditions for leaf in (c.filter.leaves() if c.category == "group" else (c.filter,)))
    return [pair for leaf in single if (pair := _unknown(leaf, known))]


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
    said_alone = [
        words for i, item in enumerate(a.items) if (words := item.words.lower()) in vague() and i not in a.used
    ]
    for words in [words for words in said_alone if not _is_told(a, words)][:1]:
        how = 'as in "under 5M parameters" or "the 3 smallest"'
        a.notes.append(f'"{words}" has no measure: say how {words}, {how}; in quotes it is looked for as a word')


def unread(a: Asked, unbound: Sequence[Item]) -> tuple[str, ...]:
    """The words of the question that nothing was made of, neighbours as one."""
    unused = [i for i in range(len(a.items)) if i not in a.used]
    left = [a.items[i] for i in unused if (_asks(a, a.items[i]) and not _is_joined(a, i)) or _of_a_text(a, i)]
    found: list[Item] = []
    for item in sorted([*left, *unbound, *a.passed], key=lambda item: item.start):
        if found and item.start - found[-1].end <= 1:
            words = f"{found[-1].words} {item.words}" if item.start > found[-1].end else found[-1].words + item.words
            found[-1] = replace(found[-1], words=words, end=item.end)
        else:
            found.append(item)
    return tuple(item.words for item in found)


def _is_joined(a: Asked, i: int) -> bool:
    """Whether what stands beside a word tells that it adds nothing here."""
    words, following, before = a.words(i), a.kind(i + 1), a.kind(i - 1)
    match a.items[i].kind:
        case "per":  # "every unet", "the data set of each DiT"
            listed = words == "every" or (a.show and a.order is None and words.endswith(("each", "every")))
            return bool(listed) and a.figure is None and following in ("noun", "condition")
        case "by":  # "runs by learning rate, lowest first": the order or the figure is of what follows
            after = a.skip(i + 1, 2, ("filler",))
            ordered = a.compare or any(item.kind in ("order", "compare") for item in a.items)
            return i > 0 and ordered and after in a.used and a.items[after].kind in ("field", "how")
        case "count":  # "how many epochs did the best run need"
            counted = a.items[a.skip(i + 1, 2, ("filler",)) :][:1]
            one = a.order is not None and a.order.count == 1 and a.figure is None
            return one and any(item.kind == "field" and item.payload in a.show for item in counted)
        case "those":  # "except those on MNIST": the ones
            pointed = before == "not" or a.words(i - 1) in ("among", "for")
            relative = following in ("carrier", "not", "comparator") or a.words(i + 1) in ("that", "which", "whose")
            return pointed and relative
        case "comparator":  # "dataset = mnist", "about reconstruction"
            return a.items[i].payload in ("=", "~") and following in ("condition", "text", "run")
        case "between":
            return a.compare or following == "run"
    if words in vague():
        return _is_told(a, words)
    return words == "either" and any(item.payload == "or" for item in a.items[i:] if item.kind == "connector")


def _of_a_text(a: Asked, i: int) -> bool:
    """Whether "known" stands before a word that is looked for as a text, of which nothing is known or unknown."""
    return a.kind(i) == "known" and a.kind(a.skip(i + 1, 2, ("filler",))) == "text"


def _between(a: Asked, item: Item) -> bool:
    """Whether a connecting word has something to connect on both sides."""
    made = [other for other in a.items if other.kind in ("condition", "text", "run", "number", "when", "field")]
    ordered = [a.items[i] for i in a.used]
    parts = [*made, *ordered]
    return any(o.end <= item.start for o in parts) and any(o.start >= item.end for o in parts)


def _asks(a: Asked, item: Item) -> bool:
    """Whether an item would change the answer if something was made of it."""
    words = item.words.lower()
    if words == "%":
        return True
    match item.kind:
        case "field":
            return a.figure is not None and bool(a.figure.by)
        case "to":
            return words in ("until", "till", "through")
        case "connector":
            return item.payload == "but" and not _between(a, item)
        case "filler":
            return any(c.isalnum() for c in words) and not is_harmless(words)
        case "moment":
            return item.payload == "modified_at"
        case "number":
            return a.compare or a.figure is not None or not any(c.isdigit() for c in words)
        case "between":
            return words != "from"
    return item.kind not in _NO_WORDS_OF_THEIR_OWN


def _is_told(a: Asked, words: str) -> bool:
    """Whether something tells how large, or how good, is meant: the best FID says nothing of a small model."""
    by_measure = a.order is not None and a.order.column in MEASURES
    return (a.order is not None and not (by_measure and words in sizes())) or any(
        item.kind == "condition" and item.payload.category in COLUMNS and is_numeric(item.payload.category)
        for item in a.items
    )
