"""Averages chosen after training are those that would have been kept, and the profiles are the paper's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diffusionlab.errors import UsageError
from diffusionlab.runs.averages import average_of
from diffusionlab.runs.checkpoint import load_model
from diffusionlab.training.post_hoc_ema import HalfLife, PowerProfile, combination
from tests.conftest import SMALL, Lab

LONG = ("data.num_train=112", "trainer.max_epochs=8", "ema=post_hoc", "optimizer.lr=0.01")  # 6 steps an epoch


def averaged(values: np.ndarray, decays: list[float]) -> float:
    """By the recursion itself."""
    average = values[0]
    for value, decay in zip(values, decays, strict=True):
        average = decay * average + (1 - decay) * value
    return float(average)


def inner_product(a: PowerProfile, step_a: int, b: PowerProfile, step_b: int) -> float:
    """Of two profiles over continuous time, as EDM2's algorithm 3 has it in closed form."""
    ratio, exponent = step_a / step_b, b.gamma if step_a < step_b else -a.gamma
    return (a.gamma + 1) * (b.gamma + 1) * ratio**exponent / ((a.gamma + b.gamma + 1) * max(step_a, step_b))


@pytest.mark.parametrize(("width", "gamma"), [(0.05, 16.97), (0.10, 6.94)])  # the paper's own, sec. 3.1
def test_the_exponent_is_that_of_the_paper(width: float, gamma: float):
    profile = PowerProfile(width)
    assert profile.gamma == pytest.approx(gamma, abs=5e-3)
    weights = np.diff(profile.share_until(np.arange(100_001), 100_000))
    places = (np.arange(100_000) + 0.5) / 100_000
    assert np.sqrt(weights @ places**2 - (weights @ places) ** 2) == pytest.approx(width, rel=1e-3)


def test_the_recursion_weighs_the_steps_as_the_profile_says():
    values = np.random.default_rng(0).normal(size=300)
    steps, profile = np.arange(301), PowerProfile(0.1)
    by_profile = np.diff(profile.share_until(steps, 300)) @ values
    assert averaged(values, [profile.decay(step) for step in range(1, 301)]) == pytest.approx(by_profile)
    exponential = HalfLife(20)
    by_profile = np.diff(exponential.share_until(steps, 300)) @ values + 0.5 ** (300 / 20) * values[0]
    assert averaged(values, [exponential.decay] * 300) == pytest.approx(by_profile)


def test_the_factors_are_those_of_the_papers_normal_equations():
    kept = [(PowerProfile(width), step) for step in (1000, 2000, 3000, 4000) for width in (0.05, 0.1)]
    wanted = PowerProfile(0.08)
    gram = np.array([[inner_product(*one, *other) for other in kept] for one in kept])
    right = np.array([inner_product(*one, wanted, 4000) for one in kept])
    expected = np.linalg.solve(gram, right)
    assert combination(kept, wanted, 4000) == pytest.approx(expected / expected.sum(), abs=2e-3)


@pytest.mark.parametrize("wanted", [PowerProfile(0.04), PowerProfile(0.15), HalfLife(150)])
def test_two_widths_come_near_to_any_other(wanted):
    values = np.cumsum(np.random.default_rng(1).normal(size=2000))  # a path, as that of a weight
    steps = np.arange(2001)
    kept = [(PowerProfile(width), step) for step in range(100, 2001, 100) for width in (0.05, 0.1)]
    snapshots = np.array([np.diff(profile.share_until(steps, step)) @ values for profile, step in kept])
    true = np.diff(wanted.share_until(steps, 2000)) @ values / wanted.share_until(steps, 2000)[-1]
    nearest_kept = np.abs(snapshots[-2:] - true).min()
    assert abs(combination(kept, wanted, 2000) @ snapshots - true) < 0.1 * nearest_kept


def test_a_width_that_was_kept_comes_back_and_another_is_what_it_would_have_been(lab: Lab):
    folder = lab.train(*LONG, "ema.widths=[0.05,0.1,0.2]")
    kept = {float(path.name.partition("-")[0]): load_file(path) for path in (folder / "averages").glob("*-00000048.*")}
    assert kept.keys() == {0.05, 0.1, 0.2}
    for name, tensor in average_of(folder, 0.1, "cpu").items():
        torch.testing.assert_close(tensor, kept[0.1][name].float(), rtol=0, atol=1e-3)
    for path in (folder / "averages").glob("0.2-*"):
        path.unlink()
    made = average_of(folder, 0.2, "cpu")
    distances = [_distance(made, kept[0.2]), _distance(kept[0.1], kept[0.2])]
    assert distances[0] < 0.1 * distances[1]
    weights = load_file(folder / "weights.safetensors")
    assert load_model(folder, "cpu", ema=0.2).network.state_dict().keys() == weights.keys()
    assert _distance(average_of(folder, 5, "cpu"), weights) > 0


def _distance(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return sum((one[name].float() - other[name].float()).square().sum().item() for name in one) ** 0.5


def test_a_resumed_run_keeps_the_averages_of_the_whole_one(lab: Lab):
    whole = lab.train("ema=post_hoc", "trainer.max_epochs=2", name="whole")
    lab.train("ema=post_hoc", "name=parts", name="parts")
    parts = lab.train("ema=post_hoc", "trainer.max_epochs=2", "name=parts", "ckpt_path=last", name="parts")
    files = sorted(path.name for path in (whole / "averages").iterdir())
    assert files == sorted(path.name for path in (parts / "averages").iterdir()) and len(files) == 4
    for name in files:
        one, other = (load_file(folder / "averages" / name) for folder in (whole, parts))
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_accumulated_batches_are_one_step(lab: Lab):
    folder = lab.train("ema=post_hoc", "trainer.accumulate_grad_batches=2", "data.num_train=80")
    assert {path.name.partition("-")[2] for path in (folder / "averages").iterdir()} == {"00000002.safetensors"}


def test_a_run_without_averages_and_a_width_that_is_none_are_refused(lab: Lab, tmp_path: Path):
    folder = lab.train()
    with pytest.raises(UsageError, match="ema=post_hoc"):
        load_model(folder, "cpu", ema=0.1)
    with pytest.raises(UsageError, match="relative width"):
        load_model(folder, "cpu", ema=0.5)
    with pytest.raises(ValueError, match=r"ema\.widths"):
        lab.train("ema=post_hoc", "ema.widths=[0.1,0.1]", small=SMALL, name="b")
    (folder / "averages").mkdir()
    (folder / "averages/0.1-00000002.safetensors").write_bytes(b"rubbish")
    with pytest.raises(UsageError, match="cannot be read"):
        load_model(folder, "cpu", ema=0.1)


def test_settings_without_the_group_train_on(lab: Lab):
    """The group is new: what was trained before it has neither the setting nor the choice."""
    from diffusionlab.runs.identity import settings_hash
    from diffusionlab.runs.settings import resolve

    settings = resolve(lab.compose(), {"data": "garments", "model": "conditional_unet"})
    before = {key: value for key, value in settings.config.items() if key != "ema"}
    assert settings_hash(before) == settings.hash
