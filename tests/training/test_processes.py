"""Two processes train what one does, with everything that a user gets by default, and one of them records it."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffusionlab.diffusion import Share
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.runs.run import load_run
from tests.conftest import ROOT, SMALL

DEFAULT = [word for word in SMALL if "progress_bar" not in word]
"""The callbacks, the logger and the bar as they are without any override."""


@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 99))
def test_the_shares_of_a_batch_are_the_batch(number, count, seed):
    def draw(size: int) -> torch.Tensor:
        return torch.randn(size, 2, generator=torch.Generator().manual_seed(seed))

    shares = [Share(first, number)(draw, count) for first in range(number)]
    assert torch.stack(shares, dim=1).flatten(0, 1).equal(draw(number * count))


def train(folder: Path, environment: dict[str, str], *overrides: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    command = [sys.executable, str(ROOT / "train.py"), *DEFAULT, "trainer.max_epochs=3", *overrides]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


def curve(run: RunRecord, name: str) -> list[float]:
    with (Path(run.path or "") / "logs/version_0/metrics.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name]]


@pytest.mark.slow
def test_two_processes_train_what_one_does(tmp_path, script_environment):
    environment = script_environment(PYTHONPATH=f"{ROOT / 'src'}:{ROOT}", OMP_NUM_THREADS="1")
    two = ["hardware=ddp", "hardware.accelerator=cpu", "hardware.devices=2", "data.batch_size=8"]
    runs = []
    for name, overrides in (("one", ["data.batch_size=16"]), ("two", two)):
        uri = str(tmp_path / f"{name}_registry")
        done = train(tmp_path / name, environment | {"DIFFUSIONLAB_REGISTRY": uri}, *overrides)
        assert done.returncode == 0, done.stderr[-3000:]
        assert "sync_dist" not in done.stderr
        (record,) = Registry(uri).records()
        assert record.status == "finished" and record.thumbnail
        runs.append(record)
    one, two_of_them = runs
    for name in ("val/loss", "train/loss_epoch", "train/loss_step", "train/loss_t_low"):
        assert curve(two_of_them, name) == pytest.approx(curve(one, name), abs=1e-5), name
    samples = [load_run(run.path or "").sample(4, num_steps=3, seed=1).int() for run in runs]
    assert (samples[0] - samples[1]).abs().max() <= 1  # of 255 levels


@pytest.mark.slow
@pytest.mark.faults
def test_two_processes_that_fail_say_why_in_one_row(tmp_path, script_environment, registry_of_its_own):
    two = ["hardware=ddp", "hardware.accelerator=cpu", "hardware.devices=2", "data.batch_size=8"]
    environment = script_environment(PYTHONPATH=f"{ROOT / 'src'}:{ROOT}", OMP_NUM_THREADS="1")
    done = train(tmp_path / "run", environment, *two, "optimizer.lr=1e20", "trainer.gradient_clip_val=null")
    assert done.returncode != 0
    (record,) = Registry(str(registry_of_its_own)).records()
    assert record.status == "failed" and "type optimizer.lr=" in (record.reason or "")
