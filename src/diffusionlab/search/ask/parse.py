"""A question to a `Query`: pure, no I/O.

scan.py     text -> items              reduce.py   items -> conditions on numbers and the like
combine.py  conditions -> and / or     intents.py sorting.py superlatives.py   what is asked, in which order
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from diffusionlab.registry.filters.conditions import Compare, In
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.search.ask.asked import Asked
from diffusionlab.search.ask.combine import Operand, join, operands
from diffusionlab.search.ask.dated import dated
from diffusionlab.search.ask.intents import fields, intent, likeness, limit
from diffusionlab.search.ask.leftovers import say_what_is_left, unknown_values
from diffusionlab.search.ask.neighbours import settle
from diffusionlab.search.ask.reduce import reduce
from diffusionlab.search.ask.sides import compared
from diffusionlab.search.ask.sorting import per, sorting
from diffusionlab.search.ask.superlatives import superlative
from diffusionlab.search.query.query import LISTING, Ask, Comparison, Likeness, Query, Side
from diffusionlab.search.read.items import Condition, Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.scan import scan
from diffusionlab.search.read.text import Mentions, words_of
from diffusionlab.search.read.tokens import clean, tokenize


def parse(question: str, known: Known, now: datetime) -> Query:
    """Read a question. ValueError (one line) where it is empty or too long."""
    if not question.strip():
        raise ValueError('the question is empty; ask something like "unets on MNIST with fid below 10"')
    scanned, misspelt = scan(question, known, now)
    items, notes = reduce(settle(scanned, known), known)
    asked = Asked(items, known, [*misspelt, *notes])
    for read in (intent, likeness, sorting, superlative, per, limit, fields, dated):
        read(asked)
    found = operands(_conditions(asked))
    sides: list[Side] = []
    if asked.compare:
        sides, conditions = compared(found, known)
    else:
        conditions = join(found)
    if any(item.kind == "not both" for item in items):
        either = [c for c in conditions if isinstance(c, Or) and len(c.parts) == 2]
        conditions = [*conditions, *(Not(And(*c.parts)) for c in either[-1:])]
    say_what_is_left(asked, found)
    return _query(question.strip(), asked, found, conditions, _ask(asked, sides))


def _ask(asked: Asked, sides: list[Side]) -> Ask:
    if asked.like:
        return Likeness(asked.like)
    if asked.compare:
        return Comparison(tuple(sides))
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


def text_query(question: str, known: Known) -> Query:
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
            item = _mention(item, phrases)
        elif item.kind == "number":
            if not any(c.isdigit() for c in item.words) or a.compare or a.figure:
                continue
            a.notes.append(
                f'"{item.words}" has no field; write it as in "batch size {item.words}" or "{item.words} epochs"'
            )
            item = _mention(item, (item.words,))
        elif item.kind == "to" and a.compare:
            item = replace(item, kind="connector", payload="vs")
        found.append(item)
    return found


def _mention(item: Item, phrases: tuple[str, ...]) -> Item:
    return replace(item, kind="condition", payload=Condition("text", Mentions(phrases), False, item.words))


def _run_ids(a: Asked, i: int) -> tuple[str, ...]:
    """The ids of a run item; "run-010 to run-015" means all between, by order of the ids."""
    ids: tuple[str, ...] = a.items[i].payload
    j = a.skip(i + 1, ("filler",), 1)
    k = a.skip(j + 1, ("filler", "noun"), 2)
    if a.kind(j) != "to" or a.kind(k) != "run" or a.compare or a.figure or a.like:
        return ids
    last = a.items[k].payload[0]
    return tuple(run_id for run_id in sorted(a.known.ids) if ids[0] <= run_id <= last) or ids


def _flatten(conditions: list[Filter]) -> list[Filter]:
    """Nested conjunctions as one list, doubles once; the two ends of a range stay together."""
    flat: list[Filter] = []
    for condition in conditions:
        if isinstance(condition, And) and len({leaf.column for leaf in condition.leaves()}) > 1:
            flat += _flatten(list(condition.parts))
        elif condition not in flat:
            flat.append(condition)
    return flat
