"""Two conditions, or a run and others, beside each other, whatever words say so; against plain Python."""

from __future__ import annotations

import shlex
import statistics

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

MNIST = [run for run in RUNS if run.dataset == "MNIST"]
CIFAR = [run for run in RUNS if run.dataset == "CIFAR-10"]
BY_ID = {run.id: run for run in RUNS}


def having(tag, runs=RUNS):
    return [run for run in runs if tag in run.tags]


def lacking(tag, runs=RUNS):
    return [run for run in runs if tag not in run.tags]


def better(first, second, key="fid"):
    """Whether the best of the first has the lower figure on each data set that both have; None if it depends."""
    wins = set()
    for dataset in {run.dataset for run in first} & {run.dataset for run in second}:
        sides = [[getattr(run, key) for run in side if run.dataset == dataset] for side in (first, second)]
        sides = [[value for value in side if value is not None] for side in sides]
        if all(sides):
            wins.add(min(sides[0]) < min(sides[1]))
    return wins.pop() if len(wins) == 1 else None


def again(found, engine):
    """What the printed flags of an answer give."""
    options = parser().parse_intermixed_args(shlex.split(flag_line(found, engine.known)))
    return engine.answer(query_of(options, "", engine.known, engine.now, False))


@pytest.mark.parametrize(
    ("question", "first", "second", "key", "asked"),
    [
        (
            "do conditional models have a lower FID than unconditional ones?",
            having("conditional"),
            lacking("conditional"),
            "fid",
            True,
        ),
        (
            "do conditional models have a lower FID than unconditional ones on MNIST?",
            having("conditional", MNIST),
            lacking("conditional", MNIST),
            "fid",
            True,
        ),
        (
            "do models with attention have a higher val loss than those without?",
            having("attention"),
            lacking("attention"),
            "val_loss",
            False,
        ),
        (
            "does a U-Net have a better fid than an MLP on MNIST",
            having("unet", MNIST),
            having("mlp", MNIST),
            "fid",
            True,
        ),
        ("does conditioning help on MNIST?", having("conditional", MNIST), lacking("conditional", MNIST), "fid", True),
        ("did guidance improve the FID on MNIST", having("cfg", MNIST), lacking("cfg", MNIST), "fid", True),
        ("does attention hurt on CIFAR-10?", having("attention", CIFAR), lacking("attention", CIFAR), "fid", False),
    ],
)
def test_whether_one_side_is_better(ask, engine, question, first, second, key, asked):
    found = ask(question)
    won = better(first, second, key)
    assert found.verdict is (None if won is None else won is asked) and not found.unread
    assert {row["run_id"] for row in found.rows} == {run.id for run in (*first, *second)}
    assert again(found, engine).verdict is found.verdict


def count(runs):
    return float(len(runs))


def mean_of(key):
    return lambda runs: statistics.mean(value for run in runs if (value := getattr(run, key)) is not None)


@pytest.mark.parametrize(
    ("question", "sides", "figure", "decided"),
    [
        ("are there more U-Nets than transformers?", ("unet", "transformer"), count, True),
        ("are there fewer U-Nets than transformers?", ("unet", "transformer"), count, False),
        ("do I have more MLPs than DiTs", ("mlp", "dit"), count, None),
        ("do U-Nets have fewer parameters than transformers?", ("unet", "transformer"), mean_of("params"), None),
        ("do transformers have a higher learning rate than U-Nets", ("transformer", "unet"), mean_of("lr"), None),
    ],
)
def test_whether_one_side_has_more(ask, engine, question, sides, figure, decided):
    found = ask(question)
    first, second = (figure(having(tag)) for tag in sides)
    wanted = first < second if "fewer" in question else first > second
    assert decided is None or wanted is decided
    assert found.verdict is wanted and not found.unread
    assert [row.value for row in found.groups.rows] == pytest.approx([first, second])
    assert answer(found, engine).startswith("Yes." if wanted else "No.")
    repeated = again(found, engine)
    assert (repeated.verdict, repeated.groups.rows) == (found.verdict, found.groups.rows)


def on(dataset):
    return [run for run in RUNS if run.dataset == dataset]


def by(optimizer):
    return [run for run in RUNS if run.optimizer == optimizer]


