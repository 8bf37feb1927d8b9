"""Who waits for a folder gives up on a process that keeps it, not on many that take turns."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from diffusionlab.registry.storage import lock
from diffusionlab.registry.storage.lock import is_locked, locked


class Clock:
    """Time that passes only while somebody waits; `at` says what happens when."""

    def __init__(self, at: dict[int, Callable[[], None]]) -> None:
        self.now, self.at = 0.0, at

    def monotonic(self) -> float:
        return self.now

    def sleep(self, _: float) -> None:
        self.now += 1
        self.at.pop(int(self.now), lambda: None)()


@pytest.fixture
def holder(tmp_path: Path) -> ExitStack:
    with ExitStack() as stack:
        stack.enter_context(locked(tmp_path))
        yield stack


def test_one_that_keeps_the_folder_is_named_after_the_patience(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(lock, "time", Clock({}))
    with pytest.raises(TimeoutError, match="60 seconds"), locked(tmp_path, 60):
        pass
    assert lock.time.now == 61


def test_while_others_take_turns_it_waits_for_its_own(tmp_path, holder, monkeypatch):
    def change_hands():
        holder.close()
        holder.enter_context(locked(tmp_path))

    monkeypatch.setattr(lock, "time", Clock({40: change_hands, 80: change_hands, 120: holder.close}))
    with locked(tmp_path, 60):
        assert lock.time.now == 120 and is_locked(tmp_path)
    assert not is_locked(tmp_path)
