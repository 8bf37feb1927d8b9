"""A question as a sequence of items: conditions, numbers, dates, fields, connecting words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from diffusionlab.registry.canonical import squeeze
from diffusionlab.registry.days import WEEKDAYS
from diffusionlab.registry.filter import And, Compare, Contains, Filter, In, Not
from diffusionlab.search.calendar_words import MONTH_NAMES, NUMBER_WORDS
from diffusionlab.search.dates import read_when
from diffusionlab.search.english import common, filler
from diffusionlab.search.field_words import FIELDS
from diffusionlab.search.grammar_words import OPERATOR_SIGNS
from diffusionlab.search.items import Condition, Item, Number, value_filter
from diffusionlab.search.known import Known
from diffusionlab.search.lexicon import Meaning, longest, phrases, spellable
from diffusionlab.search.numerals import SCALES, UNITS, read_numeral
from diffusionlab.search.numerals import WORDS as NUMERAL_WORDS
from diffusionlab.search.recurring import read_recurring
from diffusionlab.search.text import stem
from diffusionlab.search.tokens import Token, clean, tokenize
from diffusionlab.search.typos import near, repair
from diffusionlab.search.where import any_gpu

_GLUE = {"-", "/", "_", "'", ".", "&", "+"}
_VARIANTS = ("variant", "variants", "family", "flavours", "flavors", "derivatives")
_SMALL_WORDS = ("with", "without", "which", "that", "those", "have", "where", "from", "show", "list", "find")
_CARDS = ("gpu", "gpus", "cards", "accelerators", "devices")
_ORDINAL_WORDS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}


def _count(word: str) -> int:
    return int(word) if word.isdigit() else int(NUMERAL_WORDS.get(word, 0))


class Scanner:
    """Reads items from left to right; at each place the longest phrase that means something wins."""

    def __init__(self, question: str, known: Known, now: datetime) -> None:
        self.known, self.now = known, now
        self.raw = clean(question)
        self.text = self.raw.lower()
        if len(self.text) != len(self.raw):  # a letter whose lower case is longer, such as a dotted I
            self.raw = self.text
        self.tokens = tokenize(self.raw, known.is_run)
        self.notes: list[str] = []
        self.items: list[Item] = []
        if self._repair():
            self.text = self.raw.lower()
            self.tokens = tokenize(self.raw, known.is_run)

    def scan(self) -> list[Item]:
        i = 0
        rules = (self._run, self._when, self._number, self._phrase, self._word)
        while i < len(self.tokens):
            for rule in rules:
                if found := rule(i):
                    i = found
                    break
            else:
                i += 1
        return self.items

    def _add(self, kind: str, payload: Any, first: int, after: int) -> int:
        start, end = self.tokens[first].start, self.tokens[after - 1].end
        self.items.append(Item(kind, payload, self.raw[start:end], start, end))
        return after

    # -- spelling

    def _repair(self) -> bool:
        """Put right what is misspelt in the text itself; whether anything was."""
        words = [t for t in self.tokens if t.kind == "word" and self._misspelt(t)]
        for token in reversed(words):  # from the end, so that places stay true
            better = repair(token.text, self._candidates) or repair(token.text, _SMALL_WORDS)
            if better and better != token.text and not self._is_name(token, better):
                self.notes.insert(0, f'read "{token.raw}" as "{better}"')
                self.raw = self.raw[: token.start] + better + self.raw[token.end :]
        return bool(self.notes)

    def _is_name(self, token: Token, better: str) -> bool:
        """ "RNNs" among words in small letters is a name, no misspelt "runs"; "AdamP" is no misspelt "Adam"."""
        raw = token.raw
        if raw[:-1].lower() == better and raw[-1].isupper() and not raw.isupper():
            return True
        shouted = len(self.tokens) > 1 and self.raw.isupper()
        named = phrases().get(better, ("",))[0] in ("value", "facet", "field") or better in self.known.spellings
        return raw.rstrip("s").isupper() and not shouted and not named

    @property
    def _candidates(self) -> list[str]:
        values = {w for pair in self.known.spellings.values() for w in re.findall(r"[a-z]{4,}", pair[1].lower())}
        ordered = sorted(spellable() | values)
        return ordered + sorted(w for w in self.known.words if len(w) >= 5 and w not in spellable())

    def _misspelt(self, token: Token) -> bool:
        word = token.compact
        if len(word) < 4 or not word.isalpha() or not word.isascii():
            return False
        plain = {word, word.removesuffix("s"), word.removesuffix("es"), word.removeprefix("non")}
        return not (
            plain & phrases().keys()
            or word in spellable()
            or word in filler()
            or word in common()
            or plain & self.known.spellings.keys()
            or word in self.known.words
            or (stem(word) in self.known.stems and not near(word, spellable()))
            or word in NUMBER_WORDS
            or word in self.known.metrics
            or any(name.startswith(word.removesuffix("s")) for name in (*MONTH_NAMES, *WEEKDAYS, "weekend"))
        )

    # -- rules: each returns the index after what it has read, or 0

    def _run(self, i: int) -> int:
        token = self.tokens[i]
        if token.kind == "run" or (token.kind == "quoted" and self.known.find(token.text)):
            return self._add("run", self.known.find(token.text), i, i + 1)
        if token.text not in ("run", "runs", "experiment", "experiments", "model", "models", "#"):
            return 0
        ids: list[str] = []
        after = i + 1
        position = i + 1
        while position < len(self.tokens):
            t = self.tokens[position]
            ranged = (
                ids
                and self.tokens[position - 1].text in ("-", "to", "through", "until")
                and self.tokens[position - 2].kind == "number"
            )
            if ranged and t.raw.isdigit():
                low = int(self.tokens[position - 2].raw)
                ids += [
                    r
                    for n in range(low + 1, min(int(t.raw), low + 10_000) + 1)
                    for r in self.known.ids_by_number.get(n, ())
                ]
                position = after = position + 1
            elif t.kind == "number" and t.raw.isdigit() and not self._counts(position):
                number_ids = self.known.ids_by_number.get(int(t.raw), ())
                explicit = self.tokens[position - 1].text in ("-", "#") and t.glued
                if not number_ids and not (explicit and token.text == "run"):
                    break
                ids += number_ids or (f"{token.text}-{t.raw}",)
                position = after = position + 1
            elif (
                t.text
                in (
                    "-",
                    "#",
                    "and",
                    "or",
                    ",",
                    "no",
                    "number",
                    ".",
                    "&",
                    "run",
                    "vs",
                    "versus",
                    "to",
                    "through",
                    "until",
                )
                and position - after < 3
            ):
                position += 1
            else:
                break
        if not ids:
            return 0
        for place, run_id in enumerate(ids):
            if place:
                self.items.append(Item("connector", "and", "and", token.start, self.tokens[after - 1].end))
            self.items.append(Item("run", (run_id,), run_id, token.start, self.tokens[after - 1].end))
        return after

    def _counts(self, i: int) -> bool:
        """Whether the number at i belongs to a following unit or field, as in "runs 100 epochs"."""
        following = self.tokens[i + 1 : i + 2]
        return bool(following) and (
            following[0].text in UNITS
            or following[0].text in SCALES
            or phrases().get(following[0].compact, ("",))[0] == "field"
        )

    def _when(self, i: int) -> int:
        token = self.tokens[i]
        if token.kind not in ("word", "number", "date"):
            return 0
        if token.kind == "number" and self._after_comparison():
            return 0
        if (recurring := read_recurring(self.text, token.start)) and not token.glued:
            after = next((j for j in range(i, len(self.tokens)) if self.tokens[j].start >= recurring[1]), None)
            return self._add("recurring", recurring[0], i, after or len(self.tokens))
        when = read_when(self.text, token.start, self.now, self.raw)
        if not when:
            return 0
        after = next((j for j in range(i, len(self.tokens)) if self.tokens[j].start >= when.end), len(self.tokens))
        if (
            self.tokens[after - 1].end > when.end
            and self.tokens[after - 1].text.rstrip(".") != self.text[self.tokens[after - 1].start : when.end]
        ):
            return 0
        words = self.text[token.start : when.end]
        if re.search(r"\d{4}$", words) and self._after_comparison() and words[:4].isdigit():
            return 0
        either = re.fullmatch(r"(\d\d?)/(\d\d?)/\d{4}", words)
        if either and max(int(either[1]), int(either[2])) <= 12 and either[1] != either[2] and when.ranges[0][0]:
            self.notes.append(f'read "{words}" as the {when.ranges[0][0]:%d %B %Y}; 2025-12-31 is never misread')
        return self._add("when", when.ranges, i, after)

    def _after_comparison(self) -> bool:
        for item in reversed(self.items):
            if item.kind in ("comparator", "between") or (
                item.kind == "field" and item.payload not in ("created_at", "modified_at")
            ):
                return True
            if item.kind not in ("filler", "carrier"):
                return False
        return False

    def _number(self, i: int) -> int:
        token = self.tokens[i]
        if token.kind == "op":
            return self._add("comparator", OPERATOR_SIGNS[token.text], i, i + 1)
        if token.kind == "dim":
            size = int(token.value)
            if size in self.known.image_sizes or size > 16:
                return self._add("number", Number(token.value, "image_size", typed=token.raw, dim=True), i, i + 1)
            return self._add("text", (token.raw.replace("x", " x "), token.raw), i, i + 1)
        if token.kind == "number" and self._is_card(i):
            return 0
        negative = token.text in ("minus", "negative") and self._after_comparison()
        compared = negative or self._is_last("comparator") or self._is_last("between")
        found = read_numeral(self.tokens[: i + 9], i + negative, self.raw, self._is_last("between"), compared)
        if found is None or self._cards(i, found.number.value):
            return 0
        number, after = found.number, found.after
        if negative:
            number = replace(number, value=-number.value)
        ordinal = self.tokens[after : after + 1]
        if ordinal and ordinal[0].glued and ordinal[0].text in ("st", "nd", "rd", "th"):
            return self._add("ordinal", int(number.value), i, after + 1)
        self._add("number", number, i, after)
        return self._add("afterwards", ">=", after, after + 1) if found.signed_up else after

    def _is_last(self, kind: str) -> bool:
        return bool(self.items) and self.items[-1].kind == kind

    def _is_card(self, i: int) -> bool:
        """Whether the number at i is a part of a card's name or counts cards: "3060s", "8x H100", "2 gpus"."""
        token = self.tokens[i]
        if len(token.raw) == 4 and self.known.hardware(token.raw):
            return not self._after_comparison() or self._between_cards() or self._on_card()
        return self._times(i)

    def _times(self, i: int) -> bool:
        texts = [t.text for t in self.tokens[i + 1 : i + 3]]
        return (len(texts) > 1 and texts[0] == "x") or (
            texts[:1] in (["gpus"], ["gpu"], ["cards"]) and self.tokens[i].value > 1
        )

    def _between_cards(self) -> bool:
        """ "Differences between 4090 and 3060 runs": no range of numbers."""
        return self._is_last("between") and any(item.kind == "compare" for item in self.items)

    def _on_card(self) -> bool:
        """ "100 epochs on a 4090": no number of epochs."""
        said = [item for item in self.items if item.kind != "filler"]
        return bool(said) and said[-1].kind == "carrier" and said[-1].words.lower() in ("on", "trained on", "using")

    def _cards(self, i: int, value: float) -> bool:
        """Whether the number at i counts cards of one kind: "eight H100s"."""
        if not 1 < value <= 64 or i + 1 >= len(self.tokens) or self._after_comparison():
            return False
        card = self.tokens[i + 1].text
        return card in _CARDS or (card.endswith("s") and self.known.hardware(card) is not None)

    def _counted_cards(self, words: str) -> tuple[str, ...]:
        """The hardware of so many cards of a kind ("8x H100", "eight H100s"); the words where no run has it."""
        m = re.fullmatch(r"(\d+\s?x|\d+|[a-z]+)\s+(.+)", words)
        if not m or not (kind := self.known.hardware(m[2])):
            return ()
        count = _count(m[1].rstrip(" x"))
        if count < 1 + ("x" not in m[1]):
            return ()
        of_kind = re.compile(rf"{count}\s?x\s*(.+)")
        found = ((v, of_kind.fullmatch(v.lower())) for v in self.known.values["hardware"])
        return tuple(v for v, parts in found if parts and self.known.hardware(parts[1]) == kind) or (words,)

    def _phrase(self, i: int) -> int:
        """The longest span from token i that means something."""
        key, best, last = "", None, i
        for j in range(i, min(i + 9, len(self.tokens))):
            token = self.tokens[j]
            if token.kind == "punct":
                glued = token.glued or (j + 1 < len(self.tokens) and self.tokens[j + 1].glued)
                if j == i or token.text not in _GLUE or not glued:
                    break
                continue
            if token.kind not in ("word", "number"):
                break
            key += squeeze(token.text)
            if len(key) > longest() + 2:
                break
            meaning = self._meaning(key, i, j)
            if meaning and not (
                j + 1 < len(self.tokens)
                and (
                    (meaning[0] not in ("superlative", "comparator") and self._cuts(i, j))
                    or self._goes_on(meaning, i, j)
                )
            ):
                best, last = meaning, j
        if best is None or not key:
            return 0
        return self._settle(best, i, last + 1)

    def _cuts(self, i: int, j: int) -> bool:
        """Whether the span ends inside a longer glued word that it does not mean ("ViT-G", "CIFAR-1000")."""
        following = self.tokens[j + 1]
        if following.text not in ("-", "_") or not following.glued or j + 2 >= len(self.tokens):
            return False
        tail = self.tokens[j + 2]
        return tail.glued and (len(tail.text) == 1 or tail.kind == "number") and tail.text not in ("v",)

    def _goes_on(self, meaning: Meaning, i: int, j: int) -> bool:
        """Whether "or higher" is the beginning of "or higher than 100"."""
        following = self.tokens[j + 1]
        return (
            meaning[0] == "afterwards"
            and self.tokens[i].text in ("and", "or")
            and (following.kind == "number" or following.text in (*NUMERAL_WORDS, "than"))
        )

    def _meaning(self, key: str, i: int, j: int) -> Meaning | None:
        known = self.known
        if j == i and self.tokens[i].kind == "number" and not self.tokens[i].glued and len(key) < 4:
            return None
        if key in known.spellings and not (i == j and key in filler()):
            column, value = known.spellings[key]
            if not (column == "architecture" and (i != j or key in phrases())) and column not in (
                "status",
                "hardware",
                "hardware_kind",
            ):
                return (
                    phrases().get(key)
                    if key in phrases() and phrases()[key][0] != "value"
                    else ("value", (column, (value,)))
                )
        for form in (key, key.removesuffix("s"), key.removesuffix("es")):
            if form in phrases() and (
                form == key or (phrases()[form][0] in ("value", "facet", "not facet") and len(form) > 2)
            ):
                return phrases()[form]
        words = self.raw[self.tokens[i].start : self.tokens[j].end]
        if j - i < 5 and (i != j or len(key) > 1):
            several = re.fullmatch(rf"(\d+|[a-z]+)\s?x?\s?(?:{'|'.join(_CARDS)})", words.lower())
            count = _count(several[1]) if several else 0
            if count > 1:
                found = tuple(v for v in known.values["hardware"] if squeeze(v).startswith(f"{count}x"))
                return ("value", ("hardware", found or (words,)))
            if found := self._counted_cards(words.lower()):
                return ("value", ("hardware", found))
            if kind := known.hardware(words):
                return ("value", ("hardware_kind", (kind,)))
        if key in {squeeze(m) for m in known.metrics}:
            return ("field", next(_metric_column(m) for m in known.metrics if squeeze(m) == key))
        if key in {squeeze(f) for f in known.facets}:
            return ("facet", next(f for f in known.facets if squeeze(f) == key))
        if key.startswith("non") and phrases().get(key[3:], ("",))[0] == "facet":
            return ("not facet", phrases()[key[3:]][1])
        if key == "pytorch" or key == "torch":
            return (
                "value",
                ("framework", tuple(v for v in known.values["framework"] if "torch" in v.lower()) or ("PyTorch",)),
            )
        if key == "one" and i == j:
            return phrases()["one"]
        version = re.fullmatch(r"(?:py)?torch(\d\d*)", key)
        if version and i != j:
            same = tuple(
                v for v in known.values["framework"] if squeeze(v).removeprefix("py") == squeeze(key).removeprefix("py")
            )
            return ("value", ("framework", same or (words,)))
        return None

    def _settle(self, meaning: Meaning, i: int, after: int) -> int:
        """A meaning as an item, where the registry's contents decide: value, else text, else a value nobody has."""
        kind, payload = meaning
        words = self.raw[self.tokens[i].start : self.tokens[after - 1].end]
        if kind == "facet":
            return self._add("condition", Condition("facet", Contains("arch_tags", payload), words=words), i, after)
        if kind == "not facet":
            return self._add(
                "condition", Condition("facet", Not(Contains("arch_tags", payload)), words=words), i, after
            )
        if kind == "full attention":
            both = And(Contains("arch_tags", "attention"), Not(Contains("arch_tags", "linear_attention")))
            return self._add("condition", Condition("facet", both, words=words), i, after)
        if kind == "not finished":
            return self._add(
                "condition", Condition("status", Compare("status", "!=", "finished"), True, words), i, after
            )
        if kind == "unsuccessful":
            ended = In("status", ("failed", "crashed", "interrupted"))
            return self._add("condition", Condition("status", ended, True, words), i, after)
        if kind == "family":
            kinds = tuple(k for k in self.known.values["hardware_kind"] if k.startswith(payload)) or (payload[0],)
            return self._add(
                "condition",
                Condition("hardware_kind", value_filter("hardware_kind", kinds, self.known), True, words),
                i,
                after,
            )
        if kind in ("multi", "single gpu"):
            several = tuple(v for v in self.known.values["hardware"] if re.match(r"(?!1\s?x)\d+\s?x", v.lower()))
            devices: Filter = value_filter("hardware", several or ("more than one",), self.known)
            if kind == "single gpu":
                devices = And(any_gpu(self.known), Not(In("hardware", several)))
            return self._add("condition", Condition("hardware", devices, True, words), i, after)
        if kind == "text" or (kind == "field" and self._told(i)):
            payload = payload if kind == "text" else (words,)
            return self._add("text", (*payload, words), i, after)
        if kind != "value":
            return self._add(kind, payload, i, after)
        column, values = payload
        occurring = tuple(v for v in values if v in self.known.values.get(column, ()))
        if column in ("dataset", "optimizer") and (end := self._variants(after)):  # "all MNIST variants"
            after, words = end, self.raw[self.tokens[i].start : self.tokens[end - 1].end]
            occurring = tuple(v for v in self.known.values[column] if squeeze(values[0]) in squeeze(v))
        if column == "status" and self._is_verb_of_text(i, after):
            return 0
        if not occurring and column in ("schedule", "parameterization", "sampler", "precision", "status"):  # noqa: SIM102
            if all(stem(w) in self.known.stems for w in re.findall(r"[a-z]+", words.lower())) and column != "status":
                return self._add("text", (words, words), i, after)
        return self._add(
            "condition",
            Condition(column, value_filter(column, occurring or values[:1], self.known), True, words),
            i,
            after,
        )

    def _variants(self, i: int) -> int:
        """The index after "variants" or "-family" at token i, or 0."""
        j = i + 1 if [t.text for t in self.tokens[i : i + 1]] == ["-"] else i
        return j + 1 if any(t.text in _VARIANTS for t in self.tokens[j : j + 1]) else 0

    def _told(self, i: int) -> bool:
        """Whether the word before says that a text mentions what follows: "mentions sweep"."""
        return i > 0 and self.tokens[i - 1].text in (
            "mention",
            "mentions",
            "mentioning",
            "mentioned",
            "says",
            "saying",
            "contains",
            "containing",
            "about",
        )

    def _is_verb_of_text(self, i: int, after: int) -> bool:
        """ "Error" and "done" are words of a text in "memory error" and "validation error"."""
        return (
            self.tokens[i].text in ("error", "errors")
            and i > 0
            and self.tokens[i - 1].kind == "word"
            and (self.tokens[i - 1].text not in filler() | {"an", "with", "by", "in"})
        )

    def _word(self, i: int) -> int:
        token = self.tokens[i]
        if token.kind == "quoted":
            return self._add("text", (token.text, token.text), i, i + 1)
        if token.text == "-" and self.items and self.items[-1].kind == "superlative":  # "top-5"
            return i + 1
        if token.kind == "punct":
            kind = "break" if token.text in ",;/&|()" else "filler"
            return self._add(kind, token.text, i, i + 1)
        if token.kind == "word" and token.text in _ORDINAL_WORDS:
            return self._add("ordinal", _ORDINAL_WORDS[token.text], i, i + 1)
        after = i + 1
        while (
            after + 1 < len(self.tokens)
            and self.tokens[after].text in ("-", "_")
            and self.tokens[after].glued
            and self.tokens[after + 1].glued
        ):
            after += 2
        if after > i + 1 and _is_dataset(self.known, token.text) and len(self.tokens[after - 1].text) == 1:  # "MNIST-M"
            words = self.raw[token.start : self.tokens[after - 1].end]
            return self._add("condition", Condition("dataset", Compare("dataset", "=", words), True, words), i, after)
        if after > i + 1 and self._mixed(i, after):  # "ViT-G", "min-SNR": one word
            return self._add("text", (self.raw[token.start : self.tokens[after - 1].end],) * 2, i, after)
        if token.kind == "word" and {token.text, token.compact, token.text.partition("'")[0]} & filler():
            return self._add("filler", None, i, i + 1)
        if token.kind == "word" and token.text in common() and stem(token.text) not in self.known.stems:
            return self._add("filler", None, i, i + 1)
        if token.kind in ("word", "date", "clock", "number"):
            return self._add("text", (token.raw,) * 2, i, i + 1)
        return self._add("filler", None, i, i + 1)

    def _mixed(self, i: int, after: int) -> bool:
        parts = [t.text for t in self.tokens[i:after] if t.kind == "word"]
        return not all(
            part in filler() or phrases().get(part, ("",))[0] in ("facet", "value", "noun", "carrier") for part in parts
        )


def _is_dataset(known: Known, word: str) -> bool:
    """Whether the word alone names a data set."""
    return known.spellings.get(squeeze(word), ("",))[0] == "dataset"


def _metric_column(name: str) -> str:
    return name if name in FIELDS else f"metrics.{name}"
