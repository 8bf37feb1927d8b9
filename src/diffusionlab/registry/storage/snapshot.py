"""`runs.arrow` beside the table: the rows of its newest version, for readers that need not wake LanceDB.

`import lancedb` takes longer than all else that a question does, and LanceDB looks through its files anew for each.
So a training that ends, and who has read the table, leave its rows in an Arrow file, and the next reader maps that
into memory, in a millisecond, whatever its size. The file names the version of the table that it holds; from the next
commit on it is passed over, and replaced when somebody reads again; and so is a file whose checksum is wrong. Nobody
needs it: without it everything comes from the table.
"""

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from diffusionlab.atomic import leftovers, replaced

if TYPE_CHECKING:
    import pyarrow as pa

_VERSION = b"version"
_SEAL_BYTES = 8
_WORDS_OF_BLOCK = 8192


class Snapshot:
    """The file at `file`, which need not be there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._opened: pa.Table | None = None
        self._ignored = False

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
        for left in leftovers(self.folder):
            left.unlink(missing_ok=True)
        with replaced(self._file) as temporary:
            with pa.ipc.new_file(str(temporary), named.schema) as writer:
                writer.write_table(named)
            seal = _seal(pa.memory_map(str(temporary)).read_buffer())
            with temporary.open("ab") as file:
                file.write(seal)
        self._ignored = False

    def remove(self) -> None:
        """Take the file away; one that is read-only is at least not read here."""
        self._opened = None
        try:
            self._file.unlink(missing_ok=True)
        except OSError:
            self._ignored = True

    def _open(self) -> "pa.Table | None":
        import pyarrow as pa

        if self._ignored:
            return None
        try:
            content = pa.memory_map(str(self._file)).read_buffer()
            rows, seal = content.slice(0, content.size - _SEAL_BYTES), content.slice(content.size - _SEAL_BYTES)
            return pa.ipc.open_file(rows).read_all() if seal.to_pybytes() == _seal(rows) else None
        except (OSError, ValueError, IndexError):  # none, or none of ours
            return None

    def _version(self) -> str | None:
        return (self._opened.schema.metadata or {}).get(_VERSION, b"").decode() if self._opened is not None else None


def _seal(content: "pa.Buffer") -> bytes:
    """A checksum that the file ends with: the CRC-32 of the sums of its 64-bit words, block by block.

    Summing goes at the speed of memory, a CRC of all bytes at a tenth of it; any one flipped bit changes a sum.
    """
    import numpy as np

    words = np.frombuffer(content, "<u8", count=content.size // 8)
    sums = np.add.reduceat(words, np.arange(0, len(words), _WORDS_OF_BLOCK)) if len(words) else words
    rest = content.slice(len(words) * 8).to_pybytes()
    return b"sums" + zlib.crc32(rest, zlib.crc32(sums.tobytes())).to_bytes(4, "little")
