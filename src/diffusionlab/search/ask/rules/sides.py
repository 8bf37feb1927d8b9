"""Two conditions beside each other, though nothing says "compare".

do conditional models have a lower FID than unconditional ones?     is the first better by it
do U-Nets have fewer parameters than transformers?                  mean parameters of each, is the first lower
does attention help on MNIST?                                       is attention better than no attention
are there more U-Nets than transformers?                            how many of each, is the first higher
do I have more runs on MNIST or on CIFAR-10?                        how many of each, highest first
Adam or AdamW: which has the lower mean FID?                        mean of each, lowest first
runs that are not both conditional and latent                       not (conditional and latent)
how does run-020 compare to the others on CIFAR-10?                 run-020 with not run-020
"""

from __future__ import annotations

from dataclasses import replace

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import And, Filter, Not
from diffusionlab.registry.record.columns import MEASURES
from diffusionlab.search.ask.rules.fields import COMPARATIVES
from diffusionlab.search.ask.rules.reading import SOFT, Reading, directed, is_numeric
from diffusionlab.search.read.items import Condition
from diffusionlab.search.words.asking_words import HARM, HELP, YES_NO
from diffusionlab.search.words.grammar_words import RANK, REST


def beside_figure(r: Reading, i: int) -> int:
    """(Do conditional models have) a LOWER FIELD than (unconditional ones)."""
    operator = COMPARATIVES.get(r.words(i))
    j = r.skip(i + 1, 1, ("filler",))
    if not _is_whether(r) or operator is None or r.kind(j) != "field" or r.kind(j + 1) != "than":
        return 0
    first, other = _said_before(r), r.skip(j + 2, 4, (*SOFT, "those"))
    if first is None or not is_numeric(r.items[j].payload):
        return 0
    without = r.kind(other) == "not"
    named = r.skip(other + 1, 2, SOFT) if without else other
    if r.kind(named) == "condition":
        if not _is_like_one_before(r, named):
            return 0
        _ask_whether(r, i, operator, r.items[j].payload)
        return other
    if not without or r.kind(named) not in ("", "break"):
        return 0
    _ask_whether(r, i, operator, r.items[j].payload)  # "a lower FID than those without"
    return r.emit(other, other + 1, first.category, Not(first.filter))


def _is_like_one_before(r: Reading, i: int) -> bool:
    """Whether a condition of the kind of that at i was read before."""
    category = r.items[i].payload.category
    return any(item.kind == "condition" and item.payload.category == category for item in r.out)


_FIGURE = ("how", "field", "count")  # what a figure is said by


def beside_mean(r: Reading, i: int) -> int:
    """(Is the mean FID of U-Nets) LOWER THAN that of transformers, LOWER THAN the mean FID of transformers."""
    operator = r.items[i].payload if r.kind(i) == "comparator" else ""
    other = r.skip(i + 1, 6, (*SOFT, "those", *_FIGURE))
    said = [item for item in r.out if item.kind in _FIGURE]
    if not _is_whether(r) or operator not in ("<", ">", "best", "worst") or r.kind(other) != "condition":
        return 0
    if [item.kind for item in said] not in (["how", "field"], ["count"]) or not _is_like_one_before(r, other):
        return 0
    again = [item.payload for item in r.items[i + 1 : other] if item.kind in _FIGURE]
    if again and again != [item.payload for item in said]:
        return 0
    column = said[1].payload if said[1:] else None  # None: the number of runs
    r.versus(i)
    r.beside = directed(operator, column) if column else operator, column
    return other


def _ask_whether(r: Reading, i: int, operator: str, column: str) -> None:
    """By the best of each side if the column is a measure, else by the mean."""
    if column in MEASURES:
        r.versus(i, operator, column)
    else:
        r.versus(i)
        r.beside = directed(operator, column), column


