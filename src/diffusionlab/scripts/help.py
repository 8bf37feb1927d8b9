"""`--help` of the commands that Hydra composes, read from conf/ itself.

Hydra's own help lists every group of every command and takes a second; this one imports nothing of Hydra.
"""

import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from textwrap import indent, wrap

import yaml

from diffusionlab.errors import did_you_mean
from diffusionlab.invocation import as_typed

FLAGS = """\
  --help GROUP          the options of a group and their settings
  --cfg job             print the composed settings and stop
  --info defaults       where each part of them comes from
  -m, --multirun        a run for each of several values: optimizer.lr=1e-3,3e-4
  --config-dir FOLDER   a folder of your own options beside those shipped
  --hydra-help          Hydra's other flags"""


PACKAGE = "# @package _global_"
"""Hydra's directive at the top of an option that sets values outside its group."""


def is_asked_for() -> bool:
    """Whether the command line asks for help."""
    return bool({"--help", "-h"} & set(sys.argv[1:]))


def show(conf: Path, name: str, text: str) -> None:
    """Print the help of the command `name`; `text`: a summary, an empty line, and whatever else it says."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    groups = dict(_groups(conf, name))
    if words and words[0] in groups:
        print(as_typed("\n".join(_options(conf / words[0], groups[words[0]]))))
        return
    if words and "=" not in words[0]:
        print(f"error: no group {words[0]}{did_you_mean(words[0], list(groups))}", file=sys.stderr)
        sys.exit(2)
    summary, _, rest = text.partition("\n\n")
    width = max(map(len, groups))
    lines = [summary, "", "Groups, GROUP=OPTION (the default in brackets):"]
    for group, default in groups.items():
        names = " ".join(f"[{one}]" if one == default else one for one in _names(conf / group))
        lines += wrap(names, 118 - width, initial_indent=f"  {group:<{width}}  ", subsequent_indent=" " * (width + 4))
    lines += ["", "Settings, KEY=VALUE, and their defaults:", *(f"  {line}".rstrip() for line in _settings(conf, name))]
    lines += ["Flags:", FLAGS, "", rest.strip("\n")]
    print(as_typed("\n".join(lines)))


def _groups(conf: Path, name: str) -> Iterator[tuple[str, str | None]]:
    """The groups in the defaults list of the command, and of what it includes, each with its default option."""
    for entry in yaml.safe_load((conf / f"{name}.yaml").read_text())["defaults"]:
        for group, option in entry.items() if isinstance(entry, dict) else ():
            if "@" not in group and (conf / group).is_dir() and "hydra/" not in group:
                yield group.removeprefix("/"), option


def _names(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("*.yaml"))


def _settings(conf: Path, name: str) -> Iterator[str]:
    """The file's own lines, comments included, from behind the defaults list up to Hydra's section."""
    lines = (conf / f"{name}.yaml").read_text().splitlines()
    start = next(
        number for number, line in enumerate(lines) if number and line and not line.startswith((" ", "#", "d"))
    )
    yield from takewhile(lambda line: not line.startswith("hydra:"), lines[start:])


def _options(folder: Path, default: str | None) -> Iterator[str]:
    """Each option of a group: its comment, and its settings."""
    for name in _names(folder):
        text = "\n".join(line for line in (folder / f"{name}.yaml").read_text().splitlines() if line != PACKAGE)
        yield f"{folder.name}={name}" + ("   (default)" if name == default else "")
        yield indent(text, "    ") + "\n"
