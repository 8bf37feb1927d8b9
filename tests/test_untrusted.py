"""Names, tags and messages of others reach the terminal, a figure and a suggested command as plain text."""

import logging
import shlex
import subprocess
import sys
import xml.etree.ElementTree as tree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from diffusionlab.errors import UsageError, cli_errors
from diffusionlab.report.page import quoted
from diffusionlab.untrusted import plain_text, say, say_in_logs
from diffusionlab.visualization.style import look, new_figure, save_figure
from tests.conftest import ROOT, SMALL

pytestmark = pytest.mark.faults

HOSTILE = [
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[31mred",
    "a\x9b31mb",
    "[bold red]x[/bold red]",
    "[link=file:///etc/passwd]x[/link]",
    "[/]",
    "${oc.env:HOME}",
    "%s %(name)s {0} {x}",
    "$(touch owned)",
    "`touch owned`; touch owned",
    "'; touch owned #",
    "\u202egnp.exe",
    "a\r\nb",
    "$\\frac{$",
    "<script>alert(1)</script>",
    "--help",
]


@given(st.text())
def test_no_character_of_a_plain_text_drives_a_terminal(text):
    shown = plain_text(text)
    assert len(shown) == len(text)
    assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c in "\u202e\u2066\u200f" for c in shown)
    assert plain_text(shown) == shown


@pytest.mark.parametrize("name", HOSTILE)
def test_an_error_is_one_plain_line(capsys, name):
    with pytest.raises(SystemExit) as ended, cli_errors(lambda error: None):
        raise UsageError(f"no run {name}")
    line = capsys.readouterr().err
    assert ended.value.code == 2 and line.count("\n") == 1 and "\x1b" not in line and "\x9b" not in line
    assert line.split() == ["error:", "no", "run", *plain_text(name).split()]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_said_and_logged_is_plain(capsys, name, monkeypatch):
    before = logging.getLogRecordFactory()
    stream = logging.StreamHandler(sys.stdout)
    log = logging.getLogger("diffusionlab.test")
    log.addHandler(stream)
    try:
        say_in_logs()
        say_in_logs()  # a second time does no harm
        log.warning("run %s", name)
        log.warning("run " + name)
    finally:
        logging.setLogRecordFactory(before)
        log.removeHandler(stream)
    say(f"run {name}")
    assert capsys.readouterr().out == f"run {plain_text(name)}\n" * 3


@pytest.mark.parametrize("name", HOSTILE)
def test_a_suggested_command_is_one_word_to_a_shell(name, tmp_path):
    printed = subprocess.run(
        ["sh", "-c", f"printf '<%s>' {quoted(name)}"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert printed == f"<{' '.join(plain_text(name).split())}>" and not (tmp_path / "owned").exists()
    assert len(shlex.split(quoted(name))) == 1


@pytest.mark.parametrize("name", ["$\\frac{$", "a $ b $ c", "\x1b[31m", "$x^2$", "<&>"])
def test_a_name_in_a_figure_is_not_mathematics(tmp_path, name):
    @look
    def draw():
        return save_figure(new_figure(name, height=1), tmp_path / "x", ["svg"], title=name, caption=name, source=name)

    (file,) = draw()
    texts = " ".join(text.strip() for text in tree.parse(file).getroot().itertext())
    assert plain_text(name).strip() in texts


@pytest.mark.parametrize("name", ["${oc.env:HOME}", "a${name}", "\\${x}", "${"])
def test_a_class_folder_is_never_read_as_an_interpolation(lab, tmp_path, name):
    for folder in (name, "b"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "photos" / folder / "0.png")
    (tmp_path / "styles.csv").write_text(f"split,index,style\ntrain,0,{name}\n")
    folder = ("data=image_folder", f"data.folder={tmp_path}/photos", "data.image_size=8", "data.channels=3")
    for settings in (folder, ("condition.style=csv", f"condition.csv={tmp_path}/styles.csv")):
        with pytest.raises(ValueError, match="rename it") as caught:
            lab.train(*settings, small=())
        assert "\n" not in str(caught.value) and name in str(caught.value)


@pytest.mark.parametrize("name", ["[bold]x[/]", "\x1b]0;owned\x07", "it's; touch owned #", "a b"])
def test_a_training_names_its_commands_so_that_they_can_be_typed(lab, capsys, name, tmp_path):
    lab.train("trainer.max_steps=1", f"name='{name}'" if "'" not in name else f'name="{name}"', small=SMALL)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    command = next(line for line in printed.splitlines() if line.startswith("find it")).removeprefix("find it")
    if name == "a b":
        assert shlex.split(command) == ["python", "search.py", 'runs named "a b"']
    else:  # no question can hold such a name
        assert shlex.split(command) == ["python", "registry.py", "show", lab.record().run_id]


def test_a_script_ends_on_a_hostile_name_with_one_plain_line(script_environment):
    done = subprocess.run(
        [sys.executable, "sample.py", "run=\x1b]0;owned\x07[red]"],
        cwd=ROOT,
        env=script_environment(),
        capture_output=True,
    )
    assert done.returncode == 2 and b"\x1b" not in done.stdout + done.stderr and done.stderr.count(b"\n") == 1
