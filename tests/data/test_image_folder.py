"""Class folders of every shape, and what is wrong with some of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffusionlab.data import ImageFolder
from diffusionlab.data.layout import class_names


def save(path: Path, image: Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three classes, told apart by their colour, in different sizes, modes and formats."""
    for k in range(20):
        save(tmp_path / "red" / f"{k:02}.png", Image.new("RGB", (20 + k, 30), (255, k, 0)))
        save(tmp_path / "grey" / f"{k:02}.jpg", Image.new("L", (16, 16), 128))
        save(tmp_path / "blue" / f"{k:02}.PNG", Image.new("RGBA", (40, 12), (0, 0, 255, 255)))
    (tmp_path / "red" / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("image_size", [16, 64])
def test_a_folder_without_splits_is_split_by_class(folder, image_size, channels):
    datamodule = ImageFolder(folder=folder, image_size=image_size, channels=channels, num_val=6, batch_size=8)
    assert datamodule.class_names == ("blue", "grey", "red") and datamodule.num_classes == 3
    datamodule.setup()
    splits = (datamodule.train, datamodule.val, datamodule.test)
    assert all(split.images.shape[1:] == (channels, image_size, image_size) for split in splits)
    assert sum(split.labels.bincount() for split in splits).tolist() == [20, 20, 20] and len(datamodule.val) == 6
    assert datamodule.test.labels.unique().tolist() == [0, 1, 2]
    if channels == 3:
        red = datamodule.train.images[datamodule.train.labels == 2]
        assert bool((red[:, 0] > 250).all()) and bool((red[:, 2] < 5).all())


def test_a_folder_with_splits_keeps_them(folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("split")
    for split, count in (("train", 9), ("test", 4)):
        for name in ("a", "b"):
            for k in range(count):
                save(root / split / name / f"{k}.png", Image.new("L", (8, 8), 10 * k))
    datamodule = ImageFolder(folder=root, image_size=8, channels=1, batch_size=4)
    datamodule.setup()
    assert (len(datamodule.train), len(datamodule.test)) == (18, 8)
    assert datamodule.test.images[:4][:, 0, 0, 0].tolist() == [0, 10, 20, 30]


def test_the_middle_square_is_taken_upright(tmp_path):
    """Left, middle and right thirds of a wide picture; turned on its side by its EXIF orientation."""
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, :10], wide[:, 10:20], wide[:, 20:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    upper = np.zeros((20, 20, 3), np.uint8)
    upper[:10] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    (tmp_path / "one").mkdir()
    Image.fromarray(wide).save(tmp_path / "one" / "a.png")
    Image.fromarray(upper).save(tmp_path / "one" / "b.png", exif=exif)
    save(tmp_path / "one" / "c.png", Image.new("RGB", (10, 10)))
    datamodule = ImageFolder(folder=tmp_path, image_size=10, test_fraction=0.01, batch_size=1)
    train, test = datamodule.read()
    images = torch.cat([train.images[:], test.images[:]])
    assert any(bool((image[1] == 255).all()) for image in images), "the green third"
    assert any(bool((image[:, 8:] > 250).all() and (image[:, :2] < 5).all()) for image in images), "white side down"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "red" / "99.png").write_bytes(b"\x89PNG broken"), r"99\.png is not a readable image"),
        (lambda root: Image.fromarray(np.full((9, 9), 40_000, np.uint16)).save(root / "red" / "99.png"), "8 bits"),
        (lambda root: (root / "empty").mkdir(), r"empty has no images"),
    ],
)
def test_files_that_cannot_be_used_are_named(folder, spoil, message):
    spoil(folder)
    with pytest.raises(ValueError, match=message) as caught:
        ImageFolder(folder=folder, image_size=16).setup()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 2}, r"data\.channels=2 must be 1 \(grey\) or 3"),
        ({"test_fraction": 1.5}, r"data\.test_fraction=1\.5"),
        ({"class_names": ["rad"]}, "did you mean 'red'"),
        ({"num_classes": 4}, r"type data\.num_classes=3"),
        ({"folder": "nowhere"}, r"data\.folder=nowhere is not a folder"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(folder, options, message):
    with pytest.raises(ValueError, match=message):
        ImageFolder(**{"folder": folder, "image_size": 16} | options)


def test_a_folder_without_classes_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no class folders"):
        class_names(tmp_path)


def test_counting_classes_brings_neither_torch_nor_lightning(folder):
    program = (
        "import sys; from diffusionlab.data.layout import class_names; print(class_names(sys.argv[1]));"
        "print([name for name in ('torch', 'pytorch_lightning', 'numpy', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['blue', 'grey', 'red']", "[]"]


def test_transparent_pixels_show_white_whatever_colour_they_store(tmp_path):
    for name, alpha in (("clear", 0), ("solid", 255)):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.new("RGBA", (8, 8), (200, 0, 0, alpha)).save(tmp_path / name / f"{number}.png")
    train, _ = ImageFolder(folder=tmp_path, image_size=8, batch_size=1).read()
    shown = {int(label): image[:, 0, 0].tolist() for image, label in zip(train.images, train.labels, strict=True)}
    assert shown == {0: [255, 255, 255], 1: [200, 0, 0]}


def test_hidden_files_are_no_images(folder):
    before = [len(split.images) for split in ImageFolder(folder=folder, image_size=8, batch_size=1).read()]
    (folder / "red" / "._000.png").write_bytes(b"no image")
    assert [len(split.images) for split in ImageFolder(folder=folder, image_size=8, batch_size=1).read()] == before


def test_images_in_folders_within_a_class_and_of_all_readable_endings_are_read(folder):
    before = sum(len(split.images) for split in ImageFolder(folder=folder, image_size=8).read())
    colours = iter(range(9))

    def picture() -> Image.Image:
        return Image.new("RGB", (8, 8), (next(colours), 90, 90))

    (folder / "red/more/deep").mkdir(parents=True)
    picture().save(folder / "red/more/deep/0.PNG", "PNG")
    picture().save(folder / "red/1.gif")
    picture().save(folder / "red/2.jfif", "JPEG")
    (folder / "red/.cache").mkdir()
    picture().save(folder / "red/.cache/3.png")
    assert sum(len(split.images) for split in ImageFolder(folder=folder, image_size=8).read()) == before + 3


def test_files_that_are_left_out_are_counted(folder, caplog):
    Image.new("RGB", (8, 8)).save(folder / "red/1.tif")
    Image.new("RGB", (8, 8)).save(folder / "beside.png")
    ImageFolder(folder=folder, image_size=8).read()
    (line,) = (record.getMessage() for record in caplog.records)
    assert "1 .tif" in line and "1 images beside the class folders" in line


@pytest.mark.parametrize("splits", [False, True])
def test_a_class_of_one_picture_is_trained_on(tmp_path, splits):
    """It could be asked for, and would never have been seen."""
    for number in range(12):
        for name, count in (("many", 30), ("one", 1)):
            for place in range(count):
                shade = (number * 31 + place * 7) % 256
                for part in ("train", "test") if splits else (".",):
                    save(tmp_path / str(number) / part / name / f"{place}.png", Image.new("L", (8, 8), shade))
        data = ImageFolder(folder=tmp_path / str(number), image_size=8, channels=1, num_val=12, batch_size=4)
        data.setup()
        assert set(data.train.labels.tolist()) == {0, 1} and len(data.val) == 12


@pytest.mark.parametrize("count", [3, 60, 200])
def test_a_small_folder_is_trained_on_in_one_try(tmp_path, count, caplog):
    for place in range(count):
        save(tmp_path / "ab"[place % 2] / f"{place}.png", Image.new("RGB", (8, 8), (place, 9, 9)))
    data = ImageFolder(folder=tmp_path, image_size=8, num_val=64, batch_size=64)
    data.setup()
    assert len(data.train) >= max(data.batch_size, len(data.val)) and len(data.train_dataloader()) >= 1
    said = [record.getMessage() for record in caplog.records]
    fits = (data.num_val, data.batch_size) == (64, 64)
    assert fits != any(f"data.num_val={data.num_val} data.batch_size={data.batch_size}" in line for line in said)
