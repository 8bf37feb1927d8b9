"""Questions about runs that are named, questions of yes or no, and those for pictures.

when did I train run-020?     why did run-031 fail?     where are the checkpoints of my best run?
is run-020 conditional?       do I have latent models?  is run-036 better than run-023?
images of run-020             samples of the best CIFAR-10 run
images of CIFAR10 v5          pictures of old_ddpm.py
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from diffusionlab.registry.filters.filter import And, Not
from diffusionlab.search.ask.asked import Asked, beginning, begins_with
from diffusionlab.search.ask.figures.shares import told_of_taken
from diffusionlab.search.ask.figures.told import told_last
from diffusionlab.search.ask.joining.scope import Operand
from diffusionlab.search.ask.orders.sorting import size_of_runs
from diffusionlab.search.ask.rules.comparisons import END, ENDED
from diffusionlab.search.read.items import Condition, Item, missing_filter
from diffusionlab.search.read.text import Mentions
from diffusionlab.search.words import asking_words as words
from diffusionlab.search.words.english import is_harmless
from diffusionlab.search.words.lexicon import listed

_FACTS = {columns: beginning(listed(text)) for columns, text in words.FACTS.items()} | {
    words.SETTINGS: begins_with(words.SETTINGS_ASKED)
}
_WHY = ("status", "reason", "description", "notes")
_PICTURES = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, listed(words.PICTURES)), key=len, reverse=True))})\b")
_SHOW_ME = re.compile(r"\s*(?:(?:please|can you|could you|show|give|display|see|get|me|us|all|the|any|some)\s+)*")
_FAIL = ("fail", "failed", "crash", "crashed")
_EXIST = tuple(words.EXIST.split())
_THESE = ("the", "my", "our", "these", "those")
_ONE = ("run", "model", "training", "experiment", "script", "notebook")


def facts_asked(a: Asked) -> None:
    """Which columns are asked about the runs that are named, or about the one that comes first."""
    one = a.order is not None and a.order.count == 1
    named = any(item.kind == "run" for item in a.items)
    why = _FACTS[_WHY].match(a.text) and any(item.kind == "condition" for item in a.items)
    # "the MNIST run", "the EDM model"
    told = any(a.kind(i - 1) in ("condition", "text") and a.words(i) in _ONE for i in range(1, len(a.items)))
    if a.compare or a.like or a.figure is not None:
        return
    if not (named or one or why or told):
        _facts_of_many(a)
        return
    matches = [(m.end(), columns) for columns, pattern in _FACTS.items() if (m := pattern.match(a.text))]
    if not matches:
        return
    end, columns = max(matches)
    of_a_run = any(item.start >= end and item.words.lower() in _ONE for item in a.items)
    asks_for_it = columns == ("description",) or (columns[0] == "architecture" and not of_a_run)
    if not named and asks_for_it:  # "what is the best model", "which architecture is the best"
        return
    after = [i for i, item in enumerate(a.items) if item.start >= end]
    if columns == ("created_at",):
        columns, after = _dates_asked(a, after, named)
    if named and columns[0] not in ("status", "path") and any(_tells_more(a, i) for i in after):
        return
    if a.show and (columns == ("description",) or (columns[-1] == "description" and _first_field(a, after))):
        columns = ()  # "what is the learning rate of run-020", "tell me about the learning rate of run-020"
    if columns == ("num_parameters",):
        columns = _size_asked(a, after)
    begins = [item.payload for item in a.items if item.kind == "field" and item.start < end]  # "what hardware"
    a.facts = (*columns, *(column for column in a.show if column not in (*columns, *(begins if columns else ()))))
    a.used |= {i for i, item in enumerate(a.items) if item.start < end and item.kind != "run"}
    a.used |= {i for i, item in enumerate(a.items) if item.kind in ("moment", "noun", "filler")}
    a.used |= {i for i, item in enumerate(a.items) if item.words.lower() in words.SAID_OF_FACTS}
    if named and columns[:1] == ("status",):  # "why did run-031 fail": that it failed is no condition
        a.used |= {
            i for i, item in enumerate(a.items) if item.kind == "condition" and item.payload.category == "status"
        }


def _dates_asked(a: Asked, after: list[int], named: bool) -> tuple[tuple[str, ...], list[int]]:
    """The dates that "when" asks for, and what follows beside them: "when did run-020 start and finish"."""
    ends = {
        i
        for i in after
        if (_is_end(a.items[i]) or a.words(i) in _FAIL) and a.kind(i) == "condition" and a.kind(i + 1) != "noun"
    }
    begins = any(a.items[i].kind == "moment" and a.items[i].payload == "created_at" for i in after)
    over = bool(ends) or ((named or begins) and any(_is_end(item) for item in a.items))
    if not over:
        return ("created_at",), after
    if named:
        a.order = None  # "when was run-020 last modified"
    a.used |= ends if begins else set()  # "when did the latest run start and finish" asks for no finished one
    return ("created_at", "modified_at") if begins else ("modified_at",), [i for i in after if i not in ends]


def _facts_of_many(a: Asked) -> None:
    """ "When were the MNIST runs started and finished": both dates of each; "settings of the MNIST runs"."""
    if m := _FACTS[("created_at",)].match(a.text):
        columns, _ = _dates_asked(a, [i for i, item in enumerate(a.items) if item.start >= m.end()], False)
        a.show += columns if columns != ("created_at",) else ()
    elif m := _FACTS[words.SETTINGS].match(a.text):
        a.show += words.SETTINGS
        a.used |= {i for i, item in enumerate(a.items) if item.start < m.end()}


def dates_shown(a: Asked) -> None:
    """The dates of a run that are named without "when": "created and modified date of run-002", "dates of run-002"."""
    named = any(item.kind == "run" for item in a.items)
    dated = any(word in words.DATES for item in a.items for word in item.words.lower().split())
    if not (named and dated) or a.facts or a.whether or a.compare or a.figure is not None:
        return
    if any(item.kind == "when" for item in a.items):
        return
    said = {i for i, item in enumerate(a.items) if item.kind == "moment" or a.words(i) in END}
    if not said:
        said = {i for i in range(len(a.items)) if a.words(i) in words.DATES}
        a.show += ["created_at", "modified_at"]
        a.used |= said
        return
    told = [i for i in sorted(said) if a.words(i) not in words.DATES] or sorted(said)[:1]
    a.show += [a.items[i].payload if a.kind(i) == "moment" else "modified_at" for i in told]
    a.used |= said


def _size_asked(a: Asked, after: list[int]) -> tuple[str, ...]:
    """What "how big" asks for: files have a size on the disk, pictures pixels, runs parameters; a field that is named
    tells it by itself."""
    if any(a.words(i) in words.FILES for i in after):
        return ("size_bytes",)
    if any(a.words(i) in words.IMAGES for i in after):
        return ("image_size",)
    if (column := _first_field(a, after)) is None:
        return (size_of_runs(a),)
    return () if column in a.show else (column,)  # "how large is the batch size of run-020", "the largest batch size"


def _first_field(a: Asked, after: list[int]) -> str | None:
    """The column that is named first of all, be it after a superlative."""
    first = next((a.items[i] for i in after if a.items[i].kind not in ("filler", "superlative")), None)
    return str(first.payload) if first is not None and first.kind == "field" else None


def _is_end(item: Item) -> bool:
    """Whether an item speaks of the end of a run: "modified", "finished"."""
    return (item.kind == "moment" and item.payload == "modified_at") or item.words.lower() in (*ENDED, *END)


def _tells_more(a: Asked, i: int) -> bool:
    """Whether the item at i asks for something beside the facts: "when did run-020 reach fid < 10"."""
    return a.kind(i) in ("condition", "comparator")


def pictures_asked(a: Asked) -> None:
    """Pictures of the runs that are named or that come first; of all that are found where the question begins so."""
    m = _PICTURES.search(a.text)
    whether = any(item.kind == "condition" and item.payload.category == "pictures" for item in a.items)
    if m is None or a.compare or a.figure is not None or whether:  # "are there images of run-020"
        return
    if any(item.kind == "field" and item.payload == "image_size" and item.start < m.start() for item in a.items):
        return  # "the size of the images of run-020"
    after = next((item for item in a.items if item.start >= m.end() and item.kind != "filler"), None)
    begins = _SHOW_ME.fullmatch(a.text[: m.start()]) and after is not None and _is_subject(after)
    if begins or any(item.kind in ("run", "superlative") for item in a.items):
        a.pictures = True
        a.used |= {i for i, item in enumerate(a.items) if m.start() <= item.start < m.end() and item.kind != "run"}


def _is_subject(item: Item) -> bool:
    """Whether an item can be what has pictures: "images of CIFAR10 v5", but not "images of at least 64 pixels"."""
    return item.kind == "text" or (item.kind == "condition" and item.payload.category != "image_size")


Checked = tuple[list[Operand], list[Operand] | None]
"""The runs that are asked about, and what is asked of them; None for whether there are any."""


def checked(a: Asked, found: list[Operand]) -> Checked | None:
    """(the runs that are asked about, what is asked of them: None for whether there are any); None if the question is
    not of that kind."""
    if not a.whether or a.figure is not None or a.compare or a.like:
        return None
    subject = [operand for operand in found if operand.category == "run_id" and not operand.negated]
    rest = [operand for operand in found if operand not in subject]
    if any(item.kind == "superlative" and item.words.lower() in words.OF_TWO for item in a.items):
        return None  # "did run-019 or run-020 get the lower FID": which of them
    if a.order is not None:
        one = a.order.count == 1 and not a.order.per
        if subject:  # "is run-036 the best on CIFAR-10?"
            return (rest, subject) if one else None
        return _of_the_first(a, found)
    if subject and rest:
        return subject, rest
    following = re.findall(r"[a-z]+", a.text[a.whether :])[:2]
    if "never" in following or following == ["there", "no"]:  # "did I never use RMSprop?"
        a.used |= {i for i, item in enumerate(a.items) if item.words.lower() == "never"}
        told = [operand for operand in found if operand.start > a.whether]  # "Lion on CIFAR-10": no run is both
        subject, told = _of_every(a, found, told)
        return subject, _none_of(found, told)
    every = next((k for k in range(len(a.items)) if a.words(k) in words.EVERY.split()), None)
    if a.subject is not None and a.subject.which != "any":
        return None
    if every is not None and a.kind(every + 1) == "field":  # "did a DiT run on all data sets" is of groups
        a.passed += [a.items[every]] if a.kind(every) == "filler" else []
        return None
    if following and following[0] in words.EVERY.split() and following[1:] != ["but"]:
        a.most = following[0] == "most"
        subject, told = _of_every(a, found, told_last(a, found, a.whether))
        if not told:  # "is everything ok?" tells nothing that could be so of all
            last = [item for item in a.items if item.words.lower()[:1].isalpha()][-1:]
            a.passed += [item for item in last if is_harmless(item.words.lower())]  # any other is named by itself
            return None
        none = following[0] in ("no", "none", "nothing")
        return (subject, _none_of(found, told)) if none else (subject, told)
    if following and following[0] in _THESE:
        told = told_last(a, found, a.whether)
        subject = [operand for operand in found if operand not in told]
        if told and subject:  # "is the Fashion-MNIST run finished?", "do my U-Nets use attention?"
            return subject, told
    exists = bool(following) and (following[0] in _EXIST or any(item.kind == "noun" for item in a.items[:3]))
    exists = exists or " ever " in a.text  # "has SGD ever been used?"
    return (rest or subject, None) if exists else None


def understood(a: Asked, found: list[Operand], check: Checked | None) -> tuple[list[Operand], Checked | None]:
    """The conditions and what is asked of them, without a yes or no where it is told in a word that no run says: "are
    my results publishable?". That word is named as unread."""
    following = re.findall(r"[a-z]+", a.text[a.whether :])[:1]
    verb = a.text[: a.whether].split()[-1:]
    if check is None or verb not in (["is"], ["are"], ["was"], ["were"]) or "mention" in a.text:
        return found, check
    told = check[1] if check[1] is not None else found if following and following[0] in (*_THESE, "it") else []
    strange = [o for o in told if isinstance(o.condition.filter, Mentions) and _is_unsaid(a, o.condition.filter)]
    if not strange:
        return found, check
    a.passed += [Item("filler", None, o.words, o.start, o.start + len(o.words)) for o in strange]
    return [operand for operand in found if operand not in strange], None


