"""Phrases as people say them: what they launch, unions of two kinds of runs, shares told by a verb, best of each."""

from __future__ import annotations

import shlex
import statistics
from collections import defaultdict

import pytest

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.answer import answer
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.show.cli import parser
from diffusionlab.search.show.flags import flag_line
from diffusionlab.search.show.options import query_of
from tests.search.fixture_runs import NOW, RUNS


def ids(wanted):
    return {run.id for run in RUNS if wanted(run)}


def found_ids(result):
    return {row["run_id"] for row in result.rows}


def again(engine, result):
    """What the printed flags give."""
    options = parser().parse_intermixed_args(shlex.split(flag_line(result, engine.known)))
    return engine.answer(query_of(options, "", engine.known, engine.now, False))


def in_month(run, *months):
    return run.created.month in months and run.created.year == 2025


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("how many runs did I start in June", lambda r: in_month(r, 6)),
        ("what did we start in 2024?", lambda r: r.created.year == 2024),
        ("what did I launch at the start of June", lambda r: in_month(r, 6) and r.created.day <= 10),
        ("runs from the start of June", lambda r: in_month(r, 6) and r.created.day <= 10),
        ("what did I launch in May", lambda r: in_month(r, 5)),
        ("models fitted with SGD", lambda r: r.optimizer == "SGD"),
        ("list names and paths of the failed runs", lambda r: r.status == "failed"),
        ("runs with a FID of 8 or so", lambda r: r.fid and abs(r.fid - 8) <= 0.8 + 1e-9),
    ],
)
def test_what_people_say_of_runs(ask, question, wanted):
    found = ask(question)
    assert found_ids(found) == ids(wanted) and not found.unread


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("failed runs and runs on STL-10", lambda r: r.status == "failed" or r.dataset == "STL-10"),
        ("failed runs plus those on STL-10", lambda r: r.status == "failed" or r.dataset == "STL-10"),
        (
            "MNIST runs and DiTs on CelebA",
            lambda r: r.dataset == "MNIST" or ("dit" in r.tags and r.dataset == "CelebA"),
        ),
        (
            "unets with SGD and transformers on CelebA",
            lambda r: (
                ("unet" in r.tags and r.optimizer == "SGD") or ("transformer" in r.tags and r.dataset == "CelebA")
            ),
        ),
        ("failed runs and DiTs", lambda r: r.status == "failed" or "dit" in r.tags),
        ("runs from April and runs on MNIST", lambda r: in_month(r, 4) or r.dataset == "MNIST"),
        # what follows two heads alone holds for both
        ("unets and transformers on CelebA", lambda r: {"unet", "transformer"} & r.tags and r.dataset == "CelebA"),
        ("runs with attention and guidance", lambda r: {"attention", "cfg"} <= r.tags),
    ],
)
def test_two_noun_phrases_are_a_union(ask, question, wanted):
    found = ask(question)
    assert found_ids(found) == ids(wanted) and not found.unread


@pytest.mark.parametrize(
    "question", ["the best run on CIFAR-10 and all failed runs", "all failed runs and the best run on CIFAR-10"]
)
def test_the_best_run_and_all_of_another_kind(ask, question):
    best = min((run for run in RUNS if run.dataset == "CIFAR-10" and run.fid), key=lambda run: run.fid)
    assert found_ids(ask(question)) == {best.id} | ids(lambda run: run.status == "failed")


def share(of, among=lambda run: True):
    chosen = [run for run in RUNS if among(run)]
    return sum(bool(of(run)) for run in chosen) / len(chosen)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (
            "how many percent of runs with AdamW are below FID 20",
            100 * share(lambda r: r.fid < 20, lambda r: r.optimizer == "AdamW" and r.fid),
        ),
        (
            "share of runs with cosine that are v-prediction",
            share(lambda r: r.prediction == "v", lambda r: r.schedule == "cosine"),
        ),
        (
            "what percentage of runs with attention are on CIFAR-10",
            100 * share(lambda r: r.dataset == "CIFAR-10", lambda r: "attention" in r.tags),
        ),
        (
            "percentage of the AdamW runs that failed",
            100 * share(lambda r: r.status == "failed", lambda r: r.optimizer == "AdamW"),
        ),
    ],
)
def test_a_share_is_of_what_the_verb_says(ask, question, value):
    assert [row.value for row in ask(question).groups.rows] == [pytest.approx(value)]


