"""The table: old schemas, fresh reads, statuses worked out on reading, and registries that are not there or spoilt."""

import math
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest

from diffusionlab.registry.errors import BrokenRegistry, MissingRegistry
from diffusionlab.registry.filters.conditions import Compare, In, IsNull
from diffusionlab.registry.record.columns import COLUMNS
from diffusionlab.registry.record.liveness import SILENCE, process_token
from diffusionlab.registry.record.run_record import RunRecord, utc_now
from diffusionlab.registry.record.schema import runs_schema
from diffusionlab.registry.storage import table as table_module
from diffusionlab.registry.storage.table import Registry, default_uri


def run(run_id: str, **facts) -> RunRecord:
    return RunRecord(run_id=run_id, name=facts.pop("name", run_id), **facts)


def ids(registry: Registry, *arguments, **options) -> list[str]:
    return [row["run_id"] for row in registry.rows(*arguments, columns=["run_id"], **options)]


def test_a_record_comes_back_from_the_table_as_it_was(tmp_path: Path) -> None:
    record = run(
        "a",
        created_at=datetime(2025, 3, 14, 10, 5, 0, 123456, UTC),
        arch_tags=["unet"],
        tags=["x", "é"],
        lr=2e-4,
        metrics={"fid": 3.2, "kid": None, "precision": math.nan},
        config={"model": {"channels": [64, 128]}},
        git_dirty=False,
        extra={"colour": [1, None]},
        layers=["in: Conv2d"],
        packages={"torch": "2.15"},
        seed=2**62,
    )
    Registry(tmp_path).upsert(record)
    assert Registry(tmp_path).get("a") == record
    assert Registry(tmp_path).get("b") is None


