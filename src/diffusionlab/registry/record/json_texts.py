"""JSON columns of very many rows: one value of each, or the names in use, without decoding every text in Python.

DuckDB reads the texts where they lie. A few texts, and any that it does not take for JSON (Python may), are left as
they are, to be decoded as ever.
"""

import json
import re
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.record.columns import held_in

if TYPE_CHECKING:
    import pyarrow as pa

FEW = 2000  # so many texts are decoded sooner than DuckDB is imported
_VALUES = "select json_extract(text, ?)::varchar as text from texts"
_STRUCTURES = "select distinct json_structure(text)::varchar as text from texts where text is not null"
_CONFIGURATION = {"enable_external_access": "false", "python_enable_replacements": "false"}


def cut_to(texts: "pa.Array", column: str) -> "pa.Array":
    """The texts with nothing in them but the value of `column` (`config.KEY`, `metrics.NAME`), so that few differ."""
    import pyarrow as pa
    import pyarrow.compute as pc

    path = column.removeprefix(f"{held_in(column)}.").split(".")
    if any(not name or name.isdigit() or name == "-" for name in path):  # DuckDB would look into lists
        return texts
    values = _asked(texts, _VALUES, ["".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in path)])
    if values is None:
        return texts
    encoded = values.dictionary_encode()
    nested = pa.array([_nested(path, text) for text in encoded.dictionary.to_pylist()], pa.string())
    return pc.if_else(pc.is_valid(texts), pc.fill_null(nested.take(encoded.indices), "{}"), None)


def _nested(path: list[str], value: str) -> str:
    for name in reversed(path):
        value = f"{{{json.dumps(name)}: {value}}}"
    return value


def structures(texts: "pa.Array") -> list[str]:
    """JSON texts with the names of all these, in as few as may be; their values are of no meaning."""
    found = _asked(texts, _STRUCTURES, [])
    if found is None:
        return [text for text in texts.unique().to_pylist() if text]
    return [re.sub('(^|:)"JSON"', r"\1{}", text) for text in found.to_pylist()]  # "JSON": an object without names


def _asked(texts: "pa.Array", query: str, parameters: list[Any]) -> "pa.Array | None":
    """The column `text` of the query's result; None where the texts are few, or not all JSON."""
    import pyarrow as pa

    if len(texts) <= FEW:
        return None
    import duckdb

    with duckdb.connect(":memory:", config=_CONFIGURATION) as connection:  # type: ignore[arg-type]
        connection.register("texts", pa.table({"text": texts}))
        try:
            found = connection.sql(query, params=parameters).to_arrow_table()
        except duckdb.Error:
            return None
    return found["text"].combine_chunks()
