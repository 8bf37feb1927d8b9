"""Signals that ask a training to stop: taken note of at once, acted upon where nothing is lost."""

import os
import signal
import stat
from contextlib import suppress
from types import FrameType
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, the end of a batch job, a closed terminal (Windows has no SIGHUP)."""


class StopRequest:
    """Whether one of SIGNALS has arrived since `listen`. A second one raises KeyboardInterrupt where it arrives.

    A signal that is ignored (SIGHUP under nohup, SIGINT in a background job) stays ignored.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._previous: dict[int, Any] = {}

    def __bool__(self) -> bool:
        return self.received is not None

    def listen(self) -> None:
        """Take the signals over, until `give_back`."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._receive)

    def give_back(self) -> None:
        """Restore the handlers of before."""
        while self._previous:
            signal.signal(*self._previous.popitem())

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if number == getattr(signal, "SIGHUP", None):
            _leave_terminal()
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number


def _leave_terminal() -> None:
    """Send what is still printed nowhere: writing to a terminal that was closed fails, and would end the run."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        with suppress(OSError):  # closed already
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):  # isatty says no of a terminal that has hung up
                os.dup2(nowhere, descriptor)
    os.close(nowhere)
