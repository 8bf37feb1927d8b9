"""The samplers against the schedulers of diffusers, closed forms, and their own promises."""

import math

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EDMDPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    HeunDiscreteScheduler,
)
from torch.utils._python_dispatch import TorchDispatchMode

from diffusionlab.diffusion import (
    DDIM,
    CosineSchedule,
    Denoiser,
    DPMSolverPP2M,
    DPMSolverPPSDE,
    EDMSchedule,
    Epsilon,
    FlowSchedule,
    Guidance,
    GuidedDenoiser,
    Heun,
    Labels,
    LinearSchedule,
    SampleNoise,
)
from tests.diffusion.oracles import MEAN, STD, draws, gaussian_denoise

SHAPE = (4, 1, 4, 4)
COMMON = {"num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02, "timestep_spacing": "trailing"}


def last(steps):
    return list(steps)[-1].x_t


def ddpm_of_diffusers():
    """Their DDPM with its table in double precision: in float32, 1 - alpha_bar of the first steps has four digits."""
    scheduler = DDPMScheduler(**COMMON, clip_sample=False, variance_type="fixed_small")
    betas = torch.linspace(COMMON["beta_start"], COMMON["beta_end"], 1000, dtype=torch.float64)
    scheduler.alphas_cumprod = torch.cumprod(1 - betas, 0)
    return scheduler


def epsilon_of(schedule, x_t, step):
    """The oracle's answer in the terms of diffusers: the noise at 0-based `step`."""
    t = (float(step) + 1) / schedule.num_steps
    alpha, sigma = schedule.at(t)
    return (x_t - alpha * gaussian_denoise(schedule)(x_t, t)) / sigma


@pytest.mark.parametrize("num_steps", [10, 50, 250])
def test_ddim_agrees_with_diffusers(num_steps):
    schedule = LinearSchedule()
    theirs = DDIMScheduler(**COMMON, clip_sample=False, set_alpha_to_one=True)
    theirs.set_timesteps(num_steps)
    x = draws(*SHAPE)()
    for step in theirs.timesteps:
        x = theirs.step(epsilon_of(schedule, x, step), step, x).prev_sample
    ours = last(DDIM(num_steps=num_steps)(gaussian_denoise(schedule), schedule, draws(*SHAPE)))
    assert (ours - x).abs().max() < 1e-5


@pytest.mark.parametrize("num_steps", [50, 250, 1000])
def test_ddpm_agrees_with_diffusers_on_the_same_noise(num_steps, monkeypatch):
    schedule = LinearSchedule()
    theirs = ddpm_of_diffusers()
    theirs.set_timesteps(num_steps)
    stream = draws(*SHAPE)
    x = stream()
    monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *args, **kwargs: stream())
    for step in theirs.timesteps:
        x = theirs.step(epsilon_of(schedule, x, step), step, x).prev_sample
    ours = last(DDIM(num_steps=num_steps, eta=1.0)(gaussian_denoise(schedule), schedule, draws(*SHAPE)))
    assert (ours - x).abs().max() < 1e-5


def test_dpmpp_2m_agrees_with_diffusers():
    schedule = LinearSchedule()
    theirs = DPMSolverMultistepScheduler(**COMMON, algorithm_type="dpmsolver++", final_sigmas_type="zero")
    theirs.set_timesteps(20)
    x = draws(*SHAPE)()
    for step in theirs.timesteps:
        x = theirs.step(epsilon_of(schedule, x, step), step, x).prev_sample
    ours = last(DPMSolverPP2M(num_steps=20)(gaussian_denoise(schedule), schedule, draws(*SHAPE)))
    assert (ours - x).abs().max() < 1e-5


def test_heun_agrees_with_diffusers():
    schedule = LinearSchedule()
    theirs = HeunDiscreteScheduler(**COMMON)
    theirs.set_timesteps(20)
    x = draws(*SHAPE)() / schedule.at(1.0)[0]  # its variable is x / alpha
    for step in theirs.timesteps:
        alpha = schedule.at((float(step) + 1) / 1000)[0]
        x = theirs.step(epsilon_of(schedule, alpha * x, step), step, x).prev_sample
    ours = last(Heun(num_steps=20)(gaussian_denoise(schedule), schedule, draws(*SHAPE)))
    assert (ours - x).abs().max() < 1e-5