def test_nothing_that_is_not_a_number_is_stored(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.upsert(
        [run("nan", metrics={"fid": math.nan}), run("inf", metrics={"fid": math.inf}), run("ok", metrics={"fid": 1})]
    )
    assert ids(registry, IsNull("fid")) == ["inf", "nan"]
    assert ids(registry, Compare("fid", ">", -1e300)) == ["ok"]


def test_of_one_id_twice_in_a_batch_the_last_counts(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.upsert([run("a", seed=1), run("b"), run("a", seed=2)])
    registry.upsert([run("a", seed=3), run("a", seed=4)])
    assert [(row["run_id"], row["seed"]) for row in registry.rows()] == [("a", 4), ("b", None)]


def test_an_open_table_sees_what_others_write(tmp_path: Path) -> None:
    reader, writer = Registry(tmp_path), Registry(tmp_path)
    writer.upsert(run("a"))
    assert ids(reader) == ["a"]
    writer.upsert(run("b"))
    assert ids(reader) == ["a", "b"]


def test_order_puts_unknown_values_last_both_ways(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.upsert([run(f"r{i}", metrics={"fid": fid, "is": fid}) for i, fid in enumerate([3.0, None, 1.0, 3.0])])
    for column in ("fid", "metrics.is"):
        assert ids(registry, order_by=column) == ["r2", "r0", "r3", "r1"]
        assert ids(registry, order_by=column, descending=True, limit=3) == ["r0", "r3", "r2"]


def old_table(uri: Path) -> None:
    """As a version that knew four columns, and one that is gone now, would have written it."""
    fields = [runs_schema().field(name) for name in ("run_id", "name", "metrics", "created_at")]
    schema = pa.schema([*fields, pa.field("mascot", pa.string())])
    row = {"run_id": "old", "name": "o", "metrics": '{"fid": 4.5, "is": 9}', "created_at": utc_now(), "mascot": "owl"}
    lancedb.connect(uri).create_table("runs", pa.Table.from_pylist([row], schema=schema))


def test_a_table_of_an_older_version_reads_with_nulls(tmp_path: Path) -> None:
    old_table(tmp_path)
    registry = Registry(tmp_path)
    row = registry.rows()[0]
    assert set(row) == set(COLUMNS) and row["dataset"] is None
    record = registry.get("old")
    assert record is not None and record.metrics == {"fid": 4.5, "is": 9.0}
    assert ids(registry, IsNull("dataset")) == ["old"]
    assert ids(registry, Compare("dataset", "=", "MNIST")) == ids(registry, ~Compare("dataset", "=", "MNIST")) == []
    assert ids(registry, Compare("metrics.is", ">", 8)) == ["old"]
    assert registry.statistics()["columns"] == 5


def test_a_table_of_an_older_version_is_upgraded_by_the_first_write(tmp_path: Path) -> None:
    old_table(tmp_path)
    registry = Registry(tmp_path)
    registry.upsert(run("new", dataset="mnist"))
    assert ids(registry) == ["new", "old"]
    assert ids(registry, Compare("dataset", "=", "MNIST")) == ["new"]
    stored = lancedb.connect(tmp_path).open_table("runs")
    assert set(stored.schema.names) == {*COLUMNS, "mascot"}
    assert stored.search().where("run_id = 'old'").to_list()[0]["mascot"] == "owl"


def test_upkeep_happens_by_itself_and_readers_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "WRITES_BETWEEN_OPTIMIZE", 10)
    writer, reader = Registry(tmp_path), Registry(tmp_path)
    behind = None
    for number in range(25):
        writer.upsert(run(f"r{number:02d}"))
        behind = behind or lancedb.connect(tmp_path).open_table("runs")
        assert len(ids(reader)) == number + 1
    assert writer.statistics()["fragments"] < 10
    assert behind.search().to_arrow().num_rows == 1  # a reader that stays on its version keeps it


def test_what_the_heartbeat_says(tmp_path: Path) -> None:
    now = utc_now()
    here = {"status": "running", "host": socket.gethostname(), "pid": os.getpid(), "process_token": process_token()}
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    recent, silent = now - timedelta(minutes=1), now - SILENCE - timedelta(seconds=1)
    registry = Registry(tmp_path)
    registry.upsert(
        [
            run("alive", heartbeat_at=recent, **here),
            run("alive, the clock jumped ahead", heartbeat_at=silent, **here),
            run("alive, the clock jumped back", heartbeat_at=now + timedelta(days=1), **here),
            run("silent", heartbeat_at=silent, **here | {"process_token": None}),
            run("silent elsewhere", heartbeat_at=silent, **here | {"host": "another", "process_token": "boot/pid/1"}),
            run("gone", heartbeat_at=recent, **here | {"pid": gone.pid}),
            run("gone, no token", heartbeat_at=recent, **here | {"pid": gone.pid, "process_token": None}),
            run("pid taken by another", heartbeat_at=recent, **here | {"process_token": f"{process_token()}0"}),
            run("elsewhere", heartbeat_at=recent, **here | {"host": "another", "process_token": "boot/pid/1"}),
            run("same host name, other machine", heartbeat_at=recent, **here | {"process_token": "boot/pid/1"}),
            run("imported", status="running"),
            run("imported crash", status="crashed"),
            run("done", status="finished", heartbeat_at=silent),
        ]
    )
    status = {row["run_id"]: row["status"] for row in registry.rows(columns=["run_id", "status"], now=now)}
    jumped = {"alive, the clock jumped ahead", "alive, the clock jumped back"}
    running = {*jumped, "alive", "elsewhere", "same host name, other machine", "imported"}
    assert {run_id for run_id, value in status.items() if value == "running"} == running
    assert status["done"] == "finished"
    for condition in (
        Compare("status", "=", "running"),
        Compare("status", "=", "crashed"),
        Compare("status", "!=", "running"),
        ~Compare("status", "=", "crashed"),
        In("status", ("crashed", "finished")),
        IsNull("status"),
        Compare("status", "=", "crashed") & Compare("host", "=", socket.gethostname()),
    ):
        rows = registry.rows(now=now)
        assert ids(registry, condition, now=now) == [row["run_id"] for row in rows if condition.matches(row)]


@pytest.mark.parametrize("damage", ["no folder", "empty folder", "no manifest"])
def test_a_missing_registry_says_how_to_make_one(tmp_path: Path, damage: str) -> None:
    uri = tmp_path / "registry"
    if damage != "no folder":
        uri.mkdir()
    if damage == "no manifest":
        (uri / "runs.lance" / "_versions").mkdir(parents=True)
    with pytest.raises(MissingRegistry, match=r"there is no registry at .*registry\.py import FILE\.jsonl") as error:
        Registry(uri).rows()
    assert "\n" not in str(error.value)
    assert uri.exists() == (damage != "no folder")  # asking makes nothing
    Registry(uri).upsert(run("a"))
    assert ids(Registry(uri)) == ["a"]


@pytest.mark.parametrize("damage", ["emptied manifest", "cut manifest", "lost data"])
@pytest.mark.parametrize("opened_before", [False, True])
def test_a_spoilt_registry_says_rebuild(tmp_path: Path, damage: str, opened_before: bool) -> None:
    registry = Registry(tmp_path)
    registry.upsert([run("a"), run("b")])
    newest = min((tmp_path / "runs.lance" / "_versions").glob("*.manifest"))
    if damage == "lost data":
        for file in (tmp_path / "runs.lance" / "data").iterdir():
            file.unlink()
    else:
        newest.write_bytes(b"" if damage == "emptied manifest" else newest.read_bytes()[:40])
    with pytest.raises(BrokenRegistry, match=r"python registry\.py rebuild --registry") as error:
        (registry if opened_before else Registry(tmp_path)).rows()
    assert "\n" not in str(error.value) and ".rs:" not in str(error.value)


def test_the_uri_is_the_given_one_or_the_environment_or_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(tmp_path / "mine"))
    assert Registry().uri == default_uri() == str(tmp_path / "mine")
    assert Registry("s3://bucket/runs").folder is None
    assert Registry(f"file://{tmp_path}").folder == tmp_path
    monkeypatch.delenv("DIFFUSIONLAB_REGISTRY")
    assert default_uri() == "./registry"


def test_the_registry_loads_nothing_heavy() -> None:
    heavy = "torch lightning pytorch_lightning hydra omegaconf open_clip wandb"
    code = f"""
import sys
import diffusionlab.registry.manage.cli, diffusionlab.registry.manage.recorder, diffusionlab.registry.record.provenance
assert not {{'lancedb', 'pyarrow', 'rich'}} & set(sys.modules), 'imported before it is needed'
assert diffusionlab.registry.manage.cli.main(['export', '-']) == 0
assert not set({heavy!r}.split()) & set(sys.modules)
"""
    Registry().upsert(run("a"))
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
