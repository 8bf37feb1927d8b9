"""Progress bars, on a terminal and in a log."""

import os
import pty

import pytest

from diffusionlab.bars import counted, tracked


def use() -> list[int]:
    with counted("sampling 3 images", 3) as step:
        for _ in range(3):
            step()
    return list(tracked([1, 2, 3], "drawing"))


def test_a_log_gets_no_bar_and_no_empty_line(capfd: pytest.CaptureFixture):
    assert use() == [1, 2, 3]
    assert capfd.readouterr() == ("", "")


def test_a_terminal_gets_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        assert use() == [1, 2, 3]
        print("next", file=terminal, flush=True)
        written = ""
        while "next" not in written:
            written += os.read(ours, 100_000).decode()
    os.close(ours)
    assert "sampling 3 images" in written and "drawing" in written and "100%" in written
    assert "\x1b[2A" not in written and "\x1b[2K" in written.rpartition("100%")[2]  # one line, and erased
