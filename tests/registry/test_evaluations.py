"""Figures land beside their protocol, in run.json and in the row, and leave with the weights that they were of."""

import math
from pathlib import Path

import pytest

from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.manage import edits
from diffusionlab.registry.manage.check import check
from diffusionlab.registry.manage.cli import main
from diffusionlab.registry.manage.compare import compare
from diffusionlab.registry.manage.evaluations import record_evaluation
from diffusionlab.registry.manage.rebuild import rebuild
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.registry.storage.table import Registry

FEW, MANY = "classifier-1, 500 samples", "classifier-1, 10000 samples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished run."""
    recording = RunRecorder(str(tmp_path / "registry"), tmp_path / "run", RunRecord(run_id="a", name="a"))
    recording.start()
    recording.finish("finished", metrics={"val_loss": 0.5})
    return tmp_path / "run"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry")


def both(registry: Registry, folder: Path) -> RunRecord:
    """The record as run.json and as the row have it, which must be one."""
    on_disk = read_record(folder)
    assert registry.get("a") == on_disk
    return on_disk


def test_the_evaluation_of_most_samples_stands_and_none_is_lost(registry: Registry, folder: Path) -> None:
    record_evaluation(registry, folder, FEW, {"fid": 9.0, "label_accuracy": 0.8, "fid/Bag": 20.0})
    record_evaluation(registry, folder, MANY, {"fid": 3.0, "kid": math.nan})
    record = both(registry, folder)
    assert (record.protocol, record.metrics) == (MANY, {"val_loss": 0.5, "fid": 3.0, "kid": None})
    assert record.evaluations == {
        FEW: {"fid": 9.0, "label_accuracy": 0.8, "fid/Bag": 20.0},
        MANY: {"fid": 3.0, "kid": None},
    }
    assert record.sources["protocol"] == record.sources["metrics"] == "measured"
    assert [row["fid"] for row in registry.rows(Compare("protocol", "=", MANY))] == [3.0]
    record_evaluation(registry, folder, MANY, {"fid": 4.0})
    assert both(registry, folder).evaluations[MANY] == {"fid": 4.0}


def test_a_worse_sampler_does_not_take_the_place_of_the_best_figures(registry: Registry, folder: Path) -> None:
    good, fewer_steps = f"{MANY}, DDIM 50 steps", f"{MANY}, DDIM 5 steps"
    other = "inception, 2000 samples, DDIM 50 steps"
    for protocol, fid in ((good, 3.0), (fewer_steps, 30.0), (FEW, 1.0)):
        record_evaluation(registry, folder, protocol, {"fid": fid})
        record = both(registry, folder)
        assert (record.protocol, record.metrics["fid"]) == (good, 3.0) and record.evaluations[protocol] == {"fid": fid}
    record_evaluation(registry, folder, other, {"fid": 70.0})  # of other features, which do not compare
    assert both(registry, folder).protocol == other
    record_evaluation(registry, folder, fewer_steps, {"fid": 2.0})
    assert (both(registry, folder).protocol, both(registry, folder).metrics["fid"]) == (fewer_steps, 2.0)


def test_runs_are_compared_under_a_protocol_that_they_share() -> None:
    def measured(run_id: str, shown: str, **fids: float) -> RunRecord:
        record = RunRecord(run_id=run_id, name=run_id, metrics={"val_loss": 0.5})
        record.evaluations = {name: {"fid": fid, f"fid/{run_id}": 1.0} for name, fid in fids.items()}
        record.show_evaluation(shown)
        return record

    runs = [measured("a", "few", many=3.0, few=9.0), measured("b", "many", few=8.0, many=2.0)]
    result = {one.fact: one.values for one in compare(runs).groups["result"]}
    assert result == {"fid": (9.0, 8.0)}  # that which was measured last of the first run
    assert [run.metrics["fid"] for run in runs] == [9.0, 2.0]
    apart = [runs[0], measured("c", "other", other=1.0)]
    result = {one.fact: one.values for one in compare(apart).groups["result"]}
    assert result == {"protocol": ("few", "other"), "fid": (9.0, 1.0)}


def test_what_people_said_stays_and_the_deleted_stays_deleted(registry: Registry, folder: Path) -> None:
    edits.tag(registry, "a", ["good"])
    edits.delete(registry, "a")
    record_evaluation(registry, folder, FEW, {"fid": 9.0})
    record = both(registry, folder)
    assert record.tags == ["good"] and record.deleted_at is not None
    assert registry.rows() == []


def test_rebuild_brings_evaluations_back(registry: Registry, folder: Path, tmp_path: Path) -> None:
    record_evaluation(registry, folder, FEW, {"fid": 9.0})
    registry.remove(["a"])
    rebuild(registry, [tmp_path])
    assert both(registry, folder).evaluations == {FEW: {"fid": 9.0}}
    assert check(registry, [tmp_path]) == []


def test_a_registry_that_cannot_be_written_leaves_the_figures_in_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where a folder should be")
    with pytest.raises(RegistryError):
        record_evaluation(Registry(tmp_path / "blocked"), folder, FEW, {"fid": 9.0})
    assert read_record(folder).evaluations == {FEW: {"fid": 9.0}}


def test_figures_leave_with_the_weights_that_they_were_of(registry: Registry, folder: Path) -> None:
    record_evaluation(registry, folder, FEW, {"fid": 9.0})
    recorder = RunRecorder(registry.uri, folder, read_record(folder))
    recorder.start()
    assert both(registry, folder).metrics["fid"] == 9.0
    recorder.beat()
    record = both(registry, folder)
    assert (record.protocol, record.evaluations, record.metrics) == (None, {}, {"val_loss": 0.5})


def test_show_tells_every_evaluation(
    registry: Registry, folder: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    record_evaluation(registry, folder, FEW, {"fid": 9.0, "fid/Bag": 20.0})
    record_evaluation(registry, folder, MANY, {"fid": 3.25})
    assert main(["show", "a", "--registry", registry.uri]) == 0
    shown = capsys.readouterr().out
    assert f"{FEW}: fid 9" in shown and f"{MANY}: fid 3.25" in shown and "fid/Bag" not in shown
