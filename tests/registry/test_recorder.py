"""A training is recorded, goes on whatever the registry does, and never undoes what a person said."""

import logging
from pathlib import Path

import pytest

from diffusionlab.registry.manage import edits, recorder
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.registry.storage import table
from diffusionlab.registry.storage.lock import is_locked, locked
from diffusionlab.registry.storage.store import Store
from diffusionlab.registry.storage.table import Registry


@pytest.fixture
def started(tmp_path: Path) -> RunRecorder:
    record = RunRecord(run_id="a", name="first", arch_tags=["unet"], dataset="mnist", sources={"dataset": "config"})
    recording = RunRecorder(str(tmp_path / "registry"), tmp_path / "run", record)
    recording.start()
    return recording


def both(recording: RunRecorder) -> RunRecord:
    """The record as run.json and as the row have it, which must be one."""
    on_disk, row = read_record(recording.folder), Registry(recording.registry.uri).get("a")
    assert row is not None
    assert on_disk == row
    return on_disk


def test_a_run_from_start_to_finish(started: RunRecorder) -> None:
    record = both(started)
    assert (record.status, record.dataset, record.path) == ("running", "MNIST", str(started.folder))
    assert record.description == "U-Net (unet, cnn) on MNIST."
    started.update(metrics={"train_loss": 0.5}, sources={"metrics": "measured"})
    started.finish("finished", metrics={"fid": 12.0, "kid": float("nan")}, seconds=3.5, lr=1e-3)
    record = both(started)
    assert record.metrics == {"train_loss": 0.5, "fid": 12.0, "kid": None}
    assert record.sources == {"dataset": "config", "metrics": "measured", "description": "generated"}
    assert (record.status, record.seconds) == ("finished", 3.5)
    assert record.description is not None and "lr 0.001" in record.description


def test_it_beats_once_a_minute(started: RunRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = both(started).heartbeat_at
    started.beat()
    assert both(started).heartbeat_at == first
    monkeypatch.setattr(recorder, "SECONDS_BETWEEN_BEATS", 0.0)
    started.beat()
    beat = both(started).heartbeat_at
    assert first is not None and beat is not None and beat > first


def test_what_a_person_said_meanwhile_is_kept(started: RunRecorder) -> None:
    registry = Registry(started.registry.uri)
    edits.tag(registry, "a", ["good"])
    edits.rename(registry, "a", "second")
    edits.delete(registry, "a")
    started.finish("finished", tags=["from config"])
    record = both(started)
    assert (record.tags, record.name, record.status) == (["good"], "second", "finished")
    assert record.deleted_at is not None
    edits.restore(registry, "a")
    started.update(epochs=3)
    assert both(started).deleted_at is None


def test_a_run_taken_up_again_keeps_its_beginning_and_its_tags(started: RunRecorder) -> None:
    edits.tag(Registry(started.registry.uri), "a", ["good"])
    created = both(started).created_at
    again = RunRecorder(started.registry.uri, started.folder, RunRecord(run_id="a", name="first"))
    again.start()
    record = both(again)
    assert (record.created_at, record.tags) == (created, ["good"])


def test_a_registry_that_fails_costs_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "registry").write_text("a file where a folder should be")
    recording = RunRecorder(str(tmp_path / "registry"), tmp_path / "run", RunRecord(run_id="a", name="a"))
    with caplog.at_level(logging.WARNING):
        recording.start()
        recording.update(epochs=1)
        recording.finish("finished")
    assert len(caplog.messages) == 1 and "\n" not in caplog.messages[0]
    assert "training goes on" in caplog.messages[0]
    assert read_record(tmp_path / "run").status == "finished"


def test_a_registry_that_comes_back_has_the_end(tmp_path: Path) -> None:
    blocked = tmp_path / "registry"
    blocked.write_text("")
    recording = RunRecorder(str(blocked), tmp_path / "run", RunRecord(run_id="a", name="a"))
    recording.start()
    blocked.unlink()
    recording.finish("failed")
    assert both(recording).status == "failed"


def test_a_run_folder_that_cannot_be_written_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    recording = RunRecorder(str(tmp_path / "registry"), tmp_path / "file" / "run", RunRecord(run_id="a", name="a"))
    recording.start()
    recording.finish("finished")
    assert len(caplog.messages) == 1


def test_a_fact_that_has_no_column_is_the_callers_mistake(started: RunRecorder) -> None:
    with pytest.raises(TypeError, match="no field 'learning_rate'"):
        started.update(learning_rate=1.0)
    with pytest.raises(ValueError, match="epochs: 'many'"):
        started.update(epochs="many")


def test_a_registry_that_was_held_when_the_run_ended_is_asked_again(
    started: RunRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "PATIENCE", 0.05)
    with locked(Path(started.registry.uri)):
        started.finish("finished", epochs=3)
    started.close()
    assert both(started).status == "finished"


def test_what_takes_long_to_import_is_imported_before_others_have_to_wait(
    started: RunRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, held = Path(started.registry.uri), []
    monkeypatch.setattr(Store, "prepare", lambda store: held.append(is_locked(folder)))
    started.registry.flush()
    started.registry.upsert(started.record)
    assert held[0] is False and held.count(False) >= 2
