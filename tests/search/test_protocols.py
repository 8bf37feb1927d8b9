"""Figures of different protocols, and losses of different objectives, are never ranked against each other."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime

import pytest

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.show.cli import main, parser
from diffusionlab.search.show.flags import flag_line
from diffusionlab.search.show.options import query_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BIG, SMALL = "fid inception 50000 test", "fid inception 1000 test"


def measured(run_id: str, fid: float, protocol: str | None, **facts) -> RunRecord:
    evaluations = {protocol: {"fid": fid}} if protocol else {}
    metrics = {"fid": fid, "val_loss": fid / 100}
    return RunRecord(
        run_id=run_id,
        name=run_id,
        metrics=metrics,
        protocol=protocol,
        evaluations=evaluations,
        dataset="MNIST",
        **facts,
    )


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    registry = Registry(tmp_path_factory.mktemp("protocols"))
    registry.upsert(
        [
            measured("big-1", 9.0, BIG, arch_tags=["unet"]),
            measured("big-2", 12.0, BIG, arch_tags=["dit"]),
            measured("big-3", 20.0, BIG, arch_tags=["unet"]),
            measured("small-1", 3.0, SMALL, arch_tags=["unet"]),
            measured("small-2", 4.0, SMALL, arch_tags=["dit"]),
            measured("import-1", 1.0, None, arch_tags=["unet"]),
            measured("import-2", 30.0, None, arch_tags=["dit"]),
        ]
    )
    return Engine(registry, NOW)


def ids(engine: Engine, question: str) -> list[str]:
    return [row["run_id"] for row in engine.answer(parse(question, engine.known, NOW)).rows]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("which run has the best fid?", ["small-1", "big-1", "import-1"]),
        ("the worst fid", ["small-2", "big-3", "import-2"]),
        ("top 2 by fid", ["small-1", "small-2", "big-1", "big-2", "import-1", "import-2"]),
        ("best unet by fid", ["small-1", "big-1", "import-1"]),
        ("runs sorted by fid", ["small-1", "small-2", "big-1", "big-2", "big-3", "import-1", "import-2"]),
        ("lowest validation loss", ["import-1"]),
        ("lower fid than big-2", ["big-1"]),
        ("worse fid than import-1", ["import-2"]),
    ],
)
def test_each_protocol_is_ranked_by_itself(engine: Engine, question: str, expected: list[str]) -> None:
    assert ids(engine, question) == expected


@pytest.mark.parametrize("question", ["best fid", "top 2 by fid", "runs sorted by fid", "best unet by fid"])
def test_the_printed_flags_find_the_same_rows(engine: Engine, question: str) -> None:
    found = engine.answer(parse(question, engine.known, NOW))
    options = parser().parse_intermixed_args(shlex.split(flag_line(found, engine.known)))
    again = engine.answer(query_of(options, "", engine.known, NOW, False))
    assert [row["run_id"] for row in again.rows] == [row["run_id"] for row in found.rows]


def test_it_says_so_and_how_to_choose(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    registry = ["--registry", engine.registry.uri]
    assert main(["best fid", "--json", *registry]) == 0
    out = json.loads(capsys.readouterr().out)
    (warning,) = [line for line in out["warnings"] if "protocol" in line]
    assert "fid of different protocols does not compare" in warning and f"3 runs by {BIG}" in warning
    assert f"{SMALL}: small-1 3" in out["answer"] and "no recorded protocol: import-1 1" in out["answer"]
    choice = shlex.split(warning.partition("--where")[2])[0]
    assert main(["best fid", "--json", "--where", choice, *registry]) == 0
    out = json.loads(capsys.readouterr().out)
    assert [hit["run_id"] for hit in out["hits"]] == ["big-1"]
    assert not any("does not compare" in line for line in out["warnings"])
    assert main(["fid below 10", *registry]) == 0
    assert "fid of different protocols does not compare" in " ".join(capsys.readouterr().out.split())


def test_what_a_training_measured_has_no_protocol(engine: Engine) -> None:
    result = engine.answer(parse("sorted by validation loss", engine.known, NOW))
    assert [row["run_id"] for row in result.rows][:2] == ["import-1", "small-1"] and not result.warnings


def test_groups_are_compared_within_each_protocol(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare unets with dits", "--json", "--registry", engine.registry.uri]) == 0
    answer = json.loads(capsys.readouterr().out)["answer"]
    assert f"by {SMALL}: unet 3 (small-1), dit 4 (small-2)" in answer
    assert "by no recorded protocol: unet 1 (import-1), dit 30 (import-2)" in answer


def trained(run_id: str, val_loss: float, loss: str = "diffusion.DenoisingLoss", **facts) -> RunRecord:
    config = {"loss": {"_target_": f"diffusionlab.{loss}"}}
    known = {"name": run_id, "metrics": {"val_loss": val_loss}, "config": config, "image_size": 28, "dataset": "MNIST"}
    return RunRecord(run_id=run_id, **known | facts)


@pytest.fixture(scope="module")
def objectives(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    v, epsilon = {"parameterization": "v", "schedule": "cosine"}, {"parameterization": "epsilon", "schedule": "linear"}
    registry = Registry(tmp_path_factory.mktemp("objectives"))
    registry.upsert(
        [
            trained("auto", 0.001, "training.AutoencoderLoss"),
            trained("v-1", 0.2, **v),
            trained("v-2", 0.1, **v),
            trained("eps-1", 0.03, **epsilon),
            trained("eps-2", 0.02, **epsilon, dataset="Fashion-MNIST"),
            RunRecord(run_id="old", name="old", metrics={"val_loss": 0.05}, dataset="MNIST"),
        ]
    )
    return Engine(registry, NOW)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("lowest val_loss", {"auto", "v-2", "eps-1", "eps-2", "old"}),
        ("best validation loss of the v runs", {"v-2"}),
        ("lower val loss than v-1", {"v-2"}),
        ("top 2 by val loss on MNIST", {"auto", "v-1", "v-2", "eps-1", "old"}),
    ],
)
def test_losses_of_each_objective_are_ranked_by_themselves(objectives: Engine, question: str, expected: set) -> None:
    assert set(ids(objectives, question)) == expected


def test_an_objective_is_chosen_by_the_filter_that_the_answer_names(objectives: Engine, capsys) -> None:
    registry = ["--registry", objectives.registry.uri]
    assert main(["lowest val_loss", "--json", *registry]) == 0
    (warning,) = json.loads(capsys.readouterr().out)["warnings"]
    choice = shlex.split(warning.partition("--where")[2])[0]
    assert main(["lowest val_loss", "--json", "--where", choice, *registry]) == 0
    out = json.loads(capsys.readouterr().out)
    assert [hit["run_id"] for hit in out["hits"]] == ["v-2"] and not out["warnings"]


def test_a_mean_over_objectives_is_split_by_them(objectives: Engine) -> None:
    groups = objectives.answer(parse("mean val loss on MNIST", objectives.known, NOW)).groups
    assert groups.mixed == "objective" and {key: rows[0].value for key, rows in groups.within}[
        "v on cosine, MNIST at 28 px"
    ] == pytest.approx(0.15)
