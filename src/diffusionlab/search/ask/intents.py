"""What is asked of the runs: to list, count, compare or average them, those like one, so many of them."""

from __future__ import annotations

from dataclasses import replace

from diffusionlab.registry.record.columns import kind_of
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.grouping import READERS, sort_groups
from diffusionlab.search.ask.shares import share
from diffusionlab.search.ask.terms import figures_by_key, several_figures


def figure(a: Asked) -> None:
    """The figure that is asked for, if any: the first reader that reads something wins."""
    for read in (share, several_figures, *READERS, figures_by_key):
        if read(a):
            sort_groups(a)
            return


def intent(a: Asked) -> None:
    """Whether two sides are compared."""
    for i, item in enumerate(a.items):
        if _is_which_better(a, i):
            a.compare = True
            a.used.add(i)
        if item.kind == "compare" or (item.kind == "connector" and item.payload == "vs"):
            a.compare = True
            a.used |= {i} if item.kind == "compare" else set()


def _is_which_better(a: Asked, i: int) -> bool:
    """The "better" of "does v or epsilon do better", "what works better, Adam or AdamW"."""
    if a.kind(i) != "comparative" or a.words(i) not in ("better", "worse"):
        return False
    joined = any(a.kind(k) == "connector" and a.items[k].payload in ("or", "vs") for k in range(len(a.items)))
    return joined and a.kind(i + 1) not in ("than", "field", "number")


def likeness(a: Asked) -> None:
    """Like run-020, the 5 runs most like run-020."""
    for i, item in enumerate(a.items):
        j = a.skip(i + 1, ("filler", "noun", "carrier", "to", "than"))
        if item.kind != "like" or a.kind(j) != "run":
            continue
        a.like = a.items[j].payload[0]
        a.used |= {i, j, *(k for k in range(max(0, i - 3), i) if a.kind(k) == "superlative")}
        if (number := next((k for k in range(i) if a.counts(k)), None)) is not None:
            a.limit = a.count(number)
        return


def limit(a: Asked) -> None:
    """A number of runs: "3 unets", "show 10 runs"."""
    if a.figure is not None:
        return
    for i in range(len(a.items)):
        if not a.counts(i):
            continue
        noun = a.kind(a.skip(i + 1, ("condition", "filler", "superlative"), 4)) == "noun"
        if a.compare:
            a.used |= {i} if noun else set()
        elif (noun or _several(a, i + 1)) and a.kind(i - 1) not in ("field", "comparator"):
            count = a.count(i)
            if a.limit is not None or (a.order is not None and a.order.count is not None and not a.order.ties):
                continue
            if a.order is not None:
                a.order = replace(a.order, count=count, ties=False)
            else:
                a.limit = count


def _several(a: Asked, i: int) -> bool:
    """Whether a plural facet stands at i for the runs themselves: "3 DiTs"."""
    return a.kind(i) == "condition" and a.items[i].payload.category == "facet" and a.words(i)[-1:] == "s"


def fields(a: Asked) -> None:
    """The fields that nothing was said of are those to show; groups show none."""
    if a.figure is not None and a.figure.by:
        return
    for i, item in enumerate(a.items):
        if item.kind == "field" and i not in a.used and kind_of(item.payload) != "json":
            a.show.append("arch_tags" if item.payload == "architecture" else item.payload)