def _is_unsaid(a: Asked, said: Mentions) -> bool:
    return said.where == "text" and not a.known.anyone_says(said.phrases)


def leaves_open(left: Sequence[str]) -> bool:
    """Whether words that nothing was made of leave no yes or no: those that compare ("more"), and those that tell
    something ("is it any good?"), unlike "is run-019 done yet?"."""
    said = {word for words_left in left for word in words_left.lower().split()}
    return bool(said - {*words.BY_THE_WAY})


def _of_the_first(a: Asked, found: list[Operand]) -> tuple[list[Operand], list[Operand]] | None:
    """ "Is the best CIFAR-10 run a transformer?", "did the five latest runs fail?": asked is of the runs that an order
    takes, and that the conditions before the verb tell."""
    assert a.order is not None
    following = re.findall(r"[a-z]+", a.text)[1:2]
    if (a.order.count, a.order.percent) == (None, None) or a.order.rest or following == ["there"]:
        return None
    first = next((item.start for item in a.items if item.kind == "superlative"), 0)
    named = [operand for operand in found if operand.category in a.show and operand.start < first]
    told = named or told_of_taken(a, found)  # "is Adam the best optimizer on CIFAR-10"
    a.most = bool(re.match(r"\s*\w+\s+most\b", a.text))
    a.used |= {i for i, item in enumerate(a.items) if item.words.lower() in words.EVERY.split()}
    return ([operand for operand in found if operand not in told], told) if told else None


def _none_of(found: list[Operand], told: list[Operand]) -> list[Operand]:
    """ "Did no MNIST run fail?": the negation, read of the condition after it, is of what is told."""
    if found:
        found[0].negated = not found[0].negated
    none = Condition("none", Not(And(*(operand.filter for operand in told))))
    return [Operand(none, False, "", False, " ".join(operand.words for operand in told))] if told else told


def _of_every(a: Asked, found: list[Operand], told: list[Operand]) -> tuple[list[Operand], list[Operand]]:
    """ "Do all MNIST runs use AdamW?", "has every run got a FID?"."""
    a.used |= {i for i, item in enumerate(a.items) if item.words.lower() in words.EVERY.split()}
    columns = [column for column in a.show if column != "arch_tags"]
    last = max((item.start for item in a.items if item.kind == "field"), default=0)
    if columns and all(operand.start < last for operand in found):  # nothing is told but that it is recorded
        known = And(*(Not(missing_filter(column, a.known)) for column in columns))
        a.show.clear()
        return found, [Operand(Condition(f"known {columns[0]}", known), False, "", False, columns[0])]
    return [operand for operand in found if operand not in told], told
