"""Precision, recall and memory agree with what is counted one by one, and with cases that have one answer."""

import numpy as np
import pytest
import torch

from diffusionlab.evaluation import neighbours
from diffusionlab.evaluation.neighbours import density_coverage, nearest, precision_recall, share_memorised


def normal(num: int, *, mean: float = 0.0, seed: int = 0) -> torch.Tensor:
    return mean + torch.randn(num, 4, generator=torch.Generator().manual_seed(seed))


def counted_one_by_one(queries: np.ndarray, centres: np.ndarray, k: int) -> float:
    """Share of queries within the distance of some centre to its k-th nearest other centre."""
    inside = 0
    for query in queries:
        for number, centre in enumerate(centres):
            others = np.delete(centres, number, axis=0)
            reach = np.sort(np.linalg.norm(others - centre, axis=1))[k - 1]
            if np.linalg.norm(query - centre) <= reach:
                inside += 1
                break
    return inside / len(queries)


def test_precision_and_recall_are_what_is_counted_one_by_one(monkeypatch):
    monkeypatch.setattr(neighbours, "ROWS", 17)
    real, generated = normal(60).numpy(), normal(60, mean=1.0, seed=1).numpy()
    expected = counted_one_by_one(generated, real, 3), counted_one_by_one(real, generated, 3)
    assert precision_recall(torch.from_numpy(real), torch.from_numpy(generated)) == pytest.approx(expected)
    assert 0 < expected[0] < 1 and 0 < expected[1] < 1


def test_a_model_of_one_mode_is_precise_and_recalls_half():
    left, right = normal(100, mean=-50), normal(100, mean=50, seed=1)
    precision, recall = precision_recall(torch.cat([left, right]), normal(200, mean=-50, seed=2))
    assert precision > 0.8 and recall <= 0.5


def test_order_changes_nothing():
    real, generated = normal(80), normal(80, mean=0.7, seed=1)
    assert precision_recall(real.flip(0), generated.flip(0)) == precision_recall(real, generated)


def test_density_and_coverage_are_what_is_counted_one_by_one(monkeypatch):
    monkeypatch.setattr(neighbours, "ROWS", 17)
    real, generated = normal(60), normal(60, mean=1.0, seed=1)
    reach = torch.stack([(real - centre).norm(dim=1).sort().values[5] for centre in real])  # the first is itself
    inside = torch.stack([(generated - centre).norm(dim=1) <= own for centre, own in zip(real, reach, strict=True)])
    expected = inside.sum(dim=0).float().mean().item() / 5, inside.any(dim=1).float().mean().item()
    assert density_coverage(real, generated) == pytest.approx(expected)
    assert 0 < expected[0] < 1 and 0 < expected[1] < 1


def test_fresh_images_have_density_one_and_cover():
    density, coverage = density_coverage(normal(2000), normal(2000, seed=1))
    assert density == pytest.approx(1, abs=0.05)
    assert coverage == pytest.approx(1 - 0.5**5, abs=0.02)  # 1 - 2^-k of equally many (Naeem et al. 2020, eq. 8)


def test_noise_that_an_outlier_makes_precise_has_no_density():
    real = torch.cat([normal(995), 60 * normal(5, seed=1)])  # five outliers, each in reach of the others' surroundings
    noise = 15 * normal(1000, seed=2)
    assert precision_recall(real, noise)[0] > 0.9
    density, coverage = density_coverage(real, noise)
    assert density < 0.5 and coverage < 0.2
    assert density_coverage(normal(1000), noise)[0] < 0.01


def test_too_few_have_no_neighbours():
    with pytest.raises(ValueError, match="3 neighbours need 4 of each"):
        precision_recall(normal(10), normal(3))


def test_copies_are_seen_and_fresh_images_are_not():
    train, test = normal(400), normal(1000, seed=1)
    of_test = nearest(test, train)[0][:, 0]
    copies, fresh = train[:100] + 1e-4, normal(1000, seed=2)
    assert share_memorised(nearest(copies, train)[0][:, 0], of_test) == 1
    assert share_memorised(nearest(fresh, train)[0][:, 0], of_test) == pytest.approx(0.05, abs=0.025)
    half = torch.cat([copies, fresh[:100]])
    assert share_memorised(nearest(half, train)[0][:, 0], of_test) == pytest.approx(0.525, abs=0.03)


def test_the_nearest_come_first():
    distances, rows = nearest(torch.tensor([[3.4], [9.0]]), torch.tensor([[0.0], [10.0], [3.0], [4.0]]), 2)
    assert rows.tolist() == [[2, 3], [1, 3]]
    assert torch.allclose(distances, torch.tensor([[0.4, 0.6], [1.0, 5.0]]).double(), atol=1e-6)
