"""Parameterizations, the denoiser contract, loss weights, label dropout."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusionlab.diffusion import (
    EDM,
    X0,
    CosineSchedule,
    Denoiser,
    DenoisingLoss,
    EDMSchedule,
    Epsilon,
    Labels,
    LinearSchedule,
    V,
)
from diffusionlab.diffusion.denoiser import per_image

PARAMETERIZATIONS = [Epsilon(), X0(), V(), EDM(sigma_data=0.5)]
SCHEDULES = [LinearSchedule(), CosineSchedule(num_steps=100), EDMSchedule()]


def batch(n=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 1, 4, 4, generator=generator) * 2 - 1, torch.randn(n, 1, 4, 4, generator=generator)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("parameterization", PARAMETERIZATIONS, ids=lambda p: type(p).__name__)
def test_a_network_that_hits_its_target_gives_back_the_clean_image(schedule, parameterization):
    x0, noise = batch()
    t = torch.tensor(schedule.times(10)[2:8])
    alpha, sigma = (per_image(value) for value in schedule(t))
    target = parameterization.target(x0, noise, alpha, sigma)
    denoiser = Denoiser(lambda x, time: target, schedule, parameterization)
    torch.testing.assert_close(denoiser(alpha * x0 + sigma * noise, t), x0, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
def test_the_network_sees_inputs_of_unit_variance(schedule):
    generator = torch.Generator().manual_seed(0)
    x0, noise = (torch.randn(500, 1, 8, 8, generator=generator) for _ in range(2))
    for parameterization in (Epsilon(), V(), EDM(sigma_data=1.0)):
        for t in (0.3, 0.6, 1.0):
            seen = []
            denoiser = Denoiser(lambda x, time, seen=seen: seen.append(x) or x, schedule, parameterization)
            alpha, sigma = schedule.at(t)
            denoiser.output(alpha * x0 + sigma * noise, torch.full((500,), t))
            assert seen[0].std().item() == pytest.approx(1, abs=0.02)


def test_v_is_edm_with_unit_data_variance_but_for_the_sign():
    x0, noise = batch()
    alpha, sigma = torch.tensor(0.6), torch.tensor(0.8)
    v, edm = V(), EDM(sigma_data=1.0)
    torch.testing.assert_close(v.target(x0, noise, alpha, sigma), -edm.target(x0, noise, alpha, sigma))
    torch.testing.assert_close(v.scaling(alpha, sigma).c_out, -edm.scaling(alpha, sigma).c_out)


@given(t=st.floats(0.3, 1.0), sigma_data=st.floats(0.2, 2))
@settings(max_examples=30, deadline=None)
def test_edm_scaling_is_table_one_of_the_paper(t, sigma_data):
    alpha, sigma = EDMSchedule()(torch.tensor([t]))
    scaling = EDM(sigma_data=sigma_data).scaling(alpha, sigma)
    total = sigma**2 + sigma_data**2
    torch.testing.assert_close(scaling.c_skip, sigma_data**2 / total, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(scaling.c_out, sigma * sigma_data / total.sqrt(), rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(scaling.c_in, 1 / total.sqrt(), rtol=1e-4, atol=1e-7)


def test_edm_weighting_makes_every_noise_level_count_the_same_for_the_edm_network():
    schedule = EDMSchedule()
    t = torch.linspace(0.3, 1, 20)
    denoiser = Denoiser(lambda x, time: x, schedule, EDM(sigma_data=0.5))
    weight = DenoisingLoss(weighting="edm", sigma_data=0.5).weight(denoiser, t)
    torch.testing.assert_close(weight, torch.ones(20), rtol=1e-4, atol=1e-4)


def test_min_snr_weights_are_the_papers_for_epsilon_x0_and_v():
    schedule = LinearSchedule()
    t = torch.linspace(0.01, 1, 50)
    snr, loss = schedule.snr(t), DenoisingLoss(weighting="min_snr", min_snr_gamma=5.0)
    capped = snr.clamp(max=5.0)
    for parameterization, paper in ((Epsilon(), capped / snr), (X0(), capped), (V(), capped / (snr + 1))):
        weight = loss.weight(Denoiser(lambda x, time: x, schedule, parameterization), t)
        torch.testing.assert_close(weight, paper, rtol=1e-3, atol=1e-6)


def test_the_loss_of_a_silent_epsilon_network_is_the_variance_of_the_noise():
    x0 = torch.zeros(512, 1, 8, 8)
    denoiser = Denoiser(lambda x, time: torch.zeros_like(x), LinearSchedule(), Epsilon())
    parts = DenoisingLoss()(denoiser, x0, generator=torch.Generator().manual_seed(0))
    assert parts.loss.item() == pytest.approx(1.0, abs=0.02)
    assert parts.error.shape == parts.t.shape == (512,)


@pytest.mark.parametrize("rate", [0.0, 0.25, 1.0])
def test_labels_are_dropped_at_the_asked_rate_and_only_to_the_null_label(rate):
    seen = []
    network = lambda x, time, label: seen.append(label) or x  # noqa: E731
    label = torch.arange(4000) % 10
    denoiser = Denoiser(network, LinearSchedule(), Epsilon())
    DenoisingLoss(label_dropout=rate)(denoiser, torch.zeros(4000, 1, 2, 2), Labels(label, nulls=(10,)), training=True)
    dropped = seen[0] == 10
    assert dropped.float().mean().item() == pytest.approx(rate, abs=0.03)
    assert torch.equal(seen[0][~dropped], label[~dropped])


def test_a_generator_makes_the_loss_repeatable_and_leaves_the_global_stream_alone():
    x0, _ = batch()
    denoiser = Denoiser(lambda x, time: 0.5 * x, CosineSchedule(), V())
    state = torch.get_rng_state()
    first, second = (DenoisingLoss()(denoiser, x0, generator=torch.Generator().manual_seed(3)).loss for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)


def test_clip_weight_adds_one_minus_similarity_weighed_by_what_is_left_of_the_signal():
    x0, _ = batch(n=200)
    scale = torch.tensor(0.3, requires_grad=True)
    denoiser = Denoiser(lambda x, time: scale * x, LinearSchedule(), V())
    seen = []

    def similarity(x0_hat):
        seen.append(x0_hat)
        return x0_hat.square().flatten(1).mean(dim=1)

    def loss(**options):
        return DenoisingLoss(**options)(denoiser, x0, generator=torch.Generator().manual_seed(0), similarity=similarity)

    plain, weighed = loss(), loss(clip_weight=0.1)
    alpha, _ = denoiser.schedule(weighed.t)
    distance = (alpha**2 * (1 - similarity(seen[0]))).mean()
    torch.testing.assert_close(weighed.clip_distance, distance.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(weighed.loss, plain.loss + 0.1 * distance)
    assert plain.clip_distance is None and torch.equal(weighed.error, plain.error)
    (gradient,) = torch.autograd.grad(weighed.loss - plain.loss, scale)
    assert gradient.abs() > 1e-4


def test_a_similarity_reaches_the_network_less_the_more_noise_there_is():
    x0 = torch.ones(400, 1, 4, 4)
    raw = torch.zeros(400, 1, 4, 4, requires_grad=True)
    denoiser = Denoiser(lambda x, time: raw, CosineSchedule(), X0())
    parts = DenoisingLoss(clip_weight=1.0)(denoiser, x0, similarity=lambda x0_hat: x0_hat.flatten(1).mean(dim=1))
    of_similarity = (
        torch.autograd.grad(parts.loss, raw)[0] - torch.autograd.grad(DenoisingLoss()(denoiser, x0).loss, raw)[0]
    )
    by_noise = -of_similarity.flatten(1).mean(dim=1)[parts.t.argsort()]
    assert by_noise[:40].mean() > 10 * by_noise[-40:].mean().abs()


def test_wrong_settings_name_the_choices():
    with pytest.raises(ValueError, match=r"loss\.clip_weight=-1"):
        DenoisingLoss(clip_weight=-1)
    with pytest.raises(ValueError, match="uniform, min_snr, edm"):
        DenoisingLoss(weighting="minsnr")
    with pytest.raises(ValueError, match="label_dropout"):
        DenoisingLoss(label_dropout=1.5)
