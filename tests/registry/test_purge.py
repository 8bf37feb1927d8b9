"""`purge --folders` removes what this project wrote for the run, and nothing else, whatever the record says."""

import os
from pathlib import Path

import pytest

from diffusionlab.registry.manage import edits
from diffusionlab.registry.manage.cli import main
from diffusionlab.registry.manage.manifest import FIGURES, is_ours, sorted_out
from diffusionlab.registry.manage.purge import purge
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.manage.transfer import import_runs
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.visualization.catalogue import PICTURES
from tests.conftest import Lab

pytestmark = pytest.mark.faults

OURS = [
    "weights.safetensors", "report.html", ".hydra/config.yaml", "checkpoints/last.ckpt", "samples/epoch_0001.png",
    "samples/panels/latest.png", "samples/sampled_000/00003.png", "logs/version_0/metrics.csv", "pictures/tsne.svg",
    "evaluations/fid.json", ".weights.safetensors.0123abcd-99999999.0123abcd",
]  # fmt: skip
FOREIGN = ["thesis.tex", "samples/me.png", "pictures/holiday.png", "checkpoints/notes.txt", "mine/run.txt", ".envrc"]


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry")


def deleted(registry: Registry, folder: Path, run_id: str = "a", status: str = "finished") -> Path:
    """A run in `folder`, deleted."""
    recording = RunRecorder(registry.uri, folder, RunRecord(run_id=run_id, name=run_id))
    recording.start()
    if status != "running":
        recording.finish(status)
    edits.delete(registry, run_id)
    return folder


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_foreign_files_stay_and_are_named(registry: Registry, tmp_path: Path) -> None:
    folder = deleted(registry, tmp_path / "outputs" / "a")
    write(folder, *OURS, *FOREIGN)
    (folder / "empty").mkdir()
    (plan,) = purge(registry, ["a"], remove_folders=True)
    assert {str(file.relative_to(folder)) for file in plan.foreign} == set(FOREIGN)
    left = {path for path in everything(folder) if (folder / path).is_file()}
    assert left == set(FOREIGN) and (folder / "empty").is_dir()
    assert not (folder / "logs").exists() and not (folder / "evaluations").exists()
    assert registry.get("a") is None


def test_a_folder_of_ours_alone_is_gone_and_its_neighbours_stay(registry: Registry, tmp_path: Path) -> None:
    folder = deleted(registry, tmp_path / "outputs" / "day" / "a")
    write(folder, *OURS)
    write(tmp_path / "outputs" / "day", "b/run.json")
    purge(registry, ["a"], remove_folders=True)
    assert not folder.exists() and (tmp_path / "outputs" / "day" / "b" / "run.json").exists()


def test_all_that_a_training_writes_is_in_the_manifest(lab: Lab) -> None:
    folder = lab.train("logger=[csv,tensorboard]", "callbacks=figures")
    ours, foreign = sorted_out(folder)
    assert not foreign and len(ours) > 8 and ours[-1] == folder / "run.json"


def test_the_manifest_has_the_figures_of_the_catalogue() -> None:
    assert set(FIGURES) == {picture.name for picture in PICTURES}
    assert not any(is_ours(name) for name in [*FOREIGN, "samples", "../run.json", "x/run.json", "run.json/x", ""])


def test_links_lead_nowhere(registry: Registry, tmp_path: Path) -> None:
    photos, folder = tmp_path / "photos", deleted(registry, tmp_path / "outputs" / "a")
    write(photos, "latest.png", "epoch_0001.png", "panels/latest.png")
    (folder / "samples").symlink_to(photos)
    (folder / "weights.safetensors").symlink_to(photos / "latest.png")
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "last.ckpt").symlink_to(photos / "latest.png")
    before = everything(photos)
    (plan,) = purge(registry, ["a"], remove_folders=True)
    assert everything(photos) == before
    assert {file.name for file in plan.foreign} == {"samples", "weights.safetensors", "last.ckpt"}


@pytest.mark.parametrize("how", ["parent of another run", "link", "relative", "another run's", "no run.json"])
def test_a_folder_that_is_not_the_runs_own_stays_as_it_is(
    registry: Registry, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "outputs"
    if how in ("parent of another run", "link"):
        deleted(registry, folder if how == "parent of another run" else tmp_path / "elsewhere")
        if how == "link":
            folder.symlink_to(tmp_path / "elsewhere")
            with_link = registry.get("a")
            assert with_link is not None
            with_link.path = str(folder)
            registry.upsert(with_link)
        else:
            write(folder, "2026-01-01/b/run.json")
    else:
        path = "outputs" if how == "relative" else str(folder)
        write(folder, "weights.safetensors")
        if how != "no run.json":
            (folder / "run.json").write_text(f'{{"run_id": "{"i" if how == "relative" else "other"}"}}')
        import_runs(registry, [RunRecord(run_id="a", name="a", path=path)])
        edits.delete(registry, "a")
    before = everything(tmp_path / "outputs") | everything(folder.resolve())
    (plan,) = purge(registry, ["a"], remove_folders=True)
    assert plan.kept is not None and not plan.files
    assert everything(tmp_path / "outputs") | everything(folder.resolve()) == before
    assert registry.get("a") is None


def test_a_run_that_still_trains_is_refused_before_anything_changes(registry: Registry, tmp_path: Path) -> None:
    finished = deleted(registry, tmp_path / "outputs" / "a")
    living = deleted(registry, tmp_path / "outputs" / "b", "b", status="running")
    with pytest.raises(ValueError, match="run b is still training"):
        purge(registry, ["a", "b"], remove_folders=True)
    assert (finished / "run.json").exists() and (living / "run.json").exists()
    assert {record.run_id for record in registry.records(deleted=True)} == {"a", "b"}


def test_a_dry_run_lists_and_removes_nothing(registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = deleted(registry, tmp_path / "outputs" / "a")
    write(folder, *OURS, "thesis.tex")
    before = everything(folder)
    assert main(["purge", "--folders", "--dry-run", "--registry", registry.uri]) == 0
    printed = capsys.readouterr().out
    assert "would remove" in printed and "weights.safetensors" in printed and "thesis.tex" in printed
    assert everything(folder) == before and registry.get("a") is not None


def test_a_purge_that_is_cut_short_is_ended_by_the_same_command(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = deleted(registry, tmp_path / "outputs" / "a")
    write(folder, *OURS)
    unlink = os.unlink
    with monkeypatch.context() as patch:
        left = iter(range(5))
        patch.setattr(os, "unlink", lambda *a, **k: unlink(*a, **k) if next(left, None) is not None else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            purge(registry, ["a"], remove_folders=True)
    assert (folder / "run.json").exists() and registry.get("a") is not None
    purge(registry, ["a"], remove_folders=True)
    assert not folder.exists() and registry.get("a") is None
