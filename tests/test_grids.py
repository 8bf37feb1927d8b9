"""Grids show every pixel where it belongs."""

import numpy as np
import pytest
import torch
from PIL import Image

from diffusionlab.visualization import fonts
from diffusionlab.visualization.grids import class_grid, image_grid, save_png, to_pil


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_survives_the_way_to_pil(channels):
    image = torch.randint(0, 256, (channels, 5, 7), dtype=torch.uint8)
    back = torch.from_numpy(np.array(to_pil(image))).reshape(5, 7, channels).permute(2, 0, 1)
    assert torch.equal(back, image)


def test_tiles_lie_row_by_row_enlarged_without_smoothing():
    images = torch.arange(5, dtype=torch.uint8).mul(50).view(5, 1, 1, 1).expand(5, 1, 32, 32)
    grid = np.array(image_grid(images, columns=3))
    assert grid.shape == (2 * 68 + 4, 3 * 68 + 4, 3)
    assert [grid[10, 10 + 68 * column, 0] for column in range(3)] == [0, 50, 100]
    assert [grid[78, 10 + 68 * column, 0] for column in range(3)] == [150, 200, 255]  # the sixth place is empty


def test_a_class_grid_has_its_classes_in_columns():
    labels = torch.arange(10).flip(0)
    images = (labels.view(10, 1, 1, 1) * 20).to(torch.uint8).expand(10, 1, 64, 64)
    grid = np.array(class_grid(images, labels, list("abcdefghij")))
    assert [grid[-10, 10 + 68 * column, 0] for column in range(10)] == [20 * label for label in range(10)]


def test_few_classes_take_several_columns_each():
    labels = torch.arange(2).repeat_interleave(20)
    images = (labels.view(40, 1, 1, 1) * 100 + 50).to(torch.uint8).expand(40, 1, 64, 64)
    grid = np.array(class_grid(images, labels, ["no", "yes"]))
    assert grid.shape[1] == 10 * 68 + 4 and grid.shape[0] == 18 + 4 * 68 + 4
    assert [grid[40, 10 + 68 * column, 0] for column in range(10)] == [50] * 5 + [150] * 5


def test_long_captions_are_cut_to_their_column():
    images = torch.zeros(1, 1, 64, 64, dtype=torch.uint8)
    short = np.array(image_grid(images, columns=1, captions=["a very long name of a class indeed"]))
    assert (short[:18, -3:] == 255).all()


def test_a_picture_appears_whole_or_not_at_all(tmp_path):
    save_png(Image.new("L", (4, 4)), tmp_path / "new/one.png")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["one.png"]


def test_class_names_of_other_scripts_are_drawn_and_no_boxes():
    def caption(text):
        picture = image_grid(torch.zeros(1, 1, 64, 64, dtype=torch.uint8), columns=1, captions=[text])
        return np.asarray(picture.convert("L"))[:18]

    boxes = caption("\U0010ffff" * 3)
    for text in ("\u043a\u043e\u0442", "\u03b1\u03b2\u03b3", "\u0141\u00f3d"):
        assert not np.array_equal(caption(text), boxes)
    assert not np.array_equal(caption("\u043a\u043e\u0442"), caption("\u0442\u043e\u043a"))


def test_a_caption_that_no_font_can_write_is_said_once(monkeypatch, caplog):
    monkeypatch.setattr(fonts, "_font_files", lambda: iter(()))
    fonts._path_for.cache_clear()
    for _ in range(2):
        image_grid(torch.zeros(1, 1, 64, 64, dtype=torch.uint8), columns=1, captions=["\u0416"])
    assert len([one for one in caplog.messages if "\u0416" in one]) == 1
    fonts._path_for.cache_clear()
