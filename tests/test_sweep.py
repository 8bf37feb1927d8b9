"""A sweep in a process of its own: every trial a run, a failing one told and passed over, the table at the end."""

import subprocess
import sys

from diffusionlab.registry.storage.table import Registry
from tests.conftest import ROOT, SMALL


def test_a_failing_trial_stops_nothing(tmp_path, script_environment, registry_of_its_own):
    small = [override for override in SMALL if not override.startswith("data.batch_size")]
    grid = ["data.batch_size=16,1000,8", f"hydra.sweep.dir={tmp_path}/multirun/one", "-m"]
    done = subprocess.run(
        [sys.executable, "train.py", *small, *grid], cwd=ROOT, env=script_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "trial 1 failed" in done.stdout + done.stderr and "Traceback" not in done.stdout + done.stderr

    runs = {run.batch_size: run for run in Registry(str(registry_of_its_own)).records()}
    assert {size: run.status for size, run in runs.items()} == {16: "finished", 1000: "failed", 8: "finished"}
    assert {run.sweep for run in runs.values()} == {"one"}
    page = (tmp_path / "multirun/one/report.html").read_text()
    assert f"report   {tmp_path}/multirun/one/report.html" in done.stdout
    assert all(run.run_id in page for run in runs.values()) and "Sweep one" in page
    best, second = sorted(
        (run for run in runs.values() if run.status == "finished"), key=lambda run: run.metrics["val_loss"]
    )
    places = [done.stdout.rindex(run.run_id) for run in (best, second, runs[1000])]
    assert places == sorted(places)
