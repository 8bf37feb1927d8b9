"""A run that was stopped and taken up again is the run that was never stopped, bit for bit."""

import os
import signal
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from safetensors.torch import load_file

from diffusionlab.errors import TrainingInterrupted, UsageError
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.runs.folder import run_folder
from diffusionlab.runs.identity import trial_folder
from tests.training.apart import kill_at, train_apart


def content(folder: Path):
    """Everything a checkpoint holds that training depends on."""
    checkpoint = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)
    return {
        "weights": checkpoint["state_dict"],
        "optimizer": checkpoint["optimizer_states"][0]["state"],
        "lr": checkpoint["lr_schedulers"][0]["_last_lr"],
        "step": checkpoint["global_step"],
        "random": checkpoint["callbacks"]["RandomState"]["cpu"],
        "shipped": load_file(folder / "weights.safetensors"),
    }


def assert_identical(a, b, path=""):
    assert type(a) is type(b), path
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for key in a:
            assert_identical(a[key], b[key], f"{path}/{key}")
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b), path
    else:
        assert a == b, path


class SignalAt(pl.Callback):
    """Sends this process a real signal in the middle of training."""

    def __init__(self, *, step: int, number: int) -> None:
        self.step, self.number = step, number

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.global_step == self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("model", ["conditional_unet", "simple_unet"])  # the second has BatchNorm
def test_two_epochs_equal_one_plus_one_resumed(lab, model):
    whole = lab.train(f"model={model}", "trainer.max_epochs=2", name="whole")
    again = (f"model={model}", "name=parts")
    lab.train(*again, "trainer.max_epochs=1", name="parts")
    parts = lab.train(*again, "trainer.max_epochs=2", "ckpt_path=last", name="parts")
    assert content(whole)["step"] == 4
    assert_identical(content(whole), content(parts))
    assert lab.record("whole").metrics == lab.record("parts").metrics


@pytest.fixture
def heard():
    """Signals as in a terminal: those that nohup or a shell's & has these tests ignore would stay ignored."""
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "step"),  # inside the first epoch, its last step, inside the second
    [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGTERM, 2), (signal.SIGTERM, 3), (signal.SIGHUP, 3)],
)
def test_a_signal_in_mid_epoch_loses_nothing(lab, number, step, heard):
    before = signal.getsignal(signal.SIGINT)
    settings = ("data.num_train=64", "trainer.max_epochs=2", "trainer.accumulate_grad_batches=1")
    whole = lab.train(*settings, name="whole")
    stop = (
        "+callbacks.stop._target_=tests.training.test_resume.SignalAt",
        f"+callbacks.stop.step={step}",
        f"+callbacks.stop.number={int(number)}",
    )
    with pytest.raises(TrainingInterrupted, match="ckpt_path=last"):
        lab.train(*settings, *stop, "name=parts", name="parts")
    assert lab.record("parts").status == "interrupted"
    assert content(lab.root / "outputs/2026-01-01/parts")["step"] == step + 1
    parts = lab.train(*settings, "name=parts", "ckpt_path=last", name="parts")
    assert_identical(content(whole), content(parts))
    assert lab.record("parts").status == "finished"
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("limit", ["trainer.max_steps=2", "trainer.max_steps=5"])  # of three steps an epoch
def test_a_run_that_ended_inside_an_epoch_goes_on_there(lab, limit):
    settings = ("data.num_train=64", "trainer.max_epochs=3")
    whole = lab.train(*settings, name="whole")
    lab.train(*settings, limit, "name=parts", name="parts")
    parts = lab.train(*settings, "name=parts", "ckpt_path=last", name="parts")
    assert content(whole)["step"] == 9
    assert_identical(content(whole), content(parts))


