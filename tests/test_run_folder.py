"""Where runs live, and that nothing of the user's is ever removed."""

from datetime import UTC, datetime

import pytest

from diffusionlab.registry.record.run_record import RunRecord, write_record
from diffusionlab.runs.folder import discard_unless_recorded, folder_to_resume, newest_first


@pytest.mark.parametrize("extra", ["run.json", "thesis.tex", "samples/one.png"])
def test_a_folder_with_anything_of_value_stays_whole(tmp_path, extra):
    folder = tmp_path / "day/mine"
    for name in (".hydra/config.yaml", "train.log", extra):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    discard_unless_recorded(folder)
    assert all((folder / name).is_file() for name in (".hydra/config.yaml", "train.log", extra))


def test_what_hydra_alone_has_made_goes(tmp_path):
    folder = tmp_path / "day/job"
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra/config.yaml").write_text("x")
    (folder / "train.log").touch()
    discard_unless_recorded(folder)
    assert tmp_path.is_dir() and not (tmp_path / "day").exists()
    discard_unless_recorded(folder)  # and a second time does no harm


def test_the_newest_run_is_the_one_that_was_made_last_whatever_its_folder_is_called(tmp_path):
    for day, name in enumerate(["zebra", "20260101-000000-aaaaaa", "ant"], start=1):
        run = RunRecord(run_id=name, name="x", status="crashed", created_at=datetime(2026, 1, day, tzinfo=UTC))
        write_record(run, tmp_path / "outputs/any" / name)
    (tmp_path / "outputs/any/broken").mkdir()
    (tmp_path / "outputs/any/broken/run.json").write_text("{")
    runs_dir = str(tmp_path / "outputs")
    assert [record.run_id for record in newest_first(runs_dir)] == ["ant", "20260101-000000-aaaaaa", "zebra"]
    assert folder_to_resume(runs_dir, "last", "x").name == "ant"
