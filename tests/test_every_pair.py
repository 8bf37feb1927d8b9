"""Every model takes one training step and one sampling step on every data set."""

from pathlib import Path

import pytest
from torchvision import datasets

from tests.conftest import CONF, SMALL, Lab
from tests.miniatures import write_all, write_cifar10

MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
DATA = sorted(path.stem for path in (CONF / "data").glob("*.yaml"))
STEP = (
    *(override for override in SMALL if not override.startswith(("model", "data"))),
    "data.batch_size=4",
    "data.num_val=4",
    "trainer.limit_train_batches=1",
    "trainer.limit_val_batches=1",
    "callbacks.sample_grid.num_samples=2",
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All data sets in miniature."""
    root = tmp_path_factory.mktemp("data")
    write_all(root)
    return root


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("model", MODELS)
def test_a_step_and_a_sample(lab: Lab, model: str, data: str, data_dir: Path, tmp_path: Path, monkeypatch):
    for attribute, value in write_cifar10(tmp_path / "elsewhere").items():
        monkeypatch.setattr(datasets.CIFAR10, attribute, value)  # the miniature's own checksums
    few = ("data.num_train=20",) if data == "garments" else ()
    few += ("codec.autoencoder.trainer.max_epochs=1",) if "latent" in model else ()
    folder = lab.train(f"model={model}", f"data={data}", f"paths.data_dir={data_dir}", *few, small=STEP)
    assert (folder / "samples/latest.png").is_file() and (folder / "weights.safetensors").is_file()
    record = lab.record()
    assert record.status == "finished" and record.metrics["val_loss"] is not None
    facets = set(record.arch_tags)
    assert ("unet" in facets) == (model != "autoencoder")
    assert ("conditional" in facets) == model.startswith("conditional")
    assert ("latent" in facets) == ("latent" in model) == (record.parent_run is not None)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "sigmoid", "edm"])
@pytest.mark.parametrize("parameterization", ["epsilon", "x0", "v", "edm"])
def test_every_schedule_goes_with_every_parameterization_and_sampler(lab: Lab, schedule: str, parameterization: str):
    weighting = "min_snr" if schedule != "edm" else "edm"
    sampler = {"epsilon": "ddim", "x0": "ddpm", "v": "dpmpp_2m", "edm": "heun"}[parameterization]
    lab.train(
        *(f"schedule={schedule}", f"parameterization={parameterization}", f"loss.weighting={weighting}"),
        *(f"sampler={sampler}", "sampler.num_steps=3", "trainer.limit_train_batches=1"),
    )
    assert lab.record().parameterization == parameterization and lab.record().schedule == schedule
