"""A field and its value in words ("tag baseline", "name contains LSTM"), and what a run lacks or has at all."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.conditions import Compare, Contains, IsNull
from diffusionlab.registry.filters.filter import Filter, Not
from diffusionlab.registry.record.columns import COLUMNS, METRIC_COLUMNS
from diffusionlab.search.ask.rules.reading import Reading, is_numeric
from diffusionlab.search.read.items import Condition, missing_filter, value_filter
from diffusionlab.search.read.special_filters import EXTRA, PREFIXES, HasFiles, IsOn
from diffusionlab.search.read.text import Matches, Mentions, words_of
from diffusionlab.search.words.grammar_words import FOLDERS

# -- values

TEXT_FIELDS = ("run_id", "name", "description", "notes", "reason", "path", "command")
_CONTAINS = {
    **dict.fromkeys(("~", "contain", "contains", "containing", "contained", "including", "includes", "include"), "{}"),
    **dict.fromkeys(("starts", "starting", "start", "begins", "beginning", "begin"), "^{}"),
    **dict.fromkeys(("ends", "ending", "end"), "{}$"),
    **dict.fromkeys(("like", "matches", "matching", "match", "matched", "resembles", "resembling"), "{}"),
    **dict.fromkeys(("mention", "mentions", "mentioning", "has", "have", "having", "with", "says"), "{}"),
    **dict.fromkeys(("say", "said", "saying", "state", "states", "stating", "read", "reads", "reading"), "{}"),
}
"""The word between a field and what its text holds -> where it stands in the text."""
_RANKING = ("superlative", "comparator", "comparative", "number")
_MOST_WORDS = 12  # looked for in a text as they are
QUOTES = "\"'“”`«»"
_ASKING = ("which", "what", "each", "every", "different", "whose")
FREE_COLUMNS = (
    "tags",
    "sweep",
    "host",
    "name",
    "git_commit",
    "config_hash",
    "data_hash",
    "parent_run",
    "framework",
    "dataset",
    "optimizer",
    "lr_schedule",
    "schedule",
    "sampler",
    "architecture",
    "hardware_kind",
    "precision",
    "parameterization",
)
"""Columns whose value may follow or precede their name: "tag baseline", "the Foo dataset"."""


def free_value(r: Reading, i: int) -> int:
    """FIELD VALUE for text: "optimizer Foo", "tag baseline", "dataset: ImageNet-21k", "the Foo dataset"."""
    if r.kind(i) == "field" and r.items[i].payload in FREE_COLUMNS:
        return _value_after(r, i, r.items[i].payload)
    if r.kind(i) == "text" and unheard(r, i) and r.kind(i + 1) == "field":
        column = r.items[i + 1].payload
        if column in FREE_COLUMNS and column not in ("name", "tags"):
            return r.emit(i, i + 2, column, named_value(r, column, r.items[i].words), True)
    return 0


def text_of_field(r: Reading, i: int) -> int:
    """FIELD CONTAINS WORDS, WORDS in the FIELD: "name contains LSTM", "oom in the notes", "named like *Flower*"."""
    column = "run_id" if r.words(i) in ("id", "ids") else r.items[i].payload if r.kind(i) == "field" else r.words(i)
    if r.words(i) in ("named", "called") and r.words(i + 1) in _CONTAINS:
        column = "name"
    elif r.words(i) in ("named", "called") and r.kind(i - 1) == "noun" and _is_part_of_names(r, i + 1):
        return r.emit(i, i + 2, "text", Matches(re.escape(r.words(i + 1)), "name"))
    if r.kind(i) == "text" and r.words(i) == "text":
        return _of_any_text(r, i)
    if column in TEXT_FIELDS and (found := _contained(r, i)):
        pattern, k = found
        text, end = _said(r, k)
        if not words_of(text):
            return 0
        return r.looked_at(i, r.emit(i, end, "text", Matches(_pattern(text, pattern), column)))
    if r.kind(i) in ("condition", "text") and r.words(i + 1) == "in":
        j = r.skip(i + 2, 2, ("filler",))
        if r.kind(j) == "field" and r.items[j].payload in TEXT_FIELDS:
            words = r.items[i].words.strip(QUOTES)
            return r.emit(i, j + 1, "text", Matches(re.escape(words), r.items[j].payload))
    return 0


def _said(r: Reading, k: int) -> tuple[str, int]:
    """The words from item k on that a text holds, and the index after them: up to the next blank, or as many as some
    text has as they are ("notes say do not delete")."""
    chunk, end = r.chunk(k)
    text = chunk.strip(QUOTES).rstrip(".?!,;")
    longer, after = text, end
    while after < len(r.items) and after - k < _MOST_WORDS:
        gap = " " * (r.items[after].start > r.items[after - 1].end)
        chunk, after = r.chunk(after)
        longer = f"{longer}{gap}{chunk}".strip(QUOTES).rstrip(".?!,;")
        if r.known.stands_in_a_text(longer):
            text, end = longer, after
    return text, end


def _is_part_of_names(r: Reading, i: int) -> bool:
    """Whether the word at i, which is a data set's elsewhere, stands in names: "runs named fmnist"."""
    item = r.items[i] if i < len(r.items) else None
    of_dataset = item is not None and isinstance(item.payload, Condition) and item.payload.category == "dataset"
    return of_dataset and any(r.words(i) in name.lower() for name in r.known.names)


