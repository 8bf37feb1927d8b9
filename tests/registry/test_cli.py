"""`python registry.py` as a person types it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diffusionlab.registry.manage.cli import main, parser
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.registry.record.run_record import RunRecord, write_record
from diffusionlab.registry.storage.table import Registry
from diffusionlab.scripts.registry import MORE

ROOT = Path(__file__).parents[2]
RUNS = [
    {
        "run_id": "20250314-a1",
        "name": "unet",
        "created_at": "2025-03-14",
        "arch_tags": ["unet"],
        "metrics": {"fid": 9.5},
        "config": {"model": {"channels": 64}},
        "layers": ["net: UNet", "net.in: Conv2d(64)", "net.out: Conv2d(3)"],
    },
    {
        "run_id": "20250314-b2",
        "name": "unet",
        "created_at": "2025-03-15",
        "arch_tags": ["unet"],
        "metrics": {"fid": 8.0},
        "config": {"model": {"channels": 96}},
        "layers": ["net: UNet", "net.in: Conv2d(96)", "net.out: Conv2d(3)"],
    },
    {"run_id": "x", "name": "[red]dit[/red]\u001b[31m", "arch_tags": ["dit"], "notes": "[bold]not markup"},
]


@pytest.fixture(autouse=True)
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    Path("runs.jsonl").write_text("".join(json.dumps(run) + "\n" for run in RUNS))
    assert main(["import", "runs.jsonl"]) == 0
    assert "imported 3 runs" in capsys.readouterr().out


def out(capsys: pytest.CaptureFixture, *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def error(capsys: pytest.CaptureFixture, *arguments: str) -> str:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ") and said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize(
    ("typed", "run_id"), [("latest", "20250314-b2"), ("20250314-a", "20250314-a1"), ("x", "x"), (RUNS[2]["name"], "x")]
)
def test_a_run_is_an_id_a_prefix_latest_or_a_name(typed: str, run_id: str) -> None:
    assert find_run(None, typed).run_id == run_id


def test_a_run_is_a_run_folder_too_without_any_registry(tmp_path: Path) -> None:
    write_record(RunRecord(run_id="y", name="y"), tmp_path / "somewhere")
    assert find_run(str(tmp_path / "none"), str(tmp_path / "somewhere")).run_id == "y"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("unet", "is the name of 2 runs: type one of 20250314-a1, 20250314-b2"),
        ("2025", "begins the ids of 2 runs: type one of 20250314-a1, 20250314-b2"),
        ("20250314-c3", "did you mean 20250314-"),
        ("nothing like it", "there are 20250314-a1, 20250314-b2, x"),
        ("", "no run is named"),
        ("'; DROP TABLE runs", 'no run "\'; DROP TABLE runs"'),
    ],
)
def test_what_is_no_run_is_told_with_what_could_be(typed: str, says: str) -> None:
    with pytest.raises(ValueError) as told:
        find_run(None, typed)
    assert says in str(told.value) and "\n" not in str(told.value)


def test_show_gives_facts_with_sources_and_no_text_becomes_markup_or_control(capsys: pytest.CaptureFixture) -> None:
    shown = out(capsys, "show", "latest")
    assert "metrics.fid" in shown and "import" in shown
    shown = out(capsys, "show", "x")
    assert "[red]dit[/red]" in shown and "[bold]not markup" in shown and "\u001b" not in shown


def test_show_lists_layers_where_they_are_asked_for(capsys: pytest.CaptureFixture) -> None:
    assert "net.in: Conv2d(96)" not in out(capsys, "show", "latest")
    assert "net.in: Conv2d(96)" in out(capsys, "show", "latest", "--layers")


@pytest.mark.parametrize("command", ["list", "ls"])
def test_list_is_a_line_a_run_newest_first_within_eighty_columns(
    command: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = {"run_id": "20250313-100500-3fa9c1", "name": "a_name_" * 12, "dataset": "Fashion-MNIST"}
    Path("long.jsonl").write_text(json.dumps(long | {"status": "interrupted", "created_at": "2025-03-13"}))
    assert main(["import", "long.jsonl"]) == 0
    capsys.readouterr()
    shown = out(capsys, command)
    assert [line.split()[0] for line in shown.splitlines()[1:]] == ["20250314-b2", "20250314-a1", long["run_id"], "x"]
    assert max(map(len, shown.splitlines())) <= 80 and "\u001b" not in shown
    shown = out(capsys, command, "--limit", "1")
    assert "20250314-b2" in shown and "20250314-a1" not in shown and "1 of 4 runs" in shown
    assert "lists nothing" in error(capsys, command, "--limit", "0")


def test_compare_shows_what_differs_in_groups_and_the_layers(capsys: pytest.CaptureFixture) -> None:
    lines = [line.split() for line in out(capsys, "compare", "20250314-a1", "20250314-b2").splitlines()]
    assert ["config.model.channels", "64", "96"] in lines and ["FID", "9.5", "8"] in lines
    assert lines.index(["training"]) < lines.index(["result"]) < lines.index(["layers"])
    assert ["-net.in:", "Conv2d(64)"] in lines and ["+net.in:", "Conv2d(96)"] in lines
    assert "one run cannot be compared" in error(capsys, "compare", "x")


def test_edits(capsys: pytest.CaptureFixture) -> None:
    assert out(capsys, "tag", "x", "good", "paper") == "x: good, paper\n"
    assert out(capsys, "tag", "x", "--remove", "paper") == "x: good\n"
    assert out(capsys, "note", "x", "two") == "x: [bold]not markup\ntwo\n"
    assert out(capsys, "note", "x", "one", "--replace") == "x: one\n"
    assert out(capsys, "rename", "x", "new name") == "x is now new name\n"
    assert out(capsys, "show", "new name")
    record = Registry().get("x")
    assert record is not None and record.sources["tags"] == record.sources["name"] == "person"
    assert "no tag is given" in error(capsys, "tag", "x")
    assert "the new name is empty" in error(capsys, "rename", "x", " ")


def test_delete_restore_purge(capsys: pytest.CaptureFixture) -> None:
    out(capsys, "delete", "x")
    assert "run x is deleted: type `registry.py restore x`" in error(capsys, "tag", "x", "t")
    assert len(out(capsys, "export", "-").splitlines()) == 2
    assert len(out(capsys, "export", "-", "--deleted").splitlines()) == 3
    out(capsys, "restore", "x")
    assert "is not deleted" in error(capsys, "purge", "x")
    out(capsys, "delete", "x")
    assert "purged 1 runs" in out(capsys, "purge")
    assert Registry().get("x") is None
    out(capsys, "rebuild")
    assert Registry().get("x") is None


def test_a_broken_registry_says_rebuild_and_rebuild_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    min((tmp_path / "registry" / "runs.lance" / "_versions").glob("*.manifest")).write_bytes(b"")
    assert "python registry.py rebuild" in error(capsys, "show", "latest")
    assert "3 imported ones" in out(capsys, "rebuild")
    assert "all is well" in out(capsys, "check")
    assert out(capsys, "show", "latest")


def test_check_exits_with_one_where_something_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_record(RunRecord(run_id="y", name="y"), tmp_path / "outputs" / "y")
    assert main(["check"]) == 1
    assert "run y" in capsys.readouterr().out
    assert "1 runs from run folders" in out(capsys, "rebuild")
    assert "all is well" in out(capsys, "check")


@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet", "again.jsonl"])
def test_export_by_the_ending_of_the_name(tmp_path: Path, capsys: pytest.CaptureFixture, name: str) -> None:
    assert f"wrote 3 runs to {name}" in out(capsys, "export", name)
    assert (tmp_path / name).stat().st_size > 100
    assert "fragments" in out(capsys, "optimize")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["shw"],
        ["show"],
        ["show", "x", "--nonsense"],
        ["import", "no such file"],
        ["export", "no/such/folder.csv"],
        ["export", "runs.xlsx"],
        ["export", "runs"],
        ["show", "latest", "--registry", "nowhere"],
        ["import", "."],
    ],
)
def test_a_mistake_is_one_line_and_exit_two(capsys: pytest.CaptureFixture, arguments: list[str]) -> None:
    error(capsys, *arguments)


def test_the_script_itself(tmp_path: Path) -> None:
    def script(*arguments: str) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, str(ROOT / "registry.py"), *arguments]
        return subprocess.run(call, capture_output=True, text=True, env=os.environ | {"LANCE_LOG": "error"})

    teaching = script("--help")
    assert teaching.returncode == 0 and "examples:" in teaching.stdout
    wrong = script("show", "nope", "--registry", str(tmp_path / "registry"))
    assert (wrong.returncode, wrong.stdout) == (2, "") and "Traceback" not in wrong.stderr
    assert wrong.stderr.startswith("error: no run 'nope'")


def test_a_run_folder_that_was_moved_is_where_it_is_now(tmp_path: Path) -> None:
    write_record(RunRecord(run_id="a", name="a", path=str(tmp_path / "before")), tmp_path / "now")
    assert find_run(None, str(tmp_path / "now")).path == str(tmp_path / "now")


def test_list_and_show_say_why_a_run_did_not_finish(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    long_ago = "2025-03-16T10:00:00+00:00"
    crashed = {"run_id": "c", "name": "c", "status": "running", "heartbeat_at": long_ago, "host": "far", "pid": 7}
    failed = {"run_id": "f", "name": "f", "status": "failed", "reason": "out of memory with data.batch_size=64"}
    stopped = {"run_id": "s", "name": "s", "status": "finished", "reason": "of an earlier try"}
    Path("ended.jsonl").write_text("".join(json.dumps(run) + "\n" for run in (crashed, failed, stopped)))
    assert main(["import", "ended.jsonl"]) == 0
    listed = out(capsys, "list")
    assert "f: out of memory with data.batch_size=64" in listed and "an earlier try" not in listed
    assert "c: its process 7 on far ended without a word; last heard of 2025-03-16 10:00" in listed
    assert "out of memory" in out(capsys, "show", "f") and "last heard of 2025-03-16" in out(capsys, "show", "c")
    assert "an earlier try" not in out(capsys, "show", "s")


def test_show_begins_with_how_the_run_ended_and_its_figures(capsys: pytest.CaptureFixture) -> None:
    shown = out(capsys, "show", "latest")
    assert shown.index("metrics.fid") < shown.index("created_at") < shown.index("arch_tags")


def test_every_argument_of_every_command_has_a_comment() -> None:
    (commands,) = [one for one in parser(MORE)._actions if one.choices]
    silent = [(name, one.dest) for name, sub in commands.choices.items() for one in sub._actions if not one.help]
    assert not silent


def test_a_time_zone_that_changes_moves_no_run_to_another_day(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("far.jsonl").write_text(
        json.dumps({"run_id": "far", "name": "far", "created_at": "2025-03-14T23:30:00-05:00"})
    )
    assert main(["import", "far.jsonl"]) == 0
    capsys.readouterr()
    shown = set()
    try:
        for zone in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            shown.add((out(capsys, "list"), out(capsys, "show", "far")))
    finally:
        monkeypatch.undo()
        time.tzset()
    ((listed, known),) = shown
    assert "2025-03-15" in listed and "2025-03-15 04:30" in known
