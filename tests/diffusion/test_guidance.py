"""The guidance scale over the time."""

import pytest
import torch

from diffusionlab.diffusion import CosineSchedule, Denoiser, Epsilon, Guidance, GuidedDenoiser


def test_constant_linear_and_interval():
    times = (1.0, 0.8, 0.5, 0.2, 0.1)
    assert [Guidance(scale=3.0)(t) for t in times] == [3.0] * 5
    linear = [Guidance(scale=3.0, schedule="linear")(t) for t in times]
    assert linear == pytest.approx([1.0, 1.4, 2.0, 2.6, 2.8])
    interval = Guidance(scale=3.0, schedule="interval", interval=(0.2, 0.8))
    assert [interval(t) for t in times] == [1.0, 3.0, 3.0, 3.0, 1.0]


def test_outside_the_interval_the_network_is_asked_once():
    denoiser = Denoiser(lambda x, time, label: 0.1 * x, CosineSchedule(), Epsilon())
    guidance = Guidance(scale=3.0, schedule="interval")
    denoise = GuidedDenoiser(denoiser, (torch.zeros(2, dtype=torch.int64),), (9,), guidance)
    for t, nfe in ((0.9, 1), (0.5, 3), (0.1, 4)):
        denoise(torch.randn(2, 1, 4, 4), t)
        assert denoise.nfe == nfe


def test_two_labels_are_dropped_together():
    """uncond is the answer without class and without style."""
    answer = lambda x, time, label, style: (label + 100 * style).view(-1, 1, 1, 1).float().expand_as(x)  # noqa: E731
    schedule = CosineSchedule()
    labels = (torch.tensor([2, 4]), torch.tensor([0, 1]))
    denoise = GuidedDenoiser(Denoiser(answer, schedule, Epsilon()), labels, (10, 3), Guidance(scale=2.0), clip_x0=False)
    x_t, t = torch.randn(2, 1, 4, 4), 0.4
    alpha, sigma = schedule.at(t)
    noise_hat = (x_t - alpha * denoise(x_t, t)) / sigma
    expected = 310 + 2 * (torch.tensor([2.0, 104.0]) - 310)
    torch.testing.assert_close(noise_hat[:, 0, 0, 0], expected, rtol=1e-3, atol=1e-2)
