"""The rows of the table in a file: read in its place, never in place of newer ones, and missed by nobody."""

import resource
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from diffusionlab.registry.errors import BrokenRegistry
from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.manage import edits
from diffusionlab.registry.manage.check import check
from diffusionlab.registry.manage.purge import purge
from diffusionlab.registry.manage.rebuild import rebuild
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.record.run_record import RunRecord, write_record
from diffusionlab.registry.storage import reader, snapshot
from diffusionlab.registry.storage.table import Registry


def run(run_id: str, **facts) -> RunRecord:
    return RunRecord(run_id=run_id, name=run_id, **facts)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path / "registry")
    registry.upsert([run(f"r{i}", seed=i, dataset="MNIST", config={"lr": i}) for i in range(3)])
    registry.leave_snapshot()
    return registry


def file_of(registry: Registry) -> Path:
    assert registry.folder is not None
    return registry.folder / "runs.arrow"


def changes_of(registry: Registry) -> Path:
    return file_of(registry).with_name("runs.changes.arrow")


def ids(registry: Registry) -> list[str]:
    return [row["run_id"] for row in Registry(registry.uri).rows()]


def break_the_table(registry: Registry) -> None:
    """Its data is lost, its versions are not."""
    assert registry.folder is not None
    for file in (registry.folder / "runs.lance" / "data").iterdir():
        file.unlink()


def test_rows_are_read_without_lancedb(registry: Registry) -> None:
    before = Registry(registry.uri).rows()
    code = f"""
import sys
from diffusionlab.search.show.cli import main
assert main(["runs on MNIST", "--registry", {registry.uri!r}]) == 0
assert "lancedb" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert all(run_id in done.stdout for run_id in ("r0", "r1", "r2"))
    break_the_table(registry)
    assert Registry(registry.uri).rows() == before


def test_a_search_leaves_them_for_the_next(registry: Registry) -> None:
    registry.upsert(run("r3"))
    registry.remove_snapshot()
    from diffusionlab.search.show.cli import main

    assert main(["runs", "--registry", registry.uri]) == 0
    break_the_table(registry)
    assert ids(registry) == ["r0", "r1", "r2", "r3"]


def test_so_does_a_training_that_ends(registry: Registry, tmp_path: Path) -> None:
    recorder = RunRecorder(registry.uri, tmp_path / "run", run("trained"))
    recorder.start()
    recorder.finish("finished")
    recorder.close()
    break_the_table(registry)
    assert ids(registry) == ["r0", "r1", "r2", "trained"]


@pytest.mark.parametrize("command", [["show", "r1"], ["tag", "r1", "kept"], ["optimize"]])
def test_so_does_a_command_on_the_registry(registry: Registry, command: list[str]) -> None:
    from diffusionlab.registry.manage.cli import main

    registry.upsert(run("r3"))
    assert main([*command, "--registry", registry.uri]) == 0
    break_the_table(registry)
    assert ids(registry) == ["r0", "r1", "r2", "r3"]


def test_so_does_a_process_that_reads_often(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "READS_WORTH_SNAPSHOT", 2)
    registry.remove_snapshot()
    registry.rows()
    assert not file_of(registry).exists()
    registry.rows()
    assert file_of(registry).exists()


def test_the_next_commit_makes_them_old(registry: Registry) -> None:
    others = Registry(registry.uri)
    assert len(others.rows()) == 3
    registry.upsert(run("r1", seed=10))
    registry.upsert(run("r3", seed=3))
    seeds = {"r0": 0, "r1": 10, "r2": 2, "r3": 3}
    assert {row["run_id"]: row["seed"] for row in others.rows()} == seeds
    others.leave_snapshot()
    assert {row["run_id"]: row["seed"] for row in registry.rows()} == seeds


def test_a_commit_of_a_few_rows_is_followed(registry: Registry) -> None:
    before = file_of(registry).read_bytes()
    registry.upsert(run("r1", seed=10))
    registry.upsert([run("r3", seed=3), run("r0", seed=20)])
    registry.upsert(run("r1", seed=11, dataset="CIFAR-10"))
    assert file_of(registry).read_bytes() == before  # for a few rows, not all are written
    break_the_table(registry)
    others = Registry(registry.uri)
    assert {row["run_id"]: row["seed"] for row in others.rows()} == {"r0": 20, "r1": 11, "r2": 2, "r3": 3}
    assert [row["run_id"] for row in others.rows(Compare("dataset", "=", "MNIST"))] == ["r2"]
    assert [row["run_id"] for row in others.rows(Compare("seed", ">", 5))] == ["r0", "r1"]
    assert others.count() == 4


def test_it_outlives_an_optimization(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffusionlab.registry.storage.table.WRITES_BETWEEN_OPTIMIZE", 3)
    for number in range(3, 10):
        registry.upsert(run(f"r{number}", seed=number))
    break_the_table(registry)
    assert {row["run_id"]: row["seed"] for row in Registry(registry.uri).rows()} == {f"r{n}": n for n in range(10)}


def test_many_changed_rows_are_written_in(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "LEAST_CHANGES", 2)
    registry.upsert([run("r1", seed=10), run("r3", seed=3)])
    assert changes_of(registry).exists()
    registry.upsert(run("r4", seed=4))
    assert not changes_of(registry).exists()
    break_the_table(registry)
    assert {row["run_id"]: row["seed"] for row in Registry(registry.uri).rows()} == {
        "r0": 0, "r1": 10, "r2": 2, "r3": 3, "r4": 4,
    }  # fmt: skip


def test_changes_to_another_file_are_passed_over(registry: Registry) -> None:
    registry.upsert(run("r1", seed=10))
    stale = changes_of(registry).read_bytes()
    registry.upsert(run("r1", seed=11))
    registry.remove_snapshot()
    registry.leave_snapshot()
    registry.upsert(run("r2", seed=20))
    for spoilt in (stale, b"", b"ARROW1\0\0", changes_of(registry).read_bytes()[:-100]):
        changes_of(registry).write_bytes(spoilt)
        found = {row["run_id"]: row["seed"] for row in Registry(registry.uri).rows()}
        assert found == {"r0": 0, "r1": 11, "r2": 20}


@pytest.mark.parametrize("which", ["runs.arrow", "runs.changes.arrow"])
def test_one_flipped_bit_is_enough_to_be_passed_over(registry: Registry, which: str) -> None:
    registry.upsert(run("r1", seed=10))
    rows = Registry(registry.uri).rows()
    file = file_of(registry).with_name(which)
    content = file.read_bytes()
    for place in range(0, len(content), len(content) // 17):
        spoilt = bytearray(content)
        spoilt[place] ^= 4
        file.write_bytes(spoilt)
        assert Registry(registry.uri).rows() == rows


def test_a_commit_past_the_registry_is_not_followed(registry: Registry) -> None:
    """Another program's, which holds no lock: the file names a version that is no longer the newest."""
    import lancedb

    registry.upsert(run("r3", seed=3))
    lancedb.connect(registry.uri).open_table("runs").delete("run_id = 'r0'")
    assert ids(registry) == ["r1", "r2", "r3"]
    registry.upsert(run("r4"))
    assert ids(registry) == ["r1", "r2", "r3", "r4"]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_the_rows_are_those_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(snapshot, "LEAST_CHANGES", 3)
    random = Random(seed)
    registries = [Registry(tmp_path / "registry") for _ in range(2)]
    registries[0].upsert(run("r0"))

    def upsert(registry: Registry) -> None:
        runs = [run(f"r{random.randrange(12)}", seed=random.randrange(99)) for _ in range(random.randrange(1, 5))]
        registry.upsert({one.run_id: one for one in runs}.values())

    def remove(registry: Registry) -> None:
        registry.remove([f"r{random.randrange(12)}"])

    actions = [upsert] * 6 + [remove, Registry.optimize, Registry.leave_snapshot, Registry.leave_snapshot]
    for _ in range(25):
        random.choice(actions)(random.choice(registries))
        found = [
            other.rows(columns=["run_id", "seed", "dataset"])
            for other in (*registries, Registry(tmp_path / "registry"))
        ]
        table = registries[0]._store.latest().to_arrow().select(["run_id", "seed", "dataset"])
        expected = sorted(table.to_pylist(), key=lambda row: row["run_id"])
        assert found == [expected] * 3


