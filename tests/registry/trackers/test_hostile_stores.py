"""Damaged and hostile stores: one bad run is named and the others are taken in; nothing outside a store is read."""

import json
import shutil
import sqlite3
import struct
import zlib
from pathlib import Path

import pytest
import wandb.proto.wandb_internal_pb2 as messages

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.trackers import tensorboard, wandb
from diffusionlab.registry.trackers.mapping import to_record
from diffusionlab.registry.trackers.run import TrackedRun
from diffusionlab.registry.trackers.stores import find_store, read_store, the_tracker
from tests.registry.trackers.write_stores import CONFIG, FID, STORES

SECRET = "secret-of-another-folder"


def read(path: Path) -> tuple[dict[str, RunRecord], list[str]]:
    """Records by name, and what was refused."""
    refused: list[str] = []
    found = find_store(path, None, refused.append)
    tracker = the_tracker(path, found)
    return {record.name: record for record in read_store(path, tracker, found[tracker], refused.append)}, refused


@pytest.fixture
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of the store that the test names."""
    return Path(shutil.copytree(STORES / request.param, tmp_path / "store"))


def folder_of(store: Path, name: str) -> Path:
    """An MLflow run's folder."""
    return next(tag.parents[1] for tag in store.rglob("mlflow.runName") if tag.read_text() == name)


@pytest.mark.parametrize("store", ["mlflow_files"], indirect=True)
@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00",
        b"lifecycle_stage: &a [*a]\nrun_id: *a\n",
        b"lifecycle_stage: " + b"[" * 5000,
        b"- lifecycle_stage:",
    ],
)
def test_a_broken_run_of_files_is_named_and_the_other_is_read(store: Path, text: bytes) -> None:
    (folder_of(store, "diverged") / "meta.yaml").write_bytes(text)
    runs, refused = read(store)
    assert set(runs) == {"unet"}
    assert len(refused) == (b"lifecycle_stage:" in text) and all("meta.yaml" in line for line in refused)


@pytest.mark.parametrize("store", ["mlflow_files"], indirect=True)
def test_a_yaml_tag_builds_nothing(store: Path) -> None:
    meta = folder_of(store, "diverged") / "meta.yaml"
    mark = store / "made"
    meta.write_text(f"lifecycle_stage: active\nrun_id: !!python/object/apply:os.mkdir ['{mark}']\n")
    runs, refused = read(store)
    assert set(runs) == {"unet"} and len(refused) == 1 and not mark.exists()


@pytest.mark.parametrize("store", ["mlflow_files"], indirect=True)
def test_links_out_of_a_file_store_are_not_followed(store: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "password").write_text(SECRET)
    (outside / "picture.png").write_text(SECRET)
    run = folder_of(store, "unet")
    (run / "params" / "stolen").symlink_to(outside / "password")
    (run / "params" / "folder").symlink_to(outside)
    shutil.rmtree(run / "artifacts", ignore_errors=True)
    (run / "artifacts").symlink_to(outside)
    shutil.rmtree(run / "tags")
    (run / "tags").symlink_to(outside)
    runs, _ = read(store)
    (record,) = (record for record in runs.values() if record.metrics.get("fid") == FID)
    assert SECRET not in json.dumps(record.to_json()) and "password" not in json.dumps(record.to_json())
    assert record.lr == CONFIG["optimizer.lr"] and "pictures" not in record.extra["tracker"]


@pytest.mark.parametrize("store", ["mlflow_files"], indirect=True)
def test_the_last_step_of_a_metric_counts_wherever_it_stands(store: Path) -> None:
    metric = folder_of(store, "unet") / "metrics" / "eval" / "FID"
    metric.write_text(
        "".join(f"{time} {value} {step}\n" for time, value, step in [(3, 5, 9), (1, 6, 1), (4, 7, 9), (9, 8, 0)])
    )
    assert read(store)[0]["unet"].metrics["fid"] == 7


@pytest.mark.parametrize("store", ["mlflow_sqlite"], indirect=True)
def test_a_database_of_wrong_types_gives_what_can_be_read(store: Path) -> None:
    with sqlite3.connect(store / "mlflow.db") as database:
        database.execute("update runs set start_time = 'soon' where name = 'diverged'")
        database.execute("update latest_metrics set value = 'high' where key = 'eval/FID'")
    runs, refused = read(store)
    assert set(runs) == {"unet"} and runs["unet"].metrics["fid"] is None
    assert len(refused) == 1


@pytest.mark.parametrize("store", ["mlflow_sqlite", "trackio"], indirect=True)
def test_reading_a_database_changes_no_file(store: Path) -> None:
    before = {path.name: path.read_bytes() for path in store.iterdir()}
    read(store)
    assert {path.name: path.read_bytes() for path in store.iterdir()} == before


def test_a_view_in_place_of_a_table_is_no_store(tmp_path: Path) -> None:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) "
    endless += "select i as run_name, i as step, i as metrics from n"
    with sqlite3.connect(tmp_path / "trackio.db") as database:
        database.execute(f"create view metrics as {endless}")
    with pytest.raises(ValueError, match="holds no runs"):
        find_store(tmp_path, None, print)


@pytest.mark.parametrize("store", ["trackio"], indirect=True)
def test_a_bad_row_of_trackio_costs_its_run_alone(store: Path) -> None:
    with sqlite3.connect(store / "garments.db") as database:
        database.execute("update metrics set metrics = '[' where run_name = 'diverged'")
    runs, refused = read(store)
    assert set(runs) == {"unet"} and len(refused) == 1


