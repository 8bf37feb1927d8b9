"""Conditions joined as the sentence joins them, to one filter or to the sides of a comparison.

Values of one field exclude each other, so "MNIST and CIFAR-10" is either; facets do not, so "unet and
conditional" is both; scope.py has the reach of negations. Two clauses that each name the same field are alternatives
("unets on MNIST and transformers on CIFAR-10").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.registry.record.canonical import dataset_family
from diffusionlab.registry.record.facets import close
from diffusionlab.search.ask.joining.scope import KINDS, NETWORKS, Operand, operands
from diffusionlab.search.query.query import Side
from diffusionlab.search.query.where_text import side_of
from diffusionlab.search.read.items import Condition, Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.special_filters import IsDiffusion
from diffusionlab.search.read.text import Mentions

# -- one filter


def bracketed(items: Sequence[Item]) -> list[Item]:
    """The items, with several conditions between parentheses as one; alternatives of one kind are so without them."""
    found = list(items)
    opened = [i for i, item in enumerate(found) if item.words == "("]
    for start in reversed(opened):  # the innermost first
        stop = next((i for i in range(start + 1, len(found)) if found[i].words == ")"), None)
        inner = found[start + 1 : stop] if stop else []
        if stop and sum(item.kind == "condition" for item in inner) > 1 and not _alternatives(inner):
            words = " ".join(item.words for item in inner)
            parts = join(operands(inner)[0])
            whole = Condition("group", parts[0] if len(parts) == 1 else And(*parts), words=words)
            found[start : stop + 1] = [Item("condition", whole, words, found[start].start, found[stop].end)]
    return found


def _alternatives(items: Sequence[Item]) -> bool:
    """Whether these are values of one kind with "or" or commas between them."""
    kinds = {item.payload.category for item in items if item.kind == "condition"}
    others = [item for item in items if item.kind in ("connector", "not")]
    return len(kinds) == 1 and all(item.kind == "connector" and item.payload == "or" for item in others)


def subsets(found: list[Operand]) -> list[Operand]:
    """ "The cat/dog subset of CIFAR-10" is the subset alone, "GPU: A100" the A100."""
    kept = list(found)
    for a, b in pairwise(found):
        if a.category == b.category == "hardware_kind" and not b.joined and a.words.lower() == "gpu" and not a.negated:
            kept.remove(a)
        if a.category == b.category == "dataset" and not b.joined and not a.negated and not b.negated:
            names = [getattr(o.condition.filter, "value", None) for o in (a, b)]
            if names[0] != names[1] and dataset_family(names[0]) == names[1]:
                kept.remove(b)
            elif names[0] != names[1] and dataset_family(names[1]) == names[0]:
                kept.remove(a)
    return kept


def join(found: Sequence[Operand]) -> list[Filter]:
    """All conditions as a list that holds together."""
    moments = [o for o in found if o.category in ("created_at", "modified_at")]
    if len(moments) > 1 or any(o.apart for o in found):
        moments = []
    rest = [o for o in found if o not in moments]
    clauses = _clauses(rest)
    if len(clauses) == 1:
        parts = _clause(clauses[0])
    else:
        parts = [Or(*(And(*_clause(clause)) if len(_clause(clause)) > 1 else _clause(clause)[0] for clause in clauses))]
    return parts + [moment.filter for moment in moments]


def _clauses(found: list[Operand]) -> list[list[Operand]]:
    """Alternatives that each name a field that excludes itself, split at the connecting words between them."""
    clauses: list[list[Operand]] = [[]]
    for place, operand in enumerate(found):
        left = clauses[-1]
        if operand.apart:
            clauses.append([])
        elif (
            left
            and operand.joined in ("and", "or", ",", "vs", "but")
            and operand.category != left[-1].category
            and not operand.negated
        ):
            right = found[place:]
            for stop, later in enumerate(right[1:], 1):
                if later.joined and later.category != right[stop - 1].category:
                    right = right[:stop]
                    break
            shared = {o.category for o in left if not o.negated} & {o.category for o in right if not o.negated}
            exclusive = {o.category for o in (*left, *right) if o.condition.single}
            if shared & exclusive and len(left) > 1 and len(right) > 1:
                clauses.append([])
        elif len(left) > 1 and _new_network(left, found[place:]):
            clauses.append([])
        clauses[-1].append(operand)
    return clauses


def _new_network(left: Sequence[Operand], right: Sequence[Operand]) -> bool:
    """ "Unets with attention or transformers with conditioning": each kind of network has facets of its own."""

    def network(o: Operand) -> bool:
        plain = not o.negated and not o.carried
        return plain and o.category == "facet" and getattr(o.condition.filter, "value", "") in NETWORKS

    def qualified(side: Sequence[Operand]) -> bool:
        return any(o.category == "facet" and (o.carried or o.negated) for o in side[1:])

    if not (right[0].joined in ("or", "and", ",") and network(left[0]) and network(right[0]) and qualified(left)):
        return False
    apart = not _close(left[0], right[0])  # "a CNN with residual blocks and an autoencoder" is one network
    return (qualified(right) if right[0].joined == "or" else apart and qualified(right)) and not right[0].carried


def _clause(found: Sequence[Operand]) -> list[Filter]:
    """One clause as conditions that hold together; each run of alternatives is one `Or`."""
    groups: list[list[Operand]] = []
    for operand in found:
        last = groups[-1][-1] if groups else None
        if last is not None and _alternative(last, operand):
            groups[-1] += [operand] if all(o.filter != operand.filter for o in groups[-1]) else []
        elif not _repeats(groups, operand):
            groups.append([operand])
    alternatives = [_distinct([operand.filter for operand in group]) for group in groups]
    return [parts[0] if len(parts) == 1 else Or(*parts) for parts in alternatives]


def _distinct(filters: list[Filter]) -> list[Filter]:
    """Alternatives without those that another one has among its values: "failed runs or failures" """
    listed = [one for one in filters if isinstance(one, In)]
    return [one for one in filters if not any(_is_among(one, several) for several in listed)]


def _is_among(one: Filter, several: In) -> bool:
    if not isinstance(one, Compare) or (one.op, one.column) != ("=", several.column):
        return False
    return one.value in several.values


def _alternative(last: Operand, operand: Operand) -> bool:
    same = last.category == operand.category
    if last.negated and operand.negated:
        return False
    if (
        operand.joined in ("and", ",", "or")
        and same
        and (_opposite(last.filter, operand.filter) or _two_kinds(last, operand))
    ):
        return True
    if operand.joined == "or":
        return not (operand.negated and not last.negated and same and operand.condition.single)
    if operand.joined in ("but", "nor") or not same:
        return False
    return operand.condition.single and last.condition.single and not last.negated and not operand.negated


def _opposite(a: Filter, b: Filter) -> bool:
    """ "Conditional and unconditional models" are all of them, not none."""
    return Not(a) == b or Not(b) == a


def _close(a: Operand, b: Operand) -> bool:
    """Whether one facet is a case of the other."""
    tags = [getattr(o.condition.filter, "value", "") for o in (a, b)]
    return tags[1] in close([tags[0]]) or tags[0] in close([tags[1]])


def _two_kinds(last: Operand, operand: Operand) -> bool:
    """ "U-Nets and DiTs" are runs of either kind: what runs are, in the plural, or two networks of which one is no
    case of the other."""
    tags = [getattr(o.condition.filter, "value", "diffusion") for o in (last, operand)]
    if last.negated or operand.negated or last.category != "facet":
        return False
    plural = all(o.words.lower().rstrip("?.!").endswith("s") for o in (last, operand))
    if plural and not (last.carried or operand.carried) and all(tag in (*NETWORKS, *KINDS) for tag in tags):
        return True
    networks = all(tag in NETWORKS for tag in tags) and not operand.carried  # "U-Nets that are also autoencoders"
    return networks and (plural or not {"cnn", "autoencoder"} & set(tags)) and not _close(last, operand)


def _repeats(groups: list[list[Operand]], operand: Operand) -> bool:
    """A value of a field that was named before in the same clause is a further alternative: "MNIST unets, CIFAR-10"."""
    if not operand.condition.single or operand.negated or operand.category == "status":
        return False
    for group in groups:
        if all(o.category == operand.category and o.condition.single and not o.negated for o in group):
            if any(o.condition.filter == operand.condition.filter for o in group):
                return True
            group.append(operand)
            return True
    return False


# -- sides: "Adam vs AdamW", "latent unets with pixel unets"


def compared(found: list[Operand], known: Known) -> tuple[list[Side], list[Filter]]:
    """The sides that are compared, and the conditions of all: that of any group is one, the rest holds for each."""
    sides = _of_several(found) or [[operand] for operand in _of_one(found, known)] or _of_two_kinds(found)
    if sides:
        made = [side_of(And(*join(side)), known) for side in sides]
        rest = [o for o in found if not any(o is one for side in sides for one in side)]
        return made, [Or(*(side.condition for side in made)), *join(rest)]
    joined = join(found)
    either = next((c for c in joined if isinstance(c, Or) and len(c.parts) > 1), Or())
    return [side_of(part, known) for part in either.parts], joined


def _of_several(found: list[Operand]) -> list[list[Operand]]:
    """Two neighbours of several conditions each, on the same fields, some in common."""
    linked = [o.joined in ("vs", "and", ",") for o in found]
    versus = [place for place, o in enumerate(found) if o.joined == "vs"]
    for size in range(len(found) // 2, 1, -1):
        for place in range(size, len(found) - size + 1):
            left, right = found[place - size : place], found[place : place + size]
            divides = linked[place] or (found[place].carried and not any(linked))
            alike = [o.category for o in left] == [o.category for o in right] and left != right
            common = any(a.filter == b.filter for a in left for b in right)
            if divides and alike and (common or versus == [place]):
                return [left, right]
    return []


def _of_two_kinds(found: list[Operand]) -> list[list[Operand]]:
    """What stands on both sides of "versus", of whatever field: "flow matching vs unets". What one side is, the other
    is not: "flow matching vs diffusion" is against other diffusion. Of one field if it was named before: "U-Nets on
    MNIST vs DiTs"."""
    for place, operand in enumerate(found):
        if place and operand.joined == "vs":
            alike = (one for one in reversed(found[:place]) if one.category == operand.category)
            left, right = next(alike, found[place - 1]), operand
            sides = [[left, _without(right, left)], [right, _without(left, right)]]
            return [[one for one in side if one is not None] for side in sides]
    return []