def test_dpmpp_2m_on_the_edm_schedule_agrees_with_diffusers():
    schedule, oracle = EDMSchedule(), gaussian_denoise(EDMSchedule())
    theirs = EDMDPMSolverMultistepScheduler(sigma_data=0.5, final_sigmas_type="zero")
    theirs.set_timesteps(18)
    x = draws(*SHAPE)() * schedule.prior_std()
    for step, sigma in zip(theirs.timesteps, theirs.sigmas, strict=False):
        x0_hat = oracle(x, (float(sigma) / 80) ** (1 / 7))
        c_skip = 0.25 / (sigma**2 + 0.25)
        c_out = sigma * 0.5 / (sigma**2 + 0.25) ** 0.5
        x = theirs.step((x0_hat - c_skip * x) / c_out, step, x).prev_sample
    ours = last(DPMSolverPP2M(num_steps=18)(oracle, schedule, draws(*SHAPE)))
    assert (ours - x).abs().max() < 1e-5


def test_the_sde_solver_agrees_with_diffusers_on_the_same_noise():
    schedule, stream = LinearSchedule(), draws(*SHAPE)
    theirs = DPMSolverMultistepScheduler(**COMMON, algorithm_type="sde-dpmsolver++", final_sigmas_type="zero")
    theirs.set_timesteps(20)
    x = stream()
    for step in theirs.timesteps:
        x = theirs.step(epsilon_of(schedule, x, step), step, x, variance_noise=stream()).prev_sample
    ours = last(DPMSolverPPSDE(num_steps=20)(gaussian_denoise(schedule), schedule, draws(*SHAPE)))
    assert (ours - x).abs().max() < 1e-5


def test_ddim_on_the_flow_schedule_is_the_euler_method_of_diffusers():
    schedule, oracle = FlowSchedule(), gaussian_denoise(FlowSchedule())
    theirs = FlowMatchEulerDiscreteScheduler()
    theirs.set_timesteps(sigmas=schedule.times(12)[:-1])
    x = draws(*SHAPE)()
    for step, sigma in zip(theirs.timesteps, theirs.sigmas, strict=False):
        velocity = (x - oracle(x, float(sigma))) / sigma  # noise - x0_hat
        x = theirs.step(velocity, step, x).prev_sample
    ours = last(DDIM(num_steps=12)(oracle, schedule, draws(*SHAPE)))
    assert (ours - x).abs().max() < 1e-5


@pytest.mark.parametrize(
    "schedule", [CosineSchedule(), LinearSchedule(zero_terminal_snr=True), EDMSchedule(), FlowSchedule()]
)
@pytest.mark.parametrize(("sampler", "bound"), [(DDIM, 0.03), (DPMSolverPP2M, 0.003), (Heun, 0.003)])
def test_deterministic_samplers_converge_to_the_flow_of_gaussian_data(schedule, sampler, bound):
    x_1 = draws(*SHAPE)() * schedule.prior_std()
    alpha, sigma = schedule.at(1.0)
    exact = MEAN + STD * (x_1 - alpha * MEAN) / math.sqrt(alpha**2 * STD**2 + sigma**2)

    def error(num_steps):
        found = last(sampler(num_steps=num_steps)(gaussian_denoise(schedule), schedule, draws(*SHAPE)))
        return (found - exact).abs().max().item()

    assert error(200) < bound
    assert error(200) < error(50) / 2


@pytest.mark.parametrize("schedule", [CosineSchedule(num_steps=200), EDMSchedule(), FlowSchedule()])
@pytest.mark.parametrize(
    "sampler", [DDIM(num_steps=200, eta=1.0), DPMSolverPPSDE(num_steps=100), Heun(num_steps=100, churn=40)]
)
def test_stochastic_samples_have_the_mean_and_spread_of_the_data(schedule, sampler):
    samples = last(sampler(gaussian_denoise(schedule), schedule, draws(20_000, 1, 1, 1)))
    assert samples.mean().item() == pytest.approx(MEAN, abs=0.02)
    assert samples.std().item() == pytest.approx(STD, abs=0.02)


