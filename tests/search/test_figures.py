"""Several figures in one question, shares, and the first and last runs at once, against plain Python."""

from __future__ import annotations

import shlex
import statistics
from collections import defaultdict

import pytest

from diffusionlab.search.answer.answer import answer
from diffusionlab.search.query.query import Having
from diffusionlab.search.show.cli import parser
from diffusionlab.search.show.flags import flag_line
from diffusionlab.search.show.options import query_of
from tests.search.fixture_runs import RUNS

JUDGED = [run for run in RUNS if run.fid is not None]


def by(key, runs=RUNS):
    """Key -> the runs that have it."""
    found = defaultdict(list)
    for run in runs:
        found[getattr(run, key)].append(run)
    return found


def figures(result):
    """Group -> all its figures."""
    return {row.key: (row.value, *row.also) for row in result.groups.rows}


def mean(runs, column):
    known = [value for run in runs if (value := getattr(run, column)) is not None]
    return pytest.approx(statistics.mean(known)) if known else None


@pytest.mark.parametrize(
    "question",
    ["mean fid and val loss by data set", "fid and val loss by data set", "mean fid and mean loss per dataset"],
)
def test_two_figures_of_each_group(ask, question):
    wanted = {name: (mean(runs, "fid"), mean(runs, "val_loss")) for name, runs in by("dataset").items()}
    assert figures(ask(question)) == wanted


def test_a_group_that_only_one_of_the_figures_is_known_of_is_shown(ask):
    found = figures(ask("number of runs and mean fid per status"))
    assert found == {name: (len(runs), mean(runs, "fid")) for name, runs in by("status").items()}
    assert None in {fid for _, fid in found.values()}


def test_a_total_of_all(ask):
    wanted = sum(run.epochs for run in RUNS if run.dataset == "MNIST")
    assert figures(ask("how many epochs in total did I train on MNIST?")) == {"all": (wanted,)}


def test_several_figures_of_one_column(ask):
    losses = [run.val_loss for run in RUNS if run.val_loss is not None]
    found = figures(ask("min, max and mean validation loss"))["all"]
    assert found == (min(losses), max(losses), pytest.approx(statistics.mean(losses)))


def anything(run):
    return True


def on(dataset):
    return lambda run: run.dataset == dataset


def ended(status):
    return lambda run: run.status == status


def has(facet):
    return lambda run: facet in run.tags


@pytest.mark.parametrize(
    ("question", "whole", "part"),
    [
        ("what share of runs failed?", anything, ended("failed")),
        ("percentage of CIFAR-10 runs that used AdamW", on("CIFAR-10"), lambda run: run.optimizer == "AdamW"),
        ("percentage of failed runs on MNIST", on("MNIST"), ended("failed")),
        ("what fraction of the transformers are conditional", has("transformer"), has("conditional")),
        ("what proportion of U-Nets were trained on MNIST", has("unet"), on("MNIST")),
        ("how many percent crashed", anything, ended("crashed")),
    ],
)
def test_shares(ask, engine, question, whole, part):
    among = [run for run in RUNS if whole(run)]
    having = {run.id for run in among if part(run)}
    found = ask(question)
    scale = 100 if "percent" in question else 1
    assert figures(found) == {"all": (pytest.approx(scale * len(having) / len(among)),)}
    assert {row["run_id"] for row in found.rows} == having
    assert f"{len(having)} of {len(among)} runs" in answer(found, engine)


def test_shares_of_groups(ask):
    failed = {name: sum(run.status in ("failed", "crashed") for run in runs) for name, runs in by("dataset").items()}
    wanted = {name: (pytest.approx(failed[name] / len(runs)),) for name, runs in by("dataset").items()}
    assert figures(ask("failure rate per dataset")) == wanted
    of_all = {name: (pytest.approx(len(runs) / len(RUNS)),) for name, runs in by("optimizer").items()}
    assert figures(ask("share of runs by optimizer")) == of_all


