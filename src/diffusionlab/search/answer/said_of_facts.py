"""What is said of single runs: the facts that are asked for, and where their pictures are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import is_recorded, label, value_of
from diffusionlab.search.answer.result import CITED, Result, Row, cite, difference, duration, named, value

_PROSE = ("description", "notes", "reason", "command")


def facts(rows: Sequence[Row], columns: Sequence[str], now: datetime) -> list[str]:
    """What is known of each run, a sentence each; where nothing but its date is asked for, also how long ago it was,
    and how far two of them lie apart."""
    said = []
    for row in rows[:CITED]:
        known = [column for column in columns if is_recorded(row, column) and value_of(row, column) not in ("", [])]
        told = [f"{label(column)} {_fact(row, column)}" for column in known]
        if tuple(known) == ("created_at",):
            told[0] += f" ({_ago(now - row['created_at'])})"
        if lacking := [label(column) for column in columns if column not in known]:
            told.append(f"no recorded {' or '.join(lacking)}")
        said.append(f"{named(row)}: {'; '.join(told)}.")
    if len(rows) == 2 and tuple(columns) == ("created_at",) and (apart := difference(rows[0], rows[1], "created_at")):
        said.append(f"They lie {apart} apart.")
    return said


def _ago(age: timedelta) -> str:
    """ "212 days ago"; less than two days in hours and minutes."""
    return f"{age.days} days ago" if age.days > 1 else f"{duration(age.total_seconds())} ago"


def _fact(row: Row, column: str) -> str:
    """A value as a sentence has it: prose in quotes."""
    shown = value(row, column)
    return f'"{shown}"' if column in _PROSE else shown


def pictures(result: Result) -> list[str]:
    """Where the pictures of each run are, and of which runs there are none here."""
    having = [(row, paths) for row in result.rows if (paths := result.pictures.get(row["run_id"]))]
    said = [f"{named(row)}: {', '.join(map(printable, paths[:3]))}{_and_more(paths[3:])}." for row, paths in having]
    lacking = [row for row in result.rows if not result.pictures.get(row["run_id"])]
    return said + ([f"No pictures on this machine: {cite(lacking)}."] if lacking else [])


def _and_more(paths: Sequence[str]) -> str:
    return f" and {len(paths)} more" if paths else ""
