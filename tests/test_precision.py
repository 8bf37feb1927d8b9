"""A run samples in the precision that it was trained in, where the device computes in it."""

import pytest
import torch

from diffusionlab.diffusion import CosineSchedule, Denoiser, V
from diffusionlab.models import UNet
from diffusionlab.runs import hardware
from diffusionlab.runs.hardware import as_trained
from diffusionlab.runs.run import Run

MIXED = {"precision": "bf16-mixed"}


@pytest.fixture
def network() -> UNet:
    torch.manual_seed(0)
    made = UNet(in_channels=1, channels=[8, 16], image_size=8, num_classes=3).eval().requires_grad_(False)
    for parameter in made.parameters():
        if not parameter.any():  # at first it says nothing at all
            torch.nn.init.normal_(parameter, std=0.1)
    return made


def test_a_network_trained_in_bfloat16_is_asked_in_it(network, monkeypatch):
    monkeypatch.setattr(hardware, "cpu_has_bfloat16", lambda: True)
    seen = []
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda module, arguments, output: seen.append(output.dtype))
    asked = Denoiser(as_trained(network, MIXED, "cpu"), CosineSchedule(), V())
    plain = Denoiser(network, CosineSchedule(), V())
    x_t, t, labels = torch.randn(4, 1, 8, 8), torch.rand(4), torch.tensor([0, 1, 2, 3])
    x0_hat = asked(x_t, t, labels)
    assert {*seen} == {torch.bfloat16} and x0_hat.dtype == torch.float32
    torch.testing.assert_close(x0_hat, plain(x_t, t, labels), rtol=0.02, atol=0.02)


@pytest.mark.parametrize(
    ("settings", "device", "has"),
    [({"precision": "32-true"}, "cpu", True), (MIXED, "cpu", False), (MIXED, "mps", True), ("x", "cpu", True)],
)
def test_others_are_asked_as_they_are(network, monkeypatch, settings, device, has):
    monkeypatch.setattr(hardware, "cpu_has_bfloat16", lambda: has)
    assert as_trained(network, settings, device) is network


def test_samples_in_bfloat16_are_those_in_float32_and_of_no_batch(lab, monkeypatch):
    """A sample moves by less than two levels of 255 (root mean square), and by no more than one in another batch."""
    monkeypatch.setattr(hardware, "cpu_has_bfloat16", lambda: True)
    folder = lab.train("hardware.precision=bf16-mixed", "trainer.max_steps=20", "optimizer.lr=0.01", "ema_decay=0.5")
    mixed = Run(folder).sample(6, num_steps=4)
    again = Run(folder).sample(6, num_steps=4, batch_size=2)
    assert (mixed.int() - again.int()).abs().max() <= 1
    monkeypatch.setattr(hardware, "cpu_has_bfloat16", lambda: False)
    single = Run(folder).sample(6, num_steps=4)
    assert not torch.equal(mixed, single)
    assert (mixed.float() - single.float()).square().mean().sqrt() < 2
