"""The longest span of tokens that means something, by the lexicon or by what the registry knows."""

from __future__ import annotations

import re

from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.search.read.cards import named_hardware
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.meanings import settle
from diffusionlab.search.read.numerals import WORDS
from diffusionlab.search.read.scanning import Scan
from diffusionlab.search.read.tokens import Token
from diffusionlab.search.words.english import common, filler
from diffusionlab.search.words.field_words import FIELDS
from diffusionlab.search.words.lexicon import Meaning, longest, phrases

_GLUE = {"-", "/", "_", "'", ".", "&", "+"}
_MOST_TOKENS = 9
_TORCH = re.compile(r"(?:py)?torch(\d*)")


def span(s: Scan, i: int) -> int:
    """The longest span from token i that means something."""
    key, best, last = "", None, i
    for j in range(i, min(i + _MOST_TOKENS, len(s.tokens))):
        token = s.tokens[j]
        if token.kind == "punct":
            glued = token.glued or (j + 1 < len(s.tokens) and s.tokens[j + 1].glued)
            if j == i or token.text not in _GLUE or not glued:
                break
            continue
        if token.kind not in ("word", "number"):
            break
        key += squeeze(token.text)
        if len(key) > longest() + 2:
            break
        meaning = _meaning(s, key, i, j)
        if meaning and not _cuts(s, meaning, j) and not _goes_on(s, meaning, i, j):
            best, last = meaning, j
    return settle(s, best, i, last + 1) if best and key else 0


def _cuts(s: Scan, meaning: Meaning, j: int) -> bool:
    """Whether the span ends inside a longer glued word that it does not mean ("ViT-G", "CIFAR-1000")."""
    if meaning[0] in ("superlative", "comparator") or j + 2 >= len(s.tokens):
        return False
    dash, tail = s.tokens[j + 1], s.tokens[j + 2]
    if dash.text not in ("-", "_") or not dash.glued or not tail.glued:
        return False
    return (len(tail.text) == 1 or tail.kind == "number") and tail.text != "v"


def _goes_on(s: Scan, meaning: Meaning, i: int, j: int) -> bool:
    """Whether "or higher" is the beginning of "or higher than 100"."""
    if meaning[0] != "afterwards" or s.word(i) not in ("and", "or") or j + 1 >= len(s.tokens):
        return False
    return s.tokens[j + 1].kind == "number" or s.word(j + 1) in (*WORDS, "than")


def _meaning(s: Scan, key: str, i: int, j: int) -> Meaning | None:
    """What tokens i to j, whose letters are `key`, mean together."""
    if j == i and s.tokens[i].kind == "number" and not s.tokens[i].glued and len(key) < 4:
        return None
    if key == "aside" and i != j:
        return None  # "96 pixels a side"
    if found := _named_value(s.known, key, i == j) or _in_lexicon(key):
        return found
    words = s.words(i, j + 1)
    if j - i < 5 and (i != j or len(key) > 1) and (hardware := named_hardware(words, s.known)):
        return "value", hardware
    return _known_name(s.known, key) or _framework(s.known, key, i == j, words) or _setting(s, words, i, j)


def _named_value(known: Known, key: str, alone: bool) -> Meaning | None:
    """A value that occurs, where it may be named without its column and nothing else is called so."""
    if key not in known.spellings or (alone and key in filler()):
        return None
    column, value = known.spellings[key]
    if column in ("status", "hardware", "hardware_kind"):
        return None
    if column == "architecture" and (not alone or key in phrases()):
        return None
    other = phrases().get(key)
    return other if other and other[0] != "value" else ("value", (column, (value,)))


def _in_lexicon(key: str) -> Meaning | None:
    """The phrase, or the one of which it is the plural."""
    if key in phrases():
        return phrases()[key]
    for one in (key.removesuffix("s"), key.removesuffix("es"), f"{key}s"):
        if len(one) > 2 and one in phrases() and phrases()[one][0] in ("value", "facet", "not facet"):
            return phrases()[one]
    return None


def _known_name(known: Known, key: str) -> Meaning | None:
    """A metric or a facet of the registry's own."""
    for metric in known.metrics:
        if squeeze(metric) == key:
            return "field", metric if metric in FIELDS else f"metrics.{metric}"
    for facet in known.facets:
        if squeeze(facet) == key:
            return "facet", facet
    without = phrases().get(key.removeprefix("non"), ("", None))
    return ("not facet", without[1]) if key.startswith("non") and without[0] == "facet" else None


def _is_unknown(token: Token) -> bool:
    """Whether a word has no meaning by itself."""
    if token.kind != "word" or len(token.text) < 3:
        return False
    return token.text not in filler() and token.text not in common() and token.compact not in phrases()


def _setting(s: Scan, words: str, i: int, j: int) -> Meaning | None:
    """A setting without a column of its own, where no text of a run says the words."""
    if not any(_is_unknown(token) for token in s.tokens[i : j + 1]):  # to look through all settings takes a while
        return None
    column = s.known.setting(words)
    return ("field", column) if column and not s.known.anyone_says([words]) else None


def _framework(known: Known, key: str, alone: bool, words: str) -> Meaning | None:
    """PyTorch of any version, or of the version that is named."""
    version = _TORCH.fullmatch(key)
    if not version or (version[1] and alone):
        return None
    wanted = squeeze(key).removeprefix("py")
    same = [v for v in known.values["framework"] if squeeze(v).removeprefix("py").startswith("torch")]
    if version[1]:
        same = [v for v in same if squeeze(v).removeprefix("py") == wanted]
    return "value", ("framework", tuple(same) or (words if version[1] else "PyTorch",))
