"""Rows that wait beside the table: seen by every reader, merged once, lost by no crash."""

from pathlib import Path

import lancedb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusionlab.registry.filters.conditions import Compare, Contains, IsNull
from diffusionlab.registry.manage import edits, recorder
from diffusionlab.registry.manage.purge import purge
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.record.run_record import RunRecord, write_record
from diffusionlab.registry.storage import pending, table
from diffusionlab.registry.storage.pending import PENDING
from diffusionlab.registry.storage.table import Registry
from tests.registry.processes import record_run


def run(run_id: str, **facts) -> RunRecord:
    return RunRecord(run_id=run_id, name=run_id, **facts)


def merged(uri: Path) -> list[str]:
    """What LanceDB itself holds."""
    return sorted(lancedb.connect(uri).open_table("runs").search().to_arrow()["run_id"].to_pylist())


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry that is being written to: three runs in the table, a fourth and a change to the third beside it."""
    monkeypatch.setattr(table, "SECONDS_AT_REST", 3600.0)
    registry = Registry(tmp_path / "registry")
    registry.upsert([run(f"r{i}", seed=i, metrics={"fid": 10.0 - i}, arch_tags=["unet"]) for i in range(3)])
    record_run(registry, run("r2", seed=20, status="failed", tags=["late"]))
    record_run(registry, run("r3", seed=3, metrics={"fid": 1.0, "is": 4.0}))
    return registry


def test_readers_see_the_table_as_if_all_were_in_it(busy: Registry, tmp_path: Path) -> None:
    assert merged(Path(busy.uri)) == ["r0", "r1", "r2"]
    for reader in (busy, Registry(busy.uri)):
        assert {row["run_id"]: row["seed"] for row in reader.rows()} == {"r0": 0, "r1": 1, "r2": 20, "r3": 3}
    ids = lambda *arguments, **options: [row["run_id"] for row in busy.rows(*arguments, **options)]  # noqa: E731
    assert ids(Compare("seed", "=", 2)) == []  # the row that was replaced
    assert ids(Compare("status", "=", "failed")) == ids(Contains("tags", "late")) == ["r2"]
    assert ids(Compare("metrics.is", ">", 3.0)) == ["r3"]
    assert ids(IsNull("fid")) == ["r2"]
    assert ids(order_by="fid", limit=2) == ["r3", "r1"]
    assert ids(order_by="fid") == ["r3", "r1", "r0", "r2"]
    assert (busy.count(), busy.count(Contains("arch_tags", "unet"))) == (4, 2)
    path = str(tmp_path / "registry-runs" / "r2")
    assert busy.get("r2") == run("r2", seed=20, status="failed", tags=["late"], path=path)


def test_a_flush_brings_them_in_once(busy: Registry) -> None:
    before = busy.rows()
    busy.flush()
    busy.flush()
    assert merged(Path(busy.uri)) == ["r0", "r1", "r2", "r3"]
    assert busy.rows() == before
    assert not (Path(busy.uri) / PENDING).exists()


@pytest.mark.parametrize("write", ["upsert", "optimize", "full", "rest"])
def test_other_writes_bring_them_in_too(busy: Registry, write: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if write == "upsert":
        busy.upsert(run("r4"))
    elif write == "optimize":
        busy.optimize()
    else:
        monkeypatch.setattr(*((pending, "MOST_LINES", 2) if write == "full" else (table, "SECONDS_AT_REST", 0.0)))
        record_run(busy, run("r4"))
    assert merged(Path(busy.uri))[:4] == ["r0", "r1", "r2", "r3"]
    assert not (Path(busy.uri) / PENDING).exists()


def test_what_is_purged_is_gone_from_beside_the_table_too(busy: Registry) -> None:
    edits.delete(busy, "r3")
    purge(busy, ["r3"])
    assert [row["run_id"] for row in busy.rows(deleted=None)] == ["r0", "r1", "r2"]


def test_a_line_cut_short_spoils_only_itself(busy: Registry) -> None:
    file = Path(busy.uri) / PENDING
    with file.open("a") as out:
        out.write('{"run_id": "r9", "name": "wri')
    assert len(busy.rows()) == 4
    record_run(busy, run("r5"))
    assert [row["run_id"] for row in busy.rows()] == ["r0", "r1", "r2", "r3", "r5"]
    busy.flush()
    assert merged(Path(busy.uri)) == ["r0", "r1", "r2", "r3", "r5"]


def test_a_training_that_ends_leaves_nothing_beside_the_table(busy: Registry, tmp_path: Path) -> None:
    recorder = RunRecorder(busy.uri, tmp_path / "run", run("a"))
    recorder.start()
    recorder.finish("finished")
    assert "a" not in merged(Path(busy.uri)) and busy.get("a") is not None
    recorder.close()
    assert merged(Path(busy.uri)) == ["a", "r0", "r1", "r2", "r3"]
    assert busy.rows(columns=["status"], limit=1) == [{"status": "finished"}]


def test_a_training_that_starts_waits_in_view_of_all_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No table is made for the first step; the beat of its first minute makes it."""
    monkeypatch.setattr(recorder, "SECONDS_BETWEEN_BEATS", 0.0)
    recording = RunRecorder(str(tmp_path / "registry"), tmp_path / "run", run("a"))
    recording.start()
    recording.update(seed=3)
    reader = Registry(tmp_path / "registry")
    assert reader.rows(columns=["run_id", "status", "seed"]) == [{"run_id": "a", "status": "running", "seed": 3}]
    assert reader.exists() and not (tmp_path / "registry" / "runs.lance").exists()
    recording.beat()
    assert merged(tmp_path / "registry") == ["a"]


