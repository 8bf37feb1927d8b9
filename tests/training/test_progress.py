"""What a training says while it runs, on a terminal of 80 columns and in its log."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import time

import pytest
import pytorch_lightning as pl

from diffusionlab.runs.checkpoint import saved_step
from diffusionlab.training.callbacks.progress import Progress
from tests.conftest import ROOT, SMALL

SIZES = [option for option in SMALL if "progress_bar" not in option] + ["trainer.max_epochs=3"]


def on_a_terminal(folder, environment, *command: str) -> tuple[str, int]:
    """What a command writes to a terminal of 80 columns, and its exit code."""
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.chdir(folder)
        os.execvpe(command[0], command, environment)
    written = b""
    try:
        while block := os.read(terminal, 4096):
            written += block
    except OSError:  # the other end is closed
        pass
    return written.decode(), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.slow
def test_the_bar_is_one_line_and_the_log_has_the_story(tmp_path, script_environment):
    environment = script_environment(TERM="xterm-256color", COLUMNS="80", PYTHONPATH=str(ROOT / "src"))
    shown, code = on_a_terminal(tmp_path, environment, sys.executable, str(ROOT / "train.py"), *SIZES)
    assert code == 0
    drawn = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip() for line in re.split(r"[\r\n]+", shown)]
    bars = [line for line in drawn if line.startswith("epoch ")]
    assert any("loss " in line and "left" in line for line in bars)
    assert all(len(line) <= 80 for line in bars)
    assert "\x1b[2A" not in shown  # a bar of two lines would have to go up by them
    (log,) = tmp_path.glob("outputs/*/*/train.log")
    story = log.read_text()
    for part in (
        "settings ",
        "epoch 1, step 2: ",
        "epoch 3, step 6: ",
        "train_loss",
        "val_loss",
        "saved last.ckpt",
        "finished",
    ):
        assert part in story
    assert len(re.findall(r"epoch \d, step", story)) == 3


def test_lines_for_logs_say_loss_speed_and_time_left(lab, capsys, monkeypatch):
    monkeypatch.setattr("diffusionlab.training.callbacks.progress.SECONDS_BETWEEN_LINES", 0.0)
    small = [option for option in SMALL if "progress_bar" not in option]
    lab.train("callbacks=quiet", "trainer.max_epochs=2", small=small)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]
    assert len(lines) == 4  # two steps an epoch
    assert re.fullmatch(
        r"epoch 2/2  step 4  loss \d\.\d{4}  val_loss \d\.\d{4}  [\d,]+ images/s  0:00:00 left", lines[-1]
    )


def test_a_run_that_continues_says_what_is_left_from_its_first_step_on(lab, capsys, monkeypatch):
    monkeypatch.setattr("diffusionlab.training.callbacks.progress.SECONDS_BETWEEN_LINES", 0.0)
    small = [option for option in SMALL if "progress_bar" not in option]
    lab.train("callbacks=quiet", "trainer.max_epochs=1", small=small)
    capsys.readouterr()
    lab.train("callbacks=quiet", "trainer.max_epochs=3", "ckpt_path=last", small=small)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]
    assert [line.split("  ")[0] for line in lines] == ["epoch 2/3"] * 2 + ["epoch 3/3"] * 2
    assert all("left" in line for line in lines[1:])  # the first step alone has no speed


def test_the_demo_makes_the_steps_that_tell_garments_apart_whatever_the_time(lab, capsys, monkeypatch):
    monkeypatch.setattr("diffusionlab.training.callbacks.progress.SECONDS_BETWEEN_LINES", 0.0)
    small = [option for option in SMALL if "progress_bar" not in option]
    steps = ("trainer.max_epochs=-1", "trainer.max_steps=9", "trainer.min_steps=5", "trainer.max_time=00:00:00:00")
    folder = lab.train("experiment=demo", "callbacks=quiet", *steps, small=small)
    assert saved_step(folder) == 5 and lab.record().status == "finished"
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]
    assert lines[-1].endswith("0:00:00 left") and all("left" in line for line in lines[1:])


def test_the_time_left_is_that_of_the_least_steps_where_the_limit_is_past():
    trainer = pl.Trainer(
        max_steps=400, max_epochs=-1, min_steps=200, max_time="00:00:00:00", accelerator="cpu", logger=False
    )
    loop = trainer.fit_loop
    loop.max_batches, loop.epoch_loop.batch_progress.current.ready = 500, 100
    bar = Progress(seconds_between=1)
    bar._first = (time.monotonic() - 50, 0)
    assert bar.seconds_left(trainer) == pytest.approx(50, rel=0.1)  # of 200 steps one half is done
