"""Each logger has the metrics, the settings and the pictures, and the run folder its curves beside any of them."""

import re
from pathlib import Path

import pytest
import yaml

from diffusionlab.report.curves import read_curves
from tests.conftest import Lab


@pytest.mark.parametrize("option", ["tensorboard", "wandb", "many"])
def test_curves_stay_in_the_run_folder_beside_any_logger(lab: Lab, option):
    assert lab.compose(f"logger={option}").logger.csv._target_.endswith("CSVLogger")


def test_tensorboard_has_settings_and_pictures(lab: Lab):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = lab.train("logger=tensorboard")
    events = EventAccumulator(str(next(folder.glob("tensorboard/version_0"))), size_guidance={"images": 0})
    events.Reload()
    tags = events.Tags()
    assert {"samples", "panels"} <= set(tags["images"]) and "val/loss" in tags["scalars"]
    settings = yaml.safe_load((folder / "tensorboard/version_0/hparams.yaml").read_text())
    assert settings["optimizer"]["lr"] == 0.001
    assert events.summary_metadata["_hparams_/experiment"].plugin_data.plugin_name == "hparams"
    assert read_curves(folder)["val/loss"]


def offline_runs(root: Path) -> list[Path]:
    return sorted(root.glob("outputs/2026-01-01/*/wandb/offline-run-*"))


@pytest.mark.slow
def test_wandb_has_settings_and_pictures_and_a_run_for_each(lab: Lab, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("a", "b"):  # in one process, as the trials of a sweep
        folder = lab.train("logger=wandb", name=name)
        assert read_curves(folder)["val/loss"]
    lab.train("logger=wandb", "trainer.max_epochs=2", "ckpt_path=last", name="b")
    ids = [run.name.rpartition("-")[2] for run in offline_runs(lab.root)]
    assert len(ids) == 3 and len(set(ids)) == 2 and ids[1] == ids[2]
    for run in offline_runs(lab.root)[:2]:
        (log,) = run.glob("*.wandb")
        assert re.search(rb'"lr": ?0\.001', log.read_bytes())  # the settings, as JSON in W&B's own file
        assert list(run.glob("files/media/images/samples_*.png")) and list(run.glob("files/media/images/panels_*.png"))
