"""The figures tell apart what must differ: real test images, samples of a trained and an untrained model, noise."""

from pathlib import Path

import pytest
import torch

from diffusionlab.evaluation.classifier import trained_classifier
from diffusionlab.evaluation.judge import Judge
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.registry.record.run_record import read_record
from diffusionlab.runs.checkpoint import load_data
from diffusionlab.tensors import to_uint8
from tests.conftest import Lab
from tests.evaluation.test_evaluate import run_evaluate

SIZE = (
    *("model.channels=[16,32]", "data.num_train=2000", "data.num_val=0", "data.num_test=400", "data.batch_size=32"),
    *("ema_decay=0.98", "optimizer.lr=2e-3", "trainer.enable_progress_bar=false"),
    *("~callbacks.progress_bar", "~callbacks.sample_grid"),
)


@pytest.mark.slow
def test_real_is_nearer_than_trained_than_untrained_than_noise(lab: Lab, registry_of_its_own: Path):
    def measured(name: str, num_steps: int) -> dict[str, float]:
        folder = lab.train(f"trainer.max_steps={num_steps}", name=name, small=SIZE)
        requested = ("num_samples=200", "sampler.num_steps=20", "guidance_scale=1", f"run={folder}")
        return run_evaluate((folder, registry_of_its_own), *requested).metrics

    trained, untrained = measured("20260101-120000-aaaaaa", 400), measured("20260101-120000-bbbbbb", 1)
    folder = lab.root / "outputs/2026-01-01/20260101-120000-aaaaaa"
    real = RealImages.of(load_data(read_record(folder).config, folder))
    classifier = trained_classifier(real, registry_of_its_own.parent / "cache", torch.device("cpu"))
    judge = Judge(real, classifier, classifier, cache_dir=registry_of_its_own.parent / "cache", shown=False)
    # what sampling starts from; an untrained network takes about 6 % of it away in 20 steps, and adds nothing
    noise = to_uint8(torch.randn(200, 1, 28, 28, generator=torch.Generator().manual_seed(1)))
    chance = torch.arange(200) % 10
    fresh, random = (judge.judge(images[:200], chance).metrics for images in (real.test.images, noise))
    for name in ("fid", "kid"):
        values = [one[name] for one in (fresh, trained, untrained, random)]
        assert values == sorted(values), (name, values)
    assert trained["label_accuracy"] > 0.5 > untrained["label_accuracy"]
    assert fresh["density"] > 0.5 > trained["density"] > untrained["density"] and random["density"] < 0.01
    assert fresh["coverage"] > trained["coverage"] > random["coverage"]
    assert fresh["recall"] > trained["recall"] > random["recall"] == 0
