"""What was measured of a trained run, beside the protocol that it was measured under."""

from collections.abc import Mapping
from pathlib import Path

from diffusionlab.registry.record.convert import convert
from diffusionlab.registry.record.run_record import RunRecord, read_record, utc_now, write_record
from diffusionlab.registry.storage.lock import locked
from diffusionlab.registry.storage.table import Registry


def record_evaluation(
    registry: Registry, folder: Path, protocol: str, metrics: Mapping[str, float | None]
) -> RunRecord:
    """Write an evaluation into the folder's `run.json`, then into the row; what people said of the run stays.

    Its figures take the place of those of the evaluation before in `metrics`, with `protocol` beside them, so that
    no two protocols ever stand there together; `evaluations` keeps all, an earlier one of this protocol replaced.
    A metric `name/class` is of one class alone and stands in `evaluations` only.

    Raises RegistryError where the row cannot be written: `run.json` has the figures then, and `rebuild` takes them.
    """
    with locked(folder):
        record = read_record(folder)
        record.hide_evaluation()
        record.evaluations |= convert("evaluations", {protocol: metrics})
        record.show_evaluation(protocol)
        record.sources |= dict.fromkeys(("metrics", "protocol", "evaluations"), "measured")
        record.path, record.modified_at = str(folder.absolute()), utc_now()
        write_record(record, folder)
        registry.upsert(record)
    return record
