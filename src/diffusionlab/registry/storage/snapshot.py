"""`runs.arrow` beside the table: the rows of its newest version, for readers that need not wake LanceDB.

`import lancedb` takes longer than all else that a question does, and LanceDB looks through its files anew for each.
So a training that ends, and who has read the table, leave its rows in an Arrow file, and the next reader maps that
into memory, in a millisecond, whatever its size. The file names the version of the table that it holds.

A writer that commits a few rows to a version that the file holds leaves these rows beside it, in
`runs.changes.arrow`, which names both versions: the next reader lays them over the rows of the file. When they are
many the writer makes one file of both. A commit of anything else leaves the file behind: it is passed over, and
replaced when somebody reads again. Nobody needs either file: without them everything comes from the table.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from diffusionlab.atomic import replaced

if TYPE_CHECKING:
    import pyarrow as pa

_VERSION, _BASE = b"version", b"base"
LEAST_CHANGES, SHARE_OF_CHANGES = 256, 0.02
"""So many changed rows, and such a part of all rows, are laid over at each reading before they are written in."""


class Left(NamedTuple):
    """The rows of one version of the table: `changed` in place of those of `rows` with the same run ids."""

    rows: "pa.Table"
    changed: "pa.Table | None"


class Snapshot:
    """The file at `file`, which need not exist."""

    def __init__(self, file: Path) -> None:
        self._file, self._changes = file, file.with_name(f"{file.stem}.changes{file.suffix}")
        self._opened: pa.Table | None = None
        self._changed: pa.Table | None = None

    @property
    def folder(self) -> Path:
        return self._file.parent

    def rows(self, version: str) -> Left | None:
        """All rows of this version of the table; None if the files hold another one."""
        if not self._hold(version):
            self._opened, self._changed = _open(self._file), None
            if self._opened is not None and _named(self._opened, _VERSION) != version:
                self._changed = _open(self._changes)
        if self._opened is None or not self._hold(version):
            return None
        return Left(self._opened, self._changed)

    def write(self, version: str, rows: "pa.Table") -> None:
        """Replace the file; OSError if it cannot be."""
        _write(self._file, rows, {_VERSION: version.encode()})
        self._changes.unlink(missing_ok=True)

    def advance(self, before: str, after: str, rows: "pa.Table") -> None:
        """If `before` is held, hold version `after`, which differs from it by these rows alone; OSError as `write`.

        The caller holds the lock of the registry.
        """
        left = self.rows(before)
        if left is None:
            return
        changed = laid_over(left.changed, rows)
        if changed.num_rows > max(LEAST_CHANGES, SHARE_OF_CHANGES * left.rows.num_rows):
            self.write(after, laid_over(left.rows, changed))
        else:
            base = _named(left.rows, _VERSION)
            _write(self._changes, changed, {_VERSION: after.encode(), _BASE: base.encode()})

    def remove(self) -> None:
        self._opened = self._changed = None
        self._file.unlink(missing_ok=True)
        self._changes.unlink(missing_ok=True)

    def _hold(self, version: str) -> bool:
        """Whether what is opened is this version."""
        if self._opened is None:
            return False
        if self._changed is None:
            return _named(self._opened, _VERSION) == version
        based = _named(self._changed, _BASE) == _named(self._opened, _VERSION)
        return based and _named(self._changed, _VERSION) == version


def laid_over(rows: "pa.Table | None", newer: "pa.Table") -> "pa.Table":
    """`newer`, and those of `rows` whose run ids it has not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if rows is None:
        return newer
    kept = rows.filter(pc.invert(pc.is_in(rows["run_id"], value_set=newer["run_id"].combine_chunks())))
    return pa.concat_tables([kept, newer], promote_options="permissive")


def _open(file: Path) -> "pa.Table | None":
    import pyarrow as pa

    try:
        return pa.ipc.open_file(pa.memory_map(str(file))).read_all()
    except (FileNotFoundError, pa.ArrowInvalid):  # none, or none of ours
        return None


def _write(file: Path, rows: "pa.Table", names: dict[bytes, bytes]) -> None:
    import pyarrow as pa

    named = rows.replace_schema_metadata(names).combine_chunks()
    with replaced(file) as temporary, pa.ipc.new_file(str(temporary), named.schema) as writer:
        writer.write_table(named)


def _named(table: "pa.Table", name: bytes) -> str:
    return (table.schema.metadata or {}).get(name, b"").decode()
