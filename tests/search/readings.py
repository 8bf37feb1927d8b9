"""What each labelled question is read as, kept in readings.txt: `python -m tests.search.readings` writes the file anew.

The test compares the file with the code, so that a change of the reading is seen even where the rows of thirty-six
runs stay the same. An entry is the question, indented lines with what was read, and optionally a line `# wrong: why`
for a reading that is known to be wrong; regenerating keeps these lines for as long as the reading stays as it is.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.query.query import flag_of
from diffusionlab.search.query.where_text import format_where
from tests.search.fixture_runs import NOW, records
from tests.search.questions import filters, ordered

FILE = Path(__file__).with_name("readings.txt")
WRONG = "  # wrong: "


def describe(question: str, engine: Engine) -> list[str]:
    """The reading of a question, one fact a line."""
    query = parse(question, engine.known, engine.now)
    facts = {
        "where": format_where(query.condition, engine.known) if query.conditions else "",
        "order": _order(query.order),
        "limit": query.limit,
        "intent": query.intent if query.intent != "list" else "",
        "figure": _figure(query.figure) if query.figure else "",
        "sides": "; ".join(f"{side.label}: {format_where(side.condition, engine.known)}" for side in query.sides),
        "like": query.like,
        "show": ", ".join(query.show),
        "unknown": ", ".join(f"{column or 'text'} {value}" for value, column in query.unknown),
    }
    lines = [f"  {name}: {value}" for name, value in facts.items() if value]
    said = [f"  note: {note}" for note in query.notes] + [f"  unread: {words}" for words in query.unread]
    return (lines or ["  everything"]) + said


def _order(order) -> str:
    if order is None:
        return ""
    parts = [order.column, "descending" if order.descending else "ascending"]
    parts += [f"{name} {value}" for name in ("count", "percent", "skip") if (value := getattr(order, name))]
    parts += [f"per {flag_of(order.per)}"] if order.per else []
    parts += [said for said, holds in (("with ties", order.ties), ("all but these", order.rest)) if holds]
    return " ".join(parts)


def _figure(figure) -> str:
    said = {name: getattr(figure, name) for name in ("of", "descending", "count")} | {"by": flag_of(figure.by) or None}
    return " ".join([figure.how, *(f"{name} {value}" for name, value in said.items() if value is not None)])


def questions() -> list[str]:
    return list(dict.fromkeys(question for question, _ in (*filters(), *ordered())))


def parse_file(text: str) -> dict[str, list[str]]:
    """Question -> its lines, `# wrong` lines included."""
    entries: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("  "):
            entries[next(reversed(entries))].append(line)
        elif line:
            entries[line] = []
    return entries


def without_remarks(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith(WRONG)]


def write(engine: Engine) -> None:
    before = parse_file(FILE.read_text()) if FILE.exists() else {}
    out = []
    for question in questions():
        lines = describe(question, engine)
        old = before.get(question, [])
        remarks = [line for line in old if line.startswith(WRONG)] if without_remarks(old) == lines else []
        out.append("\n".join([question, *lines, *remarks]) + "\n")
    FILE.write_text("\n".join(out))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(Path(folder) / "registry")
        registry.upsert(records())
        write(Engine(registry, NOW))
    return 0


if __name__ == "__main__":
    sys.exit(main())
