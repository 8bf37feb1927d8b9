"""Yes or no of groups, bounds on the number of their runs, and what an order leaves out; by plain Python."""

from __future__ import annotations

import shlex
import statistics
from collections import defaultdict

import pytest

from diffusionlab.search.answer.answer import answer
from diffusionlab.search.show.cli import parser
from diffusionlab.search.show.flags import flag_line, reading
from diffusionlab.search.show.options import query_of
from tests.search.fixture_runs import RUNS

CAUTION = "FID is not comparable between data sets."


def ids(result):
    return {row["run_id"] for row in result.rows}


def of(**values):
    return [run for run in RUNS if all(getattr(run, key) == value for key, value in values.items())]


@pytest.mark.parametrize(
    ("question", "among", "left_out"),
    [
        ("all fashion mnist runs except the two worst by fid", of(dataset="Fashion-MNIST"), slice(-2, None)),
        ("cifar-10 runs except the best one", of(dataset="CIFAR-10"), slice(1)),
        ("all but the top 3 fashion mnist runs", of(dataset="Fashion-MNIST"), slice(3)),
    ],
)
@pytest.mark.parametrize("table", [False, True])
def test_runs_without_the_measure_are_named_beside_all_but_the_best(ask, engine, question, among, left_out, table):
    known = sorted((run for run in among if run.fid is not None), key=lambda run: run.fid)
    result = ask(question)
    assert ids(result) == {run.id for run in known} - {run.id for run in known[left_out]}
    lacking = sorted(run.id for run in among if run.fid is None)
    assert f"Skipped (no FID): {', '.join(lacking)}." in answer(result, engine, table)


@pytest.mark.parametrize(
    ("question", "among"),
    [
        ("best run", RUNS),
        ("best FID", RUNS),
        ("best dit", [run for run in RUNS if "dit" in run.tags]),
        ("which A100 run is best?", of(hardware="A100")),
        ("top 5 runs", RUNS),
        ("mean fid of the top 5 runs", RUNS),
        ("mean fid of the top 15 runs", RUNS),
        ("all but the best run", RUNS),
        ("when did I train my best run?", RUNS),
        ("best mnist run", of(dataset="MNIST")),
        ("top 3 cifar-10 runs", of(dataset="CIFAR-10")),
        ("best run of each optimizer", RUNS),
    ],
)
def test_a_best_across_data_sets_is_told_with_caution(ask, engine, question, among):
    across = len({run.dataset for run in among if run.fid is not None}) > 1
    for table in (False, True):
        said = answer(ask(question), engine, table)
        mixed = "FID does not compare between data sets" in said
        assert said.count(CAUTION) + mixed == across


@pytest.mark.parametrize("question", ["largest model", "newest run", "best run of each data set", "best dit on stl-10"])
def test_what_compares_is_told_without_caution(ask, engine, question):
    assert CAUTION not in answer(ask(question), engine)


# -- any group, every group


CARDS = {"A100": "a100", "H100": "h100", "RTX_4090": "rtx-4090", "RTX 4090": "rtx-4090", "RTX 3060": "rtx-3060"}
CARDS["Apple M2"] = "mps"


def groups(key, runs=RUNS):
    """Value of a field, month or card -> its runs."""
    keys = {"month": lambda run: run.c[:7], "gpu": lambda run: CARDS.get(run.hardware.split("x ")[-1], "cpu")}
    found = defaultdict(list)
    for run in runs:
        value = keys[key](run) if key in keys else getattr(run, key)
        if value is not None and value != "cpu":
            found[value].append(run)
    return found


def tagged(tag):
    return lambda run: tag in run.tags


def on(name):
    return lambda run: run.dataset == name


def ended(*statuses):
    return lambda run: run.status in statuses


def _datasets(runs):
    return {run.dataset for run in runs}


BOTH = {"MNIST", "CIFAR-10"}
FAILURE = ended("failed", "crashed")


def none_of(told):
    return lambda runs: not any(map(told, runs))


def all_of(told):
    return lambda runs: all(map(told, runs))


def number(told, bound):
    return lambda runs: bound(sum(map(told, runs)))