def test_unknown_is_no_part_of_a_share(ask, engine):
    known = [run for run in RUNS if run.fid is not None]
    found = ask("what share of runs has a fid below 10?")
    assert figures(found)["all"] == (pytest.approx(sum(run.fid < 10 for run in known) / len(known)),)
    assert f"Left out: {len(RUNS) - len(known)} runs" in answer(found, engine)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("best and worst fid on MNIST", ["run-003", "run-004"]),
        ("the two newest and the oldest run", ["run-036", "run-035", "run-001"]),
        ("lowest fid and lowest val loss on Fashion-MNIST", ["run-009", "run-011"]),
        ("lowest fid and validation loss on CelebA", ["run-026"]),
    ],
)
def test_first_runs_by_several_orders(ask, question, wanted):
    assert [row["run_id"] for row in ask(question).rows] == wanted


def test_best_and_worst_of_each_group(ask):
    known = by("dataset", [run for run in RUNS if run.fid is not None])
    ends = {end(runs, key=lambda run: run.fid).id for runs in known.values() for end in (min, max)}
    assert {row["run_id"] for row in ask("best and worst fid per data set").rows} == ends


def test_the_fewest_of_a_kind_are_said_to_be_among_those_that_have_one(ask, engine):
    failed = {name: len(runs) for name, runs in by("dataset", [run for run in RUNS if run.status == "failed"]).items()}
    fewest = sorted(name for name, count in failed.items() if count == min(failed.values()))
    said = answer(ask("which data set has the fewest failed runs"), engine)
    assert set(failed) < set(by("dataset")) and all(name in said for name in fewest)
    assert "of those that have any" in said


@pytest.mark.parametrize(
    ("question", "meets"),
    [
        ("which data sets have fewer than five runs?", lambda n: n < 5),
        ("data sets with at least 4 runs", lambda n: n >= 4),
        ("data sets that have exactly 4 runs", lambda n: n == 4),
        ("how many data sets have more than 5 runs", lambda n: n > 5),
        ("which data sets have only one run", lambda n: n == 1),
        ("data sets used more than twice", lambda n: n > 2),
        ("data sets used once", lambda n: n == 1),
    ],
)
def test_groups_with_so_many_runs(ask, engine, question, meets):
    wanted = {name: (len(runs),) for name, runs in by("dataset").items() if meets(len(runs))}
    found = ask(question)
    assert figures(found) == wanted and not found.query.unread
    assert again(engine, found) == wanted
    said = f"{len(wanted) or 'No'} data set"
    assert answer(found, engine).startswith(said)


TWO_SETS = ("CIFAR-10", "MNIST")


def transformer(run):
    return "transformer" in run.tags


@pytest.mark.parametrize(
    ("question", "column", "share", "part"),
    [
        ("which optimizer has never been used with transformers?", "optimizer", 0, transformer),
        ("which data sets have no latent model", "dataset", 0, lambda run: "latent" in run.tags),
        ("datasets without any failed or crashed run", "dataset", 0, lambda run: run.status in ("failed", "crashed")),
        ("which optimizers did I never use on CIFAR-10 or MNIST", "optimizer", 0, lambda r: r.dataset in TWO_SETS),
        ("how many schedules were not used on MNIST", "schedule", 0, lambda run: run.dataset == "MNIST"),
        ("which optimizers were only used on CIFAR-10", "optimizer", 1, lambda run: run.dataset == "CIFAR-10"),
        ("optimizers tried on Fashion-MNIST only", "optimizer", 1, lambda run: run.dataset == "Fashion-MNIST"),
        ("data sets on which every run finished", "dataset", 1, lambda run: run.status == "finished"),
        ("which datasets have all runs finished", "dataset", 1, lambda run: run.status == "finished"),
    ],
)
def test_groups_of_which_no_run_or_each_is_so(ask, engine, question, column, share, part):
    wanted = {
        name: (share,)
        for name, runs in by(column).items()
        if sum(part(run) for run in runs) == (len(runs) if share else 0)
    }
    found = ask(question)
    assert figures(found) == wanted and not found.unread
    assert again(engine, found) == wanted
    assert ("have only runs" if share else "no run with") in answer(found, engine).replace("has only", "have only")


def test_groups_of_some_runs_of_which_no_other_is_so(ask):
    cifar = [run for run in RUNS if run.dataset == "CIFAR-10"]
    wanted = {
        name: (0,) for name, runs in by("optimizer", cifar).items() if not any("attention" in run.tags for run in runs)
    }
    assert figures(ask("which optimizers on CIFAR-10 were never used with attention")) == wanted


