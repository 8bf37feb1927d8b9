"""The project's commands as processes that can be killed: from a fork server that has imported all of it, or for real.

The fork server spares each process the seconds of `import torch`; from there on it is the command, with its own working
folder, arguments and output, and it dies by a real SIGKILL.
"""

import contextlib
import importlib
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).parents[2]
SCRIPTS = "diffusionlab.scripts"
FULL_AT = "FAULTS_FULL_AT"
"""Environment variable, such as `last.ckpt:2`: the disk is full before this file is written for the second time."""
BALLAST = "ballast"
PRELOADED = ["lancedb", "diffusionlab.commands.train", "diffusionlab.search.show.cli", "diffusionlab.report.command"]

os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
os.environ["PYTHONWARNINGS"] = "ignore:lancedb fork support"  # its runtime is made anew in each process
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


@dataclass
class Command:
    """A command under way; `output` holds what it printed."""

    process: "multiprocessing.process.BaseProcess | subprocess.Popen[bytes]"
    output: Path

    def is_alive(self) -> bool:
        return self.code() is None

    def code(self) -> int | None:
        """Its exit code, None while it runs, -9 once it was killed."""
        if isinstance(self.process, subprocess.Popen):
            return self.process.poll()
        return self.process.exitcode

    def wait(self) -> int:
        """Wait for its end."""
        code = self.process.wait() if isinstance(self.process, subprocess.Popen) else self._join()
        assert code is not None
        return code

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.wait()

    def _join(self) -> int | None:
        self.process.join()  # type: ignore[union-attr]
        return self.process.exitcode  # type: ignore[union-attr]

    def text(self) -> str:
        return self.output.read_text(errors="replace")


def start(
    name: str,
    *arguments: str,
    folder: Path,
    real: bool = False,
    env: Mapping[str, str] = MappingProxyType({}),
    output: Path | None = None,
) -> Command:
    """`python NAME.py ARGUMENTS` in `folder`; `real` starts an interpreter, else the fork server does.

    `output`: a file for what it prints; None for one in `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    output = output or folder / f"{name}.out"
    if real:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / f"{name}.py"), *arguments],
            cwd=folder, env=os.environ | env, start_new_session=True,
            stdout=output.open("wb"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        return Command(process, output)
    forked = _context.Process(target=_run, args=(name, arguments, folder, output, dict(env)))
    forked.start()
    return Command(forked, output)


def _run(name: str, arguments: tuple[str, ...], folder: Path, output: Path, env: dict[str, str]) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ |= env
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = [f"{name}.py", *arguments]
    sys.orig_argv = [sys.executable, *sys.argv]
    if FULL_AT in env:
        file, number = env[FULL_AT].split(":")
        fill_disk_before(file, int(number), folder)
    importlib.import_module(f"{SCRIPTS}.{name}").main()


def fill_disk_before(name: str, number: int, folder: Path) -> None:
    """Fill the file system of `folder` when a file of this name is about to be written for the `number`th time.

    Each write of a whole file in this project begins with `atomic.temporary_beside`.
    """
    from diffusionlab import atomic

    beside = atomic.temporary_beside
    names = []

    def with_full_disk(target: Path) -> Path:
        names.append(target.name)
        if target.name == name and names.count(name) == number:
            with (folder / BALLAST).open("wb", buffering=0) as ballast:
                for size in (1 << 16, 1 << 12, 1):
                    with contextlib.suppress(OSError):
                        while True:
                            ballast.write(bytes(size))
        return beside(target)

    atomic.temporary_beside = with_full_disk


def run(
    name: str,
    *arguments: str,
    folder: Path,
    env: Mapping[str, str] = MappingProxyType({}),
    output: Path | None = None,
) -> tuple[int, str]:
    """Run a command to its end; (exit code, what it printed)."""
    command = start(name, *arguments, folder=folder, env=env, output=output)
    return command.wait(), command.text()


def until(condition: Callable[[], bool], command: Command, seconds: float = 300.0) -> bool:
    """Poll until the condition holds; False if the command ended first or the time is up."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if condition():
            return True
        if not command.is_alive():
            return False
        time.sleep(0.002)
    return False


def records(folder: Path) -> dict[str, dict]:
    """run.json of each run below `folder`/outputs, by id."""
    found = [json.loads(file.read_text()) for file in (folder / "outputs").glob("*/*/run.json")]
    return {record["run_id"]: record for record in found}
