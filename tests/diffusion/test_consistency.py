"""Consistency distillation, against the trajectories that are known in closed form."""

import pytest
import torch

from diffusionlab.diffusion import (
    DDIM,
    X0,
    Consistency,
    ConsistencyLoss,
    CosineSchedule,
    Denoiser,
    EDMSchedule,
    FlowSchedule,
    Guidance,
    GuidedDenoiser,
    Labels,
)
from diffusionlab.diffusion.denoiser import per_image

SCHEDULES = [FlowSchedule(), CosineSchedule(zero_terminal_snr=True), EDMSchedule()]
ids = [type(schedule).__name__ for schedule in SCHEDULES]


def known(schedule, function):
    """A denoiser whose x0_hat at (x_t, t) is function(x_t, alpha, sigma)."""

    class Exact(Denoiser):
        def __call__(self, x_t, t, *labels):
            return function(x_t, *(per_image(value) for value in schedule(t)))

    return Exact(lambda x, *_: x, schedule, X0())


def x0_of(seed=0, n=64):
    return torch.randn(n, 1, 4, 4, generator=torch.Generator().manual_seed(seed))


def loss_of(schedule, student, teacher, num_steps):
    generator = torch.Generator().manual_seed(1)
    return ConsistencyLoss(num_steps=num_steps)(student, x0_of(), teacher=teacher, generator=generator).loss.item()


@pytest.mark.parametrize("schedule", SCHEDULES, ids=ids)
def test_of_a_single_image_the_leap_to_it_has_no_loss(schedule):
    image = torch.full((1, 1, 4, 4), 0.3)
    there = known(schedule, lambda x_t, alpha, sigma: torch.where(sigma > 0, image.expand_as(x_t), x_t))
    assert loss_of(schedule, there, there, 16) < 1e-4


@pytest.mark.parametrize("schedule", SCHEDULES, ids=ids)
def test_the_exact_leap_of_a_gaussian_has_the_loss_of_the_teachers_steps_alone(schedule):
    """x0 ~ N(0, 1): the denoiser is alpha x_t / (alpha^2 + sigma^2), the end x_t / sqrt(alpha^2 + sigma^2)."""
    teacher = known(schedule, lambda x_t, alpha, sigma: alpha * x_t / (alpha**2 + sigma**2))
    leap = known(schedule, lambda x_t, alpha, sigma: x_t / (alpha**2 + sigma**2).sqrt())
    coarse, fine = (loss_of(schedule, leap, teacher, num_steps) for num_steps in (8, 64))
    assert fine < coarse / 4
    assert fine < loss_of(schedule, teacher, teacher, 64) / 4  # the denoiser itself is no leap


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_the_teachers_step_is_that_of_ddim_with_guidance(scale):
    schedule, x_t = FlowSchedule(), x0_of()
    labels = Labels.of([torch.arange(64) % 3], [3])
    teacher = Denoiser(lambda x, time, label: x * 0.3 + per_image(label.float()) * 0.1, schedule, X0())
    sampler = DDIM(num_steps=2)
    guided = GuidedDenoiser(teacher, labels, Guidance(scale=scale), clip_x0=False)
    first = next(iter(sampler.steps(guided, schedule, x_t, lambda: x_t)))
    t, s = torch.ones(64), torch.full((64,), first.t)
    torch.testing.assert_close(ConsistencyLoss(guidance_scale=scale).step(teacher, x_t, t, s, labels), first.x_t)


def test_gradient_flows_through_the_leap_from_the_later_time_alone():
    schedule = FlowSchedule()
    weight = torch.ones((), requires_grad=True)
    calls = []

    def network(x, *_):
        calls.append(torch.is_grad_enabled())
        return weight * x

    student = Denoiser(network, schedule, X0())
    teacher = known(schedule, lambda x_t, alpha, sigma: 0 * x_t)
    ConsistencyLoss()(student, x0_of(), teacher=teacher).loss.backward()
    assert calls == [False, True] and weight.grad is not None


def test_the_exact_leap_samples_the_gaussian_in_any_number_of_steps():
    schedule = FlowSchedule()
    leap = known(schedule, lambda x_t, alpha, sigma: x_t / (alpha**2 + sigma**2).sqrt())
    generator = torch.Generator().manual_seed(0)
    for num_steps in (1, 2, 4):
        sampler = Consistency(num_steps=num_steps)

        def denoise(x_t, t):
            return leap(x_t, torch.full((len(x_t),), t))

        *_, last = sampler(denoise, schedule, lambda: torch.randn(20_000, 1, 1, 1, generator=generator))
        assert last.t == 0 and last.x_t.std().item() == pytest.approx(1, abs=0.03)


def test_a_number_of_steps_below_one_is_refused():
    with pytest.raises(ValueError, match="num_steps"):
        ConsistencyLoss(num_steps=0)
