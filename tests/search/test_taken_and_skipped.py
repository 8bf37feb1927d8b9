"""Parts of an order: "skip 2, take 3", "first 3", "third and fourth best", "the first and the last"."""

from __future__ import annotations

import shlex

import pytest

from diffusionlab.search.answer.answer import answer
from diffusionlab.search.show.cli import parser
from diffusionlab.search.show.flags import flag_line
from diffusionlab.search.show.options import query_of
from tests.search.fixture_runs import RUNS


def ordered(dataset=None, key="fid", reverse=False):
    """The ids of the runs on a data set, or of all, in the order of a column, those without it left out."""
    known = [run for run in RUNS if dataset in (None, run.dataset) and getattr(run, key) is not None]
    return [run.id for run in sorted(known, key=lambda run: getattr(run, key), reverse=reverse)]


CIFAR = ordered("CIFAR-10")
MNIST = ordered("MNIST")
FASHION = ordered("Fashion-MNIST")
MNIST_LOSS = ordered("MNIST", "val_loss")
BY_EPOCHS = ordered("CIFAR-10", "epochs")

PARTS = {
    "fashion mnist runs by fid, skip 2, take 3": FASHION[2:5],
    "cifar-10 runs by fid, skip 2": CIFAR[2:],
    "cifar-10 runs by fid, skipping the first 2": CIFAR[2:],
    "cifar-10 runs by fid, except the first two": CIFAR[2:],
    "cifar-10 runs by fid, drop the first two": CIFAR[2:],
    "cifar-10 runs by fid, omit 2": CIFAR[2:],
    "cifar-10 runs by fid, ignore the first 2 and take 3": CIFAR[2:5],
    "top 5 by fid, skip 2, on cifar-10": CIFAR[2:7],
    "order mnist by val loss, skip 1": MNIST_LOSS[1:],
    "cifar-10 by fid skip the first 2, take 3": CIFAR[2:5],
    "take 3 and skip 2 of the cifar-10 runs by fid": CIFAR[2:5],
    "cifar-10 runs sorted by epochs, skip 3 take 2": BY_EPOCHS[3:5],
    "cifar-10 runs by fid offset 2 limit 3": CIFAR[2:5],
    "skip the first two and show the next three mnist runs by fid": MNIST[2:5],
    "skip the first two mnist runs by fid": MNIST[2:],
    "the next three best mnist runs after the top two": MNIST[2:5],
    "best mnist runs, skip 2, take the next 3": MNIST[2:5],
    "three best mnist runs, skip 1": MNIST[1:4],
    "mnist runs by fid limit 3": MNIST[:3],
    "mnist runs by fid, 3": MNIST[:3],
    "mnist runs by fid, 3 of them": MNIST[:3],
    "mnist by fid, descending, 3": MNIST[::-1][:3],
    "mnist by fid, first three only": MNIST[:3],
    "mnist by fid, at most 3 runs": MNIST[:3],
    "show at most 3 runs by fid": ordered()[:3],
    "mnist runs by val loss, first 3": MNIST_LOSS[:3],
    "mnist runs sorted by val loss, the first 3": MNIST_LOSS[:3],
    "mnist runs sorted by val loss, last 3": MNIST_LOSS[::-1][:3],
    "skip the first three and show the next two best": ordered()[3:5],
    "show the first 3 mnist runs by fid": MNIST[:3],
    "show the first 3 mnist runs sorted by fid": MNIST[:3],
    "mnist by fid": MNIST,
    "third and fourth best fid on cifar-10": CIFAR[2:4],
    "second, third and fourth best run on cifar-10": CIFAR[1:4],
    "the second to fourth best run on cifar-10": CIFAR[1:4],
}


