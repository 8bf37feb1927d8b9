"""What can be wrong with a registry, each as one line that says what to type."""

from diffusionlab.errors import UsageError


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
        first = str(cause).strip().splitlines()[0][:160] if str(cause).strip() else type(cause).__name__
        super().__init__(
            f"the registry at {uri} cannot be read ({first}): type `python registry.py rebuild --registry {uri}`"
        )


class UnknownRun(RegistryError):
    """No run, or more than one, is meant by what was typed."""
