"""Text to syntax tree, also where Python refuses the text.

A file that does not parse is mended line by line: what Python 2 wrote otherwise is rewritten on its line, and a
statement that is still refused becomes `pass`. Line numbers never change, so that the rest of the file keeps its
evidence. (parso would give a tree for broken text too, but another tree than `ast`; one interpreter needs one tree.)
"""

from __future__ import annotations

import ast
import re
import warnings

MAX_MENDS = 60

PYTHON_2 = [
    (re.compile(r"^(\s*)print\s+>>\s*[\w.]+\s*,\s*(.*?)\s*$"), r"\1print(\2)"),
    (re.compile(r"^(\s*)print\s+(?![=(])(.*?),?\s*$"), r"\1print(\2)"),
    (re.compile(r"^(\s*)print\s+(\(.*\)\s*[%,.].*?),?\s*$"), r"\1print(\2)"),
    (re.compile(r"^(.*[:;]\s*)print\s+(?![=(])(.*?),?\s*$"), r"\1print(\2)"),
    (re.compile(r"^(\s*except\s+[\w.(), ]+?)\s*,\s*(\w+)\s*:"), r"\1 as \2:"),
    (re.compile(r"^(\s*)exec\s+(.+)$"), r"\1exec(\2)"),
    (re.compile(r"^(\s*raise\s+[\w.]+)\s*,\s*(.+)$"), r"\1(\2)"),
    (re.compile(r"<>"), "!="),
    (re.compile(r"`([^`]+)`"), r"repr(\1)"),
    (re.compile(r"\bur(['\"])"), r"r\1"),
    (re.compile(r"\b0([0-7]{2,})\b"), r"0o\1"),
    (re.compile(r"\b(\d+)[lL]\b"), r"\1"),
    (re.compile(r"^(\s*def\s+\w+\s*\([^()]*)\((\w+)\s*,[^()]*\)(.*)$"), r"\1\2\3"),
    (re.compile(r"\blambda\s*\((\w+(?:\s*,\s*\w+)*)\)\s*:"), r"lambda \1:"),
]


def parse(text: str) -> tuple[ast.Module, str | None]:
    """The tree, and what was wrong in one line, None if nothing was."""
    try:
        return _tree(text), None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _mended(text, error)


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _mended(text: str, error: BaseException) -> tuple[ast.Module, str]:
    first = _one_line(error)
    rows = text.replace("\0", "").replace("\f", " ").split("\n")
    tried: set[int] = set()
    for _ in range(MAX_MENDS):
        if not isinstance(error, SyntaxError) or not error.lineno:
            break
        row = min(error.lineno, len(rows)) - 1
        if not _mend(rows, row, tried, error):
            break
        try:
            return _tree("\n".join(rows)), first
        except (SyntaxError, ValueError, RecursionError, MemoryError) as again:
            error = again
    return _longest_start(rows), first


def _mend(rows: list[str], row: int, tried: set[int], error: SyntaxError) -> bool:
    """Change the refused row, or the one before it, so that it may parse; False if there is nothing left to change."""
    if row not in tried:
        tried.add(row)
        mended = rows[row]
        for pattern, replacement in PYTHON_2:
            mended = pattern.sub(replacement, mended)
        if isinstance(error, TabError) or "tab" in str(error.msg):
            rows[:] = [one.expandtabs(8) for one in rows]
            return True
        if mended != rows[row]:
            rows[row] = mended
            return True
    while row > 0 and not rows[row].strip():
        row -= 1
    stripped = rows[row].strip()
    if "expected an indented block" in str(error.msg):
        above = max((one for one in range(row) if rows[one].strip()), default=None)
        if above is not None and rows[above].rstrip().endswith(":") and not rows[above].rstrip().endswith("pass"):
            rows[above] = rows[above].rstrip() + " pass"
            return True
    if stripped in ("", "pass"):
        return False
    indent = "" if isinstance(error, IndentationError) else rows[row][: len(rows[row]) - len(rows[row].lstrip())]
    opener = stripped.endswith(":") and not isinstance(error, IndentationError)
    rows[row] = (
        "" if isinstance(error, IndentationError) else indent + ("if 1:" if opener and stripped != "if 1:" else "pass")
    )
    return True


def _longest_start(rows: list[str]) -> ast.Module:
    """The tree of the longest start of the text that parses, at a few cuts."""
    cut = len(rows)
    while cut > 0:
        try:
            return _tree("\n".join(rows[:cut]))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or cut
            cut = min(cut - 1, line - 1) if line > cut // 2 else cut // 2
    return ast.parse("")


def _one_line(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg} (line {error.lineno})"
    return "the code is nested too deeply" if isinstance(error, RecursionError) else str(error).split("\n")[0]