def _contained(r: Reading, i: int) -> tuple[str, int] | None:
    """After the field at i: (where in the text, the place of what it holds), if a word says that it holds something."""
    for k in range(i + 1, min(i + 4, len(r.items))):
        if pattern := _CONTAINS.get(r.words(k)):
            k += 1
            if r.words(i) in FOLDERS and r.kind(r.skip(k, 2, ("filler",))) in _RANKING:
                return None  # "which folder has the most scripts"
            while r.words(k) in ("with", "the", "word", "words", "in", "a", "something"):
                k += 1
            return (pattern, k) if k < len(r.items) and r.items[k].words not in "?.!,;" else None
        if r.kind(k) not in ("filler", "carrier", "text"):
            return None
    return None


def _of_any_text(r: Reading, i: int) -> int:
    """ "Text contains garm", "text ~ garm": of all that a run says, as a plain word asks for it."""
    _, k = _contained(r, i) or ("", 0)
    text = r.items[k].words.strip(QUOTES) if k else ""
    return r.emit(i, k + 1, "text", Mentions((text,))) if words_of(text) else 0


def _pattern(text: str, pattern: str) -> str:
    """A regular expression for a text in which "*" stands for anything; then it is all of the name. Between slashes it
    is one."""
    if len(text) > 2 and text[0] == text[-1] == "/":
        return text[1:-1]
    if "*" not in text:
        return pattern.format(re.escape(text))
    whole = "^{}$" if pattern == "{}" else pattern
    return whole.format(".*".join(map(re.escape, text.split("*"))))


def _value_after(r: Reading, i: int, column: str) -> int:
    stated = r.words(i + 1) in ("is", "was", "=", "equals") and "whose" in (r.words(i - 1), r.words(i - 2))
    if not stated and any(r.words(k) in _ASKING for k in (i - 2, i - 1)):
        return 0
    j = r.skip(i + 1, 2, ("filler",))
    if r.kind(j) == "comparator" and r.items[j].payload == "=":
        j = r.skip(j + 1, 1, ("filler",))
    if r.kind(j) == "run" and column == "parent_run":
        return r.emit(i, j + 1, column, Compare(column, "=", r.items[j].payload[0]), True)
    if r.kind(j) != "text" or r.items[j].start - r.items[j - 1].end > 2:
        return 0
    if column not in ("tags", "sweep", "host", "name") and not unheard(r, j):
        return 0
    if column == "name":
        return r.emit(i, j + 1, "text", Mentions((r.items[j].words,), "name"))
    return r.emit(i, j + 1, column, named_value(r, column, r.items[j].words), True)


