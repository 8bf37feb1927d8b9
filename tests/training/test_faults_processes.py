"""Faults that take real processes, terminals and file systems."""

import concurrent.futures
import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import pytest

from diffusionlab.registry.record.run_record import read_record
from diffusionlab.runs.resume import choose_checkpoint
from tests.conftest import ROOT, SMALL
from tests.training.apart import kill_at, train_apart

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LONG = [option for option in SMALL if "progress_bar" not in option] + ["trainer.max_epochs=10000"]


def until(condition, process, seconds=300):
    give_up = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None and time.monotonic() < give_up
        time.sleep(0.01)


def test_a_closed_terminal_saves_and_interrupts(tmp_path, script_environment):
    terminal, end = pty.openpty()

    def take_terminal():
        fcntl.ioctl(end, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # not so if the tests run under nohup

    process = subprocess.Popen(
        [sys.executable, str(ROOT / "train.py"), *LONG], cwd=tmp_path, env=script_environment(TERM="xterm"),
        stdin=end, stdout=end, stderr=end, start_new_session=True, preexec_fn=take_terminal,
    )  # fmt: skip
    os.close(end)
    os.set_blocking(terminal, False)

    def has_checkpoint():
        with contextlib.suppress(BlockingIOError):
            os.read(terminal, 65536)  # as a terminal does, or the progress bar would wait
        return any(tmp_path.glob("outputs/*/*/checkpoints/last.ckpt"))

    try:
        until(has_checkpoint, process)
        os.close(terminal)
        process.wait(timeout=300)
    finally:
        process.kill()
    (folder,) = tmp_path.glob("outputs/*/*")
    record = read_record(folder)
    assert record.status == "interrupted" and "ckpt_path=last" in record.reason
    assert choose_checkpoint("last", folder).step >= 2


def test_of_two_commands_that_continue_a_run_at_once_one_trains_and_the_other_is_refused(lab):
    assert train_apart(lab, *kill_at("on_train_end", 1))[0] == -signal.SIGKILL
    with concurrent.futures.ThreadPoolExecutor() as pool:
        again = [pool.submit(train_apart, lab, "trainer.max_epochs=4", "ckpt_path=last") for _ in range(2)]
    (one, _), (other, line) = sorted(each.result() for each in again)
    assert (one, other) == (0, 2) and "still training" in line
    assert lab.record().status == "finished" and lab.record().epochs == 4


@pytest.fixture
def full_disk(lab):
    """The lab's folder on a file system of 700 kB, less than a run of SMALL leaves."""
    made = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=700k", "faults", lab.root], capture_output=True
        ).returncode
    )
    if not made:
        pytest.skip("mounting a file system takes root")
    yield lab.root
    subprocess.run(["umount", lab.root], check=True)


def test_a_full_disk_is_one_line_and_with_room_the_run_continues(full_disk, lab):
    code, line = train_apart(lab, "trainer.max_epochs=2")
    assert code == 1 and "No space left on device" in line and "MB needed" in line and "\n" not in line
    subprocess.run(["mount", "-o", "remount,size=100m", full_disk], check=True)
    again = ("ckpt_path=last",) if (full_disk / "outputs/2026-01-01/a/run.json").is_file() else ()
    assert train_apart(lab, "trainer.max_epochs=2", *again) == (0, "")
    assert lab.record().epochs == 2
