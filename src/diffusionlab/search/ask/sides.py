"""The sides of a comparison: "Adam vs AdamW", "latent unets with pixel unets"."""

from __future__ import annotations

from dataclasses import replace

from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.search.ask.combine import join
from diffusionlab.search.ask.scope import Operand
from diffusionlab.search.query.query import Side
from diffusionlab.search.query.where_text import side_of
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.special_filters import IsDiffusion


def compared(found: list[Operand], known: Known) -> tuple[list[Side], list[Filter]]:
    """The sides that are compared, and the conditions of all: that of any group is one, the rest holds for each."""
    sides = _of_several(found) or [[operand] for operand in _of_one(found)] or _of_two_kinds(found)
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
    for size in range(len(found) // 2, 1, -1):
        for place in range(size, len(found) - size + 1):
            left, right = found[place - size : place], found[place : place + size]
            divides = linked[place] or (found[place].carried and not any(linked))
            alike = [o.category for o in left] == [o.category for o in right] and left != right
            if divides and alike and any(a.filter == b.filter for a in left for b in right):
                return [left, right]
    return []


def _of_two_kinds(found: list[Operand]) -> list[list[Operand]]:
    """What stands on both sides of "versus", of whatever field: "flow matching vs unets". What one side is, the other
    is not: "flow matching vs diffusion" is against other diffusion."""
    for place, operand in enumerate(found):
        if place and operand.joined == "vs":
            left, right = found[place - 1], operand
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


def _of_one(found: list[Operand]) -> list[Operand]:
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
        words = run[0].category == "text" and not (len(run) == 2 and _contrasted(*run))
        if len(run) > max(1, len(best)) and not words:
            best = run
    return best
