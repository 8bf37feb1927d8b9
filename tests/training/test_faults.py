"""Faults injected into trainings: nothing is lost, and what the user sees is one line."""

import functools
import json
import os
import re
import shutil
import signal

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from safetensors.torch import load_file, save_file

from diffusionlab.errors import OutOfMemory, StorageError, TrainingDiverged, UsageError
from diffusionlab.registry.record.liveness import actual_status, process_token
from diffusionlab.registry.record.run_record import read_record, utc_now, write_record
from diffusionlab.runs.checkpoint import load_model
from diffusionlab.runs.ownership import Ownership
from diffusionlab.runs.resume import choose_checkpoint, read_checkpoint
from tests.conftest import SMALL, Lab
from tests.miniatures import write_class_folders
from tests.training.apart import kill_at, kill_before_rename, no_file_beyond, no_room_for, train_apart
from tests.training.test_resume import assert_identical, content

pytestmark = [pytest.mark.faults, pytest.mark.filterwarnings("ignore:The dirpath has changed")]

TWO_EPOCHS = ("trainer.max_epochs=2",)  # of two steps each; nothing else differs from the default but sizes


@pytest.fixture(scope="module")
def two_epochs(tmp_path_factory) -> Lab:
    """A run of two epochs that nothing befell."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("whole")
        patch.setenv("DIFFUSIONLAB_REGISTRY", str(root / "registry"))
        whole = Lab(root)
        whole.train(*TWO_EPOCHS)
        return whole


@pytest.fixture
def copy(lab, two_epochs):
    """The folder of a copy of that run."""
    return shutil.copytree(two_epochs.root / "outputs", lab.root / "outputs") / "2026-01-01/a"


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_ends_as(whole, lab):
    """Weights, optimizer, random state, metrics, last picture, and loss by time are those of the run left alone."""
    folder, other = (each.root / "outputs/2026-01-01/a" for each in (whole, lab))
    assert_identical(content(folder), content(other))
    assert whole.record().metrics == lab.record().metrics and lab.record().status == "finished"
    for file in ("samples/latest.png", "logs/loss_by_time.csv"):
        assert (folder / file).read_bytes() == (other / file).read_bytes(), file


SPOTS = {
    "first step": (kill_at("on_train_batch_end", 1), None, 0),
    "second epoch": (kill_at("on_train_batch_end", 3), None, 2),
    "last validation": (kill_at("on_validation_batch_end", 2), None, 2),
    "last checkpoint written, not renamed": ((), functools.partial(kill_before_rename, "last.ckpt", 2), 2),
    "last weights written, not renamed": ((), functools.partial(kill_before_rename, "weights.safetensors", 2), 2),
    "after the last checkpoint": (kill_at("on_train_end", 1), None, 4),
    "before the last picture": ((), functools.partial(kill_before_rename, "latest.png", 1), 4),
}
SLOW = ("first step", "last weights written, not renamed", "last checkpoint written, not renamed", "second epoch")


@pytest.mark.parametrize("spot", [pytest.param(spot, marks=pytest.mark.slow if spot in SLOW else ()) for spot in SPOTS])
def test_a_killed_run_continues_and_ends_as_the_run_left_alone(lab, two_epochs, spot):
    overrides, fault, step = SPOTS[spot]
    assert train_apart(lab, *TWO_EPOCHS, *overrides, fault=fault)[0] == -signal.SIGKILL
    folder = lab.root / "outputs/2026-01-01/a"
    assert actual_status(vars(read_record(folder))) == "crashed"
    checkpoint = choose_checkpoint("last", folder)
    assert (checkpoint.step if checkpoint else 0) == step
    assert train_apart(lab, *TWO_EPOCHS, "ckpt_path=last") == (0, "")
    assert_ends_as(two_epochs, lab)
    assert {path.name for path in folder.rglob(".*")} == {".run.lock"}


class TestWhichCheckpoint:
    def test_one_that_does_not_load_is_never_chosen_and_the_one_before_is_kept(self, copy):
        assert choose_checkpoint("last", copy).step == 4
        last = copy / "checkpoints/last.ckpt"
        whole = last.read_bytes()
        middle = len(whole) // 2
        for broken in (whole[:-100], b"", whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]):
            last.write_bytes(broken)
            assert choose_checkpoint("last", copy).step == 2
        (copy / "checkpoints/previous.ckpt").write_bytes(b"")
        with pytest.raises(UsageError, match=r"last\.ckpt is not a readable.*previous\.ckpt is not a readable"):
            choose_checkpoint("last", copy)

    def test_it_is_the_one_with_most_steps_whatever_it_is_called_and_however_old(self, copy):
        shutil.copy(copy / "checkpoints/last.ckpt", copy / "checkpoints/a.ckpt")
        shutil.copy(copy / "checkpoints/previous.ckpt", copy / "checkpoints/last.ckpt")
        assert choose_checkpoint("last", copy).path.name == "a.ckpt"

    def test_a_broken_last_checkpoint_never_replaces_the_one_before(self, lab, copy):
        previous = (copy / "checkpoints/previous.ckpt").read_bytes()
        (copy / "checkpoints/last.ckpt").write_bytes(b"cut off")
        lab.train(*TWO_EPOCHS, "ckpt_path=last")
        assert (copy / "checkpoints/previous.ckpt").read_bytes() == previous
        assert choose_checkpoint("last", copy).step == 4

    @pytest.mark.parametrize(
        "damage",
        [
            lambda content: content.pop("loops"),
            lambda content: content.pop("state_dict"),
            lambda content: content.update(optimizer_states=[]),
            lambda content: content.update(global_step="many"),
            lambda content: content.update(callbacks=3),
            lambda content: content["diffusionlab"].update(config="["),
            lambda content: content["diffusionlab"].update(choices="[]"),
        ],
    )
    def test_a_malformed_one_is_refused_in_one_line(self, copy, damage):
        path = copy / "checkpoints/last.ckpt"
        content = torch.load(path, weights_only=True)
        damage(content)
        torch.save(content, path)
        with pytest.raises(UsageError, match="is not a whole checkpoint") as caught:
            read_checkpoint(path)
        assert "\n" not in str(caught.value)


class PoisonAt(pl.Callback):
    """A weight becomes NaN at a step whose loss is finite, and the run wants to save at once."""

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        for callback in trainer.callbacks:
            if hasattr(callback, "seconds_between"):
                callback.seconds_between = 0.0

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step == 2:
            with torch.no_grad():
                next(iter(pl_module.network.parameters())).flatten()[0] = torch.nan


class TestNotFinite:
    def test_weights_that_are_not_finite_are_never_saved(self, lab):
        poison = "+callbacks.poison._target_=tests.training.test_faults.PoisonAt"
        with pytest.raises(TrainingDiverged, match=r"weights are no longer finite at step 2.*optimizer\.lr="):
            lab.train("data.num_train=64", poison)
        folder = lab.root / "outputs/2026-01-01/a"
        assert content(folder)["step"] == 1 and lab.record().status == "failed"
        for tensors in (content(folder)["weights"], load_file(folder / "weights.safetensors")):
            assert all(tensor.isfinite().all() for tensor in tensors.values())

    def test_sampling_from_them_is_refused(self, copy):
        path = copy / "weights.safetensors"
        state = load_file(path)
        next(iter(state.values())).flatten()[0] = torch.inf
        save_file(state, path, {"format": "diffusionlab", "config": "{}", "choices": "{}"})
        with pytest.raises(UsageError, match="not finite"):
            load_model(copy, "cpu")


class TestFinished:
    @pytest.mark.parametrize("epochs", [1, 2])  # mistyped, and typed again
    def test_a_finished_run_with_nothing_left_to_train_stays_as_it_is(self, lab, copy, capsys, epochs):
        before = files(copy)
        lab.train(f"trainer.max_epochs={epochs}", "ckpt_path=last")
        assert files(copy).items() >= before.items()
        assert "is finished: nothing to train" in capsys.readouterr().out

    def test_evaluations_are_kept_until_the_first_step(self, lab, copy):
        record = read_record(copy)
        record.evaluations = {"fid": {"fid": 3.0}}
        record.show_evaluation("fid")
        write_record(record, copy)
        with pytest.raises(UsageError, match="seed"):
            lab.train("trainer.max_epochs=3", "seed=5", "ckpt_path=last")
        assert lab.record().metrics["fid"] == 3.0
        lab.train("trainer.max_epochs=3", "ckpt_path=last")
        assert "fid" not in lab.record().metrics and lab.record().evaluations == {}

    def test_a_time_limit_is_of_one_command(self, lab):
        limited = ("data.num_train=80", "+trainer.max_time.milliseconds=1")
        lab.train(*limited)
        steps = [content(lab.root / "outputs/2026-01-01/a")["step"]]
        lab.train(*limited, "ckpt_path=last")
        steps.append(content(lab.root / "outputs/2026-01-01/a")["step"])
        assert steps[1] > steps[0] > 0


class TestOneOwner:
    def test_a_second_training_is_refused_while_the_first_lives(self, lab, copy):
        with Ownership(copy):
            code, line = train_apart(lab, "trainer.max_epochs=3", "ckpt_path=last")
        assert code == 2 and f"process {os.getpid()} of" in line and "still training" in line
        assert not (copy / ".owner.json").exists()

    def test_a_claim_of_a_dead_process_is_void(self, lab):
        assert train_apart(lab, *kill_at("on_train_start", 1))[0] == -signal.SIGKILL
        folder = lab.root / "outputs/2026-01-01/a"
        assert (folder / ".owner.json").is_file()
        with Ownership(folder):
            pass

    def test_a_claim_from_elsewhere_is_void_after_ten_minutes_of_silence(self, tmp_path):
        file = tmp_path / ".owner.json"
        file.write_text('{"host": "elsewhere", "pid": 1, "user": "me", "process_token": "boot/namespace/1"}')
        free = re.compile(r"of me on elsewhere \(if it was killed: free at \d\d:\d\d\)")
        with pytest.raises(UsageError, match=free), Ownership(tmp_path):
            pass
        os.utime(file, (0, 0))
        with Ownership(tmp_path):
            pass

    def test_a_machine_that_has_got_another_name_knows_its_own_dead(self, tmp_path):
        gone = {"host": "its old name", "pid": os.getpid(), "process_token": f"{process_token().rpartition('/')[0]}/1"}
        (tmp_path / ".owner.json").write_text(json.dumps(gone))
        with Ownership(tmp_path):
            pass
        assert actual_status({"status": "running", "heartbeat_at": utc_now(), **gone}) == "crashed"
        alive = gone | {"process_token": process_token()}
        assert actual_status({"status": "running", "heartbeat_at": utc_now(), **alive}) == "running"


def guess_rank_one():
    """As Lightning guesses on import in a shell that SLURM_PROCID=1 was left in."""
    rank_zero_only.rank = 1


def test_a_single_process_is_rank_zero_whatever_the_environment_says(lab):
    assert train_apart(lab, fault=guess_rank_one, SLURM_PROCID="1") == (0, "")
    folder = lab.root / "outputs/2026-01-01/a"
    assert lab.record().status == "finished" and (folder / "report.html").is_file()
    assert (folder / "logs/version_0/metrics.csv").is_file()


class Misfortune(pl.Callback):
    """What happens to the files of a run, or to its memory, at its second step."""

    def __init__(self, *, kind: str, path: str) -> None:
        self.kind, self.path = kind, path

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.global_step != 1:
            return
        match self.kind:
            case "rename":
                os.rename(self.path, f"{self.path}-moved")
            case "remove":
                shutil.rmtree(self.path)
            case "registry becomes a file":
                shutil.rmtree(self.path, ignore_errors=True)
                open(self.path, "w").close()
            case "memory":
                torch.empty(2**55)


def misfortune(kind, path):
    return (
        "+callbacks.misfortune._target_=tests.training.test_faults.Misfortune",
        f"+callbacks.misfortune.kind={kind}",
        f"+callbacks.misfortune.path={path}",
    )


class TestOneLine:
    @pytest.mark.parametrize("kind", ["rename", pytest.param("remove", marks=pytest.mark.slow)])
    def test_a_run_folder_that_goes_away_ends_the_run_and_is_not_made_anew(self, lab, kind):
        folder = lab.root / "outputs/2026-01-01/a"
        with pytest.raises(StorageError, match="moved or removed while the run was training"):
            lab.train(*misfortune(kind, folder))
        assert not folder.exists()

    def test_a_registry_that_becomes_a_file_does_not_end_a_training(self, lab, registry_of_its_own, caplog):
        lab.train(*misfortune("registry becomes a file", registry_of_its_own))
        assert lab.record().status == "finished" and "training goes on" in caplog.text

    def test_out_of_memory_names_what_needs_less(self, lab):
        advice = r"data\.batch_size=8 trainer\.accumulate_grad_batches=2.*bf16-mixed"
        with pytest.raises(OutOfMemory, match=advice):
            lab.train(*misfortune("memory", ""))
        assert lab.record().status == "failed" and "out of memory" in lab.record().reason

    def test_a_checkpoint_that_finds_no_room_ends_the_run_in_one_line(self, lab):
        code, line = train_apart(lab, fault=functools.partial(no_file_beyond, 200_000))
        assert code == 1 and "cannot write" in line and "\n" not in line
        assert lab.record().status == "failed" and "cannot write" in lab.record().reason

    def test_a_training_whose_end_finds_no_room_says_so_and_is_finished_later(self, lab):
        code, line = train_apart(lab, fault=functools.partial(no_room_for, "run.json", 3))
        assert code == 1 and "run.json cannot be written" in line
        assert lab.record().status == "running"
        assert train_apart(lab, "ckpt_path=last") == (0, "")
        assert lab.record().status == "finished" and "val_loss" in lab.record().metrics


@pytest.mark.parametrize("allowed", [False, True])
def test_pictures_added_to_a_folder_are_refused_unless_allowed(lab, tmp_path, allowed):
    write_class_folders(tmp_path / "pets", ["cat", "dog"], size=(12, 12), num_images=30)
    small = [option for option in SMALL if not option.startswith("data.num_")] + ["data.num_val=8"]
    settings = ("data=image_folder", f"data.folder={tmp_path}/pets", "data.image_size=12")
    lab.train(*settings, small=small)
    write_class_folders(tmp_path / "pets/more", ["x"], size=(12, 12), num_images=1)
    shutil.move(tmp_path / "pets/more/x/00.png", tmp_path / "pets/cat/new.png")
    shutil.rmtree(tmp_path / "pets/more")
    again = ("trainer.max_epochs=2", "ckpt_path=last", f"allow_changed_data={str(allowed).lower()}")
    if allowed:
        lab.train(*settings, *again, small=small)
        assert lab.record().epochs == 2
    else:
        with pytest.raises(UsageError, match="type allow_changed_data=true"):
            lab.train(*settings, *again, small=small)
