"""Many writers, and writers that are killed: no run lost, none doubled, and reading always works."""

from pathlib import Path

import lancedb
import pytest

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.manage.rebuild import check, rebuild
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.run_record import read_record
from diffusionlab.registry.storage.table import Registry
from tests.registry.processes import CONTEXT, kill, race, run_all, start, upsert_many, write_until_killed


def ids(uri: Path) -> list[str]:
    return [row["run_id"] for row in Registry(uri).rows(columns=["run_id"])]


@pytest.mark.parametrize(
    ("writers", "count", "upkeep_every"),
    [(4, 12, 5), pytest.param(8, 50, 100, marks=pytest.mark.slow, id="8 processes x 50")],
)
def test_upserts_of_many_processes_all_arrive_once(tmp_path: Path, writers: int, count: int, upkeep_every: int) -> None:
    run_all(upsert_many, [(tmp_path / "registry", writer, count, upkeep_every) for writer in range(writers)])
    expected = [f"w{writer}-{number:03d}" for writer in range(writers) for number in range(count)]
    assert ids(tmp_path / "registry") == expected
    Registry(tmp_path / "registry").flush()
    assert (
        sorted(lancedb.connect(tmp_path / "registry").open_table("runs").search().to_arrow()["run_id"].to_pylist())
        == expected
    )


@pytest.mark.parametrize(
    ("writers", "count", "upkeep_every"),
    [(4, 6, 5), pytest.param(8, 20, 100, marks=pytest.mark.slow, id="8 processes, 20 keys")],
)
def test_processes_that_race_for_a_new_key_insert_it_once(
    tmp_path: Path, writers: int, count: int, upkeep_every: int
) -> None:
    keys = [f"key-{number:02d}" for number in range(count)]
    barrier = CONTEXT.Barrier(writers)
    run_all(
        race, [(tmp_path / "registry", writer, keys, barrier, upkeep_every) for writer in range(writers)]
    )  # the first key makes the table
    assert ids(tmp_path / "registry") == keys
    assert Registry(tmp_path / "registry").count(Compare("seed", ">=", 0)) == count


@pytest.mark.parametrize("kills", [20])
def test_a_writer_killed_at_work_spoils_nothing(tmp_path: Path, kills: int) -> None:
    uri, runs = tmp_path / "registry", tmp_path / "outputs"
    complete: set[str] = set()
    reader = Registry(uri)
    for writer in range(kills):
        written = CONTEXT.SimpleQueue()
        process = start(write_until_killed, uri, runs, writer, written)
        for _ in range(3 + writer % 5):  # wait for whole writes, then strike into the next one
            complete.add(written.get())
        kill(process)
        found = {row["run_id"]: row["status"] for row in reader.rows(columns=["run_id", "status"])}
        assert complete <= found.keys()
        on_disk = {file.parent.name: read_record(file.parent) for file in runs.glob("*/run.json")}
        assert found == {run_id: actual_status(vars(record)) for run_id, record in on_disk.items()}
        assert check(reader, [runs]) == []

    rebuild(reader, [runs])
    found = ids(uri)
    assert len(found) == len(set(found))
    assert set(found) == {folder.parent.name for folder in runs.glob("*/run.json")}
    assert check(reader, [runs]) == []
