"""Identities of the noise schedules, and the warning about schedules that end before the noise does."""

import itertools
import math

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusionlab.diffusion import CosineSchedule, EDMSchedule, LinearSchedule, SigmoidSchedule

DISCRETE = [LinearSchedule, CosineSchedule, SigmoidSchedule]


@pytest.mark.parametrize("kind", DISCRETE)
@pytest.mark.parametrize("num_steps", [10, 300, 1000])
def test_discrete_schedules_preserve_variance_and_lose_signal_at_every_step(kind, num_steps):
    schedule = kind(num_steps=num_steps, **({"beta_end": 0.3} if kind is LinearSchedule and num_steps == 10 else {}))
    t = torch.arange(num_steps + 1) / num_steps
    alpha, sigma = schedule(t)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones_like(t))
    assert alpha[0] == 1 and sigma[0] == 0
    assert (alpha.diff() < 0).all()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (LinearSchedule(num_steps=300), {"num_train_timesteps": 300}),
        (LinearSchedule(), {}),
        (CosineSchedule(), {"beta_schedule": "squaredcos_cap_v2"}),
    ],
)
def test_tables_agree_with_diffusers(ours, theirs):
    alpha_bar = DDPMScheduler(**theirs).alphas_cumprod.double()
    np.testing.assert_allclose(ours._alphas[1:] ** 2, alpha_bar, rtol=2e-4, atol=1e-7)  # theirs is float32


def test_sigmoid_is_the_paper_at_its_ends_and_middle():
    schedule = SigmoidSchedule(num_steps=1000)
    assert schedule.at(0.5)[0] ** 2 == pytest.approx(0.5, abs=1e-6)  # start and end are symmetric about 0
    assert schedule.at(1.0)[0] < 0.05


def test_zero_terminal_snr_agrees_with_diffusers_and_keeps_the_first_step():
    schedule = LinearSchedule(zero_terminal_snr=True)
    betas = rescale_zero_terminal_snr(torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64))
    theirs = torch.cumprod(1 - betas, 0).numpy()
    np.testing.assert_allclose(schedule._alphas[1:] ** 2, theirs, atol=1e-12)
    assert schedule.at(1.0) == (0.0, 1.0)
    assert schedule.at(1 / 1000) == pytest.approx(LinearSchedule().at(1 / 1000))


def test_the_notebooks_schedule_keeps_a_fifth_of_the_signal_and_says_so():
    notebook = LinearSchedule(num_steps=300, beta_start=1e-4, beta_end=0.02)
    assert notebook.terminal_signal() == pytest.approx(0.219, abs=5e-4)
    assert "0.219" in notebook.terminal_warning()
    assert "zero_terminal_snr" in notebook.terminal_warning()
    for quiet in (
        LinearSchedule(),
        CosineSchedule(),
        EDMSchedule(),
        LinearSchedule(num_steps=300, zero_terminal_snr=True),
    ):
        assert quiet.terminal_warning() is None


@given(total=st.integers(2, 1000), share=st.floats(0.001, 1))
@settings(max_examples=50, deadline=None)
def test_sampling_times_fall_strictly_from_one_to_zero_on_the_grid(total, share):
    schedule = CosineSchedule(num_steps=total)
    num_steps = max(1, round(share * total))
    times = schedule.times(num_steps)
    assert len(times) == num_steps + 1 and times[0] == 1.0 and times[-1] == 0.0
    assert all(a > b for a, b in itertools.pairwise(times))
    assert all(math.isclose(t * total, round(t * total), abs_tol=1e-6) for t in times)


def test_the_tensor_path_and_the_double_path_are_one_schedule():
    for schedule in (LinearSchedule(num_steps=300), CosineSchedule(num_steps=50), EDMSchedule()):
        times = schedule.times(20)[:-1]
        tensor = torch.stack(schedule(torch.tensor(times)), dim=1).double().numpy()
        np.testing.assert_allclose(tensor, [schedule.at(t) for t in times], rtol=2e-5)


def test_edm_steps_are_equation_five_of_the_paper():
    schedule, n, rho = EDMSchedule(), 18, 7
    i = np.arange(n)
    paper = (80 ** (1 / rho) + i / (n - 1) * (0.002 ** (1 / rho) - 80 ** (1 / rho))) ** rho
    np.testing.assert_allclose([schedule.at(t)[1] for t in schedule.times(n)], [*paper, 0], rtol=1e-9)


def test_drawn_times_are_repeatable_and_cover_the_schedule():
    schedule = LinearSchedule(num_steps=10, beta_end=0.3)
    draw = lambda: schedule.draw_times(2000, torch.device("cpu"), torch.Generator().manual_seed(1))  # noqa: E731
    assert torch.equal(draw(), draw())
    assert (draw() * 10).round().long().unique().tolist() == list(range(1, 11))
    edm = EDMSchedule()
    log_sigma = edm(edm.draw_times(20_000, torch.device("cpu"), torch.Generator().manual_seed(1)))[1].log()
    assert log_sigma.mean().item() == pytest.approx(-1.2, abs=0.03)
    assert log_sigma.std().item() == pytest.approx(1.2, abs=0.03)


def test_the_network_is_told_the_step_number_of_the_papers():
    schedule = LinearSchedule(num_steps=300)
    assert schedule.time_input(torch.tensor([1 / 300, 1.0])).tolist() == pytest.approx([0, 299], abs=1e-4)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: LinearSchedule(num_steps=1), "num_steps"),
        (lambda: LinearSchedule(beta_start=0.5, beta_end=0.1), "beta_start"),
        (lambda: EDMSchedule(sigma_min=90), "sigma_min"),
        (lambda: SigmoidSchedule(start=3, end=-3), "schedule.start"),
        (lambda: CosineSchedule(num_steps=10).times(11), "sampler.num_steps=11"),
    ],
)
def test_impossible_settings_name_the_override(make, word):
    with pytest.raises(ValueError, match=word):
        make()
