"""Blur and noise of known strength."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from diffusionlab.data.quality import BLURRED, NOISED, SHARP, Degradation, blurred


def images(count: int = 6, channels: int = 2) -> torch.Tensor:
    return torch.rand(count, channels, 20, 20, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_blur_is_scipys_each_image_with_its_own_width():
    std = torch.tensor([0.3, 0.7, 1.0, 1.5, 2.0, 2.5])
    for image, own, ours in zip(images(), std.tolist(), blurred(images(), std), strict=True):
        radius = int(3 * 2.5) + 1
        theirs = [gaussian_filter(channel, own, mode="mirror", radius=radius) for channel in image.numpy()]
        np.testing.assert_allclose(ours.numpy(), np.stack(theirs), atol=1e-5)


def test_sharp_images_stay_as_they_are_and_the_others_change_as_named():
    flat = torch.zeros(3000, 1, 4, 4)
    quality = torch.arange(3000) % 3
    worse = Degradation(blur=(0.05, 0.1), noise=(0.1, 0.1))(flat, quality, torch.Generator().manual_seed(0))
    assert torch.equal(worse[quality == SHARP], flat[quality == SHARP])
    torch.testing.assert_close(worse[quality == BLURRED], flat[quality == BLURRED])  # nothing to blur
    assert worse[quality == NOISED].std().item() == pytest.approx(0.1, rel=0.02)


def test_the_range_is_kept_and_a_generator_makes_it_repeatable():
    quality = torch.tensor([SHARP, BLURRED, NOISED] * 2)
    first, second = (Degradation()(images(), quality, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second) and first.abs().max() <= 1
    assert torch.equal(first[quality == SHARP], images()[quality == SHARP])
    for other in (BLURRED, NOISED):
        assert not torch.allclose(first[quality == other], images()[quality == other])


def test_a_strength_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"loss\.blur"):
        Degradation(blur=(0.2, 0.1))
    with pytest.raises(ValueError, match=r"loss\.noise"):
        Degradation(noise=(0.0, 0.1))
