"""What the words of a question do: exceptions, groups, yes and no, facts, and what is not recorded.

Each question is answered by the runs, groups or verdict that plain Python over the fixture gives.
"""

from __future__ import annotations

import statistics

import pytest

from diffusionlab.search.answer.answer import answer
from diffusionlab.search.ask.parse import parse
from tests.search.fixture_runs import RUNS


def ids(wanted) -> set[str]:
    return {run.id for run in RUNS if wanted(run)}


def by_fid(wanted) -> list[str]:
    return [r.id for r in sorted(RUNS, key=lambda r: (r.fid or 0, r.id)) if r.fid is not None and wanted(r)]


def is_diffusion(r) -> bool:
    return r.prediction != "none"


EXCEPTIONS = {
    "every MNIST run but the two best": set(by_fid(lambda r: r.dataset == "MNIST")[2:]),
    "all CIFAR-10 runs except for the best": set(by_fid(lambda r: r.dataset == "CIFAR-10")[1:]),
    "everything on STL-10 excluding the worst by fid": {"run-034"},
    "all but the newest 30": ids(lambda r: r.n <= 6),
    "models that are no diffusion models": ids(lambda r: not is_diffusion(r)),
    "non-diffusion runs": ids(lambda r: not is_diffusion(r)),
    "anything but diffusion": ids(lambda r: not is_diffusion(r)),
    "diffusion models on Fashion-MNIST": ids(lambda r: r.dataset == "Fashion-MNIST" and is_diffusion(r)),
    "runs that have a val loss but whose fid is not known": ids(lambda r: r.val_loss and not r.fid),
    "val loss is recorded, fid is not": ids(lambda r: r.val_loss and not r.fid),
    "fid is missing but val loss is not": ids(lambda r: r.val_loss and not r.fid),
    "DiTs with conditioning or unets without attention": ids(
        lambda r: {"dit", "conditional"} <= r.tags or ("unet" in r.tags and "attention" not in r.tags)
    ),
    "MLPs without an autoencoder or transformers with guidance": ids(
        lambda r: ("mlp" in r.tags and "autoencoder" not in r.tags) or {"transformer", "cfg"} <= r.tags
    ),
    "not counting MNIST, STL-10 and CelebA": ids(lambda r: r.dataset not in ("MNIST", "STL-10", "CelebA")),
    "on more than one GPU": {"run-032"},
    "runs on fewer than 4 GPUs": ids(lambda r: r.hardware not in ("CPU", "8x H100")),
    "runs with neither a FID nor a val loss": ids(lambda r: not r.fid and not r.val_loss),
    "which runs have an unknown fid": ids(lambda r: not r.fid),
    "everything except the best run on each dataset": ids(lambda r: r.fid and r.n not in (3, 9, 25, 26, 32, 34)),
    "fid at least 50 or unknown": ids(lambda r: not r.fid or r.fid >= 50),
    "runs with two or more GPUs": {"run-032"},
    "anything that broke": ids(lambda r: r.status in ("failed", "crashed")),
    "run_017": {"run-017"},
    "all runs on STL-10 but the flow one": {"run-034"},
    "CIFAR-10 runs but those with a linear schedule": ids(lambda r: r.dataset == "CIFAR-10" and r.schedule != "linear"),
    "MNIST unets but the conditional ones": ids(
        lambda r: r.dataset == "MNIST" and "unet" in r.tags and "conditional" not in r.tags
    ),
    "val loss missing and fid missing": ids(lambda r: not r.fid and not r.val_loss),
    "runs sharing the data set of run-026": {"run-027", "run-028"},
}


@pytest.mark.parametrize("question", EXCEPTIONS)
def test_what_a_word_leaves_out_is_left_out(ask, question):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == EXCEPTIONS[question]
    assert not found.unread


ORDERS = {
    "top 3 by FID excluding EDM and consistency": by_fid(lambda r: r.n not in (32, 33))[:3],
    "best fid on CIFAR-10 without EDM": ["run-020"],
    "best half of the CIFAR-10 runs": by_fid(lambda r: r.dataset == "CIFAR-10")[:5],
    "which of the CIFAR-10 runs has the most parameters": ["run-020"],
    "top 10% by fid": by_fid(lambda r: True)[:4],
    "the worst 20 percent on CIFAR-10 by fid": by_fid(lambda r: r.dataset == "CIFAR-10")[:-3:-1],
    "the three best on MNIST and the best on CelebA": [*by_fid(lambda r: r.dataset == "MNIST")[:3], "run-026"],
    "the newest run on MNIST and the oldest on STL-10": ["run-029", "run-034"],
    "best FID on MNIST and on STL-10": ["run-003", "run-034"],
    "lowest val loss leaving out autoencoders": ["run-026"],
    "the two newest unets and the newest DiT": ["run-034", "run-033", "run-036"],
    "which run followed run-020": ["run-021"],
    "the run after run-020": ["run-021"],
    "3rd to 6th best by fid": by_fid(lambda r: True)[2:6],
    "second to fourth newest run": ["run-035", "run-034", "run-033"],
    "CIFAR-10 runs by fid": by_fid(lambda r: r.dataset == "CIFAR-10"),
    "latest run by dataset": ["run-036", "run-035", "run-031", "run-029", "run-028", "run-025"],
    "what came before run-020": ["run-019"],
    "latest run of each dataset": ["run-036", "run-035", "run-031", "run-029", "run-028", "run-025"],
    "best run of each month of 2025": ["run-032", "run-020", "run-015", "run-026", "run-005", "run-009"],
}  # fmt: skip


