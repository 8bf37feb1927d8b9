"""The guidance scale over the time."""

import pytest
import torch

from diffusionlab.diffusion import (
    DDIM,
    NO_LABELS,
    CosineSchedule,
    Denoiser,
    DPMSolverPP2M,
    Epsilon,
    Guidance,
    Guide,
    GuidedDenoiser,
    Heun,
    Labels,
    SteeredDenoiser,
    Steering,
    V,
)
from tests.diffusion.oracles import draws, gaussian_denoise


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
    denoise = GuidedDenoiser(denoiser, Labels(torch.zeros(2, dtype=torch.int64), nulls=(9,)), guidance)
    for t, nfe in ((0.9, 1), (0.5, 3), (0.1, 4)):
        denoise(torch.randn(2, 1, 4, 4), t)
        assert denoise.nfe == nfe


def test_a_guide_takes_the_place_of_the_null_label():
    """weak + scale (strong - weak), for the same labels, whatever each network predicts."""
    schedule = CosineSchedule()
    strong = Denoiser(lambda x, time, label: 0.3 * x + label.view(-1, 1, 1, 1), schedule, Epsilon())
    weak = Denoiser(lambda x, time, label: 0.1 * x - label.view(-1, 1, 1, 1), schedule, V())
    labels, x_t = Labels(torch.tensor([1, 2]), nulls=(9,)), torch.randn(2, 1, 4, 4)
    times = torch.full((2,), 0.4)
    denoise = GuidedDenoiser(strong, labels, Guidance(scale=3.0, by=Guide("weak", weak)), clip_x0=False)
    expected = 3 * strong(x_t, times, *labels) - 2 * weak(x_t, times, *labels)
    torch.testing.assert_close(denoise(x_t, 0.4), expected)
    assert denoise.nfe == 2
    itself = GuidedDenoiser(strong, labels, Guidance(scale=3.0, by=Guide("itself", strong)), clip_x0=False)
    torch.testing.assert_close(itself(x_t, 0.4), strong(x_t, times, *labels))


def test_two_labels_are_dropped_together():
    """uncond is the answer without class and without style."""
    answer = lambda x, time, label, style: (label + 100 * style).view(-1, 1, 1, 1).float().expand_as(x)  # noqa: E731
    schedule = CosineSchedule()
    labels = Labels(torch.tensor([2, 4]), torch.tensor([0, 1]), (10, 3))
    denoise = GuidedDenoiser(Denoiser(answer, schedule, Epsilon()), labels, Guidance(scale=2.0), clip_x0=False)
    x_t, t = torch.randn(2, 1, 4, 4), 0.4
    alpha, sigma = schedule.at(t)
    noise_hat = (x_t - alpha * denoise(x_t, t)) / sigma
    expected = 310 + 2 * (torch.tensor([2.0, 104.0]) - 310)
    torch.testing.assert_close(noise_hat[:, 0, 0, 0], expected, rtol=1e-3, atol=1e-2)


def likeness(image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Greatest where every pixel is the label."""
    return -(image - label.view(-1, 1, 1, 1)).square().sum(dim=(1, 2, 3)) / 2


def test_steering_moves_the_estimate_by_the_gradient_times_the_posterior_variance():
    schedule, denoise = CosineSchedule(), gaussian_denoise(CosineSchedule())
    labels, x_t = torch.tensor([0, 1]), torch.randn(2, 1, 4, 4)
    steered = SteeredDenoiser(denoise, schedule, Steering(similarity=likeness, scale=0.5), labels, clip_x0=False)
    for t in (0.1, 0.5, 1.0):
        _, sigma = schedule.at(t)  # variance-preserving: alpha^2 + sigma^2 = 1
        x0_hat = denoise(x_t, t)
        uphill = labels.view(-1, 1, 1, 1) - x0_hat
        torch.testing.assert_close(steered(x_t, t), x0_hat + 0.5 * sigma**2 * uphill, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "sampler", [DDIM(num_steps=10), DDIM(num_steps=10, eta=1.0), DPMSolverPP2M(num_steps=10), Heun(num_steps=10)]
)
def test_steering_draws_the_same_noise_uphill_with_every_sampler(sampler):
    schedule, labels = CosineSchedule(), torch.tensor([-1, 1, 0])

    def similarity(scale: float) -> torch.Tensor:
        denoise = SteeredDenoiser(
            gaussian_denoise(schedule), schedule, Steering(similarity=likeness, scale=scale), labels, clip_x0=False
        )
        *_, last = sampler(denoise, schedule, draws(3, 1, 4, 4))
        assert not last.x_t.requires_grad
        return likeness(last.x_t, labels)

    none, some, more = (similarity(scale) for scale in (0.0, 0.2, 0.5))
    assert bool((none < some).all()) and bool((some < more).all())


def test_labels_slice_repeat_and_become_null_together():
    labels = Labels(torch.tensor([2, 4, 6]), torch.tensor([0, 1, 2]), (10, 3))
    assert [one.tolist() for one in labels[1:]] == [[4, 6], [1, 2]] and len(labels[1:]) == 2
    assert [one.tolist() for one in labels.null] == [[10] * 3, [3] * 3]
    assert [one.tolist() for one in labels[:1].followed_by(labels[:1].null)] == [[2, 10], [0, 3]]
    assert [one.tolist() for one in labels[[2]].repeat(2)] == [[6, 6], [2, 2]]
    assert not NO_LABELS and len(NO_LABELS) == 0 and not NO_LABELS[:5] and list(NO_LABELS.null) == []
