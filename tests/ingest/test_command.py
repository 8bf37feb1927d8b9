"""`registry.py ingest`: what it prints, what it stores, and that it runs nothing of what it reads."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from diffusionlab.ingest.command import add_ingest
from diffusionlab.ingest.store import script_of
from diffusionlab.registry.manage import cli
from diffusionlab.registry.storage.table import Registry

SCRIPT = """\
from pathlib import Path
import torch
from torch import nn, optim

Path("executed").write_text("the script was run")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)


model = Net()
optimizer = optim.AdamW(model.parameters(), lr=3e-4)
"""


def ingest(*words: object) -> int:
    return cli.main(["ingest", *map(str, words)], more=[add_ingest])


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.chdir(tmp_path)
    return Registry(tmp_path / "registry")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "v1" / "train.py"
    path.parent.mkdir()
    path.write_text(SCRIPT)
    return path


def records(registry: Registry) -> list:
    return [record for record in registry.records(deleted=None) if record.kind == "script"]


def test_a_dry_run_prints_json_and_stores_nothing(registry: Registry, script: Path, capsys: pytest.CaptureFixture[str]):
    assert ingest(script, "--dry-run", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["facts"]["lr"] == [{"value": 0.0003, "lines": [15]}]
    assert said["facts"]["architecture"][0]["value"] == "Net"
    assert set(said) == {"path", "sha256", "error", "facets", "facts", "depends_on_input", "conflicts"}
    assert not (script.parent.parent / "registry").exists()


def test_nothing_is_executed_and_no_file_appears(registry: Registry, script: Path):
    before = set(script.parent.rglob("*"))
    assert ingest(script.parent, "--dry-run") == 0
    assert set(script.parent.rglob("*")) == before
    assert not (script.parent.parent / "executed").exists()


def test_a_script_becomes_a_record_with_its_lines(registry: Registry, script: Path):
    assert ingest(script) == 0
    (record,) = records(registry)
    assert (record.name, record.optimizer, record.lr) == ("v1/train.py", "AdamW", 0.0003)
    assert record.sources["lr"] == "script line 15"
    kept = script_of(record)
    assert kept is not None and kept.facts["lr"][0].lines == (15,)


def test_show_prints_the_facts_with_their_lines(registry: Registry, script: Path, capsys: pytest.CaptureFixture[str]):
    ingest(script)
    (record,) = records(registry)
    capsys.readouterr()
    assert cli.main(["show", record.run_id]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["lr", "0.0003", "line", "15"] in shown
    assert ["architecture", "Net", "lines", "8,", "14"] in shown


def test_ingesting_again_updates_and_never_doubles(registry: Registry, script: Path):
    ingest(script)
    ingest(script)
    script.write_text(SCRIPT.replace("3e-4", "1e-3"))
    ingest(script)
    (record,) = records(registry)
    assert record.lr == 0.001


def test_a_moved_file_keeps_its_record_and_what_a_person_said(registry: Registry, script: Path):
    ingest(script)
    (before,) = records(registry)
    assert cli.main(["tag", before.run_id, "baseline"]) == 0
    moved = script.parent.parent / "v2" / "train.py"
    moved.parent.mkdir()
    script.rename(moved)
    ingest(moved)
    (record,) = records(registry)
    assert record.run_id == before.run_id
    assert record.path == str(moved)
    assert record.tags == ["baseline"]


def test_a_copy_is_a_record_of_its_own(registry: Registry, script: Path):
    copy = script.parent.parent / "v2" / "train.py"
    copy.parent.mkdir()
    copy.write_text(SCRIPT)
    ingest(script, copy)
    assert len(records(registry)) == 2


def test_purging_a_script_never_removes_the_file(registry: Registry, script: Path):
    ingest(script)
    (record,) = records(registry)
    assert cli.main(["delete", record.run_id]) == 0
    assert cli.main(["purge", record.run_id, "--folders"]) == 0
    assert script.exists()


def test_a_broken_file_is_one_line_and_the_rest_is_read(
    registry: Registry, script: Path, capsys: pytest.CaptureFixture[str]
):
    (script.parent / "binary.py").write_bytes(b"\x00\x01" * 64)
    (script.parent / "notes.ipynb").write_text("{not json")
    (script.parent / "circle").symlink_to(script.parent, target_is_directory=True)
    assert ingest(script.parent, "--dry-run", "--json") == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(Path(one["path"]).name, one["error"]) for one in said] == [
        ("binary.py", "a binary file"),
        ("notes.ipynb", "not a notebook"),
        ("train.py", None),
    ]


def test_dates_come_from_git_where_there_is_git(registry: Registry, script: Path):
    folder = script.parent

    def git(*words: str, date: str) -> None:
        environment = os.environ | {
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }
        author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *author, *words], cwd=folder, check=True, env=environment, capture_output=True)

    git("init", date="2024-01-01T00:00:00Z")
    git("add", ".", date="2024-01-01T00:00:00Z")
    git("commit", "-m", "first", date="2024-01-01T00:00:00Z")
    git("mv", "train.py", "renamed.py", date="2024-02-01T00:00:00Z")
    git("commit", "-m", "renamed", date="2024-02-01T00:00:00Z")
    ingest(folder / "renamed.py")
    (record,) = records(registry)
    assert record.created_at is not None and record.created_at.isoformat().startswith("2024-01-01")
    assert record.modified_at is not None and record.modified_at.isoformat().startswith("2024-02-01")


def test_a_path_that_is_not_there_is_an_error_of_one_line(registry: Registry, capsys: pytest.CaptureFixture[str]):
    assert ingest("missing.py") == 2
    assert "missing.py does not exist" in capsys.readouterr().err
