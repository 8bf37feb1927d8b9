"""Questions about settings beside an oracle that looks at them: on, off, or not recorded, which is neither."""

from __future__ import annotations

from itertools import product

import pytest

from diffusionlab.registry.filters.filter import And
from diffusionlab.registry.record.columns import label
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.answer import answer
from diffusionlab.search.answer.engine import Engine
from diffusionlab.search.answer.result import lacking
from diffusionlab.search.ask.parse import parse
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.query.where_text import format_where
from tests.search.fixture_runs import NOW


def row(n):
    """Every other run has settings; what texts say agrees with none of them."""
    config = {
        "trainer": {"gradient_clip_val": (1.0, None, 0.5)[n % 3], "accumulate_grad_batches": 1 + n % 4 // 2},
        "optimizer": {"weight_decay": (0.0, 0.01)[n // 4 % 2], "betas": [0.9, 0.99]},
        "ema_decay": (0.999, 0, 0.9999)[n // 2 % 3],
        "model": {"dropout": (0.0, 0.1, 0.2)[n // 3 % 3]},
        "lr_warmup_steps": (0, 500)[n // 8 % 2],
    }
    return {
        "run_id": f"s-{n:02}",
        "arch_tags": ["unet", "attention"] if n % 4 else ["dit", "transformer", "attention"],
        "dataset": ("MNIST", "CIFAR-10")[n % 5 > 2],
        "status": "failed" if n % 7 == 3 or n == 22 else "finished",
        "metrics": {"fid": 50.0 - n},
        "config": None if n % 2 else config,
        "description": {5: "averaged with EMA", 10: "trained with label dropout"}.get(n, "a run"),
        "notes": {0: "for the paper", 1: "please do not delete"}.get(n % 4),
        "tags": {0: ["paper"], 1: ["scratch", "old"]}.get(n % 4, []),
        **({"cluster": ("juwels", "alps")[n % 2], "cost_eur": 1.5 * n} if n % 3 == 0 else {}),
    }


ROWS = {f"{n:02}": row(n) for n in range(24)}
PLAIN = {n: {key: value for key, value in one.items() if key != "config"} for n, one in ROWS.items()}


def asker(rows, folder):
    registry = Registry(folder / "registry")
    registry.upsert([RunRecord.from_json({k: v for k, v in one.items() if v is not None}) for one in rows.values()])
    engine = Engine(registry, NOW)

    def ask(question):
        found = engine.answer(parse(question, engine.known, NOW))
        found.said = answer(found, engine)
        where = parse_where(format_where(found.query.condition, engine.known), engine.known, NOW)
        assert And(where) == found.query.condition
        return found

    return ask


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    return asker(ROWS, tmp_path_factory.mktemp("with"))


@pytest.fixture(scope="module")
def ask_plain(tmp_path_factory):
    return asker(PLAIN, tmp_path_factory.mktemp("without"))


# -- the oracle: True, False or None for a run


def setting(one, *path):
    for name in path:
        one = (one or {}).get(name)
    return one


def told(read):
    """None where the run has no settings."""
    return lambda one: None if not one.get("config") else bool(read(one["config"]))


clip = told(lambda c: c["trainer"]["gradient_clip_val"])
decay = told(lambda c: c["optimizer"]["weight_decay"])
dropout = told(lambda c: c["model"]["dropout"])
warmup = told(lambda c: c["lr_warmup_steps"])
accumulate = told(lambda c: c["trainer"]["accumulate_grad_batches"] > 1)


def ema(one):
    return told(lambda c: c["ema_decay"])(one) or (True if "EMA" in one["description"] else told(lambda c: False)(one))


def unet(one):
    return "unet" in one["arch_tags"]


def mnist(one):
    return one["dataset"] == "MNIST"


def failed(one):
    return one["status"] == "failed"


def no(test):
    return lambda one: None if test(one) is None else not test(one)


def both(*tests):
    def holds(one):
        found = [test(one) for test in tests]
        return False if False in found else None if None in found else True

    return holds


def either(*tests):
    return no(both(*map(no, tests)))


def at(read, test):
    return told(lambda c: (value := read(c)) is not None and test(value))


def clip_value(c):
    return c["trainer"]["gradient_clip_val"]


def dropout_value(c):
    return c["model"]["dropout"]


USED = {
    "which runs used gradient clipping?": clip,
    "how many runs use gradient clipping?": clip,
    "which runs used weight decay?": decay,
    "runs applying weight decay": decay,
    "runs where weight decay is used": decay,
    "weight decay runs": decay,
    "runs that clip gradients": clip,
    "runs that don't clip gradients": no(clip),
    "runs where gradient clipping is not used": no(clip),
    "runs where gradient clipping is disabled": no(clip),
    "runs where gradient clipping is null": no(clip),
    "without gradient clipping": no(clip),
    "runs with dropout": dropout,
    "no dropout": no(dropout),
    "runs with EMA": ema,
    "runs without EMA": no(ema),
    "runs with warmup": warmup,
    "learning rate warmup": warmup,
    "gradient accumulation": accumulate,
    "runs with gradient accumulation": accumulate,
    "how many runs with weight decay failed?": both(decay, failed),
    "failed runs without weight decay": both(failed, no(decay)),
    "runs with dropout and EMA": both(dropout, ema),
    "unets with weight decay or dropout": both(unet, either(decay, dropout)),
    "unets without weight decay or dropout": both(unet, no(decay), no(dropout)),
    "neither EMA nor dropout": both(no(ema), no(dropout)),
    "runs with both weight decay and gradient clipping": both(decay, clip),
    "runs with weight decay but no dropout": both(decay, no(dropout)),
    "runs with dropout on MNIST": both(dropout, mnist),
    "unets with dropout 0.2 and gradient clipping": both(unet, at(dropout_value, lambda v: v == 0.2), clip),
    "dropout 0.1 or higher": at(dropout_value, lambda v: v >= 0.1),
    "gradient norm clipped at 1": at(clip_value, lambda v: v == 1),
    "runs with clipping": clip,
    "clipping of 0.5": at(clip_value, lambda v: v == 0.5),
    "gradient clipping below 0.8": at(clip_value, lambda v: v < 0.8),
    "gradient clipping set to 1": at(clip_value, lambda v: v == 1),
    "warmup of 500 steps": warmup,
    "warmup of at least 100 steps": warmup,
    "runs with 500 warmup steps": warmup,
    "gradient clipping is not recorded": lambda one: not one.get("config"),
    "which runs have no recorded weight decay?": lambda one: not one.get("config"),
    "runs with a recorded gradient clipping": lambda one: bool(one.get("config")),
    "same gradient clipping as s-04": both(no(clip), lambda one: one["run_id"] != "s-04"),
}


def ids(found):
    return {one["run_id"][-2:] for one in found.rows}


@pytest.mark.parametrize("question", USED)
def test_runs_are_those_of_which_it_is_known(ask, question):
    found, holds = ask(question), USED[question]
    assert ids(found) == {n for n, one in ROWS.items() if holds(one) is True}
    assert found.unknown == sum(holds(one) is None for one in ROWS.values())
    assert not found.unread


LABELS = {"gradient clipping": clip, "dropout": dropout, "EMA": ema, "weight decay": decay, "warmup": warmup}
FORMS = ("did s-{n} use {what}?", "is {what} used in s-{n}?", "does s-{n} have {what}?", "has s-{n} got {what}?")


@pytest.mark.parametrize(("what", "form"), [*product(LABELS, FORMS)])
def test_yes_no_and_not_recorded_of_one_run(ask, ask_plain, what, form):
    for n in ("00", "04", "05", "06", "08", "10", "11"):
        question = form.format(n=n, what=what)
        assert ask(question).verdict is LABELS[what](ROWS[n]), question
        said = {"dropout": "label dropout", "EMA": "EMA"}.get(what, "?") in ROWS[n]["description"]
        assert ask_plain(question).verdict is (True if said else None), question


@pytest.mark.parametrize(
    ("question", "column", "n"),
    [
        ("what was the weight decay of s-04", "config.optimizer.weight_decay", ["04"]),
        ("EMA decay of s-08", "config.ema_decay", ["08"]),
        ("gradient clipping of s-04", "config.trainer.gradient_clip_val", ["04"]),
        ("betas of s-10", "config.optimizer.betas", ["10"]),
        ("compare weight decay of s-04 and s-08", "config.optimizer.weight_decay", ["04", "08"]),
        ("what dropout did the best CIFAR-10 run use?", "config.model.dropout", ["23"]),
        ("what is the weight decay of the best MNIST run", "config.optimizer.weight_decay", ["22"]),
        ("which cluster was s-06 on?", "extra.cluster", ["06"]),
        ("cost_eur of s-06", "extra.cost_eur", ["06"]),
    ],
)
def test_the_value_is_told_of_the_runs_that_are_named(ask, question, column, n):
    found = ask(question)
    facts = getattr(found.query.ask, "columns", ())
    assert column in (*found.query.show, *facts) and ids(found) == {*n} and not found.unread
    assert label(column) in found.said.lower().replace("ema", "EMA")


def test_a_share_and_groups_count_what_is_off(ask):
    known = [clip(one) for one in ROWS.values() if clip(one) is not None]
    share = ask("what share of runs use gradient clipping").groups.rows[0]
    assert share.value == pytest.approx(sum(known) / len(known)) and share.count == len(known)
    groups = ask("how many runs per gradient clipping").groups
    assert {one.key: one.value for one in groups.rows}["off"] == known.count(False)
    assert groups.without_key == len(ROWS) - len(known)
    by_dropout = ask("average FID by dropout").groups.rows
    of_each = {}
    for one in ROWS.values():
        if one["config"]:
            of_each.setdefault(f"{one['config']['model']['dropout']:g}", []).append(one["metrics"]["fid"])
    assert {r.key: r.value for r in by_dropout} == pytest.approx({k: sum(v) / len(v) for k, v in of_each.items()})


@pytest.mark.parametrize("what", ["gradient clipping", "weight decay", "dropout", "EMA", "warmup"])
@pytest.mark.parametrize("form", ["runs with {}", "runs without {}", "which runs used {}?", "no {}"])
def test_where_no_setting_is_recorded_a_text_says_yes_and_nothing_says_no(ask_plain, what, form):
    found = ask_plain(form.format(what))
    said = {n for n, one in PLAIN.items() if what in one["description"]}
    assert ids(found) == (said if "without" not in form and "no" not in form.split() else set())
    assert found.unknown == len(PLAIN) - len(said)


def test_what_is_asked_of_a_setting_without_a_record_is_said_to_be_unknown(ask_plain):
    found = ask_plain("what guidance scale was used on MNIST?")
    assert ids(found) == {n for n, one in PLAIN.items() if mnist(one)}
    assert "guidance scale" in found.said.lower() and "unknown" in found.said


BESIDE = {
    "cluster: juwels": lambda one: one.get("cluster") == "juwels",
    "runs on cluster juwels": lambda one: one.get("cluster") == "juwels",
    "runs on alps": lambda one: one.get("cluster") == "alps",
    "runs without a cluster": lambda one: "cluster" not in one,
    "cost_eur above 20": lambda one: one.get("cost_eur", 0) > 20,
    "tagged paper": lambda one: "paper" in one["tags"],
    "runs that are tagged scratch": lambda one: "scratch" in one["tags"],
    "tagged paper or old": lambda one: bool({"paper", "old"} & {*one["tags"]}),
    "tagged scratch and old": lambda one: {"scratch", "old"} <= {*one["tags"]},
    "tagged paper on MNIST": lambda one: "paper" in one["tags"] and mnist(one),
    "not tagged paper": lambda one: "paper" not in one["tags"],
    "notes say do not delete": lambda one: "do not delete" in (one["notes"] or ""),
    "runs whose notes say for the paper": lambda one: "for the paper" in (one["notes"] or ""),
    "notes contain delete": lambda one: "delete" in (one["notes"] or ""),
    "notes contain delete and on MNIST": lambda one: "delete" in (one["notes"] or "") and mnist(one),
}


@pytest.mark.parametrize("question", BESIDE)
def test_tags_notes_and_keys_of_an_import_are_found(ask, question):
    found = ask(question)
    assert ids(found) == {n for n, one in ROWS.items() if BESIDE[question](one)}
    assert not found.unread


def test_figures_of_a_key_of_an_import(ask):
    costs = [one["cost_eur"] for one in ROWS.values() if "cost_eur" in one]
    assert ask("mean cost_eur").groups.rows[0].value == pytest.approx(sum(costs) / len(costs))
    assert ids(ask("highest cost_eur")) == {"21"}


def test_runs_without_settings_are_not_said_to_have_no_text():
    assert len({lacking(column) for column in ("text", "config text", "extra text", "layers text")}) == 4


def test_the_name_of_a_setting_is_no_text_of_the_runs_that_have_it(ask):
    assert not ask("runs about grad").rows


def test_a_setting_is_called_by_its_last_name():
    assert label("config.trainer.gradient_clip_val") == "gradient clip val"
    assert label("config.optimizer.weight_decay") == "weight decay"
    assert label("config.ema.decay") == "EMA decay" and label("config.ema_decay") == "EMA decay"