@pytest.mark.parametrize(
    "question", ["which optimizers were used without attention", "optimizers of runs with no attention"]
)
def test_a_negation_of_the_runs_asks_for_runs(ask, question):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == {run.id for run in RUNS if "attention" not in run.tags}


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("the best run and then the previous worst", "previous"),
        ("runs with a known preconditioning", "known"),
    ],
)
def test_a_word_between_two_orders_or_before_a_text_is_not_dropped(ask, question, word):
    assert any(word in words for words in ask(question).query.unread)


@pytest.mark.parametrize(
    ("question", "key", "of", "first"),
    [
        ("which optimizer was used with the most data sets?", "optimizer", "dataset", max),
        ("which optimizer was used on the fewest data sets", "optimizer", "dataset", min),
        ("which data set was used by the most architectures", "dataset", "architecture", max),
        ("the data set with the largest number of different optimizers", "dataset", "optimizer", max),
    ],
)
def test_which_has_the_most_values_of_another_field(ask, question, key, of, first):
    counts = {name: len({getattr(run, of) for run in runs}) for name, runs in by(key).items()}
    found = ask(question)
    assert figures(found) == {name: (n,) for name, n in counts.items() if n == first(counts.values())}
    assert not found.unread


def together(*keys, runs=RUNS):
    """The values of the keys -> the runs that have them."""
    found = defaultdict(list)
    for run in runs:
        found[" / ".join(str(run.c[:7] if key == "month" else getattr(run, key)) for key in keys)].append(run)
    return found


@pytest.mark.parametrize(
    ("question", "keys", "figure"),
    [
        ("how many runs per month and architecture", ("month", "architecture"), len),
        ("runs per dataset per status", ("dataset", "status"), len),
        ("mean fid by optimizer and dataset", ("optimizer", "dataset"), lambda runs: mean(runs, "fid")),
        ("mean epochs by optimizer, by month", ("optimizer", "month"), lambda runs: mean(runs, "epochs")),
        ("number of runs by data set, optimizer and schedule", ("dataset", "optimizer", "schedule"), len),
    ],
)
def test_groups_by_several_keys(ask, engine, question, keys, figure):
    wanted = {name: (figure(runs),) for name, runs in together(*keys).items()}
    wanted = {name: value for name, value in wanted.items() if value != (None,) and "None" not in name}
    found = ask(question)
    assert figures(found) == wanted == again(engine, found) and not found.query.unread
    assert [row.key for row in found.groups.rows] == sorted(wanted)


def test_the_best_run_of_each_of_several_keys(ask):
    best = {min(runs, key=lambda run: run.fid).id for runs in together("dataset", "optimizer", runs=JUDGED).values()}
    assert {row["run_id"] for row in ask("best fid per data set and optimizer").rows} == best


@pytest.mark.parametrize(
    ("question", "key", "place", "figure"),
    [
        ("second most common optimizer", "optimizer", 2, lambda runs: -len(runs)),
        ("the third most used data set", "dataset", 3, lambda runs: -len(runs)),
        ("which optimizer has the second most runs", "optimizer", 2, lambda runs: -len(runs)),
        ("which data set has the second lowest mean fid", "dataset", 2, lambda runs: mean(runs, "fid").expected),
    ],
)
def test_the_group_at_a_place(ask, engine, question, key, place, figure):
    values = {name: figure(runs) for name, runs in by(key, JUDGED if "fid" in question else RUNS).items()}
    wanted = {name for name, value in values.items() if value == sorted(set(values.values()))[place - 1]}
    found = ask(question)
    assert set(figures(found)) == wanted == set(again(engine, found)) and not found.query.unread
    assert f"Number {place} by" in answer(found, engine)


def test_a_ratio_is_told_by_its_two_counts(ask):
    counts = {kind: (sum(kind in run.tags for run in RUNS),) for kind in ("unet", "transformer")}
    assert figures(ask("ratio of unets to transformers")) == counts


