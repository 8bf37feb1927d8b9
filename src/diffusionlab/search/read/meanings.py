"""A meaning of the lexicon as an item, where the registry's contents decide: a value, a text, a value nobody has."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.conditions import Compare, Contains, In, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.registry.record.columns import label
from diffusionlab.search.read.cards import several_cards, single_card
from diffusionlab.search.read.diffusion import has_facet
from diffusionlab.search.read.items import Condition, value_filter
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.scanning import Scan
from diffusionlab.search.read.settings import IsOn
from diffusionlab.search.read.text import Matches, Mentions, stem
from diffusionlab.search.words.english import filler
from diffusionlab.search.words.lexicon import Meaning

_LOOSE = {
    "loss": {"val_loss": "train_loss"},
    "final loss": {"val_loss": "train_loss"},
    "size": {"num_parameters": "size_bytes"},
}
"""A loose word -> the column that it means -> the one that it means instead, if only that is recorded."""
_VARIANTS = ("variant", "variants", "family", "flavours", "flavors", "derivatives")
_TELLING = ("mention", "mentions", "mentioning", "mentioned", "says", "saying", "contains", "containing", "about")
_TWINS = ("schedule", "parameterization")
_ALSO_WORDS = ("schedule", "parameterization", "sampler", "precision")  # columns whose values may be words of a text


def settle(s: Scan, meaning: Meaning, i: int, after: int) -> int:
    """The meaning of the tokens from i up to `after` as an item; the index after it, or 0 where it means nothing."""
    kind, payload = meaning
    words = s.words(i, after)
    if kind == "value":
        column, values = payload
        return _value(s, column, values, i, after)
    if kind == "script":
        return _script(s, str(payload), i, after)
    if kind == "text" and "ema" in payload and (averaged := _averaged(payload, s.known)):
        return s.add("condition", Condition("ema", averaged, words=words), i, after)
    if condition := _condition(kind, payload, words, s.known):
        return s.add("condition", condition, i, after)
    if kind == "field" and (column := _recorded(s, words, str(payload))):
        payload = column
    telling = s.word(i - 1) in _TELLING[: len(_TELLING) if kind == "field" else 6]
    if kind == "text" or (telling and kind in ("field", "value", "facet")):  # "mentions sweep"
        return s.add("text", (*(payload if kind == "text" else (words,)), words), i, after)
    return s.add(kind, payload, i, after)


def _one(words: str) -> str:
    """The singular: "losses" -> "loss", "sizes" -> "size"."""
    return (
        words.removesuffix("es") if words.endswith("sses") else words.removesuffix("s") if words[-2:] != "ss" else words
    )


def _recorded(s: Scan, words: str, column: str) -> str | None:
    """Of the columns that a loose word may mean, the next one if the first is recorded of few runs, with a note."""
    other = _LOOSE.get(_one(words.lower()), {}).get(column)
    if other is None or 2 * s.known.number_with(column) >= s.known.number_with(other):
        return None
    few = f"only {s.known.number_with(column)} of the runs have" if s.known.has(column) else "no run has"
    s.notes.append(f'"{words}" is read as the {label(other)}: {few} a recorded {label(column)}')
    return other


def _condition(kind: str, payload: object, words: str, known: Known) -> Condition | None:
    """The condition that a meaning is by itself."""
    facet = str(payload)
    match kind:
        case "facet":
            return Condition("facet", has_facet(facet), words=words)
        case "not facet":
            return Condition("facet", Not(has_facet(facet)), words=words)
        case "full attention":
            both = And(Contains("arch_tags", "attention"), Not(Contains("arch_tags", "linear_attention")))
            return Condition("facet", both, words=words)
        case "not finished":
            return Condition("status", Compare("status", "!=", "finished"), True, words)
        case "unsuccessful":
            return Condition("status", In("status", ("failed", "crashed", "interrupted")), True, words)
        case "broken":
            return Condition("status", In("status", ("failed", "crashed")), True, words)
        case "family":
            return Condition("hardware_kind", _family(payload, known), True, words)
        case "multi":
            return Condition("hardware", several_cards(known), True, words)
        case "setting":
            return Condition(facet, IsOn(facet), words=words)
        case "autoguided":
            return Condition("protocol", Matches(r"guidance [\d.]+ by ", "protocol"), words=words)
        case "single gpu":
            return Condition("hardware", single_card(known), True, words)
    return None


def _averaged(phrases: tuple[str, ...], known: Known) -> Filter | None:
    """Weights are averaged: by the setting, and by the text where no setting is recorded; None where none ever is."""
    decay = known.setting("ema decay")
    if decay is None:
        return None
    unset = IsNull(decay)
    return Or(And(Not(unset), Compare(decay, ">", 0)), And(unset, Mentions(phrases)))


def _script(s: Scan, suffix: str, i: int, after: int) -> int:
    """Records of code as a condition and a noun, as in "MNIST runs"; where there are none, the word for a run."""
    if not s.known.has_scripts:
        words = s.words(i, after)
        return s.add("text", (words, words), i, after) if suffix == ".ipynb" else s.add("noun", words.lower(), i, after)
    code = And(Not(IsNull("kind")), Compare("kind", "=", "script"))  # a run has no kind, and surely is no script
    if suffix == ".ipynb":
        code = And(code, Matches(r"\.ipynb$", "path"))
    s.add("condition", Condition("kind", code, True, s.words(i, after)), i, after)
    return s.add("noun", s.words(i, after).lower(), i, after)


def _family(beginnings: object, known: Known) -> Filter:
    """Hardware whose kind begins in one of these ways."""
    assert isinstance(beginnings, tuple)
    kinds = tuple(kind for kind in known.values["hardware_kind"] if kind.startswith(beginnings)) or beginnings[:1]
    return value_filter("hardware_kind", kinds, known)


def _value(s: Scan, column: str, values: tuple[str, ...], i: int, after: int) -> int:
    if column == "status" and _is_word_of_text(s, i):
        return 0
    occurring = tuple(v for v in values if v in s.known.values.get(column, ()))
    if column in ("dataset", "optimizer") and (end := _variants(s, after)):  # "all MNIST variants"
        after = end
        occurring = tuple(v for v in s.known.values[column] if squeeze(values[0]) in squeeze(v))
    if column == "dataset" and (near := tuple(v for value in values for v in s.known.near_datasets.get(value, ()))):
        s.notes.append(f"also {', '.join(near)}, {'a name' if len(near) == 1 else 'names'} near {values[0]}")
        occurring = (*occurring, *near)
    words = s.words(i, after)
    said = column in _ALSO_WORDS and all(stem(word) in s.known.stems for word in re.findall(r"[a-z]+", words.lower()))
    twins = _twins(s, column, values[0], words) if column in _TWINS else []
    if not occurring and not twins and said:
        return s.add("text", (words, words), i, after)
    chosen = value_filter(column, occurring or values[:1], s.known)
    if twins:
        chosen = Or(chosen, *twins) if occurring else twins[0]
    return s.add("condition", Condition(column, chosen, True, words), i, after)


def _twins(s: Scan, column: str, value: str, words: str) -> list[Filter]:
    """The same name as a value of another column that runs have: "EDM" is a schedule and a parameterization."""
    if squeeze(words) != squeeze(value):  # "edm schedule" says which
        return []
    return [Compare(other, "=", value) for other in _TWINS if other != column and value in s.known.values[other]]


def _variants(s: Scan, i: int) -> int:
    """The index after "variants" or "-family" at token i, or 0."""
    j = i + (s.word(i) == "-")
    return j + 1 if s.word(j) in _VARIANTS else 0


def _is_word_of_text(s: Scan, i: int) -> bool:
    """ "Error" is a word of a text in "memory error" and "validation error"."""
    if s.word(i) not in ("error", "errors") or i == 0 or s.tokens[i - 1].kind != "word":
        return False
    return s.word(i - 1) not in filler() | {"an", "with", "by", "in"}
