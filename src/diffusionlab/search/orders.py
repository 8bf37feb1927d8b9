"""Orders in a question: sorted by, best, lowest, three newest, second best, best of each."""

from __future__ import annotations

from dataclasses import replace

from diffusionlab.registry.columns import COLUMNS, kind_of
from diffusionlab.search.items import Item, Number
from diffusionlab.search.known import Known
from diffusionlab.search.query import Group, Order, lower_is_better
from diffusionlab.search.reading import is_numeric

_PLURALS = {
    "runs",
    "models",
    "experiments",
    "trainings",
    "trials",
    "networks",
    "results",
    "ones",
    "jobs",
    "checkpoints",
    "denoisers",
    "entries",
    "rows",
    "attempts",
    "diffusionmodels",
    "sessions",
    "architectures",
    "nets",
    "systems",
    "setups",
    "configurations",
    "configs",
    "generators",
}


class Orders:
    """The items of a question, which of them are used up, and what orders they give."""

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

    def _is_count(self, i: int) -> bool:
        number: Number = self.items[i].payload
        return (
            number.column is None
            and number.value == int(number.value)
            and 1 <= number.value <= 100_000
            and "." not in number.typed
        )

    # -- orders

    def _sorting(self) -> None:
        for i, item in enumerate(self.items):
            verb = item.kind == "text" and self._words(i) in ("order", "arrange")
            if verb and all(x.kind == "filler" for x in self.items[:i]) and any(x.kind == "by" for x in self.items):
                item = self.items[i] = replace(item, kind="sorted")
            if item.kind == "chronological":
                self.order = Order("created_at", item.payload)
                self.used.add(i)
            if (
                item.kind == "order"
                and self.order is None
                and not any(x.kind == "sorted" for x in self.items)
                and (item.words.lower().endswith("first") or " to " in item.words or self._words(i - 1) == "by")
            ):
                worst, best = item.words.lower().startswith("worst"), item.words.lower().startswith("best")
                column = self._primary()
                place = next(
                    (
                        k
                        for k in range(len(self.items))
                        if self._kind(k) == "field" and is_numeric(self.items[k].payload)
                    ),
                    None,
                )
                if place is not None:
                    column = self.items[place].payload
                    self.used.add(place)
                self.order = Order(column, lower_is_better(column) == worst if worst or best else item.payload)
            if item.kind != "sorted" or i in self.used:
                continue
            j = self._skip(i + 1, ("filler", "by", "noun", "order", "between"), 4)
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
                direction = column in ("created_at", "modified_at") or (
                    is_numeric(column)
                    and not lower_is_better(column)
                    and column not in ("lr", "seed", "epochs", "batch_size", "num_parameters", "image_size")
                )
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
        if (
            len(places) > 1
            and all(self.items[k].kind in ("number", "filler") for k in range(places[0] + 1, places[1]))
            and self.items[places[0]].payload[2] in ("top", "most")
        ):
            i = places[1]
        if (
            newest
            and places
            and newest[0] in (places[0] + 1, places[0] + 2)
            and self.items[places[0]].payload[1] == "created_at"
        ) or self._kind(i) == "moment":
            column, direction, word = "modified_at", "high", "latest"
        else:
            direction, default, word = self.items[i].payload
            chosen, default = self._order_column(i, direction, default)
            if chosen is None:
                self.used.add(i)
                return
            column = chosen
        self.used.add(i)
        descending = direction == "high"
        if direction in ("best", "worst"):
            if not is_numeric(column) or column in (
                "lr",
                "batch_size",
                "epochs",
                "num_parameters",
                "image_size",
                "seed",
            ):
                self.show.append(column)
                column = self._primary()
            descending = lower_is_better(column) == (direction == "worst")
        count, skip, ties = self._how_many(i, word)
        if ties and (top := self._top_later(i)) is not None:
            count, ties = top, False
        if ranked and (ties or self.order is not None):
            count, ties = (None, False) if ties else (count, False)
        if ranked and self.order is not None and direction in ("best", "worst"):  # "top 3 sorted by val loss"
            column, descending = self.order.column, self.order.descending
        self.order = Order(column, descending, count, skip, ties)
        others = [p for p in places if p > i and p not in self.used and p != i + 1]
        for p in others:
            self.used.add(p)
            again = self.items[p].payload == self.items[i].payload and self._kind(p + 1) == "condition"
            if again and self._kind(self._skip(p - 1, ("filler",), 3, -1)) == "connector" and self.intent == "list":
                self.intent = "compare"  # "the best conditional and the best unconditional model"
            if self.items[p].payload != self.items[i].payload and self.items[p].payload[2] not in (
                "most",
                "least",
                "top",
                "recent",
                "last",
                "first",
            ):
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
            if (
                kind == "noun"
                or (kind == "number" and j == i + 1 and self._is_count(j))
                or (kind == "moment" and j == i + 1)
            ):
                return True
            if kind not in ("number", "condition", "filler", "superlative"):
                return False
        if self._words(0) in ("what", "which") and all(x.kind == "filler" for x in self.items[i + 1 :]):
            return True  # "what did I train last?"
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
        if any(
            self.items[k].kind == "carrier" and self._words(k) not in ("in",)
            for k in range(i + 1, min(j, len(self.items)))
        ):
            j = i + 1 if self._kind(i + 1) == "field" else len(self.items)
        if (
            self._kind(j) == "field"
            and kind_of(self.items[j].payload) in ("int", "float", "text")
            and not self._of_noun(i, j)
        ):
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
        pictures = self._words(i + 1) in ("image", "images", "pictures") and self._kind(i + 2) != "noun"
        if default == "num_parameters" and pictures:
            return "image_size", default
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
            if (
                self._kind(k) == "field"
                and is_numeric(self.items[k].payload)
                and self.items[k].payload not in ("lr", "batch_size", "epochs", "seed")
            ) and self._words(k - 1) in ("in", "on", "for", "by", "at"):
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
        if word == "runnerup":
            return 1, 1, False
        if self._kind(before) == "ordinal":
            self.used.add(before)
            return 1, self.items[before].payload - 1, False
        if word in ("recent", "recently", "lately"):
            return None, 0, False
        return (None, 0, False) if self._plural(i) else (1, 0, True)

    def _top_later(self, i: int) -> int | None:
        """The number in "most parameters, top 3"."""
        for j in range(i + 1, len(self.items) - 1):
            ranked = self._kind(j) == "superlative" and self.items[j].payload[2] == "top"
            if ranked and self._kind(j + 1) == "number" and self._is_count(j + 1):
                self.used |= {j, j + 1}
                return int(self.items[j + 1].payload.value)
        return None

    def _plural(self, i: int) -> bool:
        for j in range(i + 1, len(self.items)):
            item, words = self.items[j], self._words(j)
            if item.kind == "noun":
                return item.payload in _PLURALS
            if (
                item.kind == "condition"
                and item.payload.category == "facet"
                and words.rstrip("?.").endswith("s")
                and words not in ("dits conditions",)
            ):
                following = self._kind(j + 1)
                if following != "noun":
                    return True
            if item.kind == "field" and words.split()[-1] in ("scores", "values", "losses", "fids"):
                return True
            if item.kind in ("carrier", "connector", "break", "by", "when") or words in (
                "of",
                "among",
                "for",
                "that",
                "which",
                "amongst",
                "from",
            ):
                break
        nouns = [k for k in range(i) if self.items[k].kind == "noun"]
        if not nouns:
            return False
        between = self.items[nouns[-1] + 1 : i]
        return self.items[nouns[-1]].payload in _PLURALS and all(
            x.kind in ("filler", "carrier", "field") for x in between
        )

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