def test_a_superlative_mean_is_read_wherever_the_mean_is_said(ask):
    means = {name: statistics.mean(run.params for run in runs) for name, runs in by("architecture").items()}
    most = max(means, key=lambda name: means[name])
    found = figures(ask("which architecture has the most parameters on average"))
    assert found == {most: (pytest.approx(means[most]),)}


def test_fewer_runs_of_a_kind_are_of_those_that_have_any(ask, engine):
    said = answer(ask("data sets with fewer than 2 failed runs"), engine)
    assert "fewer than 2 runs, of those that have any" in said
    assert "those that have any" not in answer(ask("data sets with fewer than 5 runs"), engine)


@pytest.mark.parametrize(
    "flags", [["--having", "5"], ["--by", "dataset", "--having", "few"], ["--by", "dataset", "--having", "< 1.2.3"]]
)
def test_a_wrong_condition_of_groups_says_what_to_type(engine, flags):
    options = parser().parse_intermixed_args(["--figure", "count", *flags])
    with pytest.raises(ValueError, match="--having"):
        query_of(options, "", engine.known, engine.now, False)


def test_a_condition_of_groups_keeps_its_digits():
    assert str(Having("<", 1234567.0)) == "< 1234567" and str(Having(">=", 0.1)) == ">= 0.1"


def test_groups_with_so_many_runs_of_a_kind(ask):
    crashed = {name: (len(runs),) for name, runs in by("dataset", [r for r in RUNS if r.status == "failed"]).items()}
    wanted = {name: count for name, count in crashed.items() if count[0] >= 1}
    assert figures(ask("data sets with at least 1 failed run")) == wanted


def test_groups_by_their_mean(ask, engine):
    means = {name: mean(runs, "fid") for name, runs in by("optimizer").items()}
    wanted = {name: (value,) for name, value in means.items() if value is not None and value.expected < 20}
    found = ask("optimizers with a mean fid below 20")
    assert figures(found) == wanted and again(engine, found) == wanted


def again(engine, result):
    """The figures that the printed flags give."""
    options = parser().parse_intermixed_args(shlex.split(flag_line(result, engine.known)))
    return figures(engine.answer(query_of(options, "", engine.known, engine.now, False)))


@pytest.mark.parametrize(
    ("question", "count", "key"),
    [
        ("the two largest models of each data set", 2, lambda run: -run.params),
        ("top 3 smallest models per dataset", 3, lambda run: run.params),
        ("2 runs of each data set", 2, lambda run: -run.created.timestamp()),
        ("only one run per data set", 1, lambda run: -run.created.timestamp()),
        ("the first run of every data set", 1, lambda run: run.created.timestamp()),
    ],
)
def test_so_many_runs_of_each(ask, question, count, key):
    found = ask(question)
    wanted = sorted(key(run) for runs in by("dataset").values() for run in sorted(runs, key=key)[:count])
    runs = {run.id: run for run in RUNS}
    assert sorted(key(runs[row["run_id"]]) for row in found.rows) == wanted and not found.query.unread


def test_the_first_run_of_every_month(ask):
    first = {run.c[:7]: run.id for run in sorted(RUNS, key=lambda run: run.created, reverse=True)}
    assert {row["run_id"] for row in ask("the first run of every month").rows} == set(first.values())


def test_a_name_is_no_data_set(ask):
    assert {row["run_id"] for row in ask("runs named fmnist").rows} == {r.id for r in RUNS if "fmnist" in r.name}
    assert {row["run_id"] for row in ask("runs on fmnist").rows} == {r.id for r in RUNS if r.dataset == "Fashion-MNIST"}


def test_a_key_that_no_run_has_is_named(ask, engine):
    assert "sampler" in answer(ask("smallest FID of each sampler"), engine)


def test_a_comparison_by_a_property_is_of_its_values(ask):
    wanted = {name: (len(runs), mean(runs, "fid")) for name, runs in by("architecture").items()}
    assert figures(ask("compare the runs by architecture")) == wanted


def test_that_every_value_has_a_figure_is_said_without_two_negations(ask, engine):
    assert answer(ask("which data sets have no fid"), engine).startswith("Every data set has a run with a known fid")


