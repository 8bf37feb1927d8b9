"""A parsed query as one line to read and as flags to type; run with those flags, the rows are the same."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import timedelta

from diffusionlab.registry.filters.conditions import Compare, Contains, In, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Not, Or
from diffusionlab.registry.record.canonical import canonical
from diffusionlab.registry.record.columns import short
from diffusionlab.registry.record.comparable import by_basis
from diffusionlab.search.answer.result import Result, foremost, listed
from diffusionlab.search.query.query import (
    Check,
    Comparison,
    Facts,
    Figure,
    GroupKeys,
    Order,
    Pictures,
    Query,
    flag_of,
    name_of,
)
from diffusionlab.search.query.where_text import days_of, format_where
from diffusionlab.search.read.known import Known


def reading(query: Query, known: Known) -> str:
    """How the question was read, on one line: "dataset = MNIST and unet; lowest fid first, 3"."""
    if query.parts:
        whether = "; yes or no, the same run" if isinstance(query.ask, Check) else ""
        return "; and ".join(reading(part, known) for part in query.parts) + whether
    alone = len(query.conditions) == 1
    said = " and ".join(_say(condition, known, alone) for condition in query.conditions) or "all runs"
    if query.like is not None:
        said += f"; nearest to {query.like} first"
    if query.order is not None:
        order = query.order
        first = foremost(order) or f"{short(order.column)}, {'highest' if order.descending else 'lowest'}"
        said += f"; {first} first"
        taken = f"{order.percent:g}%" if order.percent is not None else order.count
        said += f", all but the first {taken}" if order.rest else ""
        said += f", {order.place}" if order.skip else f", {taken}" if taken and not order.rest else ""
        said += f" of each {_keys(order.per)}" if order.per else ""
        said += " of each side" if query.sides and order.count else ""
    elif query.limit is not None:
        said += f"; {query.limit} of them"
    return said + _say_ask(query, known)


def _say_ask(query: Query, known: Known) -> str:
    match query.ask:
        case Figure(by=by, descending=descending, count=count, per=per, part=part) as figure:
            what = f"{figure.how} of {part.label}" if part else ", ".join(map(name_of, figure.terms))
            each = f" of each {_keys(by)}{' and side' if figure.sides else ''}" if by else ""
            lead = "" if descending is None else f", {'highest' if descending else 'lowest'} first"
            asked = {True: "yes or no, any", False: "yes or no, none", None: "only" if by else "yes or no,"}
            only = f", {asked[figure.whether]} {figure.having}" if figure.having else ""
            only += f", only of {figure.runs} runs" if figure.runs else ""
            only += f", yes or no, {figure.beside} other side" if figure.beside else ""
            taken = f", {figure.place}" if figure.skip else f", {count}" if count is not None else ""
            return f"; {what}{each}{only}{lead}{taken}" + (f" of each {_keys(per)}" if per else "")
        case Comparison(sides=sides, better=better) if sides:
            lead = {True: "; is the first better: ", False: "; is the first worse: ", None: "; compare "}[better]
            return lead + " with ".join(side.label for side in sides)
        case Facts(columns=columns):
            return "; " + ", ".join(short(column) for column in columns)
        case Check(condition=condition, most=most):
            among = "" if query.order else "most of them " if most else "all of them "
            return "; yes or no" + (f", {among}{format_where(condition, known)}" if condition else "")
        case Pictures():
            return "; pictures"
    return ""


def _keys(keys: GroupKeys) -> str:
    """ "Optimizer and month"."""
    return listed([(key.column == "created_at" and key.unit) or key.flag for key in keys])


def _say(condition: Filter, known: Known, alone: bool) -> str:
    days = days_of(condition)
    if days and days[1] and days[2]:
        first, last = days[1].date(), days[2].date() - timedelta(days=1)
        column = short(days[0])
        return f"{column} on {first}" if first == last else f"{column} {first} to {last}"
    text = format_where(condition, known)
    either = isinstance(condition, Or) or (" or " in text and not text.startswith(("not ", "(")))
    return f"({text})" if either and not alone else text


def flags(result: Result, known: Known) -> list[str]:
    """Arguments for `python search.py` that give the rows of `result` again."""
    query, found, where = result.query, [], []
    order, rows = query.order, result.taken or result.rows
    several = order is not None and len(by_basis(rows, order.column)) > 1
    cut = order is not None and (order.count, order.percent) != (None, None) and not order.per
    if query.figure is not None and rows and (several or query.figure.descending is not None) and order is not None:
        ids = In("run_id", tuple(row["run_id"] for row in rows))  # --sort is that of the groups
        return ["--where", format_where(ids, known), *_ask_flags(query, known)]
    if rows and (query.parts or (cut and (query.sides or several))):  # the first of each part, side or basis
        ids = In("run_id", tuple(row["run_id"] for row in rows))
        compared = query.parts and query.intent == "compare" and len(result.rows) > 1
        each = [Compare("run_id", "=", row["run_id"]) for row in result.rows] if compared else []
        sorted_by = ["--sort", _sort_flag(order)] if order else []
        return ["--where", format_where(ids, known), *sorted_by, *_side_flags(each, known)]
    dated = 0
    for condition in query.conditions:
        days = days_of(condition)
        if (
            isinstance(condition, Compare)
            and condition.column == "dataset"
            and condition.op == "="
            and "--dataset" not in found
            and (canonical("dataset", str(condition.value)) == condition.value)
        ):
            found += ["--dataset", str(condition.value)]
        elif isinstance(condition, Contains) and condition.column == "arch_tags" and condition.value.isidentifier():
            found += ["--arch", condition.value]
        elif days and days[0] == "created_at" and not dated:
            dated += 1
            found += ["--since", str(days[1].date())] if days[1] else []
            found += ["--until", str(days[2].date() - timedelta(days=1))] if days[2] else []
        else:
            where.append(condition)
    if query.order is not None and not query.order.keep and query.like is None and query.order.column != "run_id":
        where.append(Not(IsNull(query.order.column)))
    if where:
        found += ["--where", format_where(where[0] if len(where) == 1 else And(*where), known)]
    found = found or ["--where", "anything"]
    if query.like is not None:
        return [*found, "--like", query.like, "--limit", str(max(1, len(result.rows)))]
    if query.order is not None:
        found += _order_flags(query.order, len(rows))
    elif query.limit is not None:
        found += ["--limit", str(query.limit)]
    return found + _ask_flags(query, known)


def _order_flags(order: Order, shown: int) -> list[str]:
    found = ["--sort", _sort_flag(order)]
    count = f"{order.percent:g}%" if order.percent is not None else order.count
    if order.per:
        found += ["--per", flag_of(order.per), "--all-but" if order.rest else "--limit", str(order.count or 1)]
    elif order.rest:
        found += ["--all-but", str(count)]
    elif count is not None:
        found += ["--limit", str(max(count, shown) if isinstance(count, int) else count)]
    return found + (["--skip", str(order.skip)] if order.skip else [])


def _ask_flags(query: Query, known: Known) -> list[str]:
    """What is asked of the runs."""
    match query.ask:
        case Figure() as figure:
            return [*_figure_flags(figure, known), *_side_flags([side.condition for side in figure.sides], known)]
        case Comparison(sides=sides, better=better, by=by):
            found = _side_flags([side.condition for side in sides], known)
            if better is not None:
                found += ["--better" if better else "--worse", short(by) if by else "any"]
            return found
        case Facts(columns=columns):
            return ["--show", ",".join(short(column) for column in columns)]
        case Check(condition=condition, most=most):
            checked = ["--check", format_where(condition, known) if condition else "anything"]
            return [*checked, "--most"] if most else checked
        case Pictures():
            return ["--pictures"]
    return []


def _side_flags(sides: Sequence[Filter], known: Known) -> list[str]:
    return [word for side in sides for word in ("--compare", format_where(side, known))]


def _figure_flags(figure: Figure, known: Known) -> list[str]:
    found = [word for term in figure.terms for word in ("--figure", name_of(term))]
    if figure.part is not None:
        found[1] += f" {format_where(figure.part.condition, known)}"
    if figure.by:
        found += ["--by", flag_of(figure.by)]
    asked = {True: "any ", False: "none ", None: ""}[figure.whether]
    bounds = [f"{asked}{figure.having}"] if figure.having is not None else []
    bounds += [f"runs {figure.runs}"] if figure.runs is not None else []
    found += ["--having", " and ".join(bounds)] if bounds else []
    if figure.beside is not None:
        found += ["--having", f"{figure.beside} other"]
    if figure.descending is not None:
        found += ["--sort", "figure:desc" if figure.descending else "figure"]
    found += ["--limit", str(figure.count)] if figure.count is not None else []
    found += ["--per", flag_of(figure.per)] if figure.per else []
    return found + (["--skip", str(figure.skip)] if figure.skip else [])


def _sort_flag(order: Order) -> str:
    return short(order.column) + (":desc" if order.descending else "")


def flag_line(result: Result, known: Known) -> str:
    """The flags as one line for a shell."""
    return shlex.join(flags(result, known))
