"""A script's source for its page: lines with their numbers, colored, and marked where they show a fact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.source import Block, Place
from diffusionlab.untrusted import plain_text

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LONGEST = 1_000
"""Characters of a line that are shown: minified code has lines of a megabyte."""
MOST_LINES = 20_000
MOST_COLORED = 400_000
"""Characters of one block up to which code is colored."""

_OWN_PLACE = re.compile(r"\d+(:\d+)?")


@dataclass(frozen=True)
class SourceLine:
    """`pieces` are (CSS class, text); `says` names the facts that the line shows; `left_out` counts characters."""

    place: Place
    pieces: list[tuple[str, str]]
    says: str
    left_out: int

    @property
    def anchor(self) -> str:
        return anchor(self.place)

    @property
    def number(self) -> str:
        """The line within its file or cell."""
        return str(self.place).rpartition(":")[2]


@dataclass(frozen=True)
class SourceBlock:
    kind: str
    cell: int | None
    lines: list[SourceLine]


def anchor(place: Place) -> str:
    """The id of a line of the script itself: "L12", or "L3-7" in a notebook; "" for a line of a file beside it."""
    return f"L{str(place).replace(':', '-')}" if _OWN_PLACE.fullmatch(str(place)) else ""


def source_blocks(blocks: Sequence[Block], says: Mapping[str, Sequence[str]]) -> tuple[list[SourceBlock], int]:
    """Blocks as they are shown, and how many lines beyond MOST_LINES are not. `says`: anchor -> names of facts."""
    shown, left = [], MOST_LINES
    for block in blocks:
        rows = block.rows[:left]
        left -= len(rows)
        if rows:
            shown.append(SourceBlock(block.kind, block.cell, list(_lines(block, rows, says))))
    return shown, sum(len(block.rows) for block in blocks) - (MOST_LINES - left)


def _lines(block: Block, rows: Sequence[str], says: Mapping[str, Sequence[str]]) -> Iterator[SourceLine]:
    texts = [plain_text(row.expandtabs(4)[:LONGEST]) for row in rows]
    colored = block.kind == "code" and sum(map(len, texts)) <= MOST_COLORED
    pieces = _colored(texts) if colored else [[("", text)] for text in texts]
    for number, (row, line) in enumerate(zip(rows, pieces, strict=True), 1):
        place = block.place(number)
        yield SourceLine(place, line, ", ".join(says.get(anchor(place), ())), max(0, len(row) - LONGEST))


def _colored(texts: Sequence[str]) -> list[list[tuple[str, str]]]:
    """The (class, text) pieces of each line of Python."""
    lines: list[list[tuple[str, str]]] = [[]]
    for token, text in _lexer().get_tokens("\n".join(texts)):
        first, *others = text.split("\n")
        css = _css_class(token)
        lines[-1].append((css, first))
        lines += [[(css, part)] for part in others]
    return lines


def _lexer() -> Lexer:
    from pygments.lexers.python import PythonLexer

    return PythonLexer(stripnl=False, ensurenl=False)


def _css_class(token: Any) -> str:
    from pygments.token import Comment, Keyword, Name, Number, Operator, String

    classes = {
        Comment: "comment", String: "string", Number: "literal", Keyword: "keyword", Operator.Word: "keyword",
        Name.Function: "defined", Name.Class: "defined", Name.Decorator: "defined",
    }  # fmt: skip
    return next((css for kind, css in classes.items() if token in kind), "")