def by(key, runs=RUNS):
    found = defaultdict(list)
    for run in runs:
        found[getattr(run, key)].append(run)
    return found


EPOCHS = {name: sum(run.epochs for run in runs) for name, runs in by("dataset").items()}
BEST = {name: min(run.fid for run in runs) for name, runs in by("optimizer", [r for r in RUNS if r.fid]).items()}
ON = {name: {run.dataset for run in runs} for name, runs in by("optimizer").items()}
BUILT_FOR = {name: {run.dataset for run in runs} for name, runs in by("architecture").items()}


@pytest.mark.parametrize(
    ("question", "groups"),
    [
        *(
            (question, {max(EPOCHS, key=EPOCHS.get)})
            for question in (
                "which dataset took the most epochs altogether",
                "on which data set did I spend the most epochs",
                "which dataset used the most epochs in total",
                "which dataset has the highest total number of epochs?",
            )
        ),
        ("optimizers with a best FID under 10", {name for name, fid in BEST.items() if fid < 10}),
        (
            "which optimizers were used on both MNIST and CIFAR-10?",
            {n for n, on in ON.items() if {"MNIST", "CIFAR-10"} <= on},
        ),
        (
            "architectures used on CelebA but not on MNIST",
            {name for name, on in BUILT_FOR.items() if "CelebA" in on and "MNIST" not in on},
        ),
        (
            "which optimizers were used on MNIST but never on CIFAR-10",
            {name for name, on in ON.items() if "MNIST" in on and "CIFAR-10" not in on},
        ),
        (
            "which optimizers were used in March but not in May",
            {name for name, of in by("optimizer").items() if any(in_month(r, 3) for r in of)}
            - {name for name, of in by("optimizer").items() if any(in_month(r, 5) for r in of)},
        ),
        ("optimizers used by at least 3 runs", {name for name, runs in by("optimizer").items() if len(runs) >= 3}),
        ("architectures trained on more than one dataset", {name for name, on in BUILT_FOR.items() if len(on) > 1}),
    ],
)
def test_values_that_groups_of_runs_have(ask, engine, question, groups):
    found = ask(question)
    assert {row.key for row in found.groups.rows} == groups and not found.unread
    assert {row.key for row in again(engine, found).groups.rows} == groups


@pytest.mark.parametrize(
    ("question", "figure", "best"),
    [
        ("for each dataset, the optimizer with the most runs", len, max),
        (
            "for each dataset the optimizer with the lowest mean batch size",
            lambda r: statistics.mean(x.batch for x in r),
            min,
        ),
    ],
)
def test_the_first_value_of_each_of_another(ask, engine, question, figure, best):
    wanted = set()
    for name, runs in by("dataset").items():
        figures = {optimizer: figure(of) for optimizer, of in by("optimizer", runs).items()}
        wanted |= {f"{name} / {optimizer}" for optimizer, value in figures.items() if value == best(figures.values())}
    found = ask(question)
    assert {row.key for row in found.groups.rows} == wanted and not found.unread
    assert {row.key for row in again(engine, found).groups.rows} == wanted


def test_the_best_run_of_each_with_what_is_asked_of_it(ask):
    best = {min(runs, key=lambda run: run.fid).id for runs in by("dataset", [r for r in RUNS if r.fid]).values()}
    found = ask("for each dataset, which optimizer gave the lowest FID?")
    assert found_ids(found) == best and "optimizer" in found.query.show


@pytest.mark.parametrize(
    ("question", "count"), [("the two runs after run-020", 2), ("the three runs after run-010", 3)]
)
def test_so_many_runs_after_one(ask, question, count):
    one = next(run for run in RUNS if run.id in question)
    later = sorted((run for run in RUNS if run.created > one.created), key=lambda run: run.created)
    assert [row["run_id"] for row in ask(question).rows] == [run.id for run in later[:count]]