def test_of_what_is_purged_nothing_stays(registry: Registry) -> None:
    edits.delete(registry, "r1")
    registry.leave_snapshot()
    assert ids(registry) == ["r0", "r2"]
    purge(registry, ["r1"])
    assert not file_of(registry).exists()


@pytest.mark.parametrize("bad", [b"", b"ARROW1\0\0", b"\0" * 4096, None], ids=["empty", "begun", "zeros", "cut short"])
def test_a_spoilt_file_is_passed_over(registry: Registry, bad: bytes | None) -> None:
    file = file_of(registry)
    file.write_bytes(file.read_bytes()[:-200] if bad is None else bad)
    assert ids(registry) == ["r0", "r1", "r2"]


def test_a_full_disk_costs_no_answer(registry: Registry) -> None:
    registry.upsert(run("r3"))
    old = file_of(registry).read_bytes()

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    command = [sys.executable, "search.py", "runs", "--registry", registry.uri]
    done = subprocess.run(command, preexec_fn=little_room, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "r3" in done.stdout
    assert file_of(registry).read_bytes() == old
    assert [file.name for file in file_of(registry).parent.glob(".runs.arrow*")] == []


def test_nor_does_a_table_of_which_a_part_is_lost(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    from diffusionlab.search.show.cli import main

    def half_broken() -> None:
        raise OSError("LanceError(IO): a column that no question needs cannot be read")

    registry.remove_snapshot()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lancedb.table.LanceTable.to_arrow", lambda table: half_broken())
        assert main(["runs", "--registry", registry.uri]) == 0
    printed = capsys.readouterr()
    assert "r0" in printed.out and printed.err == ""


def test_a_check_and_a_rebuild_look_at_the_table_itself(registry: Registry, tmp_path: Path) -> None:
    for number in range(3):
        write_record(run(f"r{number}", seed=number), tmp_path / "outputs" / f"r{number}")
    break_the_table(registry)
    assert len(ids(registry)) == 3
    with pytest.raises(BrokenRegistry):
        check(registry, [tmp_path / "outputs"])
    assert rebuild(registry, [tmp_path / "outputs"]).set_aside is not None
    assert ids(registry) == ["r0", "r1", "r2"]


def test_a_table_made_anew_is_another_one(registry: Registry) -> None:
    import shutil

    assert registry.folder is not None
    shutil.rmtree(registry.folder / "runs.lance")
    Registry(registry.uri).upsert(run("other"))
    assert ids(registry) == ["other"]
    assert registry.count(Compare("dataset", "=", "MNIST")) == 0
