"""Guidance by a weaker run or an earlier checkpoint, from its name to the protocol of a figure."""

import pytest
import torch

from diffusionlab.diffusion import Guidance
from diffusionlab.errors import UsageError
from diffusionlab.runs.run import Run
from tests.conftest import Lab
from tests.evaluation.test_evaluate import run_evaluate

STRONG, WEAK = "20260101-120000-aaaaaa", "20260101-120000-bbbbbb"


def test_a_smaller_run_and_an_earlier_checkpoint_guide(lab: Lab, registry_of_its_own):
    folder = lab.train("model=attention_unet", "trainer.max_epochs=2", name=STRONG)
    lab.train("model=attention_unet", "model.channels=[4,8]", name=WEAK)
    strong = Run(folder, device="cpu")
    assert strong.guide(None) is None
    for by, checkpoint in ((WEAK, None), (None, "previous")):
        guide = strong.guide(by, checkpoint, registry=str(registry_of_its_own))
        plain, same, guided = (
            strong.sample(3, num_steps=2, guidance_scale=scale)
            for scale in (1.0, Guidance(scale=1.0, by=guide), Guidance(scale=3.0, by=guide))
        )
        assert torch.equal(plain, same) and not torch.equal(plain, guided)  # although the run is unconditional
    found = run_evaluate((folder, registry_of_its_own), f"run={folder}", f"guidance.by={WEAK}", "num_samples=10")
    assert found.protocol.endswith(f"guidance 2 by {WEAK}")


def test_a_run_of_another_kind_does_not_guide(lab: Lab, registry_of_its_own):
    folder = lab.train(name=STRONG)
    lab.train("schedule=linear", name=WEAK)
    with pytest.raises(UsageError, match="another noise schedule"):
        Run(folder, device="cpu").guide(WEAK, registry=str(registry_of_its_own))
    with pytest.raises(UsageError, match="checkpoints/none"):
        Run(folder, device="cpu").guide(None, "none")
