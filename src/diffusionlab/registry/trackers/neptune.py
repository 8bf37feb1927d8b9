"""Neptune: the Parquet files of its exporter, one attribute or one point of a series a row.

Neptune's service has ended; the exporter, which is on no package index, wrote one fixed schema, which pyarrow reads.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diffusionlab.registry.trackers.run import Refused, TrackedRun, in_a_line, number

COLUMNS = (
    "project_id", "run_id", "attribute_path", "attribute_type", "step", "int_value", "float_value", "string_value",
    "bool_value", "datetime_value", "string_set_value",
)  # fmt: skip
VALUES = {"int": "int_value", "string": "string_value", "bool": "bool_value", "datetime": "datetime_value",
          "float": "float_value", "string_set": "string_set_value"}  # fmt: skip
ROWS = 10_000  # read at a time


def is_export(file: Path) -> bool:
    """Whether it is a Parquet file with the exporter's columns."""
    import pyarrow.parquet

    return set(COLUMNS) <= set(pyarrow.parquet.read_schema(file).names)


def read_export(files: list[Path], refused: Refused) -> Iterator[TrackedRun]:
    """The runs of all files; a run may lie in several."""
    runs: dict[tuple[str, str], _Run] = {}
    for file in files:
        try:
            for row in _rows(file):
                key = (str(row["project_id"]), str(row["run_id"]))
                runs.setdefault(key, _Run()).add(row)
        except Exception as error:  # a damaged file: what was read of it stays
            refused(f"{file}: {in_a_line(error)}")
    for (project, run_id), run in runs.items():
        yield run.tracked(project, run_id)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(ROWS, columns=list(COLUMNS)):
            yield from batch.to_pylist()


class _Run:
    """The attributes of one run, gathered row by row."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
        self.last: dict[str, tuple[Any, float | None]] = {}

    def add(self, row: dict[str, Any]) -> None:
        path, kind = str(row["attribute_path"]), row["attribute_type"]
        if kind == "float_series":
            step = row["step"] or 0
            if path not in self.last or step >= self.last[path][0]:
                self.last[path] = (step, number(row["float_value"]))
        elif kind in VALUES:
            self.attributes[path] = row[VALUES[kind]]

    def tracked(self, project: str, run_id: str) -> TrackedRun:
        about = {path: value for path, value in self.attributes.items() if path.startswith("sys/")}
        failed, ended = about.get("sys/failed"), about.get("sys/modification_time")
        return TrackedRun(
            tracker="neptune",
            run_id=run_id,
            project=project,
            name=about.get("sys/name") or about.get("sys/custom_run_id") or None,
            started=about.get("sys/creation_time"),
            ended=ended,
            status=None if failed is None else "failed" if failed else "finished",
            settings={
                path.removeprefix("parameters/").removeprefix("params/").replace("/", "."): value
                for path, value in self.attributes.items()
                if path not in about and not path.startswith(("monitoring/", "source_code/"))
            },
            metrics={
                path: value for path, (_, value) in self.last.items() if not path.startswith("monitoring/")
            } | {
                path: number(value)
                for path, value in self.attributes.items()
                if path.startswith(("metrics/", "eval/")) and isinstance(value, float)
            },
            tags=sorted({*(about.get("sys/tags") or ()), *(about.get("sys/group_tags") or ())}),
            notes=about.get("sys/description") or None,
            host=about.get("sys/hostname") or None,
        )  # fmt: skip
