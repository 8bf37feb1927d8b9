"""Comparisons in two or three sentences: what differs, and which is better."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from diffusionlab.registry.manage.compare import Comparison as Facts
from diffusionlab.registry.manage.compare import Difference
from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import (
    KINDS,
    MEASURES,
    about,
    compares_within,
    kind_of,
    label,
    lower_is_better,
    value_of,
)
from diffusionlab.registry.record.comparable import basis_column, basis_name, basis_of
from diffusionlab.search.answer.compare import Group, compared_runs, ranked, sides_of
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.result import (
    Result,
    Row,
    cite,
    difference,
    figure_of,
    listed,
    named,
    ratio,
    recorded,
    runs,
    sentence,
    value,
)
from diffusionlab.search.query.query import Comparison

MOST_FACTS = 3  # named in a sentence
LEAST_APART = 0.2  # of the shares of runs that have a facet
MOST_PLACES = 4  # data sets told in a sentence
_CONSEQUENCES = ("size_bytes", "git_commit", "git_dirty", "data_hash", "framework")  # of other settings, or of the day


def run_sentences(result: Result, engine: Engine) -> list[str]:
    """What tells a few runs apart, and which of them is better by what was measured."""
    facts = compared_runs(result, engine)
    if facts is None:
        return group_sentences(result)
    by_id = {row["run_id"]: row for row in result.rows}
    rows = [by_id[run_id] for run_id in facts.run_ids]
    if facts.of_scripts:
        return [_scripts_apart(facts, rows)]
    decided = isinstance(result.query.ask, Comparison) and result.query.ask.better is not None
    return [
        _settings_apart(facts, rows, result.query.show),
        *_results_apart(rows, decided, result.query.show),
        *_ends_apart(rows),
    ]


def _scripts_apart(comparison: Facts, rows: Sequence[Row]) -> str:
    """What the code of scripts does differently: facts by name, layers by number."""
    told = [label(one.fact) for group in comparison.groups.values() for one in group]
    changed = sum(line[0] in "+-" and line[:3] not in ("+++", "---") for line in comparison.layers)
    told += [f"{changed} line{'' if changed == 1 else 's'} of layers"] if changed else []
    names = " and ".join(printable(row["name"]) for row in rows)
    return f"{names} differ in {listed(told)}." if told else f"No fact and no layer of {names} differs."


def _settings_apart(comparison: Facts, rows: Sequence[Row], asked: Sequence[str]) -> str:
    """The settings that differ, those that were asked about and then the most telling first."""
    differing = [
        one
        for name, group in comparison.groups.items()
        for one in group
        if name in ("architecture", "training") or (one.fact in asked and one.fact not in MEASURES)
    ]
    facts = [one for one in differing if one.fact in KINDS and (one.fact in asked or one.fact not in _CONSEQUENCES)]
    if any(one.fact == "arch_tags" for one in facts):
        facts = [one for one in facts if one.fact != "architecture"]
    facts.sort(key=lambda one: (one.fact not in asked, about(one.fact).shown or len(KINDS)))
    named_by_column = {one.fact for one in facts}
    facts += [
        Difference(one.fact.removeprefix("config."), one.values)
        for one in differing
        if one.fact.startswith("config.") and one.fact.rsplit(".", 1)[-1] not in named_by_column
    ]
    runs_named = " and ".join(named(row) for row in rows) if len(rows) == 2 else cite(rows)
    if not facts:
        return f"No setting of {runs_named} differs."
    told = [_told(one, rows, one.fact in asked) for one in facts[:MOST_FACTS]]
    more = len(facts) - len(told)
    told += [f"{more} further setting{'' if more == 1 else 's'}"] if more else []
    return f"{runs_named} differ in {', '.join(told[:-1])}{' and ' if told[1:] else ''}{told[-1]}."


def _told(one: Difference, rows: Sequence[Row], asked: bool) -> str:
    """ "schedule (linear against cosine)"; of a number that was asked about also by how much."""
    fact = one.fact
    if fact == "arch_tags":
        tags = [set(row.get("arch_tags") or ()) for row in rows]
        shared = set.intersection(*tags)
        values = [printable(", ".join(sorted(own - shared))) for own in tags]
        if not all(values):
            having = [(row["run_id"], own) for row, own in zip(rows, values, strict=True) if own]
            only = "only " if len(having) == 1 else ""
            return f"facets ({only}{listed([f'{printable(run_id)} has {own}' for run_id, own in having])})"
    elif fact in KINDS:
        values = [value(row, fact) if value_of(row, fact) is not None else "unknown" for row in rows]
    else:
        values = [_text(own) for own in one.values]
    apart = (" against " if len(rows) == 2 else "; " if fact == "arch_tags" else ", ").join(values)
    if asked and len(rows) == 2 and kind_of(fact) in ("int", "float") and all(value_of(row, fact) for row in rows):
        apart += f", a difference of {difference(rows[0], rows[1], fact)}"
        apart += f", a ratio of {times}" if (times := ratio(rows[0], rows[1], fact)) else ""
    return f"{label(fact) if fact in KINDS else printable(fact)} ({apart})"


def _results_apart(rows: Sequence[Row], decided: bool, asked: Sequence[str]) -> list[str]:
    """Which run is the best by each measure that they compare in, but for the first if a verdict was given by it."""
    shared = [column for column in MEASURES if all(row.get(column) is not None for row in rows)]
    if not shared:
        return [] if decided or asked else ["They have no figure in common."]
    side = [("", list(rows))]
    apart = {column: of for column in shared for of in compares_within(column) if _differs(side, column, of)}
    said = [_best_by(column, rows, column in asked) for column in shared if column not in apart][decided:]
    winners = {winner for winner, _ in said}
    told = []
    if len(winners) == 1 and "" not in winners and not decided:
        told = [f"{printable(winners.pop())} is better: {' and '.join(text for _, text in said)}."]
    elif said:
        listed = "; ".join(f"{text}, {printable(winner)}" if winner else text for winner, text in said)
        told = [f"{listed[0].upper()}{listed[1:]}."]
    return told + [sentence(f"{label(column)} does not compare between {label(of)}s") for column, of in apart.items()]


def _best_by(column: str, rows: Sequence[Row], asked: bool) -> tuple[str, str]:
    """(the id of the best run, empty if it is not alone; "FID 6.4 against 7.9")."""
    best, *others = ranked(rows, column)
    against = ", ".join(value(row, column) for row in others)
    alone = best[column] != others[0][column]
    apart = f"by {difference(best, others[0], column)}" if alone and len(others) == 1 else ""
    apart += f", a ratio of {times}" if apart and asked and (times := ratio(best, others[0], column)) else ""
    apart = f" ({apart})" if apart else ""
    return best["run_id"] if alone else "", f"{label(column)} {value(best, column)} against {against}{apart}"


def _ends_apart(rows: Sequence[Row]) -> list[str]:
    """Runs that did not finish, if others did."""
    if len({row.get("status") for row in rows}) < 2:
        return []
    words = {"running": "is still running", "interrupted": "was interrupted", None: "has no recorded status"}
    ended = [f"{printable(row['run_id'])} {words.get(row.get('status'), printable(row.get('status')))}" for row in rows]
    return [f"{', '.join(ended)}."]


def _text(value: object) -> str:
    return printable(value) if value is not None else "unknown"


def group_sentences(result: Result, table: bool = False) -> list[str]:
    """The sides of a comparison: how many runs, what tells their networks apart, and the best results that compare, if
    no verdict was given by them; with `table`, what it does not show."""
    sides = sides_of(result)
    counted = "; ".join(f"{printable(name)}: {runs(len(rows))}" for name, rows in sides)
    counted = counted if len(sides) > 1 else f"{counted}, and no second side to compare with"
    decided = isinstance(result.query.ask, Comparison) and result.query.ask.better is not None
    said = [] if table else [f"{counted}.", *_facets_apart(sides)]
    of_a_run = any(side.condition.columns() == {"run_id"} for side in result.query.sides)
    asked = [column for column in result.query.show if column in MEASURES]
    measures = [*asked, *(column for column in MEASURES if column not in asked)]
    places = _places_among(sides, measures) if of_a_run else []
    settings = [text for column in result.query.show if (text := _setting_of_each(sides, column))]
    return [*said, *settings] if decided else [*places, *said, *settings, *_bests(sides, measures)]


def _setting_of_each(sides: list[Group], column: str) -> str:
    """The mean and the ends of a number that was asked about, on each side: "compare A and B in number of epochs"."""
    if kind_of(column) not in ("int", "float") or "dataset" in compares_within(column):
        return ""
    told = []
    for name, rows in sides:
        known = sorted(
            (row for row in rows if value_of(row, column) is not None), key=lambda row: value_of(row, column)
        )
        if known:
            mean = figure_of(("mean", column), statistics.mean(value_of(row, column) for row in known))
            told.append(f"{printable(name)} {mean}, from {value(known[0], column)} to {value(known[-1], column)}")
    return f"Mean {label(column)}: {'; '.join(told)}." if told else f"No run of these has {recorded(column)}."


def _places_among(sides: list[Group], measures: Sequence[str]) -> list[str]:
    """Where one run stands among others, by the first measure that it has: "run-020 is number 3 of 10 by FID"."""
    ones, others = [rows[0] for _, rows in sides if len(rows) == 1], [rows for _, rows in sides if len(rows) > 1]
    if len(ones) != 1 or len(others) != 1:
        return []
    (one,), (rest,) = ones, others
    column = next((c for c in measures if one.get(c) is not None), None)
    if column is None:
        return []
    place = [_place(one, column, of) for of in compares_within(column)]
    alike = [row for row in rest if row.get(column) is not None and row["run_id"] != one["run_id"]]
    alike = [row for row in alike if [_place(row, column, of) for of in compares_within(column)] == place]
    if not alike:
        return []
    better = sum((row[column] < one[column]) == lower_is_better(column) for row in alike if row[column] != one[column])
    where = f" on {printable(one.get('dataset'))}" if "dataset" in compares_within(column) else ""
    said = f"{printable(one['run_id'])} is number {better + 1} of {len(alike) + 1} by {label(column)}{where}"
    return [f"{said}: {value(one, column)}."]


def _facets_apart(sides: list[Group]) -> list[str]:
    """The facets that part of a side has, those whose shares differ the most."""
    tags = {tag for _, rows in sides for row in rows for tag in row.get("arch_tags") or ()}
    found = []
    for tag in sorted(tags):
        having = [sum(tag in (row.get("arch_tags") or ()) for row in rows) for _, rows in sides]
        shares = [count / len(rows) for count, (_, rows) in zip(having, sides, strict=True) if rows]
        if {0.0, 1.0} >= set(shares) or max(shares) - min(shares) < LEAST_APART:
            continue  # what the sides are told apart by, or what hardly differs
        told = ", ".join(
            f"{count} of {len(rows)} {printable(name)}" for count, (name, rows) in zip(having, sides, strict=True)
        )
        found.append((max(shares) - min(shares), f"{tag} {told}"))
    most = sorted(found, reverse=True)[:MOST_FACTS]
    return [f"Facets: {'; '.join(text for _, text in most)}."] if most else []


def _bests(sides: list[Group], measures: Sequence[str]) -> list[str]:
    """The best of each side by the first measure that is recorded, where runs of several sides compare."""
    column = next(
        (c for c in measures if sum(any(row.get(c) is not None for row in rows) for _, rows in sides) > 1), None
    )
    if column is None:
        return []
    within = compares_within(column)
    places: list[dict[tuple[str | None, ...], Row]] = [
        {} for _ in sides
    ]  # of each side: (data set, basis) -> its best run there
    for best, (_, rows) in zip(places, sides, strict=True):
        for row in reversed(ranked([row for row in rows if row.get(column) is not None], column)):
            best[tuple(_place(row, column, of) for of in within)] = row
    shared = [place for place in dict.fromkeys(place for best in places for place in best)]
    shared = sorted((p for p in shared if sum(p in best for best in places) > 1), key=str)
    if not shared:
        firsts = [
            (name, ranked(best.values(), column)[0]) for (name, _), best in zip(sides, places, strict=True) if best
        ]
        said = "; ".join(f"{printable(name)} {value(row, column)} by {named(row)}" for name, row in firsts)
        apart = " nor ".join(f"between {label(of)}s" for of in within)
        return [f"Best {label(column)}: {said}.", *([f"{label(column)} does not compare {apart}."] if apart else [])]
    told = []
    for place in shared[:MOST_PLACES]:
        best_here = [(name, best[place]) for (name, _), best in zip(sides, places, strict=True) if place in best]
        figures = ", ".join(
            f"{printable(name)} {value(row, column)} ({printable(row['run_id'])})" for name, row in best_here
        )
        told.append(f"{_on(place, column, shared)}{figures}")
    left = len(shared) - MOST_PLACES
    more = f"; and on {left} more" if left > 0 else ""
    return [f"Best {label(column)} {'; '.join(told)}{more}."]


def _place(row: Row, column: str, of: str) -> str | None:
    return basis_of(row, column) if of == basis_column(column) else row.get(of)


def _on(place: tuple[str | None, ...], column: str, shared: Sequence[tuple[str | None, ...]]) -> str:
    """ "on CIFAR-10: ", and the protocol or objective if there are several."""
    within = compares_within(column)
    several = [len({other[i] for other in shared}) > 1 for i in range(len(within))]
    parts = []
    for of, name, differs in zip(within, place, several, strict=True):
        if of == basis_column(column):
            parts += [f"by {printable(basis_name(name, column))}"] if differs else []
        else:
            parts.append(f"on {printable(name or f'an unknown {label(of)}')}")
    return f"{', '.join(parts)}: " if parts else ""


def _differs(sides: list[Group], column: str, of: str) -> bool:
    """Whether the runs that have a figure differ in column `of`."""
    having = [row for _, rows in sides for row in rows if row.get(column) is not None]
    return len({_place(row, column, of) for row in having}) > 1
