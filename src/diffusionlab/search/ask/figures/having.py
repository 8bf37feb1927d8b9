"""Groups that meet a condition of their own.

which data sets have fewer than five runs      count of each dataset, < 5
optimizers used only once                      count of each optimizer, = 1
architectures with a mean FID below 20         mean fid of each architecture, < 20
optimizers never used with transformers        share of transformers of each optimizer, = 0
schedules that appear only on MNIST            share of runs on MNIST of each schedule, = 1
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import cast

from diffusionlab.registry.filters.conditions import COMPARE, Compare
from diffusionlab.registry.filters.filter import And, Filter, Not
from diffusionlab.registry.record.columns import short
from diffusionlab.search.ask.asked import Asked, several
from diffusionlab.search.ask.figures.whether import told_of_every
from diffusionlab.search.ask.joining.combine import join
from diffusionlab.search.ask.joining.scope import Operand
from diffusionlab.search.ask.keys import Key, ask_figure, each, is_measure, key_at
from diffusionlab.search.ask.orders.sorting import descends
from diffusionlab.search.ask.rules.reading import is_numeric
from diffusionlab.search.query.query import Figure, GroupKey, Having, How, Side
from diffusionlab.search.query.where_text import condition_side
from diffusionlab.search.read.items import Condition
from diffusionlab.search.words.asking_words import ALL_OF, EXACTLY, ONE_RUN, ONLY, TIMES

_FILLER = ("filler",)
_RUNS = ("run", "runs", "model", "models", "training", "trainings", "experiment", "experiments", "script", "scripts")
_USED = ("used", "tried", "trained", "occur", "occurring", "appearing", "appear", "run", "chosen", "picked")


def having(a: Asked) -> bool:
    """KEYS with FEWER THAN N runs, KEYS used ONCE, KEYS on AT LEAST N values, KEYS with a MEAN FIELD below N."""
    return _of_runs(a) or _of_values(a) or _of_a_figure(a) or _of_a_number(a)


def _of_runs(a: Asked) -> bool:
    """A number of runs, or of times that a value was used, after what groups are made by."""
    if any(_is_figure(a, k) for k in range(len(a.items))):
        return False  # the bound is one more of its groups
    for i in range(len(a.items)):
        key = _key_before(a, i)  # first: a number that is read is used up
        found = (_number_of_runs(a, i) or _number_of_times(a, i)) if key or _is_whether(a, i) else None
        if not found:
            continue
        condition, places = found
        counts = {k for k in range(i) if a.kind(k) == "count"}  # "how many data sets have more than 5 runs"
        ask_figure(a, places | counts | _again(a, i, key), key, "count")
        assert a.figure is not None
        a.figure = replace(a.figure, having=condition)
        return True
    return False


def _again(a: Asked, i: int, key: Key | None) -> set[int]:
    """ "(Runs) PER DATA SET, only data sets (with at least 4)": where the groups are named twice before place i."""
    keys = [other for k in range(i) if key and (other := key_at(a, k, 0)) and other.column == key.column]
    places = {k for other in keys[1:] for k in other.places}
    return places | {min(keys[0].places) - 1} if places and a.kind(min(keys[0].places) - 1) == "per" else places


def _is_figure(a: Asked, i: int) -> bool:
    """Whether a figure is asked for at i: a share, the "mean fid", but not the "total" of "5 runs in total"."""
    measured = a.kind(i) == "how" and a.kind(a.skip(i + 1, 3, _FILLER)) in ("field", "condition")
    return measured or a.kind(i) in ("rate", "share")


def of_so_many_runs(a: Asked) -> None:
    """ "Mean fid per data set, only data sets with AT LEAST 4 runs": groups of another figure, of so many runs."""
    figure = a.figure
    if figure is None or figure.sides or (figure.how == "count" and figure.having is not None):
        return
    for i in range(len(a.items)):
        found = _number_of_runs(a, i) if not _is_whether(a, i) else None
        key = _named_before(a, i, figure) if found else None
        if found is None or key is None:
            continue
        a.figure = replace(figure, by=figure.by or (GroupKey(key.column, key.unit),), runs=found[0])
        a.used |= found[1] | key.places
        return


def _named_before(a: Asked, i: int, figure: Figure) -> Key | None:
    """The groups that are named before place i, again ("only DATA SETS with") or for the first time."""
    used, a.used = a.used, set()  # the figure has used what names its groups
    keys = [key for k in range(i) if a.kind(k - 1) != "condition" and (key := key_at(a, k, 0)) and max(key.places) < i]
    a.used = used
    by = figure.by[0] if figure.by else None
    said = [key for key in keys if by is None or (key.column, key.unit) == tuple(by)]
    plural = bool(said) and a.words(max(said[-1].places)).endswith("s")
    return said[-1] if said and (by is not None or plural) else None


def _is_whether(a: Asked, i: int) -> bool:
    """ "Do I have MORE THAN 3 (DiTs)", "are there EXACTLY two (runs on MNIST)": of all runs, yes or no."""
    return bool(a.whether) and (_bounds(a, i) or a.words(i) in EXACTLY)


def _bounds(a: Asked, i: int) -> bool:
    """Whether the item at i compares numbers, as "better than" does not."""
    return a.kind(i) == "comparator" and a.items[i].payload in COMPARE


def _number_of_runs(a: Asked, i: int) -> tuple[Having, set[int]] | None:
    """FEWER THAN five runs, EXACTLY 2 runs, a SINGLE run."""
    if a.kind(a.skip(i - 1, 2, _FILLER, -1)) not in ("carrier", "by") and not _is_whether(a, i):
        return None
    compared, exactly = _bounds(a, i), a.words(i) in EXACTLY
    number = a.skip(i + 1, 2, _FILLER) if compared or exactly else i
    op = str(a.items[i].payload) if compared else "="
    after = a.skip(number + 1, 2, (*_FILLER, "condition"))  # "more than 3 failed runs"
    kinds = any(several(a, k) for k in range(number + 1, after))  # "at least 2 DiTs"
    if not kinds and (a.kind(after) != "noun" or a.words(after) not in _RUNS):
        return None
    if a.counts(number):
        return Having(op, float(a.count(number))), {i, number, *({i - 1} if a.kind(i - 1) == "by" else ())}
    return (Having(op, 1.0), {i, number}) if a.words(number) in ONE_RUN else None


def _number_of_times(a: Asked, i: int) -> tuple[Having, set[int]] | None:
    """Used ONCE, used MORE THAN TWICE, tried AT LEAST 3 TIMES."""
    if not any(a.words(k) in _USED for k in range(max(0, i - 3), i)):
        return None
    compared = _bounds(a, i)
    j = a.skip(i + 1, 2 * (a.words(i + 1) not in TIMES), _FILLER) if compared else i
    op = str(a.items[i].payload) if compared else "="
    if a.words(j) in TIMES and a.kind(j):
        return Having(op, TIMES[a.words(j)]), {i, j}
    if a.counts(j) and a.words(j + 1) == "times":
        return Having(op, float(a.count(j))), {i, j, j + 1}
    return None


def _of_values(a: Asked) -> bool:
    """A number of values of another field: "optimizers used on at least 3 data sets"."""
    for i in range(len(a.items)):
        number = a.skip(i + 1, 2, _FILLER)
        of, one = a.skip(number + 1, 2, (*_FILLER, "different")), a.words(number) == "one"
        if (
            not _bounds(a, i)
            or not (a.counts(number) or one)
            or a.kind(of) != "field"
            or is_numeric(a.items[of].payload)
        ):
            continue
        key = _key_before(a, i)
        same = key is not None and key.column == a.items[of].payload
        if (key is None and not a.whether) or same or not (one or a.words(of).endswith("s")):
            continue
        count = 1 if one else a.count(number)
        ask_figure(a, range(i, of + 1), key, "distinct", a.items[of].payload)
        assert a.figure is not None
        a.figure = replace(a.figure, having=Having(str(a.items[i].payload), float(count)))
        return True
    return False


def _of_a_figure(a: Asked) -> bool:
    """KEYS with a MEAN FID below 20: the condition is of the figure, not of the runs."""
    for i in range(len(a.items)):
        j = a.skip(i + 1, 2, _FILLER)
        if a.kind(j) != "condition" or not isinstance(a.items[j].payload, Condition):
            continue
        condition, key = a.items[j].payload.filter, each(a) or _key_before(a, i)
        how = _how(a, i, condition) if key or a.whether else None
        if how is None:
            continue
        if (key is None and not a.whether) or not isinstance(condition, Compare) or not is_numeric(condition.column):
            continue
        ask_figure(a, {i, j}, key, how, condition.column)
        assert a.figure is not None and isinstance(condition.value, int | float)
        a.figure = replace(a.figure, having=Having(condition.op, float(condition.value)))
        return True
    return False


def _how(a: Asked, i: int, condition: Filter) -> How | None:
    """What is taken of each group: the MEAN, or, of a BEST FID, the lowest."""
    if a.kind(i) == "how":
        return cast(How, a.items[i].payload)
    if a.kind(i) != "superlative" or a.whether or not isinstance(condition, Compare):
        return None
    return "max" if descends(a.items[i], condition.column) else "min"


def _of_a_number(a: Asked) -> bool:
    """ "Is the NUMBER of runs on MNIST ABOVE 3?", "is the number of different optimizers at most 5?"."""
    count = next((i for i in range(len(a.items)) if a.kind(i) == "count"), None)
    bound = next((i for i in range(len(a.items)) if _bounds(a, i) and a.counts(i + 1)), None)
    if not a.whether or count is None or bound is None or bound < count:
        return False
    having = Having(str(a.items[bound].payload), float(a.count(bound + 1)))
    of = a.skip(count + 1, 3, ("filler", "different"))
    if a.kind(of) == "field" and not is_numeric(a.items[of].payload):
        return ask_figure(a, {*range(count, of + 1), bound}, None, "distinct", a.items[of].payload, having=having)
    return ask_figure(a, {count, bound}, None, "count", having=having)


# -- none or all of the runs of a group

_VERBS = (
    *("was", "were", "is", "are", "has", "have", "had", "did", "do", "does", "been", "i", "we", "there", "when"),
    *("ran", "got", "get", "saw"),
)
_OWNERS = ("have", "has", "had", "with", "which", "whose", "where", "did", "do")
_LINKS = ("filler", "carrier", "moment")


def of_none_or_all(a: Asked, found: list[Operand]) -> list[Operand]:
    """The conditions of the runs among which no run, or each, of a group is what the others say; these go into the
    figure. "Which optimizer was never used on MNIST" asks for optimizers, not for the runs that are not on MNIST."""
    counted = a.figure is not None and a.figure.how == "distinct" and not a.figure.by  # "how many data sets"
    key = None if (a.figure and not counted) or a.order or a.compare or a.like or a.facts else _asked_first(a)
    if key is None or any(operand.category == "run_id" for operand in found):
        return found
    place, share = _quantified(a, key)
    if place is None and (lacked := _lacked(a, key, found)):
        column = lacked.category.removeprefix("known ")
        known = Side(f"a known {short(column)}", Not(lacked.condition.filter))
        _of_groups(a, key, "share", None, Having("=", 0.0), known)
        return [operand for operand in found if operand is not lacked]
    if place is None and a.subject is not None and a.subject.which == "every":
        return _by_every(a, key, found)
    if place is None:
        return _on_both(a, key, found) or _but_not(a, key, found)
    start = a.items[place].start
    part = [operand for operand in found if operand.start >= start or operand.start + len(operand.words) > start]
    part = part or found[-1:] * (share == 1)  # "optimizers tried on MNIST only"
    among = [operand for operand in found if operand not in part]
    if not part or any(operand.category == key.column for operand in part):
        return found
    if any(operand.joined == "but" for operand in found) or sum(item.kind == "not" for item in a.items) > 1:
        return _but_not(a, key, found)
    for operand in part:
        operand.negated, operand.joined = False, operand.joined.replace("nor", "or")
    a.used |= {k for k in range(place, len(a.items)) if a.words(k) in (*ALL_OF, *ONLY, "never")}
    a.used.add(place)
    _of_groups(a, key, "share", None, Having("=", float(share)), condition_side(And(*join(part)), a.known))
    return among


def _by_every(a: Asked, key: Key, found: list[Operand]) -> list[Operand]:
    """ "(Did every) DATA SET get a DiT", "(does every) OPTIMIZER have a FID": a run with that, of each."""
    told = told_of_every(a, found)
    if not told:
        return found
    part = condition_side(And(*join(told)), a.known)
    if len(told) == 1 and told[0].category.startswith("known "):
        part = replace(part, label=f"a known {short(told[0].category.removeprefix('known '))}")
    _of_groups(a, key, "share", None, Having("!=", 0.0), part)
    return [operand for operand in found if operand not in told]


def _on_both(a: Asked, key: Key, found: list[Operand]) -> list[Operand] | None:
    """ "(Optimizers) used on BOTH MNIST and CIFAR-10": with as many values of that field among these."""
    places = [k for k in range(len(a.items)) if a.words(k) == "both"]
    if not places or len(found) < 2:
        return None
    (category, *others) = {operand.category for operand in found}
    if others or not found[0].condition.single or any(operand.negated for operand in found):
        a.passed.append(a.items[places[0]])  # "both a U-Net and a transformer"
        return None
    _of_groups(a, key, "distinct", category, Having("=", float(len(found))))
    return found


def _but_not(a: Asked, key: Key, found: list[Operand]) -> list[Operand]:
    """ "(Architectures) used on CelebA but not on MNIST": with runs on either, and none of these on MNIST."""
    parted = [(last, o) for last, o in pairwise(found) if o.negated > last.negated and o.category == last.category]
    negations = {k for k in range(len(a.items)) if a.kind(k) == "not"}
    if len(parted) != 1 or len(negations) > 1 or not parted[0][0].condition.single:
        a.passed += [a.items[k] for k in sorted(negations) if parted]
        return found
    _, other = parted[0]
    other.negated, other.joined = False, "or"
    a.used |= negations
    part = condition_side(other.condition.filter, a.known)
    _of_groups(a, key, "share", None, Having("=", 0.0), part)
    return found


def _of_groups(a: Asked, key: Key, how: How, of: str | None, having: Having, part: Side | None = None) -> None:
    """Ask for the groups whose figure meets a condition, and for nothing else."""
    a.show.clear()
    ask_figure(a, (), key, how, of, having=having, part=part)


def not_of_the_first_group(a: Asked, found: list[Operand]) -> list[Operand]:
    """ "Is SGD the most used optimizer": which is the first of all is told, and SGD chooses no runs."""
    if not a.whether or a.figure is None or a.figure.descending is None or not a.figure.by:
        return found
    return [operand for operand in found if operand.category != a.figure.by[0].column or operand.negated]


def _lacked(a: Asked, key: Key, found: list[Operand]) -> Operand | None:
    """ "(Data sets) without a fid", "(which optimizers) have no val loss": said of what is asked for, not of runs."""
    i = a.skip(a.subject.after if a.subject else max(key.places) + 1, 3, _LINKS)
    item = a.items[i] if a.kind(i) == "condition" else None
    lacks = item is not None and item.payload.category.startswith("known ") and not isinstance(item.payload.filter, Not)
    if item is None or not lacks or a.kind(a.skip(i + 1, 2, _FILLER)) not in ("", "break", "condition", "carrier"):
        return None
    return next((operand for operand in found if operand.start == item.start and not operand.negated), None)


def _asked_first(a: Asked) -> Key | None:
    """What the question asks for, where it is a property and no run: "which data set", "optimizers"."""
    if a.subject is not None:
        return a.subject.key
    led = a.kind(0) == "carrier" and a.words(1) in ("which", "what")  # "on which data sets did no run fail?"
    last = a.skip(int(led), 4, ("filler", "count", "different"))
    key = next((key for k in range(last + 1) if (key := _key_named(a, k))), None)
    asked = key is not None and any(a.words(k) in ("which", "what", "whichever") for k in range(min(key.places)))
    plural = key is not None and a.words(max(key.places)).endswith("s")
    if key is None or is_measure(key.column) or not (asked or plural):
        return None
    return key if a.kind(max(key.places) + 1) != "noun" else None


def _key_named(a: Asked, i: int) -> Key | None:
    """What is named at i; also a field that is counted, and so used up."""
    item = a.items[i] if i < len(a.items) else None
    if a.figure is not None and item is not None and item.kind == "field" and item.payload == a.figure.of:
        return Key(item.payload, None, frozenset({i}))
    return key_at(a, i, 0)


def _quantified(a: Asked, key: Key) -> tuple[int | None, int]:
    """The place of the word that says none (0) or all (1) of the runs, before any other word for runs."""
    after = a.subject.after if a.subject else max(key.places) + 1
    for i in range(after, len(a.items)):
        if _ends_with_all(a, i):
            return i, 1
        if a.kind(i) == "noun" or a.words(i) == "of":
            return (i if a.kind(i + 1) == "" and a.words(i) in ONLY else None), 1
        if a.kind(i) == "not" and a.items[i].payload != "except":
            return (i, 0) if _is_of_group(a, after, i) else (None, 0)
        if a.words(i) in ONLY or (a.words(i) in ALL_OF and a.words(i - 1) in _OWNERS and a.kind(i + 1) == "noun"):
            return i, 1
    return None, 0


def _ends_with_all(a: Asked, i: int) -> bool:
    """ "(Optimizers that failed) ON EVERY RUN", "on ALL RUNS", at the end of what is said."""
    all_of = a.words(i).split()[-1:] and a.words(i).split()[-1] in ALL_OF and a.words(i - 1) not in _OWNERS
    ends = a.kind(i + 2) in ("", "break") or a.words(i + 2) in ("?", ".", "!")
    return bool(all_of) and a.kind(i + 1) == "noun" and ends


def _is_of_group(a: Asked, after: int, i: int) -> bool:
    """Whether the negation at i is of what is asked for: "(optimizers) never used", "(data sets) without U-Nets"; not
    that of "which optimizers were used without attention", "used on U-Nets not on MNIST"."""
    if a.items[i].payload == "not" and (a.words(i) not in ("not", "non") or a.words(i - 1) in _VERBS):
        return True
    links = (k for k in range(after, i) if a.words(k + 1) != "which")  # "(data sets) on which no run failed"
    return all(a.kind(k) in _LINKS and a.words(k) in (*_VERBS, *_OWNERS, "that") for k in links)


def _key_before(a: Asked, i: int) -> Key | None:
    """What groups are made by, as it is named before place i, where it is no part of a value ("the SGD optimizer")."""
    keys = ((k, key_at(a, k, 0)) for k in range(i) if a.kind(k - 1) != "condition")
    return next((key for k, key in keys if key and max(key.places) < i), None)
