"""Where a run comes from: commit, uncommitted changes, package versions, machine and command line."""

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from diffusionlab.atomic import replaced

PACKAGES = (
    "diffusionlab", "torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core", "lancedb", "pyarrow",
    "numpy", "open_clip_torch", "wandb",
)  # fmt: skip
DIFF_FILE = "uncommitted.diff"


def provenance(source: Path | None = None) -> dict[str, Any]:
    """Facts for RunRecord: git_commit, git_dirty, packages, host, command. `source` is where the code lies.

    Without git, or outside a work tree, the git facts are None.
    """
    source = source or Path(__file__).parent
    status = _git(source, "status", "--porcelain")
    return {
        "git_commit": (_git(source, "rev-parse", "HEAD") or "").strip() or None,
        "git_dirty": bool(status.strip()) if status is not None else None,
        "packages": package_versions(),
        "host": platform.node(),
        "command": shlex.join(sys.orig_argv),
    }


def save_uncommitted(folder: Path, source: Path | None = None) -> Path | None:
    """Keep the changes since the last commit beside the run (tracked files); None if there are none."""
    diff = _git(source or Path(__file__).parent, "diff", "HEAD", "--no-color", "--no-ext-diff")
    if not diff:
        return None
    file = folder / DIFF_FILE
    with replaced(file) as temporary:  # never through a link
        temporary.write_text(diff, encoding="utf-8", errors="replace")
    return file


def package_versions(names: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Installed versions by distribution name, Python's among them; what is not installed is left out."""
    versions = {"python": platform.python_version()}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def processor_name() -> str:
    """The processor as found ("AMD EPYC 9554 64-Core Processor"); for a GPU ask torch, and pass its name on."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return f"CPU ({line.partition(':')[2].strip()}, {os.cpu_count()} cores)"
    return f"CPU ({platform.processor() or platform.machine()}, {os.cpu_count()} cores)"


def _git(source: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(source), *arguments],
            capture_output=True, text=True, errors="replace", timeout=20, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
