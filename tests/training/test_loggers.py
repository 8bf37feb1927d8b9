"""Each logger has the metrics, the settings and the pictures, and the run folder its curves beside any of them."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from diffusionlab.commands.evaluate import evaluate
from diffusionlab.evaluation import classifier
from diffusionlab.report.curves import read_curves
from diffusionlab.runs.run import load_run
from diffusionlab.runs.schemas import register
from diffusionlab.training.callbacks.logged import log_figures
from tests.conftest import CONF, Lab


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


def test_figures_of_evaluate_reach_tensorboard_at_the_step_of_the_weights(lab: Lab, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.setattr(classifier, "MIN_STEPS", 40)
    folder = lab.train("logger=tensorboard", "data.num_train=80", "data.num_test=60")
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        own = (f"run={folder}", f"cache_dir={lab.root / 'cache'}", "num_samples=20", "sampler.num_steps=2")
        found = evaluate(compose("evaluate", list(own)))
    events = EventAccumulator(str(folder / "tensorboard/evaluations"))
    events.Reload()
    (scalar,) = events.Scalars("eval/fid")
    assert scalar.value == pytest.approx(found.metrics["fid"], rel=1e-5) and scalar.step == lab.record().steps


def offline_runs(root: Path) -> list[Path]:
    return sorted(root.glob("outputs/2026-01-01/*/wandb/offline-run-*"))


@pytest.mark.slow
def test_wandb_has_settings_and_pictures_and_a_run_for_each(lab: Lab, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("a", "b"):  # in one process, as the trials of a sweep
        folder = lab.train("logger=wandb", name=name)
        assert read_curves(folder)["val/loss"]
    lab.train("logger=wandb", "trainer.max_epochs=2", "ckpt_path=last", name="b")
    log_figures(load_run(folder).settings.config["logger"], folder, {"fid": 1.5}, 4)
    *_, evaluated = sorted(folder.glob("wandb/offline-run-*"))
    assert b"eval/fid" in next(evaluated.glob("*.wandb")).read_bytes()
    shutil.rmtree(evaluated)
    ids = [run.name.rpartition("-")[2] for run in offline_runs(lab.root)]
    assert len(ids) == 3 and len(set(ids)) == 2 and ids[1] == ids[2]
    for run in offline_runs(lab.root)[:2]:
        (log,) = run.glob("*.wandb")
        assert re.search(rb'"lr": ?0\.001', log.read_bytes())  # the settings, as JSON in W&B's own file
        assert list(run.glob("files/media/images/samples_*.png")) and list(run.glob("files/media/images/panels_*.png"))
