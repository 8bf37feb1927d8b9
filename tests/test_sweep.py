"""A sweep: each trial a run in a folder of its settings; typed again, it continues; the table at the end."""

import signal
import subprocess
import sys
from pathlib import Path

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from diffusionlab.registry.errors import RegistryError
from diffusionlab.registry.manage.cli import main as registry_cli
from diffusionlab.registry.record.run_record import RunRecord, read_record, write_record
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.command import add_reports
from diffusionlab.report.sweep import choose_metric, ranked, trials_in
from diffusionlab.runs.identity import settings_hash, sweep_folder
from diffusionlab.runs.schemas import register
from tests.conftest import CONF, ROOT, SMALL

QUIET = ("hydra/job_logging=none", "hydra/hydra_logging=none")


@pytest.fixture
def sweep(tmp_path, monkeypatch, capsys):
    """Types `train.py -m` in this process, below an empty folder; returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*overrides: str, small=SMALL) -> str:
        from diffusionlab.commands.train import train

        register()
        GlobalHydra.instance().clear()
        monkeypatch.setattr(sys, "argv", ["train.py", "-m", *overrides, *small, *QUIET])
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")(train)()
        return capsys.readouterr().out

    return run


def trials(root: Path) -> dict[str, RunRecord]:
    """By the text of the learning rate and the batch size."""
    records = [read_record(file.parent) for file in root.glob("multirun/*/*/run.json")]
    return {f"{record.lr:g} {record.batch_size}": record for record in records}


def test_a_sweep_typed_again_continues_and_takes_new_values(sweep, tmp_path, registry_of_its_own):
    small = [override for override in SMALL if not override.startswith("data.batch_size")]
    printed = sweep("data.batch_size=16,1000", "optimizer.lr=1e-3", small=small)  # 1000 are more images than there are
    before = trials(tmp_path)
    assert {key: run.status for key, run in before.items()} == {"0.001 16": "finished", "0.001 1000": "failed"}
    assert printed.count(before["0.001 16"].run_id) == 3  # its own line, in the table, and in what to type next

    printed = sweep("data.batch_size=16,1000,8", "optimizer.lr=0.001", small=small)
    after = trials(tmp_path)
    assert after["0.001 16"] == before["0.001 16"]
    assert after["0.001 1000"].run_id == before["0.001 1000"].run_id
    assert after["0.001 1000"].modified_at > before["0.001 1000"].modified_at
    assert after["0.001 8"].status == "finished" and len(list(tmp_path.glob("multirun/*"))) == 1
    assert "1 finished trials stay" in printed and f"run {before['0.001 16'].run_id} is finished" in printed
    assert {run.run_id for run in Registry(str(registry_of_its_own)).records()} == {
        run.run_id for run in after.values()
    }
    page = next(tmp_path.glob("multirun/*/report.html")).read_text()
    assert all(run.run_id in page for run in after.values())


@pytest.mark.parametrize(
    ("again", "same"),
    [
        (["optimizer.lr=1e-3,1e-2,1e-1", "seed=0"], True),  # another value
        (["seed=0", "optimizer.lr=0.001,1e-2"], True),  # another order, another spelling
        (["optimizer.lr=1e-3,1e-2", "seed=0", "callbacks=quiet"], True),  # not what is trained
        (["optimizer.lr=1e-3,1e-2", "seed=1"], False),
        (["optimizer.lr=1e-3,1e-2", "seed=0", "name=other"], False),
        (["optimizer.lr=1e-3", "seed=0,1"], False),
    ],
)
def test_which_sweep_is_the_same(again, same):
    first = sweep_folder(["optimizer.lr=1e-3,1e-2", "seed=0"], None, None)
    assert (sweep_folder(again, None, None) == first) is same


def test_a_sweep_file_names_its_folder_and_any_key_makes_a_safe_name():
    assert sweep_folder(["sweep=default"], {"model": "a,b"}, "default").startswith("multirun/default-")
    name = sweep_folder(["model=a,b"], None, "of/../mine").removeprefix("multirun/")
    assert "/" not in name and ".." not in name


@pytest.mark.parametrize("typed", ["1e-3", "0.001", "1.0e-3"])
def test_a_settings_hash_is_of_values_not_of_their_spelling(typed):
    cfg = OmegaConf.create({"lr": 1e-3, "name": "b"})
    cfg.merge_with_dotlist([f"lr={typed}"])
    assert settings_hash(OmegaConf.to_container(cfg)) == settings_hash({"lr": 0.001, "name": "a"})


def test_a_folder_of_other_settings_is_not_trained_into(sweep, tmp_path):
    sweep("optimizer.lr=1e-3", "hydra.sweep.dir=one", "hydra.sweep.subdir=mine")
    first = read_record(tmp_path / "one/mine")
    sweep("optimizer.lr=1e-2", "hydra.sweep.dir=one", "hydra.sweep.subdir=mine")
    assert read_record(tmp_path / "one/mine") == first


@pytest.mark.faults
def test_a_trial_whose_checkpoints_are_damaged_starts_again(sweep, tmp_path):
    sweep("optimizer.lr=1e-3")
    (before,) = trials(tmp_path).values()
    before.status = "failed"
    write_record(before, before.path)
    for file in Path(before.path).glob("checkpoints/*.ckpt"):
        file.write_bytes(file.read_bytes()[:1000])
    sweep("optimizer.lr=1e-3")
    (after,) = trials(tmp_path).values()
    assert after.status == "finished" and after.run_id == before.run_id and after.metrics == before.metrics


def test_no_other_run_is_mixed_with_the_one_in_a_folder(lab):
    folder = lab.train()
    first = read_record(folder)
    with pytest.raises(ValueError, match=f"already holds run {first.run_id} .*ckpt_path=last") as caught:
        lab.train("optimizer.lr=1e-2")
    assert read_record(folder) == first and "\n" not in str(caught.value)
    lab.train(name="b")
    with pytest.raises(ValueError, match=r"is not of the run in .*/b"):
        lab.train(f"ckpt_path={folder}/checkpoints/last.ckpt", name="b")


def test_folders_of_one_name_hold_runs_of_their_own(lab, registry_of_its_own):
    ids = {read_record(lab.train(name=f"{parent}/seed0")).run_id for parent in "ab"}
    assert len(ids) == 2 == Registry(str(registry_of_its_own)).count()


@pytest.mark.faults
@pytest.mark.parametrize("name", ["checkpoints", "samples", "logs/version_7", "weights.safetensors"])
def test_a_run_with_a_link_out_of_its_folder_does_not_continue(lab, tmp_path, name):
    folder = lab.train()
    elsewhere = tmp_path / "elsewhere"
    (folder / name).rename(elsewhere) if (folder / name).exists() else elsewhere.mkdir()
    (folder / name).symlink_to(elsewhere)
    before = {path: path.stat().st_mtime_ns for path in (elsewhere, *elsewhere.rglob("*"))}
    with pytest.raises(ValueError, match=f"{name} leads out of the run folder"):
        lab.train("trainer.max_epochs=2", "ckpt_path=last")
    assert {path: path.stat().st_mtime_ns for path in (elsewhere, *elsewhere.rglob("*"))} == before


def record(number: int, folder: Path, overrides: list[str], **metrics: float) -> RunRecord:
    run = RunRecord(run_id=f"run-{number}", name="x", sweep="grid", status="finished", metrics=metrics)
    run.path = str(folder / str(number))
    write_record(run, folder / str(number))
    (folder / str(number) / ".hydra").mkdir()
    OmegaConf.save(OmegaConf.create(overrides), folder / str(number) / ".hydra/overrides.yaml")
    return run


def test_the_table_has_mean_and_deviation_over_seeds_best_first(tmp_path):
    losses = {"1e-3": [0.5, 0.3], "1e-2": [0.2, 0.2]}
    runs = [
        record(len(losses[lr]) * place + seed, tmp_path, [f"optimizer.lr={lr}", f"seed={seed}"], val_loss=loss)
        for place, lr in enumerate(losses)
        for seed, loss in enumerate(losses[lr])
    ]
    runs.append(record(9, tmp_path, ["optimizer.lr=1", "seed=0"]))  # never got as far as a loss
    best, second, last = ranked(runs, choose_metric(runs))
    assert (best.chosen["optimizer.lr"], best.mean, best.std) == ("1e-2", pytest.approx(0.2), pytest.approx(0.0))
    assert (second.mean, second.std) == (pytest.approx(0.4), pytest.approx(0.02**0.5))
    assert last.mean is None and [trial.run_id for trial in last.trials] == ["run-9"]
    assert {trial.run_id for trial in trials_in(tmp_path)} == {run.run_id for run in runs}


def test_trials_of_settings_that_were_changed_in_a_file_are_not_averaged(tmp_path, capsys):
    for number, epochs in enumerate([1, 1, 5, 5]):
        run = record(number, tmp_path, ["optimizer.lr=1e-3", f"seed={number % 2}"], val_loss=1 / epochs)
        run.config = {"seed": number % 2, "data": {"seed": number % 2}, "ckpt_path": str(number)}
        run.config["trainer"] = {"max_epochs": epochs}
        write_record(run, tmp_path / str(number))
    assert registry_cli(["sweep", str(tmp_path)], more=[add_reports]) == 0
    heading, best, second = (line.split() for line in capsys.readouterr().out.splitlines())
    assert heading[:3] == ["max_epochs", "val_loss", "seeds"]
    assert (best[:2], second[:2]) == (["5", "0.2000"], ["1", "1.0000"]) and best[4] == second[4] == "2"


def test_losses_of_different_objectives_are_ranked_apart(tmp_path, capsys):
    for number, (weighting, loss) in enumerate([("edm", 9.0), ("uniform", 0.2), ("edm", 8.0), ("uniform", 0.3)]):
        run = record(number, tmp_path, [f"loss.weighting={weighting}", f"optimizer.lr={number}"], val_loss=loss)
        run.config = {"loss": {"_target_": "diffusionlab.diffusion.DenoisingLoss", "weighting": weighting}}
        run.normalise()
        write_record(run, tmp_path / str(number))
    runs = trials_in(tmp_path)
    assert [row.trials[0].run_id for row in ranked(runs, "val_loss")] == ["run-2", "run-0", "run-1", "run-3"]
    assert registry_cli(["sweep", str(tmp_path)], more=[add_reports]) == 0
    assert "val_loss does not compare between objectives" in " ".join(capsys.readouterr().out.split())


def test_it_ranks_by_a_metric_that_exists_in_its_own_direction(tmp_path):
    runs = [record(number, tmp_path, [f"seed={number}"], zero_shot_accuracy=number / 2) for number in range(2)]
    assert choose_metric(runs) == "zero_shot_accuracy"
    runs = [record(2 + number, tmp_path, [f"x={number}"], zero_shot_accuracy=number / 2) for number in range(2)]
    assert [row.mean for row in ranked(runs, "zero_shot_accuracy")] == [0.5, 0.0]
    with pytest.raises(RegistryError, match="did you mean zero_shot_accuracy"):
        choose_metric(runs, "zero_shot_acuracy")


def test_the_command_finds_a_sweep_by_name_and_by_folder(tmp_path, registry_of_its_own, capsys):
    for place in ("a", "b"):
        run = record(ord(place), tmp_path / place, ["lr=1"], val_loss=1.0)
        Registry(str(registry_of_its_own)).upsert(run)
    more = [add_reports]
    assert registry_cli(["sweep", str(tmp_path / "a")], more=more) == 0
    assert "run-97" in capsys.readouterr().out
    assert registry_cli(["sweep", "grid"], more=more) == 2
    assert f"{tmp_path / 'a'}, {tmp_path / 'b'}" in capsys.readouterr().err
    assert registry_cli(["sweep", "gird"], more=more) == 2
    assert "did you mean grid?" in capsys.readouterr().err


@pytest.mark.faults
@pytest.mark.parametrize(
    "text",
    [
        "- lr=${oc.env:HOME}",
        r'- "lr=[link=file:///etc]\x1b]0;owned\x07"',
        "- [1, 2]\n- {lr: 3}",
        "lr: 3",
        "a: &a [x,x]\nb: &b [*a,*a]\n" + "- lr=1",
        "!!python/object/apply:os.system [touch owned]",
        "\xff",
    ],
)
def test_a_strangers_notes_reach_the_table_as_plain_text(tmp_path, capsys, text):
    record(1, tmp_path, ["lr=0"], val_loss=1.0)
    record(2, tmp_path, ["lr=1"], val_loss=2.0)
    (tmp_path / "1/.hydra/overrides.yaml").write_text(text, encoding="latin-1")
    assert registry_cli(["sweep", str(tmp_path)], more=[add_reports]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed and str(Path.home()) not in printed and "run-1" in printed
    if "${" in text:
        assert "${oc.env:HOME}" in printed
    if "[link" in text:
        assert "[link=file:///etc]" in printed


@pytest.mark.faults
def test_a_link_out_of_a_sweep_is_not_followed(tmp_path):
    record(1, tmp_path / "elsewhere", ["lr=0"], val_loss=1.0)
    record(2, tmp_path / "sweep", ["lr=1"], val_loss=2.0)
    (tmp_path / "sweep/1").symlink_to(tmp_path / "elsewhere/1")
    (tmp_path / "sweep/3").mkdir()
    (tmp_path / "sweep/3/run.json").symlink_to(tmp_path / "elsewhere/1/run.json")
    assert [trial.run_id for trial in trials_in(tmp_path / "sweep")] == ["run-2"]


@pytest.mark.slow
@pytest.mark.faults
def test_a_sweep_killed_within_and_between_its_trials_continues(tmp_path, script_environment, registry_of_its_own):
    """Five kills, each a SIGKILL of the process at another place, and what is done stays done each time."""
    grid = ["-m", "optimizer.lr=1e-3,1e-2", "seed=0,1", *SMALL, "trainer.max_epochs=2", *QUIET]
    step = "+callbacks.kill._target_=tests.faults.KillAtStep"
    after = "+hydra.callbacks.kill._target_=tests.faults.KillAfterJob"
    kills = [
        [step, "+callbacks.kill.step=1"],  # in the first epoch of trial 0: nothing saved yet
        [step, "+callbacks.kill.step=3"],  # in its second epoch: goes on from the first
        [after, "+hydra.callbacks.kill.number=0"],  # between trial 0 and trial 1
        [after, "+hydra.callbacks.kill.number=2"],  # between trial 2 and trial 3
        [step, "+callbacks.kill.step=3"],  # in the last trial
    ]
    environment = script_environment(PYTHONPATH=f"{ROOT / 'src'}:{ROOT}")

    def run(*more: str) -> int:
        command = [sys.executable, str(ROOT / "train.py"), *grid, *more]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True).returncode

    done: dict[str, RunRecord] = {}
    for kill in kills:
        assert run(*kill) == -signal.SIGKILL
        assert all(read_record(Path(run.path)) == run for run in done.values())
        done = {run.run_id: run for run in trials_in(next(tmp_path.glob("multirun/*"))) if run.status == "finished"}
    assert len(done) == 3
    assert run() == 0
    ended = trials_in(next(tmp_path.glob("multirun/*")))
    assert [run.status for run in ended] == ["finished"] * 4 and {run.epochs for run in ended} == {2}
    assert {run.run_id for run in Registry(str(registry_of_its_own)).records()} == {run.run_id for run in ended}

    whole = tmp_path / "whole"
    whole.mkdir()
    command = [sys.executable, str(ROOT / "train.py"), *grid]
    assert subprocess.run(command, cwd=whole, env=environment, capture_output=True).returncode == 0
    expected = {run.config_hash: run.metrics for run in trials_in(next(whole.glob("multirun/*")))}
    assert {run.config_hash: run.metrics for run in ended} == expected


@pytest.mark.slow
@pytest.mark.faults
def test_a_sweep_on_two_processes_is_recorded_once(tmp_path, script_environment, registry_of_its_own):
    two = ["trainer.accelerator=cpu", "trainer.devices=2", "trainer.strategy=ddp", "data.batch_size=8"]
    command = [sys.executable, str(ROOT / "train.py"), "-m", "optimizer.lr=1e-3,1e-2", *SMALL, *two, *QUIET]
    environment = script_environment(PYTHONPATH=f"{ROOT / 'src'}:{ROOT}")
    for typed in (1, 2):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-2000:]
        ended = trials_in(next(tmp_path.glob("multirun/*")))
        assert [run.status for run in ended] == ["finished"] * 2
        assert {run.run_id for run in Registry(str(registry_of_its_own)).records()} == {run.run_id for run in ended}
        assert done.stdout.count("again    python registry.py sweep") == 1
        assert done.stdout.count("it is not trained again") == (2 if typed == 2 else 0)
