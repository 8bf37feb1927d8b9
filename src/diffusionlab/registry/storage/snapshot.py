"""`runs.arrow` beside the table: the rows of its newest version, for readers that need not wake LanceDB.

`import lancedb` takes longer than all else that a question does, and LanceDB looks through its files anew for each.
So a training that ends, and who has read the table, leave its rows in an Arrow file, and the next reader maps that
into memory, in a millisecond, whatever its size. The file names the version of the table that it holds; from the next
commit on it is passed over, and replaced when somebody reads again. Nobody needs it: without it everything comes from
the table.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from diffusionlab.atomic import replaced

if TYPE_CHECKING:
    import pyarrow as pa

_VERSION = b"version"


class Snapshot:
    """The file at `file`, which need not be there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._opened: pa.Table | None = None

    @property
    def folder(self) -> Path:
        return self._file.parent

    def rows(self, version: str) -> "pa.Table | None":
        """All rows of this version of the table; None where the file holds another one."""
        if self._version() != version:
            self._opened = self._open()
        return self._opened if self._version() == version else None

    def write(self, version: str, rows: "pa.Table") -> None:
        """Replace the file; OSError where it cannot be."""
        import pyarrow as pa

        named = rows.replace_schema_metadata({_VERSION: version.encode()}).combine_chunks()
        with replaced(self._file) as temporary, pa.ipc.new_file(str(temporary), named.schema) as writer:
            writer.write_table(named)

    def remove(self) -> None:
        self._opened = None
        self._file.unlink(missing_ok=True)

    def _open(self) -> "pa.Table | None":
        import pyarrow as pa

        try:
            return pa.ipc.open_file(pa.memory_map(str(self._file))).read_all()
        except (FileNotFoundError, pa.ArrowInvalid):  # none, or none of ours
            return None

    def _version(self) -> str | None:
        return (self._opened.schema.metadata or {}).get(_VERSION, b"").decode() if self._opened is not None else None
