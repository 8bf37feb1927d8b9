"""Every model on every data set, every schedule with every parameterization, weighting and sampler."""

from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torchvision import datasets

from diffusionlab.diffusion import Denoiser, DenoisingLoss, Guidance, Labels, PixelCodec, SampleRequest, sample_batches
from diffusionlab.errors import UsageError
from diffusionlab.models import UNet
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
    assert (folder / "samples/latest.png").is_file() == (model != "clip")
    assert (folder / "weights.safetensors").is_file()
    record = lab.record()
    assert record.status == "finished" and record.metrics["val_loss"] is not None
    facets = set(record.arch_tags)
    assert ("unet" in facets) == model.endswith("unet")
    assert ("conditional" in facets) == (model.startswith("conditional") or "transformer" in facets)
    assert ("latent" in facets) == ("latent" in model) == (record.parent_run is not None)


@pytest.mark.parametrize(
    ("weighting", "augment"), [("uniform", 0.0), ("uniform", 0.12), ("min_snr", 0.0), ("edm", 0.0)]
)
@pytest.mark.parametrize("schedule", sorted(path.stem for path in (CONF / "schedule").glob("*.yaml")))
@pytest.mark.parametrize("parameterization", sorted(path.stem for path in (CONF / "parameterization").glob("*.yaml")))
def test_every_combination_learns_and_samples(
    lab: Lab, schedule: str, parameterization: str, weighting: str, augment: float
):
    if (schedule, parameterization) == ("flow", "epsilon"):  # nothing to divide by at t = 1
        with pytest.raises(UsageError, match="parameterization=flow"):
            lab.train(f"schedule={schedule}", f"parameterization={parameterization}")
        return
    torch.manual_seed(0)
    chosen = (f"schedule/{schedule}.yaml", f"parameterization/{parameterization}.yaml")
    network = UNet(in_channels=1, image_size=8, channels=[8, 16], attention_max_size=0, num_classes=2, augment_dim=9)
    denoiser = Denoiser(network, *(instantiate(OmegaConf.load(CONF / file)) for file in chosen))
    loss = DenoisingLoss(weighting=weighting, augment=augment)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    x0 = torch.linspace(-1, 1, 64).view(1, 1, 8, 8).repeat(32, 1, 1, 1)
    losses = []
    for _ in range(12):
        parts = loss(denoiser, x0, Labels(torch.zeros(32, dtype=torch.int64), nulls=(2,)), training=True)
        optimizer.zero_grad()
        parts.loss.backward()
        optimizer.step()
        losses.append(parts.error.mean().item())
    assert sum(losses[-3:]) < sum(losses[:3])
    for sampler in sorted((CONF / "sampler").glob("*.yaml")):
        three_steps = OmegaConf.merge(OmegaConf.load(sampler), {"num_steps": 3})
        request = SampleRequest(
            num_samples=2,
            labels=Labels(torch.zeros(2, dtype=torch.int64), nulls=(2,)),
            shape=(1, 8, 8),
            guidance=Guidance(scale=2.0),
        )
        (images,) = sample_batches(
            denoiser, PixelCodec(), instantiate(three_steps), request, batch_size=2, device="cpu"
        )
        assert images.isfinite().all() and images.abs().max() <= 1.0 + 1e-4, sampler.stem