def helps(r: Reading, i: int) -> int:
    """(Does attention) HELP, (did guidance) IMPROVE the FID: is it better than to be without it."""
    first, last = _said_before(r), next((item for item in reversed(r.out) if item.kind not in SOFT), None)
    if not _is_whether(r):
        return 0
    if last is not None and last.kind == "text" and r.words(i) in (*HELP, *HARM):  # "does EMA help"
        r.versus(i, "best" if r.words(i) in HELP else "worst")
        r.out += [replace(r.items[i], kind="not", payload="not"), replace(last, start=r.items[i].start)]
        return i + 1
    if first is None:
        return 0
    if r.words(i) == "difference" and {r.words(i - 1), r.words(i - 2)} & {"make", "makes", "made"}:
        r.versus(i)
        return r.emit(i, i + 1, first.category, Not(first.filter))
    if r.words(i) not in (*HELP, *HARM):
        return 0
    j = r.skip(i + 1, 2, ("filler",))
    column = r.items[j].payload if r.kind(j) == "field" else None
    if column is not None and column not in MEASURES:
        return 0
    r.versus(i, "best" if r.words(i) in HELP else "worst", column)
    return r.emit(i, j + 1 if column else i + 1, first.category, Not(first.filter))


def _is_whether(r: Reading) -> bool:
    return r.words(0) in YES_NO


def _said_before(r: Reading) -> Condition | None:
    """The condition that stands last before this place, if words for runs are all that follows it."""
    last = next((item for item in reversed(r.out) if item.kind not in SOFT), None)
    return last.payload if last is not None and last.kind == "condition" else None


def not_both(r: Reading, i: int) -> int:
    """(Runs that are) NOT BOTH conditional AND latent."""
    if r.kind(i) != "not both":
        return 0
    parts: list[Filter] = []
    j = r.skip(i + 1)
    while r.kind(j) == "condition":
        parts.append(r.items[j].payload.filter)
        after, joint = j + 1, r.skip(j + 1)
        joined = r.kind(joint) == "connector" and r.items[joint].payload == "and"
        j = r.skip(joint + 1) if joined else len(r.items)
    return r.emit(i, after, "group", Not(And(*parts))) if len(parts) > 1 else 0


def the_others(r: Reading, i: int) -> int:
    """(How does run-020 compare to) the OTHERS, the OTHER (CIFAR-10 runs), the REST of them."""
    joined = any(item.kind == "compare" or (item.kind == "connector" and item.payload == "vs") for item in r.items[:i])
    if r.words(i) not in REST or r.kind(i) not in ("text", "filler") or not joined:
        return 0
    own = _own(r)
    if own is None:
        return 0
    r.versus(i)
    return r.looked_at(i, r.emit(i, i + 1, own.category, Not(own.filter), own.single))


def rank_among(r: Reading, i: int) -> int:
    """(Where does run-020) RANK among (CIFAR-10 runs): beside the others of them."""
    own = _own(r)
    among = any(item.words.lower() in ("among", "amongst", "of", "in") for item in r.items[i + 1 :])
    if r.words(i) not in RANK or own is None or own.category != "run_id" or not among:
        return 0
    r.versus(i)
    return r.looked_at(i, r.emit(i, i + 1, own.category, Not(own.filter), own.single))


def than_the_others(r: Reading, i: int) -> int:
    """(Is run-020) BETTER THAN the others, (does it have) a LOWER FIELD than the rest."""
    column, j = None, r.skip(i + 1, 4, ("filler", "those"))
    if r.kind(i) == "comparator" and r.items[i].payload in ("best", "worst"):
        operator, start = r.items[i].payload, i + 1
    elif (operator := COMPARATIVES.get(r.words(i), "")) and r.kind(j) == "field" and r.kind(j + 1) == "than":
        column, start = r.items[j].payload, j + 2
    else:
        return 0
    rest = next((k for k in range(start, min(start + 4, len(r.items))) if r.words(k) in REST), None)
    own = _own(r)
    if rest is None or own is None or not _is_whether(r) or r.kind(rest) not in ("text", "filler"):
        return 0
    r.versus(i, operator, column)
    return r.looked_at(i, r.emit(rest, rest + 1, own.category, Not(own.filter), own.single))


def _own(r: Reading) -> Condition | None:
    """What the others are not: the run that is named, or the first condition."""
    run = [item for item in r.items if item.kind == "run"]
    if run:
        return Condition("run_id", _is_run(run[0].payload), True) if len(run) == 1 else None
    return next((item.payload for item in r.out if item.kind == "condition"), None)


def _is_run(ids: tuple[str, ...]) -> Filter:
    return Compare("run_id", "=", ids[0]) if len(ids) == 1 else In("run_id", ids)
