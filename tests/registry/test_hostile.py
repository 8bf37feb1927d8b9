"""Records that a stranger, another version or a fault has written: each is taken in or named, and all else answers."""

import csv
import io
import json
import math
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from diffusionlab.registry.manage.cli import main
from diffusionlab.registry.manage.compare import compare
from diffusionlab.registry.manage.display import show_comparison, show_run
from diffusionlab.registry.manage.edits import run_folder
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.manage.transfer import FORMATS, export_runs
from diffusionlab.registry.record.columns import KINDS
from diffusionlab.registry.record.liveness import actual_status
from diffusionlab.registry.record.rows import to_rows
from diffusionlab.registry.record.run_record import RunRecord, read_record, utc_now, write_record
from diffusionlab.registry.record.schema import to_record, to_table
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.gallery import write_gallery

pytestmark = pytest.mark.faults


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return value


VALUES = [
    2**40, 2**63, -(2**63), 10**400, 1e308, -1e308, 5e-324, math.nan, -math.inf, 0, -0.0, True, "", "\0", "\ud800",
    "nan", "1e999", "\x1b[31m", "=HYPERLINK()", "x" * 70_000, [], [None, [1]], [{}], {}, {"a": math.nan}, {"": 1},
    {"a": {"b": [1e308]}}, {"\ud800": "\ud800"}, {"condition": 3}, {"condition": {"style": 5}}, {"data": [1]},
    {"p": {"fid": {}}}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", nested(30), nested(90), "/etc",
]  # fmt: skip


def hostile(column: str, number: int, value: Any) -> dict[str, Any]:
    """A run that says to be at work here, under a protocol, with one value that nobody expects."""
    usual = {"name": "n", "status": "running", "heartbeat_at": utc_now().isoformat(), "host": socket.gethostname()}
    figures = {"metrics": {"fid": 3.0}, "protocol": "p", "evaluations": {"p": {"fid": 3.0}}}
    return {"run_id": f"{column}-{number}", "pid": os.getpid(), **usual, **figures, column: value}


HOSTILE = [
    hostile(column, number, value)
    for column in [*KINDS, "another", "params"]
    for number, value in enumerate(VALUES)
    if column != "run_id"
]


def read(data: dict[str, Any]) -> RunRecord | None:
    """The record of what a file says; None if it is refused, in one line."""
    try:
        return RunRecord.from_json(json.loads(json.dumps(data)))
    except ValueError as error:
        assert "\n" not in str(error) and len(str(error)) < 300
        return None


