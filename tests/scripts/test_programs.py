"""The commands as a user starts them: help, completion, and `diffusionlab COMMAND` beside `python COMMAND.py`."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import yaml

from diffusionlab.__main__ import COMMANDS
from diffusionlab.scripts.completion import SHELLS, completions
from tests.conftest import CONF, ROOT

COMPOSED = ("train", "sample", "evaluate", "visualize")


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", COMPOSED)
def test_help_has_every_group_option_and_setting_and_imports_no_hydra(command, script_environment):
    done = run("-X", "importtime", f"{command}.py", "--help", environment=script_environment())
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "yaml" in imported and not imported & {"hydra", "omegaconf", "torch", "lancedb", "numpy"}
    settings = yaml.safe_load((CONF / f"{command}.yaml").read_text())
    for entry in settings["defaults"]:
        for group, _ in entry.items() if isinstance(entry, dict) else ():
            options = [file.stem for file in (CONF / group).glob("*.yaml")]
            assert all(option in done.stdout for option in options), group
    for key in settings.keys() - {"defaults", "hydra"}:
        assert f"  {key}:" in done.stdout
    assert "job_logging" not in done.stdout


def test_help_of_a_group_shows_its_options_with_their_settings():
    told = run("train.py", "--help", "sampler").stdout
    assert "sampler=heun" in told and "num_steps: 18" in told and "sampler=ddim   (default)" in told
    wrong = run("train.py", "--help", "samplr")
    assert wrong.returncode == 2 and "did you mean sampler?" in wrong.stderr


@pytest.mark.parametrize("command", [*COMPOSED, "search", "registry"])
def test_the_command_suggests_what_its_user_typed(command):
    script, installed = run(f"{command}.py", "--help"), run("-m", "diffusionlab", command, "--help")
    assert script.returncode == installed.returncode == 0
    assert f"python {command}.py" in script.stdout and "diffusionlab" not in script.stdout
    assert f"diffusionlab {command}" in installed.stdout and ".py" not in installed.stdout


def test_the_front_command_lists_and_corrects():
    told = run("-m", "diffusionlab").stdout
    assert all(command in told for command in COMMANDS)
    wrong = run("-m", "diffusionlab", "serch", "best fid")
    assert wrong.returncode == 2 and "did you mean search?" in wrong.stderr


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("diffusionlab ev", {"evaluate"}),
        ("diffusionlab train sampler=d", {f"sampler={file.stem}" for file in (CONF / "sampler").glob("d*.yaml")}),
        ("diffusionlab train trainer.max_e", {"trainer.max_epochs="}),
        ("diffusionlab registry comp", {"compare"}),
        ("diffusionlab registry tag run-1 --rem", {"--remove"}),
        ("diffusionlab registry ingest train.py --rec", {"--recipe"}),
        ("diffusionlab search 'best fid' --js", {"--json"}),
        ("diffusionlab completion ", set(SHELLS)),
    ],
)
def test_completion(line: str, offered: set[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["diffusionlab"])
    for name in ("COMP_LINE", "COMP_POINT"):  # set by the completion itself, as a shell would
        monkeypatch.setenv(name, "")
    assert set(completions(line)) == offered


@pytest.mark.skipif(subprocess.run(["which", "bash"], capture_output=True).returncode != 0, reason="no bash")
def test_bash_completes(tmp_path, script_environment: Callable[..., dict[str, str]]):
    (tmp_path / "diffusionlab").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m diffusionlab "$@"\n')
    (tmp_path / "diffusionlab").chmod(0o755)
    environment = script_environment()
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    typed = '''eval "$(diffusionlab completion bash)"
        COMP_LINE="diffusionlab vis"; COMP_POINT=16; _diffusionlab; echo "$COMPREPLY"'''
    done = subprocess.run(["bash", "-c", typed], env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "visualize"
