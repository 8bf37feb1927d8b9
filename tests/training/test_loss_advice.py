"""The sentence after training says what the table shows, and nothing where it shows nothing."""

import numpy as np
import pytest

from diffusionlab.runs.build import build
from diffusionlab.runs.settings import resolve
from diffusionlab.training.loss_advice import LOGIT_MEANS, advice, min_snr_weights
from diffusionlab.visualization.loss_table import LossTable
from tests.conftest import Lab

CHOICES = {"data": "garments", "model": "conditional_unet"}


def table(ends: list[float], *, starts: float = 1.0, per_bin: int = 20_000, num_epochs: int = 12) -> LossTable:
    """Of three thirds whose error goes from `starts` to `ends` in equal steps."""
    means = np.linspace(np.full(3, starts), np.array(ends), num_epochs)
    counts = np.full((num_epochs, 3), float(per_bin))
    return LossTable(np.arange(1, num_epochs + 1), means * counts, counts)


@pytest.mark.parametrize("third", range(3))
def test_a_third_that_alone_still_falls_is_named_with_the_times_that_reach_it(third: int):
    ends = [1.0, 1.0, 1.0]
    ends[third] = 0.8
    said = advice(table(ends))
    assert said is not None and ("early", "mid", "late")[third] in said
    assert f"loss.times.kind=logit_normal loss.times.mean={LOGIT_MEANS[third]:g}" in said
    places = 1 / (1 + np.exp(-(LOGIT_MEANS[third] + np.random.default_rng(0).normal(size=10_000))))
    assert np.mean((places * 3).astype(int) == third) > 0.5 > 1 / 3  # more than the uniform times that were drawn


def test_the_figures_in_it_are_those_of_the_table():
    said = advice(table([1.0, 0.5, 1.0], num_epochs=8))
    line = np.linspace(1.0, 0.5, 8)
    assert said is not None and f"{1 - line[6:].mean() / line[2:4].mean():.0%}" in said
    assert "epochs 3-4" in said and "epochs 7-8" in said


def test_a_heavy_third_that_stands_is_given_less_weight_if_that_is_true():
    still, falling = np.array([8.0] * 12), np.linspace(1.0, 0.8, 12)
    counts = np.full((12, 3), 100_000.0)
    heavy = LossTable(np.arange(1, 13), np.stack([still, falling, falling], axis=1) * counts, counts)
    said = advice(heavy, np.array([0.1, 1.0, 1.0]))
    assert (
        said is not None
        and f"{8 / (8 + 2 * falling[9:].mean()):.0%} of the loss" in said
        and "loss.weighting=min_snr" in said
    )
    assert advice(heavy, np.array([1.0, 0.5, 0.5])) is None  # min_snr would give it more
    assert advice(heavy, None) is None


@pytest.mark.parametrize(
    "unclear",
    [
        table([0.8, 0.8, 0.8]),  # all fall alike
        table([1.0, 1.0, 1.0]),  # nothing falls
        table([1.0, 0.9, 1.0], per_bin=50),  # chance may have done it
        table([1.0, 0.8, 1.0], num_epochs=3),
        table([1.2, 1.3, 1.1]),
    ],
)
def test_it_says_nothing_where_nothing_is_clear(unclear: LossTable):
    assert advice(unclear, np.ones(3)) is None


def test_the_weights_are_those_of_the_loss(lab: Lab):
    epsilon = build(resolve(lab.compose("parameterization=epsilon"), CHOICES), lab.root, lambda: None).module
    weights = min_snr_weights(epsilon)  # min(1, 5 / snr): less where there is little noise
    assert weights is not None and weights[0] < 0.5 and weights[1:] == pytest.approx(1)
    cfg = lab.compose("loss.weighting=min_snr", "parameterization=epsilon", name="b")
    assert min_snr_weights(build(resolve(cfg, CHOICES), lab.root / "b", lambda: None).module) is None


def test_a_training_ends_with_the_sentence_in_its_log(lab: Lab, capsys, caplog, monkeypatch):
    # a run this short shows nothing clear by itself
    monkeypatch.setattr("diffusionlab.commands.train.read_loss_table", lambda _: table([1.0, 0.8, 1.0]))
    with caplog.at_level("INFO"):
        lab.train()
    assert "loss.times.mean=0" in capsys.readouterr().out and "loss.times.mean=0" in caplog.text