ANY = [
    ("is there a dataset without a dit?", "dataset", none_of(tagged("dit"))),
    ("are there any datasets with no transformer?", "dataset", none_of(tagged("transformer"))),
    ("is there a dataset without a conditional run?", "dataset", none_of(tagged("conditional"))),
    ("is there an optimizer that was only used on mnist?", "optimizer", all_of(on("MNIST"))),
    ("is there an optimizer that was never used on mnist?", "optimizer", none_of(on("MNIST"))),
    ("did any optimizer fail on every run", "optimizer", all_of(ended("failed"))),
    ("did any optimizer fail on all runs?", "optimizer", all_of(ended("failed"))),
    ("is there a dataset where every run finished?", "dataset", all_of(ended("finished"))),
    ("is there a gpu that ran no dit?", "gpu", none_of(tagged("dit"))),
    ("is there a month without a failure?", "month", none_of(FAILURE)),
    ("is there any gpu on which nothing failed?", "gpu", none_of(ended("failed"))),
    ("has any dataset never failed?", "dataset", none_of(ended("failed"))),
    ("do any of the datasets lack a dit?", "dataset", none_of(tagged("dit"))),
    ("is there a dataset missing a conditional run?", "dataset", none_of(tagged("conditional"))),
    ("is there a single dataset without a dit?", "dataset", none_of(tagged("dit"))),
    ("I wonder if there is a dataset without a dit", "dataset", none_of(tagged("dit"))),
    ("does any dataset have more than 11 runs?", "dataset", lambda runs: len(runs) > 11),
    (
        "is there a dataset with fewer than 2 conditional runs?",
        "dataset",
        number(tagged("conditional"), lambda n: n < 2),
    ),
    ("does any dataset have fewer than 2 dits?", "dataset", number(tagged("dit"), lambda n: n < 2)),
    ("is there a schedule used on both MNIST and CIFAR-10?", "schedule", lambda runs: _datasets(runs) >= BOTH),
    (
        "is there an optimizer used on mnist but not on cifar-10?",
        "optimizer",
        lambda runs: _datasets(runs) & BOTH == {"MNIST"},
    ),
    ("is there an optimizer used on at least 3 data sets?", "optimizer", lambda runs: len(_datasets(runs)) > 2),
    (
        "does any dataset have a failure rate above 10%?",
        "dataset",
        lambda runs: sum(map(FAILURE, runs)) > len(runs) / 10,
    ),
]
EVERY = [
    ("did every dataset get a dit?", "dataset", none_of(tagged("dit"))),
    ("does every data set have a DiT", "dataset", none_of(tagged("dit"))),
    (
        "do all of the datasets have a finished dit?",
        "dataset",
        none_of(lambda r: "dit" in r.tags and r.status == "finished"),
    ),
    ("was every optimizer used on mnist?", "optimizer", none_of(on("MNIST"))),
    ("did all optimizers run on mnist?", "optimizer", none_of(on("MNIST"))),
    (
        "was every optimizer used on MNIST or CIFAR-10?",
        "optimizer",
        none_of(lambda r: r.dataset in ("MNIST", "CIFAR-10")),
    ),
    ("did every gpu run a dit?", "gpu", none_of(tagged("dit"))),
    ("did every month have a failure?", "month", none_of(FAILURE)),
    ("does every optimizer have an fid?", "optimizer", none_of(lambda run: run.fid is not None)),
    ("does every dataset have more than 3 runs?", "dataset", lambda runs: len(runs) <= 3),
    ("does every dataset have at least 1 failed run?", "dataset", none_of(ended("failed"))),
    ("does every dataset have at least 2 dits?", "dataset", number(tagged("dit"), lambda n: n < 2)),
    ("was every optimizer used on at least 2 datasets?", "optimizer", lambda runs: len(_datasets(runs)) < 2),
    ("is there no dataset without a dit?", "dataset", none_of(tagged("dit"))),
    ("did no optimizer fail on every run?", "optimizer", all_of(ended("failed"))),
    ("do none of the datasets lack a conditional run?", "dataset", none_of(tagged("conditional"))),
]


