"""Branches that the text does not decide: all are walked from the same state, and what they leave is merged."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.interpret.assignment import write
from diffusionlab.ingest.values import Value, choose

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Env, Machine


def fork(m: Machine, env: Env, branches: list[list[ast.stmt]], first: int = 0, decided: bool = False) -> str | None:
    """Walk every branch from the same state and keep what may come out, the branch `first` preferred; it is `decided`
    where the options of the command line, left alone, choose it."""
    from diffusionlab.ingest.interpret.statements import run_block

    before = env.vars
    ends: list[End] = []
    m.unsure += 1
    for body in branches:
        env.vars = dict(before)
        m.journals.append({})
        signal = run_block(m, body, env) if body else None
        ends.append(End(signal, env.vars, _undone(m.journals.pop())))
    m.unsure -= 1
    ends.insert(0, ends.pop(first))
    live = [end for end in ends if end.signal is None] or ends[:1]
    env.vars = live[0].names if len(live) == 1 else _merged([end.names for end in live], decided)
    places = {slot: place for end in live for slot, (place, _) in end.written.items()}
    for slot, place in places.items():
        old = place.get(slot[1])
        options = [end.written[slot][1] if slot in end.written else old for end in live]
        write(m, place, slot[1], choose([one for one in options if one is not None], decided))
    return live[0].signal


@dataclass(slots=True)
class End:
    """How a branch ends: its signal, the names after it, and what it wrote into objects and dictionaries."""

    signal: str | None
    names: dict[str, Value]
    written: dict[tuple[int, Any], tuple[dict[Any, Value], Value]]


def _undone(
    journal: dict[tuple[int, Any], tuple[dict[Any, Value], Value | None]],
) -> dict[tuple[int, Any], tuple[dict[Any, Value], Value]]:
    """Take back what a branch wrote, and give it."""
    written = {slot: (place, place[slot[1]]) for slot, (place, _) in journal.items() if slot[1] in place}
    for slot, (place, old) in journal.items():
        if old is None:
            place.pop(slot[1], None)
        else:
            place[slot[1]] = old
    return written


def _merged(ends: list[dict[str, Value]], decided: bool) -> dict[str, Value]:
    merged = dict(ends[0])
    for names in ends[1:]:
        for name, value in names.items():
            known = merged.get(name)
            if known is None:
                merged[name] = value
            elif known is not value:
                merged[name] = choose([known, value], decided)
    return merged
