"""What was measured of a trained run, beside the protocol that it was measured under."""

import math
import re
from collections.abc import Mapping
from pathlib import Path

from diffusionlab.registry.manage.write import write_run
from diffusionlab.registry.record.convert import convert
from diffusionlab.registry.record.run_record import RunRecord, read_record, utc_now
from diffusionlab.registry.storage.table import Registry


def record_evaluation(
    registry: Registry, folder: Path, protocol: str, metrics: Mapping[str, float | None]
) -> RunRecord:
    """Write an evaluation into the folder's `run.json`, then into the row; what people said of the run stays.

    `metrics` has the figures of the best protocol, with `protocol` beside them, so that no two protocols ever stand
    there together; `evaluations` keeps all, an earlier one of this protocol replaced.
    A metric `name/class` is of one class alone and stands in `evaluations` only.

    Raises RegistryError where the row cannot be written: `run.json` has the figures then.
    """

    def measured() -> RunRecord:
        record = read_record(folder)
        record.hide_evaluation()
        record.evaluations |= convert("evaluations", {protocol: metrics})
        record.show_evaluation(best_protocol(record.evaluations, protocol))
        record.sources |= dict.fromkeys(("metrics", "protocol", "evaluations"), "measured")
        record.modified_at, record.revision = utc_now(), (record.revision or 0) + 1
        return record

    return write_run(registry, folder, measured)


def best_protocol(evaluations: Mapping[str, Mapping[str, float | None]], newest: str) -> str:
    """The protocol whose figures a run is known by: with the features of the `newest`, the most samples, the best FID.

    A worse sampler or a quick look at few samples does not take the place of what the run has shown that it can do.
    """

    def rank(protocol: str) -> tuple[float, float]:
        fid = evaluations[protocol].get("fid")
        number = re.search(r", (\d+) samples", protocol)
        return -int(number[1]) if number else 0, math.inf if fid is None else fid

    alike = [protocol for protocol in evaluations if protocol.partition(",")[0] == newest.partition(",")[0]]
    return min([newest, *alike], key=rank)
