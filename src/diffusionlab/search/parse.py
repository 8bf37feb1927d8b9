"""A question to a `ParsedQuery`: pure, no I/O.

scan.py     text -> items              reduce.py   items -> conditions on numbers and the like
combine.py  conditions -> and / or     here        orders, counts, comparisons, dates, what is left
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from diffusionlab.registry.columns import kind_of
from diffusionlab.registry.days import Recurring
from diffusionlab.registry.filter import And, Compare, Filter, In, Not, Or
from diffusionlab.search.combine import Operand, join, operands
from diffusionlab.search.dates import Range
from diffusionlab.search.items import Condition, Item
from diffusionlab.search.known import Known
from diffusionlab.search.neighbours import settle
from diffusionlab.search.orders import Orders
from diffusionlab.search.query import Group, Order, ParsedQuery
from diffusionlab.search.reading import is_numeric
from diffusionlab.search.reduce import reduce
from diffusionlab.search.scan import scan
from diffusionlab.search.text import Mentions, stem
from diffusionlab.search.where_text import format_where

_ASKS = ("comparator", "digits", "same", "unknown", "afterwards")
_SIZES = ("small", "tiny", "big", "large", "huge", "little")
_ENDED = ("finished", "ended", "completed", "concluded")
_EVENT_DATE = (
    "in ",
    "on ",
    "during",
    "before",
    "after",
    "since",
    "yesterday",
    "today",
    "last ",
    "this ",
    "between",
    "by ",
    "until",
    "within",
)


def parse(question: str, known: Known, now: datetime) -> ParsedQuery:
    """Read a question. ValueError (one line) where it is empty or too long."""
    if not question.strip():
        raise ValueError('the question is empty; ask something like "unets on MNIST with fid below 10"')
    scanned, misspelt = scan(question, known, now)
    items, notes = reduce(settle(scanned, known), known)
    reader = _Reader(items, known, question.strip())
    reader.notes = [*misspelt, *notes]
    return reader.read()


def text_query(question: str, known: Known) -> ParsedQuery:
    """The question as words alone, as --no-parse wants it: every word must be mentioned."""
    from diffusionlab.search.text import words_of
    from diffusionlab.search.tokens import clean, tokenize

    words = []
    for token in tokenize(clean(question)):
        if token.kind != "punct" and words_of(token.text):
            words.append(Mentions((token.text,)))
    return ParsedQuery(question, tuple(words), words=tuple(words))


class _Reader(Orders):
    """Reads the items that are left: what is wanted, in which order, under which conditions."""

    def read(self) -> ParsedQuery:
        self._intent()
        self._likeness()
        self._sorting()
        self._superlative()
        self._per()
        self._limit()
        self._leftover_fields()
        self._moments()
        found = operands(self._conditions())
        conditions = self._compare(found) if self.intent == "compare" else join(found)
        if any(item.kind == "not both" for item in self.items):
            either = [c for c in conditions if isinstance(c, Or) and len(c.parts) == 2]
            conditions = [*conditions, *(Not(And(*c.parts)) for c in either[-1:])]
        self._say_what_is_left(found)
        words = tuple(o.condition.filter for o in found if isinstance(o.condition.filter, Mentions) and not o.negated)
        return ParsedQuery(
            self.question,
            tuple(_flatten(conditions)),
            self.order,
            self.limit,
            self.intent,
            tuple(self.groups),
            self.like,
            tuple(dict.fromkeys(self.show)),
            self.average,
            words,
            tuple(self.notes),
            True,
            tuple(self._unknown(found)),
        )

    # -- what is wanted

    def _intent(self) -> None:
        for i, item in enumerate(self.items):
            if item.kind == "count":
                j = self._skip(i + 1, ("filler",), 2)
                if not (self._kind(j) == "field" and is_numeric(self.items[j].payload)):
                    self.intent = "count"
            elif item.kind == "compare" or (item.kind == "connector" and item.payload == "vs"):
                self.intent = "compare"
            elif item.kind == "average":
                j = self._skip(i + 1, ("filler", "carrier"), 3)
                if self._kind(j) == "field" and is_numeric(self.items[j].payload):
                    self.intent, self.average = "average", item.payload
                    self.show.append(self.items[j].payload)
                    self.used |= {i, j}

    def _likeness(self) -> None:
        for i, item in enumerate(self.items):
            if item.kind == "like":
                j = self._skip(i + 1, ("filler", "noun", "carrier", "to", "than"))
                if self._kind(j) == "run":
                    self.like, self.intent = self.items[j].payload[0], "like"
                    self.used |= {i, j}
                    for k in range(max(0, i - 3), i):  # "the 5 runs most like run-020", "top 5 like"
                        if self._kind(k) == "superlative":
                            self.used.add(k)
                    number = next((k for k in range(i) if self._kind(k) == "number" and self._is_count(k)), None)
                    if number is not None:
                        self.limit = int(self.items[number].payload.value)
                        self.used.add(number)
                    return

    def _limit(self) -> None:
        for i in range(len(self.items)):
            if self._kind(i) != "number" or not self._is_count(i):
                continue
            j = self._skip(i + 1, ("condition", "filler", "superlative"), 4)
            before = self._kind(i - 1)
            counted = self._kind(j) == "noun" or self._several(i + 1)
            if counted and before not in ("field", "comparator") and self.intent != "compare":
                if self.limit is None and (self.order is None or self.order.count is None or self.order.ties):
                    if self.order is not None:
                        self.order = Order(
                            self.order.column, self.order.descending, int(self.items[i].payload.value), self.order.skip
                        )
                    else:
                        self.limit = int(self.items[i].payload.value)
                self.used.add(i)
            elif self.intent == "compare" and self._kind(j) == "noun":
                self.used.add(i)

    def _several(self, i: int) -> bool:
        """Whether a plural facet stands at i for the runs themselves: "3 DiTs"."""
        return self._kind(i) == "condition" and self.items[i].payload.category == "facet" and self._words(i)[-1:] == "s"

    def _leftover_fields(self) -> None:
        for i, item in enumerate(self.items):
            if item.kind == "field" and i not in self.used and kind_of(item.payload) not in ("json",):
                self.show.append("arch_tags" if item.payload == "architecture" else item.payload)

    def _say_what_is_left(self, found: list[Operand]) -> None:
        """A note on each word that asks for something and changes nothing."""
        for operand in found:
            said = operand.condition.filter
            if operand.negated and isinstance(said, Mentions) and not self.known.anyone_says(said.phrases):
                self.notes.append(f'no run mentions "{said.phrases[0]}", so leaving out those that do changes nothing')
        for i, item in enumerate(self.items):
            if i in self.used or item.kind not in _ASKS:
                continue
            if item.kind != "comparator" or item.payload in ("<", ">", "<=", ">=", "!="):
                self.notes.append(f'"{item.words}" is left out: nothing beside it says what it compares')
        if vague := next((item.words for item in self.items if item.kind == "filler" and self._is_vague(item)), None):
            how = 'as in "under 5M parameters" or "the 3 smallest"'
            self.notes.append(f'"{vague}" is left out: say how {vague}, {how}; in quotes it is looked for as a word')

    def _is_vague(self, item: Item) -> bool:
        sized = self.order is not None or any(
            condition.payload.category in ("num_parameters", "image_size", "batch_size", "size_bytes")
            for condition in self.items
            if condition.kind == "condition"
        )
        return item.words.lower() in _SIZES and not sized

    # -- conditions

    def _moments(self) -> None:
        """Dates become conditions on created_at, or on modified_at where the words say so."""
        column, made = None, None
        for i, item in enumerate(self.items):
            if i in self.used:
                continue
            if item.kind == "moment":
                if (
                    made is not None
                    and column is None
                    and i - made <= 2
                    and item.payload == "modified_at"
                    and not self._date_follows(i)
                ):
                    old: Condition = self.items[made].payload
                    self.items[made] = self._dated(self.items[made], "modified_at", _ranges_of(old))
                else:
                    column = item.payload
            elif item.kind == "recurring":
                again: Recurring = replace(item.payload, moment=column or "created_at")
                made_of = Condition(again.column, again, True, item.words)
                self.items[i] = Item("condition", made_of, item.words, item.start, item.end)
            elif item.kind == "when":
                target = column
                previous = (
                    self._words(self._skip(i - 1, ("filler",), 1, -1))
                    if self._kind(i - 1) != "condition"
                    else self._words(i - 1)
                )
                if target is None and previous.split(" ")[-1] in _ENDED and item.words.lower().startswith(_EVENT_DATE):
                    target = "modified_at"
                    self.notes.append(f'"{previous} {item.words}" is read as the date of the last change')
                self.items[i] = self._dated(item, target or "created_at", item.payload)
                column, made = None, i

    def _date_follows(self, i: int) -> bool:
        return any(x.kind == "when" for x in self.items[i + 1 :])

    def _dated(self, item: Item, column: str, ranges: tuple[Range, ...]) -> Item:
        parts = [_range_filter(column, r) for r in ranges]
        closed = all(start and stop for start, stop in ranges)
        condition = Condition(column, parts[0] if len(parts) == 1 else Or(*parts), closed, item.words)
        return Item("condition", condition, item.words, item.start, item.end)

    def _conditions(self) -> list[Item]:
        found = []
        for i, item in enumerate(self.items):
            if i in self.used:
                continue
            if item.kind == "run":
                ids = self._run_ids(i)
                one = Compare("run_id", "=", ids[0]) if len(ids) == 1 else In("run_id", ids)
                item = Item("condition", Condition("run_id", one, True, item.words), item.words, item.start, item.end)
            elif item.kind == "text":
                phrases = tuple(dict.fromkeys(item.payload[:-1]))
                if not any(stem_words(p) for p in phrases):
                    continue
                item = Item(
                    "condition",
                    Condition("text", Mentions(phrases), False, item.words),
                    item.words,
                    item.start,
                    item.end,
                )
            elif item.kind == "number":
                if not any(c.isdigit() for c in item.words) or self.intent in ("compare", "count"):
                    continue
                self.notes.append(
                    f'"{item.words}" has no field; write it as in "batch size {item.words}" or "{item.words} epochs"'
                )
                item = Item(
                    "condition",
                    Condition("text", Mentions((item.words,)), False, item.words),
                    item.words,
                    item.start,
                    item.end,
                )
            elif item.kind == "to" and self.intent == "compare":
                item = Item("connector", "vs", item.words, item.start, item.end)
            found.append(item)
        return found

    def _run_ids(self, i: int) -> tuple[str, ...]:
        """The ids of a run item; "run-010 to run-015" means all between, by order of the ids."""
        ids: tuple[str, ...] = self.items[i].payload
        j = self._skip(i + 1, ("filler",), 1)
        if (
            self._kind(j) == "to"
            and self._kind(k := self._skip(j + 1, ("filler", "noun"), 2)) == "run"
            and self.intent == "list"
        ):
            last = self.items[k].payload[0]
            between = tuple(r for r in sorted(self.known.ids) if ids[0] <= r <= last)
            return between or ids
        return ids

    def _compare(self, found: list[Operand]) -> list[Filter]:
        """The groups of a comparison; together they are one condition, the rest holds for all."""
        sides = _two_sides(found) or [[o] for o in _sides(found)]
        if sides:
            self.groups = [Group(self._label(And(*join(side))), And(*join(side))) for side in sides]
            rest = [o for o in found if not any(o is one for side in sides for one in side)]
            return [Or(*(group.condition for group in self.groups)), *join(rest)]
        joined = join(found)
        for condition in joined:
            if isinstance(condition, Or) and len(condition.parts) > 1:
                self.groups = [Group(self._label(part), part) for part in condition.parts]
                break
        return joined

    def _label(self, condition: Filter) -> str:
        if isinstance(condition, Compare) and condition.op == "=":
            return str(condition.value)
        return (
            format_where(condition, self.known)
            .removeprefix("dataset = ")
            .removeprefix("run_id = ")
            .removeprefix("optimizer = ")
            .strip('"')
        )

    def _unknown(self, found: list[Operand]) -> list[tuple[str, str | None]]:
        """Values that no run has: (value, column), column None for a word of a text."""
        unknown: list[tuple[str, str | None]] = []
        for operand in found:
            leaf = operand.condition.filter
            if isinstance(leaf, Mentions) and leaf.where == "text":
                if not self.known.anyone_says(leaf.phrases):
                    unknown.append((leaf.phrases[0], None))
            elif isinstance(leaf, Compare) and leaf.op == "=" and isinstance(leaf.value, str):
                occurring = self.known.ids if leaf.column == "run_id" else self.known.values.get(leaf.column)
                if occurring is not None and leaf.value not in occurring:
                    unknown.append((leaf.value, leaf.column))
            elif (
                isinstance(leaf, In)
                and leaf.column in self.known.values
                and leaf.values
                and not set(leaf.values) & set(self.known.values[leaf.column])
            ):
                unknown.append((str(leaf.values[0]), leaf.column))
        return unknown


def _two_sides(found: list[Operand]) -> list[list[Operand]]:
    """Both sides of "latent unets with pixel unets": neighbours, conditions on the same fields, some in common."""
    linked = [o.joined in ("vs", "and", ",") for o in found]
    for size in range(len(found) // 2, 1, -1):
        for place in range(size, len(found) - size + 1):
            left, right = found[place - size : place], found[place : place + size]
            divides = linked[place] or (found[place].carried and not any(linked))
            alike = [o.category for o in left] == [o.category for o in right] and left != right
            if divides and alike and any(a.filter == b.filter for a in left for b in right):
                return [left, right]
    return []


def _sides(found: list[Operand]) -> list[Operand]:
    """The longest run of neighbours of one category that a comparing word joins."""
    best: list[Operand] = []
    separated = any(o.joined for o in found)
    for start in range(len(found)):
        run = [found[start]]
        for operand in found[start + 1 :]:
            joined = operand.joined in ("and", "vs", "or", ",", "nor") or (operand.carried and not separated)
            if operand.category == run[0].category and (joined or operand.condition.single):
                run.append(operand)
            else:
                break
        if len(run) > max(1, len(best)) and run[0].category != "text":
            best = run
    return best


def _range_filter(column: str, span: Range) -> Filter:
    start, stop = span
    parts = [Compare(column, op, value) for op, value in ((">=", start), ("<", stop)) if value is not None]
    return parts[0] if len(parts) == 1 else And(*parts)


def _ranges_of(condition: Condition) -> tuple[Range, ...]:
    parts = condition.filter.parts if isinstance(condition.filter, Or) else (condition.filter,)
    found: list[Range] = []
    for part in parts:
        leaves = {leaf.op: leaf.value for leaf in part.leaves() if isinstance(leaf, Compare)}
        found.append((leaves.get(">="), leaves.get("<")))  # type: ignore[arg-type]
    return tuple(found)


def _flatten(conditions: list[Filter]) -> list[Filter]:
    """Nested conjunctions as one list, doubles once; the two ends of a range stay together."""
    flat: list[Filter] = []
    for condition in conditions:
        if (
            isinstance(condition, And)
            and len({next(iter(p.leaves())).column for p in condition.parts if list(p.leaves())}) > 1
        ):
            flat += _flatten(list(condition.parts))
        elif condition not in flat:
            flat.append(condition)
    return flat


def stem_words(text: str) -> list[str]:
    from diffusionlab.search.text import words_of

    return [stem(word) for word in words_of(text)]
