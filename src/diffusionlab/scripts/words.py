"""The words of a command line, put so that Hydra reads what was typed.

A shell hands over `name=Grüße`, `notes=it's`, `data.folder=photos (1)` and `output_dir=~/out` as one word each, and its
grammar takes none of them; `name=1e3` it takes for a number, and a name would be 1000.0.
"""

import re
from collections.abc import Sequence
from pathlib import Path

PATHS = {"data.folder", "data.data_dir", "data_dir", "output_dir", "cache_dir", "ckpt_path", "condition.csv"}
PATHS |= {
    "run",
    "init_from",
    "teacher",
    "beside",
    "features.weights",
    "paths.data_dir",
    "paths.runs_dir",
    "paths.output_dir",
    "registry.uri",
}
"""Settings that may name a place below the home folder by `~`."""

TEXTS = PATHS | {"name", "notes", "label", "style", "what"}
"""Settings that are texts, whatever their value looks like."""

_OVERRIDE = re.compile(r"(\+{0,2}([\w./@-]+)=)(.*)", re.DOTALL)
_FLAT_LIST = re.compile(r"\[[^][{}'\"]*\]", re.DOTALL)


def as_hydra_reads(words: Sequence[str]) -> list[str]:
    """Each word as it is, or with its value quoted where Hydra would refuse it or make a number of a text."""
    return [_as_hydra_reads(word) for word in words]


def _as_hydra_reads(word: str) -> str:
    found = _OVERRIDE.fullmatch(word)
    if not found:
        return word
    start, key, value = found.groups()
    if key in PATHS and value.startswith("~"):
        value = str(Path(value).expanduser())
    word, is_text = start + value, key in TEXTS
    if not value or value[0] in "{'\"" or not _is_misread(word, value, is_text=is_text):
        return word
    if not value.startswith("["):
        quoted = start + _quoted(value)
    elif _FLAT_LIST.fullmatch(value):
        quoted = f"{start}[{','.join(map(_element, value[1:-1].split(',')))}]"
    else:
        return word
    return word if _is_misread(quoted, value, is_text=False) else quoted


def _element(text: str) -> str:
    return text if text.isascii() and re.fullmatch(r"\s*[\w.+-]*\s*", text) else _quoted(text.strip())


def _quoted(text: str) -> str:
    """Backslashes count only before a quote, and each is doubled there."""
    return "'" + re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), text) + "'"


def _is_misread(word: str, value: str, *, is_text: bool) -> bool:
    """Whether Hydra refuses the word or, where a text is meant, makes something else of `value`."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(word)
    except HydraException:
        return True
    read = override.value()
    return is_text and isinstance(read, (bool, int, float)) and str(read) != value
