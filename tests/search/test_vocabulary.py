"""Each option of conf/ is its own canonical value, and a question that names it finds the run that took it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from diffusionlab import data
from diffusionlab.registry.record.canonical import VOCABULARY, canonical
from diffusionlab.registry.record.facets import FACETS
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from tests.search.fixture_runs import NOW

CONF = Path(__file__).parents[2] / "conf"
GROUPS = ("schedule", "parameterization", "sampler")
SAID = {
    "edm schedule": "schedule-edm",
    "runs with the edm schedule": "schedule-edm",
    "DPM-Solver++ runs": "sampler-dpmpp_2m",
    "DPM-Solver++ 2M": "sampler-dpmpp_2m",
    "dpm++": "sampler-dpmpp_2m",
    "sigmoid schedule": "schedule-sigmoid",
    "cosine schedule": "schedule-cosine",
    "cosine runs": "schedule-cosine",
    "cosine lr schedule": "lr_schedule-cosine",
    "runs with a linear learning rate schedule": "lr_schedule-linear",
    "one cycle learning rate": "lr_schedule-one_cycle",
    "wsd": "lr_schedule-wsd",
    "constant lr": "lr_schedule-constant",
    "v-prediction": "parameterization-v",
    "predicting the noise": "parameterization-epsilon",
    "heun solver": "sampler-heun",
    "runs on garments": "data-garments",
    "CIFAR-10 cats and dogs": "data-cifar_catdog",
}


def options(group: str) -> list[str]:
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def target(group: str, option: str) -> str:
    settings = yaml.safe_load((CONF / group / f"{option}.yaml").read_text())
    return settings["_target_"].rpartition(".")[2]


def runs() -> list[RunRecord]:
    """One run for each option, recorded as a training records it."""
    found = [RunRecord(run_id=f"{g}-{o}", name=f"a {g}", **{g: o}) for g in GROUPS for o in options(g)]
    for option in options("lr_schedule"):
        found.append(RunRecord(run_id=f"lr_schedule-{option}", name="a rate", lr_schedule=option))
    for option in options("optimizer"):
        found.append(RunRecord(run_id=f"optimizer-{option}", name="b", optimizer=target("optimizer", option)))
    for option in options("data"):
        dataset = getattr(getattr(data, target("data", option)), "name", "holidays")
        found.append(RunRecord(run_id=f"data-{option}", name="c", dataset=dataset, config={"data": {"kind": option}}))
    for option in options("model"):
        facets = [option] if option in FACETS else []  # as the module graph tells
        found.append(RunRecord(run_id=f"model-{option}", name=f"garments_{option}", arch_tags=facets))
    return found


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    registry = Registry(tmp_path_factory.mktemp("vocabulary") / "registry")
    registry.upsert(runs())
    return Engine(registry, NOW)


@pytest.mark.parametrize("group", GROUPS)
def test_an_option_is_its_own_canonical_value(group):
    for option in options(group):
        assert canonical(group, option) == option and option in VOCABULARY[group]


NAMED = [(g, o) for g in (*GROUPS, "optimizer", "data", "model") for o in options(g) if o != "image_folder"]


@pytest.mark.parametrize(("group", "option"), NAMED)
def test_a_question_finds_the_option_by_its_name(engine, group, option):
    found = engine.answer(parse(f"{option} runs", engine.known, NOW))
    assert f"{group}-{option}" in {row["run_id"] for row in found.rows}
    assert not found.unread


@pytest.mark.parametrize("question", SAID)
def test_a_question_finds_the_option_as_people_say_it(engine, question):
    found = engine.answer(parse(question, engine.known, NOW))
    assert {row["run_id"] for row in found.rows} == {SAID[question]}


def test_a_name_that_two_columns_share_finds_both(engine):
    found = engine.answer(parse("EDM runs", engine.known, NOW))
    assert {row["run_id"] for row in found.rows} == {"schedule-edm", "parameterization-edm"}
