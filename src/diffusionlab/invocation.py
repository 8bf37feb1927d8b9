"""Where the commands and their option files are, and how this process was started."""

import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent
CONF = next(folder for folder in (PACKAGE / "conf", PACKAGE.parents[1] / "conf") if folder.is_dir())
"""The option files: inside an installed package, or at the root of a checkout."""

COMMANDS = ("train", "sample", "evaluate", "visualize", "search", "registry")

_SCRIPT = re.compile(rf"(?:python )?\b({'|'.join(COMMANDS)})\.py\b")


def as_typed(text: str) -> str:
    """`text` with `python train.py` as `diffusionlab train`, where the installed command runs instead of a script."""
    return _SCRIPT.sub(r"diffusionlab \1", text) if Path(sys.argv[0]).parent == PACKAGE / "scripts" else text