@pytest.mark.parametrize(
    "flags",
    [
        ["--figure", "mean fid", "--sort", "fid"],
        ["--figure", "mean fid", "--all-but", "3"],
        ["--figure", "count", "--by", "dataset", "--skip", "2"],
    ],
)
def test_flags_that_would_choose_no_runs_say_what_to_type(engine, flags):
    options = parser().parse_intermixed_args(flags)
    with pytest.raises(ValueError, match="add --"):
        query_of(options, "", engine.known, engine.now, False)


@pytest.mark.parametrize(
    ("question", "chosen"),
    [
        ("which frameworks don't have a fid", lambda run: True),
        ("which data sets have no fid among failed runs", lambda run: run.status == "failed"),
        ("schedules without a fid", lambda run: True),
    ],
)
def test_values_of_which_no_run_has_a_figure(ask, question, chosen):
    found = ask(question)
    (key,) = found.groups.figure.by
    groups = by(key.column, [run for run in RUNS if chosen(run)])
    assert set(figures(found)) == {name for name, runs in groups.items() if all(run.fid is None for run in runs)}


@pytest.mark.parametrize(
    "question",
    [
        "by how much is run-015 better than run-014",
        "how much better is run-015 than run-014?",
        "how much lower is the fid of run-015 than that of run-014",
    ],
)
def test_how_much_better_is_told_by_both_figures(ask, engine, question):
    found = ask(question)
    fids = [f"{run.fid:g}" for run in RUNS if run.id in ("run-014", "run-015")]
    assert found.query.intent == "compare" and not found.unread and not found.warnings
    assert all(fid in answer(found, engine) for fid in fids)


def test_the_best_of_a_kind_is_no_order_of_its_own(ask):
    plain, best = (ask(f"is any DiT better than {name} on CIFAR-10") for name in ("any U-Net", "the best U-Net"))
    assert plain.verdict is best.verdict is False and best.query.order is None


def test_two_fields_beside_one_another_are_shown(ask):
    found = ask("fid vs parameters")
    assert found.query.show == ("fid", "num_parameters") and found.total == len(RUNS)


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("which optimizer has the highest failure rate", "optimizer"),
        ("data set with the highest share of failed runs", "dataset"),
    ],
)
def test_the_value_with_the_highest_share(ask, question, key):
    ended = ("failed", "crashed") if "rate" in question else ("failed",)
    shares = {name: statistics.mean(run.status in ended for run in runs) for name, runs in by(key).items()}
    best = {name: (pytest.approx(share),) for name, share in shares.items() if share == max(shares.values())}
    assert figures(ask(question)) == best


@pytest.mark.parametrize("question", ["how many more U-Nets than DiTs are there", "are there more U-Nets than DiTs?"])
def test_more_of_one_kind_than_of_another_is_told_by_both_counts(ask, question):
    counts = {name: sum(name in run.tags for run in RUNS) for name in ("unet", "dit")}
    assert {row.key: row.value for row in ask(question).groups.rows} == counts


def test_values_beside_so_many_values_of_another_field(ask, engine):
    sets = {name: len({run.dataset for run in runs}) for name, runs in by("optimizer").items()}
    found = ask("optimizers used on at least 3 data sets")
    assert figures(found) == {name: (count,) for name, count in sets.items() if count >= 3}
    assert "at least 3 data sets" in answer(found, engine)


def test_architectures_that_were_tried_once(ask):
    once = {name for name, runs in by("architecture").items() if len(runs) == 1}
    assert {row.key for row in ask("which architectures were only tried once").groups.rows} == once


@pytest.mark.parametrize(
    ("question", "dataset", "columns"),
    [
        ("how many parameters and epochs do the celeba runs have on average?", "CelebA", ("params", "epochs")),
        ("how many epochs do the mnist runs have on average", "MNIST", ("epochs",)),
        ("epochs and batch size of the mnist runs on average", "MNIST", ("epochs", "batch")),
    ],
)
def test_on_average_at_the_end_is_of_each_field(ask, question, dataset, columns):
    result = ask(question)
    runs = [run for run in RUNS if run.dataset == dataset]
    (row,) = result.groups.rows
    means = [statistics.mean(getattr(run, column) for run in runs) for column in columns]
    assert [row.value, *row.also] == pytest.approx(means) and not result.unread
