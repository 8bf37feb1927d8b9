"""What can be wrong with a registry, each as one line that says what to type."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from diffusionlab.errors import UsageError


def reason(error: object) -> str:
    """The first line of an error of LanceDB, without the place in its source code."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return re.sub(r", /\S*\.rs:\d+:\d+", "", first)[:200]


def typed(*words: str) -> str:
    """A command as it can be typed into a shell, whatever a run is called."""
    return shlex.join(words)


class RegistryError(UsageError):
    """The registry cannot do what was asked; the text is for the user."""


class MissingRegistry(RegistryError):
    def __init__(self, uri: str) -> None:
        super().__init__(
            f"there is no registry at {uri}: train a run, or type "
            f"`python registry.py import FILE.jsonl --registry {uri}` or `python registry.py rebuild --registry {uri}`"
        )


class BrokenRegistry(RegistryError):
    def __init__(self, uri: str, cause: object) -> None:
        super().__init__(
            f"the registry at {uri} cannot be read ({reason(cause)}): "
            f"type `python registry.py rebuild --registry {uri}`"
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