@pytest.mark.parametrize("question", ORDERS)
def test_the_first_runs_of_an_order(ask, question):
    found = ask(question)
    assert [row["run_id"] for row in found.rows] == ORDERS[question]
    assert not found.unread


def grouped(key, value, how) -> dict[str, float]:
    found: dict[str, list] = {}
    for run in RUNS:
        if value(run) is not None:
            found.setdefault(str(key(run)), []).append(value(run))
    return {name: how(values) for name, values in found.items()}


def first(figures: dict[str, float], highest: bool) -> dict[str, float]:
    best = (max if highest else min)(figures.values())
    return {name: figure for name, figure in figures.items() if figure == best}


ONE = lambda r: r.id  # noqa: E731
GROUPS = {
    "average FID by optimizer": grouped(lambda r: r.optimizer, lambda r: r.fid, statistics.mean),
    "what is the median val loss for each noise schedule": grouped(
        lambda r: r.schedule, lambda r: r.val_loss, statistics.median
    ),
    "how many runs did each data set get": grouped(lambda r: r.dataset, ONE, len),
    "number of runs by month": grouped(lambda r: f"{r.created:%Y-%m}", ONE, len),
    "runs per quarter": grouped(lambda r: f"{r.created:%Y}-Q{(r.created.month + 2) // 3}", ONE, len),
    "how many runs on each weekday": grouped(lambda r: f"{r.created:%A}".lower(), ONE, len),
    "total epochs per architecture": grouped(lambda r: r.architecture, lambda r: r.epochs, sum),
    "standard deviation of the fid of each dataset": grouped(
        lambda r: r.dataset, lambda r: r.fid, lambda v: statistics.stdev(v) if len(v) > 1 else None
    ),
    "different optimizers per dataset, how many?": grouped(
        lambda r: r.dataset, lambda r: r.optimizer, lambda v: len(set(v))
    ),
    "which data set has the most runs": first(grouped(lambda r: r.dataset, ONE, len), True),
    "rarest schedule": first(grouped(lambda r: r.schedule, ONE, len), False),
    "which optimizer did I use most often": first(grouped(lambda r: r.optimizer, ONE, len), True),
    "the data set with the lowest mean fid": first(
        grouped(lambda r: r.dataset, lambda r: r.fid, statistics.mean), False
    ),
    "month with the fewest runs": first(grouped(lambda r: f"{r.created:%Y-%m}", ONE, len), False),
    "how many different optimizers did I try": {"all": 6},
    "lowest val loss per schedule": grouped(lambda r: r.schedule, lambda r: r.val_loss, min),
    "maximum epochs by optimizer": grouped(lambda r: r.optimizer, lambda r: r.epochs, max),
    "how many runs per dataset in total": grouped(lambda r: r.dataset, ONE, len),
    "how many epochs per dataset in total": grouped(lambda r: r.dataset, lambda r: r.epochs, sum),
    "how many STL-10 runs per facet": {"unet": 1, "cnn": 1, "attention": 1, "dit": 1, "transformer": 1},
    "distribution of batch sizes": grouped(lambda r: r.batch, ONE, len),
    "breakdown of runs by status": grouped(lambda r: r.status, ONE, len),
    "which dataset has the lowest best FID": {"CIFAR-10": 3.2},
    "average fid per dataset, best first": grouped(lambda r: r.dataset, lambda r: r.fid, statistics.mean),
    "how many runs failed versus crashed": {"failed": 2, "crashed": 1},
    "mean val loss with and without attention": {
        "attention": statistics.mean(r.val_loss for r in RUNS if r.val_loss and "attention" in r.tags),
        "not attention": statistics.mean(r.val_loss for r in RUNS if r.val_loss and "attention" not in r.tags),
    },
    "total number of epochs": {"all": sum(r.epochs for r in RUNS)},
    "average fid of the unets": {"all": statistics.mean(r.fid for r in RUNS if r.fid and "unet" in r.tags)},
}  # fmt: skip


