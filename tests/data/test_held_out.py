"""Images that come later never change the side of one that was there: content decides, not place."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffusionlab.data.arrays import ImageArrays
from diffusionlab.data.held_out import content_scores, number_held_out, share_held_out

seeds = st.integers(0, 2**32)


def images(number: int, seed: int) -> ImageArrays:
    rng = np.random.default_rng(seed)
    pixels = torch.from_numpy(rng.integers(0, 256, (number, 1, 4, 4), dtype=np.uint8))
    return ImageArrays(pixels, torch.from_numpy(rng.integers(0, 2, number)))


def grown(arrays: ImageArrays, more: ImageArrays, seed: int) -> tuple[ImageArrays, np.ndarray]:
    """Both in some order, and where the first ones are now."""
    order = np.random.default_rng(seed).permutation(len(arrays) + len(more))
    both = ImageArrays(torch.cat([arrays.images, more.images]), torch.cat([arrays.labels, more.labels]))
    return both.take(order), np.argsort(order)[: len(arrays)]


@given(seeds, seeds, st.integers(0, 300))
def test_no_image_changes_between_training_and_test_when_a_folder_grows(one, other, number):
    before, more = images(300, one), images(number, other)
    after, places = grown(before, more, one)
    held_out = share_held_out(content_scores(before, "test", 0), before.labels.numpy(), 0.1)[1]
    still = share_held_out(content_scores(after, "test", 0), after.labels.numpy(), 0.1)[1]
    assert set(places[held_out]) == set(places) & set(still)


@given(seeds, seeds, st.integers(0, 60), st.integers(0, 30))
def test_no_image_that_was_trained_on_is_validated_on_when_a_folder_grows(one, other, number, num_val):
    before, more = images(60, one), images(number, other)
    after, places = grown(before, more, other)
    kept, held_out = number_held_out(content_scores(before, "validation", 0), before.labels.numpy(), num_val)
    assert len(held_out) == num_val and sorted([*kept, *held_out]) == list(range(60))
    still = number_held_out(content_scores(after, "validation", 0), after.labels.numpy(), num_val)[1]
    assert not set(places[kept]) & set(still)


def test_the_share_is_about_the_fraction_and_depends_on_seed_and_purpose():
    arrays = images(4000, 0)
    chosen = {
        key: frozenset(share_held_out(content_scores(arrays, *key), arrays.labels.numpy(), 0.1)[1])
        for key in (("test", 0), ("test", 1), ("validation", 0))
    }
    assert all(320 < len(rows) < 480 for rows in chosen.values())  # 400, and more than four standard deviations
    assert len(set(chosen.values())) == 3


def test_a_class_of_a_few_images_has_one_on_either_side():
    for seed in range(20):
        arrays = ImageArrays(images(4, seed).images, torch.tensor([0, 0, 1, 1]))
        kept, held_out = share_held_out(content_scores(arrays, "test", 0), arrays.labels.numpy(), 0.1)
        assert [arrays.labels[rows].tolist() for rows in (kept, held_out)] == [[0, 1], [0, 1]]
