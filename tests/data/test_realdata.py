"""The real Fashion-MNIST and the cats and dogs, where DIFFUSIONLAB_DATA_DIR leads to them."""

import os

import pytest

from diffusionlab.data import CatDog, FashionMNIST, ImageDataModule

DATA_DIR = os.environ.get("DIFFUSIONLAB_DATA_DIR")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(DATA_DIR is None, reason="DIFFUSIONLAB_DATA_DIR is not set"),
]


def loaded(cls: type[ImageDataModule], **options) -> ImageDataModule:
    datamodule = cls(data_dir=DATA_DIR, download=False, **options)
    datamodule.prepare_data()
    datamodule.setup()
    return datamodule


def test_fashion_mnist_whole():
    datamodule = loaded(FashionMNIST, num_val=5000)
    assert [len(split) for split in (datamodule.train, datamodule.val, datamodule.test)] == [55_000, 5_000, 10_000]
    assert datamodule.val.labels.bincount().tolist() == [500] * 10
    assert datamodule.test.labels.bincount().tolist() == [1000] * 10
    # the mean grey level that is published with the set for normalisation: 0.2860
    mean = (datamodule.train.images.sum() + datamodule.val.images.sum()) / (60_000 * 784 * 255)
    assert float(mean) == pytest.approx(0.2860, abs=5e-5)


def test_cats_and_dogs_whole():
    datamodule = loaded(CatDog, num_val=1000)
    assert [len(split) for split in (datamodule.train, datamodule.val, datamodule.test)] == [9_000, 1_000, 2_000]
    assert datamodule.train.labels.bincount().tolist() == [4500, 4500]
    assert datamodule.train.images.shape[1:] == (3, 32, 32)
    assert loaded(CatDog, num_val=1000).data_hash == datamodule.data_hash


def test_cats_and_dogs_at_64_pixels():
    datamodule = loaded(CatDog, image_size=64)
    assert datamodule.train.images.shape == (10_000, 3, 64, 64)