def test_each_weekday_is_a_group_and_every_weekday_a_condition(ask):
    found = ask("number of runs each weekday")
    days = defaultdict(int)
    for run in RUNS:
        days[f"{run.created:%A}".lower()] += 1
    assert {row.key: row.value for row in found.groups.rows} == days
    assert ask("runs on weekdays").total == sum(run.created.weekday() < 5 for run in RUNS)


def test_kinds_that_are_counted_apart(ask):
    wanted = {kind: sum(kind in run.tags for run in RUNS) for kind in ("unet", "transformer", "mlp")}
    found = ask("how many unets, transformers and mlps do I have")
    assert {row.key: row.value for row in found.groups.rows} == wanted


@pytest.fixture
def sized(tmp_path):
    """Runs of 2, 4, 600 and 900 MB, the last on CIFAR-10."""
    registry = Registry(str(tmp_path))
    sizes = {"tiny": 2e6, "small": 4e6, "large": 6e8, "huge": 9e8}
    registry.upsert(
        [
            RunRecord(run_id=name, name=name, size_bytes=int(size), dataset="CIFAR-10" if name == "huge" else "MNIST")
            for name, size in sizes.items()
        ]
    )
    return Engine(registry, NOW)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("checkpoints over half a gigabyte", {"large", "huge"}),
        ("smaller files than 3 MB", {"tiny"}),
        ("runs larger than 700 megabytes", {"huge"}),
    ],
)
def test_sizes_as_people_write_them(sized, question, wanted):
    assert found_ids(sized.answer(parse(question, sized.known, sized.now))) == wanted


@pytest.mark.parametrize(
    ("question", "total"),
    [
        ("how much disk space do all MNIST checkpoints take?", 606e6),
        ("how many GB do all checkpoints use?", 1506e6),
    ],
)
def test_disk_space_is_added_up(sized, question, total):
    found = sized.answer(parse(question, sized.known, sized.now))
    assert [row.value for row in found.groups.rows] == [total] and not found.unread


def test_a_negation_reaches_the_whole_of_a_noun_phrase(ask):
    plain = ids(lambda run: "plain" in f"{run.name} {run.description}" and "cnn" in run.tags)
    assert found_ids(ask("finished runs without the plain CNN")) == ids(lambda r: r.status == "finished") - plain


def test_wrong_flags_of_groups_say_what_to_type(engine):
    for flags in (["--per", "status"], ["--per", "dataset"], ["--per", "optimizer", "--sort", "figure"]):
        options = parser().parse_intermixed_args(["--figure", "count", "--by", "dataset,optimizer", *flags])
        with pytest.raises(ValueError, match="--per"):
            query_of(options, "", engine.known, engine.now, False)


@pytest.mark.parametrize(
    ("question", "columns"),
    [
        ("which runs share dataset and optimizer with run-020", ("dataset", "optimizer")),
        ("runs that share the batch size with run-007", ("batch",)),
    ],
)
def test_runs_that_share_something_with_one(ask, question, columns):
    one = next(run for run in RUNS if run.id in question)
    alike = ids(lambda r: r is not one and all(getattr(r, c) == getattr(one, c) for c in columns))
    assert alike and found_ids(ask(question)) == alike


@pytest.mark.parametrize(
    "question", ["did I train more in April or in May?", "is the best DiT better than the best UNet on CIFAR-10?"]
)
def test_no_yes_or_no_of_a_comparison_that_is_not_understood(ask, question):
    found = ask(question)
    assert found.verdict is None or not found.unread


@pytest.mark.parametrize(
    "question", ["rank of run-020 among CIFAR-10 runs by FID", "where does run-020 rank among the CIFAR-10 runs?"]
)
def test_the_rank_of_a_run(ask, engine, question):
    fids = sorted(run.fid for run in RUNS if run.dataset == "CIFAR-10" and run.fid)
    own = next(run.fid for run in RUNS if run.id == "run-020")
    assert f"number {fids.index(own) + 1} of {len(fids)} by FID" in answer(ask(question), engine)


def test_sides_that_are_months_are_named_by_them(ask):
    assert [row.key for row in ask("April versus May mean FID").groups.rows] == ["2025-04", "2025-05"]