@pytest.mark.parametrize(
    ("question", "key", "told", "whether"), [(*one, True) for one in ANY] + [(*one, False) for one in EVERY]
)
def test_whether_any_group_is_so_or_none_is_otherwise(ask, engine, question, key, told, whether):
    wanted = {name.lower() for name, runs in groups(key).items() if told(runs)}
    result = ask(question)
    assert {row.key.lower() for row in result.groups.rows} == wanted and not result.unread
    assert result.verdict is (bool(wanted) is whether)
    said = answer(result, engine)
    assert said.startswith("Yes." if result.verdict else "No.") and "yes or no" in reading(result.query, engine.known)
    assert all(name in said.lower() for name in wanted)
    options = parser().parse_intermixed_args(shlex.split(flag_line(result, engine.known)))
    again = engine.answer(query_of(options, "", engine.known, engine.now, False))
    assert again.verdict is result.verdict and again.groups.rows == result.groups.rows


def test_what_all_of_a_kind_are_is_asked_of_runs(ask):
    assert ask("are all gpus A100?").verdict is False


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("does every dataset have a unet and a dit?", "every"),
        ("was every optimizer used on MNIST and CIFAR-10?", "every"),
        ("did every optimizer except adam run on mnist?", "every"),
        ("is every dataset finished?", "every"),
        ("did every optimizer finish?", "every"),
        ("did every run fail on any dataset?", "any"),
        ("are there datasets with fewer than 5 runs and no dit?", "and no"),
        ("are there more than 2 datasets without a dit?", "more than 2"),
        ("is there a dataset all of whose runs finished?", "all"),
        ("is mnist the only dataset without a dit?", "only"),
        ("was every optimizer used on at least 1 dataset with attention?", "at least 1 dataset"),
    ],
)
def test_what_is_asked_of_groups_and_not_understood_gets_no_verdict(ask, question, words):
    result = ask(question)
    assert result.verdict is None and words in result.unread


@pytest.mark.parametrize("key", ["dataset", "architecture"])
@pytest.mark.parametrize("bound", [20, 200])
def test_whether_every_mean_is_so_is_not_known_where_some_group_has_no_figure(ask, key, bound):
    means = {name: [run.fid for run in runs if run.fid is not None] for name, runs in groups(key).items()}
    against = any(statistics.mean(fids) >= bound for fids in means.values() if fids)
    wanted = False if against else True if all(means.values()) else None
    assert ask(f"does every {key} have a mean fid below {bound}?").verdict is wanted


@pytest.mark.parametrize(
    ("question", "key", "told"),
    [
        ("datasets on which no run failed or crashed", "dataset", none_of(FAILURE)),
        ("datasets without failures", "dataset", none_of(FAILURE)),
        ("datasets where nothing failed", "dataset", none_of(ended("failed"))),
        ("months in which nothing crashed", "month", none_of(ended("crashed"))),
        ("which gpus ran no dit?", "gpu", none_of(tagged("dit"))),
        ("which datasets are missing a conditional run?", "dataset", none_of(tagged("conditional"))),
        ("datasets with at least 2 dits?", "dataset", number(tagged("dit"), lambda n: n > 1)),
    ],
)
def test_groups_of_which_no_run_is_so(ask, question, key, told):
    result = ask(question)
    wanted = {name.lower() for name, runs in groups(key).items() if told(runs)}
    assert {row.key.lower() for row in result.groups.rows} == wanted and not result.unread and result.verdict is None


# -- figures of groups of so many runs, and of the first of each


def means(found):
    known = {name: [run.fid for run in runs if run.fid is not None] for name, runs in found.items()}
    return {name: pytest.approx(statistics.mean(values)) for name, values in known.items() if values}


def again(engine, result):
    """The figures that the printed flags give."""
    options = parser().parse_intermixed_args(shlex.split(flag_line(result, engine.known)))
    return engine.answer(query_of(options, "", engine.known, engine.now, False)).groups.rows


