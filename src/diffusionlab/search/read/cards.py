"""Graphics cards in a question: "3060s", "8x H100", "eight H100s", "2 gpus"."""

from __future__ import annotations

import re
from collections.abc import Callable

from diffusionlab.registry.filters.conditions import In
from diffusionlab.registry.filters.filter import And, Filter, Not
from diffusionlab.registry.record.canonical import hardware_kind, is_gpu, squeeze
from diffusionlab.search.read.items import any_gpu, value_filter
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.numerals import WORDS
from diffusionlab.search.read.scanning import Scan

CARD_NAMES = ("gpu", "gpus", "cards", "accelerators", "devices")
_SEVERAL = re.compile(rf"(\d+|[a-z]+)\s?x?\s?(?:{'|'.join(CARD_NAMES)})")
_COUNTED = re.compile(r"(\d+\s?x|\d+|[a-z]+)\s+(.+)")
_TIMES = re.compile(r"(\d+)\s?x\s*", re.IGNORECASE)
MOST_CARDS = 64


def is_card(s: Scan, i: int) -> bool:
    """Whether the number at i is a part of a card's name or counts cards: "3060s", "8x H100", "2 gpus"."""
    if len(s.tokens[i].raw) == 4 and s.known.hardware(s.tokens[i].raw):
        compared = s.is_last("between") and any(item.kind == "compare" for item in s.items)
        # "differences between 4090 and 3060 runs" is no range of numbers, "100 epochs on a 4090" no number of epochs
        return compared or _on_card(s) or not s.after_comparison()
    if s.is_last("comparator"):  # "at least 4 GPUs"
        return False
    times = s.word(i + 1) == "x" and i + 2 < len(s.tokens)
    return times or (s.word(i + 1) in ("gpus", "gpu", "cards") and s.tokens[i].value > 1)


def _on_card(s: Scan) -> bool:
    said = [item for item in s.items if item.kind != "filler"][-1:]
    return any(item.kind == "carrier" and item.words.lower() in ("on", "trained on", "using") for item in said)


def counts_cards(s: Scan, i: int, value: float) -> bool:
    """Whether the number at i counts cards of one kind: "eight H100s"."""
    if not 1 < value <= MOST_CARDS or s.after_comparison():
        return False
    card = s.word(i + 1)
    return card in CARD_NAMES or (card.endswith("s") and s.known.hardware(card) is not None)


def named_hardware(words: str, known: Known) -> tuple[str, tuple[str, ...]] | None:
    """(column, values) of the hardware that the words name, by number and kind or by kind alone."""
    several = _SEVERAL.fullmatch(words.lower())
    count = _count(several[1]) if several else 0
    if count > 1:
        found = tuple(v for v in known.values["hardware"] if squeeze(v).startswith(f"{count}x"))
        return "hardware", found or (words,)
    if counted := _counted(words.lower(), known):
        return "hardware", counted
    kind = known.hardware(words)
    return ("hardware_kind", (kind,)) if kind else None


def _counted(words: str, known: Known) -> tuple[str, ...]:
    """The hardware of so many cards of a kind ("8x H100", "eight H100s"); the words where no run has it."""
    m = _COUNTED.fullmatch(words)
    if not m or not (kind := known.hardware(m[2])):
        return ()
    count = _count(m[1].rstrip(" x"))
    if count < 1 + ("x" not in m[1]):
        return ()
    of_kind = re.compile(rf"{count}\s?x\s*(.+)")
    found = ((v, of_kind.fullmatch(v.lower())) for v in known.values["hardware"])
    return tuple(v for v, parts in found if parts and known.hardware(parts[1]) == kind) or (words,)


def _count(word: str) -> int:
    return int(word) if word.isdigit() else int(WORDS.get(word, 0))


def several_cards(known: Known) -> Filter:
    return value_filter("hardware", _multiples(known) or ("more than one",), known)


def single_card(known: Known) -> Filter:
    return And(any_gpu(known), Not(In("hardware", _multiples(known))))


def cards_where(meets: Callable[[int], bool], known: Known) -> Filter:
    """Hardware of which the number of cards meets a condition; "RTX 4090" is one card."""
    counts = {value: int(m[1]) if (m := _TIMES.match(value)) else 1 for value in known.values["hardware"]}
    gpus = [value for value in counts if is_gpu(hardware_kind(value))]
    return value_filter("hardware", tuple(value for value in gpus if meets(counts[value])) or ("so many GPUs",), known)


def _multiples(known: Known) -> tuple[str, ...]:
    return tuple(v for v in known.values["hardware"] if re.match(r"(?!1\s?x)\d+\s?x", v.lower()))
