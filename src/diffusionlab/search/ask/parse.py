"""A question to a `Query`: pure, no I/O.

scan -> items -> prepared -> conditions on numbers and the like -> and / or -> what is asked, in which order
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.search.ask.about_code import check_no_code
from diffusionlab.search.ask.asked import Asked, dated, fields, intent, likeness, limit
from diffusionlab.search.ask.figures.figure import figure
from diffusionlab.search.ask.figures.having import not_of_the_first_group, of_none_or_all
from diffusionlab.search.ask.figures.shares import shared
from diffusionlab.search.ask.figures.sides import are_keys
from diffusionlab.search.ask.figures.values import values_listed
from diffusionlab.search.ask.figures.whether import subject, whether_of_groups
from diffusionlab.search.ask.joining.combine import bracketed, compared, join, subsets
from diffusionlab.search.ask.joining.exceptions import whole_phrases
from diffusionlab.search.ask.joining.scope import Operand, operands
from diffusionlab.search.ask.keys import of_cards
from diffusionlab.search.ask.leftovers import say_what_is_left, unknown_values, unread
from diffusionlab.search.ask.orders.pages import part_of_order
from diffusionlab.search.ask.orders.sorting import best_of_several, per, sizes_compared, sorting
from diffusionlab.search.ask.orders.superlatives import superlative
from diffusionlab.search.ask.preparation import settle
from diffusionlab.search.ask.rules.reduce import reduce
from diffusionlab.search.ask.selections import is_one_the_other, parts_of, shared_parts
from diffusionlab.search.ask.single import (
    checked,
    dates_shown,
    facts_asked,
    leaves_open,
    pictures_asked,
    understood,
)
from diffusionlab.search.query.query import (
    LISTING,
    Ask,
    Check,
    Comparison,
    Facts,
    Figure,
    Likeness,
    Pictures,
    Query,
    Side,
)
from diffusionlab.search.read.courtesy import without_greetings
from diffusionlab.search.read.items import Condition, Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.scan import scan
from diffusionlab.search.read.text import Mentions, words_of
from diffusionlab.search.read.tokens import clean, tokenize


def parse(question: str, known: Known, now: datetime, among: Filter | None = None) -> Query:
    """Read a question; `among`: the runs that "those" means, if there was a question before.

    ValueError (one line) if the question is empty, too long, or about code.
    """
    if not question.strip():
        raise ValueError('the question is empty; ask something like "unets on MNIST with fid below 10"')
    check_no_code(question)
    body = without_greetings(question)
    body = f"in {body}" if body.strip(" ?.!").lower() in ("may", "march") else body
    scanned, misspelt, text = scan(body, known, now)
    items = settle(scanned, known)
    if parts := parts_of(text, items):
        found = [parse(part, known, now, among) for part in parts]
        if is_one_the_other(items):
            return _whether_same(question, found, misspelt)
        return _of_parts(question, found, misspelt, any(item.kind == "compare" for item in items))
    return replace(_parse(body, items, misspelt, known, among), question=question.strip())


def _whether_same(question: str, parts: list[Query], misspelt: list[str]) -> Query:
    """Whether the run that comes first by one column is also the first by another, of the same runs."""
    first, other = parts
    said = {column for condition in other.conditions for column in condition.columns()}
    shared = tuple(condition for condition in first.conditions if not condition.columns() & said)
    parts = [first, replace(other, conditions=(*other.conditions, *shared))]
    return replace(_of_parts(question, parts, misspelt, False), parts=tuple(parts), ask=Check())


def _of_parts(question: str, parts: list[Query], misspelt: list[str], compared: bool) -> Query:
    """The runs of each part in turn; what the last says of the measure or the data set holds for all."""
    compared = compared or any(isinstance(part.ask, Comparison) for part in parts)
    shared = [replace(part, ask=LISTING) if compared else part for part in shared_parts(parts)]
    orders = [part.order.column for part in shared if part.order is not None]
    return Query(
        question.strip(),
        (Query.any_of(shared),),
        ask=Comparison() if compared else LISTING,
        parts=tuple(shared),
        show=tuple(dict.fromkeys(orders)),
        notes=tuple(dict.fromkeys(note for notes in (misspelt, *(part.notes for part in parts)) for note in notes)),
        unread=tuple(dict.fromkeys(words for part in parts for words in part.unread)),
        unknown=tuple(dict.fromkeys(value for part in parts for value in part.unknown)),
    )


def _parse(question: str, items: list[Item], misspelt: list[str], known: Known, among: Filter | None) -> Query:
    reading = reduce(items, known)
    asked = Asked(question, reading, misspelt)
    for read in (
        subject,
        figure,
        intent,
        likeness,
        sorting,
        superlative,
        per,
        part_of_order,
        limit,
        fields,
        facts_asked,
        dates_shown,
        pictures_asked,
        dated,
        sizes_compared,
    ):
        read(asked)
    found, unbound = operands(bracketed(whole_phrases(_conditions(asked))))
    found = of_none_or_all(asked, shared(asked, subsets(found)))
    found = whether_of_groups(asked, not_of_the_first_group(asked, found))
    values_listed(asked)
    best_of_several(asked, found)
    sides: list[Side] = []
    found, check = understood(asked, found, checked(asked, found))
    if asked.compare or (asked.figure is not None and any(item.kind == "either way" for item in asked.items)):
        sides, conditions = compared(found, known)
    else:
        conditions = join(check[0] if check else found)
        conditions = [*conditions, *of_cards(asked, conditions)]
    if any(item.kind == "not both" for item in asked.items):
        either = [c for c in conditions if isinstance(c, Or) and len(c.parts) == 2]
        conditions = [*conditions, *(Not(And(*c.parts)) for c in either[-1:])]
        asked.used |= {i for i, item in enumerate(asked.items) if item.kind == "not both" and either}
    those = [i for i, item in enumerate(asked.items) if item.kind == "those"]
    if among is not None and (those or _begins_with_exception(asked)):
        conditions = [among, *conditions]
        asked.used |= {*those}
    say_what_is_left(asked, found)
    told = None if check is None or check[1] is None else And(*join(check[1]))
    ask: Ask = Check(told, asked.most) if check else _ask(asked, sides)
    query = _query(question.strip(), asked, found, conditions, ask)
    left = unread(asked, unbound)
    if leaves_open(left):  # "did I train more in April", "is it any good": no yes or no of what is left
        query = replace(query, ask=LISTING if check else _without_verdict(query.ask))
    return replace(query, unread=left)


def _without_verdict(ask: Ask) -> Ask:
    """The figures of groups, where the question whether there is such a group is not understood."""
    return replace(ask, whether=None) if isinstance(ask, Figure) else ask


def _begins_with_exception(asked: Asked) -> bool:
    """ "Except those on MNIST", after a question: of the runs that it found."""
    first = next((item for item in asked.items if item.kind not in ("filler", "connector")), None)
    return first is not None and first.kind == "not" and first.payload == "except"


def _ask(asked: Asked, sides: list[Side]) -> Ask:
    if asked.like:
        return Likeness(asked.like)
    if asked.figure is not None and len(sides) > 1 and not are_keys(asked.figure, sides):
        return replace(asked.figure, sides=tuple(sides))
    if asked.figure is not None and asked.figure.by:
        return asked.figure
    if asked.compare:
        return Comparison(tuple(sides), *(asked.better if asked.better and len(sides) == 2 else ()))
    if asked.facts:
        return Facts(asked.facts)
    if asked.pictures:
        return Pictures()
    return asked.figure or LISTING


def _query(question: str, asked: Asked, found: list[Operand], conditions: list[Filter], ask: Ask) -> Query:
    said = (operand.condition.filter for operand in found if not operand.negated)
    return Query(
        question,
        tuple(_flatten(conditions)),
        asked.order,
        asked.limit,
        ask,
        tuple(dict.fromkeys(asked.show)),
        words=tuple(words for words in said if isinstance(words, Mentions)),
        notes=tuple(asked.notes),
        loose=True,
        unknown=tuple(unknown_values(found, asked.known)),
    )


def text_query(question: str) -> Query:
    """The question as words alone, as --no-parse wants it: every word must be mentioned."""
    tokens = [token for token in tokenize(clean(question)) if token.kind != "punct" and words_of(token.text)]
    words = tuple(Mentions((token.text,)) for token in tokens)
    return Query(question, words, words=words)


def _conditions(a: Asked) -> list[Item]:
    """The items that are left, runs and words as conditions."""
    found = []
    for i, item in enumerate(a.items):
        if i in a.used:
            continue
        if item.kind == "run":
            ids = _run_ids(a, i)
            one = Compare("run_id", "=", ids[0]) if len(ids) == 1 else In("run_id", ids)
            item = replace(item, kind="condition", payload=Condition("run_id", one, True, item.words))
        elif item.kind == "text":
            phrases = tuple(dict.fromkeys(item.payload[:-1]))
            if not any(words_of(phrase) for phrase in phrases):
                continue
            item = _mention(item, phrases, a.known)
        elif item.kind == "number":
            if not any(c.isdigit() for c in item.words) or a.compare or a.figure:
                continue
            a.notes.append(
                f'"{item.words}" has no field; write it as in "batch size {item.words}" or "{item.words} epochs"'
            )
            item = _mention(item, (item.words,), a.known)
        elif item.kind == "to" and a.compare:
            item = replace(item, kind="connector", payload="vs")
        found.append(item)
    return found


def _mention(item: Item, phrases: tuple[str, ...], known: Known) -> Item:
    """The words as a condition on the texts of a run, or on the other column in which some run says them."""
    where = "text" if known.anyone_says(phrases) else known.elsewhere(phrases) or "text"
    return replace(item, kind="condition", payload=Condition("text", Mentions(phrases, where), False, item.words))


def _run_ids(a: Asked, i: int) -> tuple[str, ...]:
    """The ids of a run item; "run-010 to run-015" means all between, by order of the ids."""
    ids: tuple[str, ...] = a.items[i].payload
    j = a.skip(i + 1, 1, ("filler",))
    k = a.skip(j + 1, 2, ("filler", "noun"))
    if a.kind(j) != "to" or a.kind(k) != "run" or a.compare or a.figure or a.like:
        return ids
    last = a.items[k].payload[0]
    return tuple(run_id for run_id in sorted(a.known.ids) if ids[0] <= run_id <= last) or ids


def _flatten(conditions: list[Filter]) -> list[Filter]:
    """Nested conjunctions as one list, doubles once; the two ends of a range stay together."""
    flat: list[Filter] = []
    for condition in conditions:
        if isinstance(condition, And) and len({leaf.column for leaf in condition.leaves()}) > 1:
            flat += [part for part in _flatten(list(condition.parts)) if part not in flat]
        elif condition not in flat:
            flat.append(condition)
    return flat
