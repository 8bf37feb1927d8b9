"""conf/data states what the classes themselves say."""

from pathlib import Path

import pytest
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from PIL import Image

from diffusionlab.data import ImageDataModule
from diffusionlab.runs import schemas as config

CONF = Path(__file__).parents[2] / "conf" / "data"


def compose(option: str, data_dir: Path, **overrides) -> DictConfig:
    config.register()
    root = OmegaConf.create(
        {"seed": 0, "paths": {"data_dir": str(data_dir)}, "data": OmegaConf.load(CONF / f"{option}.yaml")}
    )
    root.data.merge_with(overrides)
    return root.data


@pytest.fixture
def data_dir(tmp_path) -> Path:
    for name in ("apple", "pear"):
        (tmp_path / "images" / name).mkdir(parents=True)
        Image.new("RGB", (20, 20)).save(tmp_path / "images" / name / "0.png")
    return tmp_path


@pytest.mark.parametrize("option", sorted(path.stem for path in CONF.glob("*.yaml")))
def test_an_option_agrees_with_its_class(option, data_dir):
    data = compose(option, data_dir)
    stated = {key: data[key] for key in ("channels", "image_size", "num_classes", "batch_size", "num_val")}
    datamodule = instantiate(data)
    assert isinstance(datamodule, ImageDataModule)
    assert {key: getattr(datamodule, key) for key in stated} == stated
    assert list(datamodule.class_names) == list(data.class_names)
    if option != "image_folder":
        assert (datamodule.channels, datamodule.image_size) == (
            type(datamodule).native_channels,
            type(datamodule).native_image_size,
        )
        assert datamodule.class_names == type(datamodule).native_class_names


def test_every_size_works_for_every_option(data_dir):
    for path in CONF.glob("*.yaml"):
        assert instantiate(compose(path.stem, data_dir, image_size=64)).image_size == 64


def test_the_number_of_classes_follows_the_names(data_dir):
    data = compose("cifar10", data_dir, class_names=["cat", "dog", "frog"])
    assert data.num_classes == 3 and instantiate(data).num_classes == 3
    assert compose("image_folder", data_dir).num_classes == 2
