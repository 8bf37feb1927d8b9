"""What can be wrong with a registry, each as one line that says what to type."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from diffusionlab.errors import UsageError, first_line


def reason(error: object) -> str:
    """The first line of an error of LanceDB, without the place in its source code."""
    return re.sub(r", /\S*\.rs:\d+:\d+", "", first_line(error, most=1000))[:200]


def typed(*words: str) -> str:
    """A command that can be pasted into a shell, whatever a run is called; control characters stand as escapes."""
    return " ".join(shlex.quote(word) if word.isprintable() else _escaped(word) for word in words)


def _escaped(word: str) -> str:
    """`$'...'`, as bash and zsh read it."""
    shown = (
        f"\\{char}" if char in "\\'" else char if char.isprintable()
        else "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
        for char in word
    )  # fmt: skip
    return f"$'{''.join(shown)}'"


class RegistryError(UsageError):
    """The registry cannot do what was asked; the text is for the user."""


class MissingRegistry(RegistryError):
    def __init__(self, uri: str) -> None:
        where = typed("--registry", uri)
        super().__init__(
            f"there is no registry at {uri}: train a run, or type "
            f"`python registry.py import FILE.jsonl {where}` or `python registry.py rebuild {where}`"
        )


class BrokenRegistry(RegistryError):
    def __init__(self, uri: str, cause: object) -> None:
        super().__init__(
            f"the registry at {uri} cannot be read ({reason(cause)}): "
            f"type `{typed('python', 'registry.py', 'rebuild', '--registry', uri)}`"
        )


@contextmanager
def readable(uri: object) -> Iterator[None]:
    """A registry that the system does not let us read, as one line."""
    try:
        yield
    except OSError as error:
        raise RegistryError(f"the registry at {uri} cannot be read: {error.strerror or reason(error)}") from error


class UnknownRun(RegistryError):
    """No run, or more than one, is meant by what was typed."""