@pytest.mark.parametrize(
    ("question", "sides", "figure", "reverse"),
    [
        ("do I have more runs on MNIST or on Fashion-MNIST?", [MNIST, on("Fashion-MNIST")], count, True),
        ("are there fewer U-Nets or transformers?", [having("unet"), having("transformer")], count, False),
        ("UNet or DiT: which is used more on CIFAR-10?", [having("unet", CIFAR), having("dit", CIFAR)], count, True),
        ("which did I use more, Adam or SGD?", [by("Adam"), by("SGD")], count, True),
        ("Adam vs AdamW: which has the lower mean FID?", [by("Adam"), by("AdamW")], mean_of("fid"), False),
        ("which has the higher average lr, SGD or Adam", [by("SGD"), by("Adam")], mean_of("lr"), True),
    ],
)
def test_which_side_has_more(ask, engine, question, sides, figure, reverse):
    found = ask(question)
    wanted = sorted(map(figure, sides), reverse=reverse)
    assert [row.value for row in found.groups.rows] == pytest.approx(wanted) and not found.unread
    assert answer(found, engine).startswith(found.groups.rows[0].key)
    assert again(found, engine).groups.rows == found.groups.rows


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("ratio of failed to finished runs", f"{sum(r.status == 'failed' for r in RUNS)}"),
        ("difference in mean epochs between MNIST and CIFAR-10", None),
    ],
)
def test_how_far_two_figures_are_apart(ask, engine, question, told):
    found = ask(question)
    first, second = (row.value for row in found.groups.rows)
    apart = first / second if told else abs(first - second)
    assert f"{apart:.4g}" in answer(found, engine)


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("by how much did run-002 beat run-001", "run-002", "run-001"),
        ("how much better is run-002 than run-001", "run-002", "run-001"),
        ("how much did the FID improve from run-001 to run-002?", "run-001", "run-002"),
        ("how much did the fid drop between run 1 and run 2", "run-001", "run-002"),
    ],
)
def test_how_much_better_a_run_is(ask, engine, question, first, second):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == {first, second} and not found.unread
    assert f"{abs(BY_ID[first].fid - BY_ID[second].fid):.4g}" in answer(found, engine)


@pytest.mark.parametrize(
    ("question", "runs", "both"),
    [
        ("runs that are not both conditional and U-Nets", RUNS, {"conditional", "unet"}),
        ("MNIST runs that are not both conditional and guided", MNIST, {"conditional", "cfg"}),
        ("runs not both with attention and latent", RUNS, {"attention", "latent"}),
    ],
)
def test_not_both(ask, question, runs, both):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == {run.id for run in runs if not both <= run.tags}
    assert not found.unread


@pytest.mark.parametrize(
    "question",
    [
        "How does run-007 compare to the others on Fashion-MNIST?",
        "how does run-007 compare to the other Fashion-MNIST runs",
        "compare run-007 with the rest of the Fashion-MNIST runs",
        "compare run-007 with all other runs on Fashion-MNIST",
    ],
)
def test_a_run_beside_the_others(ask, engine, question):
    own = BY_ID["run-007"]
    question = question.replace("Fashion-MNIST", own.dataset)
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == {run.id for run in on(own.dataset)} and not found.unread
    assert [len([row for row in found.rows if side.condition.matches(row)]) for side in found.query.sides] == [
        1,
        len(on(own.dataset)) - 1,
    ]
    known = sorted(run.fid for run in on(own.dataset) if run.fid is not None)
    assert f"number {known.index(own.fid) + 1} of {len(known)}" in answer(found, engine)


def test_of_three_runs_no_two_are_the_only_one_with_a_facet(ask, engine):
    kinds = {"unet", "cnn"}, {"unet", "cnn", "attention"}, {"unet", "cnn", "conditional", "cfg"}
    plain, *runs = (next(run for run in RUNS if run.tags == kind) for kind in kinds)
    text = answer(ask(f"compare {runs[0].id}, {runs[1].id} and {plain.id}"), engine)
    assert "only run" not in text and all(f"{run.id} has" in text for run in runs)


def test_failures_are_those_of_the_failure_rate(ask):
    broken = {run.id for run in RUNS if run.status in ("failed", "crashed")}
    assert {row["run_id"] for row in ask("failures").rows} == broken
    assert ask("failure rate").groups.rows[0].value == pytest.approx(len(broken) / len(RUNS))
    last = max((run for run in RUNS if run.id in broken), key=lambda run: run.created)
    assert [row["run_id"] for row in ask("when was the last failure?").rows] == [last.id]


