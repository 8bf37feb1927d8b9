"""Yes or no of groups: whether any of them, or every one, is so.

is there a data set without a DiT?           share of DiTs of each dataset, = 0: is there any
was every optimizer used on MNIST?           share of runs on MNIST of each optimizer, = 0: is there none
does every data set have 3 runs or more?     count of each dataset, < 3: is there none
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from diffusionlab.registry.filters.filter import And
from diffusionlab.registry.record.columns import COLUMNS
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.joining.combine import join
from diffusionlab.search.ask.joining.scope import Operand
from diffusionlab.search.ask.keys import Key, is_measure, key_at
from diffusionlab.search.query.query import Figure
from diffusionlab.search.query.where_text import condition_side
from diffusionlab.search.words.asking_words import ALL_OF, ONLY, OWN

_ANY = ("a", "an", "any", "some", "one", "any of", "one of")
_NO = ("no", "none")
_BEFORE = ("there", "i", "we", "you", "ever", "have", "has", "had", "been", "got", "is", "are", "was", "were")
_POINTING = ("the", "my", "our", "of", "single", "different")
_SEVERAL = [[word] for word in (*ALL_OF, *ONLY)]
_DO = ("do", "does", "did", "don't", "doesn't", "didn't")


class Subject(NamedTuple):
    """What a yes/no question is about, where it is a property and no run: "is there A DATA SET", "did EVERY GPU"."""

    key: Key
    which: Literal["any", "every", "no"]
    place: int  # of the word that says which
    after: int  # where begins what is asked of it


def subject(a: Asked) -> None:
    """Read ANY KEY, EVERY KEY, NO KEY after the verb of a yes/no question."""
    if not a.whether:
        return
    i = next((k for k, item in enumerate(a.items) if item.start >= a.whether), len(a.items))
    while a.words(i) in _BEFORE:
        i += 1
    none = _none_at(a, i)
    j = i + (a.words(i) in (*_ANY, *ALL_OF))
    while a.words(j) in _POINTING:
        j += 1
    key = none or key_at(a, j, 0)
    if key is None or is_measure(key.column) or key.column in OWN:
        return
    last, aux = max(key.places), a.text[: a.whether].split()[-1]
    verb = a.words(last + 1) == "run" and aux in _DO  # "did every gpu run a DiT"
    if (a.kind(last + 1) == "noun" and not verb) or not (none or i < j or a.words(last).endswith("s")):
        return
    if a.words(i) in ALL_OF and a.kind(last + 1) == "condition" and aux not in (*_DO, "has", "have"):
        return  # "are all GPUs A100": what all runs are
    a.subject = Subject(key, "no" if none else "every" if a.words(i) in ALL_OF else "any", i, last + 1 + verb)
    a.used |= {*range(i, j)} - ({i} if a.subject.which == "any" else set())
    a.used |= {i} if none else set()


def _none_at(a: Asked, i: int) -> Key | None:
    """ "(Is there) NO DATA SET without a DiT": of groups, as more than one run tells what is asked of it."""
    if a.kind(i) != "condition" or a.words(i).split()[0] not in _NO:
        return None
    column = a.items[i].payload.category.removeprefix("known ")
    rest = range(i + 1, len(a.items))
    told = any(a.kind(k) in ("not", "comparator") or a.words(k).split()[-1:] in _SEVERAL for k in rest)
    return Key(column, None, frozenset({i})) if told and column in COLUMNS else None


def whether_of_groups(a: Asked, found: list[Operand]) -> list[Operand]:
    """The conditions of the runs, where the figure says if ANY group meets its bound or, of EVERY one, if none does
    not. What was not read so is named, as no yes or no of runs answers it."""
    figure = a.figure
    if a.subject is None:
        _name_numbers(a)
        return found
    told = [operand for operand in found if operand.start > a.items[a.subject.after - 1].start]
    every = a.subject.which == "every"
    if figure is None or figure.having is None or not _is_of(a.subject, figure) or (told and _omits(figure, every)):
        _name(a, a.subject)
        return found
    figure = replace(figure, having=figure.having.opposite if every else figure.having)
    a.figure = replace(figure, whether=a.subject.which == "any")
    if figure.how != "count" or not told:
        return found
    if any(operand.joined in ("and", "but") for operand in told):  # "with fewer than 5 runs and no DiT"
        a.passed += [item for item in a.items[a.subject.after :] if item.kind in ("not", "connector")]
    a.figure = replace(a.figure, part=condition_side(And(*join(told)), a.known))  # of a group without one it is 0
    return [operand for operand in found if operand not in told]


def _is_of(said: Subject, figure: Figure) -> bool:
    """Whether the figure is one of the groups that the question is about."""
    same = bool(figure.by) and figure.by[0].column == said.key.column
    return same and figure.descending is None


def _omits(figure: Figure, every: bool) -> bool:
    """Whether groups of which no run meets the conditions count, and have no such figure."""
    bounded = figure.having is not None and figure.having.op in ("<", "<=", "!=")
    return figure.part is None and (every or (figure.how == "distinct" and bounded)) and figure.how != "count"


def _name(a: Asked, said: Subject) -> None:
    """Name the words that tell of how many of the groups, or of their runs, it is asked."""
    rest = range(said.after, len(a.items))
    several = [k for k in rest if k not in a.used and a.words(k).split()[-1:] in _SEVERAL]
    a.passed += [a.items[k] for k in ([said.place] if said.which != "any" else several)]


def _name_numbers(a: Asked) -> None:
    """Name what is asked of groups, of which runs tell nothing: "are there MORE THAN 2 data sets without a DiT", "is
    MNIST the ONLY data set without a DiT", "did every run fail on ANY data set"."""
    if not a.whether:
        return
    if a.figure is not None and a.figure.how == "distinct" and not a.figure.by and a.figure.having is not None:
        field = next((k for k, item in enumerate(a.items) if item.kind == "field" and item.payload == a.figure.of), 0)
        behind = a.skip(field + 1, 2, ("filler", "carrier"))
        if a.kind(behind) == "not" or a.words(behind).split()[-1:] in _SEVERAL:
            a.figure = replace(a.figure, having=None)
            a.passed += [item for k, item in enumerate(a.items[:field]) if item.kind in ("comparator", "number")]
    elif a.figure is None:
        every = any(item.start >= a.whether and item.words.lower() in ALL_OF for item in a.items[:2])
        words = ("only", *(["any"] if every else []))
        a.passed += [a.items[k] for k in range(len(a.items)) if a.words(k) in words and key_at(a, k + 1, 0)]


def told_of_every(a: Asked, found: Sequence[Operand]) -> list[Operand]:
    """What EVERY group is to have a run with: all that stands after it, if it is one run by which that is met."""
    assert a.subject is not None
    told = [operand for operand in found if operand.start > a.items[a.subject.after - 1].start]
    told = [operand for operand in told if not (operand.negated and operand.category == a.subject.key.column)]
    several = any(operand.joined in ("and", ",", "but") for operand in told[1:])  # "a unet and a DiT": one of each
    same = any(operand.category == a.subject.key.column for operand in told)  # "is every data set MNIST"
    excepted = bool(told) and told[0].negated
    rest = range(a.subject.after + 1, len(a.items))
    alone = a.kind(a.subject.after) == "condition" and told[:1] and told[0].category == "status"
    alone = alone and not any(a.kind(k) == "noun" for k in rest)  # "did every optimizer finish": a run, or all of them?
    return [] if several or same or excepted or alone else told
