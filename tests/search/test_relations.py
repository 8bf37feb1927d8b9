"""One fact beside another: a multiple of another run's, two columns of one run, the run that another was made from."""

from __future__ import annotations

from datetime import datetime

import pytest

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.answer import answer
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.query.where_text import format_where
from tests.search.fixture_runs import NOW, RUNS


def ids(wanted) -> set[str]:
    return {run.id for run in RUNS if wanted(run)}


def a_tenth_off(value: float, wanted: float) -> bool:
    return abs(value - wanted) <= wanted / 10 + 1e-9


BASE = next(run for run in RUNS if run.id == "run-007")  # 2.2M parameters, 100 epochs, batch 128, lr 2e-4

RELATIVE = {
    "runs with lr twice that of run-007": ids(lambda r: r.lr == 4e-4),
    "double the batch size of run-007": ids(lambda r: r.batch == 256),
    "three times as many epochs as run-007": ids(lambda r: r.epochs == 300),
    "runs with half the parameters of run-007": ids(lambda r: a_tenth_off(r.params, BASE.params / 2)),
    "runs with more than twice the parameters of run-007": ids(lambda r: r.params > 2 * BASE.params),
    "runs at least 10 times larger than run-007": ids(lambda r: r.params >= 10 * BASE.params),
    "2x the params of run-007": ids(lambda r: a_tenth_off(r.params, 2 * BASE.params)),
    "20% fewer parameters than run-007": ids(lambda r: r.params <= 0.8 * BASE.params),
    "runs on MNIST with fid 50% lower than run-007": ids(
        lambda r: r.dataset == "MNIST" and r.fid and r.fid <= BASE.fid / 2
    ),
}
TWO_COLUMNS = {
    "fid lower than epochs": ids(lambda r: r.fid and r.fid < r.epochs),
    "runs where the fid is not lower than their epochs": ids(lambda r: r.fid and r.fid >= r.epochs),
    "higher fid than epochs": ids(lambda r: r.fid and r.fid > r.epochs),
    "runs modified before they were created": set(),
    "runs modified after they were created": ids(lambda r: True),
}
UNKNOWN_OR = {"runs whose val loss is unknown or above 0.05": ids(lambda r: not r.val_loss or r.val_loss > 0.05)}
NAMES = {
    "named like *unet-base": ids(lambda r: r.name.endswith("unet-base")),
    "runs whose name matches fmnist-*": ids(lambda r: r.name.startswith("fmnist-")),
    "name starts with cifar": ids(lambda r: r.name.startswith("cifar")),
    "name contains dit": ids(lambda r: "dit" in r.name),
    "runs named like latent": ids(lambda r: "latent" in r.name),
}


@pytest.mark.parametrize("question", [*RELATIVE, *TWO_COLUMNS, *UNKNOWN_OR, *NAMES])
def test_what_stands_beside_a_fact_is_compared_with_it(ask, question):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == {**RELATIVE, **TWO_COLUMNS, **UNKNOWN_OR, **NAMES}[question]
    assert not found.query.unread


def test_a_run_that_finished_before_another_started_ended_before_that(ask):
    start = datetime.fromisoformat("2025-02-17T08:00:00+00:00")  # of run-009
    found = {row["run_id"]: row for row in ask("finished before run-009 started").rows}
    assert found and all(row["modified_at"] < start for row in found.values())
    assert "run-008" in found and "run-009" not in found


@pytest.mark.parametrize("question", ["runs easier than run-007", "runs more elegant than run-007"])
def test_a_comparative_that_means_nothing_recorded_is_named_whole(ask, question):
    found = ask(question)
    assert len(found.rows) == len(RUNS)
    assert " ".join(found.query.unread) == question.removeprefix("runs ")


@pytest.mark.parametrize("text", ["val_loss < train_loss", "modified < created", "not fid >= kid"])
def test_a_comparison_of_columns_is_printed_and_read_back(engine, text):
    condition = parse_where(text, engine.known, NOW)
    assert parse_where(format_where(condition, engine.known), engine.known, NOW) == condition


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    registry = Registry(tmp_path_factory.mktemp("family") / "registry")
    plain = {"teacher": None, "init_from": None, "ema": None}
    registry.upsert(
        [
            RunRecord(run_id="exp-base", name="grown", config=plain, seconds=600.0, status="finished"),
            RunRecord(
                run_id="student",
                name="small",
                config=plain | {"teacher": "exp-base", "init_from": "exp-base"},
                seconds=7200.0,
                status="finished",
            ),
            RunRecord(run_id="tuned", name="other", config=plain | {"init_from": "exp-base"}, status="failed"),
            RunRecord(
                run_id="averaged",
                name="mean",
                config=plain | {"ema": {"widths": [0.05, 0.1]}},
                seconds=1800.0,
                status="finished",
                protocol="dinov2, 500 samples, heun 18 steps, guidance 2 by exp-base",
            ),
            RunRecord(run_id="imported", name="foreign", description="nothing else is known"),
        ]
    )
    return Engine(registry, NOW)


LINEAGE = {
    "distilled from exp-base": {"student"},
    "students of exp-base": {"student"},
    "runs fine-tuned from exp-base": {"student", "tuned"},
    "runs not distilled from exp-base": {"exp-base", "tuned", "averaged"},  # of the imported one it is not known
    "distilled runs": {"student"},
    "runs with post-hoc EMA": {"averaged"},
    "post hoc ema": {"averaged"},
    "evaluated with autoguidance": {"averaged"},
    "finished within an hour of its start": {"exp-base", "averaged"},
    "three times as long as exp-base": {"averaged"},
    "at least twice as long as exp-base": {"averaged", "student"},
}


@pytest.mark.parametrize("question", LINEAGE)
def test_what_a_run_was_made_from_is_found(family, question):
    found = family.answer(parse(question, family.known, NOW))
    assert {row["run_id"] for row in found.rows} == LINEAGE[question]
    assert not found.query.unread


def test_a_share_that_is_said_the_other_way_round_is_the_same(ask, engine):
    asked = [ask(f"{words} per dataset") for words in ("failure rate", "rate of failure")]
    assert answer(asked[0], engine) == answer(asked[1], engine)


@pytest.mark.parametrize(
    "question",
    ["where is the cosine schedule implemented?", "which of my scripts define a UNet", "which function calls it"],
)
def test_a_question_about_code_names_the_command(engine, question):
    with pytest.raises(ValueError, match=r"registry\.py code"):
        parse(question, engine.known, NOW)


@pytest.mark.parametrize("question", ["scripts that use AdamW", "where are the checkpoints of run-007"])
def test_a_question_about_runs_is_none_about_code(engine, question):
    assert not parse(question, engine.known, NOW).unread