# -- runs named by a part of their name


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """An engine of four runs with long names, two of them versions of one."""
    registry = Registry(tmp_path_factory.mktemp("parts") / "registry")
    registry.upsert(
        [
            RunRecord(
                run_id=f"{folder}_{name}",
                name=f"{folder}_{name}",
                path=f"/lab/{name}.py",
                dataset=dataset,
                lr=lr,
                optimizer=optimizer,
            )
            for folder, name, dataset, lr, optimizer in (
                ("Flowers", "gen_v1", "Flowers-102", 1e-3, "Adam"),
                ("Flowers", "gen_v2", "Flowers-102", 2e-3, "AdamW"),
                ("Faces", "gen_v1", "CelebA", 1e-2, None),
                ("Games", "play2048", None, 5e-3, "SGD"),
            )
        ]
    )
    return Engine(registry, NOW)


@pytest.mark.parametrize(
    ("question", "ids", "verdict"),
    [
        ("where is play2048 stored", {"Games_play2048"}, None),
        ("when was play2048 written", {"Games_play2048"}, None),
        ("are there runs with a higher learning rate than play2048?", {"Faces_gen_v1"}, True),
        ("are there runs with a higher learning rate than Faces_gen_v1", set(), False),
        ("is the learning rate of play2048 higher than that of gen_v2?", {"Games_play2048", "Flowers_gen_v2"}, True),
        ("compare play2048 and gen_v2", {"Games_play2048", "Flowers_gen_v2"}, None),
        ("does gen_v2 use Adam?", {"Flowers_gen_v2"}, False),
        ("the run named play2048", {"Games_play2048"}, None),
        ("runs that mention gen_v1", {"Flowers_gen_v1", "Faces_gen_v1"}, None),
    ],
)
def test_a_run_by_a_part_of_its_name(parts, question, ids, verdict):
    found = parts.answer(parse(question, parts.known, NOW))
    assert {row["run_id"] for row in found.rows} == ids and found.verdict is verdict and not found.unread
    if question.startswith("where"):
        assert "/lab/play2048.py" in answer(found, parts)


def test_versions_that_no_run_has_both_of_are_sides(parts):
    found = parts.answer(parse("compare v1 and v2 of the flowers", parts.known, NOW))
    assert {row["run_id"] for row in found.rows} == {"Flowers_gen_v1", "Flowers_gen_v2"}
    assert len(found.query.sides) == 2 and not found.warnings


def test_what_a_run_lacks_is_not_recorded_rather_than_no_run(parts):
    found = parts.answer(parse("are the MNIST SGD runs finished?", parts.known, NOW))
    assert found.verdict is None and "no such run" not in answer(found, parts)
    alone = answer(parts.answer(parse("play2048", parts.known, NOW)), parts)
    assert alone.startswith("One run: Games_play2048, ") and " -" not in alone  # no status is recorded


# -- a run and the one that comes first


@pytest.mark.parametrize(
    ("question", "other", "key", "runs"),
    [
        ("compare run-001 with the best run on fashion mnist", "run-001", "fid", on("Fashion-MNIST")),
        ("compare the best run on MNIST with run-007", "run-007", "fid", MNIST),
        ("how does run-001 compare to the best MNIST run", "run-001", "fid", MNIST),
        ("how far is run-001 from the best MNIST run", "run-001", "fid", MNIST),
        ("how much worse is run-001 than the best MNIST run?", "run-001", "fid", MNIST),
        ("difference between run-001 and the largest run on CIFAR-10", "run-001", "params", CIFAR),
    ],
)
def test_a_run_beside_the_first_by_a_column(ask, question, other, key, runs):
    known = [run for run in runs if getattr(run, key) is not None]
    first = max(known, key=lambda run: run.params) if key == "params" else min(known, key=lambda run: run.fid)
    found = ask(question)
    assert found.query.intent == "compare" and not found.unread
    assert {row["run_id"] for row in found.rows} == {other, first.id}


@pytest.mark.parametrize(
    ("question", "key", "reverse"),
    [
        ("which is larger, run-001 or run-002?", "params", True),
        ("who has more parameters, run-001 or run-002?", "params", True),
        ("which of run-001 and run-002 is smaller", "params", False),
        ("which has the lower fid: run-001 or run-002", "fid", False),
        ("which has fewer epochs, run-001 or run-002", "epochs", False),
        ("which is newer, run-001 or run-002", "created", True),
    ],
)
def test_which_of_two_runs(ask, question, key, reverse):
    first = sorted((BY_ID["run-001"], BY_ID["run-002"]), key=lambda run: getattr(run, key), reverse=reverse)[0]
    found = ask(question)
    assert [row["run_id"] for row in found.rows] == [first.id] and not found.unread