def named_value(r: Reading, column: str, words: str) -> Filter:
    text = words.strip(QUOTES)
    if column == "tags":
        return Contains("tags", next((t for t in r.known.tags if t.lower() == text.lower()), text))
    return value_filter(column, (r.known.resolve(column, text),), r.known)


def unheard(r: Reading, i: int) -> bool:
    """Whether no run mentions the words of the text item at i."""
    return not r.known.anyone_says(r.items[i].payload[:-1])


# -- "without a fid", "no description", "fid is unknown", "with a val loss"

_HAVING = ("with", "have", "has", "having", "that have", "which have", "had")
_FILES = {
    **dict.fromkeys(("checkpoint", "checkpoints", "weights", "saved weights", "checkpoint files"), "checkpoint"),
    **dict.fromkeys(("pictures", "samples", "images", "sample grids", "sample grid", "thumbnail"), "pictures"),
}
_AT_ALL = ("a", "an", "any", "known", "recorded", "measured")
_QUANTITY = ("number", "comparator", "between")


def absence(r: Reading, i: int) -> int:
    if r.words(i) in _FILES and (found := _files_of(r, i)):
        return found
    negates = r.kind(i) == "not" and r.items[i].payload != "except"  # "anything other than images" has no pictures
    if (negates or (r.kind(i) == "carrier" and r.words(i) in _HAVING)) and (found := _files(r, i)):
        return found
    if r.kind(i) == "not":
        return _without(r, i)
    if r.kind(i) == "field":
        return _unknown(r, i)
    if r.kind(i) == "unknown" and r.kind(j := r.skip(i + 1, 2, ("filler",))) == "field":  # "an unknown fid"
        return _emit(r, i, j, True)
    if r.kind(i) == "unknown" and r.kind(i - 1) == "connector" and r.out[-2:-1] and r.out[-2].kind == "condition":
        column = r.out[-2].payload.category  # "fid at least 20 or unknown"
        if column in COLUMNS:
            return r.emit(i, i + 1, f"known {column}", missing_filter(column, r.known))
    if r.kind(i) == "connector" and r.items[i].payload == "nor" and _last(r) and r.kind(i + 1) in ("field", "filler"):
        return _without(r, i)  # "neither a fid nor a val loss"
    if r.kind(i) == "carrier" and r.words(i) in _HAVING:
        return _having(r, i)
    return 0


def _files(r: Reading, i: int) -> int:
    """WITH or WITHOUT checkpoints or pictures: what the run's folder holds."""
    end = next((k for k in range(i + 1, i + 4) if r.words(k) in _FILES), None)
    if end is None or any(r.kind(k) not in ("filler", "carrier", "known") for k in range(i + 1, end)):
        return 0
    if r.kind(end + 1) in ("condition", "text", "field", "number", "comparator") or r.words(end + 1) in ("of", "that"):
        return 0
    has = HasFiles(_FILES[r.words(end)])
    return r.emit(i, end + 1, has.column, Not(has) if r.kind(i) == "not" else has)


def _files_of(r: Reading, i: int) -> int:
    """Is there a CHECKPOINT for RUN: whether its folder holds one."""
    of = r.skip(i + 1, 3, ("filler", "carrier", "between"))
    there = [r.words(k) for k in range(2)] in (["is", "there"], ["are", "there"])
    named = of > i + 1 and r.kind(of) in ("run", "condition")
    if not there or not (named or all(item.words in "?.!" for item in r.items[i + 1 :])):
        return 0
    has = HasFiles(_FILES[r.words(i)])
    return r.emit(i, i + 1, has.column, has)