def test_what_is_taken_in_goes_through_everything_and_comes_back() -> None:
    taken = [record for data in HOSTILE if (record := read(data)) is not None]
    assert len(taken) > len(HOSTILE) / 3
    other = RunRecord(run_id="z", name="z")
    for record, row in zip(taken, to_rows(to_table(taken)), strict=True):
        assert to_record(row) == record
        assert read(record.to_json()) == record
        actual_status(vars(record))
    screen = Console(file=io.StringIO(), width=100)
    for record in taken[::7]:
        screen.print(show_run(record, record.status))
        screen.print(show_comparison(compare([record, other])))
    for form in FORMATS:
        export_runs(taken, io.BytesIO(), form)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([*KINDS, "another"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
)
def test_any_json_at_all_is_refused_or_comes_back_from_its_row(column: str, value: Any) -> None:
    record = read({"run_id": "a", "name": "a", column: value})
    assert record is None or to_record(to_rows(to_table([record]))[0]) == record


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a registry of hostile imports, and of one good run."""
    place = tmp_path_factory.mktemp("crowd")
    lines = [json.dumps(data) for data in [*HOSTILE, {"run_id": "good", "name": "good"}] if read(data) is not None]
    (place / "runs.jsonl").write_text("\ufeff" + "\n".join(lines))
    assert main(["import", str(place / "runs.jsonl"), "--registry", str(place / "registry")]) == 0
    return place


@pytest.mark.parametrize(
    "command", [["show", "good"], ["show", "pid-0"], ["compare", "good", "config-29"], ["check"], ["export", "-"]]
)
def test_every_command_answers_in_a_crowd_of_them(
    crowd: Path, command: list[str], capfdbinary: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(crowd)
    assert main([*command, "--registry", "registry"]) == 0
    printed = capfdbinary.readouterr()
    assert b"\x1b" not in printed.out and not printed.err


def test_the_gallery_shows_them_all(crowd: Path) -> None:
    registry = Registry(crowd / "registry")
    page, shown = write_gallery(registry, crowd / "gallery.html")
    assert shown == registry.count() and page.stat().st_size > 100_000


RUN_FILES: dict[str, Callable[[Path], Any]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:200]),
    "zeros": lambda file: file.write_bytes(b"\0" * 900),
    "a list": lambda file: file.write_text("[1]"),
    "nested": lambda file: file.write_text("[" * 100_000),
    "newer": lambda file: file.write_text('{"run_id": "bad", "lr": {"start": 1}}'),
    "no id": lambda file: file.write_text("{}"),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "a link elsewhere": lambda file: (file.unlink(), file.symlink_to("/etc/passwd")),
    "a link to itself": lambda file: (file.unlink(), file.symlink_to(file)),
}


@pytest.mark.parametrize("how", RUN_FILES)
def test_a_spoilt_run_file_costs_its_own_run_alone_and_is_named(
    tmp_path: Path, how: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for run_id in ("bad", "good"):
        recording = RunRecorder("registry", Path("outputs", run_id), RunRecord(run_id=run_id, name=run_id))
        recording.start()
        recording.finish("finished", metrics={"fid": 2.0})
        recording.close()
    registry = Registry("registry")
    registry.announce(tmp_path / "outputs" / "bad")
    RUN_FILES[how](tmp_path / "outputs" / "bad" / "run.json")
    assert [row["run_id"] for row in Registry("registry").rows()] == ["bad", "good"]  # by its row so far
    registry.flush()
    assert [row["run_id"] for row in Registry("registry").rows()] == ["bad", "good"]
    assert main(["tag", "good", "fine"]) == main(["show", "bad"]) == 0
    capsys.readouterr()
    assert main(["check"]) == 1
    assert "outputs/bad" in capsys.readouterr().out


def test_a_byte_order_mark_is_no_part_of_a_record(tmp_path: Path) -> None:
    write_record(RunRecord(run_id="a", name="a"), tmp_path)
    (tmp_path / "run.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "run.json").read_bytes())
    assert read_record(tmp_path).run_id == "a"


def test_what_another_version_left_waiting_is_passed_over(tmp_path: Path) -> None:
    registry, folder = Registry(tmp_path / "registry"), tmp_path / "run"
    write_record(RunRecord(run_id="a", name="a"), folder)
    registry.announce(folder)
    others = [{"run_id": "b", "name": "b"}, {"folder": 3}, {"journal": -1}, {"journal": True}, {"object": "x"}, {}]
    with (tmp_path / "registry" / "pending.jsonl").open("a") as file:
        file.write("\n".join(json.dumps(other) for other in others) + "\n[]\n\0\0\n{")
    assert [row["run_id"] for row in registry.rows()] == ["a"]
    registry.flush()
    assert [row["run_id"] for row in registry.rows()] == ["a"]


def test_a_folder_whose_name_is_not_utf8_is_recorded_found_and_edited(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system holds no such name")
    facts = {"name": folder.name, "config": {"data": {"root": str(folder)}}, "notes": "\udcff"}
    recording = RunRecorder(str(tmp_path / "registry"), folder, RunRecord(run_id="a", **facts))
    recording.start()
    recording.finish("finished")
    assert read_record(folder).path == str(folder)
    assert read_record(folder).config == facts["config"]
    registry = Registry(tmp_path / "registry")
    for _ in range(2):
        record = registry.get("a")
        assert record is not None and (record.path, record.status) == (str(folder), "finished")
        assert run_folder(record.path, "a") == folder
        assert record.config == facts["config"]
        registry.flush()
    assert main(["tag", "a", "found", "--registry", registry.uri]) == 0
    assert read_record(folder).tags == ["found"]
    rows = registry.rows(columns=["path", "name", "notes"])
    json.dumps(rows, ensure_ascii=False).encode()  # as an answer prints it
    assert rows[0]["path"].startswith("file:///") and rows[0]["path"].endswith("/caf%E9")


def test_no_cell_of_a_csv_is_a_formula() -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"]
    runs = [RunRecord(run_id=text, name=text, lr=-1.0, metrics={text: -2.0}, tags=[text]) for text in texts]
    out = io.BytesIO()
    export_runs(runs, out, "csv")
    for row in csv.reader(io.StringIO(out.getvalue().decode(), newline="")):
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r", "\uff1d"))
            assert not cell.startswith("-") or float(cell) < 0
