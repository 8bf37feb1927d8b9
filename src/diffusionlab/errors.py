"""What went wrong, in the user's terms: one line that says what to type instead."""

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar, Self

from diffusionlab.invocation import as_typed
from diffusionlab.untrusted import plain_text

_SET_HERE = "DIFFUSIONLAB_SET_HYDRA_FULL_ERROR"
SHOW_TRACEBACKS = "HYDRA_FULL_ERROR" in os.environ and _SET_HERE not in os.environ
"""Whether the user asked for them in Hydra's way; not where a parent process set the variable, as below."""


class LabError(Exception):
    """An error that is shown as one line, without a traceback."""

    exit_code: ClassVar[int] = 1


class UsageError(LabError, ValueError):
    """Invalid user input."""

    exit_code = 2


class UntrustedCode(UsageError):
    """A file asks for code from outside this package that the user has not trusted."""

    def __init__(self, source: Path, target: str) -> None:
        module = target.partition(".")[0]
        remedy = "a file may not name it" if module == "diffusionlab" else f"type trust={module} if you trust it"
        super().__init__(f"{source} uses {target}, which is not part of diffusionlab: {remedy}")


class TrainingDiverged(LabError):
    """The loss or a weight is NaN or infinite; the text names the step and the likely cause."""


class TrainingInterrupted(LabError):
    """Ctrl-C, SIGTERM or a closed terminal; the text says how to go on."""

    exit_code = 130


class OutOfMemory(LabError):
    """Device or host memory ran out; the text names the settings that need less."""


_NO_ROOM = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name)}


class StorageError(LabError):
    """A file or folder that cannot be written, or is gone."""

    @staticmethod
    def is_told_by(error: Exception) -> bool:
        """Whether an error of the operating system can mean nothing else than that a file cannot be written."""
        return isinstance(error, OSError) and error.errno in (*_NO_ROOM, errno.EROFS)

    @classmethod
    def moved(cls, folder: "Path") -> "StorageError":
        """Of a run folder that is no longer where its training began."""
        return cls(
            f"the run folder {folder} was moved or removed while the run was training: put it back, then type the same "
            "command with ckpt_path=last to go on from its latest checkpoint"
        )

    @classmethod
    def of(cls, error: OSError, path: Path, needed: int | None = None) -> Self:
        """`needed`: bytes that were to be written to `path`."""
        room = ""
        if error.errno in _NO_ROOM:
            amount = f"{needed / 1e6:.1f} MB needed, " if needed is not None else ""
            room = f" ({amount}{_free(path) / 1e6:.1f} MB free)"
        reason = error.strerror or str(error) or type(error).__name__
        return cls(f"cannot write {path}: {reason}{room}")


def _free(path: Path) -> int:
    """Bytes free on the file system that `path` is on, or would be on."""
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(existing).free


def first_line(error: object, most: int = 200) -> str:
    """The first line of an error's text, at most `most` characters; the name of its type if it has no text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:most]


def did_you_mean(word: str, known: list[str]) -> str:
    """`"; did you mean lr?"`, or nothing if no known word is near."""
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


@contextmanager
def cli_errors(explain: Callable[[Exception], str | None]) -> Iterator[None]:
    """End the process on a LabError: one line on stderr and its exit code, without a traceback.

    `explain` turns an exception of a library into the line of a UsageError, or returns None to let it through.
    HYDRA_FULL_ERROR=1 in the environment lets everything through, as Hydra's users know it.
    """
    if "HYDRA_FULL_ERROR" not in os.environ:
        os.environ |= {_SET_HERE: "1"}
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints its errors itself instead of handing them on
    try:
        yield
    except KeyboardInterrupt:
        if SHOW_TRACEBACKS:
            raise
        print("interrupted", file=sys.stderr)
        sys.exit(TrainingInterrupted.exit_code)
    except Exception as raised:
        error = raised
        if isinstance(raised, OSError) and StorageError.is_told_by(raised):
            error = StorageError.of(raised, Path(raised.filename or "."))
        line = str(error) if isinstance(error, LabError) else explain(error)
        if line is None or SHOW_TRACEBACKS:
            raise
        start = "" if isinstance(error, TrainingInterrupted) else "error: "  # to stop is no error
        print(f"{start}{' '.join(plain_text(as_typed(line)).split())}", file=sys.stderr)
        sys.exit(getattr(error, "exit_code", UsageError.exit_code))
