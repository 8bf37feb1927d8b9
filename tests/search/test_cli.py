"""`python search.py` as a person and a program meet it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diffusionlab.search.show.cli import main
from tests.search.fixture_runs import RUNS, records

ROOT = Path(__file__).parents[2]
NOW = "2025-06-18T12:00:00+00:00"


@pytest.fixture
def search(registry, capsys, monkeypatch):
    """Run the command in this process: (exit code, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["--registry", registry.uri, "--now", NOW, *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def ids(search, *arguments: str) -> list[str]:
    code, out, err = search(*arguments, "--json")
    assert code == 0, err
    return [hit["run_id"] for hit in json.loads(out)["hits"]]


def test_page_has_reading_flags_table_and_answer(search):
    code, out, err = search("lowest FID on Fashion-MNIST")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "Reading  dataset = Fashion-MNIST; fid, lowest first, 1"
    assert lines[1] == "Flags    --dataset Fashion-MNIST --where 'fid is known' --sort fid --limit 1"
    assert lines[3].split()[:2] == ["run", "name"] and lines[4].startswith("run-009  fmnist-unet-guided")
    assert "Next: run-031" in out and "Lowest FID" not in out  # which the table shows
    assert "Skipped (no FID): run-011." in " ".join(out.split())


@pytest.mark.parametrize("width", [80, 120, 200])
def test_table_fits_the_terminal(search, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = search("unets since March")
    assert all(len(line) <= width for line in out.splitlines()[3:])


def test_json_is_one_object_with_evidence(search):
    code, out, err = search("top 2 FID on CIFAR-10", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    parts = {"query", "interpretation", "intent", "total", "hits", "answer", "warnings"}
    assert set(found) == parts | {"aggregate", "verdict", "unknown", "unread"}
    assert found["total"] == 9 and [hit["run_id"] for hit in found["hits"]] == ["run-032", "run-020"]
    assert found["hits"][0]["evidence"]["fid"]["value"] == 3.2
    assert found["hits"][0]["evidence"]["dataset"]["value"] == "CIFAR-10"
    words = json.loads(search("Heun solver", "--json")[1])["hits"][0]["evidence"]["text"]["value"]
    assert "second-order Heun solver" in words[0]


def test_csv_columns_and_wide(search):
    rows = list(
        csv.DictReader(io.StringIO(search("top 2 FID on CIFAR-10", "--csv", "--columns", "run_id,lr,params")[1]))
    )
    assert rows == [
        {"run_id": "run-032", "lr": "0.001", "num_parameters": "55700000"},
        {"run_id": "run-020", "lr": "0.0001", "num_parameters": "130100000"},
    ]
    heads = search("DiTs", "--wide")[1].splitlines()[3]
    assert (
        heads.split()
        == (  # noqa: SIM905
            "Rank Model ID Similarity Score Distance Size Created Modified Path Description Framework Arch Dataset Batch LR "  # noqa: E501
            "Optimizer Epochs HW"
        ).split()
    )


def test_flags_beat_the_words(search):
    assert set(ids(search, "unets on MNIST", "--dataset", "stl10")) == {"run-034"}
    assert ids(search, "best FID on MNIST", "--limit", "2") == ["run-003", "run-005"]
    assert ids(search, "best FID on MNIST", "--sort", "val_loss", "--limit", "1") == ["run-003"]
    assert set(ids(search, "runs in April", "--since", "2025-06-16", "--until", "2025-06-17")) == {"run-034", "run-035"}
    assert set(ids(search, "MNIST", "--where", "dataset = celeba and not unet")) == {"run-028"}
    assert set(ids(search, "unets", "--arch", "dit", "--dataset", "mnist,stl-10")) == {"run-005", "run-035"}


def test_printed_flags_repeat_the_limit_even_where_nothing_is_found(search):
    said = json.loads(search("demo on garments, newest first", "--limit", "5", "--json")[1])["interpretation"]
    assert said["flags"].endswith("--sort created:desc --limit 5")


def test_no_parse_takes_words_as_words(search):
    assert ids(search, "without MNIST", "--no-parse") == []
    assert set(ids(search, "rectified flow", "--no-parse")) == {"run-035", "run-036"}


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("fid < 10 and (dataset = mnist or dataset = cifar-10) and not transformer", {3, 14, 15, 16, 32, 33}),
        ("optimizer in (sgd, lion)", {4, 12, 30}),
        ("lr between 2e-3 and 1", {12}),
        ("params >= 100M and status != crashed", {20, 27}),
        ("fid is unknown and val_loss is known", {11, 36}),
        ("created = 2025-05 or modified >= 2025-06-18", {25, 26, 27, 28, 36}),
        ('text ~ ("moving average", "heun")', {14, 32}),
        ("name ~ catdog", {24, 25}),
        ("hardware = mps", {31}),
    ],
)
def test_where_grammar(search, where, wanted):
    assert {int(i[-3:]) for i in ids(search, "--where", where)} == wanted


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([""], "ask something"),
        (["🤖 ?"], "no word"),
        (["a" * 10_000], "at most 2,000"),
        (["x", "--where", "fid <"], "expected a value"),
        (["x", "--where", "fidd < 3"], "nearest: fid"),
        (["x", "--where", "((fid < 3)"], "not closed"),
        (["x", "--where", "fid < 3; DROP TABLE runs"], "3;"),
        (["x", "--where", "not " * 5000 + "unet"], "100 levels"),
        (["x", "--since", "soon"], "no date"),
        (["x", "--now", "tomorrow-ish"], "no time"),
        (["x", "--arch", "unnet"], "nearest: unet"),
        (["x", "--sort", "arch"], "has no order"),
        (["x", "--limit", "0"], "not a number of runs"),
        (["x", "--limit", "many"], "not a number of runs"),
        (["x", "--like", "run-0200"], "nearest: run-020"),
        (["x", "--image", "shoe.png"], "search.embedder=open_clip"),
        (["x", "search.embedder=bert"], "none of: default, open_clip"),
        (["x", "--columns", "colour"], "no field 'colour'"),
    ],
)
def test_bad_input_is_one_clear_line(search, arguments, told):
    code, out, err = search(*arguments)
    assert code == 2 and out == ""
    assert err.startswith("error: ") and len(err.splitlines()) == 1 and told in err


