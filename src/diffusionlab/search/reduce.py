"""Items joined to conditions: "lr below 1e-3", "at least 5M parameters", "same dataset as run-020", "without fid"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diffusionlab.registry.columns import kind_of
from diffusionlab.registry.filter import And, Compare, Filter, In, IsNull, Not, Or
from diffusionlab.search.items import Condition, Item, Number, missing_filter, value_filter
from diffusionlab.search.known import Known
from diffusionlab.search.lexicon import OPERATOR_SIGNS
from diffusionlab.search.protocols import protocol_of
from diffusionlab.search.query import lower_is_better
from diffusionlab.search.text import Mentions

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_COMPARATIVES = {
    **dict.fromkeys(("lower", "smaller", "fewer", "less", "shorter"), "<"),
    **dict.fromkeys(("higher", "larger", "bigger", "more", "greater", "longer"), ">"),
    "better": "best",
    "worse": "worst",
}
NUMERIC = ("int", "float")
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
    "schedule",
    "sampler",
    "architecture",
    "hardware_kind",
    "precision",
    "parameterization",
)
"""Columns whose value may follow or precede their name: "tag baseline", "the Foo dataset"."""
_SOFT = ("filler", "carrier", "noun")  # items that a phrase may step over
_TEMPORAL = {
    "after": ">",
    "since": ">=",
    "newer": ">",
    "later": ">",
    "younger": ">",
    "before": "<",
    "older": "<",
    "earlier": "<",
    "until": "<=",
}


def is_numeric(column: str) -> bool:
    return kind_of(column) in NUMERIC


class Reducer:
    """Rewrites a list of items, left to right; what it cannot join stays for `parse.py`."""

    def __init__(self, items: list[Item], known: Known) -> None:
        self.items, self.known = items, known
        self.out: list[Item] = []
        self.field: str | None = None  # the number column that was last spoken of
        self.notes: list[str] = []

    def reduce(self) -> list[Item]:
        i = 0
        rules = (
            self._same_as,
            self._against_run,
            self._bound_of_field,
            self._apart,
            self._flipped,
            self._comparative,
            self._number_list,
            self._field_quantity,
            self._free_value,
            self._lack,
            self._quantity,
        )
        while i < len(self.items):
            for rule in rules:
                if found := rule(i):
                    i = found
                    break
            else:
                item = self.items[i]
                if item.kind == "field" and is_numeric(item.payload):
                    self.field = item.payload
                self.out.append(item)
                i += 1
        return self.out

    # -- small steps

    def kind(self, i: int) -> str:
        return self.items[i].kind if i < len(self.items) else ""

    def skip(self, i: int, most: int = 3, kinds: tuple[str, ...] = _SOFT) -> int:
        """The index after at most `most` items of soft kinds from i."""
        end = i
        while end < len(self.items) and end - i < most and self.items[end].kind in kinds:
            end += 1
        return end

    def emit(self, first: int, after: int, category: str, condition: Filter, single: bool = False) -> int:
        words = " ".join(item.words for item in self.items[first:after])
        item = self.items[first]
        made = Condition(category, condition, single, words)
        self.out.append(Item("condition", made, words, item.start, self.items[after - 1].end))
        return after

    # -- rules: each returns the index after what it has read, or 0

    def _same_as(self, i: int) -> int:
        """Same dataset and optimizer as run-020."""
        if self.kind(i) != "same":
            return 0
        columns, j = [], i + 1
        while j < len(self.items) and self.items[j].kind in (
            "field",
            "filler",
            "connector",
            "carrier",
            "break",
            "noun",
            "than",
            "moment",
        ):
            if self.items[j].kind == "field":
                columns.append(self.items[j].payload)
            elif self.items[j].words.lower() in ("architecture", "architectures"):
                columns.append("architecture")
            j += 1
        if self.kind(j) != "run" or not columns:
            return 0
        row = self.known.facts(self.items[j].payload[0])
        parts: list[Filter] = []
        for column in columns:
            column = "arch_tags" if column == "architecture" and not row.get("architecture") else column
            value = row.get(column)
            parts.append(missing_filter(column, self.known) if value is None else Compare(column, "=", value))
        others = Not(In("run_id", self.items[j].payload))
        after = j + 1
        k = self.skip(after, 4, (*_SOFT, "connector", "break", "not"))
        said = {x.words.lower() for x in self.items[after:k]}
        if self.kind(k) == "field" and said & {"another", "different", "other"}:  # "but another dataset"
            column, after = self.items[k].payload, k + 1
            value = row.get(column)
            parts.append(Not(missing_filter(column, self.known) if value is None else Compare(column, "=", value)))
        return self.emit(i, after, "same", And(*parts, others))

    def _apart(self, i: int) -> int:
        """What sets run-019 apart from run-021: a comparison, no exception."""
        if not (self.kind(i) == "not" and self.items[i].words.lower() == "apart from" and self.kind(i + 1) == "run"):
            return 0
        if not (self.out and self.out[-1].kind == "run"):
            return 0
        item = self.items[i]
        self.out.append(Item("connector", "vs", item.words, item.start, item.end))
        return i + 1

    def _against_run(self, i: int) -> int:
        """Lower fid than run-019, more parameters than run-020, newer than run-020."""
        item = self.items[i]
        j = self.skip(i + 1)
        column: str | None = None
        if (
            item.kind in ("filler", "afterwards", "text", "connector")
            and item.words.lower() in _TEMPORAL
            and self.kind(j := self.skip(i + 1, 4, (*_SOFT, "than"))) == "run"
        ):
            operator, column = _TEMPORAL[item.words.lower()], "created_at"
        elif item.kind == "comparator" and item.payload in ("<", "<=", ">", ">=", "best", "worst"):
            operator = item.payload
            if self.kind(j) == "field":
                column, j = self.items[j].payload, self.skip(j + 1, 3, (*_SOFT, "than"))
            elif self.kind(j) == "than":
                j += 1
            if self.kind(j) != "run":
                return 0
            if self.kind(k := self.skip(j + 1, 4)) == "field" and column is None:
                column, j = self.items[k].payload, k
        elif item.kind == "filler" and item.words.lower() in (
            "lower",
            "higher",
            "better",
            "worse",
            "bigger",
            "larger",
            "smaller",
            "more",
            "fewer",
            "less",
            "greater",
        ):
            word = item.words.lower()
            operator = {"better": "best", "worse": "worst"}.get(
                word, "<" if word in ("lower", "smaller", "fewer", "less") else ">"
            )
            if self.kind(j) != "field":
                return 0
            column, j = self.items[j].payload, self.skip(j + 1, 3)
            if self.kind(j) != "than" or self.kind(j := self.skip(j + 1)) != "run":
                return 0
        else:
            return 0
        if (
            self.kind(j) != "run"
            and self.kind(self.skip(i + 1)) != "run"
            and not any(x.kind == "run" for x in self.items[i : j + 1])
        ):
            return 0
        run = next(x for x in self.items[i : j + 1] if x.kind == "run")
        if column is None:
            column = self.field or (
                "num_parameters" if item.words.lower().startswith(("larger", "bigger", "smaller")) else "fid"
            )
        if self._is_pair():  # "is run-036 better than run-023?"
            self.out.append(Item("connector", "vs", item.words, item.start, item.end))
            return self.items.index(run)
        facts = self.known.facts(run.payload[0])
        value = facts.get(column)
        if kind_of(column) not in (*NUMERIC, "time"):
            return 0
        if value is None:
            self.notes.append(f"{run.payload[0]} has no {column} to compare with")
            return self.emit(i, j + 1, column, Or())
        return self.emit(
            i, j + 1, column, self._comparable(Compare(column, self._operator(operator, column), value), facts)
        )

    def _comparable(self, condition: Compare, facts: Mapping[str, Any]) -> Filter:
        """A condition on a figure, for the runs whose figure was taken as that of the run with `facts` was."""
        if not self.known.values["protocol"] or condition.column not in ("fid", "kid"):
            return condition
        protocol = protocol_of(facts, condition.column)
        return And(condition, Compare("protocol", "=", protocol) if protocol else IsNull("protocol"))

    def _is_pair(self) -> bool:
        """Whether a run was named just before what compares with another."""
        said = [item.kind for item in self.out if item.kind not in ("filler", "noun", "carrier")]
        return said[-1:] == ["run"]

    def _operator(self, operator: str, column: str) -> str:
        if operator in ("best", "worst"):
            return "<" if lower_is_better(column) == (operator == "best") else ">"
        return operator

    def _bound_of_field(self, i: int) -> int:
        """COMPARATOR [a] FIELD of NUMBER: "under an FID of 20"."""
        words = self.items[i].words.lower()
        j = self.skip(i + 1, 2, ("filler",))
        if self.kind(j) != "field" or not is_numeric(self.items[j].payload):
            return 0
        passed = words in ("before", "after") and self.items[j].payload == "epochs"  # "stopped before epoch 15"
        if self.kind(i) != "comparator" and not passed:
            return 0
        k = self.skip(j + 1, 2, ("filler", "carrier"))
        if self.kind(k) != "number":
            return 0
        column, number = self.items[j].payload, self.items[k].payload
        operator = _TEMPORAL[words] if passed else self._operator(self.items[i].payload, column)
        if operator not in ("<", "<=", ">", ">=") or number.column not in (None, column):
            return 0
        self.field = column
        return self.emit(i, k + 1, column, Compare(column, operator, number.value))

    def _flipped(self, i: int) -> int:
        """NUMBER < FIELD: "5 < fid < 9"; what follows the field is read on its own."""
        if not (self.kind(i) == "number" and self.kind(i + 1) == "comparator" and self.kind(i + 2) == "field"):
            return 0
        column, operator = self.items[i + 2].payload, _FLIPPED.get(self.items[i + 1].payload)
        number: Number = self.items[i].payload
        signed = self.items[i + 1].words in OPERATOR_SIGNS
        if not signed or operator is None or not is_numeric(column) or number.column not in (None, column):
            return 0
        self.emit(i, i + 2, column, Compare(column, operator, number.value))
        return i + 2

    def _comparative(self, i: int) -> int:
        """Smaller FIELD than NUMBER: "fewer epochs than 100"."""
        operator = _COMPARATIVES.get(self.items[i].words.lower())
        j = self.skip(i + 1, 2, ("filler",))
        if operator is None or self.kind(j) != "field" or self.kind(j + 1) != "than" or self.kind(j + 2) != "number":
            return 0
        column, number = self.items[j].payload, self.items[j + 2].payload
        if not is_numeric(column) or number.column not in (None, column):
            return 0
        self.field = column
        return self.emit(i, j + 3, column, Compare(column, self._operator(operator, column), number.value))

    def _number_list(self, i: int) -> int:
        """NUMBER, NUMBER or NUMBER FIELD: "60, 80 or 90 epochs"."""
        if self.kind(i) != "number" or (self.out and self.out[-1].kind in ("superlative", "field", "between")):
            return 0
        places = [i]
        while (more := self._next_in_list(places[-1] + 1)) is not None:
            places.append(more)
        end = places[-1] + 1
        if len(places) < 2 or self.kind(end) != "field" or self._field_starts_own(end):
            return 0
        column, numbers = self.items[end].payload, [self.items[p].payload for p in places]
        if not is_numeric(column) or any(number.column not in (None, column) for number in numbers):
            return 0
        self.field = column
        return self.emit(i, end + 1, column, Or(*(self._equal(column, number, False) for number in numbers)), True)

    def _next_in_list(self, i: int) -> int | None:
        j = i
        while j - i < 2 and (
            self.kind(j) == "break" or (self.kind(j) == "connector" and self.items[j].payload != "vs")
        ):
            j += 1
        return j if j > i and self.kind(j) == "number" else None

    def _field_quantity(self, i: int) -> int:
        """FIELD [is] [COMPARATOR] NUMBER, and further numbers of the same field."""
        if self.kind(i) != "field" or not is_numeric(self.items[i].payload):
            return 0
        column = self.items[i].payload
        j = self.skip(i + 1, 4, ("filler", "carrier"))
        if any(
            x.kind == "carrier" and x.words.lower() in ("with", "having", "using", "on", "trained", "where", "whose")
            for x in self.items[i + 1 : j]
        ):
            return 0
        if self.kind(j) == "field" and is_numeric(self.items[j].payload) and self.items[j].payload == column:
            j = self.skip(j + 1, 3, ("filler", "carrier"))
        if self.items[i].words.lower() == "size" and self.kind(j) == "number":  # "images of size 64"
            column = "image_size" if self.items[j].payload.value in self.known.image_sizes else column
        if self.kind(j) == "digits":
            low, high = self.items[j].payload
            return self.emit(i, j + 1, column, And(Compare(column, ">=", low), Compare(column, "<", high)))
        found = self._read_quantity(j, column)
        if not found:
            return 0
        after, condition, listed = found
        if (
            j == self.skip(i + 1, 4, ("filler", "carrier"))
            and self.kind(j) == "number"
            and self._belongs_to_next(j, column)
        ):
            return 0
        if (
            self.out
            and self.out[-1].kind == "superlative"
            and self.kind(after) == "field"
            and is_numeric(self.items[after].payload)
        ):
            return 0  # "lowest FID under 100 epochs"
        self.field = column
        return self.emit(i, after, column, condition, listed)

    def _belongs_to_next(self, j: int, column: str) -> bool:
        """In "fid, 100 epochs" or "top fid 3 runs" the number is not the field's."""
        following = self.items[j + 1] if j + 1 < len(self.items) else None
        if self.items[j].payload.column not in (None, column) and column != "size_bytes":
            return True
        if following is None:
            return False
        if (
            following.kind == "noun"
            and following.words.lower() not in ("ones", "one")
            and any(x.kind in ("superlative", "ordinal") for x in self.out[-3:])
        ):
            return True
        if following.kind != "field" or following.payload == column or not is_numeric(following.payload):
            return False
        k = self.skip(j + 2, 3, ("filler", "carrier"))
        return not self._read_quantity(k, following.payload)

    def _quantity(self, i: int) -> int:
        """[COMPARATOR] NUMBER [FIELD]: "at least 5M parameters", "500 epochs", "under 10M"."""
        if self.kind(i) == "digits" and self.kind(j := self.skip(i + 1, 2)) == "field":
            low, high = self.items[i].payload
            return self.emit(
                i,
                j + 1,
                self.items[j].payload,
                And(Compare(self.items[j].payload, ">=", low), Compare(self.items[j].payload, "<", high)),
            )
        negated = self.kind(i) == "not" and self.kind(i + 1) in ("number", "comparator")
        start = i
        compared = self.kind(i) in ("comparator", "between") or negated
        if not compared and self.kind(i) != "number":
            return 0
        if self.out and self.out[-1].kind == "superlative" and self.kind(i) == "number":  # "top 3 FID"
            return 0
        numbers = [x.payload for x in self.items[start : start + 5] if x.kind == "number"]
        probe = self._read_quantity(start, (numbers[0].column if numbers else None) or "num_parameters")
        if not probe:
            return 0
        after, _, _ = probe
        column = None
        k = self.skip(after, 1, ("filler",))
        if self.kind(after) == "field" and is_numeric(self.items[after].payload) and not self._field_starts_own(after):
            column, end = self.items[after].payload, after + 1
        elif (
            self.kind(k) == "field"
            and is_numeric(self.items[k].payload)
            and self.items[after].words.lower() in ("training", "of", "in", "the", "-", "for")
            and not self._field_starts_own(k)
        ):
            column, end = self.items[k].payload, k + 1
        else:
            end = after
            hints = [x.payload.column for x in self.items[start:after] if x.kind == "number" and x.payload.column]
            hint = hints[-1] if hints else None
            if hint and hint != "num_parameters":
                column = hint
            elif compared and self.field:
                column = self.field
            elif hint:
                column = hint
            elif compared and self._about_size(start):
                column = "num_parameters"
        if column is None:
            return 0
        found = self._read_quantity(start, column)
        if not found:
            return 0
        self.field = column
        return self.emit(i, max(end, found[0]), column, found[1], found[2])

    def _field_starts_own(self, j: int) -> bool:
        """Whether the field at j has its own number after it ("128, epochs 50")."""
        k = self.skip(j + 1, 3, ("filler", "carrier"))
        if self.kind(k) not in ("number", "comparator", "between"):
            return False
        return self.kind(j - 1) == "break" or (
            self.kind(k) == "number" and self.kind(k + 1) != "field" and self.kind(k - 1) != "connector"
        )

    def _about_size(self, i: int) -> bool:
        return any(x.words.lower().startswith(("larger", "bigger", "smaller")) for x in self.items[i : i + 1])

    def _read_quantity(self, i: int, column: str) -> tuple[int, Filter, bool] | None:
        """(index after, condition, whether it is a plain value) of a quantity at i for `column`."""
        negated = self.kind(i) == "not"
        j = self.skip(i + 1, 2, ("filler",)) if negated else i
        operator = None
        if self.kind(j) == "comparator":
            operator = self.items[j].payload
            j = self.skip(j + 1, 3, ("filler", "than"))
            if self.kind(j) == "comparator" and self.items[j].payload == "=":  # "> =" and "below or equal"
                operator = {"<": "<=", ">": ">="}.get(operator, operator)
                j += 1
        ranged = self.kind(j) == "between"
        if ranged:
            j = self.skip(j + 1, 2, ("filler",))
        if self.kind(j) != "number":
            return None
        first: Number = self.items[j].payload
        if (
            not ranged
            and first.column not in (None, column)
            and not (first.column == "num_parameters" and column in ("flops", "size_bytes"))
        ):
            return None
        after = j + 1
        dash = self.kind(after) == "filler" and self.items[after].words in ("-", "–", "—", "..")  # noqa: RUF001
        if (
            ranged
            or self.kind(after) == "to"
            or dash
            or (operator is None and self.kind(after) == "comparator" and self.items[after].words == "up to")
        ):
            k = after
            while (
                k < len(self.items)
                and k - after < 3
                and (
                    self.items[k].kind in ("field", "filler")
                    or self.items[k].kind == "connector"
                    or self.items[k].kind in ("to", "comparator")
                )
            ):
                k += 1
            if self.kind(k) == "number" and k > after:
                second: Number = self.items[k].payload
                low, high = first.value, second.value
                if second.step and not first.step and first.value * 1e3 <= second.value:  # "5 to 10M"
                    low *= 1e9 if second.step >= 1e8 or second.value >= 1e9 else 1e6
                if low > high:
                    low, high = high, low
                inside = And(Compare(column, ">=", low), Compare(column, "<=", high))
                return k + 1, Not(inside) if negated else inside, False
            if ranged:
                return None
        if operator is None and self.kind(after) == "afterwards":
            operator, after = self.items[after].payload, after + 1
        elif (
            operator is None
            and self.kind(k := self.skip(after, 1, ("field",))) == "afterwards"
            and (k == after or self.items[after].payload == column)
        ):
            operator, after = self.items[k].payload, k + 1
        elif (
            operator is None
            and self.kind(after) == "comparator"
            and self.items[after].payload in (">=", "<=")
            and self.kind(after + 1) not in ("number", "between")
            and self.items[after].words.lower().startswith(("at ", "max", "min"))
        ):
            operator, after = self.items[after].payload, after + 1
        if operator in (None, "="):
            exact = operator == "=" and self.items[i].words.lower() in ("exactly", "precisely")
            numbers = [first]
            while (more := self._next_number(after, column)) and self.kind(i) != "comparator":
                numbers.append(self.items[more].payload)
                after = more + 1
            parts = [self._equal(column, n, exact) for n in numbers]
            condition: Filter = parts[0] if len(parts) == 1 else Or(*parts)
            return after, Not(condition) if negated else condition, not negated
        if operator == "!=":
            return after, Not(self._equal(column, first, False)), False
        if operator == "~":
            return after, And(Compare(column, ">=", first.value * 0.9), Compare(column, "<=", first.value * 1.1)), False
        condition = Compare(column, self._operator(operator, column), first.value)
        return after, Not(condition) if negated else condition, False

    def _next_number(self, i: int, column: str) -> int:
        """The index of a number that goes on a list at i ("64, 128 or 256"), or 0."""
        j = i
        while self.kind(j) in ("break", "connector", "filler") and j - i < 2 and (self.kind(j) != "filler" or j > i):
            j += 1
        if j == i or self.kind(j) != "number" or self.items[j].payload.column not in (None, column):
            return 0
        if (
            self.kind(j + 1) in ("field", "noun")
            and self.kind(j + 1) == "field"
            and self.items[j + 1].payload != column
        ):
            return 0
        return j

    def _equal(self, column: str, number: Number, exact: bool) -> Filter:
        if number.step and not exact and column in ("num_parameters", "size_bytes", "flops"):  # 35.7M: as it is rounded
            half = number.step / 2
            return And(
                Compare(column, ">=", round(number.value - half)), Compare(column, "<", round(number.value + half))
            )
        return Compare(column, "=", number.value)

    def _free_value(self, i: int) -> int:
        """FIELD VALUE for text: "optimizer Foo", "tag baseline", "dataset: ImageNet-21k", "the Foo dataset"."""
        if self.kind(i) == "filler" and self.items[i].words.lower() in ("tagged", "tag") and self.kind(i + 1) == "text":
            return self.emit(i, i + 2, "tags", self._value("tags", self.items[i + 1].words))
        if self.kind(i) == "field" and self.items[i].payload in FREE_COLUMNS:
            column = self.items[i].payload
            if any(
                x.words.lower() in ("which", "what", "each", "every", "different", "whose")
                for x in self.items[max(0, i - 2) : i]
            ):
                return 0
            j = self.skip(i + 1, 2, ("filler",))
            if self.kind(j) == "comparator" and self.items[j].payload == "=":
                j = self.skip(j + 1, 1, ("filler",))
            named = self.items[j].kind in ("text",) if j < len(self.items) else False
            close = j < len(self.items) and self.items[j].start - self.items[j - 1].end <= 2
            if named and close and (column in ("tags", "sweep", "host", "name") or self._unheard(j)):
                if column == "name":
                    return self.emit(i, j + 1, "text", Mentions((self.items[j].words,), "name"))
                return self.emit(i, j + 1, column, self._value(column, self.items[j].words), True)
        if self.kind(i) == "text" and self._unheard(i) and self.kind(i + 1) == "field":
            column = self.items[i + 1].payload
            if column in FREE_COLUMNS and column not in ("name", "tags"):
                return self.emit(i, i + 2, column, self._value(column, self.items[i].words), True)
        return 0

    def _value(self, column: str, words: str) -> Filter:
        from diffusionlab.registry.filter import Contains

        text = words.strip("\"'“”`«»")
        if column == "tags":
            return Contains("tags", next((t for t in self.known.tags if t.lower() == text.lower()), text))
        return value_filter(column, (self.known.resolve(column, text),), self.known)

    def _unheard(self, i: int) -> bool:
        """Whether no run mentions the words of the text item at i."""
        return not self.known.anyone_says(self.items[i].payload[:-1])

    def _lack(self, i: int) -> int:
        """Without a fid, no description, fid is unknown, with a fid."""
        if self.kind(i) == "not":
            j = self.skip(i + 1, 3, ("filler", "carrier", "known"))
            if self.kind(j) == "field" and self.kind(self.skip(j + 1, 2, ("filler",))) not in (
                "number",
                "comparator",
                "between",
            ):
                return self._emit_lack(i, j, True)
            return 0
        if self.kind(i) == "field":
            j = self.skip(i + 1, 2, ("filler",))
            absent = False
            if self.kind(j) == "not" and self.kind(self.skip(j + 1, 2, ("filler",))) == "known":
                return self._emit_lack(i, i, True, self.skip(j + 1, 2, ("filler",)) + 1)
            if self.kind(j) == "unknown" or (self.kind(j) == "not" and self.items[j].words.lower() == "missing"):
                absent = True
            elif self.kind(j) != "known":
                return 0
            return self._emit_lack(i, i, absent, j + 1)
        if self.kind(i) == "carrier" and self.items[i].words.lower() in (
            "with",
            "have",
            "has",
            "having",
            "that have",
            "which have",
            "had",
        ):
            j = self.skip(i + 1, 2, ("filler", "known"))
            after = j + 1
            words = [x.words.lower() for x in self.items[i + 1 : j]]
            if (
                self.kind(j) == "field"
                and self.items[j].payload not in ("dataset", "architecture", "num_parameters", "image_size")
                and all(w in ("a", "an", "any", "known", "recorded", "measured") for w in words)
                and (
                    after >= len(self.items)
                    or self.items[after].words in ("?", ".", "!")
                    or self.kind(after) in ("noun",)
                    or self.kind(self.skip(after, 2, ("filler",))) in ("connector", "")
                    or (self.kind(after) == "not" and self.kind(self.skip(after + 1, 2, ("filler",))) == "field")
                    or self.items[after].words.lower() in ("score", "value")
                )
            ):
                asked = (
                    any(x.words.lower() in ("which", "what") for x in self.items[:i] if x.kind == "filler")
                    and self.items[i].words.lower() in ("has", "have")
                    and not words
                )
                return (
                    0
                    if asked and self.items[j].payload not in ("fid", "kid", "description", "notes")
                    else self._emit_lack(i, j, False)
                )
        return 0

    def _emit_lack(self, first: int, field: int, absent: bool, after: int = 0) -> int:
        column = self.items[field].payload
        missing = missing_filter(column, self.known)
        if column in ("architecture", "arch_tags"):
            missing = IsNull("architecture")
        return self.emit(first, after or field + 1, f"known {column}", missing if absent else Not(missing))
