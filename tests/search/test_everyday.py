"""Everyday wordings whose words mean something else elsewhere: "training", "may", "only", "top"; by plain Python."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from dataclasses import replace

import pytest

from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.answer import answer
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.query.query import Facts
from diffusionlab.search.words.asking_words import SETTINGS
from tests.search.fixture_runs import NOW, RUNS, records

BY_ID = {run.id: run for run in RUNS}
MNIST = [run for run in RUNS if run.dataset == "MNIST"]
CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]


def ids(result):
    return {row["run_id"] for row in result.rows}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("whats training", lambda r: r.status == "running"),
        ("what's training right now?", lambda r: r.status == "running"),
        ("which runs are in training", lambda r: r.status == "running"),
        ("experiments that are training", lambda r: r.status == "running"),
        ("is anything training?", lambda r: r.status == "running"),
        ("training runs on MNIST", lambda r: r.dataset == "MNIST"),
        ("what training runs failed?", lambda r: r.status == "failed"),
        ("everything but MNIST, U-Nets only", lambda r: r.dataset != "MNIST" and "unet" in r.tags),
        ("all runs except CIFAR-10, only finished", lambda r: r.dataset != "CIFAR-10" and r.status == "finished"),
        ("may and june runs sorted by fid", lambda r: r.c[:7] in ("2025-05", "2025-06") and r.fid is not None),
        ("may, june", lambda r: r.c[:7] in ("2025-05", "2025-06")),
        ("may and april runs", lambda r: r.c[:7] in ("2025-04", "2025-05")),
        ("may", lambda r: r.c.startswith("2025-05")),
        ("how many epochs has the running run done", lambda r: r.status == "running"),
        ("which runs are done", lambda r: r.status == "finished"),
        ("when were the MNIST runs started and finished", lambda r: r.dataset == "MNIST"),
        ("may unets", lambda r: r.c.startswith("2025-05") and "unet" in r.tags),
        ("may I see the unets", lambda r: "unet" in r.tags),
    ],
)
def test_runs(ask, question, wanted):
    result = ask(question)
    assert ids(result) == {run.id for run in RUNS if wanted(run)} and not result.unread


@pytest.mark.parametrize(
    ("question", "runs", "count", "column"),
    [
        ("lr of the top 5 mnist runs", MNIST, 5, "lr"),
        ("what lrs did the top 5 cifar-10 runs use?", CIFAR, 5, "lr"),
        ("epochs of the best 3 cifar-10 runs", CIFAR, 3, "epochs"),
    ],
)
def test_a_column_of_the_best_is_shown_and_orders_nothing(ask, question, runs, count, column):
    best = sorted((run for run in runs if run.fid is not None), key=lambda run: run.fid)[:count]
    result = ask(question)
    assert [row["run_id"] for row in result.rows] == [run.id for run in best] and column in result.query.show


def test_the_top_by_a_setting_are_those_with_most_of_it(ask):
    assert max(run.batch for run in RUNS) == ask("top run by batch size").rows[0]["batch_size"]


@pytest.mark.parametrize(
    ("question", "field", "values", "figure"),
    [
        ("mean epochs with Adam and with AdamW", "optimizer", ("Adam", "AdamW"), "epochs"),
        ("average batch size using Adam and using SGD", "optimizer", ("Adam", "SGD"), "batch"),
    ],
)
def test_values_that_exclude_each_other_are_sides(ask, question, field, values, figure):
    result = ask(question)
    sides = [[getattr(run, figure) for run in RUNS if getattr(run, field) == value] for value in values]
    assert [row.value for row in result.groups.rows] == pytest.approx([statistics.mean(side) for side in sides])


@pytest.mark.parametrize("word", ["beat", "outperform", "are better than"])
def test_better_than_a_run_is_on_its_data_set(ask, word):
    run = BY_ID["run-022"]
    result = ask(f"which runs {word} run-022")
    better = {other.id for other in RUNS if other.dataset == run.dataset and other.fid and other.fid < run.fid}
    assert ids(result) == better and any(run.dataset in note for note in result.query.notes)


def test_the_gpu_of_many_runs_is_listed(ask):
    result = ask("what gpu did we use for CelebA?")
    wanted = {run.hardware.lower() for run in RUNS if run.dataset == "CelebA" and run.hardware != "CPU"}
    assert {row.key.replace("-", " ") for row in result.groups.rows} == {name.replace("-", " ") for name in wanted}


def test_no_run_is_larger_than_its_equal(ask):
    params = {run.id: run.params for run in RUNS if run.params}
    first, second = next((a, b) for a in params for b in params if a < b and params[a] == params[b])
    result = ask(f"is {first} larger than {second}?")
    assert result.verdict is False and "no difference" in result.because


def test_best_at_the_end_is_no_farewell(ask):
    best = min((run for run in CIFAR if run.fid is not None), key=lambda run: run.fid)
    assert ids(ask("CIFAR-10 runs, best")) == {best.id}


@pytest.mark.parametrize(
    ("question", "columns"),
    [
        ("dates of run-010", ("created_at", "modified_at")),
        ("date of run-010", ("created_at",)),
        ("when were the MNIST runs started and finished", ("created_at", "modified_at")),
    ],
)
def test_dates_that_are_asked_for_are_shown(ask, question, columns):
    assert ask(question).query.show == columns


@pytest.mark.parametrize("question", ["gpus with more than 5 runs", "which gpus have more than 5 runs"])
def test_a_cpu_is_no_gpu(ask, question):
    counts = Counter(run.hardware.split("x ")[-1] for run in RUNS if run.hardware != "CPU")
    assert sorted(group.count for group in ask(question).groups.rows) == sorted(n for n in counts.values() if n > 5)


def test_no_gpu_is_a_cpu(ask):
    groups = ask("which devices ran no gpu runs").groups.rows
    assert [(group.key, group.count) for group in groups] == [("cpu", sum(run.hardware == "CPU" for run in RUNS))]


def test_runs_per_gpu_are_those_of_all(ask):
    assert sum(group.count for group in ask("runs per gpu").groups.rows) == len(RUNS)


@pytest.mark.parametrize(
    ("question", "run"),
    [
        ("settings of run-036", "run-036"),
        ("give me the hyperparameters of run-014", "run-014"),
        ("full config for run-023 please", "run-023"),
        ("how was run-023 trained?", "run-023"),
        ("what settings did the best cifar-10 run use?", min(CIFAR, key=lambda r: r.fid or math.inf).id),
    ],
)
def test_the_settings_of_a_run_are_told(ask, question, run):
    result = ask(question)
    assert ids(result) == {run}
    assert not (result.query.unread or result.query.unknown)
    assert result.query.ask == Facts(SETTINGS)


def test_the_settings_of_many_runs_are_columns(ask):
    result = ask("settings of the MNIST runs")
    assert ids(result) == {run.id for run in MNIST}
    assert set(SETTINGS) <= set(result.query.show)


@pytest.mark.parametrize("question", ["which optimizer has the most failures?", "optimizer with most crashes"])
def test_the_most_failures_are_counted(ask, question):
    counts = Counter(run.optimizer for run in RUNS if run.status in ("failed", "crashed"))
    groups = {group.key: group.count for group in ask(question).groups.rows}
    assert groups == {name: count for name, count in counts.items() if count == max(counts.values())}


def test_the_mean_of_a_rate_is_rounded(ask, engine):
    assert not re.search(r"\d\.\d{8}", answer(ask("average learning rate per optimizer"), engine))


def test_a_column_within_a_phrase_of_the_texts_is_no_column(tmp_path):
    first, second = records()[:2]
    registry = Registry(tmp_path)
    registry.upsert([replace(first, description="classifier with centre loss"), replace(second, description="loss")])
    engine = Engine(registry, NOW)
    result = engine.answer(parse("models that use a centre loss", engine.known, engine.now))
    assert ids(result) == {first.run_id}
    assert not (result.query.show or result.query.unread)