# -- facts, however they are asked for


@pytest.mark.parametrize(
    ("question", "run", "columns"),
    [
        ("do we know how long run-007 took?", "run-007", {"seconds"}),
        ("is it known how long run-007 took", "run-007", {"seconds"}),
        ("can you tell me when run-007 started", "run-007", {"created_at"}),
        ("do you know which gpu run-007 used", "run-007", {"hardware"}),
        ("what hardware did run-007 use", "run-007", {"hardware"}),
        (
            "which GPU was the Heun model trained on",
            next(run.id for run in RUNS if "Heun" in run.description),
            {"hardware"},
        ),
        (
            "which architecture has the run with the highest FID?",
            max((run for run in RUNS if run.fid is not None), key=lambda run: run.fid).id,
            {"architecture", "arch_tags", "num_parameters"},
        ),
    ],
)
def test_facts_of_a_run(ask, question, run, columns):
    found = ask(question)
    assert [row["run_id"] for row in found.rows] == [run] and not found.unread
    assert set(found.query.ask.columns) == columns


def test_a_fact_that_is_not_recorded_is_said_to_be_missing(ask, engine):
    assert "no recorded duration" in answer(ask("do we know how long run-007 took?"), engine)


def test_everything_about_a_run(ask, engine):
    own = BY_ID["run-007"]
    text = answer(ask("tell me everything about run-007"), engine)
    assert all(str(fact) in text for fact in (own.id, own.dataset, own.optimizer, own.hardware, own.description))


@pytest.mark.parametrize(
    "question",
    [
        "is there a checkpoint for run-007",
        "are there checkpoints of run-007?",
        "are there samples for run-007",
    ],
)
def test_whether_files_of_a_run_exist_is_not_known_without_its_folder(ask, question):
    found = ask(question)
    assert found.query.intent == "check" and found.verdict is None and not found.unread


# -- further ways to put two sides


@pytest.mark.parametrize(
    ("question", "sides", "figure"),
    [
        (
            "is the mean epochs of U-Nets higher than that of transformers?",
            [having("unet"), having("transformer")],
            mean_of("epochs"),
        ),
        (
            "is the average fid of MLPs worse than the average fid of U-Nets on MNIST",
            [having("mlp", MNIST), having("unet", MNIST)],
            mean_of("fid"),
        ),
        (
            "are there more U-Nets with attention than transformers with conditioning?",
            [having("attention", having("unet")), having("conditional", having("transformer"))],
            count,
        ),
    ],
)
def test_whether_the_figure_of_the_first_side_is_higher(ask, engine, question, sides, figure):
    found = ask(question)
    first, second = map(figure, sides)
    assert [row.value for row in found.groups.rows] == pytest.approx([first, second]) and not found.unread
    assert found.verdict is (first > second) and again(found, engine).verdict is found.verdict


def test_a_mean_that_mixes_data_sets_decides_only_if_all_of_them_agree(ask):
    agree = set()
    for dataset in {run.dataset for run in RUNS}:
        sides = [
            [run.fid for run in having(tag, on(dataset)) if run.fid is not None] for tag in ("unet", "transformer")
        ]
        if all(sides):
            agree.add(statistics.mean(sides[0]) < statistics.mean(sides[1]))
    found = ask("is the mean fid of U-Nets lower than that of transformers?")
    assert found.verdict is (agree.pop() if len(agree) == 1 else None)


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("how do the DiTs compare to the rest?", [having("dit"), lacking("dit")]),
        ("how do the DiTs on CIFAR-10 compare to the others", [having("dit", CIFAR), lacking("dit", CIFAR)]),
        ("does attention make a difference on CIFAR-10", [having("attention", CIFAR), lacking("attention", CIFAR)]),
        ("which has the lower FID, U-Nets or DiTs?", [having("unet"), having("dit")]),
        ("which has the better fid on MNIST: U-Nets or MLPs", [having("unet", MNIST), having("mlp", MNIST)]),
        ("U-Nets on MNIST vs MLPs", [having("unet", MNIST), having("mlp", MNIST)]),
        (
            "do conditional runs on MNIST have a lower fid than unconditional runs on MNIST",
            [having("conditional", MNIST), lacking("conditional", MNIST)],
        ),
    ],
)
def test_the_sides_of_a_comparison(ask, question, sides):
    found = ask(question)
    told = [{row["run_id"] for row in found.rows if side.condition.matches(row)} for side in found.query.sides]
    assert told == [{run.id for run in side} for side in sides] and not found.unread


