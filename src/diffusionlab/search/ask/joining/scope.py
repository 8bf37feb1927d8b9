"""How far a negation reaches, and what joins each condition to the one before it.

Three strengths of negation:
    not       the next condition, and values of one field that "or" or a comma joins to it: "not MNIST or CIFAR-10"
    without   also what "and" joins: "without attention and conditioning"
    except    whatever is listed, of any kind: "excluding EDM, consistency and MNIST"
A word such as "with" or "on" ends the reach, and so does a new kind of network that has conditions of its own
("U-Nets without attention or transformers with guidance").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from diffusionlab.registry.filters.filter import And, Filter, Not
from diffusionlab.search.read.items import Condition, Item

NETWORKS = {"unet", "dit", "mlp", "resnet", "transformer", "cnn", "autoencoder", "vae", "rnn", "lstm", "gan"}
KINDS = {"latent", "diffusion", "classifier", "dqn", "seq2seq", "cyclegan"}
"""Further facets that tell what a run is: "LDMs", "classifiers"."""
_EVERYTHING = ("any", "every", "all", "each", "everything", "anything", "whatever", "no")
_OBJECTS = ("checkpoint", "checkpoints", "result", "results")  # nouns that a run may have, rather than be
_LISTED = (
    "facet",
    "text",
    "dataset",
    "optimizer",
    "lr_schedule",
    "schedule",
    "parameterization",
    "sampler",
    "hardware_kind",
    "status",
)
_NAMES = ("text", "optimizer", "lr_schedule", "schedule", "parameterization", "sampler")
_BREAKS = {"|": "or", "&": "and"}


@dataclass
class Operand:
    condition: Condition
    negated: bool
    joined: str  # the connecting word before it: "", "and", "or", "but", "vs", "nor", ","
    carried: bool  # a word such as "with" or "on" stands between it and the one before
    words: str
    start: int = 0  # place in the question
    apart: bool = False  # a noun phrase begins that has nothing to do with what was said before

    @property
    def filter(self) -> Filter:
        return Not(self.condition.filter) if self.negated else self.condition.filter

    @property
    def category(self) -> str:
        return self.condition.category


@dataclass
class _Scope:
    """What is pending for the next condition while the items are read from left to right."""

    found: list[Operand] = field(default_factory=list)
    unbound: list[Item] = field(default_factory=list)  # negations that no condition followed
    negation: Item | None = None
    strength: str = ""  # of the pending negation
    reach: str = ""  # of the negation under which the last condition stands
    joined: str = ""
    carried: bool = False
    either_way: bool = False
    everything: bool = False  # "any" or "every" was said since the last condition
    apart: bool = False

    def negate(self, item: Item, strength: str) -> None:
        if self.strength == "not" and strength == "not":  # "not non-conditional"
            self.negation, self.strength = None, ""
            return
        self.negation, self.strength = item, strength

    def connect(self, word: str) -> None:
        if word == "union":
            word, self.apart, self.reach = "or", True, ""
        if self.joined in ("", ",", "and") or word == "or":
            self.joined = word

    def add(self, item: Item, starts_clause: bool) -> None:
        condition: Condition = item.payload
        if self.joined == "/":
            self.joined = "or" if self.found and self.found[-1].category == condition.category else ","
        if self._goes_on(condition):
            last = self.found[-1]
            both = And(last.condition.filter, condition.filter)
            last.condition = Condition("text", both, words=f"{last.words} {item.words}")
            return
        extended = not starts_clause and self._reaches(condition)
        self.reach = self.strength or (self.reach if extended else "")
        negated = bool(self.strength) or extended
        self.found.append(Operand(condition, negated, self.joined, self.carried, item.words, item.start, self.apart))
        if self.either_way:
            self.found.append(Operand(condition, True, "or", False, item.words, item.start))
        self.joined, self.carried, self.either_way, self.everything, self.apart = "", False, False, False, False
        self.negation, self.strength = None, ""

    def _goes_on(self, condition: Condition) -> bool:
        """Whether a word belongs to the negated ones just before it: "except the (noise) (calculation) scripts"."""
        plain = not (self.joined or self.carried or self.strength) and condition.category in ("text", "facet")
        return plain and bool(self.reach) and self.found[-1].category == "text" and self.found[-1].negated

    def _reaches(self, condition: Condition) -> bool:
        """Whether the negation of the last condition is also one of this."""
        if not self.found or not self.reach or self.strength or self.joined not in ("or", "nor", ",", "and"):
            return False
        last = self.found[-1].category
        if condition.category == last:
            joined = self.joined != "and" or condition.single or self.reach != "not"
            return joined and (not self.carried or condition.single)
        listed = {"except": _LISTED, "without": _NAMES}.get(self.reach, ())
        return not self.carried and {condition.category, last} <= {*listed}

    def exclude(self) -> None:
        """ "DiTs and MLPs excluded": the last condition, and those of its kind that are joined to it."""
        last = self.found[-1]
        for operand in reversed(self.found):
            if operand.category != last.category:
                break
            operand.negated = True
            if operand.joined not in ("and", "or"):
                break

    def drop_negation(self, *more: Item) -> None:
        if self.negation is not None:
            self.unbound += [self.negation, *more]
        self.negation, self.strength = None, ""


def operands(items: Sequence[Item]) -> tuple[list[Operand], list[Item]]:
    """The conditions among `items` in order, and the negations, with what they negate, that lead nowhere."""
    scope = _Scope()
    for i, item in enumerate(items):
        words = item.words.lower()
        scope.everything |= words in _EVERYTHING
        match item.kind:
            case "connector" if item.payload == "but" and scope.everything:
                scope.negate(item, "except")  # "any optimizer but AdamW"
            case "connector":
                scope.connect(item.payload)
                if item.payload == "nor":
                    scope.negate(item, "without")
            case "break" if item.payload in ",;/&|":
                scope.joined = scope.joined or _BREAKS.get(item.payload, item.payload)
            case "carrier":
                scope.carried = True
            case "not":
                scope.negate(item, item.payload)
                if words.startswith(("and ", "but ")):  # "and no attention"
                    scope.connect(words[:3])
                scope.joined = "nor" if words == "nor" else scope.joined
            case "noun" if scope.negation is not None and words in _OBJECTS:
                scope.drop_negation(item)
            case "condition":
                scope.add(item, _starts_clause(scope, items, i))
            case "either way":
                scope.either_way = True
            case "excluded" if scope.found:
                scope.exclude()
    scope.drop_negation()
    return scope.found, scope.unbound


def _starts_clause(scope: _Scope, items: Sequence[Item], i: int) -> bool:
    """Whether a network with conditions of its own is at i: "or transformers with guidance"."""
    beside = [item.words.lower() for item in (items[i - 1], *items[i + 1 : i + 2])] if i else []
    if "only" in beside and scope.joined:  # "everything but MNIST, U-Nets only"
        return True
    if scope.joined != "or" or scope.carried or not scope.found or scope.found[0].negated:
        return False
    if not (_is_network(scope.found[0].condition) and _is_network(items[i].payload)):
        return False
    for item in items[i + 1 :]:
        if item.kind in ("carrier", "not"):
            return True
        if item.kind in ("condition", "connector", "break"):
            return False
    return False


def _is_network(condition: Condition) -> bool:
    return condition.category == "facet" and getattr(condition.filter, "value", "") in NETWORKS