def _contrasted(first: Operand, second: Operand) -> bool:
    """ "EMA and no EMA", "EMA vs distillation"."""
    return second.joined == "vs" or Not(first.filter) == second.filter or first.filter == Not(second.filter)


def _without(other: Operand, side: Operand) -> Operand | None:
    """The other side as what this one is not, if all of the other are of this kind too."""
    wide = isinstance(side.condition.filter, IsDiffusion) and other.category == "parameterization"
    return replace(other, negated=not other.negated, joined="and") if wide else None


def _never_together(side: Sequence[Operand], known: Known) -> bool:
    """ "v1 and v2": words that some run says each, and none says all."""
    said = [o.condition.filter.phrases for o in side if isinstance(o.condition.filter, Mentions) and not o.negated]
    return len(said) == len(side) and all(map(known.anyone_says, said)) and not known.says_all(*said)


def _of_one(found: list[Operand], known: Known) -> list[Operand]:
    """The longest run of neighbours of one category that a comparing word joins."""
    best: list[Operand] = []
    separated = any(o.joined for o in found)
    for start in range(len(found)):
        run = [found[start]]
        for operand in found[start + 1 :]:
            joined = operand.joined in ("and", "vs", "or", ",", "nor") or (operand.carried and not separated)
            if operand.category != run[0].category or not (joined or operand.condition.single):
                break
            run.append(operand)
        longer = len(run) > max(1, len(best))
        words = longer and run[0].category == "text" and not (len(run) == 2 and _contrasted(*run))
        if longer and (not words or _never_together(run, known)):
            best = run
    return best
