"""What numbers name or count: runs ("run 20", "runs 14-16") and graphics cards ("3060s", "8x H100", "2 gpus")."""

from __future__ import annotations

import re
from collections.abc import Callable

from diffusionlab.registry.filters.conditions import In
from diffusionlab.registry.filters.filter import And, Filter, Not
from diffusionlab.registry.record.canonical import hardware_kind, is_gpu, squeeze
from diffusionlab.search.read.files import runs_of_file
from diffusionlab.search.read.items import Item, Scan, any_gpu, value_filter
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.tokens import SCALES, UNITS, WORDS
from diffusionlab.search.words.lexicon import phrases

# -- runs

_LEADS = ("run", "runs", "experiment", "experiments", "model", "models", "#")
_RANGE = ("-", "to", "through", "until")
_LINKS = (*_RANGE, "#", "and", "or", ",", "no", "number", ".", "&", "run", "vs", "versus")
_LONGEST_RANGE = 10_000
_NAMING = ("named", "called")
_AND = ("and", "or", ",", "&")
_SIDES = (*_AND, "with", "to", "vs", "versus")


def run(s: Scan, i: int) -> int:
    """A run by its id or name, or several by their numbers."""
    token = s.tokens[i]
    if token.kind == "run" or (token.kind == "quoted" and s.known.find(token.text)):
        return s.add("run", s.known.find(token.text), i, i + 1)
    telling = token.kind != "word" or any(c.isdigit() for c in _spaced(s, i) or "")
    if telling and (name := _spaced(s, i)):
        return s.add("run", s.known.find(name), i, s.token_at(token.start + len(name)))
    if after := _compared(s, i):
        return after
    if token.kind == "number" and s.is_last("not") and [item.kind for item in s.items[-2:-1]] == ["run"]:
        excepted = s.known.ids_by_number.get(int(token.value), ())  # "runs 10 to 14 except 12"
        return s.add("run", excepted, i, i + 1) if excepted else 0
    if token.text in _NAMING and not s.is_last("field") and (places := _names(s, i + 1, _AND)):
        return _add(s, places)
    if token.text not in _LEADS:
        return 0
    if named := _by_id(s, i):
        return named
    ids, after = _numbered(s, i)
    for place, run_id in enumerate(ids):
        if place:
            s.items.append(Item("connector", "and", "and", token.start, s.tokens[after - 1].end))
        s.items.append(Item("run", (run_id,), run_id, token.start, s.tokens[after - 1].end))
    return after if ids else 0


def _find(s: Scan, i: int) -> tuple[str, ...]:
    """The runs of which the word at i is the whole name, whatever else it means."""
    return s.known.find(s.word(i)) if i < len(s.tokens) and s.tokens[i].kind in ("word", "quoted", "run") else ()


def _names(s: Scan, i: int, links: tuple[str, ...]) -> list[int]:
    """The places from i on at which whole names of runs stand, with links between them."""
    places: list[int] = []
    while _find(s, i):
        places.append(i)
        linked = (s.word(i + 1) in links) + (s.word(i + 1) == "," and s.word(i + 2) in links)
        i += 1 + linked if linked else len(s.tokens)
    return places


def _compared(s: Scan, i: int) -> int:
    """ "Compare flow and one": the names of two runs or more, though each is a word of its own as well."""
    before = next((item.kind for item in reversed(s.items) if item.kind not in ("between", "noun", "filler")), "")
    places = _names(s, i, _SIDES) if before == "compare" else []
    return _add(s, places) if len(places) > 1 else 0


def _add(s: Scan, places: list[int]) -> int:
    for k, place in enumerate(places):
        if k:
            s.add("connector", "and", places[k - 1] + 1, place)
        s.add("run", _find(s, place), place, place + 1)
    return places[-1] + 1


def _by_id(s: Scan, i: int) -> int:
    """ "Model id oxford_flowers": a run by an id, known or not."""
    j = i + 2 if s.word(i + 1) in ("id", "called", "named") else 0
    if not j or j >= len(s.tokens):
        return 0
    start = s.tokens[j].start
    if known := _spaced(s, j):
        return s.add("run", s.known.find(known), i, s.token_at(start + len(known)))
    chunk = re.match(r"[\"'“«`\[(<]*([^\s,;?!\"”»`\])>]+)[\"'”»`\])>]*", s.raw[start:])
    if s.tokens[j].kind == "quoted":
        chunk = re.match(r".(.*)", s.tokens[j].raw[:-1])
    name = chunk[1].rstrip(".") if chunk else ""
    if not chunk or not re.search(r"[\d_-]", name):
        return 0
    after = j + 1 if s.tokens[j].kind == "quoted" else s.token_at(start + chunk.end())
    ids = s.known.find(name) or runs_of_file(s.known, name)
    return s.add("run", ids or (s.known.called_in_part(name) or name,), i, after)


def _spaced(s: Scan, i: int) -> str | None:
    """The whole name of a run, with blanks or brackets in it, that is written at token i."""
    return s.known.odd_name_at(s.text[s.tokens[i].start :])


def _numbered(s: Scan, i: int) -> tuple[list[str], int]:
    """The ids that the numbers after token i mean, and the index after them."""
    ids: list[str] = []
    after = position = i + 1
    while position < len(s.tokens):
        token = s.tokens[position]
        if ids and token.raw.isdigit() and s.word(position - 1) in _RANGE and s.tokens[position - 2].kind == "number":
            low = int(s.tokens[position - 2].raw)
            places = range(low + 1, min(int(token.raw), low + _LONGEST_RANGE) + 1)
            ids += [run_id for place in places for run_id in s.known.ids_by_number.get(place, ())]
        elif token.kind == "number" and token.raw.isdigit() and not _counts(s, position):
            found = s.known.ids_by_number.get(int(token.raw), ())
            explicit = s.word(position - 1) in ("-", "#") and token.glued and s.word(i) == "run"
            if not found and not explicit:
                break
            ids += found or (f"{s.word(i)}-{token.raw}",)
        elif token.text in _LINKS and position - after < 3:
            position += 1
            continue
        else:
            break
        position = after = position + 1
    return ids, after


def _counts(s: Scan, i: int) -> bool:
    """Whether the number at i belongs to a following unit or field, as in "runs 100 epochs"."""
    following = s.word(i + 1)
    if following in UNITS or following in SCALES or following in ("times", "%", "percent"):
        return True
    return i + 1 < len(s.tokens) and phrases().get(s.tokens[i + 1].compact, ("",))[0] == "field"


# -- graphics cards

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
        return compared or _on_card(s) or _rated(s) or not s.after_comparison()
    if s.is_last("comparator"):  # "at least 4 GPUs"
        return False
    times = s.word(i + 1) == "x" and i + 2 < len(s.tokens)
    return times or (s.word(i + 1) in ("gpus", "gpu", "cards") and s.tokens[i].value > 1)


def _rated(s: Scan) -> bool:
    """ "A100 runs are better than 4090 runs": no figure by which runs are rated is that high."""
    said = [item for item in s.items if item.kind != "filler"][-1:]
    return any(item.kind == "comparator" and item.payload in ("best", "worst") for item in said)


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
