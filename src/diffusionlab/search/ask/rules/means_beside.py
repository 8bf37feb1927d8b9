"""Two kinds of runs of which it is asked whether the mean of the first is higher or lower than that of the other.

are U-Nets bigger than transformers on average?       mean parameters of each, is the first higher
is AdamW better on average than Adam?                 mean FID of each, is the first lower
do U-Nets have on average fewer epochs than DiTs?     mean epochs of each, is the first lower
"""

from __future__ import annotations

from diffusionlab.registry.record.columns import MEASURES
from diffusionlab.search.ask.rules.fields import COMPARATIVES
from diffusionlab.search.ask.rules.reading import SOFT, Reading, directed, is_numeric
from diffusionlab.search.ask.rules.relative import meant
from diffusionlab.search.read.items import Condition, Item
from diffusionlab.search.words.grammar_words import SINGLE_RUNS

_PASSED = (*SOFT, "how", "moment")  # "CelebA (trained with)", "unets (on average)"


def means_beside(r: Reading, i: int) -> int:
    """(Are U-Nets) BIGGER THAN (transformers on average), (are they) BETTER on average THAN, with FEWER FIELD THAN."""
    said = _comparison(r, i)
    if said is None or not r.whether(i) or {r.words(k) for k in range(1, 3)} & {*SINGLE_RUNS}:
        return 0
    operator, field, after = said
    first, k = _subject(r), r.skip(after, 4, (*SOFT, "those", "how"))
    if first is None or r.kind(k) != "condition" or first.category != r.items[k].payload.category:
        return 0
    rated = operator in ("best", "worst")
    column = field or (MEASURES[0] if rated else meant(r, i))
    averaged = any(item.kind == "how" and item.payload in ("mean", "median") for item in r.items)
    if not is_numeric(column) or (column in MEASURES and not (averaged and (field or rated))):
        return 0
    r.versus(i)
    r.out += [item for item in r.items[i:k] if item.kind == "how"]
    r.beside = directed(operator, column), column
    return k


def _comparison(r: Reading, i: int) -> tuple[str, str | None, int] | None:
    """(the operator, the column if it is named, the place after "than")."""
    if r.kind(i) == "comparator" and r.items[i].payload in ("<", ">", "best", "worst"):
        return r.items[i].payload, None, i + 1
    operator = COMPARATIVES.get(r.words(i))
    j = r.skip(i + 1, 2, ("filler", "how"))
    if operator is None or r.kind(i) not in ("comparative", "filler"):
        return None
    if r.kind(j) == "than":
        return operator, None, j + 1
    return (operator, r.items[j].payload, j + 2) if (r.kind(j), r.kind(j + 1)) == ("field", "than") else None


def _subject(r: Reading) -> Condition | None:
    """The condition that stands last before this place."""
    last: Item | None = next((item for item in reversed(r.out) if item.kind not in _PASSED), None)
    return last.payload if last is not None and last.kind == "condition" else None
