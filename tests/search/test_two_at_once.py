"""Two conditions, two orders or two figures in one question, and figures of what an order takes; by plain Python."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.search.fixture_runs import RUNS

BY_ID = {run.id: run for run in RUNS}
MNIST = [run for run in RUNS if run.dataset == "MNIST"]
CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]


def ids(result):
    return {row["run_id"] for row in result.rows}


def newest(runs, count=1, reverse=True):
    return sorted(runs, key=lambda run: run.created, reverse=reverse)[:count]


def below(value, bound):
    return value is not None and value < bound


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (
            "runs with lower FID and fewer parameters than run-022",
            lambda r: below(r.fid, BY_ID["run-022"].fid) and below(r.params, BY_ID["run-022"].params),
        ),
        (
            "runs with fewer epochs and a lower FID than run-019",
            lambda r: below(r.epochs, BY_ID["run-019"].epochs) and below(r.fid, BY_ID["run-019"].fid),
        ),
        (
            "at least as many epochs as run-019 but on another dataset",
            lambda r: r.epochs >= BY_ID["run-019"].epochs and r.dataset != BY_ID["run-019"].dataset,
        ),
        ("runs larger than run-029 on any dataset", lambda r: r.params and r.params > BY_ID["run-029"].params),
        (
            "runs on the same gpu as run-013",
            lambda r: r.hardware == BY_ID["run-013"].hardware and r.id != "run-013",
        ),
    ],
)
def test_bounds_from_another_run(ask, question, wanted):
    result = ask(question)
    assert ids(result) == {run.id for run in RUNS if wanted(run)} and not result.unread


@pytest.mark.parametrize(
    ("question", "runs", "figure"),
    [
        ("highest FID among the five newest runs", newest(RUNS, 5), max),
        ("lowest fid of the 4 latest CIFAR-10 runs", newest(CIFAR, 4), min),
        ("the lowest FID among the three oldest MNIST runs", newest(MNIST, 3, reverse=False), min),
    ],
)
def test_the_extreme_of_what_an_order_takes(ask, question, runs, figure):
    result = ask(question)
    assert result.groups.rows[0].value == figure(run.fid for run in runs if run.fid is not None)
    assert ids(result) == {run.id for run in runs} and not result.unread


@pytest.mark.parametrize("question", ["range of learning rates on CIFAR-10", "what is the range of lr on CIFAR-10?"])
def test_a_range_is_both_ends(ask, question):
    row = ask(question).groups.rows[0]
    rates = [run.lr for run in CIFAR if run.lr is not None]
    assert (row.value, *row.also) == (min(rates), max(rates))


@pytest.mark.parametrize(
    "question", ["did I train more in April or in May?", "which month has more runs, April or May?"]
)
def test_which_of_two_months_has_more(ask, question):
    result = ask(question)
    counts = {month: sum(run.c.startswith(month) for run in RUNS) for month in ("2025-04", "2025-05")}
    assert {row.key: row.value for row in result.groups.rows} == counts
    assert result.groups.rows[0].key == max(counts, key=lambda month: counts[month]) and not result.unread


@pytest.mark.parametrize(
    ("question", "runs"),
    [
        ("the newest run and the oldest run", RUNS),
        ("compare the newest with the oldest MNIST run", MNIST),
        ("newest and oldest CIFAR-10 run", CIFAR),
    ],
)
def test_both_ends_of_an_order(ask, question, runs):
    result = ask(question)
    assert ids(result) == {newest(runs)[0].id, newest(runs, reverse=False)[0].id}
    assert not result.unread and not any("left out" in note for note in result.query.notes)


def test_hours_are_a_total_of_several_and_a_fact_of_one(ask):
    several, one = ask("how many hours did the CelebA runs take?"), ask("how many hours did run-029 take?")
    assert (several.query.ask.how, several.query.ask.of) == ("sum", "seconds") and "seconds" in one.query.show
    assert not several.unread and not one.unread and {row["run_id"] for row in one.rows} == {"run-029"}


def test_a_share_of_two_kinds_is_of_all_runs(ask):
    kinds = [run for run in RUNS if {"unet", "dit"} & run.tags]
    assert ask("share of U-Nets and DiTs").groups.rows[0].value == pytest.approx(len(kinds) / len(RUNS))


def test_most_of_a_kind(ask):
    """The data set with the most runs of a kind, which a plural names without a word for runs."""
    counts = Counter(run.dataset for run in RUNS if "unet" in run.tags)
    result = ask("which dataset has the most U-Nets?")
    assert {row.key: row.value for row in result.groups.rows} == {counts.most_common(1)[0][0]: max(counts.values())}
    assert not result.unread