@pytest.mark.parametrize("store", ["wandb", "tensorboard", "neptune", "trackio", "mlflow_sqlite"], indirect=True)
def test_a_file_cut_anywhere_never_ends_the_import(store: Path) -> None:
    victim = max((path for path in store.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    whole = victim.read_bytes()
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
        victim.write_bytes(whole[: int(len(whole) * share)])
        try:
            runs, refused = read(store)
        except ValueError:  # nothing is left of the only file
            continue
        assert all("\n" not in line for line in refused)
        assert set(runs) <= {"unet", "diverged", "a1b2c3d4", "wandb-a1b2c3d4"}


@pytest.mark.parametrize("store", ["wandb", "tensorboard"], indirect=True)
def test_a_flipped_bit_gives_no_wrong_figure(store: Path) -> None:
    victim = max((path for path in store.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    whole = bytearray(victim.read_bytes())
    right, _ = read(store)
    history = {0.9, 0.5, 0.031, 0.95, 0.6, 0.042, FID}
    for position in range(20, len(whole), 97):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        victim.write_bytes(damaged)
        runs, refused = read(store)
        assert runs == right or refused
        for record in runs.values():
            figures = {round(value, 6) for value in record.metrics.values() if value is not None}
            assert figures <= history | {2.5}


def test_a_record_over_several_blocks_is_put_together(tmp_path: Path) -> None:
    record = messages.Record()
    record.summary.update.add(key="fid", value_json="31.5")
    record.summary.update.add(key="text", value_json=json.dumps("x" * 100_000))
    log = tmp_path / "run-x.wandb"
    log.write_bytes(in_blocks(record.SerializeToString()))
    with log.open("rb") as stream:
        assert list(wandb.records(stream)) == [record.SerializeToString()]


def in_blocks(data: bytes) -> bytes:
    """A log of one record, as LevelDB's format description has it."""
    log = bytearray(b":W&B\xe1\xbe\x00")
    first = True
    while data or first:
        room = wandb.BLOCK - len(log) % wandb.BLOCK - wandb.HEADER
        part, data = data[:room], data[room:]
        kind = (wandb.FIRST if data else wandb.FULL) if first else (wandb.MIDDLE if data else wandb.LAST)
        log += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
        first = False
    return bytes(log)


def test_files_of_a_synced_run_are_read_where_the_log_is_missing(tmp_path: Path) -> None:
    files = tmp_path / "run-20250314_100500-a1b2c3d4" / "files"
    (files / "media" / "images").mkdir(parents=True)
    (files / "media" / "images" / "grid.png").write_bytes(b"")
    (files / "config.yaml").write_text("_wandb: {value: {cli_version: 0.19}}\nlr: {desc: null, value: 0.1}\n")
    (files / "wandb-summary.json").write_text('{"val/loss": "NaN", "fid": 31.5, "_step": 3, "_wandb": {"runtime": 2}}')
    (files / "wandb-metadata.json").write_text(
        '{"host": "h", "git": {"commit": "abc"}, "startedAt": "2025-03-14T10:05:00Z"}'
    )
    (record,) = read(tmp_path)[0].values()
    assert (record.run_id, record.lr, record.host, record.git_commit) == ("wandb-a1b2c3d4", 0.1, "h", "abc")
    assert record.metrics == {"val_loss": None, "fid": 31.5} and record.config == {"lr": 0.1}
    assert record.extra["tracker"]["pictures"] == [str(files / "media" / "images" / "grid.png")]


def test_event_files_of_a_huge_picture_are_passed_over(tmp_path: Path) -> None:
    from tensorboard.compat.proto import event_pb2
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    event = event_pb2.Event(wall_time=1.0)
    event.summary.value.add(tag="fid", simple_value=31.5)
    picture, figure = bytes(tensorboard.MOST_RECORD + 1), event.SerializeToString()
    with (tmp_path / "events.out.tfevents.1.h").open("wb") as file:
        for data in (picture, figure):
            head = struct.pack("<Q", len(data))
            checked = b"\0" * 4 if data is picture else struct.pack("<I", masked_crc32c(data))
            file.write(head + struct.pack("<I", masked_crc32c(head)) + data + checked)
    (record,) = read(tmp_path)[0].values()
    assert record.metrics == {"fid": 31.5} and record.host == "h"


@pytest.mark.parametrize(
    ("settings", "lr"),
    [
        ({"lr": 0.1, "generator.lr": 0.2}, 0.1),
        ({"generator.lr": 0.1, "critic.lr": 0.2}, None),
        ({"generator.lr": 0.1, "critic.lr": 0.1}, 0.1),
        ({"lr": "1e-3 then 1e-4"}, None),
        ({"optimizer": {"lr": 0.1}}, None),
        ({"optimizer.lr": "3e-4"}, 3e-4),
    ],
)
def test_a_setting_states_a_column_only_if_nothing_else_does(settings: dict, lr: float | None) -> None:
    record = to_record(TrackedRun(tracker="mlflow", run_id="a", settings=settings))
    assert record.lr == lr


def test_what_is_said_by_a_run_is_only_text() -> None:
    hostile = "../../x'; drop table runs; --\x1b[31m"
    settings = {"." * 99: 1, "a": 1, "a.b": 2}
    run = TrackedRun(tracker="wandb", run_id=hostile, project=hostile, name=hostile, settings=settings)
    record = to_record(run)
    assert "/" not in record.run_id and "'" not in record.run_id and "\x1b" not in record.run_id
    assert record.config == settings
