"""`runs.arrow` beside the table: the rows of its newest version, for readers that need not wake LanceDB.

`import lancedb` takes longer than all else that a question does, and LanceDB looks through its files anew for each.
So a training that ends, and who has read the table, leave its rows in an Arrow file, and the next reader maps that
into memory. The file names the version of the table that it holds.

A writer that commits a few rows to a version that the file holds leaves these rows beside it, in
`runs.changes.arrow`, which names both versions: the next reader lays them over the rows of the file. When they are
many the writer makes one file of both. A commit of anything else leaves the file behind: it is passed over, and
replaced when somebody reads again; and so is a file whose checksum is wrong. Nobody needs either file: without them
everything comes from the table.
"""

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from diffusionlab.atomic import leftovers, replaced

if TYPE_CHECKING:
    import pyarrow as pa

_VERSION, _BASE = b"version", b"base"
_SEAL_BYTES = 8
_WORDS_OF_BLOCK = 8192
LEAST_CHANGES, SHARE_OF_CHANGES = 256, 0.02
"""So many changed rows, and such a part of all rows, are laid over at each reading before they are written in."""


class Left(NamedTuple):
    """The rows of one version of the table: `changed` in place of those of `rows` with the same run ids."""

    rows: "pa.Table"
    changed: "pa.Table | None"


class Snapshot:
    """The file at `file`, which need not exist."""

    def __init__(self, file: Path) -> None:
        self._rows = _Sealed(file)
        self._changes = _Sealed(file.with_name(f"{file.stem}.changes{file.suffix}"))
        self.folder = file.parent
        self._ignored = False

    def rows(self, version: str) -> Left | None:
        """All rows of this version of the table; None if the files hold another one."""
        left = None if self._ignored else self._find(version)
        if left is None or not self._rows.is_whole():
            return None
        return left if left.changed is None or self._changes.is_whole() else None

    def write(self, version: str, rows: "pa.Table") -> None:
        """Replace the file; OSError if it cannot be."""
        for left in leftovers(self.folder):
            left.unlink(missing_ok=True)
        self._rows.write(rows, {_VERSION: version.encode()})
        self._changes.file.unlink(missing_ok=True)
        self._ignored = False

    def advance(self, before: str, after: str, rows: "pa.Table") -> None:
        """If `before` is held, hold version `after`, which differs from it by these rows alone; OSError as `write`.

        The caller holds the lock of the registry.
        """
        left = None if self._ignored else self._find(before)
        if left is None or (left.changed is not None and not self._changes.is_whole()):
            return
        changed = laid_over(left.changed, rows)
        if changed.num_rows <= max(LEAST_CHANGES, SHARE_OF_CHANGES * left.rows.num_rows):
            self._changes.write(changed, {_VERSION: after.encode(), _BASE: _named(left.rows, _VERSION).encode()})
        elif self._rows.is_whole():
            self.write(after, laid_over(left.rows, changed))

    def remove(self) -> None:
        """Take the files away; if they are read-only they are at least not read here."""
        try:
            self._changes.file.unlink(missing_ok=True)
            self._rows.file.unlink(missing_ok=True)
        except OSError:
            self._ignored = True

    def _find(self, version: str) -> Left | None:
        """The rows of this version, with checksums yet to be looked at."""
        rows = self._rows.open()
        if rows is None:
            return None
        if _named(rows, _VERSION) == version:
            return Left(rows, None)
        changed = self._changes.open()
        if changed is None or _named(changed, _VERSION) != version or _named(changed, _BASE) != _named(rows, _VERSION):
            return None
        return Left(rows, changed)


class _Sealed:
    """A file of one Arrow table and a checksum, opened again when it is another file than before."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._state: tuple[int, ...] = ()
        self._content: pa.Buffer | None = None
        self._table: pa.Table | None = None
        self._whole: bool | None = None  # None: not looked at yet

    def open(self) -> "pa.Table | None":
        """The table in the mapped file; None if there is none, or none of ours."""
        import pyarrow as pa

        try:
            stat = self.file.stat()
            state = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if state != self._state:
                self._table = self._whole = None
                self._content = pa.memory_map(str(self.file)).read_buffer()
                self._table = pa.ipc.open_file(self._content.slice(0, self._content.size - _SEAL_BYTES)).read_all()
                self._state = state
        except (OSError, ValueError, IndexError, pa.ArrowException):  # bits that flipped may ask for anything
            self._state, self._table = (), None
        return self._table

    def is_whole(self) -> bool:
        """Whether the checksum of what is open is right."""
        if self._whole is None and self._content is not None:
            end = self._content.size - _SEAL_BYTES
            self._whole = self._content.slice(end).to_pybytes() == _seal(self._content.slice(0, end))
        return bool(self._whole)

    def write(self, rows: "pa.Table", names: dict[bytes, bytes]) -> None:
        import pyarrow as pa

        named = rows.replace_schema_metadata(names).combine_chunks()
        with replaced(self.file) as temporary:
            with pa.ipc.new_file(str(temporary), named.schema) as writer:
                writer.write_table(named)
            seal = _seal(pa.memory_map(str(temporary)).read_buffer())
            with temporary.open("ab") as file:
                file.write(seal)


def laid_over(rows: "pa.Table | None", newer: "pa.Table") -> "pa.Table":
    """`newer`, and those of `rows` whose run ids it has not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if rows is None:
        return newer
    kept = rows.filter(pc.invert(pc.is_in(rows["run_id"], value_set=newer["run_id"].combine_chunks())))
    return pa.concat_tables([kept, newer], promote_options="permissive")


def _named(table: "pa.Table", name: bytes) -> str:
    return (table.schema.metadata or {}).get(name, b"").decode()


def _seal(content: "pa.Buffer") -> bytes:
    """A checksum that the file ends with: the CRC-32 of the sums of its 64-bit words, block by block.

    Summing goes at the speed of memory, a CRC of all bytes at a tenth of it; any one flipped bit changes a sum.
    """
    import numpy as np

    words = np.frombuffer(content, "<u8", count=content.size // 8)
    sums = np.add.reduceat(words, np.arange(0, len(words), _WORDS_OF_BLOCK)) if len(words) else words
    rest = content.slice(len(words) * 8).to_pybytes()
    return b"sums" + zlib.crc32(rest, zlib.crc32(sums.tobytes())).to_bytes(4, "little")
