"""Anything recorded can be asked, in words and in --where: settings, layers, host, command, commit, tags, sweep."""

from __future__ import annotations

import pytest

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.query.where_text import format_where
from tests.search.fixture_runs import NOW


def settings(clip, decay, weight_decay, dropout, attention, terminal, augment):
    return {
        "ema_decay": decay,
        "trainer": {"gradient_clip_val": clip, "max_epochs": 9},
        "optimizer": {"weight_decay": weight_decay},
        "model": {"dropout": dropout, "attention": attention, "patch_size": 2 if clip else 4},
        "loss": {"augment": augment},
        "schedule": {"zero_terminal_snr": terminal, "num_steps": 1000},
    }


RECORDS = [
    RunRecord(
        run_id="exp-a", name="first", config=settings(1.0, 0.999, 0.01, 0.0, "softmax", True, 0.0),
        layers=["mid: GroupNorm(8)"],
        host="lab3", command="python train.py model.dropout=0", git_commit="3f2a9bc", packages={"torch": "2.6.0"},
        tags=["baseline"], sweep="lr-search", status="finished",
    ),
    RunRecord(
        run_id="exp-b", name="second", config=settings(None, 0.9999, 0.0, 0.1, "linear", False, 0.12),
        layers=["mid: LayerNorm(8)"],
        host="lab4", command="python train.py optimizer=sgd", git_commit="77e01aa", packages={"torch": "2.8.0"},
        parent_run="exp-a", sweep="width", status="failed",
    ),
    RunRecord(run_id="exp-c", name="third", description="imported"),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    registry = Registry(tmp_path_factory.mktemp("settings") / "registry")
    registry.upsert(RECORDS)
    return Engine(registry, NOW)


ASKED = {
    "runs with gradient clipping": "a",
    "runs without gradient clipping": "b",
    "gradient_clip_val above 0.5": "a",
    "gradient clip val is 1": "a",
    "ema decay 0.999": "a",
    "ema_decay = 0.9999": "b",
    "weight decay above 0": "a",
    "runs with weight decay": "a",
    "dropout 0": "a",
    "no dropout": "a",
    "dropout greater than 0.05": "b",
    "zero_terminal_snr = true": "a",
    "runs without zero terminal snr": "b",
    "runs with augmentation": "b",
    "augment above 0": "b",
    "patch size 2": "a",
    "runs with a patch size above 3": "b",
    "runs whose command contains optimizer=sgd": "b",
    "GroupNorm": "a",
    "layers with LayerNorm": "b",
    "on host lab4": "b",
    "commit 3f2a9bc": "a",
    "tag baseline": "a",
    "sweep width": "b",
    "the lr-search sweep": "a",
    "runs of the lr-search sweep that finished": "a",
    "parent run exp-a": "b",
}


@pytest.mark.parametrize("question", ASKED)
def test_words_find_what_is_recorded(engine, question):
    found = engine.answer(parse(question, engine.known, NOW))
    assert {row["run_id"][-1] for row in found.rows} == set(ASKED[question])
    assert not found.unread


WHERE = {
    "gradient_clip_val > 0": "a",
    "gradient_clip_val is on": "a",
    "gradient_clip_val is off": "b",
    "gradient_clip_val is unknown": "c",
    "not gradient_clip_val > 0": "b",
    "ema_decay = 0.999": "a",
    "config.model.dropout < 0.2 and weight_decay = 0": "b",
    "model.attention = softmax": "a",
    "model.attention != softmax": "b",
    "zero_terminal_snr is on or host = lab4": "ab",
    'command ~ "optimizer=sgd"': "b",
    "packages ~ 2.8.0": "b",
    "layers ~ norm": "ab",
    "git_commit = 3f2a9bc": "a",
    "tags = baseline or parent_run = exp-a": "ab",
    "sweep = lr-search": "a",
}


@pytest.mark.parametrize("text", WHERE)
def test_where_finds_what_is_recorded_and_comes_back(engine, text):
    condition = parse_where(text, engine.known, NOW)
    assert {row["run_id"][-1] for row in engine.registry.rows(condition)} == set(WHERE[text])
    printed = format_where(condition, engine.known)
    assert parse_where(printed, engine.known, NOW) == condition


def test_runs_are_sorted_and_grouped_by_a_setting(engine):
    found = engine.answer(parse("runs sorted by ema decay", engine.known, NOW))
    assert [row["run_id"] for row in found.rows] == ["exp-a", "exp-b"]
    groups = engine.answer(parse("how many runs per weight decay", engine.known, NOW)).groups
    assert {row.key: row.value for row in groups.rows} == {"0": 1, "0.01": 1} and groups.without_key == 1


def test_a_setting_that_no_run_has_is_said_to_be_none(engine):
    found = engine.answer(parse("runs with label smoothing", engine.known, NOW))
    assert not found.rows and found.unknown == len(RECORDS)


def config(decay):
    return {"ema_decay": decay, "model": {"width": 8}}


NAMED = [
    RunRecord(
        run_id="n-a", name="flow", architecture="UNet", arch_tags=["unet"], config=config(0.999), optimizer="Adam",
        metrics={"val_loss": 0.2},
    ),
    RunRecord(
        run_id="n-b", name="one", architecture="UNet", arch_tags=["unet"], config=config(0), notes="no EMA",
        command="python train.py ema_decay=0", optimizer="AdamW", metrics={"val_loss": 0.4},
    ),
    RunRecord(
        run_id="n-c", name="pt", architecture="DiT", description="with a moving average of the weights",
        metrics={"val_loss": 0.1},
    ),
    RunRecord(run_id="n-d", name="pt-long", architecture="DiT", description="flow matching, pt"),
    RunRecord(run_id="n-e", name="train", kind="script", optimizer="AdamW", path="old/train.py"),
    RunRecord(run_id="n-f", name="look", kind="script", optimizer="Adam", path="old/look.ipynb"),
]  # fmt: skip


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    registry = Registry(tmp_path_factory.mktemp("named") / "registry")
    registry.upsert(NAMED)
    return Engine(registry, NOW)


MEANT = {
    "which runs used EMA": "ac",
    "runs with a moving average": "ac",
    "runs without EMA": "b",
    "UNets with EMA": "a",
    "scripts that use AdamW": "e",
    "which scripts use Adam": "f",
    "all scripts": "ef",
    "notebooks": "f",
    "scripts and notebooks": "ef",
    "runs with AdamW that are not scripts": "b",
    "runs named pt": "c",
    "the run called flow": "a",
    'the one named "one"': "b",
    "runs named flow or one": "ab",
    "runs called pt with EMA": "c",
    "compare flow and one": "ab",
    "compare the runs flow, one and pt": "abc",
    "difference between flow and pt": "ac",
}


@pytest.mark.parametrize("question", MEANT)
def test_settings_kinds_and_names_decide_what_a_word_means(named, question):
    found = named.answer(parse(question, named.known, NOW))
    assert {row["run_id"][-1] for row in found.rows} == set(MEANT[question])
    assert not found.unread
    where = parse_where(format_where(found.query.condition, named.known), named.known, NOW)
    assert {row["run_id"][-1] for row in named.registry.rows(where)} == set(MEANT[question])


@pytest.mark.parametrize(
    "question", ["average val loss per model", "mean val loss for each model", "mean val loss by model"]
)
def test_a_figure_per_model_is_one_per_architecture(named, question):
    groups = named.answer(parse(question, named.known, NOW)).groups
    assert {row.key: row.value for row in groups.rows} == pytest.approx({"UNet": 0.3, "DiT": 0.1})


def test_how_many_scripts_are_the_scripts_alone(named):
    assert named.answer(parse("how many scripts use AdamW", named.known, NOW)).groups.rows[0].value == 1