@pytest.mark.parametrize(
    "question",
    [
        "'; DROP TABLE runs; --",
        "' OR 1=1 --",
        "x' OR '1'='1",
        '"',
        "O'Brien",
        "\x1b[31mred\x00",
        "что это",
        "扩散模型",
        "%s%n {0} $(rm -rf /)",
        "../../etc/passwd",
    ],
)
def test_hostile_questions_find_nothing_that_does_not_match(search, question):
    code, out, err = search(question, "--json")
    found = json.loads(out)
    assert found["hits"] == [] and code in (0, 2)
    assert "Traceback" not in err
    code, out, err = search(question)
    assert "\x1b[31m" not in out and "\x00" not in out


def test_missing_and_broken_registries_say_what_to_type(tmp_path, capsys):
    assert main(["unets", "--registry", str(tmp_path / "none")]) == 2
    assert "import" in capsys.readouterr().err
    broken = tmp_path / "broken"
    (broken / "runs.lance" / "_versions").mkdir(parents=True)
    (broken / "runs.lance" / "_versions" / "1.manifest").write_bytes(b"")
    assert main(["unets", "--registry", str(broken)]) == 2
    err = capsys.readouterr().err
    assert "rebuild" in err and len(err.splitlines()) == 1


def test_facts_that_disagree_with_the_config_are_flagged(tmp_path, capsys):
    from diffusionlab.registry.storage.table import Registry

    record = records()[0]
    record.config = {"data": {"batch_size": 64}, "optimizer": {"lr": 1e-3}}
    record.sources = {"batch_size": "person"}
    Registry(tmp_path).upsert([record])
    assert main(["runs on MNIST", "--registry", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == [
        "run-001: batch size is 128 by person and 64 by its config"
    ]


def test_a_search_imports_nothing_heavy(registry):
    """But for pandas, which pyarrow imports if it is installed; an import contract keeps it out of ours."""
    code = (
        "import sys; from diffusionlab.search.show.cli import main; "
        f"main(['top 3 FID on CIFAR-10', '--json', '--registry', {registry.uri!r}]); "
        "heavy = [m for m in ('torch', 'pytorch_lightning', 'lightning', 'hydra', 'omegaconf', 'open_clip', 'PIL', 'matplotlib') if m in sys.modules]; "  # noqa: E501
        "sys.exit(' '.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["hits"]) == 3


def test_the_script_itself(registry):
    done = subprocess.run(
        [sys.executable, "search.py", "how many runs failed?", "--registry", registry.uri],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    failed = [run.id for run in RUNS if run.status == "failed"]
    assert f"{len(failed)} runs." in done.stdout and all(run_id in done.stdout for run_id in failed)


def test_a_time_to_the_second_is_a_moment_and_one_to_the_minute_a_period(search):
    created = {run.id for run in RUNS if run.created.isoformat() > "2025-02-03T13:00:00+00:00"}
    assert set(ids(search, "--where", "created > 2025-02-03T13:00:00")) == created
    code, out, _ = search("--where", "created = 2025-02-03T13:00", "--json")
    assert code == 0 and [hit["run_id"] for hit in json.loads(out)["hits"]] == ["run-007"]
    code, out, _ = search("runs newer than run-007", "--json")
    assert {hit["run_id"] for hit in json.loads(out)["hits"]} == created


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--figure", "count", "--by", "status"], {"crashed": 1, "failed": 2, "finished": 31, "interrupted": 1}),
        (["--figure", "max epochs", "--by", "dataset", "--sort", "figure:desc"], {"Fashion-MNIST": 1000}),
        (["--figure", "distinct optimizer", "--by", "quarter", "--dataset", "MNIST"], {"2024-Q4": 3, "2025-Q2": 1}),
        (["--figure", "sum epochs", "--where", "dataset = CelebA"], {"all": 158}),
        (["--figure", "mean fid", "--by", "arch", "--dataset", "STL-10"], {"unet": 23.6, "dit": 27.7}),
        (["--figure", "std fid", "--by", "created_weekday", "--dataset", "STL-10"], {}),
    ],
)  # fmt: skip
def test_figures_of_groups_by_flags(search, flags, wanted):
    code, out, err = search(*flags, "--json")
    assert (code, err) == (0, "")
    rows = {row["key"]: row["value"] for row in json.loads(out)["aggregate"]["rows"]}
    assert rows.items() >= wanted.items() and (wanted or not rows)


def test_figures_that_do_not_compare_are_also_given_apart(search):
    found = json.loads(search("--figure", "mean fid", "--by", "optimizer", "--json")[1])["aggregate"]
    assert found["apart"] == "FID does not compare between data sets"
    assert {row["key"]: row["value"] for row in found["within"]["CelebA"]} == {"AdamW": pytest.approx(12.35)}
    assert json.loads(search("--figure", "mean fid", "--by", "dataset", "--json")[1])["aggregate"]["apart"] is None


@pytest.mark.parametrize(
    ("flags", "count"),
    [(["--limit", "10%"], 4), (["--all-but", "25"], 6), (["--all-but", "90%"], 3), (["--limit", "100%"], 31)],
)
def test_part_of_the_runs_in_order(search, flags, count):
    hits = json.loads(search("--sort", "fid", "--where", "fid is known", *flags, "--json")[1])["hits"]
    assert len(hits) == count
    fids = [hit["metrics"]["fid"] for hit in hits]
    assert fids == sorted(fids) and (fids[0] == 3.2) == ("--limit" in flags)


@pytest.mark.parametrize(
    ("flags", "verdict"),
    [
        (["--compare", "run_id = run-032", "--compare", "run_id = run-020", "--better", "any"], True),
        (["--compare", "run_id = run-032", "--compare", "run_id = run-020", "--worse", "fid"], False),
        (["--compare", "dataset = MNIST", "--compare", "dataset = CelebA", "--better", "fid"], None),
        (["--where", "run_id = run-020", "--check", "dit"], True),
        (["--where", "run_id = run-020", "--check", "dataset = MNIST"], False),
        (["--where", "run_id = run-020", "--check", "seconds > 5"], None),
        (["--where", "fid < 1", "--check", "anything"], None),
        (["--dataset", "CelebA", "--check", "anything"], True),
    ],
)
def test_yes_no_or_not_recorded(search, flags, verdict):
    found = json.loads(search(*flags, "--json")[1])
    assert found["verdict"] is verdict
    assert found["answer"].startswith({True: "Yes", False: "No", None: "That is not known"}[verdict])
