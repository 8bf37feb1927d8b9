"""The classifier learns the classes, is the same for the same images, is kept, and refuses what it cannot do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from diffusionlab.data import FashionMNIST, Garments
from diffusionlab.data.arrays import ImageArrays
from diffusionlab.errors import UsageError
from diffusionlab.evaluation import classifier as module
from diffusionlab.evaluation.classifier import Classifier, ClassifierNetwork, trained_classifier
from diffusionlab.evaluation.features import extract, extract_once
from diffusionlab.evaluation.real_images import RealImages

CPU = torch.device("cpu")


def garments(**options) -> RealImages:
    data = Garments(**{"num_train": 400, "num_test": 100, "image_size": 16, "batch_size": 16, **options})
    data.setup()
    return RealImages.of(data)


@pytest.fixture(scope="module", autouse=True)
def brief() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MIN_STEPS", 80)
        patch.setattr(module, "BATCH_SIZE", 32)
        yield patch


@pytest.fixture(scope="module")
def real() -> RealImages:
    return garments(num_val=50)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(real: RealImages, cache: Path) -> Classifier:
    return trained_classifier(real, cache, CPU)


def test_it_learns_the_classes_and_its_features_decide(real, trained):
    features = extract(trained, real.test.images)
    assert features.shape == (100, 128) and features.dtype == torch.float32
    right = (trained.classify(features) == real.test.labels).double().mean().item()
    assert trained.accuracy == pytest.approx(right)
    assert right > 0.9


def test_the_same_images_give_the_same_whatever_was_held_out(real, trained, tmp_path):
    torch.manual_seed(99)
    before = torch.get_rng_state()
    other_split = garments(num_val=0)
    assert other_split.hash == real.hash
    assert trained_classifier(other_split, tmp_path, CPU).name == trained.name
    assert torch.equal(torch.get_rng_state(), before)


def test_it_is_trained_once(real, trained, cache, monkeypatch):
    monkeypatch.setattr(module, "fit", None)
    loaded = trained_classifier(real, cache, CPU)
    assert (loaded.name, loaded.accuracy) == (trained.name, trained.accuracy)


def test_features_do_not_depend_on_the_batch(real, trained):
    images = real.test.images[:20]
    assert torch.allclose(extract(trained, images, batch_size=20), extract(trained, images, batch_size=3), atol=1e-5)


def test_features_of_real_images_are_taken_once_for_these_weights_and_images(real, trained, tmp_path, monkeypatch):
    first = extract_once(trained, real, "test", tmp_path)
    monkeypatch.setattr(trained, "network", None)
    assert torch.equal(extract_once(trained, real, "test", tmp_path), first)
    monkeypatch.setattr(trained, "name", "classifier-1-00000000")
    with pytest.raises(AttributeError):
        extract_once(trained, real, "test", tmp_path)


def test_one_that_knows_little_says_so(tmp_path, caplog):
    real = garments()
    noise = torch.randint(0, 256, real.test.images.shape, dtype=torch.uint8)
    spoilt = RealImages(real.name, real.class_names, real.train, ImageArrays(noise, real.test.labels), real.trained_on)
    trained = trained_classifier(spoilt, tmp_path, CPU)
    assert trained.accuracy < 0.5
    assert "do not lean on its features" in caplog.text


def test_data_without_classes_are_refused_with_another_way(tmp_path):
    with pytest.raises(UsageError, match="features=inception"):
        trained_classifier(garments(class_names=["Bag"]), tmp_path, CPU)


def test_a_broken_file_is_told_in_one_line(real, trained, cache, tmp_path):
    (file,) = cache.glob("classifier-*.safetensors")
    (tmp_path / file.name).write_bytes(file.read_bytes()[:1000])
    with pytest.raises(UsageError, match="remove it") as caught:
        trained_classifier(real, tmp_path, CPU)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("channels", "size"), [(1, 4), (3, 8), (1, 28), (3, 33), (3, 64)])
def test_any_image_has_as_many_features(channels, size):
    network = ClassifierNetwork(channels=channels, image_size=size, num_classes=3)
    assert network.features(torch.zeros(2, channels, size, size)).shape == (2, 128)
    assert network(torch.zeros(2, channels, size, size)).shape == (2, 3)


def test_the_real_splits_are_whole_whatever_was_held_out(real):
    assert len(real.train) == 400 and int(real.trained_on.sum()) == 350
    other = garments(num_val=100, split_seed=5)
    assert torch.equal(other.train.images, real.train.images) and torch.equal(other.train.labels, real.train.labels)
    label = real.labels_in_proportion("train", 40)
    assert label.bincount().tolist() == [4] * 10
    assert real.labels_in_proportion("train", 7).unique().numel() == 7


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.skipif("DIFFUSIONLAB_DATA_DIR" not in os.environ, reason="DIFFUSIONLAB_DATA_DIR is not set")
def test_fashion_mnist_is_known_to_ninety_percent(tmp_path: Path, brief: pytest.MonkeyPatch):
    brief.undo()
    data = FashionMNIST(data_dir=os.environ["DIFFUSIONLAB_DATA_DIR"], download=False)
    data.setup()
    assert trained_classifier(RealImages.of(data), tmp_path, CPU).accuracy >= 0.9
