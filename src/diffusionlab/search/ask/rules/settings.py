"""Settings of the configuration: whether a run uses one, its value in words, a number of the unit in its name.

which runs used weight decay                 it is on
is gradient clipping used in run-020         it is on
runs where dropout is disabled               it is off
attention: softmax                           it has this value
warmup of 500 steps                          lr_warmup_steps is 500
weight decay of run-036                      no condition: the value is asked for
"""

from __future__ import annotations

from dataclasses import replace

from diffusionlab.registry.filters.filter import Filter, Not
from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.search.ask.rules.quantity import read_quantity
from diffusionlab.search.ask.rules.reading import Reading
from diffusionlab.search.read.special_filters import PREFIXES, IsOn, SettingIs, stems_of
from diffusionlab.search.words.asking_words import YES_NO
from diffusionlab.search.words.grammar_words import IN_USE, OUT_OF_USE, USING
from diffusionlab.search.words.lexicon import listed
from diffusionlab.search.words.value_words import DONE_BY_SETTINGS, NAMED_SETTINGS

_NAMED = {squeeze(words) for text in NAMED_SETTINGS.values() for words in listed(text)}
_DONE = {squeeze(words) for text in DONE_BY_SETTINGS.values() for words in listed(text)}
_BETWEEN = ("a", "an", "any", "some", "both", "either", "also")  # words between "with" and a setting
_IS = ("is", "was", "are", "were", "be", "been", "being")
_STATED = (*_IS, "=", "==", ":", "set", "to", "turned", "switched")  # words between a setting and its value
_GIVEN = (  # kinds of items by which a value is given or compared
    *("number", "comparator", "comparative", "between", "digits", "than", "known", "unknown", "same", "different"),
    *("percent", "afterwards", "order"),
)


def setting(r: Reading, i: int) -> int:
    """SETTING with a value in words, or as what the run uses."""
    if r.kind(i) != "field" or not r.items[i].payload.startswith(PREFIXES):
        return 0
    return _told(r, i) or _stated(r, i) or _used(r, i)


def counted_setting(r: Reading, i: int) -> int:
    """SETTING of NUMBER UNIT, where the unit is in its name: "warmup of 500 steps"; SETTING set to NUMBER."""
    if r.kind(i) != "field" or not r.items[i].payload.startswith(PREFIXES):
        return 0
    column = r.items[i].payload
    j = r.skip(i + 1, 4, ("filler", "carrier"))
    if r.kind(j) == "to" and (found := read_quantity(r, j + 1, column)):  # "set to 1"
        return r.emit(i, found.after, column, found.condition)
    found = read_quantity(r, j, column)
    if found is None or r.kind(found.after) != "field":
        return 0
    unit = stems_of(r.words(found.after))
    if unit[-1:] != stems_of(column.rpartition(".")[2])[-1:] or r.items[found.after].payload == column:
        return 0
    r.field = column
    return r.emit(i, found.after + 1, column, found.condition)


def _stated(r: Reading, i: int) -> int:
    """SETTING [=] VALUE: "attention: softmax", "teacher exp-a"; one that no run has only where "=" or "is" says so."""
    column = r.items[i].payload
    j = r.skip(i + 1, 3, ("filler",))
    j += r.kind(j) == "comparator" and r.items[j].payload == "="
    said = r.items[j].payload[0] if r.kind(j) == "run" else r.words(j).strip("\"'")
    between = {r.words(k) for k in range(i + 1, j)}
    if r.kind(j) not in ("run", "text") or not between <= {*_STATED} or r.words(i - 1) in ("which", "what"):
        return 0
    if not between and not _occurs(r, column, said):
        return 0
    return r.emit(i, j + 1, column, SettingIs(column, said), True)


def _occurs(r: Reading, column: str, said: str) -> bool:
    """Whether the setting has the value in some run."""
    values = [str(value) for value in r.known.setting_values(column)]
    return squeeze(said) in {squeeze(text) for value in values for text in (value, value.rpartition(".")[2])}


