"""A training that is stopped early is validated, and counts its steps and its whole epochs."""

import os
import signal

import pytest
import pytorch_lightning as pl

from diffusionlab.errors import TrainingInterrupted
from tests.conftest import Lab


class Signal(pl.Callback):
    """Ctrl-C in the second step."""

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch, batch_idx: int) -> None:
        if trainer.global_step == 1:
            os.kill(os.getpid(), signal.SIGINT)


THREE_BATCHES = ("data.num_train=64", "trainer.max_epochs=9")


def test_a_run_of_some_steps_has_a_validation_loss_and_says_steps(lab: Lab):
    lab.train(*THREE_BATCHES, "trainer.max_steps=2")
    record = lab.record()
    assert (record.epochs, record.steps) == (0, 2) and record.metrics["val_loss"] > 0
    assert "2 steps" in record.description and "epoch" not in record.description
    lab.train(*THREE_BATCHES, "trainer.max_steps=4", "ckpt_path=last")
    record = lab.record()
    assert (record.epochs, record.steps) == (1, 4)
    assert "1 epoch, 4 steps" in record.description


def test_a_run_that_its_time_ended_has_a_validation_loss(lab: Lab):
    lab.train(*THREE_BATCHES, "+trainer.max_time={milliseconds:1}")
    record = lab.record()
    assert (record.status, record.epochs, record.steps) == ("finished", 0, 1) and record.metrics["val_loss"] > 0


@pytest.mark.faults
def test_a_run_that_was_stopped_has_a_validation_loss_and_goes_on_as_if_it_had_not(lab: Lab):
    stopping = f"+callbacks.signal={{_target_:{__name__}.Signal}}"
    with pytest.raises(TrainingInterrupted, match="step 2"):
        lab.train("data.num_train=64", "trainer.max_epochs=2", stopping)
    record = lab.record()
    assert (record.status, record.epochs, record.steps) == ("interrupted", 0, 2) and record.metrics["val_loss"] > 0
    lab.train("data.num_train=64", "trainer.max_epochs=2", "ckpt_path=last")
    lab.train("data.num_train=64", "trainer.max_epochs=2", name="whole")
    assert lab.record().metrics == lab.record("whole").metrics
    assert (lab.record().epochs, lab.record().steps) == (2, 6)
