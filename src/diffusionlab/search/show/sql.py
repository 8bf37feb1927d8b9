"""`search.py --sql`: one SELECT over the table `runs`, by DuckDB, which can reach nothing else.

    python search.py --sql "select dataset, avg(fid) from runs group by 1"

The columns are those of the registry (`describe runs` lists them). Deleted runs are left out, times are in UTC, and
JSON columns are text, read as in `metrics->>'val_psnr'`.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.manage.display import printable
from diffusionlab.registry.record.columns import COLUMNS
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.show.output import guarded
from diffusionlab.search.show.render import GAP, blocks, shortened

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from rich.console import RenderableType

_CONFIGURATION = {
    "enable_external_access": "false",  # no file, no network, no extension
    "python_enable_replacements": "false",  # a name in the query is no variable of this program
    "temp_directory": "",  # nothing is written, however large a query grows
}
LEAST = 12  # cells of a text below which a row is shown as a block instead


def answer_sql(registry: Registry, query: str) -> pa.Table:
    """The result of one SELECT; ValueError in one line for any other statement and for what DuckDB cannot read."""
    import duckdb

    connection = duckdb.connect(":memory:", config=_CONFIGURATION)  # type: ignore[arg-type]
    try:
        connection.register("runs", registry.arrow(tuple(COLUMNS)))
        connection.execute("set TimeZone = 'UTC'; set lock_configuration = true")
        return connection.sql(_only_select(connection, query)).to_arrow_table()
    except duckdb.Error as error:
        said = str(error).partition("\nLINE ")[0]
        raise ValueError(f"--sql: {printable(' '.join(said.split()))}") from None
    finally:
        connection.close()


def _only_select(connection: DuckDBPyConnection, query: str) -> str:
    import duckdb

    statements = connection.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        example = "'select dataset, avg(fid) from runs group by 1'"
        raise ValueError(f"--sql takes one SELECT over `runs`, as in --sql {example}")
    return str(statements[0].query)


def print_sql(table: pa.Table) -> None:
    """The rows as a table, or as blocks if the columns have no room, and their number."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    if table.num_columns:
        console.print(_rendered(table, console.width))
        console.print()
    console.print(f"{table.num_rows} row{'' if table.num_rows == 1 else 's'}.")


def _rendered(table: pa.Table, width: int) -> RenderableType:
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    heads = [printable(name).replace("\n", " ") for name in table.column_names]
    values = [column.to_pylist() for column in table.columns]
    numeric = [all(isinstance(value, int | float | Decimal | None) for value in column) for column in values]
    whole = [all(isinstance(value, int | float | Decimal | date | None) for value in column) for column in values]
    cells = [[" ".join(_text(value).split()) or "-" for value in column] for column in values]
    natural = [max([cell_len(head), *map(cell_len, column)]) for head, column in zip(heads, cells, strict=True)]
    widths = _fitted(natural, whole, width)
    if not widths:
        return blocks(heads, cells)
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for head, number, wide in zip(heads, numeric, widths, strict=True):
        heading = Text(shortened([head], "name", wide)[0])
        made.add_column(heading, justify="right" if number else "left", no_wrap=True, width=wide)
    for row in zip(*(shortened(column, "name", wide) for column, wide in zip(cells, widths, strict=True)), strict=True):
        made.add_row(*map(Text, row))
    return made


def _fitted(natural: Sequence[int], whole: Sequence[bool], width: int) -> list[int]:
    """Widths that fit together, the longest texts cut, a column that is `whole` not; empty if there is no room."""
    widths = list(natural)
    while sum(widths) + GAP * (len(widths) - 1) > width:
        cuttable = [i for i, uncut in enumerate(whole) if not uncut and widths[i] > LEAST]
        if not cuttable:
            return []
        widths[max(cuttable, key=lambda i: widths[i])] -= 1
    return widths


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return printable(json.dumps(_plain(value), ensure_ascii=False))
    return printable(float(value) if isinstance(value, Decimal) else value)


def sql_json(query: str, table: pa.Table) -> str:
    """{"query", "intent": "sql", "total", "columns", "rows", "warnings"}; a row is a list: columns may share a name."""
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    found = {"query": query, "intent": "sql", "total": table.num_rows, "columns": table.column_names}
    return json.dumps(found | {"rows": [[_plain(value) for value in row] for row in rows], "warnings": []})


def sql_csv(table: pa.Table) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(table.column_names)
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        out.writerow([guarded(_plain(value)) for value in row])


def _plain(value: Any) -> Any:
    """As JSON has it: no number that is none, times and everything else as text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return float(value)
        case datetime() | date():
            return value.isoformat()
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return str(value)
