"""`diffusionlab.search` and `diffusionlab.runs`: the registry's answers as Python values, which notebooks show."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusionlab.errors import LabError, UsageError
from diffusionlab.registry.errors import readable
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.record.schema import to_table
from diffusionlab.registry.storage.table import Registry, default_uri
from diffusionlab.search.answer.answer import answer
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.result import Result
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.show.render import heading, pick_columns, texts

if TYPE_CHECKING:
    import pyarrow as pa

WIDTH = 140
"""Characters of the table that a notebook shows."""


class Runs(list[RunRecord]):
    """Records of runs, newest first."""

    def to_arrow(self) -> pa.Table:
        """One row a run, with all columns of the registry."""
        return to_table(self).sort_by([("created_at", "descending"), ("run_id", "descending")])

    def to_pandas(self) -> Any:
        """As `to_arrow`, a pandas.DataFrame; raises UsageError if pandas is not installed."""
        return _to_pandas(self.to_arrow())

    def __repr__(self) -> str:
        ids = ", ".join(record.run_id for record in self[:5])
        return f"<{len(self)} runs: {ids}{', ...' if len(self) > 5 else ''}>"

    def _repr_html_(self) -> str:
        columns = ("run_id", "name", "dataset", "architecture", "status", "epochs")
        metrics = list(dict.fromkeys(name for record in self for name in record.metrics))
        rows = [
            [*(getattr(record, column) for column in columns), *(record.metrics.get(name) for name in metrics)]
            for record in self
        ]
        return _table([*columns, *metrics], rows)


@dataclass(frozen=True)
class Answer:
    """The answer to a question: `text` in sentences, and in `rows` the runs it is about, by the registry's columns.

    `groups`: the figures that were asked for, one a group; they are the rows too if the answer is about no single run.
    `notes`: what the question left open, and how it was taken.
    """

    question: str
    text: str
    rows: list[dict[str, Any]] = field(repr=False)
    groups: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    html: str = field(default="", repr=False)

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        import pyarrow as pa

        return pa.Table.from_pylist(self.rows)

    def to_pandas(self) -> Any:
        """The rows as a pandas.DataFrame; raises UsageError if pandas is not installed."""
        return _to_pandas(self.to_arrow())

    def __str__(self) -> str:
        return "\n".join([self.text, *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p><i>Note: {html.escape(note)}</i></p>" for note in self.notes)
        return f"<p>{html.escape(self.text)}</p>{self.html}{notes}"


def search(question: str, *, registry: str | Path | None = None) -> Answer:
    """Answer a plain question about the runs, such as "best fid per dataset", as `search.py` does.

    `registry`: where they are recorded; None for DIFFUSIONLAB_REGISTRY, or `registry`. Raises UsageError for a
    question that cannot be read, and RegistryError if there is no registry.
    """
    engine = _engine(registry)
    with readable(engine.registry.uri), _one_line():
        result = engine.answer(parse(question, engine.known, engine.now))
        said = answer(result, engine)
        groups = _groups(result)
        rows = [dict(row) for row in result.rows] or groups
        return Answer(question, said, rows, groups, list(dict.fromkeys(result.warnings)), _html(result))


def runs(where: str | None = None, *, registry: str | Path | None = None) -> Runs:
    """The runs that meet a condition such as "fid < 20 and dataset = 'Fashion-MNIST'", newest first; all without one.

    The conditions are those of `search.py --where`. Raises UsageError for one that cannot be read, and RegistryError if
    there is no registry.
    """
    engine = _engine(registry)
    with readable(engine.registry.uri), _one_line():
        condition = parse_where(where, engine.known, engine.now) if where else None
        found = engine.registry.records(condition)
        oldest = datetime.min.replace(tzinfo=UTC)
        return Runs(sorted(found, key=lambda run: (run.created_at or oldest, run.run_id), reverse=True))


def _engine(registry: str | Path | None) -> Engine:
    return Engine(Registry(default_uri() if registry is None else registry), datetime.now(UTC))


@contextmanager
def _one_line() -> Iterator[None]:
    """What cannot be read in a question or a condition, as a UsageError."""
    try:
        yield
    except LabError:
        raise
    except ValueError as error:
        raise UsageError(" ".join(str(error).split())) from error


def _groups(result: Result) -> list[dict[str, Any]]:
    if result.groups is None:
        return []
    by = result.groups.figure.heads
    return [
        dict(zip(by, row.keys, strict=True)) | {"value": row.value, "count": row.count} for row in result.groups.rows
    ]


def _html(result: Result) -> str:
    if (groups := _groups(result)) and not result.rows:
        return _table(list(groups[0]), [list(group.values()) for group in groups])
    if not result.rows:
        return ""
    columns = pick_columns(result, WIDTH)
    cells = [texts(result, column) for column in columns]
    return _table([heading(column) for column in columns], list(zip(*cells, strict=True)))


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    def line(tag: str, cells: Sequence[Any]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(_cell(cell))}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{line('th', heads)}{''.join(line('td', row) for row in rows)}</table>"


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _to_pandas(table: pa.Table) -> Any:
    try:
        return table.to_pandas()
    except ImportError as error:
        raise UsageError("to_pandas needs pandas: pip install pandas") from error
