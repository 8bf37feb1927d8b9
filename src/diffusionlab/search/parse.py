"""A question to a `ParsedQuery`: pure, no I/O.

    scan.py     text -> items              reduce.py   items -> conditions on numbers and the like
    combine.py  conditions -> and / or     here        orders, counts, comparisons, dates, what is left
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from diffusionlab.registry.columns import COLUMNS, kind_of
from diffusionlab.registry.filter import And, Compare, Filter, In, Not, Or
from diffusionlab.search.combine import Operand, join, operands
from diffusionlab.search.dates import Range
from diffusionlab.search.known import Known
from diffusionlab.search.query import Group, Order, ParsedQuery, lower_is_better
from diffusionlab.search.reduce import Reducer, is_numeric
from diffusionlab.search.scan import Condition, Item, Number, Scanner
from diffusionlab.search.text import Mentions, stem
from diffusionlab.search.where import format_where

_PLURALS = {"runs", "models", "experiments", "trainings", "trials", "networks", "results", "ones", "jobs", "checkpoints",
            "denoisers", "entries", "rows", "attempts", "diffusionmodels", "sessions", "architectures", "nets", "systems",
            "setups", "configurations", "configs", "generators"}  # fmt: skip
_ENDED = ("finished", "ended", "completed", "concluded")
_EVENT_DATE = ("in ", "on ", "during", "before", "after", "since", "yesterday", "today", "last ", "this ", "between", "by ", "until", "within")


def parse(question: str, known: Known, now: datetime) -> ParsedQuery:
    """Read a question. ValueError (one line) where it is empty or too long."""
    if not question.strip():
        raise ValueError('the question is empty; ask something like "unets on MNIST with fid below 10"')
    scanner = Scanner(question, known, now)
    if not any(token.kind not in ("punct", "op") for token in scanner.tokens):
        raise ValueError('there is no word in the question; ask something like "unets on MNIST with fid below 10"')
    reducer = Reducer(scanner.scan(), known)
    reader = _Reader(reducer.reduce(), known, question.strip())
    reader.notes = scanner.notes + reducer.notes
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


class _Reader:
    def __init__(self, items: list[Item], known: Known, question: str) -> None:
        self.items, self.known, self.question = items, known, question
        self.used: set[int] = set()
        self.order: Order | None = None
        self.limit: int | None = None
        self.like: str | None = None
        self.intent = "list"
        self.average: str | None = None
        self.show: list[str] = []
        self.groups: list[Group] = []
        self.notes: list[str] = []

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
        words = tuple(o.condition.filter for o in found if isinstance(o.condition.filter, Mentions) and not o.negated)
        return ParsedQuery(
            self.question, tuple(_flatten(conditions)), self.order, self.limit, self.intent, tuple(self.groups), self.like,
            tuple(dict.fromkeys(self.show)), self.average, words, tuple(self.notes), True, tuple(self._unknown(found)),
        )  # fmt: skip

    # -- looking around

    def _kind(self, i: int) -> str:
        return self.items[i].kind if 0 <= i < len(self.items) and i not in self.used else ""

    def _skip(self, i: int, kinds: tuple[str, ...], most: int = 4, step: int = 1) -> int:
        end = i
        while 0 <= end < len(self.items) and abs(end - i) < most and self.items[end].kind in kinds:
            end += step
        return end

    def _words(self, i: int) -> str:
        return self.items[i].words.lower() if 0 <= i < len(self.items) else ""

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

    def _is_count(self, i: int) -> bool:
        number: Number = self.items[i].payload
        return number.column is None and number.value == int(number.value) and 1 <= number.value <= 100_000 and "." not in number.typed

    # -- orders

    def _sorting(self) -> None:
        for i, item in enumerate(self.items):
            if item.kind == "chronological":
                self.order = Order("created_at", item.payload)
                self.used.add(i)
            if item.kind == "order" and self.order is None and not any(x.kind == "sorted" for x in self.items) and item.words.lower().endswith("first"):
                worst, best = item.words.lower().startswith("worst"), item.words.lower().startswith("best")
                column = self._primary()
                place = next((k for k in range(len(self.items)) if self._kind(k) == "field" and is_numeric(self.items[k].payload)), None)
                if place is not None:
                    column = self.items[place].payload
                    self.used.add(place)
                self.order = Order(column, lower_is_better(column) == worst if worst or best else item.payload)
            if item.kind != "sorted" or i in self.used:
                continue
            j = self._skip(i + 1, ("filler", "by", "noun", "order"), 4)
            field = j if self._kind(j) in ("field", "moment") else self._after_by(i)
            if self._kind(j) == "superlative":
                continue
            if field is None:
                continue
            column = self.items[field].payload
            if kind_of(column) in ("list", "json"):
                continue
            direction = next((x.payload for x in self.items if x.kind == "order"), None)
            if direction is None:
                direction = column in ("created_at", "modified_at") or (is_numeric(column) and not lower_is_better(column) and column not in ("lr", "seed", "epochs", "batch_size", "num_parameters", "image_size"))  # noqa: E501
            elif any(x.kind == "order" and x.words.lower().startswith(("best", "worst")) for x in self.items):
                worst = any(x.kind == "order" and x.words.lower().startswith("worst") for x in self.items)
                direction = lower_is_better(column) == worst
            self.order = Order(column, bool(direction))
            self.used |= {i, field}

    def _after_by(self, i: int) -> int | None:
        """The field that a "by" after place i names."""
        for j in range(i, len(self.items)):
            if self._kind(j) == "by" or (j > i and self._kind(j) == "carrier" and self._words(j) == "by"):
                k = self._skip(j + 1, ("filler", "superlative", "order"), 3)
                if self._kind(k) in ("field", "moment") and kind_of(self.items[k].payload) not in ("list", "json"):
                    self.used |= set(range(j, k))
                    return k
        return None

    def _superlative(self) -> None:
        places = [i for i in range(len(self.items)) if self._kind(i) == "superlative" and self._stands(i)]
        newest = [i for i in range(len(self.items)) if self._kind(i) == "moment" and self._is_latest(i)]
        ranked = any(x.kind == "sorted" for x in self.items)
        if not places and not newest:
            self._ordinal_run()
            return
        i = (places or newest)[0]
        if len(places) > 1 and places[0] + 1 == places[1] and self.items[places[0]].payload[2] in ("top", "most"):
            i = places[1]
        if (newest and places and newest[0] in (places[0] + 1, places[0] + 2) and self.items[places[0]].payload[1] == "created_at") or self._kind(i) == "moment":
            column, direction, word = "modified_at", "high", "latest"
        else:
            direction, default, word = self.items[i].payload
            column, default = self._order_column(i, direction, default)
            if column is None:
                self.used.add(i)
                return
        self.used.add(i)
        descending = direction == "high"
        if direction in ("best", "worst"):
            if not is_numeric(column) or column in ("lr", "batch_size", "epochs", "num_parameters", "image_size", "seed"):
                self.show.append(column)
                column = self._primary()
            descending = lower_is_better(column) == (direction == "worst")
        count, skip, ties = self._how_many(i, word)
        if ranked:
            count, ties = None, False
        self.order = Order(column, descending, count, skip, ties)
        others = [p for p in places if p > i and p not in self.used and not (p == i + 1)]
        for p in others:
            self.used.add(p)
            if self.items[p].payload[2] not in ("most", "least", "top", "recent", "last", "first"):
                self.notes.append(f'"{self.items[p].words}" is left out: one order at a time')

    def _stands(self, i: int) -> bool:
        """Whether a superlative word is one here: "last" only before a run or a number of runs."""
        word = self.items[i].payload[2]
        if word in ("recently", "lately"):
            return not any(x.kind == "when" for x in self.items)
        if word not in ("last", "first", "final"):
            return True
        for j in range(i + 1, min(i + 6, len(self.items))):
            kind = self.items[j].kind
            if kind == "noun" or (kind == "number" and j == i + 1 and self._is_count(j)) or (kind == "moment" and j == i + 1):
                return True
            if kind not in ("number", "condition", "filler", "superlative"):
                return False
        return any(x.kind == "condition" for x in self.items[i + 1 : i + 2])

    def _is_latest(self, i: int) -> bool:
        words = self._words(i)
        if self.items[i].payload != "modified_at":
            return False
        j = self._skip(i + 1, ("filler", "carrier"), 2)
        dated = self._kind(j) == "when"
        before = self._kind(i - 1) == "superlative" and self.items[i - 1].payload[1] == "created_at"
        return (words.startswith(("last ", "most recently", "recently")) or before) and not dated

    def _order_column(self, i: int, direction: str, default: str | None) -> tuple[str | None, str | None]:
        j = self._skip(i + 1, ("filler", "number", "carrier", "known"), 4)
        if any(self.items[k].kind == "carrier" and self._words(k) not in ("in",) for k in range(i + 1, min(j, len(self.items)))):
            j = i + 1 if self._kind(i + 1) == "field" else len(self.items)
        if self._kind(j) == "field" and kind_of(self.items[j].payload) in ("int", "float", "text") and not self._of_noun(i, j):
            self.used.add(j)
            column = self.items[j].payload
            if column == "epochs" or kind_of(column) in ("int", "float"):
                return column, default
            if direction in ("best", "worst"):
                return column, default
            return (default and self._speed(default)) or self._primary(), default
        k = self._skip(i + 1, ("filler",), 2)
        if self._kind(k) == "condition" and not default and self._numeric(self.items[k].payload.category):
            return self.items[k].payload.category, default  # "highest learning rate below 2e-3"
        place = self._after_by(i)
        if place is not None:
            self.used.add(place)
            return self.items[place].payload, default
        if default:
            return self._speed(default), default
        k = self._skip(i - 1, ("filler", "carrier"), 4, -1)
        if self._kind(k) == "field" and is_numeric(self.items[k].payload):
            self.used.add(k)
            return self.items[k].payload, default
        if direction in ("low", "high"):
            near = [k for k in range(len(self.items)) if self._kind(k) == "field" and is_numeric(self.items[k].payload)]
            if near and self.items[i].payload[2] not in ("most", "least", "fewest"):
                self.used.add(near[0])
                return self.items[near[0]].payload, default
            return (self._primary(), default) if self.items[i].payload[2] in ("lowest", "highest") else (None, None)
        for k in range(i + 1, len(self.items)):  # "the best model on MNIST in fid"
            if self._kind(k) == "field" and is_numeric(self.items[k].payload) and self.items[k].payload not in ("lr", "batch_size", "epochs", "seed"):
                if self._words(k - 1) in ("in", "on", "for", "by", "at"):
                    self.used.add(k)
                    return self.items[k].payload, default
        return self._primary(), default

    @staticmethod
    def _numeric(category: str) -> bool:
        return category in COLUMNS and is_numeric(category)

    def _of_noun(self, i: int, j: int) -> bool:
        """In "largest run by time" the field is the superlative's own; after a noun it is not."""
        return any(self.items[k].kind == "noun" for k in range(i + 1, j))

    def _speed(self, column: str) -> str:
        if column != "speed":
            return column
        return "images_per_second" if self.known.has("images_per_second") else "seconds"

    def _primary(self) -> str:
        """The measure that "best" means where none is named."""
        return next((c for c in ("fid", "val_loss", "train_loss") if self.known.has(c)), "fid")

    def _how_many(self, i: int, word: str) -> tuple[int | None, int, bool]:
        """(count, skip, ties) of the superlative at i: a number, else one for a singular noun, else all."""
        before = self._skip(i - 1, ("filler",), 3, -1)
        for place in (before, i + 1, self._skip(i + 1, ("filler", "field"), 3)):
            if self._kind(place) == "number" and self._is_count(place):
                self.used.add(place)
                return int(self.items[place].payload.value), 0, False
        if self._kind(before) == "ordinal":
            self.used.add(before)
            return 1, self.items[before].payload - 1, False
        if word in ("recent", "recently", "lately"):
            return None, 0, False
        return (None, 0, False) if self._plural(i) else (1, 0, True)

    def _plural(self, i: int) -> bool:
        for j in range(i + 1, len(self.items)):
            item, words = self.items[j], self._words(j)
            if item.kind == "noun":
                return item.payload in _PLURALS
            if item.kind == "condition" and item.payload.category == "facet" and words.rstrip("?.").endswith("s") and words not in ("dits conditions",):
                following = self._kind(j + 1)
                if following != "noun":
                    return True
            if item.kind == "field" and words.split()[-1] in ("scores", "values", "losses", "fids"):
                return True
            if item.kind in ("carrier", "connector", "break", "by", "when") or words in ("of", "among", "for", "that", "which", "amongst", "from"):
                break
        nouns = [k for k in range(i) if self.items[k].kind == "noun"]
        if not nouns:
            return False
        between = self.items[nouns[-1] + 1 : i]
        return self.items[nouns[-1]].payload in _PLURALS and all(x.kind in ("filler", "carrier", "field") for x in between)

    def _ordinal_run(self) -> None:
        for i, item in enumerate(self.items):
            if item.kind == "ordinal" and self._kind(i + 1) == "noun" and self.order is None:
                self.order = Order("created_at", False, 1, item.payload - 1)
                self.used.add(i)

    def _per(self) -> None:
        for i in range(len(self.items)):
            if self._kind(i) != "per":
                continue
            j = self._skip(i + 1, ("filler",), 2)
            if self._kind(j) == "field" and self.order is not None and not is_numeric(self.items[j].payload):
                column = "architecture" if self.items[j].payload == "architecture" else self.items[j].payload
                count = self.order.count if self.order.count is not None else 1
                self.order = replace(self.order, count=count, per=column)
                self.used |= {i, j}

    def _limit(self) -> None:
        for i in range(len(self.items)):
            if self._kind(i) != "number" or not self._is_count(i):
                continue
            j = self._skip(i + 1, ("condition", "filler", "superlative"), 4)
            before = self._kind(i - 1)
            if self._kind(j) == "noun" and before not in ("field", "comparator") and self.intent != "compare":
                if self.limit is None and (self.order is None or self.order.count is None or self.order.ties):
                    if self.order is not None:
                        self.order = Order(self.order.column, self.order.descending, int(self.items[i].payload.value), self.order.skip)
                    else:
                        self.limit = int(self.items[i].payload.value)
                self.used.add(i)
            elif self.intent == "compare" and self._kind(j) == "noun":
                self.used.add(i)

    def _leftover_fields(self) -> None:
        for i, item in enumerate(self.items):
            if item.kind == "field" and i not in self.used and kind_of(item.payload) not in ("json",):
                self.show.append("arch_tags" if item.payload == "architecture" else item.payload)

    # -- conditions

    def _moments(self) -> None:
        """Dates become conditions on created_at, or on modified_at where the words say so."""
        column, made = None, None
        for i, item in enumerate(self.items):
            if i in self.used:
                continue
            if item.kind == "moment":
                if made is not None and column is None and i - made <= 2 and item.payload == "modified_at" and not self._date_follows(i):
                    old: Condition = self.items[made].payload
                    self.items[made] = self._dated(self.items[made], "modified_at", _ranges_of(old))
                else:
                    column = item.payload
            elif item.kind == "when":
                target = column
                previous = self._words(self._skip(i - 1, ("filler",), 1, -1)) if self._kind(i - 1) != "condition" else self._words(i - 1)
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
                item = Item("condition", Condition("text", Mentions(phrases), False, item.words), item.words, item.start, item.end)
            elif item.kind == "number":
                if not any(c.isdigit() for c in item.words) or self.intent in ("compare", "count"):
                    continue
                self.notes.append(f'"{item.words}" has no field; write it as in "batch size {item.words}" or "{item.words} epochs"')
                item = Item("condition", Condition("text", Mentions((item.words,)), False, item.words), item.words, item.start, item.end)
            elif item.kind == "to" and self.intent == "compare":
                item = Item("connector", "vs", item.words, item.start, item.end)
            found.append(item)
        return found

    def _run_ids(self, i: int) -> tuple[str, ...]:
        """The ids of a run item; "run-010 to run-015" means all between, by order of the ids."""
        ids: tuple[str, ...] = self.items[i].payload
        j = self._skip(i + 1, ("filler",), 1)
        if self._kind(j) == "to" and self._kind(k := self._skip(j + 1, ("filler", "noun"), 2)) == "run" and self.intent == "list":
            last = self.items[k].payload[0]
            between = tuple(r for r in sorted(self.known.ids) if ids[0] <= r <= last)
            return between or ids
        return ids

    def _compare(self, found: list[Operand]) -> list[Filter]:
        """The groups of a comparison; together they are one condition, the rest holds for all."""
        whole = self._two_sides(found)
        if whole:
            self.groups = [Group(self._label(And(*join(side))), And(*join(side))) for side in whole]
            return [Or(*(group.condition for group in self.groups))]
        sides = _sides(found)
        if sides:
            self.groups = [Group(self._label(o.filter), o.filter) for o in sides]
            rest = [o for o in found if o not in sides]
            return [Or(*(o.filter for o in sides)), *join(rest)]
        joined = join(found)
        for condition in joined:
            if isinstance(condition, Or) and len(condition.parts) > 1:
                self.groups = [Group(self._label(part), part) for part in condition.parts]
                break
        return joined

    def _two_sides(self, found: list[Operand]) -> list[list[Operand]]:
        for place in range(1, len(found)):
            left, right = found[:place], found[place:]
            if found[place].joined in ("vs", "and", ",") and len(left) > 1:
                if [o.category for o in left] == [o.category for o in right] and any(a.filter == b.filter for a in left for b in right):
                    return [left, right]
        return []

    def _label(self, condition: Filter) -> str:
        return format_where(condition, self.known).removeprefix("dataset = ").removeprefix("run_id = ").removeprefix("optimizer = ").strip('"')

    def _unknown(self, found: list[Operand]) -> list[tuple[str, str | None]]:
        """Values that no run has: (value, column), column None for a word of a text."""
        unknown: list[tuple[str, str | None]] = []
        for operand in found:
            leaf = operand.condition.filter
            if isinstance(leaf, Mentions) and leaf.where == "text":
                if not any(leaf.matches({"search_text": text}) for text in self.known.texts):
                    unknown.append((leaf.phrases[0], None))
            elif isinstance(leaf, Compare) and leaf.op == "=" and isinstance(leaf.value, str):
                occurring = self.known.ids if leaf.column == "run_id" else self.known.values.get(leaf.column)
                if occurring is not None and leaf.value not in occurring:
                    unknown.append((leaf.value, leaf.column))
            elif isinstance(leaf, In) and leaf.column in self.known.values and leaf.values and not set(leaf.values) & set(self.known.values[leaf.column]):
                unknown.append((str(leaf.values[0]), leaf.column))
        return unknown


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
        if isinstance(condition, And) and len({next(iter(p.leaves())).column for p in condition.parts if list(p.leaves())}) > 1:
            flat += _flatten(list(condition.parts))
        elif condition not in flat:
            flat.append(condition)
    return flat


def stem_words(text: str) -> list[str]:
    from diffusionlab.search.text import words_of

    return [stem(word) for word in words_of(text)]


