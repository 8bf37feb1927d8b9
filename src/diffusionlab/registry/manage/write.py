"""The one way to change the record of a run that has a run folder."""

from collections.abc import Callable
from pathlib import Path

from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.record.run_record import RunRecord, write_record
from diffusionlab.registry.storage.lock import locked
from diffusionlab.registry.storage.table import Registry


def write_run(
    registry: Registry | None, folder: Path, change: Callable[[], RunRecord], *, may_wait: bool = False
) -> RunRecord:
    """Write what `change` returns to the folder's `run.json`, then to the row, if there is a registry.

    `change` is called while no other process may write to the folder: it reads what is there and returns what is to
    be there, one revision further. A row that may wait is shown to readers at once, and merged into the table later.

    Raises OSError if `run.json` cannot be written, and RegistryError if the registry cannot: the file is written then.
    """
    trouble: RegistryError | None = None
    with locked(folder):
        try:
            if registry is not None:
                registry.announce(folder)
        except RegistryError as error:
            trouble = error
        record = change()
        record.path = str(folder.absolute())
        write_record(record, folder)
    if trouble is not None:
        raise trouble
    if registry is not None:
        registry.settle(record, may_wait=may_wait)
    return record