def _told(r: Reading, i: int) -> int:
    """SETTING is USED, SETTING = true, SETTING is DISABLED; what is told of one that "which" or "the" names is no
    condition."""
    column = r.items[i].payload
    j = i + 1
    while r.words(j) in _STATED and j - i < 4:
        j += 1
    negated = r.kind(j) == "not" and r.words(j) not in ("missing", *OUT_OF_USE)
    k = r.skip(j + 1, 1, ("filler",)) if negated else j
    words = r.words(k).strip("\"'")
    if words not in (*IN_USE, *OUT_OF_USE) or not _is_predicate(r, i, k):
        return 0
    on = (words in IN_USE) != negated
    return r.looked_at(i, r.emit(i, k + 1, column, IsOn(column) if on else Not(IsOn(column))))


def _is_predicate(r: Reading, i: int, k: int) -> bool:
    """Whether the word at k tells of the setting at i: not in "which weight decay was used", "the weight decay used",
    "weight decay on MNIST"."""
    if r.words(i - 1) in ("which", "what", "the", "whose"):
        return False
    told = k > i + 1 or r.words(i - 1) in _IS
    goes_on = r.words(k) == "on" and r.kind(r.skip(k + 1, 1, ("filler",))) in ("condition", "run", "when", "number")
    return not goes_on and (told or r.words(k) not in ("used", "applied", "employed", "on"))


def _used(r: Reading, i: int) -> int:
    """USING SETTING, CONDITION and SETTING, SETTING RUNS: it is on."""
    column = r.items[i].payload
    if not _gives_no_value(r, i + 1):
        return 0
    before = r.skip(i - 1, 3, ("filler", "connector"), -1)
    while before < i - 1 and r.words(before + 1) not in _BETWEEN:
        before += 1
    using = r.words(before) in USING or r.kind(before) == "either way" or _asks_whether(r, before)
    if using or squeeze(r.words(i)) in _DONE or _names_runs(r, i) or _is_all(r, i):
        return r.emit(i, i + 1, column, IsOn(column))
    return _joined(r, i) if before == i - 1 else 0


def _gives_no_value(r: Reading, after: int) -> bool:
    """Whether no value follows a setting, nor anything that has it: "of run-036"."""
    k = r.skip(after, 2, ("filler",))
    owned = any(r.words(j) in ("of", "values", "value") for j in range(after, k + 1))
    return not owned and r.kind(k) not in _GIVEN


def _asks_whether(r: Reading, before: int) -> bool:
    """ "Has run-010 (weight decay)?"."""
    return r.words(0) in YES_NO and r.kind(before) == "run"


def _names_runs(r: Reading, i: int) -> bool:
    """ "The dropout runs": what stands before a noun, where no figure or order is asked for by it."""
    plain = r.kind(i - 1) in ("", "condition", "not") or r.words(i - 1) in ("the", "my", "all", "list", "show", "find")
    ordered = any(item.kind in ("how", "superlative", "sorted", "compare") for item in r.items[:i])
    return r.kind(i + 1) == "noun" and plain and not ordered


def _is_all(r: Reading, i: int) -> bool:
    """Whether the question is nothing but what people call a setting: "gradient accumulation"."""
    others = (item for k, item in enumerate(r.items) if k != i)
    return squeeze(r.words(i)) in _NAMED and all(not any(c.isalnum() for c in item.words) for item in others)


def _joined(r: Reading, i: int) -> int:
    """CONDITION and SETTING; "without weight decay and dropout" is without both, and so is "or"."""
    if r.kind(i - 1) not in ("connector", "break") or len(r.out) < 2 or r.out[-2].kind != "condition":
        return 0
    column, last, joint = r.items[i].payload, r.out[-2].payload.filter, r.out[-1]
    without = r.out[-3].kind == "not" and r.out[-3].payload == "without" if len(r.out) > 2 else False
    if (joint.payload == "nor" and without) or not (_is_off(last) or without):  # "nor" negates by itself
        return r.emit(i, i + 1, column, IsOn(column))
    if joint.payload in ("or", "nor"):
        r.out[-1] = replace(joint, payload="and")
    return r.emit(i, i + 1, column, Not(IsOn(column)))


def _is_off(condition: Filter) -> bool:
    """Whether a condition says that a setting is off."""
    return isinstance(condition, Not) and isinstance(condition.part, IsOn)
