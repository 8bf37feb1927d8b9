"""`search.py` without a question, in a real terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from tests.search.fixture_runs import RUNS

ROOT = Path(__file__).parents[2]
PROMPT = "search>"
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[a-zA-Z]|\][^\x07]*\x07)")


@pytest.fixture
def terminal(registry: Registry, tmp_path: Path) -> Iterator[pexpect.spawn]:
    yield from started(registry.uri, tmp_path)


def started(uri: str, state: Path) -> Iterator[pexpect.spawn]:
    environment = os.environ | {
        "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "XDG_STATE_HOME": str(state), "COLUMNS": "100",
        "PYTHONPATH": str(ROOT / "src"),
    }  # fmt: skip
    child = pexpect.spawn(
        sys.executable,
        ["search.py", "--registry", uri, "--now", "2025-06-18T12:00"],
        env=environment,
        cwd=ROOT,
        dimensions=(50, 100),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(PROMPT)
    yield child
    child.close(force=True)


def answer(child: pexpect.spawn, line: str) -> str:
    """Type a line; what is printed before the next prompt, without escapes."""
    child.send(line + "\r")
    child.expect(r"\x1b\[\?2004l")  # the line is taken
    child.expect(PROMPT)
    return ESCAPES.sub("", child.before)


def run_ids(text: str) -> set[str]:
    return set(re.findall(r"^run-\d+", text.replace("\r", ""), re.MULTILINE))


def test_those_are_the_runs_of_the_answer_before(terminal: pexpect.spawn):
    assert run_ids(answer(terminal, "DiTs")) == {run.id for run in RUNS if "dit" in run.tags}
    conditional = {run.id for run in RUNS if {"dit", "conditional"} <= run.tags}
    assert run_ids(answer(terminal, "which of those are conditional")) == conditional
    best = min(
        (run for run in RUNS if run.id in conditional and run.dataset == "CIFAR-10" and run.fid), key=lambda r: r.fid
    )
    assert run_ids(answer(terminal, "the best of these on CIFAR-10")) == {best.id}
    assert "None" in answer(terminal, "fid below 0")
    assert run_ids(answer(terminal, "which of those have fid above 0")) == {best.id}  # the last that were any


def test_an_error_is_a_line_and_the_next_question_is_answered(terminal: pexpect.spawn):
    said = answer(terminal, "x --limit 0")
    assert "error: " in said and "Traceback" not in said
    assert "error: " in answer(terminal, "'unclosed --where \"")
    assert run_ids(answer(terminal, "--where 'dataset = STL-10' --sort fid")) == {
        run.id for run in RUNS if run.dataset == "STL-10"
    }
    assert "6 rows." in answer(terminal, '--sql "select distinct dataset from runs"')
    assert "--where CONDITION" in answer(terminal, "--help")


def test_fields_and_values_are_completed(terminal: pexpect.spawn):
    terminal.send("runs with optimizer RMS\t")
    terminal.expect("RMSprop")
    terminal.send("\r")
    terminal.expect("Reading")
    terminal.expect(PROMPT)
    assert run_ids(ESCAPES.sub("", terminal.before)) == {run.id for run in RUNS if run.optimizer == "RMSprop"}
    terminal.send("throughp\t")
    terminal.expect("throughput")
    terminal.sendcontrol("c")  # drops the line, and nothing else
    terminal.expect(r"\x1b\[\?2004h")  # the next one is awaited
    assert "runs." in answer(terminal, "all runs")


def test_the_end_of_input_ends_it_well_and_history_stays(registry: Registry, tmp_path: Path):
    for child in started(registry.uri, tmp_path):
        answer(child, "newest run on MNIST")
        child.sendeof()
        child.expect(pexpect.EOF)
        assert child.wait() == 0
    file = tmp_path / "diffusionlab/search_history"
    assert "newest run on MNIST" in file.read_text() and file.stat().st_mode & 0o077 == 0
    for child in started(registry.uri, tmp_path):
        child.send("\x1b[A")  # up
        child.expect("newest run on MNIST")
        child.send("\x15quit\r")
        child.expect(pexpect.EOF)
        assert child.wait() == 0


def test_a_prompt_without_a_place_for_history_works(registry: Registry, tmp_path: Path):
    (tmp_path / "diffusionlab").write_text("a file where the folder should be")
    for child in started(registry.uri, tmp_path):
        assert run_ids(answer(child, "MLPs")) == {run.id for run in RUNS if "mlp" in run.tags}


def test_texts_of_the_registry_cannot_drive_the_terminal(tmp_path: Path):
    uri = str(tmp_path / "registry")
    Registry(uri).upsert([RunRecord(run_id="run-1", name="evil\x1b]0;owned\x07name", dataset="evil\x1b[2Jset")])
    for child in started(uri, tmp_path):
        child.send("evil\t\t")
        child.send("\x15all runs\r")
        child.expect("Reading")
        child.expect(PROMPT)
        assert "\x1b]0;owned" not in child.before and "\x1b[2J" not in child.before


def test_without_a_terminal_there_is_no_prompt(registry: Registry):
    done = subprocess.run(
        [sys.executable, "search.py", "--registry", registry.uri], cwd=ROOT, input="all runs\n", capture_output=True,
        text=True, env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.returncode == 2 and done.stderr.startswith("error: ask something")
