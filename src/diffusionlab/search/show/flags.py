"""A parsed query as one line to read and as flags to type; run with those flags, the rows are the same."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta

from diffusionlab.registry.filters.conditions import Compare, Contains, In, IsNull
from diffusionlab.registry.filters.filter import And, Filter, Not
from diffusionlab.registry.record.canonical import canonical
from diffusionlab.search.answer.engine import Result
from diffusionlab.search.query.protocols import by_protocol
from diffusionlab.search.query.query import Order, ParsedQuery
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.query.where_values import SHORT
from diffusionlab.search.read.known import Known


def reading(query: ParsedQuery, known: Known) -> str:
    """How the question was read, on one line: "dataset = MNIST and unet; lowest fid first, 3"."""
    alone = len(query.conditions) == 1
    said = " and ".join(_say(condition, known, alone) for condition in query.conditions) or "all runs"
    if query.like is not None:
        said += f"; nearest to {query.like} first"
    if query.order is not None:
        order = query.order
        column = SHORT.get(order.column, order.column)
        first = {
            ("created_at", True): "newest first",
            ("created_at", False): "oldest first",
            ("modified_at", True): "last modified first",
        }.get((order.column, order.descending))
        lead = "highest" if order.descending else "lowest"
        said += f"; {first or f'{column}, {lead} first'}"
        said += f", number {order.skip + 1}" if order.skip else f", {order.count}" if order.count else ""
        said += f" of each {SHORT.get(order.per, order.per)}" if order.per else ""
        said += " of each side" if query.groups and order.count else ""
    elif query.limit is not None:
        said += f"; {query.limit} of them"
    if query.intent == "compare" and query.groups:
        said += "; compare " + " with ".join(group.label for group in query.groups)
    return said


def _say(condition: Filter, known: Known, alone: bool) -> str:
    days = _days(condition)
    if days and days[1] and days[2]:
        first, last = days[1].date(), days[2].date() - timedelta(days=1)
        column = SHORT.get(days[0], days[0])
        return f"{column} on {first}" if first == last else f"{column} {first} to {last}"
    text = format_where(condition, known)
    return f"({text})" if " or " in text and not alone and not text.startswith(("not ", "(")) else text


def _days(condition: Filter) -> tuple[str, datetime | None, datetime | None] | None:
    """(column, first day, day after the last) of a range of whole days, else None."""
    parts = condition.parts if isinstance(condition, And) else (condition,)
    start = stop = None
    column = ""
    for part in parts:
        if not isinstance(part, Compare) or not isinstance(part.value, datetime) or column not in ("", part.column):
            return None
        if part.value.astimezone(UTC).time().isoformat() != "00:00:00" or not 1 < part.value.year < 9999:
            return None
        column = part.column
        if part.op == ">=" and start is None:
            start = part.value
        elif part.op == "<" and stop is None:
            stop = part.value
        else:
            return None
    if start and stop and stop <= start:
        return None
    return (column, start, stop) if column else None


def flags(result: Result, known: Known) -> list[str]:
    """Arguments for `python search.py` that give the rows of `result` again."""
    query, found, where = result.query, [], []
    order = query.order
    several = order is not None and len(by_protocol(result.rows, order.column)) > 1
    if order is not None and order.count is not None and result.rows and (query.groups or (several and not order.per)):
        ids = In(
            "run_id", tuple(row["run_id"] for row in result.rows)
        )  # the first of each side: no other flags say that
        return ["--where", format_where(ids, known), "--sort", _sort_flag(order)]
    dated = 0
    for condition in query.conditions:
        days = _days(condition)
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
    if query.order is not None and query.like is None and query.order.column != "run_id":
        where.append(Not(IsNull(query.order.column)))
    if where:
        found += ["--where", format_where(where[0] if len(where) == 1 else And(*where), known)]
    if query.like is not None:
        found += ["--like", query.like, "--limit", str(max(1, len(result.rows)))]
    elif query.order is not None:
        found += ["--sort", _sort_flag(query.order)]
        if query.order.per:
            found += ["--per", SHORT.get(query.order.per, query.order.per), "--limit", str(query.order.count or 1)]
        elif query.order.count is not None:
            found += ["--limit", str(max(query.order.count, len(result.rows)))]
        if query.order.skip:
            found += ["--skip", str(query.order.skip)]
    elif query.limit is not None:
        found += ["--limit", str(query.limit)]
    return found or ["--where", "anything"]


def _sort_flag(order: Order) -> str:
    return SHORT.get(order.column, order.column) + (":desc" if order.descending else "")


def flag_line(result: Result, known: Known) -> str:
    """The flags as one line for a shell."""
    return shlex.join(flags(result, known))
