"""The drawn data set: the same bytes everywhere, varied, and with classes that can be told apart."""

import hashlib

import numpy as np
import pytest
import torch

from diffusionlab.data import FashionMNIST, Garments
from diffusionlab.data.garments.drawing import Canvas, Dice
from diffusionlab.data.garments.silhouettes import draw


@pytest.fixture(scope="module")
def garments() -> Garments:
    datamodule = Garments(num_train=2000, num_test=500, num_val=200)
    datamodule.setup()
    return datamodule


def test_shapes_labels_and_names(garments):
    assert garments.train.images.shape == (1800, 1, 28, 28)
    assert [len(split) for split in (garments.val, garments.test)] == [200, 500]
    assert garments.train.labels.bincount().tolist() == [180] * 10
    assert garments.class_names == FashionMNIST.native_class_names


@pytest.mark.parametrize(
    ("size", "digest"),
    [
        (28, "e20ec2729da0fac5b576aacfa83fb1b0"),
        (32, "5b55b9b47b66b8c35ac350dcf8ddd037"),
        (64, "afe906f9ef4125d040c84a68ea2ad6bb"),
    ],
)
def test_the_same_bytes_on_every_machine(size, digest):
    pictures = draw(np.arange(200) % 10, np.arange(200), seed=0, size=size)
    assert hashlib.blake2b(pictures.tobytes(), digest_size=16).hexdigest() == digest


def test_a_picture_depends_on_seed_and_place_alone():
    few, many = (
        draw(np.arange(20) % 10, np.arange(20), seed=3, size=28),
        draw(np.arange(90) % 10, np.arange(90), seed=3, size=28),
    )
    assert np.array_equal(few, many[:20])
    assert not np.array_equal(few, draw(np.arange(20) % 10, np.arange(20), seed=4, size=28))


def test_no_picture_is_drawn_twice(garments):
    pictures = torch.cat([garments.train.images, garments.val.images, garments.test.images]).flatten(1)
    assert len(torch.unique(pictures, dim=0)) == len(pictures)


def test_no_picture_touches_its_frame_with_a_large_area(garments):
    """Nothing is cut off: at most a few pixels of any border row or column are lit."""
    images = garments.train.images[:, 0]
    for border in (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]):
        assert ((border > 60).sum(1) <= 14).all()


def test_classes_can_be_told_apart(garments):
    """Ridge regression on the pixels: a linear classifier, in closed form."""

    def design(images: torch.Tensor) -> torch.Tensor:
        flat = images.flatten(1).double() / 255
        return torch.cat([flat, torch.ones(len(flat), 1)], dim=1)

    x, y = design(garments.train.images), torch.eye(10, dtype=torch.float64)[garments.train.labels]
    weights = torch.linalg.solve(x.T @ x + 3.0 * torch.eye(x.shape[1]), x.T @ y)
    predicted = (design(garments.test.images) @ weights).argmax(1)
    assert (predicted == garments.test.labels).double().mean() > 0.95


def test_coverage_is_the_polygons_area():
    """A triangle of 140 x 100 tenths covers 7,000 of the picture's 78,400 square tenths, at any size.

    Its flat side, half a picture long, is known to an eighth of a pixel: four scan lines per row.
    """
    for size in (28, 64):
        canvas = Canvas(Dice(0, np.arange(50)), 50, size)
        canvas._scale[:], canvas._tilt[:] = 256, 0
        canvas.fill([(70, 90), (210, 90), (140, 190)], np.array([256]), rounding=0)
        share = canvas.grey.sum(axis=(1, 2)) / 256 / size**2
        assert np.abs(share - 7000 / 78400).max() < 1 / (16 * size)


def test_dice_are_uniform_and_reach_both_ends():
    throws = Dice(1, np.arange(60_000))(1, 6)
    counts = np.bincount(throws)[1:]
    assert len(counts) == 6 and np.abs(counts - 10_000).max() < 5 * np.sqrt(10_000)


def test_too_few_pictures_are_refused():
    with pytest.raises(ValueError, match=r"data\.num_train=9 must be 10 or more"):
        Garments(num_train=9)
