"""What versions of one script are known and compared by: the lines of code that they share, and their layers."""

import ast
import hashlib
import re
from collections.abc import Collection, Iterator

from diffusionlab.registry.record.script import SKETCH

LONGEST = 200
"""Characters of a layer that are kept."""
SHORT = 4
"""Characters up to which a line says nothing: brackets, `pass`, `else`."""
_CODE = re.compile(r"""(?:[^#'"]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')*+""")
"""A line up to its comment; the code may be broken, so no parser is asked. It never goes back, as lines may be long."""


def sketch(code: str) -> list[str]:
    """Eight hex digits for each different line of code, comments, indentation and blanks aside; at most SKETCH.

    A longer script keeps the smallest of its hashes, a sample that is the same for all (Broder 1997).
    """
    lines = {"".join(_without_comment(line).split()) for line in code.splitlines()}
    hashes = (hashlib.sha256(line.encode("utf-8", "replace")).hexdigest()[:8] for line in lines if len(line) > SHORT)
    return sorted(set(hashes))[:SKETCH]


def _without_comment(line: str) -> str:
    code = _CODE.match(line)
    return line[: code.end()] if code and line[code.end() : code.end() + 1] == "#" else line


def layers(tree: ast.AST, classes: Collection[str]) -> list[tuple[str, int]]:
    """("Net.head = nn.Conv2d(1, 16, 3)", its line) of each layer that these classes make, in the order of the file.

    What a container such as nn.Sequential holds is a layer each: "Net.body[0] = nn.Linear(8, 8)".
    """
    found: list[tuple[str, int]] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or node.name not in classes:
            continue
        for assigned in ast.walk(node):
            if not isinstance(assigned, ast.Assign) or not isinstance(assigned.targets[0], ast.Attribute):
                continue
            owner = assigned.targets[0]
            if isinstance(owner.value, ast.Name) and owner.value.id == "self":
                found += _layers_in(f"{node.name}.{owner.attr}", assigned.value)
    return sorted(found, key=lambda layer: layer[1])


def _layers_in(name: str, value: ast.expr) -> Iterator[tuple[str, int]]:
    if not isinstance(value, ast.Call):
        return
    called = _text(value.func).rpartition(".")[2]
    parts = value.args
    if called == "ModuleList" and len(parts) == 1 and isinstance(parts[0], (ast.List, ast.Tuple)):
        parts = parts[0].elts
    if called in ("Sequential", "ModuleList") and all(isinstance(part, ast.Call) for part in parts):
        for number, part in enumerate(parts):
            yield from _layers_in(f"{name}[{number}]", part)
    elif called[:1].isupper():
        yield f"{name} = {_text(value)}", value.lineno


def _text(value: ast.expr) -> str:
    """The code of a layer in the usual form, cut at LONGEST characters."""
    try:
        text = ast.unparse(value)
    except RecursionError:  # nested deeper than Python's stack: no layer that a person compares
        return "..."
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