@pytest.mark.parametrize("question", [q for q in GROUPS if not q.startswith("different")])
def test_figures_of_groups(ask, question):
    found = ask(question)
    rows = {row.key: row.value for row in found.groups.rows}
    wanted = {key: value for key, value in GROUPS[question].items() if value is not None}
    assert rows == pytest.approx(wanted)
    assert not found.unread
    assert all(row.count >= len(row.runs) > 0 for row in found.groups.rows)


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("is run-032 better than run-020?", True),
        ("is run-020 worse than run-032", True),
        ("is AdamW better than Adam on CIFAR-10", False),
        ("does run-020 have more parameters than run-032", True),
        ("are unets better than transformers", None),
        ("is run-001 better than run-032", None),
        ("is run-020 conditional?", True),
        ("is run-020 a unet", False),
        ("did run-020 take longer than an hour", None),
        ("are there any runs on ImageNet", False),
        ("do I have latent models on CelebA?", True),
        ("did I train anything last week", True),
        ("did I never use RMSprop?", False),
        ("did I never train a transformer on MNIST", False),
        ("has Lion ever been used on CIFAR-10", False),
        ("have I ever used Lion", True),
        ("isn't run-020 a unet", False),
        ("didn't run-023 fail?", True),
        ("is there no run on STL-10", False),
        ("are there no runs on ImageNet", True),
    ],
)
def test_yes_no_and_not_known(ask, engine, question, verdict):
    found = ask(question)
    assert found.verdict is verdict
    assert answer(found, engine).startswith({True: "Yes", False: "No", None: "That is not known"}[verdict])


@pytest.mark.parametrize(
    ("question", "run_id", "said"),
    [
        ("how long ago was run-020 trained", "run-020", "2025-04-12"),
        ("when did I train run-020", "run-020", "2025-04-12"),
        ("why did run-023 fail?", "run-023", "out of memory"),
        ("why did the CelebA DiT crash?", "run-028", "rebooted"),
        ("what went wrong with run-028", "run-028", "rebooted"),
        ("what GPU did run-020 use", "run-020", "H100"),
        ("where is run-020", "run-020", "outputs/2025-04-12/cifar-dit-b2"),
        ("how long did run-020 take", "run-020", "no recorded duration"),
        ("what is the learning rate of run-020", "run-020", "0.0001"),
        ("when was my best CIFAR-10 run created", "run-032", "2025-06-11"),
    ],
)
def test_facts_of_one_run(ask, engine, question, run_id, said):
    found = ask(question)
    assert [row["run_id"] for row in found.rows] == [run_id]
    assert said in answer(found, engine)


@pytest.mark.parametrize(
    ("question", "unknown", "column"),
    [
        ("runs longer than two days", 36, "seconds"),
        ("not longer than two days", 36, "seconds"),
        ("fid below 20 on CIFAR-10", 2, "fid"),
        ("runs without checkpoints", 36, "checkpoint"),
        ("runs with a seed above 3", 36, "seed"),
    ],
)
def test_what_is_not_recorded_is_neither_yes_nor_no(ask, engine, question, unknown, column):
    found = ask(question)
    assert (found.unknown, dict(found.unrecorded).get(column)) == (unknown, unknown)
    said = answer(found, engine)
    assert "no run has a" in said or "recorded" in said
    assert {row["run_id"] for row in found.rows} == ids(
        lambda r: "CIFAR" in question and r.dataset == "CIFAR-10" and r.fid and r.fid < 20
    )


def test_groups_come_in_the_order_that_is_asked_for(ask):
    figures = [row.value for row in ask("average fid per dataset, best first").groups.rows]
    assert figures == sorted(figures) and len(figures) == 6
    ranked = ask("top 3 optimizers by number of runs").groups.rows
    assert [(row.key, row.value) for row in ranked] == [("AdamW", 24), ("Adam", 7), ("SGD", 2)]
    months = [row.key for row in ask("runs per month").groups.rows]
    assert months == sorted(months)


def test_a_best_of_each_group_names_each_by_its_own_figure(ask, engine):
    text = answer(ask("best fid per dataset"), engine)
    for run_id, fid in (("run-032", "3.2"), ("run-003", "9.7"), ("run-026", "10.8"), ("run-025", "36.5")):
        assert f"{run_id} {fid}" in text


