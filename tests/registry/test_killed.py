"""A process killed anywhere while it records: at once, without a rebuild, reads say what the run folders say."""

from pathlib import Path

import pytest

from diffusionlab.registry.errors import MissingRegistry
from diffusionlab.registry.manage.check import check
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.run_record import RunRecord, read_record, write_record
from diffusionlab.registry.storage.lock import locked
from diffusionlab.registry.storage.table import Registry
from tests.registry.processes import POINTS, edit_until_killed_at, record_until_killed_at, start

pytestmark = pytest.mark.faults


def shown(registry: Registry) -> dict[str, str | None]:
    try:
        return {row["run_id"]: row["status"] for row in registry.rows(columns=["run_id", "status"])}
    except MissingRegistry:
        return {}


def in_folders(runs: Path) -> dict[str, str | None]:
    return {file.parent.name: actual_status(vars(read_record(file.parent))) for file in runs.glob("*/run.json")}


@pytest.mark.parametrize("step", POINTS)
def test_reads_agree_with_the_folder_wherever_a_training_is_killed(tmp_path: Path, step: str) -> None:
    """The first kill of all leaves no table behind, later ones a table that knows nothing of the run."""
    uri, runs = tmp_path / "registry", tmp_path / "outputs"
    for number, point in enumerate(POINTS[step]):
        process = start(record_until_killed_at, uri, runs / f"{number}", point, step)
        process.join()
        assert process.exitcode == -9, point
        assert shown(Registry(uri)) == in_folders(runs), point
        if shown(Registry(uri)):
            assert check(Registry(uri), [runs]) == [], point
    assert set(in_folders(runs).values()) == ({"crashed", "finished"} if step == "finish" else {"crashed"})

    recording = RunRecorder(str(uri), runs / "next", RunRecord(run_id="next", name="next"))
    recording.start()
    recording.finish("finished")
    recording.close()
    registry = Registry(uri)
    assert registry.statistics()["rows"] == len(in_folders(runs))  # the next training has brought all into the table
    assert shown(registry) == in_folders(runs)


@pytest.mark.parametrize("point", ["journal written", "row merged"])
def test_an_import_that_is_killed_is_there(tmp_path: Path, point: str) -> None:
    registry = Registry(tmp_path / "registry")
    registry.keep([RunRecord(run_id="old", name="before")])
    process = start(edit_until_killed_at, tmp_path / "registry", point)
    process.join()
    assert process.exitcode == -9
    assert {record.run_id: record.name for record in registry.records()} == {"old": "imported", "new": "imported"}
    assert check(registry, []) == []


def test_a_merge_keeps_its_eye_on_a_folder_that_is_being_written_to(tmp_path: Path) -> None:
    registry, folder = Registry(tmp_path / "registry"), tmp_path / "run"
    folder.mkdir()
    with locked(folder):
        registry.announce(folder)
        Registry(registry.uri).flush()
        write_record(RunRecord(run_id="late", name="late", status="finished"), folder)
    assert shown(Registry(registry.uri)) == {"late": "finished"}
