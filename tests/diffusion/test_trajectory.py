"""Trajectory distillation, against the trajectories that are known in closed form."""

from itertools import pairwise

import pytest
import torch

from diffusionlab.diffusion import (
    X0,
    Consistency,
    CosineSchedule,
    Denoiser,
    DPMSolverPP2M,
    EDMSchedule,
    FlowSchedule,
    Guidance,
    GuidedDenoiser,
    Labels,
    TrajectoryLoss,
)
from diffusionlab.diffusion.denoiser import per_image

SCHEDULES = [FlowSchedule(), CosineSchedule(zero_terminal_snr=True), EDMSchedule()]
ids = [type(schedule).__name__ for schedule in SCHEDULES]
STD = 0.2
"""Of the data in closed form: far inside of [-1, 1], to which samples are clamped."""


def known(schedule, function):
    """A denoiser whose x0_hat at (x_t, t) is function(x_t, alpha, sigma)."""

    class Exact(Denoiser):
        def __call__(self, x_t, t, *labels):
            return function(x_t, *(per_image(value) for value in schedule(t)))

    return Exact(lambda x, *_: x, schedule, X0())


def gaussian(schedule):
    """Teacher and exact leap of x0 ~ N(0, STD^2): alpha STD^2 x_t / v and STD x_t / sqrt(v), v the variance of x_t."""

    def variance(alpha, sigma):
        return (alpha * STD) ** 2 + sigma**2

    return (
        known(schedule, lambda x_t, alpha, sigma: alpha * STD**2 * x_t / variance(alpha, sigma)),
        known(schedule, lambda x_t, alpha, sigma: STD * x_t / variance(alpha, sigma).sqrt()),
    )


def parts_of(student, teacher, labels=None, n=64, **options):
    given = {} if labels is None else {"labels": labels}
    generator = torch.Generator().manual_seed(1)
    return TrajectoryLoss(**options)(student, torch.zeros(n, 1, 4, 4), teacher=teacher, generator=generator, **given)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=ids)
def test_of_a_single_image_the_leap_to_it_has_no_loss(schedule):
    there = known(schedule, lambda x_t, alpha, sigma: torch.full_like(x_t, 0.3))
    assert parts_of(there, there).loss < 1e-4


@pytest.mark.parametrize("schedule", SCHEDULES, ids=ids)
def test_the_exact_leap_of_a_gaussian_has_the_loss_of_the_teachers_steps_alone(schedule):
    teacher, leap = gaussian(schedule)
    coarse, fine = (parts_of(leap, teacher, num_steps=number).loss for number in (8, 64))
    assert fine < coarse / 4
    assert fine < parts_of(teacher, teacher, num_steps=64).loss / 4, "the denoiser itself is no leap"


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_a_trajectory_is_that_of_the_guided_sampler(scale):
    schedule, labels = FlowSchedule(), Labels.of([torch.arange(6) % 3], [3])
    noise = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    teacher = Denoiser(lambda x, time, label: x * 0.3 + per_image(label.float()) * 0.1, schedule, X0())
    loss = TrajectoryLoss(guidance_scale=scale)
    points, end = loss.trajectories(teacher, noise, labels, loss.times(schedule))
    sampler = DPMSolverPP2M(num_steps=10, spacing="log_snr")
    steps = list(sampler(GuidedDenoiser(teacher, labels, Guidance(scale=scale)), schedule, lambda: noise))
    torch.testing.assert_close(points, torch.stack([noise, *(step.x_t for step in steps[:-1])]))
    torch.testing.assert_close(end, steps[-1].x_t)


@pytest.mark.parametrize("num_times", [1, 4, 7])
def test_each_trajectory_is_left_at_its_start_and_at_other_times_of_its_first_two_thirds(num_times):
    teacher, leap = gaussian(FlowSchedule())
    t = parts_of(leap, teacher, n=50, num_times=num_times).t.view(num_times, 50)
    assert (t[0] == 1).all()
    assert all(len(column.unique()) == num_times for column in t.T), "no time twice"
    assert len(t.unique()) == (1 if num_times == 1 else 7), "over many trajectories every time"
    assert t.min() > TrajectoryLoss().times(teacher.schedule, 0.5)[7]


@pytest.mark.parametrize("schedule", [*SCHEDULES, CosineSchedule(num_steps=12)], ids=[*ids, "12 steps"])
def test_moved_times_fall_from_one_to_zero_and_cover_what_lies_between_those_of_the_grid(schedule):
    loss = TrajectoryLoss()
    first, moved, last = (loss.times(schedule, shift) for shift in (-0.5, 0.2, 0.499))
    for times in (first, moved, last):
        assert times[0] == 1 and times[-1] == 0 and all(t > s for t, s in pairwise(times)) and len(times) == 11
    if schedule in SCHEDULES:
        assert last[1:-2] == pytest.approx(first[2:-1], rel=0.05, abs=0.002), "one shift ends where the next begins"


def test_a_leap_is_compared_with_the_end_of_its_own_trajectory():
    """A teacher that draws the number of the label, and a student that knows the label or takes it for the next."""
    labels = Labels.of([torch.arange(60) % 3], [3])

    def number(x, time, label):
        return torch.zeros_like(x) + per_image(label.float()) / 4

    right, wrong = (
        Denoiser(lambda x, time, label, shift=shift: number(x, time, (label + shift) % 3), FlowSchedule(), X0())
        for shift in (0, 1)
    )
    assert parts_of(right, right, labels, n=60).error.max() < 1e-4
    assert parts_of(wrong, right, labels, n=60).error.min() > 0.5


def test_gradient_flows_through_the_students_leap_alone():
    weight = torch.ones((), requires_grad=True)
    student = Denoiser(lambda x, *_: weight * x, FlowSchedule(), X0())
    asked = []

    def taught(x, *_):
        asked.append(torch.is_grad_enabled())
        return 0.5 * weight * x

    parts_of(student, Denoiser(taught, FlowSchedule(), X0())).loss.backward()
    assert asked == [False] * 10 and weight.grad is not None


@pytest.mark.parametrize("schedule", SCHEDULES, ids=ids)
def test_the_exact_leap_samples_the_gaussian_in_any_number_of_steps(schedule):
    _, leap = gaussian(schedule)
    generator = torch.Generator().manual_seed(0)
    for num_steps in (1, 2, 4):
        sampler = Consistency(num_steps=num_steps)

        def denoise(x_t, t):
            return leap(x_t, torch.full((len(x_t),), t))

        *_, last = sampler(denoise, schedule, lambda: torch.randn(20_000, 1, 1, 1, generator=generator))
        assert last.t == 0 and last.x_t.std().item() == pytest.approx(STD, abs=0.006)


@pytest.mark.parametrize("options", [{"num_steps": 0}, {"num_times": 0}, {"num_times": 8}, {"spacing": "even"}])
def test_what_no_trajectory_has_is_refused(options):
    with pytest.raises(ValueError, match=rf"{next(iter(options))}="):
        TrajectoryLoss(**options)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=ids)
@pytest.mark.parametrize("num_steps", [1, 2, 3, 4, 16])
def test_leaps_after_the_first_begin_where_there_is_something_to_mend(schedule, num_steps):
    first, *later, last = Consistency(num_steps=num_steps).times(schedule)
    assert (first, last, len(later)) == (1, 0, num_steps - 1) and sorted(later, reverse=True) == later
    for t in later:
        alpha, sigma = schedule.at(t)
        assert 0.1 <= sigma / alpha <= 5
