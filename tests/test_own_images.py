"""A folder of one's own images, from training to samples: what it is called, where it lies, which class is meant."""

from pathlib import Path

import pytest
from PIL import Image

from diffusionlab.errors import UsageError
from diffusionlab.registry.record.canonical import VOCABULARY, canonical, own_folder
from diffusionlab.runs.labels import number_of
from diffusionlab.runs.run import load_run
from tests.conftest import SMALL, Lab

OWN = [word for word in SMALL if not word.startswith("data.")] + ["data=image_folder", "data.image_size=8"]


def draw(folder: Path, classes: str = "ab", count: int = 8) -> Path:
    for place, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (8, 8), (place * 90, number * 20, 9)).save(folder / name / f"{number}.png")
    return folder


def test_a_folder_called_like_a_public_data_set_is_not_recorded_as_it(lab: Lab, monkeypatch):
    draw(lab.root / "flowers")
    monkeypatch.chdir(lab.root)
    lab.train("data.folder=flowers", small=OWN)
    assert lab.record().dataset == lab.record().dataset_family == "flowers (folder)"
    assert lab.record().batch_size < 64 and lab.record().sources["batch_size"] == "measured"  # fitted to the folder


def test_no_folder_is_called_as_a_public_data_set():
    for value, others in VOCABULARY["dataset"].items():
        for name in (value, *others):
            assert canonical("dataset", own_folder(name)) not in VOCABULARY["dataset"]
    assert own_folder("photos") == "photos"


def test_images_are_found_from_elsewhere_and_after_a_move(lab: Lab, monkeypatch, tmp_path_factory):
    photos = draw(lab.root / "photos")
    monkeypatch.chdir(lab.root)
    run = lab.train("data.folder=photos", small=OWN)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert load_run(run).datamodule.name == "photos"
    moved = photos.rename(tmp_path_factory.mktemp("moved") / "pictures")
    with pytest.raises(UsageError, match="type data_dir=FOLDER"):
        _ = load_run(run).datamodule
    assert load_run(run, data_dir=str(moved)).datamodule.name == "pictures"


def test_names_come_before_places():
    names = ["0", "1", "10", "11", "2", "Bag"]
    assert [names[number_of("label", label, names)] for label in (2, 10, "11", "bag")] == ["2", "10", "11", "Bag"]
    assert number_of("label", 5, names) == 5  # none is called so
    with pytest.raises(UsageError, match="numbered 0 to 5"):
        number_of("label", 6, names)
