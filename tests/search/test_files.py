"""What lies in a run's folder: pictures and checkpoints, and nothing outside of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.answer import answer
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from tests.search.fixture_runs import NOW


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Runs with pictures and checkpoints, with neither, elsewhere, and with pictures that lie out of the folder."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("drawn", "empty", "sly"):
        (folder / name / "samples").mkdir(parents=True)
    (folder / "drawn/samples/latest.png").touch()
    (folder / "drawn/samples/step_100.png").touch()
    (folder / "drawn/checkpoints").mkdir()
    (folder / "drawn/checkpoints/last.ckpt").touch()
    (folder / "secret.png").touch()
    (folder / "sly/samples/link.png").symlink_to(folder / "secret.png")
    named = {"drawn": "samples/latest.png", "empty": None, "sly": "../secret.png"}
    runs = [
        RunRecord(run_id=f"run-{n:03d}", name=name, path=str(folder / name), thumbnail=thumbnail, metrics={"fid": n})
        for n, (name, thumbnail) in enumerate(named.items(), 1)
    ]
    registry = Registry(folder / "registry")
    registry.upsert([*runs, RunRecord(run_id="run-004", name="elsewhere", path="/no/such/folder")])
    return Engine(registry, NOW)


def ask(engine: Engine, question: str):
    return engine.answer(parse(question, engine.known, NOW))


def test_pictures_of_a_run_come_newest_first(engine):
    found = ask(engine, "images of run-001")
    assert [Path(path).name for path in found.pictures["run-001"]] == ["latest.png", "step_100.png"]
    assert "latest.png" in answer(found, engine)
    assert ask(engine, "samples of the best run").pictures["run-001"][0].endswith("latest.png")


def test_no_picture_outside_of_the_folder_is_named(engine):
    found = ask(engine, "pictures of run-003")
    assert found.pictures == {"run-003": ()}
    assert "secret" not in answer(found, engine)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("runs with checkpoints", {"run-001"}),
        ("runs without checkpoints", {"run-002", "run-003"}),
        ("runs that have no pictures", {"run-002", "run-003"}),
        ("runs with samples", {"run-001"}),
    ],
)
def test_what_a_folder_holds_is_looked_up(engine, question, wanted):
    found = ask(engine, question)
    assert {row["run_id"] for row in found.rows} == wanted
    assert found.unknown == 1
