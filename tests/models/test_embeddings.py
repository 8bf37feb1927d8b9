"""Times as vectors: exact at the ends of the scale, and apart everywhere."""

import math

import torch

from diffusionlab.models.embeddings import sinusoidal_embedding


def test_sines_and_cosines_of_the_paper() -> None:
    """Wavelengths in geometric progression from 2 pi to 10,000 2 pi, by plain arithmetic in float64."""
    embedding = sinusoidal_embedding(torch.tensor([0.0, 1.0, 999.0]), 8)
    for row, time in zip(embedding.double(), (0.0, 1.0, 999.0), strict=True):
        angles = [time / 10_000 ** (i / 3) for i in range(4)]
        expected = torch.tensor([*map(math.sin, angles), *map(math.cos, angles)], dtype=torch.float64)
        torch.testing.assert_close(row, expected, rtol=0, atol=1e-4)


def test_all_thousand_steps_are_apart() -> None:
    embedding = sinusoidal_embedding(torch.arange(1000.0), 64)
    distance = torch.cdist(embedding, embedding) + torch.eye(1000) * 100
    assert distance.min() > 0.1


def test_half_precision_times_are_embedded_in_float32() -> None:
    assert sinusoidal_embedding(torch.tensor([500.0], dtype=torch.bfloat16), 8).dtype == torch.float32
