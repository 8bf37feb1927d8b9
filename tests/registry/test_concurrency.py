"""Many writers, and writers that are killed: no run lost, none doubled, and reading always works."""

from pathlib import Path

import lancedb
import pytest

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.manage import edits
from diffusionlab.registry.manage.check import check
from diffusionlab.registry.manage.rebuild import rebuild
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.manage.transfer import import_runs
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.registry.storage.table import Registry
from tests.registry.processes import (
    CONTEXT,
    edit_many,
    kill,
    look_after,
    race,
    run_all,
    start,
    upsert_many,
    write_until_killed,
)


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


@pytest.mark.faults
@pytest.mark.parametrize(
    ("editors", "count"),
    [(3, 3), pytest.param(8, 12, marks=pytest.mark.slow, id="8 editors x 12 tags")],
)
def test_no_edit_is_lost_while_others_edit_rebuild_and_optimize(tmp_path: Path, editors: int, count: int) -> None:
    uri, runs = tmp_path / "registry", tmp_path / "outputs"
    import_runs(Registry(uri), [RunRecord(run_id=run_id, name="imported") for run_id in ("i1", "i2")])
    for run_id in ("t1", "t2"):
        recording = RunRecorder(str(uri), runs / run_id, RunRecord(run_id=run_id, name="trained"))
        recording.start()
        recording.finish("finished")
    ended = CONTEXT.Event()
    keepers = [start(look_after, uri, runs, what, ended) for what in ("rebuild", "optimize")]
    run_all(edit_many, [(uri, editor, ["i1", "t1", "i2", "t2"], count) for editor in range(editors)])
    ended.set()
    for keeper in keepers:
        keeper.join(120)
        assert keeper.exitcode == 0
    expected = {f"e{editor}-{number}" for editor in range(editors) for number in range(count)}
    registry = Registry(uri)
    assert {record.run_id: set(record.tags) for record in registry.records()} == dict.fromkeys(
        ("i1", "i2", "t1", "t2"), expected
    )
    assert check(registry, [runs]) == []


def test_an_edit_in_an_object_store_takes_turns_by_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without folder and locks, as on S3: whoever comes second sees that the row has changed, and reads anew."""
    Registry(tmp_path).upsert(RunRecord(run_id="a", name="a"))
    registry = Registry(tmp_path)
    registry.folder = registry.journal = registry._pending = None
    read, intruders = registry.get, iter(["x", "y", None])

    def read_then_overtaken(run_id: str) -> RunRecord | None:
        record = read(run_id)
        if tag := next(intruders, None):
            monkeypatch.setattr(registry, "get", read)
            edits.tag(registry, run_id, [tag])
            monkeypatch.setattr(registry, "get", read_then_overtaken)
        return record

    monkeypatch.setattr(registry, "get", read_then_overtaken)
    edits.tag(registry, "a", ["mine"])
    assert sorted(read("a").tags) == ["mine", "x", "y"]