def _without(r: Reading, i: int) -> int:
    """NOT FIELD: "without a fid"."""
    j = r.skip(i + 1, 4, ("filler", "carrier", "known", "moment"))  # "never produced a fid"
    if r.kind(j) == "noun" and r.words(j) == "architecture" and _ends(r, j + 1):
        return r.emit(i, j + 1, "known architecture", IsNull("architecture"))
    if r.kind(j) != "field" or r.kind(r.skip(j + 1, 2, ("filler",))) in _QUANTITY:
        return 0
    recorded = any(r.kind(k) == "known" for k in range(i + 1, j))
    if r.items[j].payload.startswith(PREFIXES) and not (recorded or _is_a_word(r, r.items[j].payload)):
        return r.emit(i, j + 1, r.items[j].payload, Not(IsOn(r.items[j].payload)))
    return _emit(r, i, j, True)


def _is_a_word(r: Reading, column: str) -> bool:
    """Whether an import has words for it beside its settings, of which none is off: "cluster"."""
    return column.startswith(EXTRA) and all(isinstance(value, str) for value in r.known.setting_values(column))


def _unknown(r: Reading, i: int) -> int:
    """FIELD [is] UNKNOWN: "fid is missing", "fid not known"."""
    j = r.skip(i + 1, 2, ("filler",))
    if r.kind(j) == "not" and r.kind(k := r.skip(j + 1, 2, ("filler",))) == "known":
        return _emit(r, i, i, True, k + 1)
    of_another = r.words(j + 1) in ("a", "an") and r.kind(j + 2) == "condition"  # "data sets missing a DiT"
    absent = r.kind(j) == "unknown" or (r.kind(j) == "not" and r.words(j) == "missing" and not of_another)
    if r.kind(j) == "not" and not absent and _ends(r, j + 1) and (last := _last(r)) is not None:  # "but fid is not"
        return _emit(r, i, i, not last, j + 1)
    if not absent and r.kind(j) != "known":
        return 0
    return _emit(r, i, i, absent, j + 1)


def _last(r: Reading) -> bool | None:
    """Whether the last condition says that something is missing; None if it is of another kind."""
    said = [item.payload for item in r.out if item.kind == "condition"][-1:]
    if not said or not said[0].category.startswith("known "):
        return None
    return not isinstance(said[0].filter, Not)


def _having(r: Reading, i: int) -> int:
    """WITH [a] FIELD, and nothing that says which value: "with a fid"."""
    j = r.skip(i + 1, 2, ("filler", "known"))
    between = [r.words(k) for k in range(i + 1, j)]
    if r.kind(j) != "field" or r.items[j].payload in ("dataset", "architecture", "num_parameters", "image_size"):
        return 0
    if any(word not in _AT_ALL for word in between) or not _ends(r, j + 1):
        return 0
    if r.items[j].payload.startswith(PREFIXES):
        recorded = any(r.kind(k) == "known" for k in range(i + 1, j))
        return _emit(r, i, j, False) if recorded else r.emit(i, j + 1, r.items[j].payload, IsOn(r.items[j].payload))
    which = any(r.kind(k) == "filler" and r.words(k) in ("which", "what") for k in range(i))
    asked = which and r.words(i) in ("has", "have") and not between
    if asked and r.items[j].payload not in (*METRIC_COLUMNS, "description", "notes"):
        return 0
    return _emit(r, i, j, False)


def _ends(r: Reading, after: int) -> bool:
    """Whether nothing at `after` can be a value."""
    return (
        r.kind(after) in ("", "noun")
        or r.items[after].words in ("?", ".", "!", ",", ";")
        or r.kind(r.skip(after, 2, ("filler",))) in ("connector", "")
        or (r.kind(after) == "not" and r.kind(r.skip(after + 1, 2, ("filler",))) == "field")
        or r.words(after) in ("score", "value")
    )


def _emit(r: Reading, first: int, field: int, absent: bool, after: int = 0) -> int:
    column = r.items[field].payload
    missing = missing_filter(column, r.known)
    if column in ("architecture", "arch_tags"):
        missing = IsNull("architecture")
    elif column in COLUMNS and is_numeric(column):
        r.field = column  # "unknown or above 0.1"
    return r.emit(first, after or field + 1, f"known {column}", missing if absent else Not(missing))
