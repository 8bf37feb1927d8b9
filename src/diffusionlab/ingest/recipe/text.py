"""The option file of a recipe, as conf/experiment has them; every value goes through the YAML writer."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from diffusionlab.ingest.describe import describe
from diffusionlab.ingest.recipe.recipe import Recipe, Setting, file_name, one_line

WIDTH = 118
MOST_INDENT = 56
"""Characters in front of a comment, where settings are shorter."""

END_OF_DOCUMENT = "...\n"
"""What the writer puts behind a bare value."""

NEVER_READ = (
    "Never read from code, so the lab's own: widths, depths and heads of the network, betas of the optimizer, warm-up, "
    "gradient clipping, label dropout, sampler."
)

Line = tuple[str, str]
"""A line of YAML and its comment."""


def text_of(recipe: Recipe, name: str) -> str:
    lines: list[Line] = [*_defaults(recipe), ("", ""), (_dumped("name", name), ""), *_settings(recipe)]
    column = min(max(len(code) for code, _ in lines) + 2, MOST_INDENT)
    body = [f"{code:<{column - 2}}  # {comment}" if comment else code for code, comment in lines]
    return "\n".join([*_head(recipe), *body, ""])


def _head(recipe: Recipe) -> Iterator[str]:
    script = recipe.script
    yield "# @package _global_"
    yield from _comment(f"Settings of {one_line(file_name(script))}. {one_line(describe(script), 600)}")
    yield "#"
    if recipe.lost:
        yield "# Not carried over, or not as it is:"
    for text in recipe.lost:
        yield from _comment(text, bullet="- ")
    if recipe.silent:
        yield from _comment(f"Not shown by the code, so the lab's own: {', '.join(recipe.silent)}.")
    yield from _comment(NEVER_READ)


def _comment(text: str, bullet: str = "") -> list[str]:
    indent = "# " + " " * len(bullet)
    return textwrap.wrap(text, WIDTH, initial_indent=f"# {bullet}", subsequent_indent=indent, break_on_hyphens=False)


def _defaults(recipe: Recipe) -> Iterator[Line]:
    yield "defaults:", ""
    for one in recipe.settings.values():
        if one.option.startswith("/"):
            yield f"  - {_dumped(f'override {one.option}', one.value)}", one.source


def _settings(recipe: Recipe) -> Iterator[Line]:
    tree: dict[str, Any] = {}
    for one in recipe.settings.values():
        if not one.option.startswith("/"):
            *groups, key = one.option.split(".")
            node = tree
            for group in groups:
                node = node.setdefault(group, {})
            node[key] = one
    yield from _block(tree, "")


def _block(tree: dict[str, Any], indent: str) -> Iterator[Line]:
    for key, value in tree.items():
        if isinstance(value, Setting):
            yield indent + _dumped(key, value.value), value.source
        else:
            yield f"{indent}{key}:", ""
            yield from _block(value, indent + "  ")


def _dumped(key: str, value: Any) -> str:
    """One line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True)
    return f"{key}: {text.removesuffix(END_OF_DOCUMENT).strip()}"
