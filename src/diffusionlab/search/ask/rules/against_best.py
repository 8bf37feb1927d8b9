"""Runs beside the best of others: "U-Nets that beat the best DiT on CIFAR-10", "worse than the best run with EMA".

As beside an average, a figure is compared with the best of the runs with which it compares: a FID with those on the
same data set and under the same protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.filters.filter import NOTHING, And, Filter
from diffusionlab.registry.record.columns import label, lower_is_better
from diffusionlab.search.ask.rules.against_average import bounded, compared_within
from diffusionlab.search.ask.rules.fields import COMPARATIVES
from diffusionlab.search.ask.rules.reading import Reading, directed, is_numeric, is_setting
from diffusionlab.search.ask.rules.relative import meant
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.words.asking_words import YES_NO

_OPERATORS = ("<", "<=", ">", ">=", "best", "worst", "best=", "worst=")
_OF = ("of", "on", "for", "among", "in", "all", "the", "with", "using", "trained", "on", "our", "my")


@dataclass
class _Best:
    """What is said: the operator on which column, the place of the superlative, of which runs, the index after it."""

    operator: str
    column: str | None
    place: int
    scope: list[Filter] = field(default_factory=list)
    after: int = 0


def against_best(r: Reading, i: int) -> int:
    """COMPARATOR than the SUPERLATIVE [FIELD] [of CONDITION], LOWER FIELD than the SUPERLATIVE; no yes or no."""
    found = _compared(r, i)
    if found is None or r.words(0) in YES_NO or any(item.kind in ("compare", "run") for item in r.items):
        return 0
    if any(item.kind == "how" for item in r.out) and r.out[-1].kind not in ("noun", "condition", "carrier", "filler"):
        return 0  # "a mean FID above the best" is of groups
    direction, own, _ = r.items[found.place].payload
    _of_which_runs(r, found)
    column = found.column or own or r.field or meant(r, i)
    if not is_numeric(column) or (direction in ("best", "worst") and is_setting(column)):
        return 0
    lowest = direction == "low" or (direction in ("best", "worst") and lower_is_better(column) == (direction == "best"))
    compared = Compare(column, directed(found.operator, column), 0.0)
    condition = bounded(r, compared, "min" if lowest else "max", found.scope)
    words = " ".join(item.words for item in r.items[found.place : found.after])
    alike = " and ".join(map(label, compared_within(r, column)))
    if condition is NOTHING:
        r.notes.append(f"no such run has a recorded {label(column)} to compare with")
    else:
        among = f"runs with {format_where(And(*found.scope), r.known)}" if found.scope else "all runs"
        same = f" with the same {alike}" if alike else ""
        r.notes.append(f'"{words}" is read as the {"lowest" if lowest else "highest"} {label(column)} of {among}{same}')
    return r.looked_at(i, r.emit(i, found.after, column, condition))


def _compared(r: Reading, i: int) -> _Best | None:
    """What stands up to the superlative, and the field beside it."""
    column, than = None, r.skip(i + 1, 3, ("filler", "than"))
    if r.kind(i) == "comparator" and r.items[i].payload in _OPERATORS:
        operator = str(r.items[i].payload)
        if r.kind(than) == "field":
            column, than = str(r.items[than].payload), r.skip(than + 1, 3, ("filler", "than"))
    elif (operator := COMPARATIVES.get(r.words(i), "")) and r.kind(than) == "field":
        column, than = str(r.items[than].payload), r.skip(than + 1, 3, ("filler", "than"))
        if "than" not in (r.kind(k) for k in range(i, than)):
            return None
    return _Best(operator, column, than) if operator and r.kind(than) == "superlative" else None


def _of_which_runs(r: Reading, found: _Best) -> None:
    """ "(The best) FID of DiTs", "(the best) MNIST run"."""
    j = found.after = found.place + 1
    if r.kind(j) == "field" and found.column in (None, r.items[j].payload):
        found.column, j = str(r.items[j].payload), j + 1
        found.after = j
    while r.kind(j) in ("noun", "condition", "when", "carrier") or r.words(j) in _OF:
        if r.kind(j) == "condition":
            found.scope.append(r.items[j].payload.filter)
        if r.kind(j) in ("noun", "condition"):
            found.after = j + 1
        if r.kind(j) == "when":
            return
        j += 1
