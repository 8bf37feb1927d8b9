"""Stores that the trackers wrote themselves (write_stores.py) become the runs that were logged to them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from diffusionlab.registry.manage.cli import main
from diffusionlab.registry.manage.transfer import import_runs, read_jsonl
from diffusionlab.registry.record.run_record import RunRecord, utc_now
from diffusionlab.registry.storage.table import Registry
from diffusionlab.registry.trackers.mapping import LABELS
from diffusionlab.registry.trackers.stores import find_store, read_store, the_tracker
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from tests.registry.trackers import write_stores as wrote

STORES = {
    "mlflow_files": "mlflow", "mlflow_sqlite": "mlflow", "wandb": "wandb", "tensorboard": "tensorboard",
    "trackio": "trackio", "neptune": "neptune",
}  # fmt: skip
NAMES_NOTES = set(STORES) - {"trackio"}
NAMES_STATUS = set(STORES) - {"trackio"}
NAMES_HOST = {"wandb", "tensorboard", "neptune"}


def records(path: Path) -> dict[str, RunRecord]:
    """By name; nothing may be refused."""
    refused: list[str] = []
    found = find_store(path, None, refused.append)
    tracker = the_tracker(path, found)
    made = list(read_store(path, tracker, found[tracker], refused.append))
    assert not refused
    return {record.name: record for record in made}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_run_is_read_as_it_was_logged(store: str) -> None:
    runs = records(wrote.STORES / store)
    run = runs["unet"]
    assert set(runs) == {"unet", "diverged"}  # one that was deleted in its tracker is no run
    assert run.metrics == pytest.approx(
        {"train_loss": wrote.LOSSES[-1], "val_loss": wrote.VAL_LOSSES[-1], "fid": wrote.FID}, rel=1e-6
    )
    assert run.config == wrote.nested(wrote.CONFIG)
    assert (run.lr, run.batch_size, run.optimizer) == (0.0002, 128, "AdamW")
    assert (run.epochs, run.seed, run.dataset) == (3, 7, "Fashion-MNIST")
    assert run.sources["lr"].endswith(": optimizer.lr")
    assert run.created_at is not None and STORES[store] in run.tags
    if store in NAMES_STATUS:
        assert run.status == "finished"
    if store in NAMES_NOTES:
        assert run.notes is not None and "first try" in run.notes
    if store in NAMES_HOST:
        assert run.host == wrote.HOST
    if store.startswith("mlflow"):
        assert run.git_commit == wrote.COMMIT and run.seconds == 3600 and "paper=yes" in run.tags
        assert run.created_at.timestamp() * 1000 == wrote.STARTED


def test_a_loss_that_is_not_a_number_is_null(store: str) -> None:
    run = records(wrote.STORES / store)["diverged"]
    assert run.metrics == {"loss": None}
    assert run.lr == (None if store == "tensorboard" else 0.1)
    assert run.status == ("failed" if store in NAMES_STATUS - {"tensorboard"} else None)


def test_a_store_that_was_moved_holds_the_same_runs(store: str, tmp_path: Path) -> None:
    shutil.copytree(wrote.STORES / store, tmp_path / "elsewhere")
    before, after = records(wrote.STORES / store), records(tmp_path / "elsewhere")
    assert {run.run_id for run in before.values()} == {run.run_id for run in after.values()}


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    return Registry(tmp_path / "registry")


def found(registry: Registry, question: str) -> list[str]:
    engine = Engine(registry, utc_now())
    return [row["run_id"] for row in engine.answer(parse(question, engine.known, engine.now)).rows]


def test_imported_found_shown_and_exported(store: str, registry: Registry, capsys: pytest.CaptureFixture) -> None:
    tracker = STORES[store]
    assert main(["import", str(wrote.STORES / store)]) == 0
    assert f"holds runs of {LABELS[tracker]}" in capsys.readouterr().out
    ids = {record.name: record.run_id for record in registry.records()}
    assert set(found(registry, f"{tracker} runs")) == set(ids.values())
    assert found(registry, "best val_loss") == [ids["unet"]]
    assert main(["show", ids["unet"]]) == 0
    assert f"{LABELS[tracker]}: optimizer.lr" in capsys.readouterr().out
    assert main(["export", "runs.jsonl"]) == 0
    before = registry.records()
    other = Registry(Path("other"))
    import_runs(other, read_jsonl(Path("runs.jsonl")))
    assert other.records() == before


def test_importing_again_updates_and_keeps_what_was_said_here(store: str, registry: Registry) -> None:
    path = str(wrote.STORES / store)
    assert main(["import", path]) == 0
    ids = {record.name: record.run_id for record in registry.records()}
    assert main(["tag", ids["unet"], "baseline"]) == 0
    assert main(["delete", ids["diverged"]]) == 0
    assert main(["import", path, "--from", STORES[store]]) == 0
    (run,) = registry.records()
    assert run.run_id == ids["unet"] and "baseline" in run.tags and run.metrics["fid"] == wrote.FID
    assert len(registry.records(deleted=None)) == 2


def test_a_folder_of_several_stores_asks_which(registry: Registry, capsys: pytest.CaptureFixture) -> None:
    assert main(["import", str(wrote.STORES)]) == 2
    said = capsys.readouterr().err
    assert all(label in said for label in LABELS.values()) and "--from" in said
    assert main(["import", str(wrote.STORES), "--from", "neptune"]) == 0
    assert {record.run_id for record in registry.records()} == {
        "neptune-someone_garments-GAR-1",
        "neptune-someone_garments-GAR-2",
    }


@pytest.mark.parametrize("tracker", LABELS)
def test_a_path_without_runs_of_a_tracker_is_refused_in_one_line(
    tracker: str, registry: Registry, capsys: pytest.CaptureFixture
) -> None:
    Path("empty").mkdir()
    assert main(["import", "empty", "--from", tracker]) == 2
    said = capsys.readouterr().err
    assert LABELS[tracker] in said and said.count("\n") == 1


def test_libraries_of_the_environment_write_what_is_read(tmp_path: Path) -> None:
    for kind in ("wandb", "tensorboard"):
        (tmp_path / kind).mkdir()
        script = Path(wrote.__file__)
        code = f"import sys; sys.path.insert(0, {str(script.parent)!r}); import write_stores as w, pathlib; "
        code += f"w.WRITERS[{kind!r}](pathlib.Path({str(tmp_path / kind)!r}))"
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        written, kept = records(tmp_path / kind), records(wrote.STORES / kind)
        assert {name: (run.metrics, run.config) for name, run in written.items()} == {
            name: (run.metrics, run.config) for name, run in kept.items()
        }