@pytest.mark.parametrize("merge", [Registry.flush, Registry.count])
def test_what_waits_is_found_where_registry_and_runs_are_moved_together(tmp_path: Path, merge) -> None:
    RunRecorder(str(tmp_path / "here" / "registry"), tmp_path / "here" / "outputs" / "run", run("a")).start()
    (tmp_path / "here").rename(tmp_path / "there")
    registry = Registry(tmp_path / "there" / "registry")
    merge(registry)
    record = registry.get("a")
    assert record is not None and record.path == str(tmp_path / "there" / "outputs" / "run")


def test_after_a_power_cut_rebuild_brings_back_what_waited(busy: Registry, tmp_path: Path) -> None:

    from diffusionlab.registry.manage.check import check
    from diffusionlab.registry.manage.rebuild import rebuild

    write_record(run("r3", seed=3), tmp_path / "outputs" / "r3")
    (Path(busy.uri) / PENDING).write_bytes(b"\0" * 900)
    assert [row["run_id"] for row in busy.rows()] == ["r0", "r1", "r2"]
    assert any("r3" in problem for problem in check(busy, [tmp_path / "outputs"]))
    rebuild(busy, [tmp_path / "outputs"])
    assert [row["run_id"] for row in busy.rows()] == ["r0", "r1", "r2", "r3"]


STEPS = st.tuples(
    st.sampled_from(["upsert", "soon", "soon", "soon", "flush", "remove", "leave", "leave"]), st.integers(0, 4)
)


@settings(max_examples=15, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_any_order_of_writes_and_snapshots_reads_as_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    registry, model = Registry(tmp_path_factory.mktemp("any") / "registry"), {"r0": -1}
    registry.upsert(run("r0", seed=-1))
    for number, (step, key) in enumerate(steps):
        run_id = f"r{key}"
        if step == "remove":
            registry.remove([run_id])
            model.pop(run_id, None)
        elif step == "flush":
            registry.flush()
        elif step == "leave":
            registry.leave_snapshot()
        else:
            write = Registry.upsert if step == "upsert" else record_run
            write(registry, run(run_id, seed=number, revision=number + 1))
            model[run_id] = number
        for reader in (registry, Registry(registry.uri)):
            assert {row["run_id"]: row["seed"] for row in reader.rows()} == model
