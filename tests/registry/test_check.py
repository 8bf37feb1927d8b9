"""`check` says what is wrong and in which file, `check --fix` mends it, and what it cannot mend it leaves whole."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from diffusionlab.atomic import leftovers, replaced
from diffusionlab.registry.manage import edits
from diffusionlab.registry.manage.check import all_leftovers, check, fix
from diffusionlab.registry.manage.cli import main
from diffusionlab.registry.manage.rebuild import rebuild
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.manage.transfer import import_runs
from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.registry.storage.table import Registry

pytestmark = pytest.mark.faults


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def registry() -> Registry:
    """Two trained runs and two imported ones, all in the table."""
    registry = Registry("registry")
    for run_id in ("t1", "t2"):
        recording = RunRecorder(registry.uri, Path("outputs", run_id), RunRecord(run_id=run_id, name=run_id))
        recording.start()
        recording.finish("finished", metrics={"fid": 1.0})
        recording.close()
    import_runs(registry, [RunRecord(run_id=run_id, name="imported") for run_id in ("i1", "i2")])
    return registry


def spoil_run_file(registry: Registry) -> str:
    Path("outputs/t1/run.json").write_text('{"run_id": "t1", "lr": ')
    return "outputs/t1/run.json"


def spoil_journal_line(registry: Registry) -> str:
    with Path("registry/journal.jsonl").open("a") as file:
        file.write('{"run_id": "i3", "lr": "fast"}\n{"run_id": "i4", "na')
    return "registry/journal.jsonl, line 3: lr"


def double_a_row(registry: Registry) -> str:
    table = registry._store.latest()
    table.add(table.search().where("run_id = 't2'").to_arrow())
    return "run t2 has 2 rows"


def lose_a_row(registry: Registry) -> str:
    registry._delete(["t2"])
    return "run t2 (" + str(Path("outputs/t2").absolute())


def change_a_row(registry: Registry) -> str:
    record = registry.get("t2")
    assert record is not None
    record.seed = 99
    registry.upsert(record)
    return "run t2 differs in the table from"


@pytest.mark.parametrize("spoil", [spoil_run_file, spoil_journal_line, double_a_row, lose_a_row, change_a_row])
def test_fix_mends_what_check_names(
    registry: Registry, spoil: Callable[[Registry], str], capsys: pytest.CaptureFixture
) -> None:
    before = {record.run_id: record for record in registry.records()}
    named = spoil(registry)
    assert main(["check"]) == 1
    said = capsys.readouterr().out
    assert named in said and "check --fix" in said
    assert main(["check", "--fix"]) == 0
    assert "all is well" in capsys.readouterr().out
    registry = Registry("registry")
    assert {record.run_id: record for record in registry.records()} == before
    assert check(registry) == []
    assert read_record("outputs/t1").metrics == {"fid": 1.0}


def test_what_is_set_aside_is_kept_whole(registry: Registry) -> None:
    spoil_run_file(registry)
    spoil_journal_line(registry)
    fix(registry)
    spoil_run_file(registry)
    fix(registry)
    asides = sorted(Path("outputs/t1").glob("run.json.unreadable*"))
    assert [file.read_text() for file in asides] == ['{"run_id": "t1", "lr": '] * 2
    assert '"lr": "fast"' in Path("registry/journal-unreadable.jsonl").read_text()


def test_what_needs_a_hand_is_said_with_the_command(registry: Registry, capsys: pytest.CaptureFixture) -> None:
    shutil.rmtree("outputs/t2")
    assert main(["check", "--fix"]) == 1
    assert "type `registry.py delete t2`" in capsys.readouterr().out
    edits.delete(registry, "t2")
    assert main(["check"]) == 0


def test_imports_survive_a_wiped_registry(registry: Registry) -> None:
    edits.tag(registry, "i1", ["mine"])
    shutil.rmtree("registry")
    registry = Registry("registry")
    rebuild(registry)
    assert sorted(record.run_id for record in registry.records()) == ["i1", "i2", "t1", "t2"]
    shutil.rmtree("registry")
    import_runs(registry, [RunRecord(run_id="i3", name="later")])  # without a rebuild
    registry = Registry("registry")
    assert sorted(record.run_id for record in registry.records()) == ["i1", "i2", "i3"]
    assert registry.get("i1").tags == ["mine"]


def test_a_journal_without_a_copy_makes_one(registry: Registry) -> None:
    Path("registry-journal.jsonl").unlink()
    edits.tag(registry, "i1", ["mine"])
    assert Path("registry-journal.jsonl").read_bytes() == Path("registry/journal.jsonl").read_bytes()


def test_flipped_bits_in_the_snapshot_are_noticed_wherever_they_are(registry: Registry) -> None:
    expected = registry.rows()
    registry.leave_snapshot()
    snapshot = Path("registry/runs.arrow")
    sound = snapshot.read_bytes()
    assert len(sound) > 5000
    for place in range(0, len(sound), len(sound) // 60):
        spoilt = bytearray(sound)
        spoilt[place] ^= 1 << place % 8
        snapshot.write_bytes(spoilt)
        assert Registry("registry")._reader._left() is None
    assert Registry("registry").rows() == expected
    Registry("registry").leave_snapshot()
    assert Registry("registry")._reader._left() is not None
    assert Registry("registry").rows() == expected


KILLED_WHILE_WRITING = """
import os, pathlib, signal, sys
from diffusionlab.atomic import replaced
with replaced(pathlib.Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_while_writing(file: Path) -> Path:
    done = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, file])
    assert done.returncode == -signal.SIGKILL
    (left,) = file.parent.glob(f".{file.name}.*")
    return left