@pytest.mark.parametrize(
    "question", ["how much larger is run-002 than run-001", "difference in params of runs 1 and 2"]
)
def test_by_how_much_a_setting_differs(ask, engine, question):
    apart = abs(BY_ID["run-001"].params - BY_ID["run-002"].params)
    assert f"a difference of {apart / 1e6:.4g}M" in answer(ask(question), engine)


def test_a_run_stands_among_others_by_the_measure_that_is_named(ask, engine):
    known = sorted(run.val_loss for run in MNIST if run.val_loss is not None)
    own = MNIST[1]
    text = answer(ask(f"compare {own.id} and the others on MNIST by val loss"), engine)
    assert f"number {known.index(own.val_loss) + 1} of {len(known)} by validation loss" in text


@pytest.mark.parametrize(
    ("question", "first", "other"),
    [
        ("is the largest model also the best?", max(RUNS, key=lambda run: run.params), None),
        ("is the best MNIST run the largest one", None, max(MNIST, key=lambda run: run.params)),
        ("is the newest run the best on CIFAR-10?", max(RUNS, key=lambda run: run.created), None),
    ],
)
def test_whether_the_first_by_one_column_is_the_first_by_another(ask, engine, question, first, other):
    among = MNIST if "MNIST" in question else CIFAR if "CIFAR" in question else RUNS
    best = min((run for run in among if run.fid is not None), key=lambda run: run.fid)
    first, other = first or best, other or best
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == {first.id, other.id} and not found.warnings
    assert found.verdict is (first is other)
    assert answer(found, engine).startswith("Yes." if first is other else "No.")


@pytest.mark.parametrize(
    ("question", "own", "others"),
    [
        ("is run-007 better than the others on {}", ["run-007"], None),
        ("does run-007 have a lower fid than all other {} runs", ["run-007"], None),
        ("do the DiTs on CIFAR-10 have a lower FID than the rest", having("dit", CIFAR), lacking("dit", CIFAR)),
        ("does a preconditioned network help", None, None),
    ],
)
def test_whether_it_is_better_than_the_others(ask, question, own, others):
    if own == ["run-007"]:
        dataset = BY_ID["run-007"].dataset
        question, own = question.format(dataset), [BY_ID["run-007"]]
        others = [run for run in on(dataset) if run.id != "run-007"]
    elif own is None:
        own = [run for run in RUNS if "preconditioned" in run.description]
        others = [run for run in RUNS if "preconditioned" not in run.description]
    found = ask(question)
    assert found.verdict is better(own, others) and not found.unread
    assert {row["run_id"] for row in found.rows} == {run.id for run in (*own, *others)}


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("are there more runs on MNIST than on Fashion-MNIST", [MNIST, on("Fashion-MNIST")]),
        ("are there more runs with attention than without?", [having("attention"), lacking("attention")]),
        ("is the number of U-Nets higher than the number of DiTs", [having("unet"), having("dit")]),
        ("do I have more runs with SGD than with Adam", [by("SGD"), by("Adam")]),
    ],
)
def test_whether_there_are_more_of_the_first(ask, question, sides):
    found = ask(question)
    assert [row.value for row in found.groups.rows] == [len(side) for side in sides] and not found.unread
    assert found.verdict is (len(sides[0]) > len(sides[1]))


@pytest.mark.parametrize(
    ("question", "key", "told"),
    [
        ("compare AdamW and Adam runs in number of epochs", "epochs", "Mean epochs"),
        ("compare AdamW and Adam runs by batch size", "batch", "Mean batch size"),
    ],
)
def test_a_setting_that_is_asked_about_is_told_of_each_side(ask, engine, question, key, told):
    sides = [[getattr(run, key) for run in RUNS if run.optimizer == name] for name in ("AdamW", "Adam")]
    said = answer(ask(question), engine)
    assert told in said
    assert all(f"{statistics.mean(side):.4g}, from {min(side)} to {max(side)}" in said for side in sides)