@pytest.mark.parametrize(("sampler", "nfe"), [(DDIM, 7), (DPMSolverPP2M, 7), (DPMSolverPPSDE, 7), (Heun, 13)])
def test_a_sampler_yields_its_whole_walk_and_costs_what_it_says(sampler, nfe):
    schedule = LinearSchedule()
    network = lambda x, time: 0.1 * x  # noqa: E731
    denoise = GuidedDenoiser(Denoiser(network, schedule, Epsilon()))
    steps = list(sampler(num_steps=7)(denoise, schedule, draws(*SHAPE)))
    assert [step.t for step in steps] == schedule.times(7)[1:]
    assert all(step.x_t.shape == step.x0_hat.shape == SHAPE for step in steps)
    assert denoise.nfe == nfe


class Operations(TorchDispatchMode):
    """Counts what torch is asked to compute."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(("sampler", "a_step"), [(DDIM, 2), (DPMSolverPP2M, 3), (Heun, 8)])
def test_a_step_is_few_operations_beside_the_network(sampler, a_step):
    """For small images each operation costs the same few microseconds, whatever it computes."""
    schedule, estimate = CosineSchedule(), torch.zeros(SHAPE)
    counts = []
    for num_steps in (10, 20):
        with Operations() as operations:
            last(sampler(num_steps=num_steps)(lambda x_t, t: estimate, schedule, lambda: torch.zeros(SHAPE)))
        counts.append(operations.count)
    assert counts[1] - counts[0] == 10 * a_step


def test_the_walk_does_not_leak_its_gradient_mode():
    schedule = CosineSchedule(num_steps=10)
    for _ in DDIM()(gaussian_denoise(schedule), schedule, draws(*SHAPE)):
        assert torch.is_grad_enabled()


def test_sample_i_depends_on_the_seed_and_i_alone():
    schedule = CosineSchedule(num_steps=20)

    def sample(indices, seed=5):
        noise = SampleNoise(seed=seed, indices=indices, shape=(1, 4, 4))
        return last(DDIM(eta=1.0)(gaussian_denoise(schedule), schedule, noise))

    together, apart = sample(range(6)), torch.cat([sample([0, 1]), sample([2]), sample([3, 4, 5])])
    torch.testing.assert_close(together, apart)
    assert not torch.allclose(sample([0]), sample([1]))
    assert not torch.allclose(sample([0]), sample([0], seed=6))


class TestGuidance:
    schedule = CosineSchedule()

    def guided(self, scale, label=(0, 1), clip_x0=False):
        """A network that answers with its label, so that guidance is arithmetic to read off."""
        answer = lambda x, time, label: label.view(-1, 1, 1, 1).float().expand_as(x)  # noqa: E731
        denoiser = Denoiser(answer, self.schedule, Epsilon())
        return GuidedDenoiser(denoiser, Labels(torch.tensor(label), nulls=(9,)), Guidance(scale=scale), clip_x0)

    @pytest.mark.parametrize("scale", [0.0, 0.5, 2.0, 7.5])
    def test_the_noise_estimate_is_uncond_plus_scale_times_the_difference(self, scale):
        x_t, t = draws(2, 1, 4, 4)(), 0.4
        alpha, sigma = self.schedule.at(t)
        noise_hat = (x_t - alpha * self.guided(scale)(x_t, t)) / sigma
        expected = 9 + scale * (torch.tensor([0.0, 1.0]) - 9)
        torch.testing.assert_close(noise_hat.mean(dim=(1, 2, 3)), expected, rtol=1e-4, atol=1e-4)

    def test_scale_one_is_the_conditional_network_at_half_the_cost(self):
        x_t = draws(2, 1, 4, 4)()
        plain, guided = self.guided(1.0), self.guided(1.0 + 1e-6)
        torch.testing.assert_close(plain(x_t, 0.5), guided(x_t, 0.5), rtol=1e-3, atol=1e-3)
        assert (plain.nfe, guided.nfe) == (1, 2)

    def test_clipping_keeps_the_estimate_in_the_range_of_pixels(self):
        x_t = draws(2, 1, 4, 4)() * 5
        assert self.guided(3.0, clip_x0=True)(x_t, 0.9).abs().max() <= 1