@pytest.mark.parametrize("question", PARTS)
def test_a_part_of_an_order(ask, engine, question):
    result = ask(question)
    assert [row["run_id"] for row in result.rows] == PARTS[question] and not result.unread
    options = parser().parse_intermixed_args(shlex.split(flag_line(result, engine.known)))
    again = engine.answer(query_of(options, "", engine.known, engine.now, False))
    assert again.rows == result.rows


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("cifar-10 runs, skip 2", "skip 2"),
        ("mean fid of cifar-10 runs, skip 2", "skip 2"),
        ("skip 1, skip 2 cifar-10 runs by fid", "2"),
        ("all but the best three cifar-10 runs, skip 2", "skip 2"),
        ("three best cifar-10 runs, take 2", "take 2"),
        ("cifar-10 runs by fid, the next 3", "next"),
        ("second and fourth best run on cifar-10", "second"),
        ("all but the best and the worst run on cifar-10", "worst"),
    ],
)
def test_a_part_of_no_order_is_named(ask, question, left):
    assert left in " ".join(ask(question).unread)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("skip the failed runs", lambda run: run.status != "failed"),
        ("cifar-10, skip the dits", lambda run: run.dataset == "CIFAR-10" and "dit" not in run.tags),
        ("runs after epoch 100", lambda run: run.epochs > 100),
        ("runs 10 to 14 except 12", lambda run: run.n in (10, 11, 13, 14)),
        (
            "mnist runs except the first two",
            lambda run: run.dataset == "MNIST" and run not in sorted(RUNS, key=lambda run: run.created)[:2],
        ),
    ],
)
def test_what_is_skipped_may_be_a_condition(ask, question, wanted):
    assert {row["run_id"] for row in ask(question).rows} == {run.id for run in RUNS if wanted(run)}


def test_a_number_without_an_order_limits_the_runs(ask):
    for question in ("mnist runs limit 3", "mnist runs, take 3"):
        result = ask(question)
        assert len(result.rows) == 3 and not result.unread


@pytest.mark.parametrize(
    ("question", "wanted", "key", "first_highest"),
    [
        ("which was my first dit and which my last?", "dit", "created", False),
        ("my first U-Net and my last", "unet", "created", False),
        ("which is the largest dit and which the smallest", "dit", "params", True),
    ],
)
def test_two_ends_of_the_same_runs(ask, question, wanted, key, first_highest):
    values = [getattr(run, key) for run in RUNS if wanted in run.tags]
    ends = [max(values), min(values)] if first_highest else [min(values), max(values)]
    result = ask(question)
    parts = [{row["run_id"] for row in part.rows} for part in result.parts]
    assert parts == [{run.id for run in RUNS if wanted in run.tags and getattr(run, key) == end} for end in ends]
    assert not result.unread


def test_a_second_order_is_named(ask):
    result = ask("the 3 latest mnist runs sorted by fid")
    latest = sorted((run for run in RUNS if run.dataset == "MNIST"), key=lambda run: run.created, reverse=True)[:3]
    assert [row["run_id"] for row in result.rows] == [run.id for run in latest]
    assert any("sorted by" in note for note in result.query.notes)


@pytest.mark.parametrize("question", ["fashion mnist runs by fid, skip 20", "the 20th best on Fashion-MNIST"])
def test_beyond_the_end_of_an_order_is_no_run_and_no_lack_of_figures(ask, engine, question):
    told = answer(ask(question), engine)
    assert f"only {len(FASHION)} runs" in told
    assert "no run of these" not in told


@pytest.mark.parametrize("skipped", [(), ("--skip", "2"), ("--limit", "3", "--skip", "2")])
def test_printed_flags_of_a_sorted_table_give_the_same_rows(engine, skipped):
    def asked(arguments):
        options = parser().parse_intermixed_args(arguments)
        return engine.answer(query_of(options, "", engine.known, engine.now, False))

    first = asked(["--dataset", "Fashion-MNIST", "--sort", "fid", *skipped])
    again = asked(shlex.split(flag_line(first, engine.known)))
    assert [row["run_id"] for row in again.rows] == [row["run_id"] for row in first.rows]
    assert len(first.rows) >= 3
