"""A script and the files beside it that it reads: modules that it imports, settings in YAML and JSON."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import yaml

from diffusionlab.ingest.interpret.machine import FILE_STRIDE
from diffusionlab.ingest.source import Place, Source, UnreadableFile, read_source
from diffusionlab.ingest.syntax import parse
from diffusionlab.ingest.values import Const, Map, Seq, Value

MAX_SETTINGS = 256 * 1024
MOST_NODES = 20_000
"""Of a settings file, its aliases replaced: a page of them can stand for more than any memory holds."""


class Project:
    """Resolves what a script imports and opens, inside the folder of the script alone."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.folder = source.path.resolve().parent
        self.others: list[tuple[str, Source | None]] = []

    def place(self, line: int) -> Place:
        """Where a line of the interpreter stands: in the script, or "FILE:line" in a file beside it."""
        number, row = divmod(line, FILE_STRIDE)
        if number == 0:
            return self.source.place(row)
        name, other = self.others[number - 1]
        return f"{name}:{other.place(row) if other is not None else row}"

    def load(self, module: str) -> tuple[ast.Module, int] | None:
        """The tree of a module beside the script, None if missing."""
        parts = module.split(".")
        for candidate in (Path(*parts).with_suffix(".py"), Path(*parts, "__init__.py")):
            path = self._inside(candidate)
            if path is None or path == self.source.path.resolve():
                continue
            try:
                other = read_source(path)
            except UnreadableFile:
                return None
            self.others.append((candidate.as_posix(), other))
            return parse(other.text)[0], len(self.others)
        return None

    def read_data(self, name: str) -> Value | None:
        """The settings in a YAML or JSON file beside the script, None if missing."""
        path = self._inside(Path(name))
        if path is None or path.suffix not in (".yaml", ".yml", ".json") or path.stat().st_size > MAX_SETTINGS:
            return None
        try:
            node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (yaml.YAMLError, OSError, UnicodeDecodeError, RecursionError):
            return None
        if node is None or _size(node, {}) > MOST_NODES:
            return None
        self.others.append((Path(name).as_posix(), None))
        return _value(node, len(self.others) * FILE_STRIDE)

    def _inside(self, relative: Path) -> Path | None:
        try:
            path = (self.folder / relative).resolve()
            return path if path.is_relative_to(self.folder) and path.is_file() else None
        except (OSError, ValueError):
            return None


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Nodes after every alias is replaced by what it names; MOST_NODES for one that is inside itself."""
    if id(node) not in known:
        known[id(node)] = MOST_NODES
        children = node.value if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_size(child, known) for child in children)
    return known[id(node)]


def _value(node: yaml.Node, offset: int, depth: int = 0) -> Value:
    line = (offset + node.start_mark.line + 1,)
    if depth > 12:
        return Const(None, line)
    if isinstance(node, yaml.MappingNode):
        items: dict[Any, Value] = {}
        for key, value in node.value:
            items[str(key.value)] = _value(value, offset, depth + 1)
        return Map(items, "namespace", lines=line)
    if isinstance(node, yaml.SequenceNode):
        return Seq([_value(one, offset, depth + 1) for one in node.value], lines=line)
    return Const(_scalar(node), line, "settings file")


def _scalar(node: yaml.Node) -> Any:
    try:
        value = yaml.safe_load(node.value) if node.tag != "tag:yaml.org,2002:str" else node.value
    except yaml.YAMLError:
        return node.value
    if isinstance(value, str):
        try:
            return float(value) if any(mark in value for mark in ".eE") else json.loads(value)
        except ValueError:
            return value
    return value if isinstance(value, int | float | bool) or value is None else str(value)
