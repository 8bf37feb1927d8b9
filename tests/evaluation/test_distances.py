"""Distances agree with closed forms and with torchmetrics, and depend on neither order nor batches."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from diffusionlab.evaluation import distances
from diffusionlab.evaluation.distances import PrecomputedFeatures, frechet_distance, kernel_distance


def normal(num: int, dim: int = 6, *, mean: float = 0.0, std: float = 1.0, seed: int = 0) -> torch.Tensor:
    return mean + std * torch.randn(num, dim, generator=torch.Generator().manual_seed(seed))


def with_moments(mean: torch.Tensor, covariance: torch.Tensor, seed: int) -> torch.Tensor:
    """Points whose sample mean and covariance are exactly these."""
    points = normal(200, len(mean), seed=seed).double()
    points = points - points.mean(dim=0)
    whitened = torch.linalg.solve_triangular(torch.linalg.cholesky(points.T.cov()), points.T, upper=False).T
    return whitened @ torch.linalg.cholesky(covariance).T + mean


@settings(max_examples=25, deadline=None)
@given(
    means=st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    first=st.lists(st.floats(0.1, 3), min_size=3, max_size=3),
    second=st.lists(st.floats(0.1, 3), min_size=3, max_size=3),
)
def test_the_frechet_distance_of_gaussians_has_a_closed_form(means, first, second):
    """Of axis-parallel ones |mu1 - mu2|^2 + sum (s1 - s2)^2, and a rotation of both changes nothing."""
    mean, s1, s2 = (torch.tensor(one).double() for one in (means, first, second))
    rotation, _ = torch.linalg.qr(normal(3, 3, seed=5).double())
    real = with_moments(torch.zeros(3).double(), torch.diag(s1**2), seed=1) @ rotation
    generated = with_moments(mean, torch.diag(s2**2), seed=2) @ rotation
    expected = mean.square().sum() + (s1 - s2).square().sum()
    assert frechet_distance(real, generated) == pytest.approx(expected.item(), abs=1e-6)


def test_the_frechet_distance_is_that_of_torchmetrics_whatever_its_batches():
    real, generated = normal(300), normal(200, mean=0.3, std=1.2, seed=1)
    metric = FrechetInceptionDistance(feature=PrecomputedFeatures(6))
    for batch in real.split(64):
        metric.update(batch, real=True)
    for batch in generated.split(7):
        metric.update(batch, real=False)
    assert frechet_distance(real, generated) == pytest.approx(metric.compute().item(), rel=1e-5)


def test_the_kernel_distance_is_that_of_torchmetrics_over_all_images(monkeypatch):
    monkeypatch.setattr(distances, "ROWS", 33)
    real, generated = normal(150), normal(150, mean=0.3, seed=1)
    metric = KernelInceptionDistance(feature=PrecomputedFeatures(6), subsets=1, subset_size=150)
    metric.update(real.double(), real=True)
    metric.update(generated.double(), real=False)
    assert kernel_distance(real, generated).value == pytest.approx(metric.compute()[0].item(), rel=1e-9)


def test_order_changes_nothing():
    real, generated = normal(200), normal(150, mean=0.3, seed=1)
    shuffled = [one[torch.randperm(len(one), generator=torch.Generator().manual_seed(7))] for one in (real, generated)]
    assert frechet_distance(*shuffled) == pytest.approx(frechet_distance(real, generated), rel=1e-9)
    assert kernel_distance(*shuffled).value == pytest.approx(kernel_distance(real, generated).value, rel=1e-9)


def test_a_set_is_at_distance_zero_from_itself():
    assert frechet_distance(normal(100), normal(100)) == pytest.approx(0, abs=1e-6)


def test_the_kernel_distance_is_unbiased_and_its_interval_holds_the_truth():
    """The truth for x ~ N(0, 1) and y ~ N(m, 1), from E (a b + 1)^3 = 1 + 3 Ea Eb + 3 Ea^2 Eb^2 + Ea^3 Eb^3."""
    m = 0.7
    x, y = (0.0, 1.0, 0.0), (m, 1 + m**2, m**3 + 3 * m)
    kernel = lambda a, b: 1 + 3 * a[0] * b[0] + 3 * a[1] * b[1] + a[2] * b[2]  # noqa: E731
    truth = kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)
    found = [kernel_distance(normal(80, 1, seed=2 * n), normal(80, 1, mean=m, seed=2 * n + 1)) for n in range(60)]
    values = np.array([one.value for one in found])
    assert abs(values.mean() - truth) < 3 * values.std() / len(values) ** 0.5
    assert np.mean([one.low <= truth <= one.high for one in found]) >= 0.8
    assert all(one.low < one.value < one.high for one in found)


def test_more_samples_make_the_interval_narrower():
    few, many = (kernel_distance(normal(n), normal(n, mean=0.5, seed=1)) for n in (50, 800))
    assert many.high - many.low < (few.high - few.low) / 2


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_one_image_has_no_distance(distance):
    with pytest.raises(ValueError, match="two of each"):
        distance(normal(1), normal(10))


def test_cmmd_is_the_published_formula_over_all_pairs(monkeypatch):
    """Against the definition, term by term, and with the answers that it must have."""
    monkeypatch.setattr(distances, "ROWS", 7)
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.nn.functional.normalize(torch.randn(n, 16, generator=generator), dim=1) for n in (30, 40))

    def mean_kernel(a, b):
        return np.mean([[np.exp(-((u - v) ** 2).sum() / 200) for v in b] for u in a])

    a, b = x.double().numpy(), y.double().numpy()
    expected = 1000 * (mean_kernel(a, a) + mean_kernel(b, b) - 2 * mean_kernel(a, b))
    assert distances.cmmd(x, y) == pytest.approx(expected, rel=1e-6) and expected > 0
    assert distances.cmmd(x, x.flip(0)) == pytest.approx(0, abs=1e-9)
    away = torch.nn.functional.normalize(y + 2, dim=1)
    assert distances.cmmd(x, away) > 2 * distances.cmmd(x, y)
