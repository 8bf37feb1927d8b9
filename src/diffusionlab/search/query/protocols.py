"""Figures and the protocols under which they were taken: those of different protocols do not compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.read.known import Known

Row = Mapping[str, Any]
UNKNOWN = "no recorded protocol"


def protocol_of(row: Row, column: str) -> str | None:
    """The protocol of a row's figure; None for what an import brought or the training measured."""
    protocol = row.get("protocol")
    measured = (row.get("evaluations") or {}).get(protocol, {})
    return protocol if column.removeprefix("metrics.") in measured else None


def by_protocol(rows: Sequence[Row], column: str) -> dict[str | None, list[Row]]:
    """The rows, in their order, under the protocol of their figure: protocols by name, unknown ones last."""
    found: dict[str | None, list[Row]] = {}
    for row in rows:
        found.setdefault(protocol_of(row, column), []).append(row)
    return dict(sorted(found.items(), key=lambda side: (side[0] is None, str(side[0]))))


def apart(rows: Sequence[Row], column: str, ranked: bool, known: Known) -> str | None:
    """What to say where the figures, which all `rows` have, were taken under more than one protocol, else None."""
    sides = by_protocol(rows, column)
    if len(sides) < 2:
        return None
    name = column.removeprefix("metrics.")
    said = ", ".join(f"{len(side)} runs by {protocol or UNKNOWN}" for protocol, side in sides.items())
    usual = max((protocol for protocol in sides if protocol), key=lambda protocol: len(sides[protocol]))
    choice = format_where(Compare("protocol", "=", usual), known)
    return (
        f"{name} of different protocols does not compare ({said}): "
        f"{'each is ranked by itself; ' if ranked else ''}choose one with --where '{choice}'"
    )
