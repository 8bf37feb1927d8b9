"""Words that mean something by themselves and nothing beside others, so that they are passed over.

what have I done on MNIST            "done" is what was trained, not what has finished
what have I done in 2025 so far      "so far" is how things stand
models that reach FID 15             at most that, as "reach" is a bound of what is better
scripts written in April             made then, as any run is; "numbers written as text" is what a text says
I'm writing a report and need ...    what the answer is wanted for
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.registry.record.columns import about
from diffusionlab.search.ask.rules.reading import is_setting
from diffusionlab.search.read.items import Item
from diffusionlab.search.read.known import Known
from diffusionlab.search.words import courtesy_words as words
from diffusionlab.search.words.grammar_words import (
    BE,
    HAVE,
    OF_A_DEED,
    REACHING,
    SUBJECTS,
    WOULD,
    WRITE,
    WRITERS,
    WRITTEN,
)
from diffusionlab.search.words.lexicon import listed

_BEFORE_DATES = ("filler", "carrier", "moment")
_DATES = ("when", "recurring")
_BESIDE = (["after"], ["before"], ["since"])
_QUALIFIES = ("carrier", "when", "recurring", "by", "per")


def passed_over(items: list[Item], i: int) -> Item | None:
    """The item at i as a filler, where the words beside it tell that it adds nothing."""
    if _so_far(items, i):
        return replace(items[i], kind="filler", payload=None, words="so")
    if items[i].kind == "like" and any(item.words.lower() in WOULD for item in items[max(0, i - 2) : i]):
        return replace(items[i], kind="filler", payload=None, words="want")  # "I would like to see the runs"
    if _is_writing(items, i):
        return replace(items[i], kind="filler", payload=None, words="made")
    if items[i].words.lower() == "machine" and _follows(items, i, "learning"):
        return replace(items[i], kind="filler", payload=None, words="deep")
    if _reaches(items, i):
        return replace(items[i], kind="comparator", payload="best=")
    return replace(items[i], kind="filler", payload=None) if _is_deed(items, i) else None


def _so_far(items: Sequence[Item], i: int) -> bool:
    return items[i].words.lower() == "far" and i > 0 and items[i - 1].words.lower() == "so"


def _follows(items: Sequence[Item], i: int, word: str) -> bool:
    """Whether the word comes next, after a blank or a dash."""
    return next((item.words.lower() for item in items[i + 1 : i + 3] if item.words != "-"), "") == word


def _is_writing(items: Sequence[Item], i: int) -> bool:
    """ "WRITTEN in April", "what did I CODE on Sunday", "PROGRAMS from March", "the last script I WROTE"."""
    word = items[i].words.lower()
    if items[i].kind not in ("text", "filler") or word not in (*WRITTEN, *WRITE):
        return False
    if i > 0 and items[i - 1].words.lower() in WRITERS:
        return True
    rest = [item for item in items[i + 1 :] if item.kind not in _BEFORE_DATES and item.words.lower() not in WRITTEN]
    beside_run = [item.words.lower() for item in rest[:1]] in _BESIDE and [item.kind for item in rest[1:2]] == ["run"]
    return word in WRITTEN and (beside_run or any(item.kind in _DATES for item in rest[:1]))


def _reaches(items: Sequence[Item], i: int) -> bool:
    """ "REACH FID 15", "HIT a val loss of 0.03": that or better, where no other bound is named."""
    if items[i].kind not in ("filler", "text") or items[i].words.lower() not in REACHING:
        return False
    rest = [item for item in items[i + 1 : i + 6] if item.kind != "filler"][:2]
    kinds = sorted(item.kind for item in rest)
    return kinds == ["field", "number"] and any(item.kind == "field" and _is_rated(item.payload) for item in rest)


def _is_rated(column: str) -> bool:
    return about(column).better is not None and not is_setting(column)


def _is_deed(items: Sequence[Item], i: int) -> bool:
    """ "I have DONE", "DONE on MNIST", "DONE last month": what was run; "are done", "done runs": the status."""
    if items[i].kind != "condition" or items[i].words.lower() != "done":
        return False
    following = items[i + 1] if i + 1 < len(items) else None
    qualified = following is not None and (
        following.kind in _QUALIFIES or following.words.lower().split()[0] in OF_A_DEED
    )
    before = i - 1
    while before >= 0 and items[before].words.lower() in SUBJECTS:
        before -= 1
    verb = items[before].words.lower() if before >= 0 else ""
    passive = before >= 0 and any(item.words.lower() == "been" for item in items[before + 1 : i])
    perfect = (verb in HAVE or verb.endswith(("'ve", "'d"))) and not passive
    return qualified or perfect or (following is None and _is_perfect(items[:i]))


def _is_perfect(items: Sequence[Item]) -> bool:
    """ "How many epochs HAS the running run [done]": the last verb is none of a state."""
    verbs = [word for item in items for word in item.words.lower().split() if word in (*HAVE, *BE)]
    return bool(verbs) and verbs[-1] in HAVE


# -- what the answer is wanted for, and in which form

_FRAMED = ("filler", "text", "noun", "connector", "carrier", "break", "when", "than")


def without_frame(items: list[Item], known: Known) -> list[Item]:
    """The items without those that tell what the answer is wanted for; of other words there, that they are unread."""
    start = _end_of_frame(items, known)
    frame = [replace(item, kind="filler", payload=None) for item in items[:start] if _is_strange(item)]
    kept: list[Item] = []
    for i in range(start, len(items)):
        if _is_occasion(items, i, known):
            while kept and kept[-1].words.lower() in ("for", "a", "an", "my", "our", "the"):
                kept.pop()
        elif not (i and items[i - 1].words.lower() in words.ARTICLES and _is_form(items[i], words.TABLES, known)):
            drawn = _is_form(items[i], words.DRAWINGS, known)
            kept.append(replace(items[i], kind="filler", payload=None) if drawn else items[i])
    return frame + kept


def _end_of_frame(items: Sequence[Item], known: Known) -> int:
    """The index after "I'm writing my thesis and NEED", "for my presentation:"; 0 if the question begins at once."""
    if not items or items[0].words.lower() not in words.FRAMED:
        return 0
    end = next((i for i, item in enumerate(items) if _ends_frame(item)), len(items))
    said = [item for item in items[:end] if item.kind != "filler" or _is_strange(item) or _is_of_frame(item)]
    told = any(_is_of_frame(item) for item in said) and end + 1 < len(items)
    plain = all(item.kind in _FRAMED and not (item.kind == "text" and _is_said(item, known)) for item in items[:end])
    return end + 1 if told and plain else 0


def _ends_frame(item: Item) -> bool:
    return item.words in ",:;.!-" or item.words.lower() in words.NEEDS


def _is_of_frame(item: Item) -> bool:
    return item.words.lower() in {*listed(words.OCCASIONS), *listed(words.OCCUPIED)}


def _is_strange(item: Item) -> bool:
    """Whether a word before the question is none that tells what the answer is wanted for."""
    return item.kind == "text" and not _is_of_frame(item)


def _is_said(item: Item, known: Known) -> bool:
    return known.anyone_says((item.words,))


def _is_occasion(items: Sequence[Item], i: int, known: Known) -> bool:
    """Whether "for my TALK" stands at i, at the end of what is said: no runs are made for one."""
    if items[i].kind not in ("text", "filler") or items[i].words.lower() not in words.PASSING:
        return False
    before = [item.words.lower() for item in items[max(0, i - 2) : i]]
    last = all(item.kind == "break" or item.words in "?.!" for item in items[i + 1 : i + 2])
    return last and before[:1] == ["for"] and len(before) > 1 and not _is_said(items[i], known)


def _is_form(item: Item, forms: Sequence[str], known: Known) -> bool:
    return item.kind == "text" and item.words.lower() in forms and not _is_said(item, known)
