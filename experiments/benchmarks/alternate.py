"""Things measured beside each other in one process: turn by turn, so that a busy machine slows all of them alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import pytorch_lightning as pl
import torch

Step = Callable[[], Any]


def seconds_now() -> float:
    """A clock that counts this process alone on a CPU; on a GPU the wall clock, once all queued work is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


@dataclass
class Timings:
    """Seconds of one step of each thing, turn by turn."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, seconds: float) -> None:
        """One more turn."""
        self.seconds.setdefault(name, []).append(seconds)

    def of(self, name: str) -> float:
        """The median turn."""
        return median(self.seconds[name])

    def ratio(self, over: str, under: str) -> float:
        """The median over the turns of one thing's seconds over another's in the same turn."""
        pairs = zip(self.seconds[over], self.seconds[under], strict=False)
        return median(first / second for first, second in pairs)


def alternate(things: Mapping[str, Step], *, turns: int, steps: int = 1, warm_up: int = 1) -> Timings:
    """`turns` turns, in each of which every thing makes `steps` steps."""
    for step in things.values():
        for _ in range(warm_up):
            step()
    timings = Timings()
    for _ in range(turns):
        for name, step in things.items():
            start = seconds_now()
            for _ in range(steps):
                step()
            timings.add(name, (seconds_now() - start) / steps)
    return timings


class Beside(pl.Callback):
    """Times the steps of a running Lightning training, turn by turn with `rivals`, which run while it waits.

    The clock of the training runs from one end of a step to the next: loading, callbacks and logging included. The
    callback must come last.
    """

    def __init__(self, rivals: Mapping[str, Step], *, turns: int, steps: int = 1, warm_up: int = 3) -> None:
        self.rivals, self.turns, self.steps, self.warm_up = rivals, turns, steps, warm_up
        self.timings = Timings()
        self._seen, self._start = 0, 0.0

    @property
    def num_batches(self) -> int:
        """Training steps that it takes."""
        return self.warm_up + self.turns * self.steps

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """At the end of each burst of the training's steps, one of every rival."""
        self._seen += 1
        if self._seen == self.warm_up:
            for step in self.rivals.values():
                for _ in range(self.warm_up):
                    step()
        elif self._seen > self.warm_up and (self._seen - self.warm_up) % self.steps == 0:
            self.timings.add("lab", (seconds_now() - self._start) / self.steps)
            for name, step in self.rivals.items():
                start = seconds_now()
                for _ in range(self.steps):
                    step()
                self.timings.add(name, (seconds_now() - start) / self.steps)
        else:
            return
        self._start = seconds_now()
