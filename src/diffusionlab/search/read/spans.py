"""The longest span of tokens that means something, by the lexicon or by what the registry knows, as an item."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.conditions import Compare, Contains, In, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.registry.record.columns import label
from diffusionlab.search.read.files import begins_file
from diffusionlab.search.read.items import Condition, Scan, value_filter
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.numbered import named_hardware, several_cards, single_card
from diffusionlab.search.read.settings import asks_value, averaged, column_named, named_setting, setting_at
from diffusionlab.search.read.special_filters import IsOn, has_facet
from diffusionlab.search.read.text import Matches, stem
from diffusionlab.search.read.tokens import WORDS
from diffusionlab.search.words.english import common, filler
from diffusionlab.search.words.lexicon import FIELDS, Meaning, longest, phrases
from diffusionlab.search.words.value_words import GUIDANCE_SCALE

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
        if token.kind not in ("word", "number") or (j > i and begins_file(s, j)):  # "compare s.py"
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
    return _known_name(s.known, key) or _framework(s.known, key, i == j, words) or setting_at(s, words, i, j)


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
    return other if other and other[0] != "value" else ("value", (column, known.spelt_alike(column, value)))


def _in_lexicon(key: str) -> Meaning | None:
    """The phrase, or the one of which it is the plural."""
    if key in phrases():
        return phrases()[key]
    for one in (key.removesuffix("s"), key.removesuffix("es"), f"{key}s"):
        if len(one) > 2 and one in phrases() and phrases()[one][0] in ("value", "facet", "not facet"):
            return phrases()[one]
    one = key.removesuffix("s")
    named = one != key and phrases().get(one, ("",))[0] == "field" and not {key, one} & {*filler(), *common()}
    return phrases()[one] if named else None  # "prediction targets"


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


# -- a meaning of the lexicon as an item

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
    if kind == "text" and "ema" in payload and s.word(i - 1) not in _TELLING:
        return s.add("condition", Condition("ema", averaged(payload, s.known), words=words), i, after)
    if kind == "named setting" and s.word(i - 1) in _TELLING[:6]:
        return s.add("text", (words, words), i, after)
    if kind == "named setting":
        return named_setting(s, payload, i, after)
    if kind == "facet" and words.lower().endswith("scale") and asks_value(s, i, after):
        return s.add("field", column_named(s, GUIDANCE_SCALE), i, after)
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
