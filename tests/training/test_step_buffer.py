"""What steps yield is added up in bulk: nothing is lost, counted twice, or carried into another epoch."""

from types import SimpleNamespace

import torch
from hypothesis import given
from hypothesis import strategies as st

from diffusionlab.training.callbacks.loss_by_time import LossByTime
from diffusionlab.training.step_buffer import StepBuffer


class Sum:
    """All that was handed over, in order."""

    def __init__(self) -> None:
        self.errors: list[float] = []

    def __call__(self, error: torch.Tensor) -> None:
        self.errors += error.tolist()


@given(st.lists(st.integers(0, 3), max_size=120), st.integers(0, 120))
def test_every_step_is_handed_over_once_however_often_it_is_saved(sizes, stop):
    steps = [torch.arange(float(size)) + 10 * number for number, size in enumerate(sizes)]
    told = Sum()
    buffer = StepBuffer(told)
    for number, step in enumerate(steps):
        if number == stop:
            state = buffer.state_dict()
            buffer = StepBuffer(told)
            buffer.load_state_dict(state)
        buffer.add(error=step)
    buffer.flush()
    buffer.flush()
    assert told.errors == [value for step in steps for value in step.tolist()]


def step_of(callback: LossByTime, trainer: SimpleNamespace, error: float) -> None:
    outputs = {"error": torch.full((2,), error), "t": torch.tensor([0.1, 0.9])}
    callback.on_train_batch_end(trainer, None, outputs, None, 0)


def test_steps_of_an_epoch_that_was_not_written_are_none_of_the_next(tmp_path):
    trainer = SimpleNamespace(
        current_epoch=0, is_global_zero=True, strategy=SimpleNamespace(reduce=lambda sums, reduce_op: sums)
    )
    before = LossByTime(file=str(tmp_path / "before.csv"))
    step_of(before, trainer, 100.0)
    resumed = LossByTime(file=str(tmp_path / "loss.csv"))
    resumed.load_state_dict(before.state_dict())
    trainer.current_epoch = 1
    step_of(resumed, trainer, 1.0)
    resumed.on_train_epoch_end(trainer, None)
    rows = [line.split(",") for line in (tmp_path / "loss.csv").read_text().splitlines()[1:]]
    assert sum(int(row[3]) for row in rows) == 2 and {float(row[4]) for row in rows if int(row[3])} == {1.0}