@pytest.mark.parametrize(
    ("question", "key", "bound"),
    [
        ("mean fid per dataset, only datasets with at least 4 runs", "dataset", lambda n: n >= 4),
        ("mean fid per dataset with at least 4 runs", "dataset", lambda n: n >= 4),
        ("mean fid of datasets with more than 4 runs", "dataset", lambda n: n > 4),
        ("average fid by optimizer where there are more than 2 runs", "optimizer", lambda n: n > 2),
        ("average fid per optimizer having fewer than 3 runs", "optimizer", lambda n: n < 3),
        ("mean fid per month, only months with more than 3 runs", "month", lambda n: n > 3),
        ("mean fid per dataset with exactly 2 runs", "dataset", lambda n: n == 2),
        ("mean fid per dataset with more than 100 runs", "dataset", lambda n: n > 100),
    ],
)
def test_a_bound_on_the_runs_beside_another_figure(ask, engine, question, key, bound):
    result = ask(question)
    wanted = {name: runs for name, runs in groups(key).items() if bound(len(runs))}
    assert {row.key: row.value for row in result.groups.rows} == means(wanted)
    assert not result.unread and not result.query.conditions
    assert again(engine, result) == result.groups.rows


def test_two_bounds_of_groups(ask, engine):
    result = ask("datasets with at least 4 runs and a mean fid below 30")
    wanted = means({name: runs for name, runs in groups("dataset").items() if len(runs) >= 4})
    wanted = {name: mean for name, mean in wanted.items() if mean.expected < 30}
    assert {row.key: row.value for row in result.groups.rows} == wanted and not result.unread
    assert again(engine, result) == result.groups.rows
    assert answer(result, engine).startswith(f"{len(wanted)} data sets have at least 4 runs and a mean FID < 30: ")


def test_a_failure_rate_of_groups_of_so_many_runs(ask):
    result = ask("failure rate per dataset, only datasets with at least 4 runs")
    wanted = {name: runs for name, runs in groups("dataset").items() if len(runs) >= 4}
    rates = {name: pytest.approx(sum(map(FAILURE, runs)) / len(runs)) for name, runs in wanted.items()}
    assert {row.key: row.value for row in result.groups.rows} == rates and not result.unread


@pytest.mark.parametrize("words", ["per dataset, only datasets with", "per dataset, for datasets with"])
def test_groups_that_are_named_twice(ask, words):
    result = ask(f"runs {words} at least 4 runs")
    wanted = {name: len(runs) for name, runs in groups("dataset").items() if len(runs) >= 4}
    assert {row.key: row.value for row in result.groups.rows} == wanted and not result.unread


def best(runs, count=1):
    return sorted(run.fid for run in runs if run.fid is not None)[:count]


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("average fid of the best run of each dataset", "dataset"),
        ("mean fid of the best runs per dataset", "dataset"),
        ("mean fid of the best run of every optimizer", "optimizer"),
    ],
)
def test_the_mean_of_the_best_of_each_group(ask, engine, question, key):
    result = ask(question)
    wanted = statistics.mean(fid for runs in groups(key).values() for fid in best(runs))
    assert [row.value for row in result.groups.rows] == [pytest.approx(wanted)] and not result.unread
    assert again(engine, result)[0].value == pytest.approx(wanted)


@pytest.mark.parametrize(
    "question", ["average fid of the top 3 runs of each dataset", "mean fid of the three best per dataset"]
)
def test_the_means_of_the_best_three_of_each_group(ask, engine, question):
    result = ask(question)
    wanted = {name: pytest.approx(statistics.mean(best(runs, 3))) for name, runs in groups("dataset").items()}
    assert {row.key: row.value for row in result.groups.rows} == wanted and not result.unread
    assert {row.key: row.value for row in again(engine, result)} == wanted


@pytest.mark.parametrize("bound", ["runs 3", "any", "> 2 and > 3", "runs > 2 and runs > 3", "any runs > 2"])
def test_a_wrong_bound_says_what_to_type(engine, bound):
    options = parser().parse_intermixed_args(["--figure", "mean fid", "--by", "dataset", "--having", bound])
    with pytest.raises(ValueError, match="--having"):
        query_of(options, "", engine.known, engine.now, False)
