"""Ratios of the figures of two runs, or of two kinds of runs; against plain Python."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.answer import answer
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from tests.search.fixture_runs import NOW, RUNS, records

BY_ID = {run.id: run for run in RUNS}


@pytest.mark.parametrize(
    ("question", "first", "other", "key"),
    [
        ("what's the ratio of the FIDs of run-017 and run-020", "run-017", "run-020", "fid"),
        ("ratio of FID between run-017 and run-020", "run-017", "run-020", "fid"),
        ("fid ratio of run-017 to run-020", "run-017", "run-020", "fid"),
        ("what is the ratio of parameters between run-020 and run-017?", "run-020", "run-017", "params"),
        ("ratio of parameters of run-020 to run-017", "run-020", "run-017", "params"),
        ("how many times larger is run-020 than run-017", "run-020", "run-017", "params"),
    ],
)
def test_ratio_of_two_runs(ask, engine, question, first, other, key):
    result = ask(question)
    assert {row["run_id"] for row in result.rows} == {first, other}
    told = [float(number) for number in re.findall(r"a ratio of ([\d.]+)", answer(result, engine))]
    low, high = sorted(getattr(BY_ID[run], key) for run in (first, other))
    assert any(number == pytest.approx(high / low, rel=1e-3) for number in told)
    assert not result.unread


@pytest.mark.parametrize(
    "question", ["ratio of unets to dits", "ratio between the number of unets and dits", "ratio of unets and dits"]
)
def test_ratio_of_two_numbers_of_runs(ask, engine, question):
    result = ask(question)
    counts = [len([run for run in RUNS if tag in run.tags]) for tag in ("unet", "dit")]
    assert [row.value for row in result.groups.rows] == counts
    assert f"{counts[0] / counts[1]:.4g}" in answer(result, engine)
    assert not result.unread


def test_a_ratio_that_is_not_told_is_named(ask):
    result = ask("what is the ratio between the best FID on MNIST and on CIFAR-10")
    best = [
        min((run.fid, run.id) for run in RUNS if run.dataset == name and run.fid)[1] for name in ("MNIST", "CIFAR-10")
    ]
    assert {row["run_id"] for row in result.rows} == set(best)
    assert "ratio" in " ".join(result.unread)


def test_scripts_without_parameters_are_compared_by_their_files(tmp_path):
    sizes = {"run-101": 22_500, "run-102": 4_900, "run-103": 4_900}
    registry = Registry(tmp_path)
    registry.upsert(
        replace(run, run_id=name, name=name, num_parameters=None, size_bytes=sizes[name])
        for name, run in zip(sizes, records(), strict=False)
    )
    engine = Engine(registry, NOW)

    def told(question: str) -> str:
        return answer(engine.answer(parse(question, engine.known, engine.now)), engine)

    assert told("is run-101 larger than run-102?").startswith("Yes: file size")
    assert told("is run-101 smaller than run-102?").startswith("No: file size")
    assert told("is run-102 larger than run-103?").startswith("No: file size")
    assert "a difference of 17.6 KB" in told("how much larger is run-101 than run-102?")
