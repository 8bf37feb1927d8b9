"""Where the commands and their option files are, and how this process was started."""

import re
import shlex
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent
CONF = next(folder for folder in (PACKAGE / "conf", PACKAGE.parents[1] / "conf") if folder.is_dir())
"""The option files: inside an installed package, or at the root of a checkout."""


def own_conf() -> tuple[Path, str]:
    """Where options of the user's own belong, and the flag by which the commands find them there.

    The conf/ of a checkout needs none; beside an installed package it is ./conf.
    """
    return (Path("conf"), "--config-dir conf ") if CONF.parent == PACKAGE else (CONF, "")


COMMANDS = ("train", "sample", "evaluate", "visualize", "search", "registry")

_SCRIPT = re.compile(rf"(?:python )?(?<![\w/\\])({'|'.join(COMMANDS)})\.py\b")


def as_typed(text: str) -> str:
    """`text` with `python train.py` as it works here.

    That is `diffusionlab train` where the installed command runs, and the script with its folder where it was started
    from another one.
    """
    started = Path(sys.argv[0])
    if started.parent == PACKAGE / "scripts":
        return _SCRIPT.sub(r"diffusionlab \1", text)
    if started.name.removesuffix(".py") in COMMANDS and started.parent.absolute() != Path.cwd():
        return _SCRIPT.sub(lambda found: f"python {shlex.quote(str(started.parent / found[1]) + '.py')}", text)
    return text
