"""Which times training draws and samplers visit."""

import math
from itertools import pairwise

import pytest
import torch

from diffusionlab.diffusion import (
    DDIM,
    CosineSchedule,
    EDMSchedule,
    FlowSchedule,
    Heun,
    LinearSchedule,
    TimeDistribution,
)
from diffusionlab.diffusion.times import sampling_times

SCHEDULES = [LinearSchedule(), CosineSchedule(zero_terminal_snr=True), EDMSchedule(), FlowSchedule()]
CPU = torch.device("cpu")


def ratio(schedule, t):
    alpha, sigma = schedule.at(t)
    return sigma / alpha if alpha else math.inf


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)
class TestEverySchedule:
    @pytest.mark.parametrize("spacing", ["uniform", "log_snr", "edm"])
    @pytest.mark.parametrize("num_steps", [1, 2, 3, 10, 50, 200])
    def test_steps_fall_strictly_from_noise_to_image(self, schedule, spacing, num_steps):
        times = sampling_times(schedule, num_steps, spacing)
        assert len(times) == num_steps + 1 and times[0] == 1.0 and times[-1] == 0.0
        assert all(later > earlier for later, earlier in pairwise(times))

    def test_the_time_of_a_ratio_has_that_ratio(self, schedule):
        finest = getattr(schedule, "num_steps", 10**6)
        for t in (0.1, 0.35, 0.8):
            assert schedule.time_at(ratio(schedule, t)) == pytest.approx(t, abs=1 / finest)
        assert schedule.time_at(math.inf) == 1.0 or ratio(schedule, 1.0) < math.inf

    @pytest.mark.parametrize("kind", ["schedule", "uniform", "logit_normal"])
    @pytest.mark.parametrize("shift", [1.0, 3.0])
    def test_drawn_times_are_noisy_times_of_the_schedule(self, schedule, kind, shift):
        t = TimeDistribution(kind=kind, shift=shift, std=3.0).draw(schedule, 2000, CPU, None)
        assert t.dtype == torch.float32 and t.min() > 0 and t.max() <= 1
        torch.testing.assert_close(schedule.nearest(t), t)
        assert (schedule(t)[1] > 0).all()

    def test_by_default_the_schedule_draws(self, schedule):
        seeded = [torch.Generator().manual_seed(3) for _ in range(2)]
        ours = TimeDistribution().draw(schedule, 500, CPU, seeded[0])
        torch.testing.assert_close(ours, schedule.draw_times(500, CPU, seeded[1]))


def test_log_snr_spacing_is_even_in_the_log_ratio():
    times = sampling_times(EDMSchedule(), 12, "log_snr")[:-1]
    steps = [math.log(ratio(EDMSchedule(), t)) for t in times]
    assert [a - b for a, b in pairwise(steps)] == pytest.approx([math.log(80 / 0.002) / 11] * 11)


def test_the_steps_of_edm_are_those_of_its_own_schedule_on_any_other():
    own = [ratio(EDMSchedule(), t) for t in EDMSchedule().times(18)]
    assert [ratio(EDMSchedule(), t) for t in sampling_times(EDMSchedule(), 18, "edm")] == pytest.approx(own)
    on_flow = sampling_times(FlowSchedule(), 18, "edm")
    assert [ratio(FlowSchedule(), t) for t in on_flow[1:]] == pytest.approx(own[1:])


def test_logit_normal_times_have_the_moments_they_say():
    t = TimeDistribution(kind="logit_normal", mean=-0.5, std=1.2).draw(FlowSchedule(), 50_000, CPU, None)
    assert t.logit().mean().item() == pytest.approx(-0.5, abs=0.03)
    assert t.logit().std().item() == pytest.approx(1.2, abs=0.03)


def test_a_shift_multiplies_the_ratio_of_noise_to_image():
    """Of the straight path: t / (1 - t) becomes shift t / (1 - t) (Esser et al. 2024, eq. 23)."""
    plain, shifted = (
        TimeDistribution(kind="uniform", shift=shift).draw(FlowSchedule(), 100, CPU, torch.Generator().manual_seed(0))
        for shift in (1.0, 3.0)
    )
    torch.testing.assert_close(shifted / (1 - shifted), 3 * plain / (1 - plain), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "word"), [({"kind": "normal"}, "kind"), ({"std": 0}, "std"), ({"shift": -1}, "shift")]
)
def test_impossible_distributions_are_refused(options, word):
    with pytest.raises(ValueError, match=f"loss.times.{word}"):
        TimeDistribution(**options)


def test_impossible_spacings_are_refused():
    with pytest.raises(ValueError, match=r"sampler\.spacing=even: choose from uniform"):
        DDIM(spacing="even")


def test_a_sampler_names_what_its_results_depend_on():
    assert str(DDIM(num_steps=7)) == "DDIM eta=0"
    assert str(Heun(num_steps=9, churn=40.0, spacing="edm")) == "Heun spacing=edm churn=40"
