"""A question as a sequence of items: conditions, numbers, dates, fields, connecting words; misspelt words put right."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.days import WEEKDAYS
from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.registry.record.columns import kind_of
from diffusionlab.search.read.files import file, folder, names_of_files
from diffusionlab.search.read.items import Condition, Item, Scan
from diffusionlab.search.read.known import NAMED_VALUES, Known
from diffusionlab.search.read.numbered import counts_cards, is_card, run
from diffusionlab.search.read.spans import span
from diffusionlab.search.read.special_filters import PREFIX
from diffusionlab.search.read.text import near, repair, stem
from diffusionlab.search.read.tokens import UNITS, WORDS, Number, Token, clean, read_numeral, tokenize
from diffusionlab.search.time.dates import read_when
from diffusionlab.search.time.recurring import read_recurring
from diffusionlab.search.words.calendar_words import MONTH_NAMES, NUMBER_WORDS, ORDINALS
from diffusionlab.search.words.english import SLIPS, common, filler
from diffusionlab.search.words.grammar_words import OPERATOR_SIGNS, VERSIONS
from diffusionlab.search.words.lexicon import phrases, spellable, words_in_phrases

_EITHER = re.compile(r"(\d\d?)/(\d\d?)/\d{4}")  # a date that two countries read in two ways
_ROUND = ("seed", "batch_size", "image_size", "pid", "revision")  # of which 2024 may well be a value
_SMALLEST_SIDE = 16  # pixels; "7x7" is no image size


def scan(question: str, known: Known, now: datetime) -> tuple[list[Item], list[str], str]:
    """The items of a question from left to right, notes on what was misspelt or read with doubt, and the text with
    the misspelt words put right, in which the items have their places.

    ValueError (one line) where there is no word in it, or where it is too long.
    """
    raw = clean(question)
    if len(raw.lower()) != len(raw):  # a letter whose lower case is longer, such as a dotted I
        raw = raw.lower()
    raw, notes = respell(raw, known)
    reading = Scan(raw, known, now)
    if not any(token.kind not in ("punct", "op") for token in reading.tokens):
        raise ValueError('there is no word in the question; ask something like "unets on MNIST with fid below 10"')
    i = 0
    while i < len(reading.tokens):
        i = next((after for rule in RULES if (after := rule(reading, i))), 0) or i + 1
    return reading.items, [*notes, *reading.notes], raw


def _when(s: Scan, i: int) -> int:
    """A date, a range of dates, or days that come again."""
    token = s.tokens[i]
    due = s.after_comparison() and not _is_year_of_figure(s, i)
    if token.kind not in ("word", "number", "date") or (token.kind == "number" and due):
        return 0
    if (recurring := read_recurring(s.text, token.start)) and not token.glued:
        return s.add("recurring", recurring[0], i, s.token_at(recurring[1]))
    when = read_when(s.text, token.start, s.now, s.raw)
    if not when:
        return 0
    after = s.token_at(when.end)
    last = s.tokens[after - 1]
    if last.end > when.end and last.text.rstrip(".") != s.text[last.start : when.end]:
        return 0
    words = s.text[token.start : when.end]
    if re.search(r"\d{4}$", words) and due and words[:4].isdigit():
        return 0
    either = _EITHER.fullmatch(words)
    if either and max(int(either[1]), int(either[2])) <= 12 and either[1] != either[2] and when.ranges[0][0]:
        day = when.ranges[0][0]
        s.notes.append(f'read "{words}" as {day:%d %B %Y}; write {day:%Y-%m-%d} to be sure')
    return s.add("when", when.ranges, i, after)


def _is_year_of_figure(s: Scan, i: int) -> bool:
    """Whether the number at i is the year of a figure, and no value of it: "best val loss 2024", "fid 2025"."""
    token = s.tokens[i]
    if not s.is_last("field") or not re.fullmatch(r"20[1-9]\d", token.raw) or int(token.raw) > s.now.year:
        return False
    if re.match(r"\s*(?:-|–|to|through|,|or|and)?\s*(?!20[1-9]\d\b)\d", s.text[token.end :]):  # noqa: RUF001
        return False
    column = str(s.items[-1].payload)
    named = column in NAMED_VALUES or kind_of(column) in ("int", "float")
    return named and column not in _ROUND and not column.startswith(PREFIX)


def _name(s: Scan, i: int) -> int:
    """A name in which dashes or blanks hide other words: the "lr-search" sweep, the setting "zero terminal snr"."""
    if s.tokens[i].kind != "word":
        return 0
    if s.word(i) in WORDS and (column := next((c for j in (i + 4, i + 3, i + 2) if (c := _setting_at(s, i, j))), None)):
        return s.add("field", column[0], i, column[1])
    after = i + 1
    while s.word(after) in ("-", "_", ".") and after + 1 < len(s.tokens) and s.tokens[after + 1].glued:
        after += 2
    words = s.words(i, after)
    swept = s.word(after) in ("sweep", "sweeps") or s.word(i - 1) == "sweep"
    if after == i + 1 or not s.tokens[i + 1].glued or not (swept or words in s.known.values["sweep"]):
        return 0
    after += s.word(after) in ("sweep", "sweeps")
    return s.add("condition", Condition("sweep", Compare("sweep", "=", words), True, words), i, after)


def _versions(s: Scan, i: int) -> int:
    """Versions of train_cifar: the scripts of that name and what is linked to them."""
    if s.word(i) not in VERSIONS or s.word(i + 1) != "of" or not s.known.has_scripts:
        return 0
    after = i + 3
    while s.word(after) in ("-", "_", ".", "/") and after + 1 < len(s.tokens) and s.tokens[after].glued:
        after += 2
    name = s.words(i + 2, after)
    ids = s.known.versions_of(name.lower())
    return s.add("condition", Condition("run_id", In("run_id", ids), True, name), i, after) if ids else 0


def _setting_at(s: Scan, i: int, after: int) -> tuple[str, int] | None:
    column = s.known.setting(s.words(i, after)) if after <= len(s.tokens) else None
    return (column, after) if column else None


def _number(s: Scan, i: int) -> int:
    """A sign of comparison, an image size, a number with its unit, or an ordinal."""
    token = s.tokens[i]
    if token.kind == "op":
        return s.add("comparator", OPERATOR_SIGNS[token.text], i, i + 1)
    if token.kind == "dim":
        return _dimensions(s, i)
    if token.kind == "number" and is_card(s, i):
        return 0
    negative = token.text in ("minus", "negative") and s.after_comparison()
    compared = negative or s.is_last("comparator", "between")
    found = read_numeral(s.tokens[: i + 9], i + negative, s.raw, s.is_last("between"), compared)
    if found is None or counts_cards(s, i, found.number.value):
        return 0
    number, after = found.number, found.after
    if negative:
        number = replace(number, value=-number.value)
    if s.word(after) in ("st", "nd", "rd", "th") and s.tokens[after].glued:
        return s.add("ordinal", int(number.value), i, after + 1)
    s.add("number", number, i, after)
    return s.add("afterwards", ">=", after, after + 1) if found.signed_up else after


def _dimensions(s: Scan, i: int) -> int:
    token = s.tokens[i]
    if int(token.value) in s.known.image_sizes or token.value > _SMALLEST_SIDE:
        return s.add("number", Number(token.value, "image_size", typed=token.raw, dim=True), i, i + 1)
    return s.add("text", (token.raw.replace("x", " x "), token.raw), i, i + 1)


def _word(s: Scan, i: int) -> int:
    """A word by itself: quoted, punctuation, an ordinal, a word to pass over, or one to look for in the texts."""
    token = s.tokens[i]
    if token.kind == "quoted":
        return s.add("text", (token.text, token.text), i, i + 1)
    if token.text == "-" and s.is_last("superlative"):  # "top-5"
        return i + 1
    if token.text == "%" and s.is_last("number"):
        return s.add("percent", None, i, i + 1)
    if token.kind == "punct":
        return s.add("break" if token.text in ",;/&|()" else "filler", token.text, i, i + 1)
    if token.kind == "word" and ORDINALS.get(token.text, 0) > 1:  # "first" is a superlative
        return s.add("ordinal", ORDINALS[token.text], i, i + 1)
    if found := _glued(s, i):
        return found
    if token.kind == "word" and {token.text, token.compact, token.text.partition("'")[0]} & filler():
        return s.add("filler", None, i, i + 1)
    if token.kind == "word" and token.text in common() and stem(token.text) not in s.known.stems:
        return s.add("filler", None, i, i + 1)
    if token.kind in ("word", "date", "clock", "number"):
        return s.add("text", (token.raw,) * 2, i, i + 1)
    return s.add("filler", None, i, i + 1)


def _glued(s: Scan, i: int) -> int:
    """Several words that dashes make one which means something of its own: "MNIST-M", "ViT-G", "min-SNR"."""
    after = i + 1
    while after + 1 < len(s.tokens) and s.word(after) in ("-", "_"):
        if not (s.tokens[after].glued and s.tokens[after + 1].glued):
            break
        after += 2
    if after == i + 1:
        return 0
    words = s.words(i, after)
    is_dataset = s.known.spellings.get(squeeze(s.word(i)), ("",))[0] == "dataset"
    if is_dataset and len(s.word(after - 1)) == 1:
        return s.add("condition", Condition("dataset", Compare("dataset", "=", words), True, words), i, after)
    parts = [token.text for token in s.tokens[i:after] if token.kind == "word"]
    plain = ("facet", "value", "noun", "carrier")
    if all(part in filler() or phrases().get(part, ("",))[0] in plain for part in parts):
        return 0
    return s.add("text", (words, words), i, after)


RULES = (_versions, file, run, _name, folder, _when, _number, span, _word)
"""At each place the first rule that reads something wins."""


# -- misspelt words

_SMALL_WORDS = ("with", "without", "which", "that", "those", "have", "where", "from", "show", "list", "find")
_DATES = (*MONTH_NAMES, *WEEKDAYS, "weekend")


_DATED = "|".join((*MONTH_NAMES, "yesterday", "today", r"(?:the\s+)?(?:last|this|past)", r"20\d\d"))
_FORM = re.compile(rf"\bform(?=\s+(?:{_DATED})\b)", re.IGNORECASE)


def respell(text: str, known: Known) -> tuple[str, list[str]]:
    """The text with misspelt words put right, and a note on each."""
    notes: list[str] = []
    if _FORM.search(text):  # a word by itself, but none before a date
        notes.append('read "form" as "from"')
        text = _FORM.sub("from", text)
    tokens = tokenize(text, known.is_run)
    shouted = len(tokens) > 1 and text.isupper()
    files = names_of_files(text)
    words = [t for t in tokens if t.kind == "word" and not any(a <= t.start < b for a, b in files)]
    for token in reversed([t for t in words if _misspelt(t, known)]):
        # from the end, so that places stay true
        better = SLIPS.get(token.text) or repair(token.text, _candidates(known)) or repair(token.text, _SMALL_WORDS)
        if better and better != token.text and not _is_name(token, better, shouted, known):
            notes.insert(0, f'read "{token.raw}" as "{better}"')
            text = text[: token.start] + better + text[token.end :]
    return text, notes


def _is_name(token: Token, better: str, shouted: bool, known: Known) -> bool:
    """ "RNNs" among words in small letters is a name, no misspelt "runs"; "AdamP" is no misspelt "Adam"; the "patch" of
    the setting patch_size is no misspelt "path"."""
    raw = token.raw
    if raw[:-1].lower() == better and raw[-1].isupper() and not raw.isupper():
        return True
    named = phrases().get(better, ("",))[0] in ("value", "facet", "field") or better in known.spellings
    if raw.rstrip("s").isupper() and not shouted and not named:
        return True
    return stem(token.text) in known.setting_stems  # last, as all settings are looked through


def _candidates(known: Known) -> list[str]:
    values = {w for pair in known.spellings.values() for w in re.findall(r"[a-z]{4,}", pair[1].lower())}
    ordered = sorted(spellable() | values)
    return ordered + sorted(w for w in known.words if len(w) >= 5 and w not in spellable())


def _is_cut(word: str) -> bool:
    """Whether a word lacks the last letter of a known one: "cosin"."""
    return len(word) >= 5 and any(k[:-1] == word and k[-1] != "s" for k in spellable())


def _misspelt(token: Token, known: Known) -> bool:
    word = token.compact
    if word in SLIPS:
        return word not in known.words and stem(word) not in known.stems
    if len(word) < 4 or not word.isalpha() or not word.isascii():
        return False
    plain = {word, word.removesuffix("s"), word.removesuffix("es"), word.removeprefix("non")}
    return not (
        plain & phrases().keys()
        or word in spellable()
        or word in words_in_phrases()
        or word in filler()
        or word in common()
        or plain & known.spellings.keys()
        or word in known.words
        or (stem(word) in known.stems and not near(word, spellable()) and not _is_cut(word))
        or word in NUMBER_WORDS
        or word in UNITS
        or word in known.metrics
        or any(name.startswith(word.removesuffix("s")) for name in _DATES)
    )