def test_a_run_that_stopped_early_does_not_disagree_with_its_settings():
    from diffusionlab.search.answer.answer import disagreements

    row = {
        "run_id": "a",
        "epochs": 1,
        "config": {"trainer": {"max_epochs": 20}, "data": {"batch_size": 4}},
        "batch_size": 8,
    }
    assert [line.partition(":")[0] for line in disagreements([row])] == ["a"]
    assert "epochs" not in " ".join(disagreements([row]))


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("do all MNIST runs use AdamW?", False),
        ("did every DiT finish?", False),
        ("have all STL-10 runs finished?", True),
        ("is every CelebA run on an H100?", True),
        ("has every run got a FID?", False),
        ("do all runs have a description?", True),
        ("are all transformers on CIFAR-10 conditional?", True),
        ("are most runs on GPUs?", True),
        ("do most MNIST runs use Adam?", False),
        ("is run-032 the best run on CIFAR-10?", True),
        ("is run-015 the best run on CIFAR-10?", False),
        ("is run-001 the oldest?", True),
    ],
)
def test_whether_all_are_so(ask, question, verdict):
    assert ask(question).verdict is verdict


def test_all_is_not_known_if_of_one_it_is_not_recorded(ask):
    assert ask("do all CelebA runs have a fid below 20?").verdict is None


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("name contains attn", lambda r: "attn" in r.name),
        ("runs with reboot in the description", lambda r: "reboot" in r.description),
        ("runs whose name ends with base", lambda r: r.name.endswith("base")),
        ("LDMs and MLPs", lambda r: r.tags & {"latent", "mlp"}),
        ("unets with attention, transformers without guidance", lambda r: (
            {"unet", "attention"} <= r.tags or ("transformer" in r.tags and "cfg" not in r.tags))),
        ("MNIST and CelebA, leaving aside AdamW", lambda r: (
            r.dataset in ("MNIST", "CelebA") and r.optimizer != "AdamW")),
        ("runs that fit in 1M parameters", lambda r: r.params <= 1e6),
        ("runs that improved on run-014 in fid", lambda r: r.fid is not None and r.fid < 7.9),
        ("compare attention and no attention", lambda r: True),
        ("all unets save the conditional ones", lambda r: "unet" in r.tags and "conditional" not in r.tags),
        ("images of 32 by 32 with batch size 64", lambda r: r.size == 32 and r.batch == 64),
        ("MNIST runs except the two with the highest FID", lambda r: (
            r.dataset == "MNIST" and r.fid and r.fid < 62)),
        ("compare the best and the worst run on CelebA", lambda r: r.id in ("run-026", "run-027")),
    ],
)  # fmt: skip
def test_words_that_join_and_compare(ask, question, wanted):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == ids(wanted) and not found.unread


def test_end_of_a_run_is_its_last_change(ask, engine):
    assert "modified 2025-04-17" in answer(ask("when was run-020 last modified?"), engine)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("(attention and not conditional) or (latent and conditional)", lambda r: (
            ("attention" in r.tags and "conditional" not in r.tags) or {"latent", "conditional"} <= r.tags)),
        ("(unets on MNIST) or (unets on CelebA with attention)", lambda r: (
            "unet" in r.tags and (r.dataset == "MNIST" or (r.dataset == "CelebA" and "attention" in r.tags)))),
        ("leave the failed runs out, CIFAR-10 with attention", lambda r: (
            r.dataset == "CIFAR-10" and "attention" in r.tags and r.status != "failed")),
        ("runs 10 to 14 except 12", lambda r: r.n in (10, 11, 13, 14)),
        ("third newest run", lambda r: r.n == 34),
        ("better fid than run-020 but with fewer parameters", lambda r: r.fid and r.fid < 5.8 and r.params < 130.1e6),
        ("highest and lowest lr", lambda r: r.lr in (1e-2, 3e-5)),
        ("runs started between 8 and 9 in the morning", lambda r: r.created.hour == 8),
        ("CIFAR-10 runs started between 9 and 3 in the afternoon", lambda r: (
            r.dataset == "CIFAR-10" and 9 <= r.created.hour < 15)),
    ],
)  # fmt: skip
def test_parts_of_a_question_keep_to_themselves(ask, question, wanted):
    found = ask(question)
    assert {row["run_id"] for row in found.rows} == ids(wanted) and not found.unread


@pytest.mark.parametrize(
    ("question", "verdict"), [("did no MNIST run fail?", False), ("do no transformers use SGD?", True)]
)
def test_whether_none_are_so(ask, question, verdict):
    assert ask(question).verdict is verdict


def test_what_is_not_recorded_of_a_run_is_shared_with_none(ask):
    found = ask("runs sharing the seed of run-020")
    assert not found.rows and "run-020 has no recorded seed to compare with" in found.warnings


def test_an_exception_goes_on_from_the_question_before(engine):
    transformers = parse("transformers", engine.known, engine.now)
    query = parse("except those on CIFAR-10", engine.known, engine.now, transformers.condition)
    found = engine.answer(query)
    assert {row["run_id"] for row in found.rows} == ids(lambda r: "transformer" in r.tags and r.dataset != "CIFAR-10")