def test_a_resumed_run_keeps_its_identity_and_adds_up_its_time(lab):
    folder = lab.train(name="20260101-000000-aaaaaa")
    first = lab.record("20260101-000000-aaaaaa")
    states = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)["callbacks"].values()
    (spent,) = (state["seconds"] for state in states if "seconds" in state)
    lab.train("trainer.max_epochs=2", "ckpt_path=last", name="20260101-000000-aaaaaa")
    second = lab.record("20260101-000000-aaaaaa")
    assert second.run_id == first.run_id and second.created_at == first.created_at
    assert second.epochs == 2 and second.seconds > spent > 0  # what came after the checkpoint was not gone on from


class TestRefusals:
    def test_no_run_of_that_name(self, lab):
        with pytest.raises(UsageError, match="omit ckpt_path to start"):
            lab.train("ckpt_path=last")

    def test_other_settings(self, lab):
        lab.train()
        before = lab.record().status
        for override, advice in (
            ("model.channels=[8,24]", "type 'model.channels=[8,16]'"),
            ("optimizer=adam", "type optimizer=adamw,"),
            ("seed=1", "type seed=0,"),
        ):
            with pytest.raises(UsageError) as caught:
                lab.train(override, "ckpt_path=last")
            assert advice in str(caught.value)
        assert lab.record().status == before == "finished"

    def test_a_run_that_is_still_training(self, lab):
        folder = lab.train()
        record = lab.record()
        RunRecorder(None, folder, record).start()  # this process is alive
        with pytest.raises(UsageError, match="still training"):
            lab.train("ckpt_path=last")
        assert lab.record().status == "running"

    @pytest.mark.parametrize(
        ("damage", "line"),
        [
            (lambda path: path.write_bytes(path.read_bytes()[:1000]), "not a readable checkpoint"),
            (lambda path: path.write_bytes(b"hello"), "not a readable checkpoint"),
            (lambda path: torch.save({"state_dict": {}}, path), "checkpoint of another program"),
            (lambda path: torch.save(os.system, path), "not a readable checkpoint"),
        ],
        ids=["cut off", "not PyTorch's", "foreign", "code inside"],
    )
    def test_what_is_no_checkpoint_of_ours(self, lab, damage, line):
        folder = lab.train()
        damage(folder / "checkpoints/last.ckpt")
        with pytest.raises(UsageError, match=line):
            lab.train(f"ckpt_path={folder}/checkpoints/last.ckpt")

    def test_no_such_file(self, lab):
        with pytest.raises(UsageError, match="there is no such file"):
            lab.train("ckpt_path=nowhere.ckpt")


def test_one_command_starts_continues_and_says_that_it_is_finished(lab, capsys):
    again = ("trainer.max_epochs=2", "resume=auto")
    assert train_apart(lab, *again, *kill_at("on_train_batch_end", 3))[0] == -signal.SIGKILL
    folder = lab.train(*again)
    assert lab.record().status == "finished" and lab.record().epochs == 2
    before = content(folder)
    capsys.readouterr()
    lab.train(*again)
    assert f"run {lab.record().run_id} is finished" in capsys.readouterr().out
    assert_identical(before, content(folder))
    with pytest.raises(UsageError, match="other settings"):
        lab.train(*again, "optimizer.lr=0.5")


def test_a_run_that_was_killed_before_its_first_checkpoint_starts_again(lab):
    again = ("resume=auto",)
    assert train_apart(lab, *again, *kill_at("on_train_batch_start", 1))[0] == -signal.SIGKILL
    run_id = lab.record().run_id
    lab.train(*again)
    assert lab.record().run_id == run_id and lab.record().status == "finished"


def test_the_same_settings_meet_in_one_folder_and_no_others_do(lab):
    def folder_of(*overrides):
        cfg = lab.compose(*overrides)
        return run_folder("outputs", None, cfg.name, "auto", trial_folder(_root_=cfg))

    assert folder_of() == folder_of() == folder_of("tags=[x]")
    assert len({folder_of(), folder_of("optimizer.lr=0.5"), folder_of("name=other"), folder_of("seed=1")}) == 4


@pytest.mark.parametrize("overrides", [("resume=yes",), ("resume=auto", "ckpt_path=last")])
def test_what_resume_is_not(lab, overrides):
    with pytest.raises(UsageError, match="resume="):
        lab.train(*overrides)