def test_what_a_killed_process_left_goes_when_its_run_starts_again_or_by_fix(registry: Registry) -> None:
    lefts = [killed_while_writing(Path("outputs/t1/samples/latest.png")), killed_while_writing(Path("outputs/t2/a"))]
    lefts.append(killed_while_writing(Path("registry/runs.arrow")))
    mine = Path("outputs/t1/.mine.1.abc")
    mine.write_text("a hidden file of a person")
    with replaced(Path("outputs/t1/busy")) as busy:
        busy.write_text("by a living process")
        assert {file.resolve() for file in all_leftovers(registry)} == {file.resolve() for file in lefts}
        assert check(registry) == []
        RunRecorder("registry", "outputs/t1", read_record("outputs/t1")).start()
        assert [left.exists() for left in lefts] == [False, True, True]
        assert main(["check", "--fix"]) == 0
        assert not any(left.exists() for left in lefts) and busy.exists() and mine.exists()


def test_a_file_of_another_machine_is_left_over_after_an_hour(tmp_path: Path) -> None:
    file = tmp_path / ".weights.safetensors.01234567-1.89abcdef"
    file.write_text("")
    assert leftovers(tmp_path) == []
    os.utime(file, (0, 0))
    assert leftovers(tmp_path) == [file]


def test_files_follow_the_umask() -> None:
    before = os.umask(0o007)
    try:
        recording = RunRecorder("registry", "outputs/a", RunRecord(run_id="a", name="a"))
        recording.start()
        recording.finish("finished")
        recording.close()
        import_runs(recording.registry, [RunRecord(run_id="b", name="b")])
        recording.registry.leave_snapshot()
    finally:
        os.umask(before)
    places = [
        Path("registry"),
        *Path("registry").rglob("*"),
        *Path("outputs").rglob("*"),
        Path("registry-journal.jsonl"),
    ]
    for place in places:
        assert place.stat().st_mode & 0o777 == (0o770 if place.is_dir() else 0o660), place


def test_a_run_whose_registry_is_a_file_is_entered_by_the_next_training(caplog: pytest.LogCaptureFixture) -> None:
    Path("registry").write_text("in the way")
    recording = RunRecorder("registry", Path("outputs/2026-01-01/a"), RunRecord(run_id="a", name="a"))
    recording.start()
    recording.finish("finished", seconds=1.0)
    recording.close()
    assert len(caplog.records) == 1 and "will be entered in the registry later" in caplog.text
    assert read_record("outputs/2026-01-01/a").status == "finished"
    Path("registry").unlink()

    for run_id, uri in (("other", "elsewhere"), ("b", "registry")):
        RunRecorder(uri, Path("outputs/2026-01-02", run_id), RunRecord(run_id=run_id, name=run_id)).start()
        entered = {row["run_id"]: row["seconds"] for row in Registry(uri).rows()}
        assert entered == ({"other": None} if uri == "elsewhere" else {"a": 1.0, "b": None})
    assert not list(Path("outputs").rglob(".unrecorded"))


def test_commands_that_are_suggested_can_be_pasted(capsys: pytest.CaptureFixture) -> None:
    evil = "x; touch 'pwned' $(id) \x1b[31m"
    Path("runs.jsonl").write_text(json.dumps({"run_id": evil, "name": "n"}))
    assert main(["import", "runs.jsonl"]) == 0
    capsys.readouterr()
    assert main(["purge", evil]) == 2
    assert main(["delete", evil]) == 0
    assert main(["show", "n"]) == 0 and main(["tag", evil, "t"]) == 2
    said = "".join(capsys.readouterr())
    assert "\x1b" not in said
    for line in said.splitlines():
        for command in line.split("`")[1::2]:
            words = subprocess.run(
                ["bash", "-c", f"set -- {command}; printf '%s\\n' \"$@\""], capture_output=True, text=True, check=True
            ).stdout.splitlines()
            assert words[:1] == ["registry.py"] and words[2:] == [evil]
    assert not Path("pwned").exists()
