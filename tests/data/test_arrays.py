"""Splits, class choice, resizing, hashing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as tv

from diffusionlab.data import ImageArrays
from diffusionlab.data.arrays import content_hash, stratified_split


def random_arrays(count: int = 30, channels: int = 1, size: int = 8, classes: int = 3) -> ImageArrays:
    generator = torch.Generator().manual_seed(count)
    images = torch.randint(0, 256, (count, channels, size, size), dtype=torch.uint8, generator=generator)
    return ImageArrays(images, torch.arange(count) % classes)


@settings(max_examples=100, deadline=None)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6), share=st.floats(0, 1), seed=st.integers(0, 2**31))
def test_a_split_is_apart_complete_and_stratified(sizes, share, seed):
    labels = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    num_held_out = int(share * len(labels))
    kept, held_out = stratified_split(labels, num_held_out, seed)
    assert len(held_out) == num_held_out
    assert sorted([*kept, *held_out]) == list(range(len(labels)))
    for label, size in enumerate(sizes):
        assert abs(int((labels[held_out] == label).sum()) - size * num_held_out / len(labels)) <= 1


def test_a_split_depends_on_its_seed():
    labels = torch.zeros(200, dtype=torch.int64)
    first, again, other = (stratified_split(labels, 20, seed)[1] for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_chosen_classes_are_relabelled_in_the_order_given():
    arrays = random_arrays(classes=4)
    chosen = arrays.only([3, 1])
    assert set(chosen.labels.tolist()) == {0, 1}
    assert torch.equal(chosen.images[chosen.labels == 0], arrays.images[arrays.labels == 3])
    assert torch.equal(chosen.images[chosen.labels == 1], arrays.images[arrays.labels == 1])


@pytest.mark.parametrize(("channels", "size"), [(1, 5), (3, 5), (1, 16), (3, 16)])
def test_resizing_agrees_with_torchvision_in_floats(channels, size):
    arrays = random_arrays(channels=channels)
    expected = tv.resize(arrays.images.double(), [size, size], antialias=True)
    resized = arrays.resized(size, chunk=7)
    assert resized.images.dtype == torch.uint8 and torch.equal(resized.labels, arrays.labels)
    assert (resized.images - expected).abs().max() <= 1.0


def test_the_hash_sees_one_pixel_one_label_and_the_split():
    arrays = random_arrays()
    pixel, label = arrays.images.clone(), arrays.labels.clone()
    pixel[-1, -1, -1, -1] += 1
    label[-1] += 1
    variants = [
        (arrays,),
        (ImageArrays(pixel, arrays.labels),),
        (ImageArrays(arrays.images, label),),
        (arrays.take(np.arange(10)), arrays.take(np.arange(10, 30))),
    ]
    assert len({content_hash(*variant) for variant in variants}) == 4
    assert content_hash(arrays) == content_hash(ImageArrays(arrays.images.clone(), arrays.labels.clone()))


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (torch.zeros(2, 1, 4, 4), torch.zeros(2, dtype=torch.int64)),
        (torch.zeros(2, 4, 4, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64)),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64)),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(2)),
    ],
)
def test_arrays_of_another_kind_are_refused(images, labels):
    with pytest.raises(ValueError, match="must be"):
        ImageArrays(images, labels)
