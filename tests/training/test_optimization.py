"""Learning-rate schedules against torch's, and Muon against the definition."""

import math

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn

from diffusionlab.errors import UsageError
from diffusionlab.training import AveragedModule, Constant, Cosine, Linear, Muon, OneCycle, WarmupStableDecay
from tests.conftest import CONF, Lab

SCHEDULES = [instantiate(OmegaConf.load(file)) for file in sorted((CONF / "lr_schedule").glob("*.yaml"))]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda one: type(one).__name__)
def test_every_schedule_stays_between_nothing_and_the_full_rate(schedule):
    factors = [schedule.at(step, warmup_steps=10, total_steps=200) for step in range(200)]
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[:10] == pytest.approx([(step + 1) / 10 * schedule(0.0) for step in range(10)])
    assert factors[-1] == pytest.approx(schedule(1.0)) and schedule.at(10**9, warmup_steps=10, total_steps=200) >= 0


def factors_of_torch(make, steps):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, found = make(optimizer), []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_they_are_the_schedules_of_torch():
    lrs, steps = torch.optim.lr_scheduler, 101
    ours = lambda schedule: [schedule.at(step, warmup_steps=0, total_steps=steps) for step in range(steps)]  # noqa: E731
    cosine = factors_of_torch(lambda optimizer: lrs.CosineAnnealingLR(optimizer, steps - 1, eta_min=0.1), steps)
    assert ours(Cosine(final=0.1)) == pytest.approx(cosine)
    linear = factors_of_torch(lambda optimizer: lrs.LinearLR(optimizer, 1.0, 0.2, steps - 1), steps)
    assert ours(Linear(final=0.2)) == pytest.approx(linear)
    # torch lets the rise end one step early: rise * total - 1
    cycle = factors_of_torch(
        lambda optimizer: lrs.OneCycleLR(optimizer, 1.0, total_steps=steps, pct_start=31 / 101), steps
    )
    assert ours(OneCycle(rise=0.3)) == pytest.approx(cycle, abs=1e-6)


def test_the_rate_is_stable_until_the_decay():
    schedule = WarmupStableDecay(decay=0.25)
    assert all(schedule(progress) == 1 for progress in (0.0, 0.5, 0.75))
    assert schedule(0.75 + 0.25 / 4) == pytest.approx(1 - math.sqrt(0.25)) and schedule(1.0) == 0
    assert Constant()(1.0) == 1


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_hidden_convolution_moves_by_an_orthogonal_matrix(channels_last):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 8, 3), nn.Conv2d(8, 3, 3))
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
    optimizer = Muon(network.parameters(), lr=0.1, weight_decay=0.0)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    network(torch.randn(4, 3, 9, 9)).square().mean().backward()
    gradients = [parameter.grad.clone() for parameter in network.parameters()]
    optimizer.step()
    moved = [old - new for old, new in zip(before, network.parameters(), strict=True)]
    spectrum = torch.linalg.svdvals(moved[2].flatten(1))
    assert spectrum.max() / spectrum.min() < 2  # five Newton-Schulz steps bring singular values to about 1
    assert (moved[2] * gradients[2]).sum() > 0
    torch.testing.assert_close(moved[0].abs(), torch.full_like(moved[0], 0.1), rtol=1e-3, atol=0)  # Adam's first step


def test_muon_fits_and_resumes_exactly():
    def run(steps, state=None):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
        optimizer = Muon(network.parameters(), lr=0.02)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step / 10))
        x = torch.randn(64, 4)
        if state is not None:
            network.load_state_dict(state[0])
            optimizer.load_state_dict(state[1])
            schedule.load_state_dict(state[2])
        losses = []
        for _ in range(steps):
            optimizer.zero_grad()
            loss = (network(x) - x.sum(1, keepdim=True).sin()).square().mean()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        return losses, (network.state_dict(), optimizer.state_dict(), schedule.state_dict())

    whole, _ = run(60)
    first, state = run(30)
    rest, _ = run(30, state)
    assert whole == first + rest
    assert whole[-1] < whole[0] / 5


def test_gradients_of_all_parameters_are_clipped():
    network = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 1))
    optimizer = Muon(network.parameters())
    seen = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    assert seen == {id(parameter) for parameter in network.parameters()}


@pytest.mark.parametrize("choice", ["cosine", "wsd"])
def test_a_training_follows_its_schedule_and_a_resumed_one_goes_on_with_it(lab: Lab, choice: str, monkeypatch):
    seen: list[float] = []
    step = AveragedModule.optimizer_step

    def watched(self, *arguments, **options):
        seen.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        step(self, *arguments, **options)

    monkeypatch.setattr(AveragedModule, "optimizer_step", watched)
    options = (f"lr_schedule={choice}", "lr_warmup_steps=2", "optimizer.lr=0.01", "trainer.max_epochs=4")
    lab.train(*options, "trainer.max_steps=5")
    lab.train(*options, "ckpt_path=last", "trainer.max_steps=-1")
    schedule = instantiate(OmegaConf.load(CONF / f"lr_schedule/{choice}.yaml"))
    # the first part had 5 steps ahead of it, the whole of it 8
    expected = [schedule.at(step, warmup_steps=2, total_steps=5 if step < 5 else 8) for step in range(8)]
    assert seen == pytest.approx([0.01 * factor for factor in expected])


def test_a_schedule_that_needs_an_end_asks_for_one(lab: Lab):
    with pytest.raises(UsageError, match=r"lr_schedule=cosine .* type trainer\.max_epochs"):
        lab.train("lr_schedule=cosine", "trainer.max_epochs=-1", "trainer.max_time=00:00:01:00")


def test_muon_trains_the_default_model(lab: Lab):
    lab.train("optimizer=muon", "trainer.max_epochs=2")
    assert lab.record().status == "finished" and lab.record().optimizer == "Muon"
